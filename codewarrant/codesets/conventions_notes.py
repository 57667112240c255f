"""The notes that bear on a code, each with the codes it names as runs of rows.

Notes are read when a code is first asked about, place by place (a chapter, a section, a code), so
that opening a release costs nothing and a claim reads only what bears on its codes.

Where a note ends in a colon, the notes after it are its items (``myopathy in:``, then
``polymyositis (M33.2-)``). The official file does not say where the items end; lists are kept in
alphabetical order, so the first item that sorts before its predecessor is read as the list's end.
An item that follows in order is read as one of the list's: its condition then is narrower than
meant, never wider.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from codewarrant.codesets import conventions_references as references
from codewarrant.codesets.answers import Note
from codewarrant.codesets.columns import AFTER, Columns
from codewarrant.codesets.shape import flat

EXCLUDES = ("excludes1", "excludes2")
SEQUENCING = ("codeFirst", "useAdditionalCode", "codeAlso")
_OPENING = re.compile(r", *(if [a-z ]+),? ")
"""How a list begins that is conditional as a whole: *Code first*, then *, if applicable, ...*"""

KINDS = (*EXCLUDES, *SEQUENCING)
"""The kinds of note that name other codes, as the official file calls them."""

Runs = tuple[tuple[int, int], ...]
"""First and last row of runs of rows, both included, ascending and apart from each other."""


class CodedNote(NamedTuple):
    """A note and the codes it names.

    ``id`` is its place in the release (``E11/excludes1/2``: the second of its kind there;
    ``section:I10-I1A/excludes1/1``); ``lead`` is the line it is an item of, or empty; ``words`` is
    its condition without the codes. ``unread`` is what it says of the codes in words that no rule
    reads.
    """

    id: str
    kind: str
    level: str
    source: str
    text: str
    lead: str
    words: str
    runs: Runs
    narrowing: references.Narrowing | None
    unread: str
    in_sentence: bool

    def reach(self, row: int) -> bool:
        """Whether the row lies in what the note names, whatever its characters."""
        return any(low <= row <= high for low, high in self.runs)


class Notes:
    """The notes of one release."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._at: dict[tuple[str, str], tuple[CodedNote, ...]] = {}
        self._over: dict[int, tuple[CodedNote, ...]] = {}
        self._headed: dict[str, tuple[CodedNote, ...]] = {}
        self._chapters: dict[str, tuple[int, int]] | None = None

    def bearing_on(self, row: int) -> tuple[CodedNote, ...]:
        """All notes of a row and of every level above it, nearest first.

        Codes on which the same notes bear are given the same tuple.
        """
        found = self._over.get(row)
        if found is None:
            columns = self._columns
            above = columns.above(row)
            over = self._of_headings(row) if above is None else self.bearing_on(above)
            own = self._at_place("code", columns.codes[row], columns.notes_at(row, None))
            found = (*own, *over) if own else over
            self._over[row] = found
        return found

    def names(self, note: CodedNote, row: int) -> bool:
        """Whether a note names a row, its characters included."""
        if not note.reach(row):
            return False
        return note.narrowing is None or note.narrowing.admits(flat(self._columns.codes[row]))

    def whole_chapter(self, number: str) -> tuple[int, int] | None:
        """First and last row of a chapter."""
        if self._chapters is None:
            self._chapters = {}
            codes = self._columns.codes
            row = 0
            while row < len(codes):
                last = self._columns.last(row)
                heading = self._columns.heading(row, "chapter")
                if heading is not None:
                    first = self._chapters.get(heading.name, (row, last))[0]
                    self._chapters[heading.name] = (first, last)
                row = last + 1
        return self._chapters.get(number)

    def _of_headings(self, row: int) -> tuple[CodedNote, ...]:
        section = self._columns.heading(row, "section")
        name = "" if section is None else section.name
        found = self._headed.get(name)
        if found is None:
            out: list[CodedNote] = []
            notes = self._columns.notes_over(row, None)
            for (level, source), own in groupby(notes, key=lambda note: (note.level, note.source)):
                out += self._at_place(level, source, list(own))
            found = self._headed[name] = tuple(out)
        return found

    def _at_place(self, level: str, source: str, notes: list[Note]) -> tuple[CodedNote, ...]:
        found = self._at.get((level, source))
        if found is None:
            found = self._read(level, source, notes) if notes else ()
            self._at[level, source] = found
        return found

    def _read(self, level: str, source: str, notes: list[Note]) -> tuple[CodedNote, ...]:
        out: list[CodedNote] = []
        # T07 is a section and a code
        place = source if level == "code" else f"{level}:{source}"
        for kind in KINDS:
            lead = before = opening = ""
            for number, text in enumerate((n.text for n in notes if n.kind == kind), 1):
                if lead and before and text.casefold() < before:
                    lead = ""
                if number == 1 and (found := _OPENING.match(text)):
                    opening = found[1]
                read = references.read(text)
                out.append(
                    CodedNote(
                        f"{place}/{kind}/{number}",
                        kind,
                        level,
                        source,
                        text,
                        lead or opening,
                        read.words,
                        self._runs(read),
                        read.narrowing,
                        read.unread,
                        read.in_sentence,
                    )
                )
                before = "" if text.endswith(":") else text.casefold()
                lead = text.rstrip(": ") if text.endswith(":") else lead
        return tuple(out)

    def _runs(self, read: references.Reference) -> Runs:
        found = [run for span in read.spans if (run := self._run(span)) is not None]
        if read.chapter is not None and (whole := self.whole_chapter(read.chapter)) is not None:
            found.append(whole)
        return joined(found)

    def _run(self, span: references.Span) -> tuple[int, int] | None:
        """The rows of a span; an end that the release does not hold is where it would stand."""
        columns = self._columns
        first, last = columns.find(span.first), columns.find(span.last)
        low = first
        if low is None:
            low = bisect_left(columns.codes, columns.key(span.first), key=columns.key)
        if last is not None:
            high = columns.last(last)
        else:
            after = columns.key(span.last) + AFTER
            high = bisect_left(columns.codes, after, key=columns.key) - 1
        return (low, high) if low <= high else None


def joined(runs: Iterable[tuple[int, int]]) -> Runs:
    """Runs that touch or overlap made one."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(runs):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)
