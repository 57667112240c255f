"""Tests that compare values, typed and lowered: each becomes a numbered atom of the program."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import fault
from codewarrant.dsl.lower_terms import LITERALS, constant, lower_term
from codewarrant.dsl.scope import Scope
from codewarrant.dsl.types import DURATION, NUMBERS, Type, fields_of
from codewarrant.engine import conditions as c

ORDERED = (*NUMBERS, "money", "date", "duration")


def not_a_fact(found: Type, node: s.TermNode) -> None:
    """Refuse a whole fact or row where a value is needed. Raises ``Fault``."""
    if found.kind == "fact":
        name = node.text if isinstance(node, s.Ref) else "it"
        field = "code" if "code" in fields_of(found.unit or "diagnosis") else "date"
        raise fault(
            "CW0310",
            node.span,
            f"`{name}` is a whole {found.unit or 'row'}, not a value",
            f"name one of its fields, such as `{name}.{field}`",
        )


def comparison(node: s.Comparison, scope: Scope) -> c.Condition:
    """``is``, ``is not``, ``=``, ``<`` and their like. Raises ``Fault``."""
    left, right = node.left, node.right
    if isinstance(left, LITERALS) and not isinstance(right, LITERALS):
        b, b_type = lower_term(right, scope)
        a, a_type = lower_term(left, scope, b_type)
    else:
        a, a_type = lower_term(left, scope)
        b, b_type = lower_term(right, scope, a_type)
    not_a_fact(a_type, left)
    not_a_fact(b_type, right)
    if "boolean" in (a_type.kind, b_type.kind) and node.op in ("=", "!="):
        return _yes_or_no(node, a, a_type, b, b_type, scope)
    comparable(node, a_type, b_type)
    op: Literal["=", "!=", "<", "<=", ">", ">="] = node.op  # type: ignore[assignment]
    return c.Compare(scope.atom(node.text), op, a, b)


def _yes_or_no(
    node: s.Comparison, a: c.Term, a_type: Type, b: c.Term, b_type: Type, scope: Scope
) -> c.Condition:
    if a_type.kind != b_type.kind:
        _refuse(node, a_type, b_type)
    if isinstance(b, c.Const):
        test = c.Holds(scope.atom(node.text), a)
        return test if (b.value is True) == (node.op == "=") else c.Not(test)
    return c.Compare(scope.atom(node.text), "=" if node.op == "=" else "!=", a, b)


def comparable(node: s.Comparison, a: Type, b: Type) -> None:
    """Refuse two types without a common measure. Raises ``Fault``."""
    if a.many or b.many:
        raise fault(
            "CW0307",
            node.span,
            f"{(a if a.many else b).a} cannot be compared with one value",
            "write `contains`",
        )
    ordered = node.op not in ("=", "!=")
    same = a.kind == b.kind or (a.kind in NUMBERS and b.kind in NUMBERS)
    if not same or (ordered and a.kind not in ORDERED):
        _refuse(node, a, b)
    if a.unit and b.unit and a.unit != b.unit and a.kind in NUMBERS:
        _refuse(node, a, b)
    if a.kind == "duration" and "month" in (a.unit, b.unit):
        raise fault(
            "CW0308",
            node.span,
            "months and years have no length in days",
            _by_date(node),
        )
    if a.kind == "code" and a.systems and b.systems and not set(a.systems) & set(b.systems):
        raise fault(
            "CW0304",
            node.span,
            f"{a.a} is never equal to {b.a}",
        )


FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _by_date(node: s.Comparison) -> str:
    """How to say with dates what months or years cannot say as a length."""
    match node:
        case s.Comparison(op, s.Arithmetic("-", later, earlier), limit) if op in FLIPPED:
            a, b, span = (_spoken(part) for part in (later, earlier, limit))
            if a and b and span:
                outside = "not " if op in (">", ">=") else ""
                within = f"`{outside}{a} within {span} after {b}`"
                return f"compare dates: `{b} + {span} {FLIPPED[op]} {a}`, or write {within}"
    return "count from a date: `b + 6 months > a`, or `a within 6 months after b`"


def _spoken(node: s.TermNode) -> str:
    """A simple term as written; empty for others."""
    match node:
        case s.Ref(_, _):
            return node.text
        case s.ClockValue(name):
            return name
        case s.Quantity(count, unit, _):
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return ""


PLAIN = re.compile(r"\d{4}-\d{2}-\d{2}|\$?[\d,]+(\.\d+)?")


def _quoted_value(node: s.Comparison) -> str:
    """A date or number that stands in quotation marks; else an empty text."""
    for part in (node.left, node.right):
        if isinstance(part, s.Quoted) and PLAIN.fullmatch(part.text):
            return part.text
    return ""


def _refuse(node: s.Comparison, a: Type, b: Type) -> None:
    helps = ""
    quoted = _quoted_value(node)
    if quoted and {a.kind, b.kind} & {*ORDERED}:
        helps = f"leave out the quotation marks: `{quoted}`"
    elif {a.kind, b.kind} & {"money"} and {a.kind, b.kind} & {*NUMBERS}:
        helps = "write amounts of money with a dollar sign: `$500.00`"
    elif "duration" in (a.kind, b.kind) and {a.kind, b.kind} & {*NUMBERS}:
        helps = "a duration has a unit: `90 days`"
    elif a.kind == b.kind == "code":
        helps = "codes have no size; write `in { P00 to P96 }`"
    elif a.kind == b.kind:
        helps = f"{a.spoken}s have no order; write `is` or `is one of`"
    raise fault("CW0301", node.span, f"{a.a} cannot be compared with {b.a}", helps)


def choice(node: s.Choice, scope: Scope) -> c.Condition:
    """``is one of``, ``is not one of``. Raises ``Fault``."""
    term, found = lower_term(node.term, scope)
    not_a_fact(found, node.term)
    if found.many:
        raise fault("CW0307", node.span, f"{found.a} is never one value", "write `contains any of`")
    values = []
    for item in node.values:
        value, item_type = constant(item, scope, found)
        numbers = item_type.kind in NUMBERS and found.kind in NUMBERS
        if item_type.kind != found.kind and not numbers:
            raise fault(
                "CW0301",
                item.span,
                f"{found.a} cannot be compared with {item_type.a}",
            )
        values.append(value)
    test = c.OneOf(scope.atom(node.text), term, tuple(dict.fromkeys(values)))
    return c.Not(test) if node.negated else test


def between(node: s.Range, scope: Scope) -> c.Condition:
    """``is between … and …``, both ends included. Raises ``Fault``."""
    term, found = lower_term(node.term, scope)
    not_a_fact(found, node.term)
    low, low_type = lower_term(node.low, scope, found)
    high, high_type = lower_term(node.high, scope, found)
    for end, end_type in ((node.low, low_type), (node.high, high_type)):
        comparable(s.Comparison("<=", node.term, end, node.text, end.span), found, end_type)
    return c.Between(scope.atom(node.text), term, low, high)


def containment(node: s.Containment, scope: Scope) -> c.Condition:
    """``contains`` one value. Raises ``Fault``."""
    term, found = lower_term(node.term, scope)
    not_a_fact(found, node.term)
    if not found.many:
        raise fault(
            "CW0307",
            node.span,
            f"{found.a} is one value and contains nothing",
            "write `is`, or `in` for a set",
        )
    single = replace(found, many=False)
    if isinstance(node.item, LITERALS):
        value, item_type = constant(node.item, scope, single)
        item: c.Term | None = None
        values: tuple = (value,)
    else:
        item, item_type = lower_term(node.item, scope, single)
        not_a_fact(item_type, node.item)
        values = ()
    if item_type.kind != single.kind:
        raise fault(
            "CW0301",
            node.span,
            f"{found.a} never contains {item_type.a}",
        )
    return c.Contains(scope.atom(node.text), term, values, item)


def nearness(node: s.Nearness, scope: Scope) -> c.Condition:
    """``within 30 days before …``. Raises ``Fault``."""
    left, left_type = lower_term(node.left, scope)
    span, span_type = lower_term(node.distance, scope, DURATION)
    right, right_type = lower_term(node.right, scope)
    for part, found in ((node.left, left_type), (node.right, right_type)):
        not_a_fact(found, part)
        if found.kind != "date" or found.many:
            raise fault("CW0310", part.span, f"a date is needed here, not {found.a}")
    if span_type.kind != "duration":
        raise fault(
            "CW0310",
            node.distance.span,
            f"a duration is needed here, not {span_type.a}",
            "such as `90 days` or `6 months`",
        )
    side: Literal["before", "after", "either"] = node.side  # type: ignore[assignment]
    return c.Within(scope.atom(node.text), left, span, side, right)
