"""The values that fields hold, and the order of codes.

There are no floats: quantities are ``int`` or ``Decimal``, so that equal content has equal bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias

UPPER = "z"
"""Ends the interval of all that starts with a key: above code characters, below ``~``."""


BEYOND = "\U0010ffff"
"""Above every key."""


class Code(NamedTuple):
    """A code together with its system: V10.3 of ICD-9-CM is not V10.3 of ICD-10-CM."""

    system: str
    value: str

    def __str__(self) -> str:
        return self.value


class Duration(NamedTuple):
    """Calendar months and days; years are twelve months, weeks seven days."""

    months: int = 0
    days: int = 0


Scalar: TypeAlias = str | int | bool | Decimal | date | Code | Duration
Value: TypeAlias = Scalar | tuple[Scalar, ...]


def add(day: date, span: Duration, sign: int = 1) -> date:
    """Add a duration to a date; a day past the end of the month becomes the month's last day.

    Raises ``OverflowError`` outside the years 1-9999.
    """
    index = day.year * 12 + day.month - 1 + sign * span.months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("date outside the calendar")
    start = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return start + timedelta(days=sign * span.days)


class Interval(NamedTuple):
    """Order keys from ``low`` to ``high``, both included, of one code system."""

    system: str
    low: str
    high: str


Intervals: TypeAlias = tuple[Interval, ...]

ANY_CODE: Intervals = (Interval("*", "", "~~~~~~~~~~"),)
"""Every code of every system."""


@dataclass(frozen=True)
class CodeOrder:
    """Where each code of a system stands in its official list.

    Most categories stand in character order. ``moved`` names those that do not (C4A after C43,
    Z3A after Z39) with the key that puts them there; a key sorts as text.
    """

    system: str
    moved: tuple[tuple[str, str], ...] = ()
    width: int = 3
    _map: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_map", dict(self.moved))

    def key(self, code: str) -> str:
        """The sort key of a code: tabular order, headers before what they head."""
        flat = code.replace(".", "").upper()
        head = flat[: self.width]
        return self._map.get(head, head) + flat[self.width :]

    def exactly(self, code: str) -> Interval:
        key = self.key(code)
        return Interval(self.system, key, key)

    def under(self, code: str) -> Interval:
        """The code and everything that starts with it."""
        key = self.key(code)
        return Interval(self.system, key, key + UPPER)

    def between(self, first: str, last: str) -> Interval:
        """From ``first`` to ``last`` in tabular order, with all that stands under ``last``."""
        return Interval(self.system, self.key(first), self.key(last) + UPPER)


def overlap(left: Intervals, right: Intervals) -> bool:
    """Whether two interval lists share a code."""
    return any(
        (a.system == b.system or "*" in (a.system, b.system))
        and a.low <= b.high
        and b.low <= a.high
        for a in left
        for b in right
    )


def covers(outer: Intervals, inner: Intervals) -> bool:
    """Whether each interval of ``inner`` lies inside one of ``outer``."""
    return all(
        any(a.system in (b.system, "*") and a.low <= b.low and b.high <= a.high for a in outer)
        for b in inner
    )


def merge(intervals: Intervals) -> Intervals:
    """Sort and join overlapping intervals, so that equal sets have equal form."""
    out: list[Interval] = []
    for item in sorted(intervals):
        if out and out[-1].system == item.system and item.low <= out[-1].high:
            if item.high > out[-1].high:
                out[-1] = out[-1]._replace(high=item.high)
        else:
            out.append(item)
    return tuple(out)


class Membership:
    """Fast ``code in set`` for one set of intervals."""

    def __init__(self, intervals: Intervals) -> None:
        self._every = any(item.system == "*" for item in intervals)
        self._lows: dict[str, list[str]] = {}
        self._highs: dict[str, list[str]] = {}
        for item in merge(intervals):
            self._lows.setdefault(item.system, []).append(item.low)
            self._highs.setdefault(item.system, []).append(item.high)
        one = intervals[0] if len(intervals) == 1 else None
        self.point = one if one and one.low == one.high and one.system != "*" else None
        """The one interval that holds one key only, where that is all."""

    def bounds(self, system: str) -> tuple[list[str], list[str]]:
        """The low and the high ends of the intervals of one system, in order, none overlapping."""
        if self._every:
            return [""], [BEYOND]
        return self._lows.get(system, []), self._highs.get(system, [])

    def contains(self, system: str, key: str) -> bool:
        if self._every:
            return True
        lows = self._lows.get(system)
        if lows is None:
            return False
        at = bisect_right(lows, key) - 1
        return at >= 0 and key <= self._highs[system][at]
