"""The matching plan of a program: worked out once, then shared read-only between threads.

The plan of each rule, and for each stage and level the dispatch from facts to patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, overload

from codewarrant.engine import conditions as c
from codewarrant.engine.collector import paused
from codewarrant.engine.conditions import Window
from codewarrant.engine.dispatch import REMEMBERED, Dispatch, Pattern, Place, place
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.guards import check
from codewarrant.engine.program import STAGE_OF, STAGES, Program, Rule, Stage, Swap
from codewarrant.engine.reading import Scope
from codewarrant.engine.reads import atom_terms
from codewarrant.engine.rule_plan import RulePlan, rule_plan
from codewarrant.engine.strata import LoopError, strata
from codewarrant.engine.values import Code, CodeOrder


@dataclass(frozen=True)
class Group:
    """The rules of one stage, or of one level of the code stage."""

    stage: Stage
    level: int
    stratum: int
    first: Dispatch
    """The patterns that the facts of a chart are sent to: those that stir a rule."""
    later: Dispatch
    """The patterns that a conclusion is sent to: all those that it may match."""
    triggers: frozenset[int]
    """The slots of the patterns in ``first``: all their facts are known once those were sent."""
    always: tuple[int, ...]
    """Plans that no fact triggers."""
    loose: tuple[int, ...]
    """Plans that any new standing fact may concern."""


Prefetch: TypeAlias = tuple[str, str, str, str]
"""entity, field, relation, key column: a look-up that depends on one field of one fact."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A rule with one set of actions: ``rule`` and ``swap`` are numbers, -1 is no swap.

    ``slot`` numbers the first of its patterns, ``window`` when it is in force.
    """

    rule: int
    swap: int
    stage: Stage
    level: int
    slot: int
    window: int


@dataclass(frozen=True, slots=True)
class GroupLayout:
    """What :class:`Group` is made of."""

    stage: Stage
    level: int
    stratum: int
    first: tuple[Place, ...]
    later: tuple[Place, ...]
    always: tuple[int, ...]
    loose: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All that takes long to work out about a program, as plain data."""

    variants: tuple[Variant, ...]
    groups: tuple[GroupLayout, ...]
    levels: tuple[tuple[str, int], ...]
    """The level of each code rule by id."""
    count: int
    prefetch: tuple[Prefetch, ...]


class Plans(Sequence[RulePlan]):
    """The plan of each variant, worked out when first asked for."""

    def __init__(self, program: Program, variants: tuple[Variant, ...]) -> None:
        self._rules = _ordered(program)
        self._variants = variants
        self._scope = Scope(
            {one.id: one for one in program.parameters},
            program.standing,
            frozenset(program.open_entities),
            "",
            {},
            {},
        )
        self._known: dict[int, RulePlan] = {}

    def __len__(self) -> int:
        return len(self._variants)

    @overload
    def __getitem__(self, index: int) -> RulePlan: ...
    @overload
    def __getitem__(self, index: slice) -> list[RulePlan]: ...
    def __getitem__(self, index: int | slice) -> RulePlan | list[RulePlan]:
        if type(index) is slice:
            return [self[at] for at in range(*index.indices(len(self)))]
        known = self._known.get(index)
        if known is None:
            own = self._variants[index]
            rule = self._rules[own.rule]
            scope = replace(
                self._scope,
                clock=rule.window.clock,
                rows=frozenset(one.var for one in rule.binders if one.relation),
            )
            swap = rule.swaps[own.swap] if own.swap >= 0 else None
            made = rule_plan(index, rule, swap, own.stage, own.level, own.slot, own.window, scope)
            # two threads may both make it; all use the one that came first
            known = self._known.setdefault(index, made)
        return known

    def pattern(self, one: Place) -> Pattern:
        """The pattern of a place."""
        plan = self[one.plan]
        count = len(plan.patterns)
        return plan.patterns[one.at] if one.at < count else plan.needs[one.at - count]


class _Keys(dict[Code, str]):
    """The places of codes in their orders, worked out when first asked for.

    A dictionary of its own kind, because a chart's facts are indexed by these on every run.
    """

    def __init__(self, orders: Mapping[str, CodeOrder]) -> None:
        super().__init__()
        self._orders = orders

    def __missing__(self, code: Code) -> str:
        order = self._orders.get(code.system) or CodeOrder(code.system)
        if len(self) >= REMEMBERED:
            self.clear()
        found = self[code] = order.key(code.value)
        return found


@dataclass(frozen=True)
class Loaded:
    """A program ready to run; immutable but for memories that only ever hold the same answers."""

    program: Program
    layout: Layout
    plans: Plans
    groups: tuple[Group, ...]
    suspended: tuple[Rule, ...]
    """Rules that some override suspends in some period."""
    orders: dict[str, CodeOrder]
    key: Callable[[Code], str]
    """The place of a code in its order."""

    def group(self, stage: Stage) -> list[Group]:
        return [one for one in self.groups if one.stage == stage]


@paused()
def load(program: Program) -> Loaded:
    """Work out the plan of a program.

    Raises :class:`LoopError` if rules wait for each other, :class:`EngineError` for a program that
    breaks another rule of the language (its own checker reports these first, with their place).
    """
    rules = _ordered(program)
    check(program, rules)
    stages: list[tuple[int, int, Stage]] = [
        (number, at, _stage(rule, swap))
        for number, rule in enumerate(rules)
        for at, swap in enumerate((None, *rule.swaps), -1)
    ]
    in_code = {rules[number].id: rules[number] for number, _, stage in stages if stage == "code"}
    levels = strata(tuple(in_code.values()), program)
    if levels.loops:
        raise LoopError(levels.loops)
    windows: dict[Window, int] = {}
    slots: dict[tuple[Stage, int], int] = {}
    variants: list[Variant] = []
    for number, at, stage in stages:
        rule = rules[number]
        level = levels.levels[rule.id] if stage == "code" else 0
        first = slots.get((stage, level), 0)
        slots[stage, level] = first + len(rule.binders) + len(conjuncts(rule.when))
        if rule.suspensions or rule.swaps:
            window = -1 - len(variants)
        else:
            window = windows.setdefault(rule.window, len(windows))
        variants.append(Variant(number, at, stage, level, first, window))
    plans = Plans(program, tuple(variants))
    layout = Layout(
        tuple(variants),
        tuple(_groups(plans, levels.count, program.standing)),
        tuple(sorted(levels.levels.items())),
        levels.count,
        _prefetches(rules),
    )
    return opened(program, layout, plans)


def opened(program: Program, layout: Layout, plans: Plans | None = None) -> Loaded:
    """A program with its layout, ready to run."""
    found = Plans(program, layout.variants) if plans is None else plans
    suspended = tuple(rule for rule in _ordered(program) if rule.suspensions)
    orders = {one.system: one for one in program.orders}
    key = _Keys(orders).__getitem__
    groups = tuple(
        Group(
            one.stage,
            one.level,
            one.stratum,
            Dispatch(one.first, found.pattern, key),
            Dispatch(one.later, found.pattern, key),
            frozenset(place.slot for place in one.first),
            one.always,
            one.loose,
        )
        for one in layout.groups
    )
    return Loaded(program, layout, found, groups, suspended, orders, key)


def _ordered(program: Program) -> tuple[Rule, ...]:
    return tuple(sorted(program.rules, key=lambda rule: rule.id))


def _stage(rule: Rule, swap: Swap | None) -> Stage:
    if swap is None or not swap.actions:
        return rule.stage
    stages: list[Stage] = [STAGE_OF[type(item)] for item in swap.actions]
    return min(stages, key=STAGES.index)


def _groups(plans: Plans, count: int, standing: str) -> list[GroupLayout]:
    levels: list[tuple[Stage, int]] = [("code", level) for level in range(count)]
    order: list[tuple[Stage, int]] = [
        ("admit", 0), *levels, ("sequence", 0), ("line", 0), ("edit", 0),
    ]  # fmt: skip
    by_place: dict[tuple[Stage, int], list[RulePlan]] = {}
    for plan in plans:
        by_place.setdefault((plan.stage, plan.level), []).append(plan)
    groups = []
    for stratum, (stage, level) in enumerate(order):
        own = by_place.get((stage, level), [])
        first: list[Place] = []
        later: list[Place] = []
        for plan in own:
            for at, one in enumerate((*plan.patterns, *plan.needs)):
                found = place(one, at)
                if one is plan.trigger or one.asks:
                    first.append(found)
                if stage == "code" and one.entity == standing and not one.documented:
                    later.append(found)
        always = tuple(plan.index for plan in own if not plan.patterns and not plan.needs)
        loose = tuple(plan.index for plan in own if plan.loose)
        groups.append(GroupLayout(stage, level, stratum, tuple(first), tuple(later), always, loose))
    return groups


def _prefetches(rules: tuple[Rule, ...]) -> tuple[Prefetch, ...]:
    found: set[Prefetch] = set()

    def visit(item: c.Term, entities: dict[str, str]) -> None:
        match item:
            case c.LookupTerm(relation, ((column, c.Field(var, name)),), _) if var in entities:
                found.add((entities[var], name, relation, column))
            case c.Arith():
                visit(item.left, entities)
                visit(item.right, entities)

    for rule in rules:
        entities = {one.var: one.entity for one in rule.binders if one.entity}
        for part in conjuncts(rule.when):
            for one in atom_terms(part):
                visit(one, entities)
    return tuple(sorted(found))
