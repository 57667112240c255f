"""The engine and the reference evaluator say the same of every program and chart."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

import pytest
from cases import Case, by_engine, by_reference, case, disagreement
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from codewarrant.engine import atoms, judge, plan, settle
from codewarrant.engine.match import Matcher
from codewarrant.engine.strata import Strata

MANY = 20_000
START = int(os.environ.get("CODEWARRANT_SEED", "0"))
"""The campaign's first seed: another one makes other programs."""

CORNERS = 400
"""Programs in which everything must occur, and some in which each broken engine shows."""

CASES = st.randoms(use_true_random=False).map(case)
QUICK = settings(
    max_examples=500,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@QUICK
@given(CASES)
def test_engine_and_reference_agree(one: Case):
    found = disagreement(one)
    if found:
        note(f"{one.program}\n{one.chart.facts}")
    assert found == []


@pytest.mark.slow
def test_engine_and_reference_agree_on_a_large_campaign():
    failed = [seed for seed in range(START, START + MANY) if disagreement(case(Random(seed)))]
    assert failed == [], f"seeds on which they differ: {failed}"


@cache
def seeded(seed: int) -> Case:
    return case(Random(seed))


def test_the_programs_reach_every_corner():
    """What is never made is never compared."""
    seen: Counter[str] = Counter()
    for seed in range(CORNERS):
        one = seeded(seed)
        found = by_engine(one)
        seen["rules that wait for each other"] += one.refused
        if found is None:
            continue
        seen[f"levels {found.levels}"] += 1
        seen.update(one.state for one in found.standing)
        seen.update(one.kind for one in found.near_misses)
        seen.update(one.kind for one in found.conflicts)
        seen["shaken"] += sum(one.shaken for one in found.standing)
        seen["review"] += sum(one.review for one in found.near_misses)
        for firing in found.firings:
            seen[firing.stage] += 1
            seen["defeated"] += firing.defeated_by is not None
            seen["absence"] += len(firing.absent)
            seen["tried exception"] += len(firing.unless)
            seen["row"] += any("/" in bound.fact for bound in firing.bound)
            seen.update(done.kind for done in firing.concluded)
    for name in (
        "levels 1", "levels 2", "levels 3", "reported", "replaced", "omitted", "void", "possible",
        "undetermined", "excused", "suspended", "review", "replacements", "shaken", "defeated",
        "absence", "tried exception", "row", "admit", "code", "sequence", "line", "edit", "remove",
        "assign", "replace", "omit", "add modifier", "deny", "limit units", "require", "query",
        "route", "rules that wait for each other",
    ):  # fmt: skip
        assert seen[name], name


# ---- engines that are broken on purpose ------------------------------------------


def unknown_is_false(monkeypatch):
    """``not`` of what is unknown is true."""
    monkeypatch.setattr(
        atoms, "negated", lambda test: lambda reading, env: test(reading, env) is not True
    )


def exceptions_always_stand(monkeypatch):
    """An exception to an exception is not looked at."""
    holds = judge._holds

    def alone(one, env, reading):
        return holds(replace(one, withdrawn_by=()), env, reading)

    monkeypatch.setattr(judge, "_holds", alone)


def only_the_first_variable_sees_news(monkeypatch):
    """In later rounds a join is tried only from its first variable."""
    starts = Matcher._starts
    monkeypatch.setattr(Matcher, "_starts", lambda self, *given: starts(self, *given)[:1])


def everything_on_one_level(monkeypatch):
    """Absences are asked for before what would fill them is concluded."""
    strata = plan.strata

    def flat(rules, program):
        found = strata(rules, program)
        return Strata(dict.fromkeys(found.levels, 0), 1, found.loops)

    monkeypatch.setattr(plan, "strata", flat)


def whatever_is_omitted_is_covered(monkeypatch):
    """Codes may cover each other."""
    monkeypatch.setattr(settle, "_covered", lambda one, out, live, settled: True)


@pytest.mark.parametrize(
    "breaking",
    [
        unknown_is_false,
        exceptions_always_stand,
        only_the_first_variable_sees_news,
        everything_on_one_level,
        whatever_is_omitted_is_covered,
    ],
)
def test_a_broken_engine_is_caught(breaking, monkeypatch):
    expected = [(seed, by_reference(seeded(seed))) for seed in range(5)]
    breaking(monkeypatch)
    caught = (disagreement(seeded(seed)) for seed in range(CORNERS))
    assert any(caught)
    assert expected == [(seed, by_reference(seeded(seed))) for seed in range(5)]
