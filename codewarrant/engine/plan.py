"""The matching plan of a program: worked out once, then shared read-only between threads.

The plan of each rule, and for each stage and level the dispatch from facts to patterns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from codewarrant.engine import conditions as c
from codewarrant.engine.conditions import Window
from codewarrant.engine.dispatch import REMEMBERED, Dispatch
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.guards import check
from codewarrant.engine.program import STAGE_OF, STAGES, Program, Rule, Stage, Swap
from codewarrant.engine.reading import Reader, Scope
from codewarrant.engine.reads import atom_terms
from codewarrant.engine.rule_plan import RulePlan, rule_plan
from codewarrant.engine.strata import LoopError, Strata, strata
from codewarrant.engine.values import Code, CodeOrder, Intervals, Membership


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


@dataclass(frozen=True)
class Loaded:
    """A program ready to run; immutable but for memories that only ever hold the same answers."""

    program: Program
    plans: tuple[RulePlan, ...]
    groups: tuple[Group, ...]
    strata: Strata
    prefetch: tuple[Prefetch, ...]
    suspended: tuple[Rule, ...]
    """Rules that some override suspends in some period."""
    orders: dict[str, CodeOrder]
    _keys: dict[Code, str] = field(default_factory=dict)

    def key(self, code: Code) -> str:
        """The place of a code in its order."""
        known = self._keys.get(code)
        if known is None:
            order = self.orders.get(code.system) or CodeOrder(code.system)
            known = order.key(code.value)
            if len(self._keys) >= REMEMBERED:
                self._keys.clear()
            self._keys[code] = known
        return known

    def group(self, stage: Stage) -> list[Group]:
        return [one for one in self.groups if one.stage == stage]


def load(program: Program) -> Loaded:
    """Work out the plan of a program.

    Raises :class:`LoopError` if rules wait for each other, :class:`EngineError` for a program that
    breaks another rule of the language (its own checker reports these first, with their place).
    """
    rules = tuple(sorted(program.rules, key=lambda rule: rule.id))
    check(program, rules)
    variants: list[tuple[Rule, Swap | None, Stage]] = [
        (rule, swap, _stage(rule, swap)) for rule in rules for swap in (None, *rule.swaps)
    ]
    in_code = {rule.id: rule for rule, _, stage in variants if stage == "code"}
    levels = strata(tuple(in_code.values()), program)
    if levels.loops:
        raise LoopError(levels.loops)
    memberships: dict[Intervals, Membership] = {}
    readers: dict[tuple[str, str, bool], Reader] = {}
    windows: dict[Window, int] = {}
    parameters = {one.id: one for one in program.parameters}
    orders = {one.system: one for one in program.orders}
    slots: dict[tuple[Stage, int], int] = {}
    plans: list[RulePlan] = []
    for rule, swap, stage in variants:
        level = levels.levels[rule.id] if stage == "code" else 0
        scope = Scope(
            parameters,
            program.standing,
            frozenset(program.open_entities),
            rule.window.clock,
            memberships,
            readers,
            windows,
            frozenset(one.var for one in rule.binders if one.relation),
        )
        first = slots.get((stage, level), 0)
        plan = rule_plan(len(plans), rule, swap, stage, level, first, scope)
        slots[stage, level] = first + len(plan.patterns) + len(plan.needs)
        plans.append(plan)
    loaded = Loaded(
        program,
        tuple(plans),
        (),
        levels,
        _prefetches(rules),
        tuple(rule for rule in rules if rule.suspensions),
        orders,
    )
    groups = tuple(_groups(loaded))
    object.__setattr__(loaded, "groups", groups)
    return loaded


def _stage(rule: Rule, swap: Swap | None) -> Stage:
    if swap is None or not swap.actions:
        return rule.stage
    stages: list[Stage] = [STAGE_OF[type(item)] for item in swap.actions]
    return min(stages, key=STAGES.index)


def _groups(loaded: Loaded) -> list[Group]:
    count = loaded.strata.count
    levels: list[tuple[Stage, int]] = [("code", level) for level in range(count)]
    order: list[tuple[Stage, int]] = [
        ("admit", 0), *levels, ("sequence", 0), ("line", 0), ("edit", 0),
    ]  # fmt: skip
    by_place: dict[tuple[Stage, int], list[RulePlan]] = {}
    for plan in loaded.plans:
        by_place.setdefault((plan.stage, plan.level), []).append(plan)
    groups = []
    for stratum, (stage, level) in enumerate(order):
        plans = by_place.get((stage, level), [])
        patterns = [one for plan in plans for one in (*plan.patterns, *plan.needs)]
        triggers = [plan.trigger for plan in plans if plan.trigger is not None]
        first = [*triggers, *(one for one in patterns if one.asks)]
        later = [
            one
            for one in patterns
            if stage == "code" and one.entity == loaded.program.standing and not one.documented
        ]
        first = {one.slot: one for one in first}
        always = tuple(plan.index for plan in plans if not plan.patterns and not plan.needs)
        loose = tuple(plan.index for plan in plans if plan.loose)
        groups.append(
            Group(
                stage,
                level,
                stratum,
                Dispatch(first.values(), loaded.key),
                Dispatch(later, loaded.key),
                frozenset(first),
                always,
                loose,
            )
        )
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
