"""The engine and durable-rules find the same firings, in the fragment that both express."""

from __future__ import annotations

import os
from collections import Counter
from importlib.util import find_spec
from random import Random

import pytest
from cases import by_engine, case

from codewarrant.crosscheck.check import cross_check
from codewarrant.crosscheck.process import INSTALL, Limits, SecondEngine
from codewarrant.crosscheck.recorded import from_trace

START = int(os.environ.get("CODEWARRANT_SEED", "0"))
FEW, MANY = 150, 5_000
MOST_UNAVAILABLE = 0.02

pytestmark = pytest.mark.skipif(find_spec("durable_rules_engine") is None, reason=INSTALL)


def campaign(seeds: range) -> tuple[list[str], Counter[str], Counter[str]]:
    """Disagreements, counts, and why what was not compared was not."""
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    why: Counter[str] = Counter()
    with SecondEngine(Limits(seconds=120)) as second:
        for seed in seeds:
            one = case(Random(seed))
            out = by_engine(one)
            if out is None:
                continue
            recorded = from_trace(one.program, out.firings, out.near_misses, out.standing)
            found = cross_check(one.program, one.chart, recorded, second)
            counts[found.verdict] += 1
            counts["firings"] += found.compared
            counts["given"] += found.given
            counts["rules"] += found.rules
            counts["crashes"] += found.crashes
            counts["inexpressible"] += len(found.inexpressible)
            why.update(reason for _, reason in found.inexpressible)
            if found.verdict == "unavailable":
                why[f"unavailable: {found.reason}"] += 1
            if found.verdict == "disagree":
                wrong.append(f"seed {seed}: {found.differences}")
    return wrong, counts, why


def judge(seeds: range, record_property) -> None:
    wrong, counts, why = campaign(seeds)
    programs = sum(counts[one] for one in ("agree", "disagree", "unavailable"))
    share = counts["unavailable"] / programs
    record_property(
        "said",
        f"durable-rules on programs {seeds.start}-{seeds.stop - 1}: {counts['agree']} of "
        f"{programs} agree, {counts['disagree']} disagree, unavailable for {100 * share:.1f} %; "
        f"{counts['firings']} firings compared, {counts['given']} given; "
        f"{counts['inexpressible']} of {counts['rules']} rules not expressed; "
        f"{counts['crashes']} crashes",
    )
    assert wrong == []
    assert share <= MOST_UNAVAILABLE, why
    assert counts["firings"] > programs, "hardly anything was compared"


def test_durable_rules_finds_the_firings_of_the_engine(record_property):
    judge(range(START, START + FEW), record_property)


@pytest.mark.slow
def test_durable_rules_finds_the_firings_of_the_engine_in_a_large_campaign(record_property):
    judge(range(START, START + MANY), record_property)
