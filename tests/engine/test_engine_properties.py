"""What holds of every chart: any order, each code once, nothing lost without a trace.

An omission that matches no other diagnosis needs no cover; no rule here makes one.
"""

from __future__ import annotations

import random

from charts_under_test import OFF, PAYER_I10, changing
from hypothesis import given, settings
from hypothesis import strategies as st
from program_builder import (
    CLOCKS,
    Facts,
    cpt,
    diagnosis,
    dx,
    icd,
    omit,
    program,
    put,
    rule,
)
from rules_under_test import RULES, relations

from codewarrant.engine.facts import Fact
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Outcome

QUARREL = [
    PAYER_I10,
    rule("there", [dx("h", "K63.5")], [put("h", "K62.1")]),
    rule("back", [dx("h", "K62.1")], [put("h", "K63.5")]),
    rule("mutual", [dx("a", "I20.9"), dx("b", "R07.9")], [omit("a")]),
    rule("payer-omit", [dx("z", "Z79.4"), dx("d", "E11*")], [omit("z")]),
    rule("on-from-void", [dx("h", "I1A.0")], [put("h", "I15.9")]),
    rule("rests-on-void", [dx("h", "I12.9"), dx("x", "I10")], [omit("x")]),
]
ALL = changing("modifier-25", suspensions=(OFF,))([*RULES, *QUARREL])
PROGRAMS = [load(program(*random.Random(seed).sample(ALL, len(ALL)))) for seed in range(3)]
TABLES = relations()

CODES = [
    "I10", "I11.0", "I12.9", "I13.0", "I50.9", "I50.22", "N18.30", "N18.4", "N18.5", "N18.6",
    "N18.9", "E11.9", "E11.65", "R73.9", "R80.9", "G62.9", "D64.9", "J44.9", "J18.9", "R05.9",
    "A41.9", "R65.20", "R57.9", "N39.0", "M17.10", "M17.11", "S52.501", "R07.9", "I20.9",
    "I25.110", "K63.5", "Z79.4", "F17.210", "G63", "E85.4", "W19.XXXA", "T45.515A", "D68.32",
    "O10.019", "I1A.0",
]  # fmt: skip
KINDS = [
    "pregnant", "smoker", "insulin", "organism", "side", "organ-dysfunction", "active-treatment",
    "bmi",
]  # fmt: skip

STATEMENT = st.tuples(
    st.sampled_from(CODES),
    st.fixed_dictionaries(
        {
            "certainty": st.sampled_from(["confirmed", "confirmed", "probable", None]),
            "status": st.sampled_from(["active", "active", "resolved", None]),
            "present_on_admission": st.sampled_from(["Y", "N", None]),
            "role": st.sampled_from(["principal", "secondary", None]),
            "due_to": st.sampled_from([None, (icd("N18.4"),), (icd("E11.9"),)]),
            "unrelated_to": st.sampled_from([None, None, (icd("I10"),)]),
        }
    ),
)
FINDING = st.tuples(
    st.sampled_from(KINDS),
    st.fixed_dictionaries(
        {
            "dependent": st.sampled_from([True, False, None]),
            "temporary": st.sampled_from([True, False, None]),
            "due_to_sepsis": st.sampled_from([True, None]),
            "side": st.sampled_from(["left", "right", None]),
            "about": st.sampled_from([icd("M17.10"), None]),
            "text": st.sampled_from(["e-coli", None]),
            "value": st.sampled_from([35, 99, None]),
        }
    ),
)
LINE = st.tuples(
    st.sampled_from(["99213", "20610", "93306", "93308", "70450"]),
    st.sampled_from(["000", "XXX", None]),
    st.lists(st.sampled_from(CODES), max_size=2),
)


@st.composite
def charts(draw) -> list[Fact]:
    facts = Facts()
    setting = draw(st.sampled_from(["outpatient", "inpatient", None]))
    made = [facts.make("encounter", setting=setting)]
    made += [
        diagnosis(facts, code, **known) for code, known in draw(st.lists(STATEMENT, max_size=8))
    ]
    made += [
        facts.make("finding", kind=kind, **known)
        for kind, known in draw(st.lists(FINDING, max_size=3))
    ]
    made += [
        facts.make(
            "line", code=cpt(code), glob=glob, modifiers=(), pointers=tuple(map(icd, pointers))
        )
        for code, glob, pointers in draw(st.lists(LINE, max_size=3))
    ]
    return made


def outcome(loaded: Loaded, facts: list[Fact]) -> Outcome:
    return run(loaded, Chart(tuple(facts), CLOCKS, relations=TABLES))


@settings(max_examples=60, deadline=None)
@given(charts(), st.randoms(use_true_random=False))
def test_same_outcome_in_any_order(facts, chance):
    expected = outcome(PROGRAMS[0], facts)
    for loaded in PROGRAMS[1:]:
        assert outcome(loaded, chance.sample(facts, len(facts))) == expected


@settings(max_examples=150, deadline=None)
@given(charts())
def test_every_code_stands_once_and_leads_to_what_is_reported(facts):
    found = outcome(PROGRAMS[0], facts)
    states = {one.code: one for one in found.standing}
    assert len(states) == len(found.standing)
    reported = [one.code for one in found.standing if one.state == "reported"]
    assert sorted(found.sequence) == sorted(set(found.sequence)) == sorted(reported)
    held = [one for one in found.standing if one.state != "possible"]
    if held:
        assert reported
    by_fact = {one.fact: one.code for one in found.standing}
    by_fact |= {
        fact.id: fact.fields["code"]
        for fact in (*facts, *found.facts)
        if fact.entity == "diagnosis" and "code" in fact.fields
    }
    for one in held:
        assert leads_to_reported(one.code, found, states, by_fact)
        assert one.firings or one.documented
        assert one.facts
    known = {fact.id for fact in (*facts, *found.facts)}
    for firing in found.firings:
        assert {bound.fact for bound in firing.bound} <= known
        assert all(test.truth is not None or test.atom >= 0 for test in firing.tests)


def leads_to_reported(code, found: Outcome, states, by_fact) -> bool:
    """Follow, from a code, the firings that decided its state."""
    seen, open_ = set(), [code]
    while open_:
        one = open_.pop()
        if one in seen or one not in states:
            continue
        seen.add(one)
        if states[one].state == "reported":
            return True
        for seq in states[one].by:
            firing = found.firings[seq]
            open_ += [by_fact[bound.fact] for bound in firing.bound if bound.fact in by_fact]
            open_ += [item.code for item in firing.concluded if item.code is not None]
    return False


@settings(max_examples=60, deadline=None)
@given(charts())
def test_places_and_pointers_lead_to_reported_codes_only(facts):
    found = outcome(PROGRAMS[0], facts)
    for one in found.standing:
        assert set(one.place) <= set(found.sequence)
        if one.state in ("reported", "replaced", "omitted"):
            assert one.place or one.by
    for line in found.lines:
        assert set(line.pointers) <= set(found.sequence)


@settings(max_examples=60, deadline=None)
@given(charts())
def test_a_chart_read_twice_is_the_chart_read_once(facts):
    assert outcome(PROGRAMS[0], [*facts, *facts]) == outcome(PROGRAMS[0], facts)
