"""How the reference evaluator compares, adds and dates values: the plain text of the rules.

Unlike kinds are never equal and have no order. None is unknown throughout.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from codewarrant.engine.canonical import decimal_text
from codewarrant.engine.conditions import Window
from codewarrant.engine.errors import EngineError
from codewarrant.engine.values import Code, Duration, Intervals, Value, add

Truth: TypeAlias = bool | None


def kind_of(value: Value) -> str:
    """The kind of a value. A boolean is no number, a code is no list."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, Code):
        return "code"
    if isinstance(value, Duration):
        return "duration"
    if isinstance(value, tuple):
        return "list"
    return "date" if isinstance(value, date) else "text"


def equal(left: Value, right: Value) -> bool:
    """Equality within one kind."""
    return kind_of(left) == kind_of(right) and left == right


def order(op: str, left: Value, right: Value) -> bool:
    """``< <= > >=`` between two numbers, dates, texts, or durations in days."""
    a: Any = left
    b: Any = right
    kind = kind_of(left)
    if kind != kind_of(right) or kind not in ("number", "date", "text", "duration"):
        raise EngineError(f"no order between a {kind} and a {kind_of(right)}")
    if isinstance(left, Duration) and isinstance(right, Duration):
        if left.months or right.months:
            raise EngineError("durations with months have no order")
        a, b = left.days, right.days
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]


def added(left: Value, op: str, right: Value) -> Value | None:
    """A sum or difference; None outside the calendar."""
    sign = 1 if op == "+" else -1
    a: Any = left
    b: Any = right
    match kind_of(left), kind_of(right):
        case "number", "number":
            return a + sign * b
        case "duration", "duration":
            return Duration(a.months + sign * b.months, a.days + sign * b.days)
        case "date", "duration":
            return shifted(a, b, sign)
        case "duration", "date" if op == "+":
            return shifted(b, a, 1)
        case "date", "date" if op == "-":
            return Duration(0, (a - b).days)
    raise EngineError(f"cannot add a {kind_of(left)} and a {kind_of(right)}")


def shifted(day: date, span: Duration, sign: int) -> date | None:
    """A date so much later or earlier; None outside the calendar."""
    try:
        return add(day, span, sign)
    except OverflowError:
        return None


def in_force(window: Window, day: date | None) -> Truth:
    """Half-open: the start is in, the end is out. Without a date only an open window is sure."""
    if window.start is None and window.end is None:
        return True
    if day is None:
        return None
    return not (window.start and day < window.start) and not (window.end and day >= window.end)


def lies_in(code: Code, key: str, codes: Intervals) -> bool:
    """Whether a code, whose place in its order is ``key``, lies in one of the intervals."""
    return any(one.system in (code.system, "*") and one.low <= key <= one.high for one in codes)


def spelled(value: Value | None) -> str:
    """A value as reasons print it."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "true" if value else "false"
        case Code():
            return value.value
        case Duration():
            counted = [(value.months, "month"), (value.days, "day")]
            parts = [f"{n} {name}{'s' if n != 1 else ''}" for n, name in counted if n]
            return " ".join(parts) or "0 days"
        case Decimal():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case tuple():
            return ", ".join(spelled(item) for item in value)
    return str(value)


def all_true(truths: list[Truth]) -> Truth:
    """Kleene's conjunction."""
    if False in truths:
        return False
    return None if None in truths else True


def any_true(truths: list[Truth]) -> Truth:
    """Kleene's disjunction."""
    if True in truths:
        return True
    return None if None in truths else False
