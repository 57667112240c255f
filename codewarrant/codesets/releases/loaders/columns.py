"""Find the header of a table below its banners, and its columns by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source

Names = Mapping[str, tuple[str, ...]]
"""By our name of a column the names it has in official files, in the form of :func:`plain`."""

BANNER_ROWS = 40
"""Rows that may come before a header."""


def plain(name: str) -> str:
    """A header in small letters, everything but letters and digits as one space."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", name.lower()).split())


def places(cells: Sequence[str], names: Names) -> dict[str, int]:
    """Which of the columns a row of headers names, and where."""
    headers = [plain(cell) for cell in cells]
    found = {}
    for ours, theirs in names.items():
        place = next((headers.index(name) for name in theirs if name in headers), None)
        if place is not None:
            found[ours] = place
    return found


def has_header(source: Source, names: Names, needed: Sequence[str], delimiter: str = ",") -> bool:
    """Whether one of the first rows names all the needed columns."""
    return any(
        set(needed) <= set(places(cells, names))
        for cells in source.first_rows(delimiter, BANNER_ROWS)
    )


def records(
    source: Source, names: Names, needed: Sequence[str], delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows below the header, by our names, trimmed; empty rows are left out.

    Raises ``ReleaseError`` where no header is found, and for a row that ends before a needed
    column.
    """
    found: dict[str, int] | None = None
    for place, cells in source.cells(delimiter):
        if found is None:
            here = places(cells, names)
            if set(needed) <= set(here):
                found = here
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(found[name] for name in needed):
            raise ReleaseError("has too few columns: the file is cut here", source.name, place)
        yield (
            place,
            {name: cells[at].strip() if at < len(cells) else "" for name, at in found.items()},
        )
    if found is None:
        raise ReleaseError(f"no row names the columns {', '.join(needed)}", source.name)


def whole_number(text: str, what: str, source: Source, line: int) -> int:
    """An integer. Raises ``ReleaseError`` for any other text."""
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ReleaseError(f"`{text}` is no {what}", source.name, line)
    return int(text)
