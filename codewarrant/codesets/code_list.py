"""Codes of systems that are known from imported lists alone: HCPCS, modifiers, ICD-10-PCS, places.

A list that carries its past (HCPCS, with the days each code was added and ended) also speaks of
days before its own period, of the codes that it names; of others nothing is known there. A list
without past (ICD-10-PCS) speaks of its own period only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from codewarrant.codesets.answers import Status
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Row, Store
from codewarrant.codesets.releases.tables import TABLES

_LEVEL_TWO = re.compile(r"[A-CE-V][0-9]{4}")
"""HCPCS Level II without the dental codes (D), which its public file leaves out."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """The imported lists of one table of codes: ``hcpcs``, ``hcpcs-modifiers``, ``icd10pcs``,
    ``place-of-service``.

    Codes are given in official form.
    """

    store: Store
    table: str

    def status(self, code: str, on: date | None) -> Status:
        """What the code is on a day; ``UNDETERMINED`` where the lists cannot know."""
        return self.statuses([(code, on)])[0]

    def statuses(self, asked: Sequence[tuple[str, date | None]]) -> list[Status]:
        """As :meth:`status`, for many; those in force are found by one query."""
        found = self.store.lookup(
            self.table, [{"code": code} for code, _ in asked], [on for _, on in asked]
        )
        return [
            _in_force(rows[0]) if rows else self._absent(code, on)
            for (code, on), rows in zip(asked, found, strict=True)
        ]

    def title(self, code: str, on: date | None) -> str | None:
        """The title on a day, or where the day is not known the newest; None for unknown codes."""
        rows = self.store.history(self.table, {"code": code})
        held = [row for row in rows if on is not None and row.release.covers(on)]
        titles = (row.columns["title"] for row in (*held, *rows))
        return next((str(title) for title in titles if title), None)

    def _absent(self, code: str, on: date | None) -> Status:
        """The status of a code that the edition of the day, if there is one, has not in force."""
        if on is None or self._outside(code):
            return Status.UNDETERMINED
        rows = self.store.history(self.table, {"code": code})
        speaking = self.store.speaks(self.table, on)
        if speaking is None and TABLES[self.table].history:
            speaking = self._next(on)
            own = [row for row in rows if row.release == speaking]
            if not own:
                ended = [row for row in rows if row.effective_to and row.effective_to < on]
                return Status.ENDED if ended and ended[0] is rows[0] else Status.UNDETERMINED
            return _by_days(own, on)
        if speaking is None:
            return Status.UNDETERMINED
        own = [row for row in rows if row.release == speaking]
        if own:
            return _by_days(own, on)
        if any(row.release.as_of < speaking.as_of for row in rows):
            return Status.ENDED
        return Status.NOT_YET if rows else Status.UNKNOWN

    def _outside(self, code: str) -> bool:
        """Whether the list leaves out codes of this form, as CPT's are from the HCPCS file."""
        return self.table == "hcpcs" and not _LEVEL_TWO.fullmatch(code)

    def _next(self, on: date) -> Release | None:
        """The first edition after a day that no edition covers."""
        later = [release for release in self.store.of(self.table) if release.as_of > on]
        return later[-1] if later else None


def _in_force(row: Row) -> Status:
    return Status.HEADER if row.columns.get("billable") is False else Status.VALID


def _by_days(rows: Sequence[Row], on: date) -> Status:
    """By the days of the rows of one code in one edition, withdrawn ones aside."""
    kept = [
        row
        for row in rows
        if not (row.effective_from and row.effective_to and row.effective_to < row.effective_from)
    ]
    for row in kept:
        first, last = row.effective_from, row.effective_to
        if (first is None or first <= on) and (last is None or on <= last):
            return _in_force(row)
    starts = [row.effective_from for row in kept if row.effective_from]
    return Status.NOT_YET if starts and on < min(starts) else Status.ENDED
