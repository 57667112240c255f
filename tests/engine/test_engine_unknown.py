"""What is missing is named, all of it and nothing else; what is possible stays within its bounds.

Each case is one on which the engine and the reference evaluator once differed.
"""

from __future__ import annotations

from program_builder import (
    CLOCKS,
    Facts,
    assign,
    codes,
    diagnosis,
    dx,
    each,
    field,
    icd,
    in_set,
    is_,
    no,
    program,
    put,
    route,
    row,
    rule,
    some,
    unless,
)

from codewarrant.engine import conditions as c
from codewarrant.engine.plan import load
from codewarrant.engine.program import Assign
from codewarrant.engine.reference import evaluate
from codewarrant.engine.relation import MemoryRelation, Row
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, NearMiss, Outcome

TABLE = MemoryRelation(
    "map", "m", {"code": "code", "n": "integer", "to": "code"},
    [Row("1", {"code": icd("I10"), "n": 1})],
)  # fmt: skip


def outcome(rules, facts, **chart) -> Outcome:
    """The engine's outcome, which is the reference evaluator's too."""
    made = program(*rules)
    on = Chart(tuple(facts), CLOCKS, relations={"map": TABLE}, **chart)
    found = load(made)
    ours, theirs = run(found, on), evaluate(made, on)
    assert ours.firings == theirs.firings
    assert ours.near_misses == theirs.near_misses
    assert ours.standing == theirs.standing
    assert ours.facts == theirs.facts
    assert ours.sequence == theirs.sequence
    return ours


def undetermined(found: Outcome, id: str) -> NearMiss:
    (miss,) = [one for one in found.near_misses if one.rule == id and one.kind == "undetermined"]
    return miss


def looked_up(*keys: str) -> c.LookupTerm:
    return c.LookupTerm("map", tuple((name, field("d", name)) for name in keys), "to")


def test_every_unknown_key_of_a_question_is_missing():
    asked = assign(looked_up("code", "n"), "A00*")
    found = outcome([rule("r", [dx("d", documented=True)], [asked])], [Facts().make("diagnosis")])
    assert undetermined(found, "r").missing == ("d.code", "d.n")


def test_what_is_possible_but_would_not_matter_is_not_missing():
    """A possible code that fails the rest of the search for sure is no reason for doubt."""
    maybe = rule("maybe", [dx("d", "I10")], [assign("B10.0")], c.Holds(0, field("d", "flag")))
    doubt = is_("x", "status", "resolved")
    found = outcome(
        [
            maybe,
            rule("asks", [dx("d", "I10")], [route()], no(dx("x", "B10*", where=(doubt,))),
                 c.Holds(0, field("d", "other"))),
        ],
        [diagnosis(Facts(), "I10")],
    )  # fmt: skip
    assert undetermined(found, "asks").missing == ("d.other",)


def test_where_to_look_says_nothing_of_what_is_missing():
    """With nothing to compare with, the field compared is not what was missing."""
    search = each("authorization", "a", c.Compare(0, "=", field("a", "n"), field("d", "n")))
    found = outcome(
        [rule("r", [dx("d", "I10")], [route()], some(search))], [diagnosis(Facts(), "I10")]
    )
    assert undetermined(found, "r").missing == ("authorization",)


def test_an_exception_that_is_withdrawn_leaves_nothing_missing():
    one = rule(
        "r", [dx("d", "I10")], [route()], c.Holds(0, field("d", "flag")),
        exceptions=(
            unless("e", c.Holds(0, field("d", "unknown"))),
            unless("back", is_("d", "status", "active"), to="e"),
        ),
    )  # fmt: skip
    found = outcome([one], [diagnosis(Facts(), "I10")])
    assert undetermined(found, "r").missing == ("d.flag",)


def test_an_unknown_conclusion_stays_possible_beside_a_statement_without_a_code():
    facts = Facts()
    rules = [
        rule("gives", [dx("d", "I10")], [assign(looked_up("code"), "B10*")]),
        rule("asks", [dx("d", "I10")], [assign("C20.0")], no(dx("x", "B10*"))),
    ]
    uncoded = facts.make("diagnosis", certainty="confirmed")
    found = outcome(rules, [diagnosis(facts, "I10"), uncoded])
    assert "x is only possible" in {name for one in found.near_misses for name in one.missing}
    assert icd("C20.0") not in found.sequence


def test_two_unknown_conclusions_of_one_rule_are_each_within_their_own_bounds():
    gives = rule(
        "gives", [dx("d", "I10")],
        [assign(looked_up("code"), "B10*"),
         Assign(looked_up("code"), codes("C20*"), assign("C20").because)],
    )  # fmt: skip
    asks = [
        rule(f"asks-{name}", [dx("d", "I10")], [assign("E11.9")], no(dx("x", f"{name}*")))
        for name in ("B10", "C20", "D30")
    ]
    found = outcome([gives, *asks], [diagnosis(Facts(), "I10")])
    assert undetermined(found, "asks-B10").missing
    assert undetermined(found, "asks-C20").missing
    assert "asks-D30" in {one.rule for one in found.firings}


def test_a_row_that_a_search_found_is_named_with_its_table():
    search = some(row("m", "map", code=field("d", "code")))
    found = outcome([rule("r", [dx("d", "I10")], [route()], search)], [diagnosis(Facts(), "I10")])
    assert [bound.fact for bound in found.firings[0].bound][1] == "map/1"


def test_of_several_facts_of_one_code_one_may_yet_have_what_every_asks():
    """Two facts of one code are one diagnosis: one says no, the other does not know."""
    facts = Facts()
    asked = c.Quantified(
        0, "every", c.Binder("x", "diagnosis", codes=codes("B10.0")), in_set("x", "B10.0"), 1,
        is_("x", "present_on_admission", "Y"),
    )  # fmt: skip
    found = outcome(
        [
            rule("gives", [dx("d", "I10")], [put("d", "B10.0")]),
            rule("asks", [dx("e", "I10")], [assign("C20.0")], asked),
        ],
        [
            diagnosis(facts, "I10", role="principal"),
            diagnosis(facts, "B10.0", present_on_admission="N"),
        ],
    )
    assert undetermined(found, "asks").missing == ("x.present_on_admission",)


def test_a_code_assigned_beside_a_diagnosis_without_a_place_stands_just_after_it():
    facts = Facts()
    finding = facts.make("finding", kind="x")
    unplaced = diagnosis(facts, "I10")
    unplaced = type(unplaced)(unplaced.id, unplaced.entity, unplaced.fields)
    found = outcome(
        [rule("r", [dx("d", "I10"), each("finding", "f")], [assign("A00.0")])],
        [finding, unplaced],
    )
    assert found.sequence == (icd("I10"), icd("A00.0"))
