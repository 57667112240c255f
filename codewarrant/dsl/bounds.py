"""Where the codes of a variable can stand, read off the condition that binds it.

Bounds say what a rule can match and what it can conclude, and so which rule waits for which. They
may be too wide, never too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping

from codewarrant.dsl.codeview import CodeView
from codewarrant.engine import conditions as c
from codewarrant.engine.values import ANY_CODE, Code, Interval, Intervals, merge
from codewarrant.schema import CODES


def bounds(condition: c.Condition, var: str, codes: CodeView) -> Intervals:
    """What the condition leaves possible for ``var.code``."""
    match condition:
        case c.AllOf(items):
            found = ANY_CODE
            for item in items:
                found = both(found, bounds(item, var, codes))
            return found
        case c.AnyOf(items) if items:
            parts = [bounds(item, var, codes) for item in items]
            return ANY_CODE if ANY_CODE in parts else merge(sum(parts, ()))
        case c.InSet(_, c.Field(name, "code"), _, versions) if name == var:
            return merge(tuple(code for version in versions for code in version.codes))
        case c.Compare(_, "=", c.Field(name, "code"), c.Const(value)) if name == var:
            return _exactly(value, codes)
        case c.Compare(_, "=", c.Const(value), c.Field(name, "code")) if name == var:
            return _exactly(value, codes)
        case c.OneOf(_, c.Field(name, "code"), values) if name == var:
            return merge(sum((_exactly(value, codes) for value in values), ()))
        case c.Compare(_, "=", term, c.Const(value)):
            return _attribute(term, var, value, codes)
        case c.Holds(_, term):
            return _attribute(term, var, True, codes)
    return ANY_CODE


def _exactly(value: object, codes: CodeView) -> Intervals:
    if isinstance(value, Code):
        return (codes.order(value.system).exactly(value.value),)
    return ANY_CODE


def _attribute(term: c.Term, var: str, value: object, codes: CodeView) -> Intervals:
    match term:
        case c.LookupTerm(relation, ((_, c.Field(name, "code")),), column) if (
            relation == CODES and name == var and isinstance(value, str | bool)
        ):
            found = codes.with_attribute(column, value)
            return ANY_CODE if found is None else found
    return ANY_CODE


def both(left: Intervals, right: Intervals) -> Intervals:
    """The codes in both."""
    if left == ANY_CODE:
        return right
    if right == ANY_CODE:
        return left
    return merge(
        tuple(
            Interval(a.system, max(a.low, b.low), min(a.high, b.high))
            for a in left
            for b in right
            if a.system == b.system and a.low <= b.high and b.low <= a.high
        )
    )


def written(
    term: c.Term,
    of: Mapping[str, Intervals],
    columns: Mapping[tuple[str, str], Intervals],
    codes: CodeView,
) -> Intervals:
    """What a term that names a code can give.

    ``of`` are the bounds of the variables, ``columns`` the codes in the columns of rows.
    """
    match term:
        case c.Const(value):
            return _exactly(value, codes)
        case c.Field(name, "code") if (name, "code") not in columns:
            return of.get(name, ANY_CODE)
        case c.Field(name, column):
            return columns.get((name, column), ANY_CODE)
        case c.LookupTerm(relation, ((_, inner),), column) if relation == CODES:
            found = codes.values_of(column, written(inner, of, columns, codes))
            return ANY_CODE if found is None else found
    return ANY_CODE
