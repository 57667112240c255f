"""The charts of semantics: what each comes to, in any order of facts and rules."""

from __future__ import annotations

import random

import pytest
from charts_under_test import ROWS, Row, edits, reasons, reported, rules_for
from program_builder import CLOCKS, Facts, program
from rules_under_test import RULES, relations

from codewarrant.engine.canonical import digest
from codewarrant.engine.facts import Fact
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Outcome

_LOADED: dict[tuple[int, ...], Loaded] = {}


def loaded(rules) -> Loaded:
    mark = tuple(id(one) for one in rules)
    if mark not in _LOADED:
        _LOADED[mark] = load(program(*rules))
    return _LOADED[mark]


def chart_of(row: Row, facts: list[Fact]) -> Chart:
    return Chart(tuple(facts), CLOCKS, row.supplied, relations(), row.sentences)


def outcome_of(row: Row) -> tuple[Outcome, list[Fact]]:
    facts = row.facts(Facts())
    return run(loaded(rules_for(row)), chart_of(row, facts)), facts


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_chart(row: Row):
    outcome, facts = outcome_of(row)
    codes = reported(outcome)
    if row.codes is not None:
        assert sorted(codes) == sorted(row.codes.split())
    if row.order is not None and "|" not in row.order:
        assert codes == row.order.split()
    for pair in row.order.split("|") if row.order and "|" in row.order else ():
        first, second = pair.split()
        assert codes.index(first) < codes.index(second)
    if row.edits is not None:
        assert edits(outcome, facts) == tuple(sorted(row.edits))
    assert set(row.reasons) <= reasons(outcome, facts)
    if row.calm:
        assert reasons(outcome, facts) == set()
    missed = {one.rule for one in outcome.near_misses if one.kind == "undetermined"}
    assert set(row.undetermined) <= missed
    if row.excused is not None:
        excused = {f"{one.rule} {one.by}" for one in outcome.near_misses if one.kind == "excused"}
        assert excused == set(row.excused)
    by_id = {fact.id: str(fact.fields.get("code")) for fact in facts}
    lines = {by_id[one.fact]: one for one in outcome.lines}
    for code, pointed in row.pointers.items():
        assert [one.value for one in lines[code].pointers] == pointed.split()
    for code, modifiers in row.modifiers.items():
        assert list(lines[code].modifiers) == modifiers.split()
    if row.removed is not None:
        assert {by_id[id] for id, _ in outcome.removed} == set(row.removed.split())
    if row.omitted is not None:
        states = {one.code.value for one in outcome.standing if one.state == "omitted"}
        assert states == set(row.omitted.split())


SHUFFLED = [load(program(*random.Random(seed).sample(RULES, len(RULES)))) for seed in range(3)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_same_outcome_in_any_order_of_facts_and_rules(row: Row):
    expected, facts = outcome_of(row)
    rules = rules_for(row)
    for seed in range(3):
        chance = random.Random(seed)
        other = (
            SHUFFLED[seed] if rules == RULES else load(program(*chance.sample(rules, len(rules))))
        )
        mixed = chance.sample(facts, len(facts))
        outcome = run(other, chart_of(row, mixed))
        assert outcome == expected
        assert digest(outcome) == digest(expected)
