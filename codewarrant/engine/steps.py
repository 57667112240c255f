"""In which order the variables of a rule are bound, and by what each is joined to those before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codewarrant.engine import conditions as c
from codewarrant.engine.dispatch import Pattern
from codewarrant.engine.errors import EngineError
from codewarrant.engine.evaluate import term
from codewarrant.engine.reading import Reader, Scope, Test


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
    """What ``mine`` reads of the new fact equals what ``theirs`` reads of an earlier variable.

    ``field`` is the new fact's field, empty where a table is asked with it.
    """

    mine: Reader
    theirs: Reader
    field: str


@dataclass(frozen=True, slots=True)
class Step:
    """One variable more: a fact or a row, then every conjunct that is now decided."""

    pattern: Pattern | None
    row: RowPlan | None
    tests: tuple[Test, ...]
    join: Join | None
    apart: tuple[str, ...]
    """Earlier variables of the same entity: they never bind the same fact."""


@dataclass(frozen=True, slots=True)
class Equality:
    """``mine``, which reads variable ``var``, equals ``theirs``, which reads ``other``."""

    var: str
    mine: Reader
    field: str
    other: str
    theirs: Reader


def equalities(part: c.Condition, scope: Scope) -> list[Equality]:
    """An equality of two facts, each side a field or a column of the row that one field finds."""
    match part:
        case c.Compare(_, "=", left, right):
            a, b = _one_fact(left), _one_fact(right)
            if a and b and a != b and not {a, b} & scope.rows:
                ends = [(a, term(left, scope), _name(left)), (b, term(right, scope), _name(right))]
                return [
                    Equality(var, mine, name, other, theirs)
                    for (var, mine, name), (other, theirs, _) in (ends, reversed(ends))
                ]
    return []


def _one_fact(item: c.Term) -> str:
    """The one variable that a field, or a column of a row found by a field, reads; or empty."""
    match item:
        case c.Field(var, name) if name:
            return var
        case c.LookupTerm(_, ((_, c.Field(var, name)),), _) if name:
            return var
    return ""


def _name(item: c.Term) -> str:
    return item.name if isinstance(item, c.Field) else ""


def steps_from(
    first: int,
    patterns: tuple[Pattern, ...],
    rows_of: tuple[RowPlan, ...],
    shared: tuple[tuple[frozenset[str], Test], ...],
    joins: tuple[Equality, ...],
) -> tuple[Step, ...]:
    """The order in which variables are bound if pattern number ``first`` comes first.

    Rows are taken once all that their keys read is bound, then what a join reaches, then the rest.
    Raises :class:`EngineError` where the keys of rows read each other.
    """
    waiting = [one for at, one in enumerate(patterns) if at != first]
    rows = list(rows_of)
    tests = list(shared)
    bound: list[str] = []
    entity = {one.var: one.entity for one in patterns}
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
    if patterns:
        take(patterns[first], None, None)
    while waiting or rows:
        before = len(rows)
        take_rows()
        if waiting:
            joined = [(one, join) for one in waiting if (join := _joined(joins, one, bound))]
            one, join = joined[0] if joined else (waiting[0], None)
            waiting.remove(one)
            take(one, None, join)
        elif len(rows) == before:
            raise EngineError("the keys of its rows read each other")
    return tuple(steps)


def _joined(joins: tuple[Equality, ...], pattern: Pattern, bound: list[str]) -> Join | None:
    for one in joins:
        if one.var == pattern.var and one.other in bound:
            return Join(one.mine, one.theirs, one.field)
    return None
