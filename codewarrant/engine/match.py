"""Joins: from facts sent to patterns to matches of whole rules.

A rule is looked at once a fact meets its most selective pattern; the facts for its other patterns
are then found by their code, by a value that is demanded, or by the value that joins them.
Semi-naive: after the first round only matches that use a new fact are looked for, except in rules
with a ``some`` that reads what holds now, which are joined anew when something new concerns them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from codewarrant.engine.dispatch import Pattern, Table
from codewarrant.engine.errors import EngineError, FiringLimit
from codewarrant.engine.fact_tests import FactTest
from codewarrant.engine.facts import Fact
from codewarrant.engine.judge import Activity
from codewarrant.engine.lookups import UNKNOWN_ROW, Keys
from codewarrant.engine.plan import Group, Loaded
from codewarrant.engine.reading import Env, Reading, Test, Truth
from codewarrant.engine.relation import Row
from codewarrant.engine.rule_plan import RulePlan
from codewarrant.engine.steps import Step
from codewarrant.engine.values import Code, Intervals, Value
from codewarrant.engine.views import SCAN

FEW = 2
"""Up to this many facts nothing is gained by looking for fewer."""

PARTIALS = 20
"""Partial matches of one rule allowed for each match that is."""

Partial = tuple[Env, Truth]
Entry = tuple[Fact, Truth]


_new = tuple.__new__
"""Makes a named tuple of all its fields in half of the time that its own call takes."""


class Match(NamedTuple):
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
        """By slot the facts that meet a pattern: of triggers always, of others once asked for."""
        self._fresh: dict[int, list[Entry]] = {}
        """By slot those that came since the last matches."""
        self._touched: set[int] = set(group.always)
        self._rounds = 0

    def start(self, reading: Reading) -> None:
        """Send all that the rules read to the patterns that stir rules."""
        for (entity, documented), table in self._group.first.tables.items():
            facts = (reading.documented if documented else reading.current).all(entity)
            if facts:
                self._send(facts, table, reading)
        self._touched.update(self._group.loose)

    def _send(self, facts: Sequence[Fact], table: Table, reading: Reading) -> None:
        """Each fact to the patterns of its entity: by code, by the value of a field, the rest."""
        keep = self._keep
        if table.coded:
            by_code, phantoms = table.by_code, reading.current.phantoms
            memory, touch, decide = self._memory, self._touched.add, self._decide
            for fact in facts:
                code = fact.fields.get("code")
                if type(code) is not Code:
                    for one in table.uncoded(phantoms.get(fact.id)):
                        keep(one, fact, one.tests, reading)
                    continue
                known = by_code.get(code)
                # as in keep, without a call for each
                for one in table.holding(code) if known is None else known:
                    truth = decide(one, fact, one.sent, reading) if one.sent else True
                    if truth is False:
                        continue
                    if one.slot in memory:
                        memory[one.slot].append((fact, truth))
                    else:
                        memory[one.slot] = [(fact, truth)]
                        touch(one.plan)
        for name, gate in table.gates.items():
            opened, demanding = gate.opened, gate.demanding
            for fact in facts:
                value = fact.fields.get(name)
                found = gate.every() if value is None else opened.get(value) or demanding(value)
                for one in found:
                    keep(one, fact, one.tests, reading)
        for one in table.rest():
            for fact in facts:
                keep(one, fact, one.tests, reading)

    def _keep(self, one: Pattern, fact: Fact, tests: Sequence[FactTest], reading: Reading) -> None:
        truth = self._decide(one, fact, tests, reading) if tests else True
        if truth is not False:
            if one.slot in self._memory:
                self._memory[one.slot].append((fact, truth))
            else:
                self._memory[one.slot] = [(fact, truth)]
            self._touched.add(one.plan)

    def _decide(
        self, one: Pattern, fact: Fact, tests: Sequence[FactTest], reading: Reading
    ) -> Truth:
        truth: Truth = True
        try:
            for test in tests:
                found = test(reading, fact)
                if found is False:
                    return False
                if found is None:
                    truth = None
        except EngineError as error:
            raise EngineError(f"`{self._loaded.plans[one.plan].rule.id}`: {error}") from None
        return truth

    def add(
        self,
        facts: Iterable[Fact],
        reading: Reading,
        possible: bool = False,
        bounds: Mapping[str, Intervals] | None = None,
    ) -> None:
        """Send facts that were concluded to all patterns that they may match.

        ``possible``: they may not hold; ``bounds`` of those whose very code is unknown.
        """
        patterns, triggers = self._group.later.patterns, self._group.triggers
        memory = self._memory
        for fact in facts:
            self._touched.update(self._group.loose)
            for one in patterns(fact, bounds.get(fact.id) if bounds else None):
                truth = self._decide(one, fact, one.tests, reading)
                if truth is False:
                    continue
                entry = (fact, None if possible else truth)
                if one.slot in memory:
                    memory[one.slot].append(entry)
                elif one.slot in triggers:
                    memory[one.slot] = [entry]
                self._fresh.setdefault(one.slot, []).append(entry)
                self._touched.add(one.plan)

    def matches(self, reading: Reading) -> list[Match]:
        """The matches that came about since the last call."""
        found: list[Match] = []
        plans, activity = self._loaded.plans, self._activity
        alone = self._fresh if self._rounds else self._memory
        for index in sorted(self._touched):
            plan = plans[index]
            base = activity(plan).truth
            if base is False:
                continue
            try:
                if plan.single:  # there is nothing to join and nothing else to ask
                    one = plan.patterns[0]
                    for fact, own in alone.get(one.slot, ()):
                        found.append(_new(Match, (plan, {one.var: fact}, (fact.id,), own and base)))
                elif plan.pair is not None and not self._rounds:
                    self._pair(plan, plan.pair, base, reading, found)
                elif self._ready(plan, reading):
                    self._rule(plan, base, reading, found)
            except FiringLimit:
                raise
            except EngineError as error:
                raise EngineError(f"`{plan.rule.id}`: {error}") from None
        self._touched = set()
        self._fresh = {}
        self._rounds += 1
        return found

    def _pair(
        self,
        plan: RulePlan,
        pair: tuple[Pattern, tuple[Test, ...]],
        base: Truth,
        reading: Reading,
        out: list[Match],
    ) -> None:
        """The first matches of a rule that is two facts and tests of both, where they are few."""
        trigger, (other, tests) = plan.trigger, pair
        assert trigger is not None
        entries = self._memory.get(trigger.slot)
        if entries is None:
            return
        pool = self._memory.get(other.slot)
        if pool is None:
            facts = self._candidates(other, reading)
            if not facts:
                return
            if len(facts) <= SCAN and other.slot not in self._group.triggers:
                pool = self._memory[other.slot] = self._met(other, facts, reading)
        if pool is None or (len(pool) > FEW and len(entries) > 1):
            self._rule(plan, base, reading, out)
            return
        identity = reading.identity if trigger.entity == other.entity else None
        turned = plan.patterns[0] is other
        first, second = trigger.var, other.var
        for fact, own in entries:
            for partner, theirs in pool:
                if identity is not None and identity(fact) == identity(partner):
                    continue
                env: Env = {first: fact, second: partner}
                held = _after(own and theirs and base, tests, reading, env)
                if held is not False:
                    ids = (partner.id, fact.id) if turned else (fact.id, partner.id)
                    out.append(_new(Match, (plan, env, ids, held)))

    def _ready(self, plan: RulePlan, reading: Reading) -> bool:
        """Whether there is anything for the pattern that stirs it, and for each ``some``."""
        trigger = plan.trigger
        if trigger is not None and trigger.slot not in self._memory:
            return False
        if not plan.needs:
            return True
        return all(one is trigger or self._candidates(one, reading) for one in plan.needs)

    def _candidates(self, one: Pattern, reading: Reading) -> Sequence[Fact]:
        """The facts that a pattern may match; its tests are not asked yet."""
        view = reading.documented if one.documented else reading.current
        if one.member is not None:
            return view.coded(one.entity, one.codes, one.member, reading.key)
        if one.gate is None:
            return view.all(one.entity)
        name, values = one.gate
        if len(values) == 1:
            return view.equal(one.entity, name, values[0])
        found = {fact.id: fact for value in values for fact in view.equal(one.entity, name, value)}
        return list(found.values())

    def _met(self, one: Pattern, facts: Sequence[Fact], reading: Reading) -> list[Entry]:
        """Those of some facts that meet a pattern."""
        possible = reading.current.possible
        out: list[Entry] = []
        for fact in facts:
            truth = self._decide(one, fact, one.tests, reading) if one.tests else True
            if truth is not False:
                out.append((fact, None if fact.id in possible else truth))
        return out

    def _pool(self, one: Pattern, reading: Reading) -> list[Entry]:
        """All facts that meet a pattern."""
        known = self._memory.get(one.slot)
        if known is None:
            known = []
            if one.slot not in self._group.triggers:
                known = self._met(one, self._candidates(one, reading), reading)
            self._memory[one.slot] = known
        return known

    def _rule(self, plan: RulePlan, base: Truth, reading: Reading, out: list[Match]) -> None:
        names = plan.names
        found: dict[tuple[str, ...], Match] = {}
        for first, entries in self._starts(plan, reading):
            for env, truth in self._join(plan, first, entries, base, reading):
                held = _after(truth, plan.last, reading, env) if plan.last else truth
                if held is False:
                    continue
                if plan.rows:
                    ids = tuple([_id(plan, name, env) for name in names])
                else:
                    ids = tuple([env[name].id for name in names])
                found[ids] = Match(plan, env, ids, held)
        out += found.values()

    def _starts(self, plan: RulePlan, reading: Reading) -> list[tuple[int, list[Entry]]]:
        patterns = plan.patterns
        if not patterns:
            return [(0, [])]
        if self._rounds == 0 or plan.reactive:
            first = 0 if len(patterns) == 1 else self._fewest(plan, reading)
            return [(first, self._pool(patterns[first], reading))]
        fresh = self._fresh
        return [(at, fresh[one.slot]) for at, one in enumerate(patterns) if one.slot in fresh]

    def _fewest(self, plan: RulePlan, reading: Reading) -> int:
        """The number of the pattern to start from."""
        sizes: list[int] = []
        for at, one in enumerate(plan.patterns):
            known = self._memory.get(one.slot)
            if known is not None and len(known) <= FEW:
                return at
            sizes.append(len(self._candidates(one, reading) if known is None else known))
        return sizes.index(min(sizes))

    def _join(
        self, plan: RulePlan, first: int, entries: list[Entry], base: Truth, reading: Reading
    ) -> list[Partial]:
        partial: list[Partial] = [({}, base)]
        start = plan.patterns[first] if plan.patterns else None
        for step in plan.steps(first):
            if step.row is not None:
                partial = self._rows(step, partial, reading)
            elif step.pattern is not start:
                partial = self._facts(step, partial, self._chosen(step, partial, reading), reading)
            elif start is not None and not step.tests and not plan.rows:
                var = start.var
                partial = [({var: fact}, own and base) for fact, own in entries]
            else:
                partial = self._facts(step, partial, lambda env: entries, reading)
            if not partial:
                break
            if len(partial) > self._limit * PARTIALS:
                raise FiringLimit(self._limit * PARTIALS, plan.rule.id, len(partial))
        return partial

    def _chosen(
        self, step: Step, partial: list[Partial], reading: Reading
    ) -> Callable[[Env], list[Entry]]:
        """For each partial match the facts worth trying: by the joined value where that is few."""
        one, join = step.pattern, step.join
        assert one is not None
        pool = self._memory.get(one.slot)
        if pool is None and join is not None and join.field:
            view = reading.documented if one.documented else reading.current
            facts = self._candidates(one, reading)
            if len(facts) <= SCAN and one.slot not in self._group.triggers:
                pool = self._memory[one.slot] = self._met(one, facts, reading)
            most = len(facts)
            asked: dict[Value, list[Entry]] = {}

            def joined(env: Env) -> list[Entry]:
                value = join.theirs(reading, env)
                if value is None:
                    return self._pool(one, reading)
                known = asked.get(value)
                if known is None:
                    alike = view.equal(one.entity, join.field, value)
                    few = len(alike) < most
                    known = self._met(one, alike, reading) if few else self._pool(one, reading)
                    asked[value] = known
                return known

            if pool is None and most > SCAN:
                return joined
        if pool is None:
            pool = self._pool(one, reading)
        if join is None or len(partial) == 1 or len(pool) <= FEW:
            return lambda env: pool
        index: dict[Value | None, list[Entry]] = {}
        for entry in pool:
            index.setdefault(join.mine(reading, {one.var: entry[0]}), []).append(entry)
        unknown = index.get(None, [])

        def equal(env: Env) -> list[Entry]:
            value = join.theirs(reading, env)
            if value is None:
                return pool
            return index.get(value, []) + unknown if unknown else index.get(value, [])

        return equal

    def _facts(
        self,
        step: Step,
        partial: list[Partial],
        chosen: Callable[[Env], list[Entry]],
        reading: Reading,
    ) -> list[Partial]:
        assert step.pattern is not None
        var, tests, apart = step.pattern.var, step.tests, step.apart
        identity = reading.identity
        out: list[Partial] = []
        for env, truth in partial:
            taken = [identity(env[name]) for name in apart]  # type: ignore[arg-type]
            for fact, own in chosen(env):
                if taken and identity(fact) in taken:
                    continue
                bound: Env = {**env, var: fact}
                held = truth if own is True else None
                if tests:
                    held = _after(held, tests, reading, bound)
                    if held is False:
                        continue
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
