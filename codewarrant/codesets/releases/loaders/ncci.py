"""What the files of the National Correct Coding Initiative have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from codewarrant.codesets.releases.draft import Asked, quarter_days, quarter_of
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source

CODE = re.compile(r"[0-9A-Z]{5}")
"""A CPT or HCPCS Level II code."""
BANNER = 40
"""Rows above the header at most."""
_QUARTER = re.compile(r"(20[0-9]{2})[-_ ]?Q([1-4])", re.I)
_DAY = re.compile(r"Eff(?:ective)?[-_ ]*([0-1][0-9])[-_]([0-3][0-9])[-_](20[0-9]{2})", re.I)


def plain(cells: Sequence[str]) -> list[str]:
    """A header's cells without line ends and double spaces, in lower case."""
    return [" ".join(cell.split()).lower() for cell in cells]


def headed(
    source: Source, delimiter: str, is_header: Callable[[list[str]], bool]
) -> Iterator[tuple[int, list[str]]]:
    """The header, and the rows below it. Raises ``ReleaseError`` where no header is found."""
    rows = source.cells(delimiter)
    for number, cells in rows:
        if is_header(plain(cells)):
            yield number, cells
            yield from rows
            return
        if number > BANNER:
            break
    raise ReleaseError("the header line is missing", source.name, 1)


def edition(sources: Sequence[Source], asked: Asked, said: Callable[[str], str]) -> str:
    """The quarter of the files: what was asked for, otherwise what their names say.

    ``said`` finds a quarter in one part of a path, or "". Raises ``ReleaseError`` where no quarter
    is known, and where names say several.
    """
    if asked.edition:
        quarter_days(asked.edition)
        return asked.edition
    if asked.effective is not None:
        return quarter_of(asked.effective)
    found: dict[str, str] = {}
    for source in sources:
        # the file's own name goes before those of the archives around it
        parts = (said(part) for part in reversed(source.name.split("/")))
        name = next((part for part in parts if part), "")
        if name:
            found.setdefault(name, source.name)
    if len(found) > 1:
        names = " and ".join(f"{edition} ({name})" for edition, name in sorted(found.items()))
        raise ReleaseError(f"files of several editions: {names}; import them one by one")
    if not found:
        raise ReleaseError(
            "the name does not say the quarter; give it, as in `--edition 2026Q3`", sources[0].name
        )
    return next(iter(found))


def quarter_said(name: str) -> str:
    """``2026Q3`` for a name with ``2026Q3``, ``2026-q3`` or ``Eff_07-01-2026``; "" for others."""
    quarter = _QUARTER.search(name)
    if quarter is not None:
        return f"{quarter[1]}Q{quarter[2]}"
    day = _DAY.search(name)
    if day is None:
        return ""
    try:
        return quarter_of(date(int(day[3]), int(day[1]), int(day[2])))
    except ValueError:
        return ""


def not_later(day: date, last: date, name: str, file: str, line: int) -> None:
    """Refuse a row that begins after the edition's quarter: the file is of a later one."""
    if day > last:
        raise ReleaseError(
            f"a row begins on {day.isoformat()}, after {name} (until {last.isoformat()}): "
            "this is the file of another quarter",
            file,
            line,
        )
