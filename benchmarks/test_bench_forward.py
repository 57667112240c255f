"""Forward chaining beside other engines: one workload, equal firings, one run.

Loading rules is not timed for any engine, each gets its facts in its own form beforehand and hands
what fired to Python. What was loaded is frozen out of garbage collection, as in a worker process
that has started. Times are of the processor, so that what else the machine does is not counted.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache
from statistics import median
from typing import Any

import pytest
from forward_codewarrant import chart_of, firings_of, loaded_rules
from forward_durable import Crashed, DurableRules, TimedOut
from forward_floors import as_json, explained_firings, plain_python, small_chainer
from forward_peers import (
    clips_asserting,
    clips_compiled_in,
    clips_empty,
    clips_kept,
    clips_reading,
    clips_rules,
    zen_chart,
    zen_rules,
)
from forward_workload import Firing, Lines, Rules, chart, rule_set

from codewarrant.codesets import load
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.engine.canonical import dumps
from codewarrant.engine.plan import Loaded
from codewarrant.engine.run import run

RULES = (50, 500, 5000)
LINES = (100, 1000, 10_000)
SECONDS = 1.0
"""Given to one engine on one cell; at least three runs where one takes under five seconds."""
TOO_LONG = 20.0

pytestmark = [
    pytest.mark.benchmark(timer=time.process_time),
    pytest.mark.parametrize("lines", LINES),
    pytest.mark.parametrize("rules", RULES, scope="module"),
]

rules_of = cache(rule_set)


@cache
def chart_for(rules: int, lines: int) -> Lines:
    return chart(rules_of(rules), lines)


@pytest.fixture(scope="module")
def codes() -> InstalledCodes:
    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    return InstalledCodes(releases, CodeAttributes(releases))


@pytest.fixture(scope="module")
def ours(rules: int, codes: InstalledCodes) -> Loaded:
    return loaded_rules(rules_of(rules), codes)


@pytest.fixture(scope="module")
def durable(rules: int) -> Iterator[Callable[[], DurableRules]]:
    """Gives a living process with the rules: a new one after a crash."""
    pytest.importorskip("durable", reason="durable-rules is not installed")
    engines: list[DurableRules] = []

    def living() -> DurableRules:
        if not engines or engines[-1].ended:
            engines.append(DurableRules(rules_of(rules), TOO_LONG))
        return engines[-1]

    yield living
    for one in engines:
        one.close()


def equal(found: Iterable[Firing], given: Lines) -> None:
    """Every firing of the workload, once each, and no other."""
    listed = sorted(found)
    assert listed == sorted(given.firings)


def describe(benchmark: Any, engine: str, rules: int, lines: int, firings: int) -> None:
    benchmark.group = f"{rules:,} rules, {lines:,} facts"
    benchmark.extra_info.update(
        section="forward chaining", engine=engine, rules=rules, facts=lines, firings=firings
    )


def rounds_for(seconds: float) -> int:
    """How often to run what took so long once."""
    if seconds > 5:
        return 1
    return max(3, min(50, int(SECONDS / max(seconds, 1e-6))))


def measure(
    benchmark: Any, call: Callable[[], Any], setup: Callable[[], None] | None = None
) -> Any:
    """Time a call that has been checked; one more run before tells how many runs to make."""
    gc.collect()
    gc.freeze()
    if setup:
        setup()
    start = time.process_time()
    call()
    seconds = time.process_time() - start
    return benchmark.pedantic(call, setup=setup, rounds=rounds_for(seconds))


def test_codewarrant(benchmark, rules, lines, ours):
    given = chart_for(rules, lines)
    facts = chart_of(given)
    equal(firings_of(run(ours, facts), facts), given)
    describe(benchmark, "Codewarrant", rules, lines, len(given.firings))
    measure(benchmark, lambda: run(ours, facts))


def test_codewarrant_trace_bytes(benchmark, rules, lines, ours):
    given = chart_for(rules, lines)
    outcome = run(ours, chart_of(given))
    describe(benchmark, "Codewarrant, bytes of the trace", rules, lines, len(given.firings))
    measure(benchmark, lambda: dumps(outcome))


@pytest.mark.benchmark(timer=time.perf_counter)
def test_durable_rules(benchmark, rules, lines, durable):
    """The report takes the time of the other process, by itself; pytest's table shows the clock."""
    given = chart_for(rules, lines)
    describe(benchmark, "durable-rules", rules, lines, len(given.firings))
    took: list[float] = []
    try:
        engine = durable()
        engine.chart(given, TOO_LONG)
        seconds, fired = engine.run(TOO_LONG)
        equal(fired, given)
        benchmark.pedantic(lambda: took.append(engine.run(TOO_LONG)[0]), rounds=rounds_for(seconds))
        benchmark.extra_info["seconds"] = median(took)
    except (Crashed, TimedOut) as error:
        benchmark.extra_info["failed"] = str(error)
        if not took:
            benchmark.pedantic(lambda: None, rounds=1)
        pytest.xfail(f"durable-rules {error}")


@pytest.mark.parametrize(
    ("name", "chart_in"),
    [("CLIPS", clips_asserting), ("CLIPS, facts as text", clips_reading)],
    ids=["asserted", "as text"],
)
def test_clips(benchmark, rules, lines, name, chart_in):
    pytest.importorskip("clips", reason="clipspy is not installed")
    given = chart_for(rules, lines)
    clips = clips_environment(rules)
    call = chart_in(clips, given)
    clips_empty(clips)
    call()
    equal(clips.fired, given)
    describe(benchmark, name, rules, lines, len(given.firings))
    measure(benchmark, call, lambda: clips_empty(clips))
    clips_empty(clips)


def test_clips_with_the_chart_compiled_in(benchmark, rules, lines):
    pytest.importorskip("clips", reason="clipspy is not installed")
    given = chart_for(rules, lines)
    clips = clips_rules(rules_of(rules), tell=False)
    call = clips_compiled_in(clips, given)
    call()
    equal(clips_kept(clips), given)
    describe(benchmark, "CLIPS, chart compiled in", rules, lines, len(given.firings))
    measure(benchmark, call)


def test_zen(benchmark, rules, lines):
    pytest.importorskip("zen", reason="zen-engine is not installed")
    given = chart_for(rules, lines)
    table = zen_chart(zen_table(rules), given)
    singles = Lines(given.lines, one_line_firings(given))
    equal(table.firings(table.run()), singles)
    describe(benchmark, "ZEN, one-fact rules only", rules, lines, len(singles.firings))
    measure(benchmark, table.run)


def test_codewarrant_on_one_fact_rules(benchmark, rules, lines, codes):
    """The half that ZEN can express, for comparing with it."""
    given = chart_for(rules, lines)
    loaded = one_line_rules(rules, codes)
    facts = chart_of(given)
    singles = Lines(given.lines, one_line_firings(given))
    equal(firings_of(run(loaded, facts), facts), singles)
    describe(benchmark, "Codewarrant, one-fact rules only", rules, lines, len(singles.firings))
    measure(benchmark, lambda: run(loaded, facts))


def test_plain_python(benchmark, rules, lines):
    given = chart_for(rules, lines)
    call = plain_rules(rules)
    equal(call(given.lines), given)
    describe(benchmark, "plain Python", rules, lines, len(given.firings))
    measure(benchmark, lambda: call(given.lines))


def test_small_chainer(benchmark, rules, lines):
    given = chart_for(rules, lines)
    call = chainer_rules(rules)
    equal(explained_firings(call(given.lines)), given)
    describe(benchmark, "small chainer", rules, lines, len(given.firings))
    measure(benchmark, lambda: call(given.lines))


def test_parsing_with_msgspec(benchmark, rules, lines):
    msgspec = pytest.importorskip("msgspec", reason="msgspec is not installed")
    given = chart_for(rules, lines)
    fields = [("number", int), ("code", str), ("units", int), ("date", date)]
    struct = msgspec.defstruct("Line", fields)
    data = as_json(given)
    decoder = msgspec.json.Decoder(list[struct])
    assert len(decoder.decode(data)) == lines
    describe(benchmark, "parsing the facts (msgspec)", rules, lines, 0)
    measure(benchmark, lambda: decoder.decode(data))


@cache
def clips_environment(rules: int) -> Any:
    return clips_rules(rules_of(rules))


@cache
def zen_table(rules: int) -> Any:
    return zen_rules(rules_of(rules))


@cache
def plain_rules(rules: int) -> Any:
    return plain_python(rules_of(rules))


@cache
def chainer_rules(rules: int) -> Any:
    return small_chainer(rules_of(rules))


@cache
def one_line_rules(rules: int, codes: InstalledCodes) -> Loaded:
    every = rules_of(rules)
    return loaded_rules(Rules(every.one, (), every.unnamed), codes)


def one_line_firings(given: Lines) -> frozenset[Firing]:
    return frozenset(one for one in given.firings if len(one) == 2)
