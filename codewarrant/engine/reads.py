"""What a rule reads and writes of the standing entity: what its place among the strata rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from codewarrant.engine import conditions as c
from codewarrant.engine.comparing import same
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.program import (
    Action,
    Assign,
    LimitUnits,
    Program,
    Replace,
    Rule,
    Sequence,
)
from codewarrant.engine.values import Code, CodeOrder, Intervals, merge

ReadKind: TypeAlias = Literal[
    "each", "some", "no", "every", "at least", "count", "sum", "earliest", "latest"
]


@dataclass(frozen=True, slots=True)
class Read:
    """One pattern over standing facts. ``grows``: more facts can only make it true.

    ``exact``: it matches every fact whose code lies in ``codes``, whatever else the fact says.
    ``concluded``: a concluded fact can match it (it demands no other certainty or status).
    """

    var: str
    kind: ReadKind
    codes: Intervals
    grows: bool
    exact: bool
    concluded: bool


def actions_of(rule: Rule) -> tuple[Action, ...]:
    """All that a rule may ever do: its own actions, those of swaps, those of exceptions."""
    return (
        *rule.actions,
        *(action for swap in rule.swaps for action in swap.actions),
        *(action for one in rule.exceptions for action in one.instead),
    )


def writes(rule: Rule) -> Intervals:
    """The codes that a rule may conclude."""
    return merge(
        tuple(
            interval
            for action in actions_of(rule)
            if isinstance(action, Assign | Replace)
            for interval in action.writes
        )
    )


def reads(rule: Rule, program: Program) -> list[Read]:
    """All patterns of a rule over facts of the standing entity that may be conclusions."""
    found: list[Read] = []
    parts = conjuncts(rule.when)
    for binder in rule.binders:
        if binder.entity == program.standing and not binder.documented:
            found.append(
                Read(
                    binder.var,
                    "each",
                    binder.codes,
                    True,
                    _exact(parts, binder),
                    _concluded(parts, binder.var, program),
                )
            )
    for over, kind, where, grows in _searches(rule):
        if over.entity == program.standing and not over.documented:
            inner = conjuncts(where)
            found.append(
                Read(
                    over.var,
                    kind,
                    over.codes,
                    grows,
                    all(_code_test(part, over) for part in inner),
                    _concluded(inner, over.var, program),
                )
            )
    return found


Search: TypeAlias = tuple[c.Binder, ReadKind, c.Condition, bool]


def _searches(rule: Rule) -> Iterator[Search]:
    yield from _in_condition(rule.when, True)
    for one in rule.exceptions:
        yield from _in_condition(one.when, False)
    for action in actions_of(rule):
        for term in terms_of(action):
            yield from _in_term(term)


def terms_of(action: Action) -> tuple[c.Term, ...]:
    """The terms that an action needs a value of."""
    match action:
        case Assign() | Replace():
            return (action.code,)
        case Sequence():
            return tuple(end for end in (action.first, action.second) if not isinstance(end, str))
        case LimitUnits():
            return (action.to,)
    return ()


def _in_condition(item: c.Condition, positive: bool) -> Iterator[Search]:
    match item:
        case c.AllOf(items) | c.AnyOf(items):
            for part in items:
                yield from _in_condition(part, positive)
        case c.Not(part):
            yield from _in_condition(part, False)
        case c.Quantified():
            grows = positive and item.kind == "some"
            yield item.over, item.kind, item.where, grows
            yield from _in_condition(item.where, grows)
            if item.has is not None:
                yield from _in_condition(item.has, False)
        case _:
            for term in atom_terms(item):
                yield from _in_term(term)


def _in_term(item: c.Term) -> Iterator[Search]:
    match item:
        case c.Aggregate():
            yield item.over, item.func, item.where, False
            yield from _in_condition(item.where, False)
            if item.term is not None:
                yield from _in_term(item.term)
        case c.Arith():
            yield from _in_term(item.left)
            yield from _in_term(item.right)
        case c.LookupTerm():
            for _, key in item.keys:
                yield from _in_term(key)


def atom_terms(item: c.Condition) -> tuple[c.Term, ...]:
    """The terms directly inside an atom."""
    match item:
        case c.Compare():
            return (item.left, item.right)
        case c.InSet() | c.OneOf() | c.Known() | c.Holds():
            return (item.term,)
        case c.Between():
            return (item.term, item.low, item.high)
        case c.Contains():
            return (item.term,) if item.item is None else (item.term, item.item)
        case c.Within():
            return (item.left, item.span, item.right)
        case c.Matches():
            return tuple(term for _, term in item.keys)
        case c.Mentions():
            return () if item.near is None else (item.near,)
    return ()


def _of_var(term: c.Term, var: str, name: str) -> bool:
    return isinstance(term, c.Field) and term.var == var and term.name == name


def _code_test(part: c.Condition, binder: c.Binder) -> bool:
    """Whether a condition says no more than that the code lies in the binder's codes."""
    match part:
        case c.InSet(_, term, _, versions):
            return (
                _of_var(term, binder.var, "code")
                and len(versions) == 1
                and versions[0].window.start is None
                and versions[0].window.end is None
                and merge(versions[0].codes) == merge(binder.codes)
            )
        case c.Compare(_, "=", left, c.Const(value)):
            return (
                _of_var(left, binder.var, "code")
                and isinstance(value, Code)
                and len(merge(binder.codes)) == 1
                and binder.codes[0].low == binder.codes[0].high
            )
        case c.OneOf(_, term, values):
            points = merge(binder.codes)
            return (
                _of_var(term, binder.var, "code")
                and len(points) == len(set(values))
                and all(point.low == point.high for point in points)
            )
    return False


def _exact(parts: list[c.Condition], binder: c.Binder) -> bool:
    return all(_code_test(part, binder) for part in parts if binder.var in variables(part))


def _concluded(parts: list[c.Condition], var: str, program: Program) -> bool:
    """Whether a concluded fact, with the program's assigned fields, can meet these conditions."""
    assigned = dict(program.assigned)
    for part in parts:
        match part:
            case c.Compare(_, op, c.Field(v, name), c.Const(value)) if v == var:
                if name in assigned and op in ("=", "!="):
                    equal = same(assigned[name], value)
                    if equal != (op == "="):
                        return False
            case c.OneOf(_, c.Field(v, name), values) if v == var:
                if name in assigned and not any(same(assigned[name], one) for one in values):
                    return False
    return True


def variables(item: c.Condition | c.Term) -> frozenset[str]:
    """The variables that a condition or term reads and does not bind itself."""
    match item:
        case c.Field():
            return frozenset((item.var,))
        case c.Arith():
            return variables(item.left) | variables(item.right)
        case c.LookupTerm():
            return frozenset().union(*(variables(key) for _, key in item.keys))
        case c.Aggregate():
            inner = variables(item.where)
            if item.term is not None:
                inner |= variables(item.term)
            return inner - {item.over.var}
        case c.AllOf(items) | c.AnyOf(items):
            return frozenset().union(*(variables(part) for part in items))
        case c.Not(part):
            return variables(part)
        case c.Quantified():
            inner = variables(item.where)
            if item.has is not None:
                inner |= variables(item.has)
            return inner - {item.over.var}
        case c.Matches():
            return frozenset((item.var,)).union(*(variables(key) for _, key in item.keys))
        case c.Const() | c.Param() | c.Clock():
            return frozenset()
    return frozenset().union(*(variables(term) for term in atom_terms(item)))


def codes_text(codes: Intervals, orders: dict[str, CodeOrder]) -> str:
    """Intervals as a person writes them: ``I10, N18.*, A40-A41``."""
    return ", ".join(
        _interval_text(item.low, item.high, orders.get(item.system, CodeOrder(item.system)))
        for item in merge(codes)
    )


def _interval_text(low: str, high: str, order: CodeOrder) -> str:
    if low == "" and high.startswith("~"):
        return "any code"
    first, last = _code_text(low, order), _code_text(high.rstrip("z"), order)
    if low == high:
        return first
    if high == low + "z":
        return f"{first}*" if "." in first else f"{first}.*"
    return f"{first}-{last}"


def _code_text(key: str, order: CodeOrder) -> str:
    for head, moved in order.moved:
        if key.startswith(moved):
            key = head + key[len(moved) :]
            break
    return key[: order.width] + ("." + key[order.width :] if len(key) > order.width else "")
