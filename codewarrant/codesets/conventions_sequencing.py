"""Which codes come first, are added, or are coded too: etiology, manifestation and order.

``codeFirst`` puts the codes it names before the code that has the note, ``useAdditionalCode`` after
it; ``codeAlso`` says that two codes may be needed and leaves their order to the circumstances
(Official Guidelines, sections I.A.13 and I.A.17). A code titled "in diseases classified elsewhere"
is a manifestation: it is never first, and its etiology has to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from codewarrant.codesets.columns import Columns
from codewarrant.codesets.conventions_notes import SEQUENCING, CodedNote, Notes

_CONDITION = re.compile(
    r"\bif (?:applicable|known|present|appropriate|desired|documented|any|associated)\b"
    r"|\bas (?:applicable|appropriate)\b|\bwhen (?:known|applicable|present)\b|\bany\b",
    re.IGNORECASE,
)
_UNDERLYING = re.compile(r"\bunderlying\b|\bresulting from\b|\bto identify\b|\bdisorder, such as\b")
"""How a note names what is always there before the code: an etiology, or the agent of an injury."""
_ELSEWHERE = re.compile(r"\bin (?:other )?[a-z ,()]*diseases? classified elsewhere", re.IGNORECASE)


class SequencingNote(NamedTuple):
    """One note that bears on the order of a code and others.

    ``named`` has the first and the last code of each run it names, in tabular order; it is empty
    where the note is in words alone. ``condition`` is what makes it conditional (``if applicable``,
    ``if known``, ``any``), or empty: then what it says is required. ``open`` is true where codes it
    does not name would do as well: the note is in words, or its list begins with ``such as``.
    ``narrowed`` is true where only some codes of the runs are meant, by characters that the text
    says (``T36-T65 with fifth or sixth character 1-4``).
    """

    code: str
    id: str
    kind: str
    level: str
    source: str
    text: str
    lead: str
    named: tuple[tuple[str, str], ...]
    condition: str
    open: bool
    narrowed: bool


class Order(NamedTuple):
    """Two codes of a claim and the note that orders them; for ``codeAlso``, without an order.

    ``first`` goes before ``then``. ``condition`` as in :class:`SequencingNote`.
    """

    first: str
    then: str
    id: str
    kind: str
    level: str
    source: str
    text: str
    condition: str


class LackingEtiology(NamedTuple):
    """A code that needs an etiology before it, without any that its notes name.

    ``certain`` is false where the notes leave the etiology open: another code may be one.
    """

    code: str
    notes: tuple[SequencingNote, ...]
    certain: bool


class Sequencing:
    """The sequencing notes of one release."""

    def __init__(self, columns: Columns, notes: Notes) -> None:
        self._columns = columns
        self._notes = notes

    def notes(self, row: int, kind: str) -> tuple[SequencingNote, ...]:
        """The notes of a kind that bear on a row, nearest first, leads of lists left out."""
        return tuple(
            self._described(row, note)
            for note in self._notes.bearing_on(row)
            if note.kind == kind and not note.text.endswith(":")
        )

    def manifestation(self, row: int) -> bool:
        """Whether the title, or one above it, says ``in diseases classified elsewhere``."""
        titles = (self._columns.titles[at] for at in (row, *self._columns.lineage(row)))
        return any(_ELSEWHERE.search(title or "") for title in titles)

    def orders(self, rows: Iterable[int]) -> tuple[Order, ...]:
        """Every order that notes give among some rows, by first, then, and place of the note."""
        ordered = sorted(set(rows))
        out: list[tuple[int, int, Order]] = []
        for row in ordered:
            for note in self._notes.bearing_on(row):
                if note.kind not in SEQUENCING or not note.runs or self._notes.names(note, row):
                    continue
                for other in ordered:
                    if self._notes.names(note, other):
                        pair = (other, row) if note.kind == "codeFirst" else (row, other)
                        out.append((*pair, self._order(*pair, note)))
        return tuple(item for *_, item in sorted(out))

    def needs_etiology(self, row: int) -> bool:
        """Whether another code always comes first: a manifestation, or *code first the underlying*
        condition without a condition on it."""
        if self.manifestation(row):
            return True
        return any(
            note.kind == "codeFirst"
            and not _condition(note)
            and _UNDERLYING.search(f"{note.lead} {note.text}") is not None
            for note in self._notes.bearing_on(row)
            if note.level == "code"
        )

    def lacking_etiology(self, rows: Iterable[int]) -> tuple[LackingEtiology, ...]:
        """The codes among some rows that need an etiology, and have none that a note names."""
        ordered = sorted(set(rows))
        out = []
        for row in ordered:
            if not self.needs_etiology(row):
                continue
            named = [note for note in self._notes.bearing_on(row) if note.kind == "codeFirst"]
            if any(self._notes.names(note, other) for note in named for other in ordered):
                continue
            notes = self.notes(row, "codeFirst")
            certain = bool(notes) and not any(note.open for note in notes)
            out.append(LackingEtiology(self._columns.codes[row], notes, certain))
        return tuple(out)

    def _order(self, first: int, then: int, note: CodedNote) -> Order:
        codes = self._columns.codes
        return Order(
            codes[first],
            codes[then],
            note.id,
            note.kind,
            note.level,
            note.source,
            note.text,
            _condition(note),
        )

    def _described(self, row: int, note: CodedNote) -> SequencingNote:
        codes = self._columns.codes
        named = tuple((codes[low], codes[high]) for low, high in note.runs)
        open_list = not note.runs or "such as" in f"{note.lead} {note.text}"
        narrowed = note.narrowing is not None or bool(note.unread)
        return SequencingNote(
            codes[row],
            note.id,
            note.kind,
            note.level,
            note.source,
            note.text,
            note.lead,
            named,
            _condition(note),
            open_list,
            narrowed,
        )


def _condition(note: CodedNote) -> str:
    found = _CONDITION.search(note.text) or _CONDITION.search(note.lead)
    return "" if found is None else found[0].casefold()
