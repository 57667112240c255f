"""Which code rules wait for which, for the reference evaluator: every pair of rules is looked at.

``w`` feeds ``r`` if it can conclude a code that a positive pattern of ``r`` can match. ``w`` waits
before ``r`` if it can conclude into a set that ``r`` reads by ``no``, ``every``, a count or sum, or
in ``unless``; not if ``w`` is ``r``, nor where ``w`` fires only if that set has a member anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from codewarrant.engine import conditions as c
from codewarrant.engine.errors import EngineError
from codewarrant.engine.program import (
    Action,
    Assign,
    LimitUnits,
    Program,
    Replace,
    Rule,
    Sequence,
)
from codewarrant.engine.reference.found import conjuncts, free
from codewarrant.engine.reference.values import equal
from codewarrant.engine.values import Code, covers, merge, overlap


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a rule reads of the standing entity in one place, and whether more can only help."""

    binder: c.Binder
    kind: str
    parts: list[c.Condition]
    grows: bool


def all_actions(rule: Rule) -> list[Action]:
    """Whatever a rule may do: by itself, by a swap, instead by an exception."""
    return [
        *rule.actions,
        *(action for swap in rule.swaps for action in swap.actions),
        *(action for one in rule.exceptions for action in one.instead),
    ]


def needed(action: Action) -> tuple[c.Term, ...]:
    """The terms without whose value an action cannot be carried out."""
    match action:
        case Assign() | Replace():
            return (action.code,)
        case LimitUnits():
            return (action.to,)
        case Sequence():
            return tuple(end for end in (action.first, action.second) if not isinstance(end, str))
    return ()


def levels(rules: list[Rule], program: Program) -> dict[str, int]:
    """The level of each code rule, from 0. Raises :class:`EngineError` if rules wait in a loop."""
    edges = [
        (writer.id, reader.id, waits)
        for reader in rules
        for pattern in patterns(reader, program)
        for writer in rules
        if (waits := _edge(writer, reader, pattern, program)) is not None
    ]
    level = {rule.id: 0 for rule in rules}
    for _ in range(len(rules) + 1):
        new = dict(level)
        for writer, reader, waits in edges:
            new[reader] = max(new[reader], level[writer] + (1 if waits else 0))
        if new == level:
            return level
        level = new
    # Without a loop, levels stand still after as many rounds as there are rules.
    high = sorted(rule for rule, one in level.items() if one == max(level.values()))
    raise EngineError(f"rules wait for each other, {high[0]} among them")


def _edge(writer: Rule, reader: Rule, pattern: Pattern, program: Program) -> bool | None:
    """Whether one rule feeds (False) or waits before (True) another; None: neither."""
    written = [
        interval
        for action in all_actions(writer)
        if isinstance(action, Assign | Replace)
        for interval in action.writes
    ]
    if not overlap(tuple(written), pattern.binder.codes) or not _may_be_concluded(pattern, program):
        return None
    if pattern.grows:
        return False
    if writer is reader or _fires_only_where_met(writer, reader, pattern, program):
        return None
    return True


def _fires_only_where_met(writer: Rule, reader: Rule, pattern: Pattern, program: Program) -> bool:
    """For ``no`` and ``some`` that ask for nothing but the code: whether some pattern of the writer
    matches only diagnoses that the read would match too, and the reader cannot have bound them."""
    if pattern.kind not in ("no", "some"):
        return False
    if not all(_only_the_code(part, pattern.binder) for part in pattern.parts):
        return False
    own = [one.codes for one in reader.binders if one.entity == program.standing]
    return any(
        covers(pattern.binder.codes, one.codes)
        and not any(overlap(one.codes, codes) for codes in own)
        for one in writer.binders
        if one.entity == program.standing
    )


def _only_the_code(part: c.Condition, binder: c.Binder) -> bool:
    code = c.Field(binder.var, "code")
    codes = merge(binder.codes)
    points = all(one.low == one.high for one in codes)
    match part:
        case c.InSet(term=term, versions=(version,)):
            always = version.window.start is None and version.window.end is None
            return term == code and always and merge(version.codes) == codes
        case c.Compare(op="=", left=left, right=c.Const(value)):
            return left == code and isinstance(value, Code) and points and len(codes) == 1
        case c.OneOf(term=term, values=values):
            return term == code and points and len(codes) == len(set(values))
    return False


def _may_be_concluded(pattern: Pattern, program: Program) -> bool:
    """A concluded diagnosis is confirmed and active: a pattern demanding otherwise misses it."""
    known = dict(program.assigned)
    for part in pattern.parts:
        match part:
            case c.Compare(op="=" | "!=" as op, left=c.Field(var, name), right=c.Const(value)):
                meets = name not in known or equal(known[name], value) == (op == "=")
            case c.OneOf(term=c.Field(var, name), values=values):
                meets = name not in known or any(equal(known[name], one) for one in values)
            case _:
                continue
        if var == pattern.binder.var and not meets:
            return False
    return True


def patterns(rule: Rule, program: Program) -> Iterator[Pattern]:
    """Everything that a rule reads of the standing entity, conclusions included."""
    found = [
        Pattern(one, "each", [part for part in conjuncts(rule.when) if one.var in free(part)], True)
        for one in rule.binders
    ]
    found += _inside(rule.when, True)
    for one in rule.exceptions:
        found += _inside(one.when, False)
    for action in all_actions(rule):
        for term in needed(action):
            found += _inside(term, False)
    for one in found:
        if one.binder.entity == program.standing and not one.binder.documented:
            yield one


def _inside(item: Any, positive: bool) -> Iterator[Pattern]:
    match item:
        case tuple():
            for part in item:
                yield from _inside(part, positive)
        case c.Quantified(kind=kind, over=over, where=where):
            grows = positive and kind == "some"
            yield Pattern(over, kind, conjuncts(where), grows)
            yield from _inside(where, grows)
            yield from _inside(item.has, False)
        case c.Aggregate(func=func, over=over, where=where):
            yield Pattern(over, func, conjuncts(where), False)
            yield from _inside((where, item.term), False)
        case c.AllOf(items) | c.AnyOf(items):
            yield from _inside(items, positive)
        case c.Not(part):
            yield from _inside(part, False)
        case _ if is_dataclass(item) and not isinstance(item, c.Binder | c.SetVersion):
            for one in fields(item):
                yield from _inside(getattr(item, one.name), False)
