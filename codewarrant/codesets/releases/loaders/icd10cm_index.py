"""The Alphabetic Index of ICD-10-CM, its index of external causes, and its two tables.

All four are XML documents with the root ``ICD10CM.index``: letters, main terms, and terms nested
below them up to nine deep. A title may hold words that do not matter to the choice of the code
(``nemod``). The tables of neoplasms and of drugs have columns, one code each, instead of one code
for a term.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from codewarrant.codesets.shape import ICD10CM, normalise

ROOT = "ICD10CM.index"
BETWEEN = " > "
"""Stands between the terms of a path."""
_OTHER_TERMS = (("see", ""), ("seecat", "category "), ("subcat", "subcategory "))


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says of one term (in one column, for tables).

    ``terms`` lead from the main term down, without the words that do not matter; those of the last
    term are ``nonessential``. ``incomplete`` says that the code needs more characters, which the
    index leaves to the tabular list (printed as a dash). ``see`` and ``see_also`` name other terms,
    or a category.
    """

    terms: tuple[str, ...]
    nonessential: str = ""
    code: str = ""
    incomplete: bool = False
    column: str = ""
    manifestation: str = ""
    see: str = ""
    see_also: str = ""


def read_index(source: Source, root: ElementTree.Element) -> Iterator[Entry]:
    """Every term in the order of the document, also those that only head others.

    Raises ``ReleaseError`` where a code is none, or a term stands outside its place.
    """
    heads = {head.get("col", ""): words("".join(head.itertext())) for head in root.iter("head")}
    for letter in root.findall("letter"):
        for main in letter.findall("mainTerm"):
            yield from _term(source, main, (), heads)


def _term(
    source: Source,
    element: ElementTree.Element,
    above: tuple[str, ...],
    heads: dict[str, str],
) -> Iterator[Entry]:
    title, nonessential = _title(element.find("title"))
    if not title and not nonessential:
        place = BETWEEN.join(above) or "the beginning"
        raise ReleaseError(f"a term without title after `{place}`", source.name)
    level = element.get("level")
    if level is not None and level != str(len(above)):
        raise ReleaseError(
            f"`{BETWEEN.join((*above, title))}` says it stands at level {level}, but stands at"
            f" {len(above)}",
            source.name,
        )
    terms = (*above, title or nonessential)
    see = next(
        (
            lead + words(found.text)
            for tag, lead in _OTHER_TERMS
            if (found := element.find(tag)) is not None
        ),
        "",
    )
    see_also = words(element.findtext("seeAlso"))
    manifestation = words(element.findtext("manif"))
    code = words(element.findtext("code"))
    cells = [
        (heads.get(cell.get("col", ""), cell.get("col", "")), text)
        for cell in element.findall("cell")
        if (text := words("".join(cell.itertext()))).strip("-")
    ]
    for column, text in cells or [("", code)]:
        bare = text.rstrip("-").rstrip(".")
        if bare and normalise(ICD10CM, bare) is None:
            raise ReleaseError(f"`{text}` at `{BETWEEN.join(terms)}` is no code", source.name)
        yield Entry(
            terms,
            nonessential,
            normalise(ICD10CM, bare) or "",
            text.endswith("-"),
            column,
            manifestation,
            see,
            see_also,
        )
    for child in element.findall("term"):
        yield from _term(source, child, terms, heads)


def _title(element: ElementTree.Element | None) -> tuple[str, str]:
    """The words that matter and those that do not, the latter in their parentheses."""
    if element is None:
        return "", ""
    essential, other = [element.text or ""], []
    for part in element:
        if part.tag == "nemod":
            other.append("".join(part.itertext()))
        else:
            essential.append("".join(part.itertext()))
        essential.append(part.tail or "")
    # a space before the comma that followed a nonessential word is no part of the title
    return re.sub(r" +([,;])", r"\1", words(" ".join(essential))), words(" ".join(other))


def _table(source: Source, root: ElementTree.Element) -> str:
    heads = " ".join(words(head.text) for head in root.iter("head")).lower()
    if "adverse effect" in heads:
        return "icd10cm-drugs"
    if "malignant" in heads:
        return "icd10cm-neoplasm"
    if heads:
        raise ReleaseError(f"has unknown columns: {heads}", source.name)
    title = words(root.findtext("title")).lower()
    return "icd10cm-external-causes" if "external cause" in title else "icd10cm-index"


def _draft(source: Source, asked: Asked) -> Draft:
    day = fiscal_effective(source, asked)
    root = root_of(source, source.read(), ROOT)
    if root.get("isAddenda") == "true":
        raise ReleaseError("holds the changes of an edition, not the whole index", source.name)
    same_version(source, root.findtext("version") or "", day)
    table = _table(source, root)
    lines = [
        Line(
            source.name,
            # the parser knows no lines: the place in the document counts terms and their columns
            number,
            (
                number,
                BETWEEN.join(entry.terms),
                entry.nonessential or None,
                entry.code or None,
                entry.incomplete,
                entry.manifestation or None,
                entry.column or None,
                entry.see or None,
                entry.see_also or None,
                day,
                None,
            ),
        )
        for number, entry in enumerate(read_index(source, root), 1)
    ]
    if not lines:
        raise ReleaseError("holds no term", source.name)
    return Draft(
        kind=TABLES[table],
        edition=fiscal_edition(day, asked),
        as_of=day,
        covers_from=day,
        covers_to=half_year_end(day),
        sources=(source,),
        rows=lambda: iter(lines),
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (
    Loader(
        "icd10cm-index",
        "ICD-10-CM index of diseases or external causes, table of neoplasms or drugs (XML)",
        lambda source: begins_with(source, ROOT),
        _drafts,
    ),
)
