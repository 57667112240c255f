"""The place-of-service code set: two-digit codes with their names; descriptions are dropped.

The published table has no dates: it holds from the day that the caller gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.columns import Names, has_header, records
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

_COLUMNS: Names = {
    "code": (
        "pos code",
        "place of service code",
        "place of service code s",
        "place of service codes",
    ),
    "name": ("pos name", "place of service name"),
    "setting": ("pos type", "payment rate", "facility or non facility", "setting"),
}
_NEEDED = ("code", "name")
_SETTINGS = {"f": "facility", "facility": "facility", "nf": "non-facility"}
_SETTINGS |= {"non-facility": "non-facility", "nonfacility": "non-facility"}


def read_places(source: Source, day: date) -> Iterator[Line]:
    """Code, setting and name. Codes kept for later use ("Unassigned", also ranges) are left out.

    Raises ``ReleaseError`` for what is no code or no setting.
    """
    for line, cells in records(source, _COLUMNS, _NEEDED):
        if cells["name"].lower().startswith("unassigned"):
            continue
        if not re.fullmatch(r"[0-9]{1,2}", cells["code"]):
            raise ReleaseError(f"`{cells['code']}` is no place of service", source.name, line)
        said = cells.get("setting", "").lower()
        if said and said not in _SETTINGS:
            raise ReleaseError(f"`{said}` is neither facility nor non-facility", source.name, line)
        name = " ".join(cells["name"].split())
        row = (cells["code"].zfill(2), _SETTINGS.get(said), name or None, day, None)
        yield Line(source.name, line, row)


def _draft(source: Source, asked: Asked) -> Draft:
    if asked.effective is None:
        raise ReleaseError(
            "the table of places of service has no dates; give the day from which it holds with"
            " --effective",
            source.name,
        )
    day = asked.effective
    lines = list(read_places(source, day))
    return Draft(
        kind=TABLES["place-of-service"],
        edition=asked.edition or day.isoformat(),
        as_of=day,
        covers_from=day,
        covers_to=None,
        sources=(source,),
        rows=lambda: iter(lines),
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (
    Loader(
        "place-of-service",
        "place-of-service codes (CSV)",
        lambda source: has_header(source, _COLUMNS, _NEEDED),
        _drafts,
    ),
)
