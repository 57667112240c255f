"""Reading X12 data elements: dates, amounts, counts. What is wrong is an error at its segment."""

from __future__ import annotations

import re
from datetime import date as Day
from decimal import Decimal

from codewarrant.x12.billed import Days
from codewarrant.x12.segments import Segment

_AMOUNT = re.compile(r"-?(\d{1,15}(\.\d{0,6})?|\.\d{1,6})")
_DAY = re.compile(r"[0-9]{8}")


def day(segment: Segment, at: int) -> Day:
    """An element that holds a date: CCYYMMDD."""
    return day_of(segment, f"{segment.id}{at:02}", segment.element(at))


def days(segment: Segment) -> Days | None:
    """The days of a DTP segment: D8, RD8 (a range) or DT (with a time); None for a time alone."""
    form, value = segment.element(2), segment.element(3)
    if form == "D8":
        one = day_of(segment, "DTP03", value)
        return one, one
    if form == "DT":
        one = day_of(segment, "DTP03", value[:8])
        return one, one
    if form == "RD8":
        first, mark, last = value.partition("-")
        if not mark:
            raise segment.error("DTP03 is not a range of dates, as DTP02 says")
        found = day_of(segment, "DTP03", first), day_of(segment, "DTP03", last)
        if found[1] < found[0]:
            raise segment.error("DTP03 ends before it begins")
        return found
    if form == "TM":
        return None
    raise segment.error("DTP02 is none of D8, RD8, DT and TM")


def first_of(found: Days | None) -> Day | None:
    """The first day of a range."""
    return found[0] if found else None


def day_of(segment: Segment, name: str, text: str) -> Day:
    """A date CCYYMMDD that stands in the element or component called ``name``."""
    if text.isascii() and _DAY.fullmatch(text):
        try:
            return Day(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    raise segment.error(f"{name} is not a possible date")


def amount(segment: Segment, at: int) -> Decimal | None:
    """A decimal number exactly as written; None where the element is empty."""
    text = segment.element(at)
    if not text:
        return None
    if not (text.isascii() and _AMOUNT.fullmatch(text)):
        raise segment.error(f"{segment.id}{at:02} is not a number")
    return Decimal(text)


def count(segment: Segment, at: int, text: str) -> int:
    """A whole number from 1 to 99."""
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text)):
        raise segment.error(f"{segment.id}{at:02} is not a whole number from 1 to 99")
    return int(text)
