"""When an encounter was, and which encounter a date or a time lies in.

Two systems may write one instant in different offsets, and then its calendar day differs. Times
that carry an offset are compared as instants; a date alone is compared as the day it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Day
from datetime import datetime

from codewarrant.fhir.elements import day


@dataclass(frozen=True, slots=True)
class Moment:
    """A FHIR date or dateTime: its day as written, and its instant where it has time and offset."""

    day: Day
    instant: datetime | None = None

    def day_at(self, other: Moment | None) -> Day:
        """The calendar day of this moment in the offset in which another is written."""
        if self.instant is None or other is None or other.instant is None:
            return self.day
        try:
            return self.instant.astimezone(other.instant.tzinfo).date()
        except OverflowError:
            return self.day


@dataclass(frozen=True, slots=True)
class Period:
    """First and last moment. Without a last one it is still running; without a first, unknown."""

    start: Moment | None
    end: Moment | None

    @property
    def timed(self) -> bool:
        """Whether both ends that it has carry time and offset."""
        return all(one is None or one.instant is not None for one in (self.start, self.end))

    def holds_instant(self, when: datetime) -> bool:
        """Whether an instant lies in it. Only for periods that are :attr:`timed`."""
        if self.start is None or self.start.instant is None or when < self.start.instant:
            return False
        return self.end is None or (self.end.instant is not None and when <= self.end.instant)

    def holds_day(self, when: Moment) -> bool:
        """Whether the day of a moment, as written, is one of its days."""
        return self._holds(when.day, when.day)

    def holds_local_day(self, when: Moment) -> bool:
        """Whether the day of a moment, in the offsets of this period, is one of its days."""
        return self._holds(when.day_at(self.start), when.day_at(self.end or self.start))

    def _holds(self, at_start: Day, at_end: Day) -> bool:
        if self.start is None or at_start < self.start.day:
            return False
        return self.end is None or at_end <= self.end.day


def moment(text: object) -> Moment | None:
    """A FHIR date, dateTime or instant; None for a partial one."""
    found = day(text)
    if found is None:
        return None
    try:
        instant = datetime.fromisoformat(str(text)) if "T" in str(text) else None
    except ValueError:
        instant = None
    return Moment(found, instant if instant is not None and instant.tzinfo is not None else None)


def holding(periods: Mapping[str, Period], when: Moment) -> list[str] | str:
    """The names of the periods that hold a moment, or why that cannot be told.

    A period with times that holds the instant comes before every other one with times. Where none
    does, it is the calendar day that counts (a note is written after the visit), and only if it is
    the same period by the day as written and by the day in the offset of the period.
    """
    written = [name for name in periods if periods[name].holds_day(when)]
    if when.instant is None:
        return written
    exact = [
        name
        for name, period in periods.items()
        if period.timed and period.holds_instant(when.instant)
    ]
    if exact:
        # One with dates alone may hold the instant too: nothing says that it does not.
        return exact + [name for name in written if not periods[name].timed]
    if written != [name for name in periods if periods[name].holds_local_day(when)]:
        return "its time and its calendar day, in the offset of the encounter, disagree"
    return written
