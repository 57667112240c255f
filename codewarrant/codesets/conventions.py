"""The conventions of ICD-10-CM as data: what the tabular list says of codes used together.

Everything is read from the notes, titles and 7th characters of one release; nothing is a curated
list. A release has the text of one edition, and it is applied to every day: the notes of earlier
editions are not known. With a day, codes that are not in force on it are left out, and a day that
the release cannot know is answered with None. Codes that the release does not hold are left out;
:meth:`CodeSet.status` tells of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from codewarrant.codesets.answers import Status
from codewarrant.codesets.conventions_edits import HardEdit, hard_edits
from codewarrant.codesets.conventions_excludes import Excludes, Exclusion, ExclusionNote
from codewarrant.codesets.conventions_families import Combination, Families
from codewarrant.codesets.conventions_notes import SEQUENCING, Notes
from codewarrant.codesets.conventions_sequencing import (
    LackingEtiology,
    Order,
    Sequencing,
    SequencingNote,
)
from codewarrant.codesets.conventions_sevenths import SeventhCheck, SeventhRow, Sevenths

if TYPE_CHECKING:
    from codewarrant.codesets.codeset import CodeSet
    from codewarrant.codesets.columns import Columns


class Conventions:
    """The conventions of one release: ``CodeSet.conventions``. Read late, place by place.

    Codes are accepted in any spelling and given back in official form.
    """

    def __init__(self, codes: CodeSet, columns: Columns) -> None:
        self._codes = codes
        self._columns = columns
        notes = Notes(columns)
        self._excludes = Excludes(columns, notes)
        self._sequencing = Sequencing(columns, notes)
        self._sevenths = Sevenths(columns)
        self._families = Families(columns)

    # Excludes1 and Excludes2

    def excludes(
        self, code: str, other: str, on: date | None = None
    ) -> tuple[Exclusion, ...] | None:
        """The notes by which two codes exclude each other, whichever of them has the note."""
        return self.exclusions((code, other), on)

    def exclusions(
        self, codes: Iterable[str], on: date | None = None
    ) -> tuple[Exclusion, ...] | None:
        """Every exclusion among the codes of a claim, by code, other and place of the note."""
        rows = self._rows(codes, on)
        return None if rows is None else self._excludes.among(rows)

    def exclusion_notes(self, code: str) -> tuple[ExclusionNote, ...]:
        """The Excludes1 and Excludes2 notes of a code, nearest first, with the codes they name."""
        row = self._columns.find(code)
        return () if row is None else self._excludes.notes(row)

    def hard_edits(
        self, codes: Iterable[str], since: date | None = None, until: date | None = None
    ) -> tuple[HardEdit, ...]:
        """What is wrong with a set of codes whatever their order and day: see the function.

        The period begins and ends with what the release knows where no day is given.
        """
        start, end = since or self._codes.known_from, until or self._codes.horizon
        return hard_edits(self._codes, codes, start, end)

    # sequence

    def sequencing_notes(self, code: str, kind: str) -> tuple[SequencingNote, ...]:
        """The ``codeFirst``, ``useAdditionalCode`` or ``codeAlso`` notes of a code, nearest first.

        Raises ``ValueError`` for another kind.
        """
        if kind not in SEQUENCING:
            raise ValueError(f"`{kind}` is none of {', '.join(SEQUENCING)}")
        row = self._columns.find(code)
        return () if row is None else self._sequencing.notes(row, kind)

    def in_diseases_classified_elsewhere(self, code: str) -> bool:
        """Whether a title says that the code is a manifestation. The Medicare Code Editor's flag
        (:meth:`CodeSet.manifestation`) is another, dated source."""
        row = self._columns.find(code)
        return row is not None and self._sequencing.manifestation(row)

    def needs_etiology(self, code: str) -> bool:
        """Whether another code always has to come first: manifestations, and *code first* notes
        of the underlying condition that nothing makes conditional."""
        row = self._columns.find(code)
        return row is not None and self._sequencing.needs_etiology(row)

    def orders(self, codes: Iterable[str], on: date | None = None) -> tuple[Order, ...] | None:
        """Which of the codes of a claim go before which, by the notes."""
        rows = self._rows(codes, on)
        return None if rows is None else self._sequencing.orders(rows)

    def lacking_etiology(
        self, codes: Iterable[str], on: date | None = None
    ) -> tuple[LackingEtiology, ...] | None:
        """The codes of a claim that need an etiology before them and stand without a named one."""
        rows = self._rows(codes, on)
        return None if rows is None else self._sequencing.lacking_etiology(rows)

    # 7th characters

    def seventh(self, text: str) -> SeventhCheck | None:
        """Judge the 7th character of a code as written; None for what begins as no known code."""
        return self._sevenths.check(text)

    def seventh_forms(self, code: str) -> tuple[str, ...]:
        """The full codes that a code has with its 7th characters; empty where it takes none."""
        row = self._columns.find(code)
        return () if row is None else self._sevenths.forms(row)

    def seventh_rows(self) -> tuple[SeventhRow, ...]:
        """Every code that takes a 7th character, in tabular order."""
        return self._sevenths.rows()

    # families

    def more_specific(self, code: str, on: date | None = None) -> tuple[str, ...]:
        """The codes that say more than an unspecified one; with a day, those in force on it."""
        row = self._columns.find(code)
        found = () if row is None else self._families.more_specific(row)
        return self._families.valid(found, on)

    def unspecified_of(self, code: str, on: date | None = None) -> tuple[str, ...]:
        """The unspecified codes of a code's family; with a day, those in force on it."""
        row = self._columns.find(code)
        found = () if row is None else self._families.unspecified_of(row)
        return self._families.valid(found, on)

    def combinations(self) -> tuple[Combination, ...]:
        """Every combination candidate of the release: see :mod:`conventions_families`."""
        return self._families.combinations()

    def combining(
        self, codes: Iterable[str], on: date | None = None
    ) -> tuple[Combination, ...] | None:
        """The candidates that would say two of the codes of a claim in one."""
        rows = self._rows(codes, on)
        return None if rows is None else self._families.combining(rows)

    def _rows(self, codes: Iterable[str], on: date | None) -> list[int] | None:
        """The rows of the codes in force; None where the release cannot know a day."""
        if on is not None and not self._codes.known_from <= on <= self._codes.horizon:
            return None
        out = []
        for code in codes:
            row = self._columns.find(code)
            if row is None:
                continue
            if on is None or self._codes.status(code, on) in (Status.VALID, Status.HEADER):
                out.append(row)
        return out
