"""A stored decision explains itself: why a code is there, why not, and what became of a rule."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from example_decisions import (
    DIABETES,
    DIABETIC_KIDNEY,
    GOUT,
    KIDNEY,
    body,
    decide,
    firings,
    icd,
    snapshot,
)

from codewarrant.decision import Body, Request, read
from codewarrant.engine.conditions import TRUE, Binder, Const, Field, Window
from codewarrant.engine.program import (
    Assign,
    Because,
    Citation,
    Program,
    Replace,
    Rule,
    Swap,
    Unless,
)
from codewarrant.engine.trace import Bound, Concluded, Conflict, Excuse, NearMiss, Standing
from codewarrant.engine.values import ANY_CODE, CodeOrder
from codewarrant.ledger.absence import explain_absent
from codewarrant.ledger.explain import NotReported, explain, explain_all
from codewarrant.ledger.explain_rule import UnknownRule, explain_rule
from codewarrant.ledger.explain_text import render_absence, render_argument, render_rule

HERE = Path(__file__).parent
ORDER = CodeOrder("icd10cm")


def parsed(made: Body | None = None) -> dict:
    """What an auditor has: the stored bytes, parsed."""
    return read(decide(b"x", Request("Encounter/5", "demo"), snapshot(), made=made).to_bytes())


def with_trace(**parts) -> Body:
    return replace(body(), trace=replace(body().trace, **parts))


def golden(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("CODEWARRANT_RESET_GOLDEN"):
        path.write_text(text + "\n")
    assert text + "\n" == path.read_text()


def test_every_reported_code_is_explained_as_in_the_golden_file():
    text = "\n\n".join(render_argument(item) for item in explain_all(parsed()))
    golden("explained.txt", text)


def test_absent_codes_are_explained_as_in_the_golden_file():
    codes = ("E11.9", "I10", "M10.9", "Z79.4", "N18.4", "J18.9", "44054006", "N18.30")
    text = "\n\n".join(render_absence(explain_absent(parsed(), code)) for code in codes)
    golden("absent.txt", text)


def test_an_argument_has_the_six_parts():
    (argument,) = explain(parsed(), "E11.22")
    (warrant,) = argument.warrants
    assert argument.claim == "E11.22"
    assert [ground.says for ground in argument.grounds] == [
        "diagnosis E11.9 (confirmed)",
        "diagnosis N18.30 (confirmed)",
    ]
    assert argument.grounds[0].passages[0].text == "type 2 diabetes mellitus"
    assert (warrant.rule, warrant.version) == ("icd10cm/diabetes-with-ckd", "2026.1")
    assert warrant.backing == ("OCG FY2026 I.C.4.a",)
    assert argument.confidence == 930_000
    assert [(item.name, item.held) for item in warrant.rebuttals] == [("unrelated", False)]


def test_a_ground_that_a_rule_concluded_is_followed_down_to_the_record():
    found = explain_absent(parsed(), "E11.9").reasons[0].warrants[0]
    covering = next(ground for ground in found.grounds if ground.var == "c")
    assert covering.passages == ()
    (below,) = covering.warrants
    assert below.rule == "icd10cm/diabetes-with-ckd"
    assert all(ground.passages for ground in below.grounds)


@pytest.mark.parametrize("spelling", ["E11.22", "e11.22", "E1122", " e1122 "])
def test_codes_are_found_however_they_are_written(spelling: str):
    assert explain(parsed(), spelling)[0].claim == "E11.22"
    assert explain_absent(parsed(), spelling).reported


def test_a_code_that_is_not_reported_has_no_argument():
    with pytest.raises(NotReported, match="I10 is not reported"):
        explain(parsed(), "I10")


def test_a_line_is_explained_with_its_modifiers():
    (argument,) = explain(parsed(), "99213")
    assert argument.claim == "99213-25"
    assert argument.confidence is None
    assert argument.warrants[0].conclusions == (
        "add modifier 99213 modifier 25: a separate service",
    )


def concluding(number: int, code: str, *bound: str, fact: str):
    """A firing that concludes a fact of this id from facts of these ids."""
    return firings()[1]._replace(
        seq=number,
        bound=tuple(Bound(f"v{place}", name) for place, name in enumerate(bound)),
        concluded=(Concluded("assign", "", code=icd(code), fact=fact),),
    )


def only(fired, facts, reported: str, numbers: tuple[int, ...]) -> Body:
    """A body that reports one code by some firings."""
    first = replace(body().diagnoses[0], code=icd(reported), firings=numbers, grounds=())
    return replace(
        body(),
        diagnoses=(first,),
        lines=(),
        edits=(),
        requirements=(),
        rejected=(),
        trace=replace(body().trace, firings=fired, facts=facts, standing=()),
    )


def test_the_shortest_derivation_is_shown_and_the_others_are_named():
    """A from the record gives B; B gives A and B again: the way back is no argument."""
    fired = (
        concluding(0, "E11.22", "f:b", fact="f:b"),
        concluding(1, "E11.22", DIABETES.id, fact="f:b"),
        concluding(2, "E11.22", "f:c", fact="f:b"),
        concluding(3, "E11.9", "f:b", fact="f:c"),
    )
    facts = (DIABETES, replace(DIABETIC_KIDNEY, id="f:b"), replace(DIABETIC_KIDNEY, id="f:c"))
    (argument,) = explain(parsed(only(fired, facts, "E11.22", (0, 1, 2))), "E11.22")
    assert [(item.firing, item.brief) for item in argument.warrants] == [
        (1, ""),
        (0, "another way"),
        (2, "another way"),
    ]
    assert argument.warrants[0].grounds[0].passages[0].text == "type 2 diabetes mellitus"


def test_derivations_that_only_rest_on_each_other_end():
    fired = (concluding(0, "E11.22", "f:c", fact="f:b"), concluding(1, "E11.9", "f:b", fact="f:c"))
    facts = (replace(DIABETIC_KIDNEY, id="f:b"), replace(DIABETIC_KIDNEY, id="f:c"))
    (argument,) = explain(parsed(only(fired, facts, "E11.22", (0,))), "E11.22")
    assert argument.warrants[0].grounds[0].warrants == ()


def test_a_long_chain_of_derivations_is_as_long_as_its_trace():
    """Each of 60 facts rests twice on the one before: 2^60 paths, 60 firings."""
    names = [KIDNEY.id, *(f"f:{number}" for number in range(1, 61))]
    fired = tuple(
        concluding(number, "E11.22", names[number], names[number], fact=names[number + 1])
        for number in range(60)
    )
    facts = (KIDNEY, *(replace(DIABETIC_KIDNEY, id=name) for name in names[1:]))
    text = render_argument(explain(parsed(only(fired, facts, "E11.22", (59,))), "E11.22")[0])
    assert text.count("(firing ") < 130
    assert '"CKD stage 3"' in text


def test_rebuttals_say_whether_they_held():
    tried = (
        Excuse("one", True, "stage 5 is documented"),
        Excuse("two", False),
        Excuse("three", None, override="payer/narrow"),
    )
    made = with_trace(firings=(*firings()[:2], firings()[2]._replace(unless=tried), *firings()[3:]))
    text = render_argument(explain(parsed(made), "E11.22")[0])
    assert "rebuttal: one held: stage 5 is documented" in text
    assert "rebuttal: two did not hold" in text
    assert "rebuttal: three (added by payer/narrow) could not be told" in text


def test_a_conclusion_that_did_not_stand_says_so():
    beaten = firings()[2]._replace(defeated_by="conflict")
    made = with_trace(firings=(*firings()[:2], beaten, *firings()[3:]))
    assert "did not stand: conflict" in render_argument(explain(parsed(made), "E11.22")[0])


def test_line_breaks_of_a_note_do_not_break_the_tree():
    spread = replace(DIABETES.evidence[0], text="type 2\n  diabetes\tmellitus")
    facts = tuple(
        replace(fact, evidence=(spread,)) if fact is DIABETES else fact
        for fact in body().trace.facts
    )
    text = render_argument(explain(parsed(with_trace(facts=facts)), "E11.22")[0])
    assert '"type 2 diabetes mellitus"' in text


# ---- absence ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("E11.9", ["omitted"]),
        ("I10", ["replaced"]),
        ("M10.9", ["removed"]),
        ("Z79.4", ["possible"]),
        ("44054006", ["unmapped"]),
        ("J18.9", ["never a candidate"]),
        ("N18.30", ["reported"]),
        ("99213", ["reported"]),
    ],
)
def test_what_became_of_a_code(code: str, kinds: list[str]):
    assert [reason.kind for reason in explain_absent(parsed(), code).reasons] == kinds


def test_the_place_of_a_covered_code_is_named():
    assert "covered by E11.22" in explain_absent(parsed(), "E11.9").reasons[0].text
    assert "reported as I12.9" in explain_absent(parsed(), "I10").reasons[0].text


def test_the_passage_of_a_rejected_candidate_is_shown():
    (reason,) = explain_absent(parsed(), "M10.9").reasons
    assert reason.grounds[0].passages[0].text == "Probable gout"
    assert reason.warrants[0].rule == "icd10cm/outpatient-uncertain"


def test_a_conflict_is_a_reason():
    conflict = Conflict("replacements", (icd("I1A.0"), icd("I12.9")), ("a/one", "b/two"))
    (reason,) = explain_absent(parsed(with_trace(conflicts=(conflict,))), "I1A.0").reasons
    assert (reason.kind, reason.text) == ("conflict", "replacements: a/one and b/two.")


def test_a_void_code_says_that_its_ground_was_voided():
    void = Standing(icd("D63.1"), "void", "", by=(3,))
    made = with_trace(standing=(*body().trace.standing, void))
    (reason,) = explain_absent(parsed(made), "D63.1").reasons
    assert "voided" in reason.text
    assert reason.warrants[0].rule == "icd10cm/hypertension-with-ckd"


def test_the_nearest_candidates_are_named():
    (reason,) = explain_absent(parsed(), "N18.4").reasons
    assert "category N18: N18.30" in reason.text


# ---- with the program ----------------------------------------------------------------


def written_rule(name: str, action, *binders: Binder, **more) -> Rule:
    parts = {
        "id": f"icd10cm/{name}",
        "pack": "icd10cm",
        "version": "2026.1",
        "sha256": "0" * 64,
        "title": f"Title of {name}",
        "binders": binders,
        "when": TRUE,
        "actions": (action,),
        "cites": (Citation("ocg", "I.C", "OCG FY2026 I.C"),),
    }
    return Rule(**(parts | more))


def assigns(code: str) -> Assign:
    return Assign(Const(icd(code)), (ORDER.exactly(code),), Because(("it follows",)))


HEART = Binder("f", "diagnosis", codes=(ORDER.under("I50"),))
KIDNEYS = Binder("k", "diagnosis", codes=(ORDER.under("N18"),))
PREGNANT = Binder("p", "finding")
PROGRAM = Program(
    (
        written_rule("assigns-insulin", assigns("Z79.4"), PREGNANT),
        written_rule("heart", assigns("J18.9"), KIDNEYS, HEART),
        written_rule("kidney", assigns("J18.9"), KIDNEYS),
        written_rule("long-term-insulin", assigns("Z79.4"), KIDNEYS),
        written_rule("diabetes-with-ckd", assigns("E11.29"), KIDNEYS),
        written_rule(
            "any-injury",
            Replace("d", Field("d", "code"), (ORDER.between("S00", "T88"),), Because()),
            KIDNEYS,
        ),
        written_rule("any", Replace("d", Field("d", "code"), ANY_CODE, Because()), KIDNEYS),
        written_rule(
            "in-exceptions",
            assigns("A00.0"),
            HEART,
            exceptions=(Unless("x", TRUE, Because(), instead=(assigns("B99.9"),)),),
            swaps=(Swap("payer/swap", Window(), (assigns("C80.1"),), "because"),),
        ),
    ),
    (ORDER,),
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "J18.9",
            [
                ("never a candidate", "It was never a candidate"),
                ("could be, no fact", "icd10cm/heart: There is no diagnosis in I50"),
                ("could be, not met", "icd10cm/kidney: Nothing in the chart met its conditions"),
            ],
        ),
        (
            "Z79.4",
            [
                ("possible", "Only rules that could not be decided"),
                ("could be, not met", "icd10cm/assigns-insulin: Nothing in the chart"),
                ("could be, undetermined", ("icd10cm/long-term-insulin: It could not be decided: "
                                           "f.temporary is not known")),
            ],
        ),
        (
            "E11.29",
            [
                ("never a candidate", "It was never a candidate"),
                ("could be, fired", "icd10cm/diabetes-with-ckd: it fired"),
            ],
        ),
        (
            "S72.001A",
            [
                ("never a candidate", "It was never a candidate"),
                ("could be, not met", "icd10cm/any-injury"),
            ],
        ),
        ("B99.9", [("never a candidate", ""), ("could be, no fact", "icd10cm/in-exceptions")]),
        ("C80.1", [("never a candidate", ""), ("could be, no fact", "icd10cm/in-exceptions")]),
        ("Q99.9", [("never a candidate", "")]),
        ("I10", [("replaced", "")]),
    ],
)  # fmt: skip
def test_rules_that_could_have_given_the_code_are_listed_with_what_they_lacked(code, expected):
    found = explain_absent(parsed(), code, PROGRAM).reasons
    found = [reason for reason in found if reason.kind != "could be, general"]
    assert [reason.kind for reason in found] == [kind for kind, _ in expected]
    for reason, (_, text) in zip(found, expected, strict=True):
        assert reason.text.startswith(text)
        assert "Give the rulepacks" not in reason.text


def test_rules_that_give_any_code_are_one_line_and_only_where_nothing_else_speaks():
    for code, expected in (("Q99.9", 1), ("Z79.4", 1), ("I10", 0)):
        reasons = explain_absent(parsed(), code, PROGRAM).reasons
        general = [item.text for item in reasons if item.kind == "could be, general"]
        assert len(general) == expected, code
        assert all(text.endswith("icd10cm/any.") for text in general)


# ---- rules ------------------------------------------------------------------------


def test_a_rule_that_fired_shows_each_firing():
    account = explain_rule(parsed(), "diabetes-with-ckd")
    assert account.rule == "icd10cm/diabetes-with-ckd"
    assert [warrant.firing for warrant in account.firings] == [2]
    assert "fired: icd10cm/diabetes-with-ckd 2026.1" in render_rule(account)


@pytest.mark.parametrize(
    ("miss", "text"),
    [
        (
            NearMiss("undetermined", "code", "icd10cm/r", (Bound("d", GOUT.id),),
                     missing=("f.temporary", "d.side")),
            "undetermined: It could not be decided: f.temporary, d.side is not known.",
        ),
        (
            NearMiss("excused", "code", "icd10cm/r", (), by="stage-5", because="I12.0 is for it."),
            "excused: The exception stage-5 holds. I12.0 is for it.",
        ),
        (
            NearMiss("suspended", "code", "icd10cm/r", by="payer/stop", because="By contract."),
            "suspended: It is suspended by payer/stop. By contract.",
        ),
        (NearMiss("not in force", "code", "icd10cm/r"), "not in force: It is not in force."),
    ],
)  # fmt: skip
def test_a_rule_that_did_not_fire_says_why(miss: NearMiss, text: str):
    account = explain_rule(parsed(with_trace(near_misses=(miss,))), "icd10cm/r")
    assert account.firings == ()
    assert text in render_rule(account)


def test_a_rule_without_any_trace_is_not_known_without_its_program():
    with pytest.raises(UnknownRule, match="no such rule in this decision"):
        explain_rule(parsed(), "heart")


def test_a_name_that_several_packs_have_is_refused_with_their_names():
    misses = (NearMiss("not in force", "code", "a/r"), NearMiss("not in force", "code", "b/r"))
    form = parsed(with_trace(near_misses=misses))
    with pytest.raises(UnknownRule, match="a/r, b/r"):
        explain_rule(form, "r")
    assert explain_rule(form, "b/r").rule == "b/r"


def test_dates_in_a_decision_do_not_get_in_the_way():
    made = replace(body(), clocks=dict.fromkeys(body().clocks, date(2025, 1, 1)))
    assert explain_all(parsed(made))
