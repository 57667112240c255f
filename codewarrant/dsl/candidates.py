"""Every way to bind a rule's variables on the chart of an example, and what came of each.

The engine's trace names the matches that fired or nearly did. Here the matches that failed are
looked at too, each atom with its truth, with the engine's own evaluation over what it read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from codewarrant.engine import conditions as c
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.facts import Fact
from codewarrant.engine.judge import activity, judge
from codewarrant.engine.lookups import UNKNOWN_ROW, Lookups
from codewarrant.engine.plan import Group, Loaded
from codewarrant.engine.program import Rule
from codewarrant.engine.reading import Env, Reading, Record, Truth
from codewarrant.engine.relation import Row
from codewarrant.engine.rule_plan import RulePlan
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Outcome
from codewarrant.engine.values import ANY_CODE, Code, Intervals, Value

MOST = 2000
"""Candidates of one rule that are looked at on one chart."""

Verdict = Literal["fires", "excused", "undetermined", "does not fire"]


@dataclass(frozen=True, slots=True)
class Observed:
    """A run with what each group of rules read in it."""

    outcome: Outcome
    chart: Chart
    loaded: Loaded
    readings: dict[tuple[str, int], Reading]

    def reading(self, plan: RulePlan) -> Reading:
        return self.readings[plan.stage, plan.level]

    def in_force(self, plan: RulePlan) -> bool:
        """Whether a rule is in force on this chart, and not suspended, or may be."""
        return activity(plan, self.chart.clocks).truth is not False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to bind a rule's variables.

    ``tests`` are the atoms outside quantifiers with their truth and the value that the record had.
    Where the rule's own condition fails, all those of its exceptions stand apart in ``beyond``.
    ``inside`` are the atoms inside quantifiers, once for each thing looked through.
    """

    rule: Rule
    env: Env
    verdict: Verdict
    tests: tuple[tuple[int, Truth, Value | None], ...]
    beyond: tuple[tuple[int, Truth, Value | None], ...] = ()
    inside: tuple[tuple[int, Truth], ...] = ()
    missing: tuple[str, ...] = ()
    excused_by: tuple[str, ...] = ()

    @property
    def truths(self) -> dict[int, Truth]:
        """Of every atom; of one inside a quantifier, as it was for the last thing looked at."""
        return {
            **dict(self.inside),
            **{atom: truth for atom, truth, _ in (*self.tests, *self.beyond)},
        }


def observe(loaded: Loaded, chart: Chart) -> Observed:
    """Run a program and keep what its rules read. Raises what :func:`engine.run.run` raises."""
    readings: dict[tuple[str, int], Reading] = {}

    def watch(group: Group, reading: Reading) -> None:
        # questions asked here are none of the run's
        own = Lookups(chart.relations, chart.clocks.get("date of service"))
        readings[group.stage, group.level] = replace(reading, lookups=own)

    outcome = run(loaded, chart, watch=watch)
    return Observed(outcome, chart, loaded, readings)


def candidates(observed: Observed, plan: RulePlan, near: bool = False) -> Iterator[Candidate]:
    """The candidates of a rule, at most :data:`MOST`; ``near`` drops codes it cannot match."""
    reading = observed.reading(plan)
    for env in islice(_bindings(plan, reading, observed.loaded, near), MOST):
        yield _tried(plan, env, reading, observed)


def _bindings(plan: RulePlan, reading: Reading, loaded: Loaded, near: bool) -> Iterator[Env]:
    envs: list[Env] = [{}]
    for one in plan.rule.binders:
        if not one.relation:
            envs = [
                {**env, one.var: fact}
                for env in envs
                for fact in _pool(one, reading, loaded, near)
                if not _taken(fact, env, reading)
            ][:MOST]
    waiting = list(plan.rows)
    while waiting:
        row = next(one for one in waiting if not one.needs & {other.var for other in waiting})
        waiting.remove(row)
        after: list[Env] = []
        for env in envs:
            if row.needs - set(env):  # an earlier row was not there
                after.append(env)
                continue
            keys = row.keys(reading, env)
            rows = None if keys is None else reading.lookups.rows(row.relation, keys)
            found = (UNKNOWN_ROW,) if rows is None else rows
            after += [{**env, row.var: one} for one in found] or [env]
        envs = after[:MOST]
    yield from envs


def _pool(one: c.Binder, reading: Reading, loaded: Loaded, near: bool) -> list[Fact]:
    documented = one.documented and one.entity == reading.standing
    pool = (reading.documented if documented else reading.current).all(one.entity)
    if not near or one.codes == ANY_CODE:
        return pool
    return [fact for fact in pool if may_lie(fact, one.codes, loaded)]


def may_lie(fact: Fact, codes: Intervals, loaded: Loaded) -> bool:
    """Whether a fact's code lies in intervals; one without a code may."""
    code = fact.get("code")
    if not isinstance(code, Code):
        return True
    key = loaded.key(code)
    return any(one.system in ("*", code.system) and one.low <= key <= one.high for one in codes)


def _taken(fact: Fact, env: Env, reading: Reading) -> bool:
    return any(
        isinstance(other, Fact)
        and other.entity == fact.entity
        and reading.identity(other) == reading.identity(fact)
        for other in env.values()
    )


def _tried(plan: RulePlan, env: Env, reading: Reading, observed: Observed) -> Candidate:
    absent = [one.var for one in plan.rows if one.var not in env]
    if absent:
        # no row has these keys: that much is known, and nothing beyond it
        tests = tuple(
            (part.atom, False, None)
            for part in conjuncts(plan.rule.when)
            if isinstance(part, c.Matches) and part.var == absent[0]
        )
        return Candidate(plan.rule, env, "does not fire", tests)
    record = reading.record = Record(inside=[])
    try:
        truth = plan.whole(reading, env)
        if truth is True and (
            activity(plan, observed.chart.clocks).truth is None or _only_possible(env, reading)
        ):
            truth = None
        own, looked = len(record.tests), len(record.inside or ())
        found = judge(plan, env, truth, reading)
    finally:
        reading.record = None
    inside = tuple(record.inside or ())
    if truth is False:
        return Candidate(
            plan.rule,
            env,
            "does not fire",
            _sorted(record.tests[:own]),
            _sorted(record.tests[own:] + [(*one, None) for one in inside[looked:]]),
            inside[:looked],
        )
    return Candidate(
        plan.rule,
        env,
        found.status,
        _sorted(record.tests),
        (),
        inside,
        tuple(sorted(set(record.missing))),
        tuple(one.name for one, held in found.excuses if held is True),
    )


def _sorted(
    tests: list[tuple[int, Truth, Value | None]],
) -> tuple[tuple[int, Truth, Value | None], ...]:
    return tuple(sorted(tests, key=lambda item: item[0]))


def _only_possible(env: Env, reading: Reading) -> bool:
    return any(
        one is UNKNOWN_ROW if isinstance(one, Row) else one.id in reading.current.possible
        for one in env.values()
    )
