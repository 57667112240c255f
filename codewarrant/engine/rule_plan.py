"""The matching plan of one rule: worked out once, then shared read-only between threads.

Which patterns facts are sent to and which of them stirs the rule, the earliest variable that can
decide each conjunct, the equalities that join two variables, the tests that wait for the end, and
what the trace shows of a rule whose conditions are all plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from codewarrant.engine import conditions as c
from codewarrant.engine.action_plan import (
    ActionPlan,
    ExceptionPlan,
    Judgement,
    action_plan,
    exception_plans,
    settled_judgement,
)
from codewarrant.engine.atoms import all_of
from codewarrant.engine.dispatch import Pattern, selectivity
from codewarrant.engine.errors import EngineError
from codewarrant.engine.evaluate import condition, conjuncts, keys_of, term
from codewarrant.engine.fact_tests import FactTest, fact_test, of_code, pair_test
from codewarrant.engine.program import Rule, Sequence, Stage, Swap
from codewarrant.engine.reading import Reader, Scope, Test
from codewarrant.engine.reads import actions_of, atom_terms, variables
from codewarrant.engine.steps import Equality, RowPlan, Step, equalities, steps_from
from codewarrant.engine.values import ANY_CODE


class Shown(NamedTuple):
    """An atom of which the trace shows the value: a field of a variable's fact, or what
    ``read`` gives, or nothing."""

    atom: int
    text: str
    var: str
    field: str
    read: Reader | None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule with one set of actions: its own, or those of a swap."""

    index: int
    rule: Rule
    swap: Swap | None
    stage: Stage
    level: int
    names: tuple[str, ...]
    """The variables in the rule's order."""
    patterns: tuple[Pattern, ...]
    """One for each variable over facts."""
    needs: tuple[Pattern, ...]
    """One for each ``some`` that must hold: without a candidate the rule is not looked at."""
    trigger: Pattern | None
    """The one of them that lets the fewest facts through: without one of those facts the rule is
    not looked at, and the others' are looked for once there is one."""
    single: bool
    """One pattern decides all: there is nothing to join, to look up or to search."""
    pair: tuple[Pattern, tuple[Test, ...]] | None
    """Of a rule that is two patterns and tests of both facts, where the trigger is one of them:
    the other one, and the tests."""
    rows: tuple[RowPlan, ...]
    shared: tuple[tuple[frozenset[str], Test], ...]
    """Conjuncts over several variables, or over rows."""
    joins: tuple[Equality, ...]
    last: tuple[Test, ...]
    """Quantifiers, aggregates and conjuncts without a variable."""
    reactive: bool
    """A ``some`` reads what holds now: new facts may make a match true that was not."""
    loose: bool
    """Reactive through a ``some`` deeper inside, so that none of its patterns says when."""
    whole: Test
    shown: tuple[Shown, ...] | None
    """The atoms, where all of the condition is plain atoms: of a match all are true then. None
    where it must be evaluated for the trace."""
    orders: bool
    """All that it ever does is to say what stands before what."""
    window: int
    """Rules of one number are in force on the same days; one with overrides has its own."""
    actions: tuple[ActionPlan, ...]
    settled: Judgement | None
    """Of a rule whose every true match is judged alike: how."""
    exceptions: tuple[ExceptionPlan, ...]
    _steps: dict[int, tuple[Step, ...]] = field(default_factory=dict)

    def steps(self, first: int) -> tuple[Step, ...]:
        """The order in which variables are bound if pattern number ``first`` comes first."""
        known = self._steps.get(first)
        if known is None:
            made = steps_from(first, self.patterns, self.rows, self.shared, self.joins)
            known = self._steps[first] = made
        return known


# ---- one rule -------------------------------------------------------------------


def rule_plan(
    index: int,
    rule: Rule,
    swap: Swap | None,
    stage: Stage,
    level: int,
    slot: int,
    window: int,
    scope: Scope,
) -> RulePlan:
    """The plan of a rule with its own actions or those of a swap.

    ``slot`` is the first number free for its patterns among those of its stage and level,
    ``window`` the number of the days on which it is in force.
    """
    parts = conjuncts(rule.when)
    names = {one.var for one in rule.binders}
    tests = [condition(part, scope) for part in parts]
    local: dict[str, list[tuple[c.Condition, Test]]] = {}
    shared: list[tuple[frozenset[str], Test]] = []
    joins: list[Equality] = []
    last: list[Test] = []
    plain = True
    for part, test in zip(parts, tests, strict=True):
        used = variables(part) & names
        looks = searches(part)
        plain = plain and not looks and not isinstance(part, c.AllOf | c.AnyOf | c.Not)
        if not used or looks:
            last.append(test)
        elif len(used) == 1 and not used & scope.rows:
            local.setdefault(next(iter(used)), []).append((part, test))
        else:
            shared.append((used, pair_test(part, test, scope)))
            joins += equalities(part, scope)
    patterns: list[Pattern] = []
    for one in rule.binders:
        if not one.relation:
            own = local.get(one.var, [])
            patterns.append(_pattern(slot + len(patterns), index, one, own, scope))
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
            needs.append(_pattern(at, index, part.over, own, inside))
    trigger = min((*patterns, *needs), key=selectivity, default=None)
    paired = len(rule.binders) == len(patterns) == 2 and not needs and not last
    paired = paired and all(one.field for one in joins)
    actions = tuple(
        action_plan(one, scope) for one in (rule.actions if swap is None else swap.actions)
    )
    exceptions = exception_plans(rule, "", scope)
    return RulePlan(
        index,
        rule,
        swap,
        stage,
        level,
        tuple(one.var for one in rule.binders),
        tuple(patterns),
        tuple(needs),
        trigger,
        len(rule.binders) == len(patterns) == 1 and not needs and not shared and not last,
        _pair(patterns, trigger, shared) if paired else None,
        tuple(_row(one, parts, scope) for one in rule.binders if one.relation),
        tuple(shared),
        tuple(joins),
        tuple(last),
        any(_reactive(part, scope.standing) for part in parts),
        any(_loose(part, scope.standing) for part in parts),
        all_of(tests),
        _shown(rule, parts, scope) if plain else None,
        all(isinstance(one, Sequence) for one in actions_of(rule)),
        window,
        actions,
        settled_judgement(actions, exceptions),
        exceptions,
    )


def _pair(
    patterns: list[Pattern],
    trigger: Pattern | None,
    shared: list[tuple[frozenset[str], Test]],
) -> tuple[Pattern, tuple[Test, ...]]:
    first, second = patterns
    return second if first is trigger else first, tuple(test for _, test in shared)


def text_of_atom(rule: Rule, atom: int) -> str:
    """The text of a numbered atom."""
    return rule.atoms[atom] if 0 <= atom < len(rule.atoms) else ""


def _shown(rule: Rule, parts: list[c.Condition], scope: Scope) -> tuple[Shown, ...]:
    found = [
        _one_shown(part, text_of_atom(rule, part.atom), scope)
        for part in parts
        if not isinstance(part, c.AllOf | c.AnyOf | c.Not)
    ]
    return tuple(sorted(found, key=lambda one: one.atom))


def _one_shown(item: c.Condition, text: str, scope: Scope) -> Shown:
    atom = item.atom  # type: ignore[union-attr]
    if isinstance(item, c.Matches | c.Mentions):
        return Shown(atom, text, "", "", None)
    shown = atom_terms(item)[0]
    match shown:
        case c.Field(var, name) if name and var not in scope.rows:
            return Shown(atom, text, var, name, None)
    return Shown(atom, text, "", "", term(shown, scope))


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
    slot: int, plan: int, one: c.Binder, own: list[tuple[c.Condition, Test]], scope: Scope
) -> Pattern:
    gate = None
    tests: list[FactTest] = []
    sent: list[FactTest] = []
    bounded = one.codes != ANY_CODE
    for part, general in own:
        match part:
            case c.Compare(_, "=", c.Field(var, name), c.Const(value)) if var == one.var and name:
                gate = (name, (value,))
            case c.OneOf(_, c.Field(var, name), values) if var == one.var and name:
                gate = gate or (name, values)
        test = fact_test(part, one.var, general, scope)
        tests.append(test)
        if not (bounded and of_code(part, one.var, one.codes)):
            sent.append(test)
    return Pattern(
        slot,
        plan,
        one.var,
        one.entity,
        one.documented and one.entity == scope.standing,
        one.codes,
        scope.membership(one.codes) if bounded else None,
        None if bounded else gate,
        tuple(tests),
        tuple(sent),
        any(_asks(part) for part, _ in own),
    )


def _asks(item: c.Condition | c.Term) -> bool:
    """Whether a condition without quantifiers or aggregates asks a table."""
    match item:
        case c.LookupTerm():
            return True
        case c.AllOf(items) | c.AnyOf(items):
            return any(_asks(part) for part in items)
        case c.Not(part):
            return _asks(part)
        case c.Arith():
            return _asks(item.left) or _asks(item.right)
        case c.Const() | c.Field() | c.Param() | c.Clock() | c.Aggregate() | c.Quantified():
            return False
    return any(_asks(one) for one in atom_terms(item))


def _row(one: c.Binder, parts: list[c.Condition], scope: Scope) -> RowPlan:
    keys: dict[str, c.Term] = {}
    for part in parts:
        if isinstance(part, c.Matches) and part.var == one.var:
            keys.update(part.keys)
    needs = frozenset().union(*(variables(item) for item in keys.values()))
    if one.var in needs:
        raise EngineError(f"the keys of `{one.var}` read `{one.var}` itself")
    return RowPlan(one.var, one.relation, keys_of(tuple(keys.items()), scope), needs)
