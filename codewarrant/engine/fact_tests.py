"""Conjuncts that one fact alone decides, as functions of that fact: what most facts are sent to.

The common shapes look at the fact directly; any other goes through the general test.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from codewarrant.engine import conditions as c
from codewarrant.engine.comparing import same
from codewarrant.engine.facts import Fact
from codewarrant.engine.reading import Env, Reading, Scope, Test, Truth
from codewarrant.engine.values import Code, Intervals, Membership, Value, merge

FactTest: TypeAlias = Callable[[Reading, Fact], Truth]

ORDERED = (int, Decimal, date, str)
"""Types whose values are ordered among themselves as Python orders them."""

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def fact_test(item: c.Condition, var: str, test: Test, scope: Scope) -> FactTest:
    """A function for a condition on ``var`` alone; ``test`` is the general one for it."""
    match item:
        case c.Compare(_, "<" | "<=" | ">" | ">=" as op, c.Field(name, field), c.Const(value)):
            if name == var and field and type(value) in ORDERED:
                return _ordered(field, op, value, test, var)
        case c.Compare(_, "=" | "!=" as op, c.Field(name, field), c.Const(value)):
            if name == var and field:
                return _equal(field, value, op == "=")
        case c.OneOf(_, c.Field(name, field), values) if name == var and field:
            return _one_of(field, values)
        case c.InSet(_, c.Field(name, field), _, (c.SetVersion(window, codes),)):
            if name == var and field and window.start is None and window.end is None:
                return _member(field, scope.membership(codes), test, var)
    return lambda reading, fact: test(reading, {var: fact})


def pair_test(item: c.Condition, test: Test, scope: Scope) -> Test:
    """A function for a condition on several variables; ``test`` is the general one for it."""
    match item:
        case c.Compare(_, "=", c.Field(a, f), c.Field(b, g)) if f and g and not {a, b} & scope.rows:

            def equal(reading: Reading, env: Env) -> Truth:
                left = env[a].fields.get(f)  # type: ignore[union-attr]
                right = env[b].fields.get(g)  # type: ignore[union-attr]
                return None if left is None or right is None else same(left, right)

            return equal
    return test


def of_code(item: c.Condition, var: str, codes: Intervals) -> bool:
    """Whether a condition says of ``var`` only that its code lies in ``codes``."""
    match item:
        case c.InSet(_, c.Field(name, "code"), _, (c.SetVersion(window, own),)) if name == var:
            if window.start is not None or window.end is not None:
                return False
            return own == codes or merge(own) == merge(codes)
    return False


def _equal(field: str, wanted: Value, positive: bool) -> FactTest:
    kind = type(wanted)

    def test(reading: Reading, fact: Fact) -> Truth:
        value = fact.fields.get(field)
        if value is None:
            return None
        equal = value == wanted if type(value) is kind else same(value, wanted)
        return equal is positive

    return test


def _ordered(field: str, op: str, limit: Value, test: Test, var: str) -> FactTest:
    kind, holds = type(limit), _HOLDS[op]

    def ordered(reading: Reading, fact: Fact) -> Truth:
        value = fact.fields.get(field)
        if value is None:
            return None
        return holds(value, limit) if type(value) is kind else test(reading, {var: fact})

    return ordered


def _one_of(field: str, values: tuple[Value, ...]) -> FactTest:
    def test(reading: Reading, fact: Fact) -> Truth:
        value = fact.fields.get(field)
        return None if value is None else any(same(value, item) for item in values)

    return test


def _member(field: str, member: Membership, test: Test, var: str) -> FactTest:
    def of_fact(reading: Reading, fact: Fact) -> Truth:
        value = fact.fields.get(field)
        if type(value) is Code:
            return member.contains(value.system, reading.key(value))
        return None if value is None else test(reading, {var: fact})

    return of_fact
