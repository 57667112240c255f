"""NCCI add-on code edits: which primary codes an add-on code needs.

``AOC_V2026Q4-MCR.txt`` has fixed columns and no header: type (1), add-on code (2-6), its last day
(7-13), primary code (14-18), its last day (19-25), first day of the edit (26-32), its last day
(33-39), notes; the workbook has the same columns under a notice and a header. Days are ``YYYYDDD``,
the day of the year. ``CCCCC`` stands for primary codes that contractors define; notes are dropped.
An edit ends with the first of its three last days. The file keeps what ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader, quarter_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders import ncci
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

CONTRACTOR = "CCCCC"
_WIDE = re.compile(r"[123][0-9A-Z]{5}([12][0-9]{6}| {7})[0-9A-Z]{5}([12][0-9]{6}| {7})[12][0-9]{6}")
_COLUMNS = (
    "aoc_edit_type",
    "add-on_code",
    "aoc_deldt",
    "primary_code",
    "primary_code_deldt",
    "aoc_edit_effdt",
    "aoc_edit_deldt",
)


def recognises(source: Source) -> bool:
    """Whether lines have the fixed columns, or a header names them."""
    if any(_is_header(ncci.plain(row)) for row in source.first_rows("\t")):
        return True
    if source.workbook or b"\x00" in source.head:
        return False
    lines = source.head.decode("cp1252", "replace").splitlines()[: ncci.BANNER]
    return any(_WIDE.match(line) for line in lines)


def drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """One draft; a workbook beside a text of the same edition is left unread."""
    texts = [source for source in sources if not source.workbook]
    chosen = texts or list(sources)
    by_edition: dict[str, Source] = {}
    for source in chosen:
        name = ncci.edition([source], asked, ncci.quarter_said)
        if name in by_edition:
            raise ReleaseError(f"holds {name}, as does {by_edition[name].name}", source.name)
        by_edition[name] = source
    out = []
    for name, source in sorted(by_edition.items()):
        first, last = quarter_days(name)

        def rows(source: Source = source, name: str = name) -> Iterator[Line]:
            return _rows(source, name)

        out.append(Draft(TABLES["add-on-codes"], name, first, None, last, (source,), rows))
    return out


def _is_header(cells: list[str]) -> bool:
    return _places(cells) is not None


def _places(cells: list[str]) -> list[int] | None:
    """Where each of the columns stands; headers are written with and without ``_Julian``."""
    plain = [re.sub(r"[^a-z]", "", cell.replace("julian", "")) for cell in cells]
    try:
        return [plain.index(re.sub(r"[^a-z]", "", name)) for name in _COLUMNS]
    except ValueError:
        return None


def _rows(source: Source, name: str) -> Iterator[Line]:
    last = quarter_days(name)[1]
    count = number = 0
    for number, cells in _headed(source) if source.workbook else _fixed(source):
        kind, add_on, add_on_last, primary, primary_last, first, edit_last = cells
        given = (add_on_last, primary_last, edit_last)
        if kind not in ("1", "2", "3"):
            raise ReleaseError(f"`{kind}` is no type of add-on code (1, 2, 3)", source.name, number)
        for code in (add_on, primary):
            if not ncci.CODE.fullmatch(code):
                raise ReleaseError(f"`{code}` is no code", source.name, number)
        begins = day_of_year(first, source.name, number)
        if begins is None:
            raise ReleaseError("the edit has no effective date", source.name, number)
        ncci.not_later(begins, last, name, source.name, number)
        ends = [day_of_year(text, source.name, number) for text in given]
        end = min((day for day in ends if day is not None), default=None)
        if end is not None and end <= begins:
            end = begins - timedelta(days=1)
        contractor = primary == CONTRACTOR
        values = (add_on, None if contractor else primary, int(kind), contractor, begins, end)
        count += 1
        yield Line(source.name, number, values)
    if not count:
        raise ReleaseError("is truncated: it holds no edits", source.name, max(number, 1))


def _fixed(source: Source) -> Iterator[tuple[int, list[str]]]:
    begun = False
    for number, line in source.text():
        if not line.strip():
            continue
        if _WIDE.match(line) is None:
            if not begun and number <= ncci.BANNER:
                continue
            raise ReleaseError(
                "the columns are not those of an edit: truncated?", source.name, number
            )
        begun = True
        cells = [line[0], line[1:6], line[6:13], line[13:18], line[18:25], line[25:32], line[32:39]]
        yield number, [cell.strip() for cell in cells]


def _headed(source: Source) -> Iterator[tuple[int, list[str]]]:
    rows = ncci.headed(source, "\t", _is_header)
    _, header = next(rows)
    places = _places(ncci.plain(header)) or []
    for number, cells in rows:
        if any(cells):
            whole = cells + [""] * (max(places) + 1 - len(cells))
            yield number, [whole[at].strip() for at in places]


def day_of_year(text: str, file: str, line: int) -> date | None:
    """``2026091`` is 2026-04-01; None for no date. Raises ``ReleaseError``."""
    if not text or text == "*" or set(text) == {"0"}:
        return None
    if len(text) == 7 and text.isascii() and text.isdigit():
        year, day = int(text[:4]), int(text[4:])
        try:
            found = date(year, 1, 1) + timedelta(days=day - 1)
        except (ValueError, OverflowError):
            found = None
        if found is not None and day >= 1 and found.year == year:
            return found
    raise ReleaseError(f"`{text}` is no date (YYYYDDD, the day of the year)", file, line)


LOADERS = (Loader("ncci-add-on", "NCCI add-on code edits (txt, xlsx)", recognises, drafts),)
