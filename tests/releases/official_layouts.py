"""Invented content in the exact layouts of official files, for the tests of their loaders."""

from __future__ import annotations

import io
import string
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest

from codewarrant.codesets.releases import sniff
from codewarrant.codesets.releases.draft import Asked, Draft, Line
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source

Row = tuple[str, bool, str]
"""Code without dot, whether it may be billed, title."""

LETTERS = [(f"{letter}01", True, f"Title of {letter}01") for letter in string.ascii_uppercase]
"""A list that reaches from the first to the last letter, as a whole list does."""


def source(name: str, data: bytes | str) -> Source:
    raw = data.encode() if isinstance(data, str) else data
    return Source(name, lambda: io.BytesIO(raw))


def drafts(*sources: Source, **asked: Any) -> list[Draft]:
    """The drafts of files that all find their loader."""
    found, unread = sniff.drafts(sources, Asked(**asked))
    assert unread == []
    return found


def rows(draft: Draft) -> list[Line]:
    return list(draft.rows())


def cells(draft: Draft) -> list[dict[str, object]]:
    """The rows by the names of their columns."""
    names = (*draft.kind.names, "effective_from", "effective_to")
    return [dict(zip(names, line.cells, strict=True)) for line in draft.rows()]


def refused(message: str, *sources: Source, **asked: Any) -> ReleaseError:
    """The one error that files end in; ``message`` is a regular expression."""

    def read() -> list[list[Line]]:
        return [rows(draft) for draft in drafts(*sources, **asked)]

    with pytest.raises(ReleaseError, match=message) as caught:
        read()
    assert caught.value.file or message == "no known format"
    return caught.value


def order_file(listed: Iterable[Row], first: int = 1) -> str:
    """1-5 order, 7-13 code, 15 billable, 17-76 short title, 78 and on long title."""
    return "".join(
        f"{number:05d} {code:<7} {int(billable)} {title[:60]:<60} {title}\r\n"
        for number, (code, billable, title) in enumerate(listed, first)
    )


def codes_file(listed: Iterable[Row]) -> str:
    """1-7 code, 9 and on title; billable codes only."""
    return "".join(f"{code:<7} {title}\n" for code, billable, title in listed if billable)


def tabular(version: str = "2027", chapters: int = 22, more: str = "", title: str = "Title") -> str:
    """A tabular list with one category a chapter: A01, A02 and so on."""
    parts = "".join(
        f"<chapter><name>{number}</name><desc>Chapter</desc>"
        f'<section id="A00-A99"><desc>Section</desc><diag><name>A{number:02d}</name>'
        f"<desc>{title}</desc></diag></section></chapter>"
        for number in range(1, chapters + 1)
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<ICD10CM.tabular{more}>\n'
        f"<version>{version}</version>\n{parts}\n</ICD10CM.tabular>\n"
    )


def workbook(lines: Iterable[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def hcpcs_line(
    code: str,
    sequence: int,
    record: int,
    text: str,
    short: str = "",
    added: date | None = None,
    terminated: date | None = None,
    action: str = "N",
    coverage: str = "C",
) -> str:
    """One line of 320 characters: see the record layout that comes with the file."""
    line = list(" " * 320)

    def put(first: int, value: str) -> None:
        line[first - 1 : first - 1 + len(value)] = value

    put(1, f"{code:>5}")
    put(6, f"{sequence:05d}{record}")
    put(12, text[:80])
    if added is not None:
        put(92, short[:28])
        put(230, coverage)
        put(269, f"{added:%Y%m%d}{added:%Y%m%d}")
        put(293, action)
    if terminated is not None:
        put(285, f"{terminated:%Y%m%d}")
    return "".join(line)
