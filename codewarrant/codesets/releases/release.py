"""An installed release: what it is, and the canonical text that its digest is taken of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from codewarrant.codesets.releases.tables import TABLES, TableKind


@dataclass(frozen=True, slots=True)
class Origin:
    """A file that a release was read from."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """One edition of one table, immutable. ``digest`` is sha256 of its canonical text.

    ``as_of``, ``covers_from`` and ``covers_to`` as in ``draft.Draft``. Where it was read from is
    not part of the digest: the same rows from a text file and from a workbook are one release.
    """

    table: str
    edition: str
    as_of: date
    covers_from: date | None
    covers_to: date | None
    rows: int
    digest: str
    origins: tuple[Origin, ...] = ()

    @property
    def kind(self) -> TableKind:
        """The kind of its table."""
        return TABLES[self.table]

    def covers(self, on: date) -> bool:
        """Whether the edition can speak of that day."""
        return (self.covers_from is None or self.covers_from <= on) and (
            self.covers_to is None or on <= self.covers_to
        )
