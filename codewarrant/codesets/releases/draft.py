"""What loaders are given and what they give: files in, drafts of releases out."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TableKind

Cell = str | int | Decimal | bool | date | bytes | None
"""A cell in Python; see ``tables.Column`` for which kind of column holds which."""


class Line(NamedTuple):
    """One row with its place: ``file`` as in ``Source.name``, ``line`` counted from 1.

    ``cells`` stand in the order of the kind's columns, then ``effective_from`` and
    ``effective_to`` (dates, last day included, None for open).
    """

    file: str
    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A release before it is in the store.

    ``rows`` starts anew at each call and may raise ``ReleaseError`` at the row that is wrong. Rows
    come in any order; the store sorts them, finds duplicates and overlapping days, and counts.
    ``as_of`` is the first day of the period that the edition was published for: of two editions
    that hold a date the one with the later ``as_of`` speaks. ``covers_from`` and ``covers_to`` are
    the first and the last day that the edition can speak of (None: open). ``remarks`` are sentences
    for the user, such as that parts of an edition are missing.
    """

    kind: TableKind
    edition: str
    as_of: date
    covers_from: date | None
    covers_to: date | None
    sources: tuple[Source, ...]
    rows: Callable[[], Iterator[Line]]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user said besides the files: it goes before what the names of files say.

    ``edition`` such as ``2026Q4`` or ``2027``; ``effective`` is the first day of the edition's
    period; ``table`` a name of ``tables.TABLES``, where the content fits several.
    """

    edition: str = ""
    effective: date | None = None
    table: str = ""


@dataclass(frozen=True, slots=True)
class Loader:
    """How files of one format become drafts.

    ``recognises`` looks at the content of one file (``Source.head``, ``Source.first_rows``), never
    only at its name, reads little and never raises for other formats. ``drafts`` is given all the
    recognised files, in order of name, and raises ``ReleaseError``; files of one edition become one
    draft.
    """

    name: str
    what: str
    recognises: Callable[[Source], bool]
    drafts: Callable[[Sequence[Source], Asked], Sequence[Draft]]


QUARTER = re.compile(r"(?P<year>[12][0-9]{3})\s*Q(?P<quarter>[1-4])(?:-r[1-9][0-9]*)?", re.I)


def quarter_days(edition: str) -> tuple[date, date]:
    """First and last day of ``2026Q3`` (also ``2026Q3-r2``, a correction).

    Raises ``ReleaseError`` for a text that names no quarter.
    """
    found = QUARTER.fullmatch(edition)
    if found is None:
        raise ReleaseError(f"`{edition}` names no quarter; write it like 2026Q3")
    year, quarter = int(found["year"]), int(found["quarter"])
    last = quarter * 3
    return date(year, last - 2, 1), date(year, last, calendar.monthrange(year, last)[1])


def quarter_of(day: date) -> str:
    """The calendar quarter that a day lies in: ``2026Q3``."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def fiscal_year_days(year: int) -> tuple[date, date]:
    """First and last day of a federal fiscal year: 2027 is 2026-10-01 to 2027-09-30."""
    return date(year - 1, 10, 1), date(year, 10, 1) - timedelta(days=1)
