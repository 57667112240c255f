"""Lists of codes: order and codes files of ICD-10-CM and ICD-10-PCS, title files of ICD-9-CM.

Order files are of fixed width: 1-5 number in order, 7-13 code, 15 whether the code may be billed
(1) or only heads others (0), 17-76 short title, 78 and on long title. Codes files hold the billable
codes alone: 1-7 code, 9 and on long title. ICD-9-CM: 1-5 code, 7 and on title. The ICD-10-PCS
tables (XML) spell the same codes out by axes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader, fiscal_year_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders import pcs_tables
from codewarrant.codesets.releases.loaders.editions import (
    fiscal_edition,
    fiscal_effective,
    fiscal_year,
    half_year_end,
    same_version,
)
from codewarrant.codesets.releases.loaders.xml import begins_with, root_of
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES
from codewarrant.codesets.shape import ICD9CM, ICD10CM, normalise

_ORDER = re.compile(r"[0-9]{5} [0-9A-Z]{3,7} {1,5}[01] ")
_CODES = re.compile(r"[0-9A-Z]{3,7} {1,5}(?! )")
_PCS = re.compile(r"[0-9B-DF-HX][0-9A-HJ-NP-Z]{6}")
ICD9_FIRST, ICD9_LAST = date(2014, 10, 1), date(2015, 9, 30)
"""The days that version 32, the last of ICD-9-CM, was in force."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A code as a list gives it; ``code`` is without dot."""

    line: int
    code: str
    billable: bool
    short: str | None
    title: str | None


def _form(source: Source) -> str:
    """``order``, ``codes``, ``tables``, ``icd9`` or "" by the beginning of a file."""
    if source.workbook:
        return ""
    if begins_with(source, pcs_tables.ROOT):
        return "tables"
    lines = [line for line in source.head.decode("latin-1").splitlines() if line.strip()][:10]
    if not lines:
        return ""
    if all(_ORDER.match(line) for line in lines):
        return "order"
    if not all(_CODES.match(line) for line in lines):
        return ""
    codes = [line[:7].split(" ")[0] for line in lines]
    if all(_PCS.fullmatch(code) for code in codes):
        return "codes"
    for form, system, width in (("codes", ICD10CM, 7), ("icd9", ICD9CM, 5)):
        if all(normalise(system, code) for code in codes) and all(
            line[width : width + 1] == " " for line in lines
        ):
            return form
    return ""


def read_list(source: Source) -> Iterator[Listed]:
    """Every line of an order or codes file. Raises ``ReleaseError`` at a line of another form."""
    form = _form(source)
    before = 0
    for number, line in source.text():
        if not line.strip():
            continue
        if form == "order":
            if not _ORDER.match(line) or line[5] != " " or line[14:15] not in ("0", "1"):
                raise ReleaseError("is no line of an order file", source.name, number)
            place = int(line[:5])
            if before and place != before + 1:
                raise ReleaseError(
                    f"is number {place} after number {before}: lines are missing or doubled",
                    source.name,
                    number,
                )
            before = place
            title = line[77:].strip() or None
            if title is None:
                raise ReleaseError("has no long title: the file is cut here", source.name, number)
            code, billable = line[6:13].strip(), line[14] == "1"
            yield Listed(number, code, billable, line[16:76].strip() or None, title)
        else:
            width = 5 if form == "icd9" else 7
            code, title = line[:width].strip(), line[width + 1 :].strip() or None
            if not re.fullmatch(r"[0-9A-Z]+", code) or line[width : width + 1] not in ("", " "):
                raise ReleaseError("is no line of a list of codes", source.name, number)
            if title is None:
                raise ReleaseError("has no title: the file is cut here", source.name, number)
            yield Listed(number, code, True, None, " ".join(title.split()))


def _system(rows: Sequence[Listed]) -> str:
    if any(row.code[0].isdigit() for row in rows):
        return "icd10pcs"
    return "icd10cm-order"


def _read(source: Source, asked: Asked) -> tuple[str, date, list[Listed]]:
    """The table that a file is for, the first day of its edition, and its rows."""
    day = fiscal_effective(source, asked)
    if _form(source) == "tables":
        root = root_of(source, source.read(), pcs_tables.ROOT)
        same_version(source, root.findtext("version") or "", day)
        # the parser knows no lines: the place is the number of the code
        found = enumerate(pcs_tables.read_tables(source, root), 1)
        rows = [Listed(number, code, bill, None, title) for number, (code, title, bill) in found]
        table = "icd10pcs"
    else:
        rows = list(read_list(source))
        table = _system(rows)
    _whole(source, table, rows)
    return table, day, rows


def _whole(source: Source, table: str, rows: Sequence[Listed]) -> None:
    """Refuse a list that does not reach the last letter of its system, and a code listed twice."""
    seen: dict[str, int] = {}
    for row in rows:
        if row.code in seen:
            raise ReleaseError(
                f"lists `{row.code}` again (first on line {seen[row.code]})", source.name, row.line
            )
        seen[row.code] = row.line
    # U came with FY2020; all other letters are as old as the system
    needed = set("0X") if table == "icd10pcs" else set("ABCDEFGHIJKLMNOPQRSTVWXYZ")
    if missing := sorted(needed - {code[0] for code in seen}):
        raise ReleaseError(
            f"holds no code that begins with {', '.join(missing)}: the list is not whole",
            source.name,
            rows[-1].line if rows else 0,
        )


def _official(source: Source, table: str, row: Listed) -> str:
    if table == "icd10pcs":
        width = 7 if row.billable else 3
        if len(row.code) == width and re.fullmatch(r"[0-9A-HJ-NP-Z]+", row.code):
            return row.code
        raise ReleaseError(f"`{row.code}` is no ICD-10-PCS code", source.name, row.line)
    system = ICD9CM if table == "icd9cm" else ICD10CM
    name = normalise(system, row.code)
    if name is None:
        raise ReleaseError(f"`{row.code}` is no code of {table}", source.name, row.line)
    return name


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """The files of one edition become one draft; an order file says most, then a list of codes."""
    found: dict[tuple[str, date], list[tuple[Source, list[Listed]]]] = {}
    for source in sources:
        table, day, rows = _read(source, asked)
        found.setdefault((table, day), []).append((source, rows))
    return [_draft(*key, found[key], asked) for key in sorted(found)]


def _draft(table: str, day: date, files: list[tuple[Source, list[Listed]]], asked: Asked) -> Draft:
    ranks = ("tables", "codes", "order")
    source, rows = max(files, key=lambda item: ranks.index(_form(item[0])))
    billable = {row.code for row in rows if row.billable}
    for other, others in files:
        codes = {row.code for row in others if row.billable}
        if odd := sorted(codes ^ billable):
            raise ReleaseError(
                f"disagrees with {source.name} about {len(odd)} codes (`{odd[0]}`, say): they are"
                " not of one edition; import them apart, each with --effective",
                other.name,
            )
    lines = [
        Line(
            source.name,
            row.line,
            (_official(source, table, row), row.title, row.billable, row.short, day, None),
        )
        for row in rows
    ]
    return Draft(
        kind=TABLES[table],
        edition=fiscal_edition(day, asked),
        as_of=day,
        covers_from=day,
        covers_to=half_year_end(day),
        sources=tuple(item for item, _ in files),
        rows=lambda: iter(lines),
    )


def _icd9_drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """Long and short titles of one list become one draft."""
    by_code: dict[str, list[tuple[Source, Listed]]] = {}
    for source in sources:
        seen: dict[str, int] = {}
        for row in read_list(source):
            if row.code in seen:
                raise ReleaseError(f"lists `{row.code}` again", source.name, row.line)
            seen[row.code] = row.line
            by_code.setdefault(row.code, []).append((source, row))
        if not any(code.startswith("V") for code in seen):
            raise ReleaseError("holds no V codes: the list is not whole", source.name)
    day = asked.effective or ICD9_FIRST
    lines = []
    for code, found in sorted(by_code.items()):
        if len(found) != len(sources):
            raise ReleaseError(
                f"lists `{code}`, which is not in every file of the edition",
                found[0][0].name,
                found[0][1].line,
            )
        titles = sorted({row.title or "" for _, row in found}, key=lambda text: (-len(text), text))
        source, row = found[0]
        short = titles[-1] if len(titles) > 1 else None
        cells = (_official(source, "icd9cm", row), titles[0], True, short, day, ICD9_LAST)
        lines.append(Line(source.name, row.line, cells))
    draft = Draft(
        kind=TABLES["icd9cm"],
        edition=fiscal_edition(day, asked),
        as_of=day,
        covers_from=day,
        covers_to=fiscal_year_days(fiscal_year(day))[1],
        sources=tuple(sources),
        rows=lambda: iter(lines),
    )
    return [draft]


LOADERS = (
    Loader(
        "code-list",
        "ICD-10-CM or ICD-10-PCS order file, codes file or tables (XML)",
        lambda source: _form(source) in ("order", "codes", "tables"),
        _drafts,
    ),
    Loader(
        "icd9cm-titles",
        "ICD-9-CM titles",
        lambda source: _form(source) == "icd9",
        _icd9_drafts,
    ),
)
