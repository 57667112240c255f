"""How values compare, add and print. Unlike kinds are never equal and have no order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from codewarrant.engine.canonical import decimal_text
from codewarrant.engine.conditions import Window
from codewarrant.engine.errors import EngineError
from codewarrant.engine.values import Code, Duration, Value, add

UNKNOWN = "unknown"

_KINDS: dict[type, str] = {
    bool: "boolean", int: "number", Decimal: "number", str: "text", date: "date", Code: "code",
    Duration: "duration", tuple: "list",
}  # fmt: skip


def kind(value: Value) -> str:
    """The kind of a value, for comparisons and messages."""
    return _KINDS[type(value)]


def same(left: Value, right: Value) -> bool:
    """Equality within one kind: ``True`` is not 1, a code is not its text."""
    if type(left) is type(right):
        return left == right
    return left == right and kind(left) == kind(right)


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1 for two numbers, dates, texts, or durations in days.

    Raises :class:`EngineError` for kinds without a common order, and for durations with months,
    whose length depends on the date that they are counted from.
    """
    a: Any = left
    b: Any = right
    if type(left) is Duration and type(right) is Duration:
        if left.months or right.months:
            raise EngineError("durations with months compare only from a date: use `within`")
        a, b = left.days, right.days
    elif kind(left) != kind(right) or kind(left) not in ("number", "date", "text"):
        raise EngineError(f"no order between a {kind(left)} and a {kind(right)}")
    return (a > b) - (a < b)


def plus_or_minus(left: Value, op: str, right: Value) -> Value | None:
    """Numbers, dates with durations, durations, date minus date (days).

    None where the result lies outside the calendar. Raises :class:`EngineError` for other kinds.
    """
    sign = 1 if op == "+" else -1
    match left, right:
        case Duration(), Duration():
            return Duration(left.months + sign * right.months, left.days + sign * right.days)
        case date(), Duration():
            return _shifted(left, right, sign)
        case Duration(), date() if sign == 1:
            return _shifted(right, left, sign)
        case date(), date() if sign == -1:
            return Duration(0, (left - right).days)
    if kind(left) == kind(right) == "number":
        a: Any = left
        b: Any = right
        return a + b if sign == 1 else a - b
    verb = "add" if sign == 1 else "subtract"
    raise EngineError(f"cannot {verb} a {kind(left)} and a {kind(right)}")


def _shifted(day: date, span: Duration, sign: int) -> date | None:
    try:
        return add(day, span, sign)
    except OverflowError:
        return None


def in_force(window: Window, day: date | None) -> bool | None:
    """Whether a half-open window holds on a day; None if that takes a day that is unknown."""
    if window.start is None and window.end is None:
        return True
    if day is None:
        return None
    return (window.start is None or window.start <= day) and (
        window.end is None or day < window.end
    )


def text_of(value: Value | None) -> str:
    """A value in a sentence; what is unknown is said to be."""
    if type(value) is Code:
        return value.value
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "true" if value else "false"
        case Code():
            return value.value
        case Duration():
            parts = [
                f"{count} {name}{'' if count == 1 else 's'}"
                for count, name in ((value.months, "month"), (value.days, "day"))
                if count
            ]
            return " ".join(parts) or "0 days"
        case Decimal():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case tuple():
            return ", ".join(text_of(item) for item in value)
    return str(value)
