"""Joins: from facts sent to patterns to matches of whole rules.

Semi-naive: after the first round only matches that use a new fact are looked for, except in rules
with a ``some`` that reads what holds now, which are joined anew when something new concerns them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from codewarrant.engine.errors import EngineError, FiringLimit
from codewarrant.engine.facts import Fact
from codewarrant.engine.judge import Activity
from codewarrant.engine.lookups import UNKNOWN_ROW, Keys
from codewarrant.engine.plan import Group, Loaded, RulePlan, Step
from codewarrant.engine.reading import Env, Reading, Test, Truth
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Intervals, Value

PARTIALS = 20
"""Partial matches of one rule allowed for each match that is."""

Partial = tuple[Env, Truth]
Entry = tuple[Fact, Truth]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule's variables bound; its conditions are true, or undetermined."""

    plan: RulePlan
    env: Env
    ids: tuple[str, ...]
    """What each variable is bound to, in the rule's order."""
    truth: Truth


class Matcher:
    """The matches of one group of rules while facts arrive."""

    def __init__(
        self,
        loaded: Loaded,
        group: Group,
        activity: Callable[[RulePlan], Activity],
        limit: int,
    ) -> None:
        self._loaded = loaded
        self._group = group
        self._activity = activity
        self._limit = limit
        self._memory: dict[int, list[Entry]] = {}
        self._fresh: dict[int, list[Entry]] = {}
        self._touched: set[int] = set(group.always)
        self._rounds = 0

    def feed(
        self,
        facts: Iterable[Fact],
        documented: bool,
        reading: Reading,
        possible: bool = False,
        bounds: dict[str, Intervals] | None = None,
    ) -> None:
        """Send facts to the patterns that they may match."""
        if self._group.slots == 0:
            return
        memory, fresh = self._memory, self._fresh
        patterns = self._group.dispatch.patterns
        for fact in facts:
            if fact.entity == reading.standing:
                self._touched.update(self._group.loose)
            known = bounds.get(fact.id) if bounds else None
            for one in patterns(fact, documented, known):
                truth: Truth = None if possible else True
                env: Env = {one.var: fact}
                for test in one.tests:
                    found = self._decide(test, reading, env, one.plan)
                    if found is False:
                        truth = False
                        break
                    if found is None:
                        truth = None
                if truth is False:
                    continue
                entry = (fact, truth)
                memory.setdefault(one.slot, []).append(entry)
                fresh.setdefault(one.slot, []).append(entry)
                self._touched.add(one.plan)

    def _decide(self, test, reading: Reading, env: Env, plan: int) -> Truth:
        try:
            return test(reading, env)
        except EngineError as error:
            raise EngineError(f"`{self._loaded.plans[plan].rule.id}`: {error}") from None

    def matches(self, reading: Reading) -> list[Match]:
        """The matches that came about since the last call."""
        found: list[Match] = []
        for index in sorted(self._touched):
            plan = self._loaded.plans[index]
            if not self._ready(plan):
                continue
            activity = self._activity(plan)
            if activity.truth is False:
                continue
            try:
                found += self._rule(plan, activity.truth, reading)
            except FiringLimit:
                raise
            except EngineError as error:
                raise EngineError(f"`{plan.rule.id}`: {error}") from None
        self._touched = set()
        self._fresh = {}
        self._rounds += 1
        return found

    def _ready(self, plan: RulePlan) -> bool:
        memory = self._memory
        return all(one.slot in memory for one in plan.patterns) and all(
            one.slot in memory for one in plan.needs
        )

    def _rule(self, plan: RulePlan, base: Truth, reading: Reading) -> list[Match]:
        names = tuple(one.var for one in plan.rule.binders)
        found: dict[tuple[str, ...], Match] = {}
        for first, entries in self._starts(plan):
            for env, truth in self._join(plan, first, entries, base, reading):
                held = _after(truth, plan.last, reading, env)
                if held is False:
                    continue
                ids = tuple(_id(plan, name, env) for name in names)
                found[ids] = Match(plan, env, ids, held)
        return list(found.values())

    def _starts(self, plan: RulePlan) -> list[tuple[int, list[Entry]]]:
        memory = self._memory
        if not plan.patterns:
            return [(0, [])]
        if self._rounds == 0 or plan.reactive:
            sizes = [len(memory[one.slot]) for one in plan.patterns]
            first = sizes.index(min(sizes))
            return [(first, memory[plan.patterns[first].slot])]
        return [
            (at, self._fresh[one.slot])
            for at, one in enumerate(plan.patterns)
            if one.slot in self._fresh
        ]

    def _join(
        self, plan: RulePlan, first: int, entries: list[Entry], base: Truth, reading: Reading
    ) -> list[Partial]:
        partial: list[Partial] = [({}, base)]
        start = plan.patterns[first] if plan.patterns else None
        for step in plan.steps(first):
            if step.row is not None:
                partial = self._rows(step, partial, reading)
            else:
                assert step.pattern is not None
                pool = entries if step.pattern is start else self._memory[step.pattern.slot]
                partial = self._facts(step, partial, pool, reading)
            if not partial:
                break
            if len(partial) > self._limit * PARTIALS:
                raise FiringLimit(self._limit * PARTIALS, plan.rule.id, len(partial))
        return partial

    def _facts(
        self, step: Step, partial: list[Partial], pool: list[Entry], reading: Reading
    ) -> list[Partial]:
        assert step.pattern is not None
        var, tests, join, apart = step.pattern.var, step.tests, step.join, step.apart
        identity = reading.identity
        index: dict[Value | None, list[Entry]] | None = None
        if join is not None and len(partial) > 1 and len(pool) > 2:
            index = {}
            for entry in pool:
                index.setdefault(entry[0].fields.get(join.field), []).append(entry)
        out: list[Partial] = []
        for env, truth in partial:
            chosen = pool
            if index is not None and join is not None:
                wanted = env[join.other].fields.get(join.other_field)  # type: ignore[union-attr]
                if wanted is not None:
                    chosen = index.get(wanted, [])
                    if None in index:
                        chosen = chosen + index[None]
            taken = [identity(env[name]) for name in apart]  # type: ignore[arg-type]
            for fact, own in chosen:
                if taken and identity(fact) in taken:
                    continue
                bound: Env = {**env, var: fact}
                held = truth if own is True else None
                held = _after(held, tests, reading, bound)
                if held is not False:
                    out.append((bound, held))
        return out

    def _rows(self, step: Step, partial: list[Partial], reading: Reading) -> list[Partial]:
        row = step.row
        assert row is not None
        asked: list[Keys | None] = [row.keys(reading, env) for env, _ in partial]
        reading.lookups.prefetch(row.relation, [keys for keys in asked if keys is not None])
        out: list[Partial] = []
        for (env, truth), keys in zip(partial, asked, strict=True):
            rows = None if keys is None else reading.lookups.rows(row.relation, keys)
            for one in (UNKNOWN_ROW,) if rows is None else rows:
                bound: Env = {**env, row.var: one}
                held = truth if rows is not None else None
                held = _after(held, step.tests, reading, bound)
                if held is not False:
                    out.append((bound, held))
        return out


def _after(truth: Truth, tests: Sequence[Test], reading: Reading, env: Env) -> Truth:
    """A truth joined by "and" with tests; none is asked after the first that is false."""
    for test in tests:
        found = test(reading, env)
        if found is False:
            return False
        if found is None:
            truth = None
    return truth


def _id(plan: RulePlan, name: str, env: Env) -> str:
    bound = env[name]
    if type(bound) is Row:
        relation = next(one.relation for one in plan.rows if one.var == name)
        return f"{relation}/{bound.id}"
    return bound.id
