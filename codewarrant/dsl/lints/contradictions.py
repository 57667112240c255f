"""Whether parts of a condition can hold together. What cannot be decided counts as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from codewarrant.dsl.bounds import both
from codewarrant.engine import conditions as c
from codewarrant.engine.values import ANY_CODE, Code, Intervals, covers, merge

Many = Callable[[c.Term], bool]
"""Whether a term has a list of values, of which any may meet a condition."""

NUMBERS = (int, Decimal)


@dataclass(slots=True)
class _Room:
    """What is left for one term by the conditions so far."""

    allowed: frozenset | None = None
    refused: set = field(default_factory=set)
    low: tuple[Any, bool] | None = None
    high: tuple[Any, bool] | None = None
    codes: Intervals = ANY_CODE
    outside: list[Intervals] = field(default_factory=list)
    known: bool | None = None
    atoms: list[int] = field(default_factory=list)

    def empty(self) -> bool:
        if self.codes == () or any(covers(out, self.codes) for out in self.outside):
            return True
        if self.low and self.high:
            (low, low_in), (high, high_in) = self.low, self.high
            if low > high or (low == high and not (low_in and high_in)):
                return True
        if self.allowed is None:
            return False
        return not any(self._fits(value) for value in self.allowed)

    def _fits(self, value: Any) -> bool:
        if value in self.refused:
            return False
        for bound, sign in ((self.low, 1), (self.high, -1)):
            if bound is None or not _comparable(value, bound[0]):
                continue
            if value == bound[0]:
                if not bound[1]:
                    return False
            elif (value > bound[0]) != (sign > 0):
                return False
        return True


def clash(condition: c.Condition, many: Many) -> tuple[int, ...] | None:
    """The atoms of parts that cannot hold together, if the condition can never be true."""
    items = list(conjuncts(condition))
    found = _clash(items, many)
    if found is not None:
        return found
    for item in items:
        if isinstance(item, c.AnyOf):
            rest = [other for other in items if other is not item]
            found = [_clash([*rest, *conjuncts(part)], many) for part in item.items]
            if found and all(one is not None for one in found):
                return tuple(sorted({atom for one in found for atom in one or ()}))
    return None


def conjuncts(condition: c.Condition) -> Iterator[c.Condition]:
    """The conditions that must all hold, nested ones one by one."""
    if isinstance(condition, c.AllOf):
        for item in condition.items:
            yield from conjuncts(item)
    else:
        yield condition


def _clash(items: list[c.Condition], many: Many) -> tuple[int, ...] | None:
    rooms: dict[c.Term, _Room] = {}
    stated: dict[object, tuple[bool, int]] = {}
    for item in items:
        holds, inner = (False, item.item) if isinstance(item, c.Not) else (True, item)
        if isinstance(inner, c.AllOf | c.AnyOf | c.Not):
            continue
        if isinstance(inner, c.Quantified):
            if holds and inner.kind in ("some", "at least"):
                found = clash(inner.where, many)
                if found is not None:
                    return (inner.atom, *found)
            if inner.kind == "no":
                holds, inner = not holds, replace(inner, kind="some")
        key = _bare(inner)
        known = stated.setdefault(key, (holds, inner.atom))
        if known[0] is not holds:
            return (known[1], inner.atom)
        term = getattr(inner, "term", None) or getattr(inner, "left", None)
        if term is None or many(term):
            continue
        room = rooms.setdefault(term, _Room())
        if _narrow(room, inner, holds):
            room.atoms.append(inner.atom)
        if room.empty():
            return tuple(room.atoms)
    return None


def _narrow(room: _Room, item: c.Condition, holds: bool) -> bool:
    """Take from the room what the condition excludes; whether it says anything of the term."""
    match item:
        case c.Known():
            if room.known is not None and room.known is not holds:
                room.allowed = frozenset()
            room.known = holds
            return True
        case c.Compare(op=op, right=c.Const(value)):
            op = op if holds else OPPOSITE[op]
            if op == "=":
                _allow(room, frozenset((value,)))
            elif op == "!=":
                room.refused.add(value)
            elif isinstance(value, (*NUMBERS, date)):
                _bound(room, op, value)
        case c.OneOf(values=values):
            if holds:
                _allow(room, frozenset(values))
            else:
                room.refused |= set(values)
        case c.Between(low=c.Const(low), high=c.Const(high)) if holds:
            if isinstance(low, (*NUMBERS, date)) and isinstance(high, (*NUMBERS, date)):
                _bound(room, ">=", low)
                _bound(room, "<=", high)
        case c.InSet(versions=versions):
            if holds:
                codes = merge(tuple(code for version in versions for code in version.codes))
                room.codes = both(room.codes, codes)
            elif len(versions) == 1 and versions[0].window == c.ALWAYS:
                room.outside.append(versions[0].codes)
        case c.Compare() | c.Holds():
            pass
        case _:
            return False
    if room.known is False:
        room.allowed = frozenset()
    elif room.known is None:
        room.known = True
    return True


OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _allow(room: _Room, values: frozenset) -> None:
    room.allowed = values if room.allowed is None else room.allowed & values


def _bound(room: _Room, op: str, value: Any) -> None:
    inside = op.endswith("=")
    if op.startswith(">"):
        if room.low is None:
            room.low = (value, inside)
        elif _comparable(value, room.low[0]):
            room.low = max(room.low, (value, inside), key=lambda x: (x[0], not x[1]))
    elif room.high is None:
        room.high = (value, inside)
    elif _comparable(value, room.high[0]):
        room.high = min(room.high, (value, inside), key=lambda x: (x[0], x[1]))


def _comparable(a: Any, b: Any) -> bool:
    if isinstance(a, Code) or isinstance(b, Code):
        return False
    return (isinstance(a, NUMBERS) and isinstance(b, NUMBERS)) or (
        isinstance(a, date) and isinstance(b, date)
    )


def _bare(node: Any, names: tuple[str, ...] = ()) -> object:
    """A condition without atom numbers, and without the names of its own variables."""
    if isinstance(node, c.Quantified):
        names = (*names, node.over.var)
    if isinstance(node, tuple) and not hasattr(node, "_fields"):
        return tuple(_bare(item, names) for item in node)
    if not is_dataclass(node):
        return node
    out: list[object] = [type(node).__name__]
    for item in fields(node):
        value = getattr(node, item.name)
        if item.name == "var" and value in names:
            value = len(names) - names.index(value)
        if item.name not in ("atom", "set_id"):  # a set spelt out is named by its words
            out.append(_bare(value, names))
    return tuple(out)


def same(part: object) -> object:
    """A form of a condition or term, equal for all that say the same in the same words."""
    return _bare(part)
