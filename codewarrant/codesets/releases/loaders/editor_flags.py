"""Lists of the Medicare Code Editor: which codes carry which flag, and when.

Two layouts: a code with its first and last day and its flags (``adult|male``), and a code with the
group and rule of the edit as the editor's manual words them. Flags keep the editor's short names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.columns import Names, has_header, plain, records
from codewarrant.codesets.releases.loaders.editions import (
    ICD10_BEGAN,
    fiscal_edition,
    fiscal_effective,
    half_year_end,
    plain_date,
)
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES
from codewarrant.codesets.shape import ICD10CM, normalise

_COLUMNS: Names = {
    "code": ("code", "icd code", "icd 10 cm code", "icd 10 pcs code"),
    "flag": ("flag", "flags", "edit", "edit name"),
    "rule": ("icd conflict rule", "rule"),
    "from": ("effective from", "start", "start date", "effective date"),
    "to": ("effective to", "end", "end date", "deletion date"),
}
_BY_RULE = (
    ("manifestation", "manifestation"),
    ("unacceptable", "unacceptable"),
    ("external cause", "ecodepdx"),
    ("e code", "ecodepdx"),
    ("questionable admission", "qadm"),
    ("wrong procedure", "wrngproc"),
    ("unspecified", "unspecified"),
    ("newborn", "newborn"),
    ("pediatric", "pediatric"),
    ("maternity", "maternity"),
    ("adult", "adult"),
    ("female", "female"),
    ("male", "male"),
)
_FLAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PCS = re.compile(r"[0-9B-DF-HX][0-9A-HJ-NP-Z]{6}")


def _flags(cells: dict[str, str], source: Source, line: int) -> tuple[str, ...]:
    if "flag" in cells:
        found = tuple(part for part in re.split(r"[|; ]+", cells["flag"]) if part)
        if all(_FLAG.fullmatch(part) for part in found):
            return found
        raise ReleaseError(f"`{cells['flag']}` is no flag", source.name, line)
    said = plain(cells["rule"])
    flag = next((flag for words, flag in _BY_RULE if words in said), None)
    if flag is None:
        raise ReleaseError(f"`{cells['rule']}` is no edit that is known", source.name, line)
    return (flag,)


def read_flags(source: Source, day: date) -> Iterator[tuple[int, str, str, str, date, date | None]]:
    """Line, table, code, flag, first and last day. Raises ``ReleaseError`` for what is no code."""
    needed = (
        ("code", "flag") if has_header(source, _COLUMNS, ("code", "flag")) else ("code", "rule")
    )
    for line, cells in records(source, _COLUMNS, needed):
        text = cells["code"].upper()
        code = normalise(ICD10CM, text)
        table = "mce-diagnoses"
        if code is None and _PCS.fullmatch(text):
            code, table = text, "mce-procedures"
        if code is None:
            raise ReleaseError(f"`{cells['code']}` is no code", source.name, line)
        first = plain_date(cells.get("from", ""), source, line) or day
        last = plain_date(cells.get("to", ""), source, line)
        for flag in _flags(cells, source, line):
            yield line, table, code, flag, first, last


def _draft(source: Source, asked: Asked) -> list[Draft]:
    day = fiscal_effective(source, asked)
    by_table: dict[str, list[Line]] = {}
    first_day = day
    for line, table, code, flag, first, last in read_flags(source, day):
        first_day = min(first_day, first)
        by_table.setdefault(table, []).append(Line(source.name, line, (code, flag, first, last)))
    if not by_table:
        raise ReleaseError("gives no code a flag", source.name)
    return [
        Draft(
            kind=TABLES[table],
            edition=fiscal_edition(day, asked),
            as_of=day,
            covers_from=max(first_day, ICD10_BEGAN),
            covers_to=half_year_end(day),
            sources=(source,),
            rows=lambda lines=lines: iter(lines),
        )
        for table, lines in sorted(by_table.items())
    ]


def _recognises(source: Source) -> bool:
    return has_header(source, _COLUMNS, ("code", "flag")) or has_header(
        source, _COLUMNS, ("code", "rule")
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [draft for source in sources for draft in _draft(source, asked)]


LOADERS = (Loader("mce-flags", "Medicare Code Editor lists (CSV)", _recognises, _drafts),)
