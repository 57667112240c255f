"""Which codes exclude each other by an Excludes1 or Excludes2 note, and how firmly.

An Excludes1 note says that two codes are not used together, "except when the two conditions are
unrelated to each other" (Official Guidelines, section I.A.12.a). An Excludes2 note says that the
condition is not part of the code but may be coded beside it. Whether two conditions are related a
code does not say, so an Excludes1 is *hard* only where the classification itself leaves no doubt
that the two codes are the two conditions meant. Otherwise it is soft, and says why:

``form``
    The note names a form (``peptic ulcer with hemorrhage``) that the code's own words do not say.
``category``
    The note stands over a category of several conditions (``nausea and vomiting``), the code is not
    all of them, and the note does not speak of it (``hematemesis``).
``wording``
    The note narrows its codes in words (``with open fracture 7th character``).
``heading``
    The note stands over a section or a chapter, and says where conditions are classified.
``together``
    Another note under a code tells to code the two together, or says Excludes2 of them. (What
    stands over a section or chapter is general and gives way: nearly every chapter of diseases says
    Excludes2 of all symptoms.)
``sides``
    The two codes are of different sides of the body.
``injuries``
    Both are current injuries: each injury is coded (section I.C.19.b), and sites may differ.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from codewarrant.codesets.columns import Columns
from codewarrant.codesets.conventions_notes import SEQUENCING, CodedNote, Notes, joined
from codewarrant.codesets.conventions_wording import Wording
from codewarrant.codesets.sides import Laterality

REASONS = ("form", "category", "wording", "heading", "together", "sides", "injuries")


class Exclusion(NamedTuple):
    """One note by which two codes exclude each other.

    ``code`` carries the note, or inherits it from where it stands (``level``, ``source``);
    ``other`` is named by it. ``kind`` is ``excludes1`` or ``excludes2``; ``id`` names the note in
    its release.
    ``soft`` tells why an Excludes1 is no hard edit, in the order of ``REASONS``.
    """

    code: str
    other: str
    id: str
    kind: str
    level: str
    source: str
    text: str
    soft: tuple[str, ...]

    @property
    def hard(self) -> bool:
        """Whether the two codes cannot both be right."""
        return self.kind == "excludes1" and not self.soft


class ExclusionNote(NamedTuple):
    """One Excludes1 or Excludes2 note that bears on a code, and the codes it names.

    ``named`` has the first and the last code of each run, in tabular order, and is empty where the
    note is in words alone. ``words`` is its condition, ``lead`` the line it is an item of, or
    empty. ``narrowed`` is true where only some codes of the runs are meant, by their characters;
    ``unread`` is what of that is told in words that no rule reads.
    """

    code: str
    id: str
    kind: str
    level: str
    source: str
    text: str
    lead: str
    words: str
    named: tuple[tuple[str, str], ...]
    narrowed: bool
    unread: str


class Excludes:
    """The exclusions of one release."""

    def __init__(self, columns: Columns, notes: Notes) -> None:
        self._columns = columns
        self._notes = notes
        self._wording = Wording(columns)
        self._laterality = Laterality(columns)
        self._of: dict[int, tuple[tuple[CodedNote, ...], list[int]]] = {}
        self._judged: dict[tuple[str, int, int], tuple[str, ...]] = {}

    def notes(self, row: int) -> tuple[ExclusionNote, ...]:
        """The exclusions that bear on a row, nearest first."""
        codes = self._columns.codes
        return tuple(
            ExclusionNote(
                codes[row],
                note.id,
                note.kind,
                note.level,
                note.source,
                note.text,
                note.lead,
                note.words,
                tuple((codes[low], codes[high]) for low, high in note.runs),
                note.narrowing is not None or bool(note.unread),
                note.unread,
            )
            for note in self._notes.bearing_on(row)
            if note.kind not in SEQUENCING
        )

    def among(self, rows: Iterable[int]) -> tuple[Exclusion, ...]:
        """Every exclusion among some rows, ordered by code, nearness of the note, and other."""
        ordered = sorted(set(rows))
        out: list[Exclusion] = []
        for row in ordered:
            notes, cover = self._excluding(row)
            # most codes of a claim are named by no note of another: one search tells
            near = [other for other in ordered if bisect_right(cover, other) % 2]
            if near:
                for note in notes:
                    for low, high in note.runs:
                        at = bisect_left(near, low)
                        while at < len(near) and near[at] <= high:
                            if self._apart(note, row, near[at]):
                                out.append(self._exclusion(note, row, near[at]))
                            at += 1
        return tuple(out)

    def _excluding(self, row: int) -> tuple[tuple[CodedNote, ...], list[int]]:
        """The exclusions that bear on a row, and what they name together as bounds of runs.

        Bounds alternate between the first row of a run and the first after it.
        """
        bearing = self._notes.bearing_on(row)
        # the notes keep their tuples, so that identity stands for what they hold
        found = self._of.get(id(bearing))
        if found is None:
            notes = tuple(n for n in bearing if n.kind not in SEQUENCING and n.runs)
            runs = joined(run for note in notes for run in note.runs)
            found = notes, [bound for low, high in runs for bound in (low, high + 1)]
            self._of[id(bearing)] = found
        return found

    def _apart(self, note: CodedNote, row: int, other: int) -> bool:
        """Whether a note of one code names the other, and says something of the two.

        One that names both says nothing, nor does one about a code and what stands below it.
        """
        codes = self._columns.codes
        low, high = min(row, other), max(row, other)
        if codes[high].startswith(codes[low]) or self._notes.names(note, row):
            return False
        return self._notes.names(note, other)

    def _exclusion(self, note: CodedNote, row: int, other: int) -> Exclusion:
        soft = self._judged.get((note.id, row, other))
        if soft is None:
            soft = self._soft(note, row, other) if note.kind == "excludes1" else ()
            self._judged[note.id, row, other] = soft
        codes = self._columns.codes
        return Exclusion(
            codes[row],
            codes[other],
            note.id,
            note.kind,
            note.level,
            note.source,
            note.text,
            soft,
        )

    def _soft(self, note: CodedNote, row: int, other: int) -> tuple[str, ...]:
        found = {
            "form": not self._meant(note, other),
            "category": note.level == "code" and not self._of_kind(note, row),
            "wording": bool(note.unread),
            "heading": note.level != "code",
            "together": self._together(row, other) or self._together(other, row),
            "sides": {self._laterality.side(row), self._laterality.side(other)}
            == {"left", "right"},
            "injuries": self._injury(row) and self._injury(other),
        }
        return tuple(reason for reason in REASONS if found[reason])

    def _meant(self, note: CodedNote, other: int) -> bool:
        if note.in_sentence:
            return True
        first = note.runs[0][0]
        one = note.runs == ((first, self._columns.last(first)),)
        condition = _condition(note)
        if one and first == other and self._wording.single(other):
            return self._wording.touches(other, condition)
        if note.words.endswith(" NOS") and self._wording.elsewhere(other):
            # what is not otherwise specified is less than all that is not elsewhere classified
            return False
        return self._wording.says(other, condition)

    def _of_kind(self, note: CodedNote, row: int) -> bool:
        """Whether a code is what the title over it names, where that names several things."""
        above, wording = self._columns.row[note.source], self._wording
        if above == row or wording.single(above):
            return True
        if wording.remainder(row, above):
            return False
        return wording.covers(row, above) or wording.concerns(row, _condition(note))

    def _together(self, row: int, other: int) -> bool:
        return any(
            note.kind != "excludes1" and note.level == "code" and self._notes.names(note, other)
            for note in self._notes.bearing_on(row)
        )

    def _injury(self, row: int) -> bool:
        return self._columns.codes[row].startswith("S")


def _condition(note: CodedNote) -> str:
    """The condition of a note with the line it is an item of; an example stands for itself."""
    return note.words if note.lead.endswith("such as") else f"{note.lead} {note.words}"
