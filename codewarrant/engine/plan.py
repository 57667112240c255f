"""The matching plan of a program: worked out once, then shared read-only between threads.

For each rule: which patterns facts are sent to, the earliest variable that can decide each
conjunct, the equalities that join two variables, the tests that wait for the end. For each stage
and level: the dispatch from facts to patterns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from codewarrant.engine import conditions as c
from codewarrant.engine.atoms import all_of
from codewarrant.engine.conditions import Window
from codewarrant.engine.dispatch import REMEMBERED, Dispatch, Pattern
from codewarrant.engine.errors import EngineError
from codewarrant.engine.evaluate import condition, conjuncts, keys_of, term
from codewarrant.engine.guards import check
from codewarrant.engine.program import (
    STAGE_OF,
    STAGES,
    Action,
    Because,
    Program,
    Rule,
    Stage,
    Swap,
)
from codewarrant.engine.reading import Reader, Scope, Test
from codewarrant.engine.reads import atom_terms, terms_of, variables
from codewarrant.engine.strata import LoopError, Strata, strata
from codewarrant.engine.values import ANY_CODE, Code, CodeOrder, Intervals, Membership


@dataclass(frozen=True, slots=True)
class ActionPlan:
    action: Action
    terms: tuple[Reader, ...]
    """The terms that it needs a value of, in the order of :func:`reads.terms_of`."""
    because: tuple[str | Reader, ...]


@dataclass(frozen=True, slots=True)
class ExceptionPlan:
    name: str
    window: Window
    when: Test
    because: tuple[str | Reader, ...]
    instead: tuple[ActionPlan, ...]
    override: str
    withdrawn_by: tuple[ExceptionPlan, ...]
    """The exceptions to this exception."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A variable over the rows of a relation, found by the keys of its ``matches``."""

    var: str
    relation: str
    keys: Callable[..., Any]
    needs: frozenset[str]
    """Variables that the keys read."""


@dataclass(frozen=True, slots=True)
class Join:
    """``field`` of the new fact equals ``other_field`` of what ``other`` is bound to."""

    field: str
    other: str
    other_field: str


@dataclass(frozen=True, slots=True)
class Step:
    """One variable more: a fact or a row, then every conjunct that is now decided."""

    pattern: Pattern | None
    row: RowPlan | None
    tests: tuple[Test, ...]
    join: Join | None
    apart: tuple[str, ...]
    """Earlier variables of the same entity: they never bind the same fact."""


@dataclass(frozen=True)
class RulePlan:
    """One rule with one set of actions: its own, or those of a swap."""

    index: int
    rule: Rule
    swap: Swap | None
    stage: Stage
    level: int
    patterns: tuple[Pattern, ...]
    """One for each variable over facts."""
    needs: tuple[Pattern, ...]
    """One for each ``some`` that must hold: without a candidate the rule is not looked at."""
    rows: tuple[RowPlan, ...]
    shared: tuple[tuple[frozenset[str], Test], ...]
    """Conjuncts over several variables, or over rows."""
    joins: tuple[tuple[str, str, str, str], ...]
    last: tuple[Test, ...]
    """Quantifiers, aggregates and conjuncts without a variable."""
    reactive: bool
    """A ``some`` reads what holds now: new facts may make a match true that was not."""
    loose: bool
    """Reactive through a ``some`` deeper inside, so that none of its patterns says when."""
    whole: Test
    actions: tuple[ActionPlan, ...]
    exceptions: tuple[ExceptionPlan, ...]
    _steps: dict[int, tuple[Step, ...]] = field(default_factory=dict)

    def steps(self, first: int) -> tuple[Step, ...]:
        """The order in which variables are bound if pattern number ``first`` comes first."""
        known = self._steps.get(first)
        if known is None:
            known = self._steps[first] = _steps(self, first)
        return known


@dataclass(frozen=True)
class Group:
    """The rules of one stage, or of one level of the code stage."""

    stage: Stage
    level: int
    stratum: int
    dispatch: Dispatch
    slots: int
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
    fields: dict[tuple[str, str, bool], Reader] = {}
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
            fields,
            frozenset(one.var for one in rule.binders if one.relation),
        )
        first = slots.get((stage, level), 0)
        plan = _rule(len(plans), rule, swap, stage, level, first, scope)
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
    groups = tuple(_groups(loaded, slots))
    object.__setattr__(loaded, "groups", groups)
    return loaded


def _stage(rule: Rule, swap: Swap | None) -> Stage:
    if swap is None or not swap.actions:
        return rule.stage
    stages: list[Stage] = [STAGE_OF[type(item)] for item in swap.actions]
    return min(stages, key=STAGES.index)


def _groups(loaded: Loaded, slots: dict[tuple[Stage, int], int]) -> list[Group]:
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
        dispatch = Dispatch(
            [one for plan in plans for one in (*plan.patterns, *plan.needs)], loaded.key
        )
        always = tuple(plan.index for plan in plans if not plan.patterns and not plan.needs)
        loose = tuple(plan.index for plan in plans if plan.loose)
        groups.append(
            Group(stage, level, stratum, dispatch, slots.get((stage, level), 0), always, loose)
        )
    return groups


# ---- one rule -------------------------------------------------------------------


def _rule(
    index: int, rule: Rule, swap: Swap | None, stage: Stage, level: int, slot: int, scope: Scope
) -> RulePlan:
    parts = conjuncts(rule.when)
    names = {one.var for one in rule.binders}
    tests = [condition(part, scope) for part in parts]
    local: dict[str, list[tuple[c.Condition, Test]]] = {}
    shared: list[tuple[frozenset[str], Test]] = []
    joins: list[tuple[str, str, str, str]] = []
    last: list[Test] = []
    for part, test in zip(parts, tests, strict=True):
        used = variables(part) & names
        if not used or searches(part):
            last.append(test)
        elif len(used) == 1 and not used & scope.rows:
            local.setdefault(next(iter(used)), []).append((part, test))
        else:
            shared.append((used, test))
            joins += _equalities(part, scope.rows)
    patterns: list[Pattern] = []
    for one in rule.binders:
        if not one.relation:
            own = local.get(one.var, [])
            patterns.append(_pattern(slot + len(patterns), index, one, own, scope.standing))
    needs: list[Pattern] = []
    for part in parts:
        if isinstance(part, c.Quantified) and part.kind == "some" and part.over.entity:
            if part.over.entity in scope.open_entities:
                continue
            var = part.over.var
            inside = scope.inside(part.over)
            own = [
                (inner, condition(inner, inside))
                for inner in conjuncts(part.where)
                if variables(inner) == {var} and not searches(inner)
            ]
            at = slot + len(patterns) + len(needs)
            needs.append(_pattern(at, index, part.over, own, scope.standing))
    actions = rule.actions if swap is None else swap.actions
    return RulePlan(
        index,
        rule,
        swap,
        stage,
        level,
        tuple(patterns),
        tuple(needs),
        tuple(_row(one, parts, scope) for one in rule.binders if one.relation),
        tuple(shared),
        tuple(joins),
        tuple(last),
        any(_reactive(part, scope.standing) for part in parts),
        any(_loose(part, scope.standing) for part in parts),
        all_of(tests),
        tuple(_action(one, scope) for one in actions),
        _exceptions(rule, "", scope),
    )


def searches(item: c.Condition | c.Term) -> bool:
    """Whether a condition or term looks through facts itself."""
    match item:
        case c.Quantified() | c.Aggregate():
            return True
        case c.AllOf(items) | c.AnyOf(items):
            return any(searches(part) for part in items)
        case c.Not(part):
            return searches(part)
        case c.Arith():
            return searches(item.left) or searches(item.right)
        case c.LookupTerm():
            return any(searches(key) for _, key in item.keys)
        case c.Const() | c.Field() | c.Param() | c.Clock():
            return False
    return any(searches(one) for one in atom_terms(item))


def _reactive(item: c.Condition, standing: str) -> bool:
    match item:
        case c.AllOf(items) | c.AnyOf(items):
            return any(_reactive(part, standing) for part in items)
        case c.Quantified(_, "some", over, where):
            own = over.entity == standing and not over.documented
            return own or _reactive(where, standing)
    return False


def _loose(part: c.Condition, standing: str) -> bool:
    if isinstance(part, c.Quantified):
        return part.kind == "some" and _reactive(part.where, standing)
    return _reactive(part, standing)


def _pattern(
    slot: int, plan: int, one: c.Binder, own: list[tuple[c.Condition, Test]], standing: str
) -> Pattern:
    gate = None
    for part, _ in own:
        match part:
            case c.Compare(_, "=", c.Field(var, name), c.Const(value)) if var == one.var and name:
                gate = (name, (value,))
            case c.OneOf(_, c.Field(var, name), values) if var == one.var and name:
                gate = gate or (name, values)
    return Pattern(
        slot,
        plan,
        one.var,
        one.entity,
        one.documented and one.entity == standing,
        one.codes,
        gate if one.codes == ANY_CODE else None,
        tuple(test for _, test in own),
    )


def _row(one: c.Binder, parts: list[c.Condition], scope: Scope) -> RowPlan:
    keys: dict[str, c.Term] = {}
    for part in parts:
        if isinstance(part, c.Matches) and part.var == one.var:
            keys.update(part.keys)
    needs = frozenset().union(*(variables(item) for item in keys.values()))
    if one.var in needs:
        raise EngineError(f"the keys of `{one.var}` read `{one.var}` itself")
    return RowPlan(one.var, one.relation, keys_of(tuple(keys.items()), scope), needs)


def _equalities(part: c.Condition, rows: frozenset[str]) -> list[tuple[str, str, str, str]]:
    match part:
        case c.Compare(_, "=", c.Field(a, f), c.Field(b, g)) if f and g and a != b:
            if not {a, b} & rows:
                return [(a, f, b, g), (b, g, a, f)]
    return []


def _steps(plan: RulePlan, first: int) -> tuple[Step, ...]:
    waiting = [one for at, one in enumerate(plan.patterns) if at != first]
    rows = list(plan.rows)
    tests = list(plan.shared)
    bound: list[str] = []
    entity = {one.var: one.entity for one in plan.patterns}
    steps: list[Step] = []

    def take(pattern: Pattern | None, row: RowPlan | None, join: Join | None) -> None:
        chosen = pattern or row
        assert chosen is not None
        apart = tuple(var for var in bound if entity.get(var) == pattern.entity) if pattern else ()
        bound.append(chosen.var)
        ready = tuple(test for used, test in tests if used <= set(bound))
        tests[:] = [item for item in tests if not item[0] <= set(bound)]
        steps.append(Step(pattern, row, ready, join, apart))

    def take_rows() -> None:
        for row in [one for one in rows if one.needs <= set(bound)]:
            rows.remove(row)
            take(None, row, None)

    take_rows()
    if plan.patterns:
        take(plan.patterns[first], None, None)
    while waiting or rows:
        before = len(rows)
        take_rows()
        if waiting:
            joined = [(one, join) for one in waiting if (join := _joined(plan, one, bound))]
            one, join = joined[0] if joined else (waiting[0], None)
            waiting.remove(one)
            take(one, None, join)
        elif len(rows) == before:
            raise EngineError(f"`{plan.rule.id}`: the keys of its rows read each other")
    return tuple(steps)


def _joined(plan: RulePlan, pattern: Pattern, bound: list[str]) -> Join | None:
    for mine, name, other, other_name in plan.joins:
        if mine == pattern.var and other in bound:
            return Join(name, other, other_name)
    return None


def _action(action: Action, scope: Scope) -> ActionPlan:
    because = getattr(action, "because", None) or getattr(action, "text", Because())
    return ActionPlan(
        action,
        tuple(term(item, scope) for item in terms_of(action)),
        _because(because, scope),
    )


def _because(because: Because, scope: Scope) -> tuple[str | Reader, ...]:
    return tuple(part if isinstance(part, str) else term(part, scope) for part in because.parts)


def _exceptions(rule: Rule, to: str, scope: Scope) -> tuple[ExceptionPlan, ...]:
    return tuple(
        ExceptionPlan(
            one.name,
            one.window,
            condition(one.when, scope.negative()),
            _because(one.because, scope),
            tuple(_action(action, scope) for action in one.instead),
            one.override,
            _exceptions(rule, one.name, scope),
        )
        for one in sorted(rule.exceptions, key=lambda one: (one.name, one.override))
        if one.to == to
    )


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
