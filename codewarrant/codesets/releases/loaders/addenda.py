"""Addenda as text: what an edition adds, deletes and revises.

Every change stands on its own line after ``Add``, ``Delete``, ``Revise from`` or ``Revise to`` (a
colon may follow); the two lines of a revision follow each other. Addenda of the order and codes
files name a code on each such line. In those of the tabular list, lines without a mark name the
code that the notes below them belong to, and further lines of a note are indented more than its
mark; in those of the index, the term.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.editions import (
    fiscal_edition,
    fiscal_effective,
    half_year_end,
)
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES
from codewarrant.codesets.shape import ICD10CM, normalise

_MARK = re.compile(
    r"\s*(?P<mark>Add|Delete|Revise from|Revise to|No Change):?(?:\s+(?P<text>.*))?$",
    re.IGNORECASE,
)
_MARKS = re.compile(rb"^\s*(Add|Delete|Revise from|Revise to):?\s", re.IGNORECASE | re.MULTILINE)
_CODE = re.compile(
    r"(?:[0-9]{5}\s+)?(?P<code>[A-Z][0-9A-Z]{2}(?:\.?[0-9A-Z]{1,4})?-?)(?:\s+(?P<rest>.*))?$"
)
_ORDER = re.compile(r"[0-9]{5} (?P<code>[0-9A-Z]{3,7}) {1,5}[01] .{60} (?P<title>\S.*)$")
"""What follows the mark in addenda of order files: their columns."""
_KINDS = {
    "includes": "includes",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "excludes 1": "excludes1",
    "excludes 2": "excludes2",
    "code first": "codeFirst",
    "use additional code": "useAdditionalCode",
    "code also": "codeAlso",
    "note": "notes",
}


@dataclass(slots=True)
class Change:
    """One change: ``before`` is what was deleted or revised, ``after`` what stands now."""

    line: int
    action: str
    code: str | None
    kind: str
    before: str | None = None
    after: str | None = None


def read_addenda(source: Source) -> Iterator[Change]:
    """The changes in order. Raises ``ReleaseError`` for half a revision."""
    pending: Change | None = None
    under: str | None = None
    for number, line in source.text():
        found = _MARK.match(line)
        if found is None:
            named = _CODE.match(" ".join(line.split()))
            if named is not None and normalise(ICD10CM, named["code"]) is not None:
                under = normalise(ICD10CM, named["code"])
            continue
        mark = found["mark"].lower()
        ordered = _ORDER.match(found["text"] or "")
        said = " ".join(ordered.group("code", "title")) if ordered else found["text"] or ""
        body = " ".join(said.split())
        if (mark == "revise to") != (pending is not None):
            raise _half(source, pending.line if pending else number)
        if mark == "no change":
            code, _ = _split(body)
            under = code or under
            continue
        if not body:
            raise ReleaseError(f"`{found['mark']}` is followed by nothing", source.name, number)
        code, words = _split(body)
        if code is not None:
            under = code
        kind = "code" if code is not None else _kind(body)
        text = words if code is not None else body
        if pending is not None:
            pending.after = text
            yield pending
            pending = None
        elif mark == "revise from":
            pending = Change(number, "revise", code or under, kind, before=text)
        elif mark == "add":
            yield Change(number, "add", code or under, kind, after=text)
        else:
            yield Change(number, "delete", code or under, kind, before=text)
    if pending is not None:
        raise _half(source, pending.line)


def _half(source: Source, line: int) -> ReleaseError:
    return ReleaseError(
        "half a revision: `Revise from` and `Revise to` follow each other", source.name, line
    )


def _split(body: str) -> tuple[str | None, str]:
    """The code that a line begins with, and the words after it."""
    found = _CODE.match(body)
    code = None if found is None else normalise(ICD10CM, found["code"].rstrip("-"))
    if found is None or code is None:
        return None, body
    return code, found["rest"] or ""


def _kind(body: str) -> str:
    low = body.lower()
    return next((kind for lead, kind in _KINDS.items() if low.startswith(lead)), "text")


def _recognises(source: Source) -> bool:
    if source.workbook or b"\x00" in source.head:
        return False
    return len(_MARKS.findall(source.head)) >= 2


def _draft(source: Source, asked: Asked) -> Draft:
    day = fiscal_effective(source, asked)
    lines = [
        Line(
            source.name,
            change.line,
            (
                number,
                change.action,
                change.code,
                change.kind,
                change.before,
                change.after,
                day,
                None,
            ),
        )
        for number, change in enumerate(read_addenda(source), 1)
    ]
    return Draft(
        kind=TABLES["icd10cm-addenda"],
        edition=f"{fiscal_edition(day, asked)} {_what(source)}",
        as_of=day,
        covers_from=day,
        covers_to=half_year_end(day),
        sources=(source,),
        rows=lambda: iter(lines),
    )


def _what(source: Source) -> str:
    """Which part of an edition a file of addenda is of: each is an edition of its own."""
    base = source.base.lower()
    parts = ("tabular", "order", "codes", "eindex", "index", "neoplasm", "drug")
    return next((part for part in parts if part in base), "changes")


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (Loader("icd10cm-addenda", "ICD-10-CM addenda (text)", _recognises, _drafts),)
