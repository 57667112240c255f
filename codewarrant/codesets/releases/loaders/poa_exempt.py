"""The list of diagnoses exempt from present-on-admission reporting: number, code, title.

Separated by tabs, or a workbook; banners and a header may come first. The list is made for a fiscal
year, codes with or without dot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader, fiscal_year_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.editions import (
    fiscal_edition,
    fiscal_effective,
    fiscal_year,
)
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES
from codewarrant.codesets.shape import ICD10CM, normalise


def _row(cells: list[str]) -> tuple[int, str, str] | None:
    parts = [cell.strip() for cell in cells]
    if len(parts) < 3 or not re.fullmatch(r"[0-9]{1,9}", parts[0]):
        return None
    code = normalise(ICD10CM, parts[1])
    return None if code is None else (int(parts[0]), code, " ".join(parts[2].split()))


def _recognises(source: Source) -> bool:
    found = [row for cells in source.first_rows("\t") if (row := _row(cells)) is not None]
    return len(found) >= 3 and [number for number, *_ in found[:3]] == [1, 2, 3]


def _draft(source: Source, asked: Asked) -> Draft:
    day = fiscal_effective(source, asked)
    lines: list[Line] = []
    for place, cells in source.cells("\t"):
        row = _row(cells)
        if row is None:
            if lines and any(cell.strip() for cell in cells):
                raise ReleaseError("is no line of number, code and title", source.name, place)
            continue
        number, code, title = row
        if number != len(lines) + 1:
            raise ReleaseError(
                f"is number {number} after number {len(lines)}: lines are missing or doubled",
                source.name,
                place,
            )
        if not title:
            raise ReleaseError("has no title: the file is cut here", source.name, place)
        lines.append(Line(source.name, place, (code, title, day, None)))
    if not any(str(line.cells[0]).startswith("Z") for line in lines):
        raise ReleaseError(
            "holds no code that begins with Z: the list is not whole", source.name, lines[-1].line
        )
    return Draft(
        kind=TABLES["poa-exempt"],
        edition=fiscal_edition(day, asked),
        as_of=day,
        covers_from=day,
        covers_to=fiscal_year_days(fiscal_year(day))[1],
        sources=(source,),
        rows=lambda: iter(lines),
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (
    Loader(
        "poa-exempt",
        "list of codes exempt from present-on-admission reporting",
        _recognises,
        _drafts,
    ),
)
