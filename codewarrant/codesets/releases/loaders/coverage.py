"""Coverage articles from the downloads of the Medicare Coverage Database.

``article_x_icd10_covered.csv``, ``article_x_icd10_noncovered.csv`` and ``article_x_hcpc_code.csv``
are told apart by their columns; ``article.csv`` gives the days of each article and is used where it
is imported with them. The descriptions of procedure codes are the American Medical Association's:
they are dropped unread, as are all other texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.columns import (
    Names,
    has_header,
    records,
    whole_number,
)
from codewarrant.codesets.releases.loaders.editions import plain_date
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES
from codewarrant.codesets.shape import ICD10CM, normalise

_COLUMNS: Names = {
    "article": ("article id",),
    "version": ("article version",),
    "icd10": ("icd10 code id",),
    "covered": ("icd10 covered group",),
    "noncovered": ("icd10 noncovered group",),
    "service": ("hcpc code id",),
    "service_group": ("hcpc code group",),
    "range": ("range",),
    "from": ("article eff date", "article effective date"),
    "revised": ("article rev eff date", "rev eff date", "article revision effective date"),
    "to": ("article end date", "article ret date", "article retirement date"),
}
_FORMS = {
    "covered": ("article", "version", "icd10", "covered"),
    "noncovered": ("article", "version", "icd10", "noncovered"),
    "services": ("article", "version", "service", "service_group"),
    "articles": ("article", "version", "from"),
}
_SERVICE = re.compile(r"[0-9A-Z]{5}")

Days = tuple[date | None, date | None]
"""First and last day of an article's version, None where the files do not say."""


def _form(source: Source) -> str:
    return next(
        (form for form, needed in _FORMS.items() if has_header(source, _COLUMNS, needed)), ""
    )


def read_days(source: Source) -> dict[tuple[str, int], Days]:
    """By article and version its days: from its last revision, where that is said."""
    out = {}
    for line, cells in records(source, _COLUMNS, _FORMS["articles"]):
        version = whole_number(cells["version"], "version", source, line)
        first = plain_date(cells.get("revised", ""), source, line)
        first = first or plain_date(cells["from"], source, line)
        key = (cells["article"], version)
        if key in out:
            raise ReleaseError(
                f"names article {key[0]}, version {key[1]}, again", source.name, line
            )
        out[key] = (first, plain_date(cells.get("to", ""), source, line))
    return out


def _lines(
    source: Source, form: str, days: dict[tuple[str, int], Days] | None, day: date
) -> Iterator[Line]:
    column, group = _FORMS[form][2:]
    for line, cells in records(source, _COLUMNS, _FORMS[form]):
        code = cells[column].upper()
        if not code:
            continue  # groups that list no code
        if cells.get("range", "") not in ("", "0", "N"):
            raise ReleaseError("gives a range of codes, which is not read", source.name, line)
        version = whole_number(cells["version"], "version", source, line)
        number = whole_number(cells[group] or "1", "group", source, line)
        first: date | None = day
        last: date | None = None
        if days is not None:
            found = days.get((cells["article"], version))
            if found is None:
                raise ReleaseError(
                    f"article {cells['article']}, version {version}, is not in the list of"
                    " articles imported with it",
                    source.name,
                    line,
                )
            first, last = found[0] or day, found[1]
        if form == "services":
            if not _SERVICE.fullmatch(code):
                raise ReleaseError(f"`{code}` is no procedure code", source.name, line)
            yield Line(source.name, line, (cells["article"], version, code, number, first, last))
        else:
            name = normalise(ICD10CM, code)
            if name is None:
                raise ReleaseError(f"`{code}` is no ICD-10-CM code", source.name, line)
            covered = form == "covered"
            cell = (cells["article"], version, number, name, covered, first, last)
            yield Line(source.name, line, cell)


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    forms = {source: _form(source) for source in sources}
    lists = [source for source in sources if forms[source] == "articles"]
    days = None
    if lists:
        days = {}
        for source in lists:
            days |= read_days(source)
    elif asked.effective is None:
        raise ReleaseError(
            "does not say from when its articles hold; import article.csv of the same download"
            " with it, or give --effective",
            sources[0].name,
        )
    known = [first for first, _ in (days or {}).values() if first is not None]
    day = asked.effective or max(known, default=None)
    if day is None:
        raise ReleaseError("gives no article a first day", lists[0].name)
    tables = {"covered": "coverage-article-diagnoses", "noncovered": "coverage-article-diagnoses"}
    by_table: dict[str, list[Source]] = {}
    for source in sources:
        if forms[source] != "articles":
            table = tables.get(forms[source], "coverage-article-services")
            by_table.setdefault(table, []).append(source)
    if not by_table:
        raise ReleaseError("lists articles without their codes", lists[0].name)

    def rows(files: list[Source]) -> Iterator[Line]:
        for source in files:
            yield from _lines(source, forms[source], days, day)

    return [
        Draft(
            kind=TABLES[table],
            edition=asked.edition or day.isoformat(),
            as_of=day,
            covers_from=min([day, *known]),
            covers_to=None,
            sources=(*files, *lists),
            rows=lambda files=files: rows(files),
        )
        for table, files in sorted(by_table.items())
    ]


LOADERS = (
    Loader(
        "coverage-articles",
        "Medicare coverage articles (CSV)",
        lambda source: not source.workbook and bool(_form(source)),
        _drafts,
    ),
)
