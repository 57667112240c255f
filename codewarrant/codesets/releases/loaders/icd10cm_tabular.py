"""The ICD-10-CM Tabular List: the official XML, kept whole.

The document is what the compiler of code sets reads, so it is stored as it is; here it is only read
to be sure that it is one, that all chapters are there, and of which fiscal year it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from codewarrant.codesets import tabular
from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.editions import (
    fiscal_edition,
    fiscal_effective,
    half_year_end,
    same_version,
)
from codewarrant.codesets.releases.loaders.xml import begins_with, root_of
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

ROOT = "ICD10CM.tabular"
CHAPTERS = 21
"""The chapters that every edition has; a twenty-second came with fiscal year 2020."""


def _draft(source: Source, asked: Asked) -> Draft:
    day = fiscal_effective(source, asked)
    data = source.read()
    root = root_of(source, data, ROOT)
    if root.get("isAddenda") == "true":
        raise ReleaseError("holds the changes of an edition, not the whole list", source.name)
    same_version(source, root.findtext("version") or "", day)
    try:
        entries = tabular.read(data)
    except CodeSetError as error:
        raise ReleaseError(str(error), source.name) from error
    chapters = [entry.name for entry in entries if entry.level == "chapter"]
    expected = [str(number) for number in range(1, max(CHAPTERS, len(chapters)) + 1)]
    if chapters != expected:
        raise ReleaseError(
            f"holds chapters {', '.join(chapters)}; a whole list has 1 to {len(expected)}",
            source.name,
        )
    line = Line(source.name, 1, ("tabular", data, day, None))
    return Draft(
        kind=TABLES["icd10cm-tabular"],
        edition=fiscal_edition(day, asked),
        as_of=day,
        covers_from=day,
        covers_to=half_year_end(day),
        sources=(source,),
        rows=lambda: iter((line,)),
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (
    Loader(
        "icd10cm-tabular",
        "ICD-10-CM Tabular List (XML)",
        lambda source: begins_with(source, ROOT),
        _drafts,
    ),
)
