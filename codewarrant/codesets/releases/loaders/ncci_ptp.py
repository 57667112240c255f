"""NCCI procedure-to-procedure edits, for practitioners and for outpatient hospitals.

Text with tabs (``ccipra-v323r0-f1.TXT``) or a workbook; some lines of notices, a header of one row
or of several, then column 1 code, column 2 code, ``*`` for edits older than 1996, first day, last
day (``*``: none), modifier indicator, rationale. Days are ``YYYYMMDD``. One edition comes in
several files. The version 32.3 is the fourth quarter (.3) of 2026 (1994 + 32).

An edit whose deletion date is its effective date was withdrawn as if it had never been (Medicare
NCCI Policy Manual, chapter I, on the Correct Coding Modifier Indicator 9); deleted rows stay in the
file, so that one edition answers for all days up to the end of its quarter. A withdrawn edit may
stand there twice with two rationales, since two older tables were merged: the first is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from codewarrant.codesets.releases.draft import Asked, Cell, Draft, Line, Loader, quarter_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders import ncci
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

PRACTITIONER = "ncci-ptp-practitioner"
HOSPITAL = "ncci-ptp-hospital"
FIRST_DAY = date(1996, 1, 1)
"""Edits are dated from here on; older ones carry this date and a mark."""
_ONE_DAY = timedelta(days=1)
_VERSION = re.compile(r"v([0-9]{2})([0-3])r[0-9]+", re.I)
_PART = re.compile(r"[-_]f([0-9]+)\b", re.I)
_SERVICES = (
    (PRACTITIONER, re.compile(r"ccipra|practitioner|physician", re.I)),
    (HOSPITAL, re.compile(r"ccioph|hospital|outpatient|opps", re.I)),
)


def recognises(source: Source) -> bool:
    """Whether the header of such a table stands near the beginning."""
    return any(_is_header(ncci.plain(row)) for row in source.first_rows("\t"))


def drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """One draft for practitioners and one for hospitals, whatever the number of files of each."""
    out = []
    by_table: dict[str, list[Source]] = {}
    for source in sources:
        by_table.setdefault(_table(source, asked), []).append(source)
    for table, parts in by_table.items():
        name = ncci.edition(parts, asked, _quarter)
        first, last = quarter_days(name)
        chosen = _one_form(parts)
        by_name = not (asked.edition or asked.effective)

        def rows(
            chosen: Sequence[Source] = tuple(chosen), name: str = name, checked: bool = by_name
        ) -> Iterator[Line]:
            return _rows(chosen, name, checked)

        remarks = tuple(_remarks(chosen, parts))
        kind = TABLES[table]
        out.append(Draft(kind, name, first, FIRST_DAY, last, tuple(chosen), rows, remarks))
    return out


def _is_header(cells: list[str]) -> bool:
    return len(cells) >= 7 and cells[0] == "column 1" and cells[1] == "column 2"


def _table(source: Source, asked: Asked) -> str:
    if asked.table:
        if asked.table not in (PRACTITIONER, HOSPITAL):
            raise ReleaseError(
                f"holds procedure-to-procedure edits, not {asked.table}", source.name
            )
        return asked.table
    for part in reversed(source.name.split("/")):
        for table, words in _SERVICES:
            if words.search(part):
                return table
    raise ReleaseError(
        f"neither name nor content say whose edits these are; give `--table {PRACTITIONER}` "
        f"or `--table {HOSPITAL}`",
        source.name,
    )


def _quarter(name: str) -> str:
    version = _VERSION.search(name)
    if version is not None:
        return f"{1994 + int(version[1])}Q{int(version[2]) + 1}"
    return ncci.quarter_said(name)


def _one_form(parts: Sequence[Source]) -> list[Source]:
    """An archive may hold each part as a text and as a workbook: the text is read."""
    texts = [part for part in parts if not part.workbook]
    stems = {part.base.rpartition(".")[0].lower() for part in texts}
    books = [part for part in parts if part.workbook]
    return texts + [part for part in books if part.base.rpartition(".")[0].lower() not in stems]


def _remarks(chosen: Sequence[Source], parts: Sequence[Source]) -> Iterator[str]:
    if len(chosen) < len(parts):
        yield "workbooks were left unread where the same part is there as a text"
    numbers = sorted({int(found[1]) for part in chosen if (found := _PART.search(part.base))})
    missing = [at for at in range(1, (numbers or [0])[-1]) if at not in numbers]
    if missing:
        raise ReleaseError(
            f"parts of the edition are missing: f{', f'.join(map(str, missing))}; "
            "give all together, or their pairs would pass for free of edits",
            chosen[-1].name,
        )
    if numbers == [1]:
        yield "only part f1 was given: if the edition has more, their pairs pass for free of edits"


def _rows(sources: Sequence[Source], name: str, by_name: bool) -> Iterator[Line]:
    first, last = quarter_days(name)
    latest = date.min
    read = _reader()
    withdrawn: dict[tuple[Cell, ...], Cell] = {}
    for source in sources:
        count = 0
        rows = ncci.headed(source, "\t", _is_header)
        next(rows)
        number = 1
        for number, cells in rows:
            # in workbooks the header goes on over some rows, which have no code
            if not any(cells) or (not count and not cells[0].strip()):
                continue
            if len(cells) < 7 and not source.workbook:
                raise _wrong(source, number, cells)
            try:
                edit = read(cells)
            except ValueError as error:
                raise ReleaseError(str(error), source.name, number) from error
            begins, ends = edit[5:]
            if ends is not None and ends < begins:
                pair = (*edit[:2], begins)
                if withdrawn.setdefault(pair, edit[3]) != edit[3]:
                    continue
            if begins > latest:
                ncci.not_later(begins, last, name, source.name, number)
                latest = begins
            if ends is not None and latest < ends <= last:
                latest = ends
            count += 1
            yield Line(source.name, number, edit)
        if not count:
            raise ReleaseError("is truncated: no edits below the header", source.name, number)
    if by_name and latest < first - timedelta(days=92):
        raise ReleaseError(
            f"its name says {name}, but its newest change is of {latest.isoformat()}; "
            f"say which edition it is, as in `--edition {name}`",
            sources[0].name,
        )


class _Cells(dict[str, Any]):
    """Cells by their text: the same few stand in many rows, and are checked once."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        cell = self[text] = self._read(text.strip())
        return cell


def _day(text: str) -> date | None:
    if text in ("*", ""):
        return None
    if len(text) != 8 or not text.isascii():
        raise ValueError(f"`{text}` is no date (YYYYMMDD)")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ValueError(f"`{text}` is no date (YYYYMMDD)") from None


def _code(text: str) -> str:
    if ncci.CODE.fullmatch(text) is None:
        raise ValueError(f"`{text}` is no code")
    return text


def _indicator(text: str) -> int:
    if text not in ("0", "1", "9"):
        raise ValueError(f"`{text}` is no modifier indicator (0, 1, 9)")
    return int(text)


def _reader() -> Callable[[list[str]], tuple[Any, ...]]:
    """A function from the cells of a row to those of an edit. It raises ``ValueError``."""
    codes, days, indicators = _Cells(_code), _Cells(_day), _Cells(_indicator)
    rationales = _Cells(lambda text: text or None)
    marks = _Cells(lambda text: text == "*")

    def read(cells: list[str]) -> tuple[Any, ...]:
        one, two, old, start, end, indicator, rationale = (cells + [""] * 7)[:7]
        pair = codes[one], codes[two], indicators[indicator], rationales[rationale], marks[old]
        begins, ends = days[start], days[end]
        if begins is None:
            raise ValueError("the edit has no effective date")
        if ends is not None and ends <= begins:
            if ends < begins:
                raise ValueError(f"the edit ends on {end}, before it begins on {start}")
            ends = begins - _ONE_DAY
        return (*pair, begins, ends)

    return read


def _wrong(source: Source, number: int, cells: Sequence[str]) -> ReleaseError:
    return ReleaseError(
        f"{len(cells)} cells where an edit has 7: truncated, or not a table of edits",
        source.name,
        number,
    )


LOADERS = (Loader("ncci-ptp", "NCCI procedure-to-procedure edits (txt, xlsx)", recognises, drafts),)
