"""The ICD-10-PCS tables: XML that spells out every code by its seven axes.

The root is ``ICD10PCS.tabular``. A ``pcsTable`` fixes the first three characters; each ``pcsRow``
gives the values of axes 4 to 7 that go together, and (``codes``) how many codes that makes. A title
is the labels of the axes in the order of the characters, as the official order file has no other
place for them; where an order file is imported too, its titles are the official wording.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from xml.etree import ElementTree

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.editions import (
    fiscal_edition,
    fiscal_effective,
    half_year_end,
    same_version,
)
from codewarrant.codesets.releases.loaders.xml import begins_with, root_of, words
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

ROOT = "ICD10PCS.tabular"
_VALUE = re.compile(r"[0-9A-HJ-NP-Z]")

Axis = list[tuple[str, str]]
"""The characters of an axis and what they mean."""


def read_tables(source: Source, root: ElementTree.Element) -> Iterator[tuple[str, str, bool]]:
    """Code, title and whether it may be billed: each table's head, then its codes.

    Raises ``ReleaseError`` for axes missing or doubled, and where a row makes another number of
    codes than it says.
    """
    for table in root.findall("pcsTable"):
        head = _axes(source, table, (1, 2, 3), "a table")
        if any(len(axis) != 1 for axis in head):
            raise ReleaseError("a table fixes more than one value on an axis", source.name)
        start = "".join(axis[0][0] for axis in head)
        lead = [axis[0][1] for axis in head]
        yield start, ", ".join(lead), False
        for row in table.findall("pcsRow"):
            axes = _axes(source, row, (4, 5, 6, 7), f"a row of table {start}")
            made = 0
            for values in product(*axes):
                made += 1
                ending = "".join(value for value, _ in values)
                yield start + ending, ", ".join([*lead, *(label for _, label in values)]), True
            said = row.get("codes")
            if said is not None and said != str(made):
                raise ReleaseError(
                    f"a row of table {start} says it makes {said} codes, but makes {made}",
                    source.name,
                )


def _axes(
    source: Source, element: ElementTree.Element, places: tuple[int, ...], what: str
) -> list[Axis]:
    found: dict[str, Axis] = {}
    for axis in element.findall("axis"):
        place = axis.get("pos", "")
        if place in found:
            raise ReleaseError(f"{what} gives axis {place} twice", source.name)
        values = [(label.get("code", ""), words(label.text)) for label in axis.findall("label")]
        for value, _ in values:
            if not _VALUE.fullmatch(value):
                raise ReleaseError(f"{what} has the value `{value}` on axis {place}", source.name)
        found[place] = values
    if sorted(found) != [str(place) for place in places]:
        given = ", ".join(sorted(found)) or "none"
        raise ReleaseError(f"{what} gives axes {given}; expected {places}", source.name)
    return [found[str(place)] for place in places]


def _draft(source: Source, asked: Asked) -> Draft:
    day = fiscal_effective(source, asked)
    root = root_of(source, source.read(), ROOT)
    same_version(source, root.findtext("version") or "", day)
    lines, seen = [], set()
    for number, (code, title, billable) in enumerate(read_tables(source, root), 1):
        if not billable and code in seen:
            continue  # several tables may share their first three characters
        seen.add(code)
        cells = (code, title, billable, None, day, None)
        lines.append(Line(source.name, number, cells))
    sections = {line.cells[0] for line in lines if isinstance(line.cells[0], str)}
    if missing := sorted({"0", "X"} - {code[0] for code in sections}):
        raise ReleaseError(
            f"holds no table of section {', '.join(missing)}: the document is not whole",
            source.name,
        )
    return Draft(
        kind=TABLES["icd10pcs"],
        edition=f"{fiscal_edition(day, asked)} tables",
        as_of=day,
        covers_from=day,
        covers_to=half_year_end(day),
        sources=(source,),
        rows=lambda: iter(lines),
        remarks=("titles are put together from the axes; the order file has the official ones",),
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (
    Loader(
        "icd10pcs-tables",
        "ICD-10-PCS tables (XML)",
        lambda source: begins_with(source, ROOT),
        _drafts,
    ),
)
