"""Medicare's medically unlikely edits, for three kinds of provider.

``MCR_MUE_PractitionerServices_Eff_07-01-2026.csv`` or a workbook: a quoted notice of several lines,
a header whose first cell holds a line end, then code, units, adjudication indicator as text
(``3 Date of Service Edit: Clinical``), rationale. A file holds the values of its quarter alone.
The header names the provider. Medicaid's tables have other values and no adjudication indicator;
they are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader, quarter_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders import ncci
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

_SERVICES = (
    ("mue-practitioner", "practitioner"),
    ("mue-outpatient", "outpatient"),
    ("mue-dme", "dme"),
)
_INDICATOR = re.compile(r"([123])(?:\s.*)?")
_MEDICAID = re.compile(r"^MCD[-_]|medicaid", re.I)


def recognises(source: Source) -> bool:
    """Whether the header of such a table, Medicare's or Medicaid's, stands near the beginning."""
    return any(_is_header(ncci.plain(row)) for row in source.first_rows(","))


def drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """One draft for each kind of provider and quarter."""
    out: dict[tuple[str, str], Draft] = {}
    for source in sorted(sources, key=lambda source: (source.workbook, source.name)):
        table = _table(source, asked)
        name = ncci.edition([source], asked, ncci.quarter_said)
        same = out.get((table, name))
        if same is not None:
            if source.workbook and not same.sources[0].workbook:
                continue  # an archive holds the table as a text and as a workbook
            raise ReleaseError(
                f"holds {table} of {name}, as does {same.sources[0].name}", source.name
            )
        first, last = quarter_days(name)

        def rows(source: Source = source, name: str = name) -> Iterator[Line]:
            return _rows(source, name)

        out[table, name] = Draft(TABLES[table], name, first, first, last, (source,), rows)
    return list(out.values())


def _is_header(cells: list[str]) -> bool:
    return (
        len(cells) > 1
        and cells[0].replace(" ", "") == "hcpcs/cptcode"
        and cells[1].endswith(("mue values", "mue value"))
    )


def _table(source: Source, asked: Asked) -> str:
    number, header = next(ncci.headed(source, ",", _is_header))
    cells = ncci.plain(header)
    if not any("adjudication indicator" in cell for cell in cells) or _MEDICAID.search(source.base):
        raise ReleaseError(
            "is Medicaid's table, whose values are not Medicare's; it is not imported",
            source.name,
            number,
        )
    for table, word in _SERVICES:
        if word in cells[1]:
            if asked.table and asked.table != table:
                raise ReleaseError(f"holds {table}, not {asked.table}", source.name, number)
            return table
    raise ReleaseError(f"`{cells[1]}` names no kind of provider", source.name, number)


def _rows(source: Source, name: str) -> Iterator[Line]:
    first, last = quarter_days(name)
    rows = ncci.headed(source, ",", _is_header)
    number, header = next(rows)
    cells = ncci.plain(header)
    units_at = 1
    indicator_at = next(at for at, cell in enumerate(cells) if "adjudication" in cell)
    rationale_at = next((at for at, cell in enumerate(cells) if "rationale" in cell), -1)
    count = 0
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(cells) and not source.workbook:
            raise ReleaseError(f"{len(row)} cells of {len(cells)}: truncated", source.name, number)
        row = [cell.strip() for cell in row] + [""] * (len(cells) - len(row))
        code, units = row[0], row[units_at]
        indicator = _INDICATOR.fullmatch(row[indicator_at])
        if not ncci.CODE.fullmatch(code):
            raise ReleaseError(f"`{code}` is no code", source.name, number)
        if not (units.isascii() and units.isdigit()):
            raise ReleaseError(f"`{units}` is no number of units", source.name, number)
        if indicator is None:
            raise ReleaseError(
                f"`{row[indicator_at]}` is no adjudication indicator (1, 2, 3)", source.name, number
            )
        rationale = row[rationale_at] if rationale_at >= 0 else ""
        count += 1
        values = (code, int(units), int(indicator[1]), rationale or None, first, last)
        yield Line(source.name, number, values)
    if not count:
        raise ReleaseError("is truncated: no edits below the header", source.name, number)


LOADERS = (Loader("ncci-mue", "NCCI medically unlikely edits (csv, xlsx)", recognises, drafts),)
