"""One program and chart for a seed or a source of chance, run by both evaluators."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from equal_outcomes import differences
from random_charts import chart
from random_rules import program

from codewarrant.engine.errors import EngineError
from codewarrant.engine.plan import load
from codewarrant.engine.program import Program
from codewarrant.engine.reference import evaluate
from codewarrant.engine.run import run
from codewarrant.engine.strata import LoopError
from codewarrant.engine.trace import Chart, Outcome


@dataclass(frozen=True)
class Case:
    """A program that is accepted, with a chart."""

    program: Program
    chart: Chart
    refused: int
    """Rules left out because with them rules waited for each other, said by both evaluators."""


def case(rng: Random) -> Case:
    """A program and chart; rules are dropped from the end until none wait for each other."""
    made, on = program(rng), chart(rng)
    dropped = 0
    while True:
        ours, theirs = loops(made, on)
        assert ours == theirs, "only one of the evaluators finds a loop"
        if not ours:
            return Case(made, on, dropped)
        made = replace(made, rules=made.rules[:-1])
        dropped += 1


def loops(made: Program, on: Chart) -> tuple[bool, bool]:
    """Whether the engine and the reference refuse a program because rules wait for each other."""
    ours = theirs = False
    try:
        load(made)
    except LoopError:
        ours = True
    try:
        evaluate(made, replace(on, facts=()))
    except EngineError as error:
        theirs = "wait for each other" in str(error)
    return ours, theirs


def by_engine(one: Case) -> Outcome | None:
    """The engine's outcome; None where it refuses."""
    try:
        return run(load(one.program), one.chart)
    except EngineError:
        return None


def by_reference(one: Case) -> Outcome | None:
    """The reference evaluator's outcome; None where it refuses."""
    try:
        return evaluate(one.program, one.chart)
    except EngineError:
        return None


def disagreement(one: Case) -> list[str]:
    """Where the evaluators differ; empty if nowhere."""
    ours, theirs = by_engine(one), by_reference(one)
    if ours is None or theirs is None:
        return [] if ours is theirs else ["only one of the evaluators refuses"]
    return differences(ours, theirs)
