"""The ICD-10-PCS tables: XML that spells out every code by its seven axes.

The root is ``ICD10PCS.tabular``. A ``pcsTable`` fixes the first three characters; each ``pcsRow``
gives the values of axes 4 to 7 that go together, and (``codes``) how many codes that makes. A title
is the labels of the axes in the order of the characters; where an order file is imported with the
tables, its titles, which are the official wording, are kept instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from xml.etree import ElementTree

from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.xml import words
from codewarrant.codesets.releases.sources import Source

ROOT = "ICD10PCS.tabular"
_VALUE = re.compile(r"[0-9A-HJ-NP-Z]")

Axis = list[tuple[str, str]]
"""The characters of an axis and what they mean."""


def read_tables(source: Source, root: ElementTree.Element) -> Iterator[tuple[str, str, bool]]:
    """Code, title and whether it may be billed: each table's head once, then its codes.

    Raises ``ReleaseError`` for axes missing or doubled, and where a row makes another number of
    codes than it says.
    """
    seen: set[str] = set()
    for table in root.findall("pcsTable"):
        head = _axes(source, table, (1, 2, 3), "a table")
        if any(len(axis) != 1 for axis in head):
            raise ReleaseError("a table fixes more than one value on an axis", source.name)
        start = "".join(axis[0][0] for axis in head)
        lead = [axis[0][1] for axis in head]
        if start not in seen:
            # several tables may share their first three characters
            seen.add(start)
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
