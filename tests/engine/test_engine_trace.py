"""What a run leaves behind: merged facts, warrants, covers, order, limits."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from charts_under_test import ROWS
from program_builder import (
    CLOCKS,
    Facts,
    assign,
    because,
    before,
    cpt,
    deny,
    diagnosis,
    dx,
    each,
    field,
    icd,
    is_,
    limit,
    modifier,
    no,
    omit,
    program,
    put,
    query,
    remove,
    route,
    rule,
    some,
    unless,
)
from rules_under_test import RULES, relations

from codewarrant.engine import conditions as c
from codewarrant.engine.canonical import digest
from codewarrant.engine.errors import EngineError, FiringLimit
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.plan import load
from codewarrant.engine.program import AddModifier, Because
from codewarrant.engine.relation import MemoryRelation
from codewarrant.engine.relation import Row as TableRow
from codewarrant.engine.run import run
from codewarrant.engine.standing import merged
from codewarrant.engine.trace import Chart, Outcome, Sentence


def coded(rules, *facts: Fact, **more) -> Outcome:
    return run(load(program(*rules)), Chart(tuple(facts), CLOCKS, **more))


def dxs(text: str, **known) -> list[Fact]:
    facts = Facts()
    return [diagnosis(facts, code, **known) for code in text.split()]


def state(outcome: Outcome, code: str):
    return next(one for one in outcome.standing if one.code == icd(code))


# ---- merging ------------------------------------------------------------------------


def statement(n: int, **known) -> Fact:
    place = Evidence(f"Condition/{n}", "code")
    return make_fact("diagnosis", {"code": icd("I10"), **known}, (place,), (n,))


def test_statements_of_one_code_are_one_diagnosis():
    first = statement(
        1, certainty="probable", role="secondary", side="left", due_to=(icd("A00.0"),), phrase="x"
    )
    second = statement(
        2, certainty="confirmed", role="principal", side="right", due_to=(icd("B00.0"),), rank=3
    )
    one = merged([first, second])
    assert dict(one.fields) == {
        "code": icd("I10"), "certainty": "confirmed", "role": "principal", "rank": 3,
        "due_to": (icd("A00.0"), icd("B00.0")), "phrase": "x",
    }  # fmt: skip
    assert one.order == (1,)
    assert [place.source for place in one.evidence] == ["Condition/1", "Condition/2"]
    assert one.id == make_fact("diagnosis", one.fields, one.evidence, one.order).id
    assert merged([second, first]) == one


def test_a_merged_fact_is_in_the_outcome_and_rests_on_all_statements():
    facts = [statement(1, side="left"), statement(2, side="right")]
    found = coded([rule("r", [dx("h", "I10")], [assign("Z71.89")])], *facts)
    assert {fact.id for fact in found.facts} == {
        state(found, "I10").fact, state(found, "Z71.89").fact,
    }  # fmt: skip
    ids = tuple(sorted(fact.id for fact in facts))
    assert state(found, "I10").facts == state(found, "Z71.89").facts == ids
    assert found.firings[0].bound[0].evidence == ("Condition/1.code", "Condition/2.code")


def test_counts_count_codes_and_not_statements():
    count = c.Aggregate("count", None, dx("x").binder, c.TRUE)
    two = rule("r", [each("encounter", "e")], [route()], c.Compare(0, ">=", count, c.Const(2)))
    enc = Facts().make("encounter")
    assert coded([two], enc, statement(1), statement(2)).firings == ()
    assert len(coded([two], enc, statement(1), *dxs("I11.0")).firings) == 1


def test_admit_rules_see_every_statement_and_none_of_the_removals():
    both = [
        rule("a", [dx("d", "I10"), dx("e", "I11.0")], [remove("d")]),
        rule("b", [dx("d", "I11.0"), dx("e", "I10")], [remove("d")]),
    ]
    found = coded(both, *dxs("I10 I11.0"))
    assert found.sequence == ()
    assert len(found.removed) == 2
    twins = rule("t", [dx("d", "I10"), dx("e", "I10")], [remove("d")])
    assert len(coded([twins], statement(1), statement(2)).removed) == 2


def test_no_rule_reads_a_code_twice_through_what_replacements_took_over():
    """I12.9 documented and replaced into is one diagnosis for two variables, counts and order."""
    into = rule("a", [dx("h", "I10")], [put("h", "I12.9")])
    pair = rule("b", [dx("x", "I12.9"), dx("y", "I12*")], [assign("Z00.0")])
    two = c.Quantified(0, "at least", dx("x", "I12*").binder, c.TRUE, 2)
    edit = rule("c", [dx("x", "I12.9")], [route()], two)
    facts = Facts()
    made = [
        diagnosis(facts, "I10", present_on_admission="Y", role="principal"),
        diagnosis(facts, "I12.9"),
    ]
    found = coded([into, pair, edit], *made)
    assert [one.rule for one in found.firings] == ["a"]
    assert [one.value for one in found.sequence] == ["I12.9"]
    fact = next(fact for fact in found.facts if fact.id == state(found, "I12.9").fact)
    assert fact.fields["present_on_admission"] == "Y"
    assert fact.fields["role"] == "principal"


# ---- warrants -----------------------------------------------------------------------


def test_assigning_what_is_documented_adds_a_warrant_and_no_fact():
    found = coded([rule("r", [dx("h", "I10")], [assign("I11.0")])], *dxs("I10 I11.0"))
    assert found.facts == ()
    assert state(found, "I11.0").firings == (0,)
    assert found.firings[0].concluded[0].new is False


def test_a_code_outside_what_the_action_may_write_is_an_error():
    action = replace(assign("I11.0"), writes=())
    with pytest.raises(EngineError, match=r"`r`: concludes I11\.0"):
        coded([rule("r", [dx("h", "I10")], [action])], *dxs("I10"))


def test_all_derivations_of_one_code_are_kept():
    rules = [
        rule("b", [dx("h", "I10")], [assign("Z71.89")]),
        rule("a", [dx("h", "I11.0")], [assign("Z71.89")]),
    ]
    found = coded(rules, *dxs("I10 I11.0"))
    assert [(one.seq, one.rule, one.concluded[0].new) for one in found.firings] == [
        (0, "a", True), (1, "b", False),
    ]  # fmt: skip
    assert state(found, "Z71.89").firings == (0, 1)


def test_firings_stand_in_one_total_order():
    found = coded(RULES, *dxs("I10 N18.30 E11.9 R73.9 I50.9"), relations=relations())
    marks = [
        (one.stratum, one.rule, tuple(bound.fact for bound in one.bound)) for one in found.firings
    ]
    assert marks == sorted(marks)
    assert [one.seq for one in found.firings] == list(range(len(found.firings)))


def test_a_some_is_a_ground_and_names_its_witnesses():
    one = rule(
        "r", [], [assign("Z79.4")], some(dx("d", "E11*")),
        some(each("finding", "f", is_("f", "kind", "insulin"))),
    )  # fmt: skip
    facts = Facts()
    made = [diagnosis(facts, "E11.9"), facts.make("finding", kind="insulin")]
    found = coded([one], *made)
    assert [(bound.var, bound.fact) for bound in found.firings[0].bound] == [
        ("d", made[0].id), ("f", made[1].id),
    ]  # fmt: skip
    assert state(found, "Z79.4").facts == tuple(sorted(fact.id for fact in made))


def test_a_some_reads_what_rules_conclude():
    rules = [
        rule("b", [dx("h", "I10")], [assign("E11.9")]),
        rule("a", [each("finding", "f")], [assign("Z79.4")], some(dx("d", "E11*"))),
        rule(
            "c", [each("finding", "f")], [assign("Z79.84")],
            c.AnyOf((some(dx("d", "E10*")), some(dx("d", "E11*")))),
        ),
    ]  # fmt: skip
    facts = Facts()
    found = coded(rules, diagnosis(facts, "I10"), facts.make("finding", kind="x"))
    assert {one.value for one in found.sequence} == {"I10", "E11.9", "Z79.4", "Z79.84"}


def test_what_some_finds_covers_an_omission():
    rules = [
        rule("a", [dx("u", "R07.9")], [omit("u")], some(dx("s", "I20.9"))),
        rule("b", [dx("u", "I20.9")], [omit("u")], some(dx("s", "R07.9"))),
    ]
    found = coded(rules, *dxs("R07.9 I20.9"))
    assert [one.kind for one in found.conflicts] == ["cover each other"]
    assert len(found.sequence) == 2
    third = coded(rules[:1], *dxs("R07.9 I20.9"))
    assert state(third, "R07.9").place == (icd("I20.9"),)


def test_tests_absences_and_reasons_are_recorded():
    one = rule(
        "r", [dx("h", "I10", where=(is_("h", "certainty", "confirmed"),))],
        [replace(assign("Z71.89"), because=because("", field("h", "code"), c.Const(" on "),
                                                   c.Clock("discharge date")))],
        no(dx("x", "I50*")),
        exceptions=(unless("left", c.AllOf((c.Known(0, field("h", "side")),
                                            is_("h", "side", "left")))),),
    )  # fmt: skip
    (firing,) = coded([one], *dxs("I10")).firings
    assert [(test.atom, test.truth, test.value) for test in firing.tests] == [
        (0, True, icd("I10")),
        (1, True, "confirmed"),
        (2, True, None),
        (4, False, None),
        (5, None, None),
    ]
    assert [(one.pattern, one.stratum) for one in firing.absent] == [("no diagnosis x", 1)]
    assert firing.concluded[0].because == "I10 on unknown"
    assert firing.bound[0].evidence == ("Diagnosis/1.code",)


def test_a_conflict_marks_firings_and_what_rests_on_them():
    rules = [
        rule("a", [dx("h", "I10")], [put("h", "I11.9")]),
        rule("b", [dx("h", "I10")], [put("h", "I12.9")]),
        rule("c", [dx("h", "I11.9")], [assign("Z71.89")]),
    ]
    found = coded(rules, *dxs("I10"))
    assert [one.defeated_by for one in found.firings] == ["conflict", "conflict", None]
    assert {one.code.value: (one.state, one.shaken) for one in found.standing} == {
        "I10": ("reported", False), "I11.9": ("void", False), "I12.9": ("void", False),
        "Z71.89": ("reported", True),
    }  # fmt: skip


def test_a_plain_order_says_what_it_yielded_to():
    rules = [
        rule("a", [dx("x", "I10"), dx("y", "I11.0")], [before("x", "y")]),
        rule("b", [dx("x", "I10"), dx("y", "I11.0")], [before("y", "x")], mandatory=True),
    ]
    found = coded(rules, *dxs("I10 I11.0"))
    assert [one.value for one in found.sequence] == ["I11.0", "I10"]
    assert [one.defeated_by for one in found.firings] == ["b", None]


def test_principal_stands_first_and_unknown_order_last():
    facts = Facts()
    made = [diagnosis(facts, "I10"), diagnosis(facts, "I11.0", role="principal")]
    lost = replace(make_fact("diagnosis", {"code": icd("A00.0")}), order=())
    found = coded([], *made, lost)
    assert [one.value for one in found.sequence] == ["I11.0", "I10", "A00.0"]


def test_an_assigned_code_stands_just_after_its_earliest_ground():
    rules = [
        rule("a", [dx("x", "I11.0"), dx("y", "I12.9")], [assign("A00.0")]),
        rule("b", [dx("x", "A00.0")], [assign("A01.0")]),
        rule("c", [each("finding", "f")], [assign("A02.0")]),
    ]
    facts = Facts()
    made = [diagnosis(facts, code) for code in ("I10", "I11.0", "I12.9")]
    made += [facts.make("finding", kind="x"), diagnosis(facts, "I13.0")]
    found = coded(rules, *made)
    assert [one.value for one in found.sequence] == [
        "I10", "I11.0", "A00.0", "A01.0", "I12.9", "A02.0", "I13.0",
    ]  # fmt: skip


# ---- lines --------------------------------------------------------------------------


def test_edits_read_modifiers_as_they_are_after_the_line_stage():
    line = each("line", "l", is_("l", "code", cpt("99213")))
    has = c.Contains(0, field("l", "modifiers"), ("25",))
    rules = [
        rule("add", [line], [modifier("l", "25"), AddModifier("l", "GT", Because())]),
        rule("line", [line], [modifier("l", "59")], has),
        rule("with", [line], [route()], has),
        rule("without", [line], [deny("l", "CO-4")], c.Not(has)),
    ]
    fact = Facts().make("line", code=cpt("99213"), modifiers=("TC",))
    found = coded(rules, fact)
    assert [one.rule for one in found.firings] == ["add", "with"]
    assert found.lines[0].modifiers == ("TC", "25", "GT")
    assert found.lines[0].firings == (0,)


def test_the_lowest_ceiling_wins_and_units_are_left_alone():
    line = each("line", "l")
    over = c.Compare(0, ">", field("l", "units"), c.Const(2))
    rules = [
        rule("five", [line], [limit("l", c.Const(5))]),
        rule("two", [line], [limit("l", c.Const(2))]),
        rule("over", [line], [route()], over),
    ]
    found = coded(rules, Facts().make("line", units=9))
    assert found.lines[0].ceiling == 2
    assert found.lines[0].firings == (0, 2)
    assert len(found.firings) == 3


def test_later_actions_of_a_code_rule_wait_with_its_match():
    one = rule(
        "r", [dx("h", "I10"), each("line", "l")],
        [put("h", "I11.9"), before("I11.9", "h"), modifier("l", "25"), query("sure?")],
    )  # fmt: skip
    facts = Facts()
    found = coded([one], diagnosis(facts, "I10"), facts.make("line", modifiers=()))
    assert [item.kind for item in found.firings[0].concluded] == [
        "replace", "add modifier", "query",
    ]  # fmt: skip
    assert found.lines[0].modifiers == ("25",)


def test_words_near_a_fact():
    place = Evidence("Note/1", "", "digest", 15, 20, "CKD 3")
    fact = make_fact("diagnosis", {"code": icd("N18.30")}, (place,))
    near = Sentence("Note/1", 10, 40, ("ckd", "not", "due", "to"))
    one = rule("r", [dx("k")], [route()], c.Mentions(0, ("not", "due"), c.Field("k", "")))
    assert len(coded([one], fact, sentences=(near,)).firings) == 1
    for other in (replace(near, source="Note/2"), replace(near, begin=20), replace(near, end=15)):
        assert coded([one], fact, sentences=(other,)).firings == ()


def test_look_ups_are_asked_together():
    asked: list[int] = []

    class Counting(MemoryRelation):
        def lookup(self, keys, on):
            asked.append(len(keys))
            return super().lookup(keys, on)

    table = Counting("t", "d", {"code": "code"}, [TableRow("1", {"code": icd("I10"), "x": "y"})])
    column = c.LookupTerm("t", (("code", field("d", "code")),), "x")
    one = rule("r", [dx("d")], [route()], c.Compare(0, "=", column, c.Const("y")))
    found = coded([one], *dxs("I10 I11.0 I12.9"), relations={"t": table})
    assert asked == [3]
    assert [(look.rows) for look in found.lookups] == [("1",), (), ()]


# ---- limits, threads, processes --------------------------------------------------------


def test_the_firing_limit_names_the_rule():
    one = rule("cross", [each("line", "a"), each("line", "b")], [route()])
    facts = Facts()
    made = [facts.make("line", n=n) for n in range(40)]
    with pytest.raises(FiringLimit, match="1560 of them of `cross`"):
        run(load(program(one)), Chart(tuple(made), CLOCKS), limit=1000)
    three = rule("cube", [each("line", v) for v in "abc"], [route()])
    with pytest.raises(FiringLimit, match="`cube`"):
        run(load(program(three)), Chart(tuple(made), CLOCKS), limit=100)


def test_pairs_of_a_rule_that_orders_count_once_for_each_code():
    ordering = [dx("a", "A00-M99"), dx("b", "N00-Z99")]
    names = [f"{head}{n:02}" for head in "AZ" for n in range(40)]
    chart = Chart(tuple(dxs(" ".join(names))), CLOCKS)
    found = run(load(program(rule("order", ordering, [before("b", "a")]))), chart, limit=200)
    assert len(found.firings) == 1600
    assert [code.value for code in found.sequence] == names[40:] + names[:40]
    asking = rule("order", ordering, [before("b", "a"), query("which is first?")])
    with pytest.raises(FiringLimit, match="1600 of them of `order`"):
        run(load(program(asking)), chart, limit=200)


def test_near_misses_of_one_rule_are_bounded():
    one = rule("r", [each("line", "a")], [route()], is_("a", "x", 1), mandatory=True)
    facts = Facts()
    found = coded([one], *(facts.make("line", n=n) for n in range(50)))
    assert len(found.near_misses) == 21
    assert found.near_misses[-1].because == "30 more"
    assert found.near_misses[-1].review


def test_many_facts_and_long_chains():
    chain = [rule(f"r{n:03}", [dx("d", f"A{n:03}")], [assign(f"A{n + 1:03}")]) for n in range(300)]
    found = coded(chain, *dxs("A000"))
    assert len(found.sequence) == 301
    assert state(found, "A300").facts == state(found, "A000").facts


def test_one_program_serves_many_threads():
    loaded = load(program(*RULES))
    charts = [Chart(tuple(row.facts(Facts())), CLOCKS, row.supplied, relations()) for row in ROWS]
    alone = [digest(run(loaded, chart)) for chart in charts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda chart: digest(run(loaded, chart)), charts))
    assert together == alone


DIGESTS = """
from charts_under_test import ROWS, rules_for
from codewarrant.engine.canonical import digest
from codewarrant.engine.plan import load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart
from program_builder import CLOCKS, Facts, program
from rules_under_test import relations
for row in ROWS[::6]:
    chart = Chart(tuple(row.facts(Facts())), CLOCKS, row.supplied, relations())
    print(digest(run(load(program(*rules_for(row))), chart)))
"""


def test_same_outcome_whatever_the_hash_seed():
    here = Path(__file__).parent
    found = set()
    for seed in ("0", "1", "77"):
        path = os.pathsep.join((str(here), str(here.parents[1])))
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", DIGESTS], env=env, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1
    assert len(found.pop().split()) == len(ROWS[::6])
