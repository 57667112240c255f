"""Values as durable-rules can be trusted with them.

In durable-rules 1 and "1" are one value, 1 and 1.0 do not join, and texts of different length are
compared past their ends. So equality is asked of texts that begin with their kind, order of
integers: numbers times a common power of ten, dates by their day, codes by their rank among all the
bounds that rules name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from zlib import crc32

from codewarrant.engine.canonical import decimal_text
from codewarrant.engine.program import Program
from codewarrant.engine.reference.found import codes_key
from codewarrant.engine.values import Code, Duration, Intervals, Value

BUCKETS = 61
"""More than 511 tests under one test hang durable-rules: equality is asked bucket first."""
LONGEST = 65_000
"""Lengths of texts are kept in 16 bits."""
PLACES = 9
"""Decimal places kept; a number with more is refused."""


class Unsayable(Exception):
    """A value that durable-rules would take for another."""


def bucket(value: str | int) -> int:
    """The bucket of a value."""
    return crc32(str(value).encode()) % BUCKETS


def spelled(value: Value) -> str:
    """A value as a text that no other value has. Raises :class:`Unsayable`."""
    match value:
        case bool():
            text = f"b:{int(value)}"
        case Code():
            text = f"c:{value.system}|{value.value}"
        case Duration():
            text = f"w:{value.months},{value.days}"
        case int() | Decimal():
            text = f"n:{decimal_text(Decimal(value).normalize())}"
        case tuple():
            text = "l:" + ";".join(spelled(item) for item in value)
        case date():
            text = f"d:{value.isoformat()}"
        case _:
            text = f"s:{value}"
    if len(text.encode()) > LONGEST:
        raise Unsayable(f"a text of {len(text)} characters")
    return text


def measured(value: Value) -> int | None:
    """A number, date or length of time as an integer that keeps its order; None for all else.

    Raises :class:`Unsayable` for a number that an integer of 62 bits does not hold.
    """
    match value:
        case bool() | Code():
            return None
        case int() | Decimal():
            scaled = Decimal(value).scaleb(PLACES)
            if scaled != scaled.to_integral_value() or abs(scaled) > 2**62:
                raise Unsayable("a number with too many digits")
            return int(scaled)
        case Duration():
            return None if value.months else value.days
        case date():
            return value.toordinal()
    return None


class Ranks:
    """Codes of one program as integers in the order of their lists.

    The bounds that rules name have odd ranks, codes between two of them the even rank between.
    """

    def __init__(self, program: Program, intervals: Iterable[Intervals]) -> None:
        self._program = program
        self._bounds = sorted(
            {
                (one.system, end)
                for some in intervals
                for one in some
                for end in (one.low, one.high)
                if one.system != "*"
            }
        )

    def of(self, code: Any) -> int | None:
        """The rank of a code; None for what is none."""
        if not isinstance(code, Code):
            return None
        return self._rank(code.system, codes_key(self._program, code))

    def ends(self, system: str, low: str, high: str) -> tuple[int, int]:
        """The ranks of the ends of an interval."""
        return self._rank(system, low), self._rank(system, high)

    def _rank(self, system: str, key: str) -> int:
        at = bisect_left(self._bounds, (system, key))
        found = at < len(self._bounds) and self._bounds[at] == (system, key)
        return 2 * at + 1 if found else 2 * at
