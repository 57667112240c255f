"""Whole charts through the shipped rules: warrants, worked examples, order of facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rulepack_facts import finding, statement

from codewarrant import codesets
from codewarrant.codesets import Status
from codewarrant.engine.facts import Fact
from codewarrant.engine.trace import Outcome

POOL = (
    "A41.9", "A41.51", "B20", "B96.20", "C50.911", "D50.9", "D63.1", "D64.9", "E10.9", "E11.9",
    "E11.22", "E66.9", "E78.5", "E85.4", "F17.210", "G62.9", "G63", "H66.91", "H66.92", "I10",
    "I11.0", "I12.9", "I13.0", "I20.9", "I25.10", "I50.22", "I50.9", "I51.7", "J18.9", "J44.9",
    "J45.909", "J96.01", "M17.10", "M17.11", "N17.9", "N18.30", "N18.6", "N18.9", "N39.0",
    "O10.013", "R05.9", "R06.02", "R07.9", "R50.9", "R65.20", "R65.21", "R73.9", "S52.501A",
    "S93.401", "U07.1", "W19.XXXA", "Z00.00", "Z12.31", "Z21", "Z34.90", "Z68.41", "Z72.0",
    "Z79.4", "Z85.3",
)  # fmt: skip

STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(POOL),
        st.sampled_from(["confirmed", "confirmed", "confirmed", "probable", "suspected", None]),
        st.sampled_from(["active", "active", "active", "resolved", None]),
        st.sampled_from([None, "left", "right", "bilateral"]),
        st.sampled_from([None, "Y", "N"]),
    ),
    max_size=8,
)
FOUND: tuple[tuple[str, dict[str, Any]], ...] = (
    ("pregnant", {}),
    ("pregnant", {"value": 22}),
    ("insulin", {}),
    ("smoker", {"dependent": True}),
    ("smoker", {"dependent": False}),
    ("smoker", {}),
    ("episode", {"text": "initial"}),
    ("bmi", {"value": 41}),
    ("former-smoker", {}),
    ("organism", {"text": "escherichia coli"}),
)
FINDINGS = st.lists(st.sampled_from(FOUND), max_size=3)
SETTINGS = st.sampled_from(["outpatient", "inpatient", "emergency", None])


def chart(said: list[tuple[Any, ...]], found: list[tuple[str, dict[str, Any]]]) -> list[Fact]:
    facts = [
        statement(
            place, code, certainty=certainty, status=status, side=side, present_on_admission=poa
        )
        for place, (code, certainty, status, side, poa) in enumerate(said)
    ]
    return facts + [finding(place, kind, **fields) for place, (kind, fields) in enumerate(found)]


def reported(outcome: Outcome) -> list[str]:
    return [code.value for code in outcome.sequence]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(STATEMENTS, FINDINGS, SETTINGS)
def test_every_reported_code_has_a_cited_warrant(
    code: Any, linked: Any, said: list[Any], found: list[Any], setting: str | None
) -> None:
    """Each code of a decision rests on at least one firing, each firing on a cited rule; a code is
    reported once."""
    cites = {rule.id: rule.cites for rule in linked.program.rules}
    outcome = code(*chart(said, found), setting=setting)
    assert len(set(reported(outcome))) == len(reported(outcome))
    for item in outcome.standing:
        if item.state == "reported":
            assert item.firings, f"{item.code.value} is reported without a warrant"
            assert all(cites[outcome.firings[seq].rule] for seq in item.firings)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(STATEMENTS, FINDINGS, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    code: Any, said: list[Any], found: list[Any], shuffle: Any
) -> None:
    facts = chart(said, found)
    first = code(*facts)
    shuffle.shuffle(facts)
    second = code(*facts)
    assert first.sequence == second.sequence
    assert first.standing == second.standing
    assert first.conflicts == second.conflicts


def test_worked_example_a_has_its_reasons(code: Any) -> None:
    """Diabetes with a high blood sugar: one code, and both statements are covered by it."""
    outcome = code(statement(0, "E11.9"), statement(1, "R73.9"))
    assert reported(outcome) == ["E11.65"]
    places = {item.code.value: [c.value for c in item.place] for item in outcome.standing}
    assert places["E11.9"] == ["E11.65"]
    assert places["R73.9"] == ["E11.65"]
    assert outcome.conflicts == ()


def test_worked_example_b_has_its_order(code: Any) -> None:
    """Hypertensive kidney disease with heart failure and no stage."""
    outcome = code(statement(0, "I12.9"), statement(1, "I50.9"))
    assert reported(outcome) == ["I13.0", "N18.9", "I50.9"]
    assert outcome.conflicts == ()


def test_a_plain_chart_needs_nobody(code: Any) -> None:
    """Confirmed, complete, specific statements: no review, no query, no undetermined rule that
    matters."""
    outcome = code(statement(0, "I10"), statement(1, "E78.5"), statement(2, "M17.11"))
    assert reported(outcome) == ["I10", "E78.5", "M17.11"]
    asked = [c for f in outcome.firings for c in f.concluded if c.kind in ("route", "query")]
    assert asked == []
    assert [miss for miss in outcome.near_misses if miss.review] == []


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2016, 6, 1), ["I10", "I50.9"]),
        (date(2016, 10, 1), ["I11.0", "I50.9"]),
    ],
)
def test_rules_hold_from_their_day(code: Any, on: date, expected: list[str]) -> None:
    """The link of hypertension and heart failure is presumed from fiscal year 2017."""
    outcome = code(statement(0, "I10"), statement(1, "I50.9"), on=on)
    assert sorted(reported(outcome)) == expected


def test_hundreds_of_open_sides_stay_within_the_limit_of_matches(code: Any) -> None:
    """900 codes of an open side, one of them with its side: pairs that do not fit count nothing."""
    on = date(2026, 2, 3)
    release = codesets.load("icd10cm")
    open_sides = [
        one
        for one in release.codes(on)
        if release.laterality(one) == "unspecified"
        and release.status(one, on) is Status.VALID
        and one[0] in "CHS"
        and one != "M17.10"
    ][:898]
    facts = [statement(at, one) for at, one in enumerate((*open_sides, "M17.10", "M17.11"))]
    outcome = code(*facts, on=on)
    assert len(facts) == 900
    fired = [f for f in outcome.firings if f.rule == "icd10cm/side-unspecified-beside-side"]
    assert len(fired) == 1
    assert "M17.10" not in reported(outcome)


def test_resolved_problem_is_kept_where_it_is_the_diagnosis_of_the_visit(code: Any) -> None:
    listed = statement(0, "J20.9", status="resolved", category="problem-list-item")
    visit = statement(0, "J20.9", status="resolved", category="encounter-diagnosis")
    assert reported(code(listed)) == []
    assert reported(code(visit)) == ["J20.9"]
