"""The Excludes1 notes of ICD-10-CM as a table that rules join: one row for two codes of a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from codewarrant.codesets.codeset import CodeSet
from codewarrant.dsl.installed_tables import EDITION, EXCLUSIONS, column_types
from codewarrant.engine.relation import ON, Row
from codewarrant.engine.values import Code, Value

SYSTEM = "icd10cm"


class Exclusions:
    """Pairs of codes by the notes of one release; a key gives ``code`` and ``other``.

    Read from the notes of the codes asked about, so that there is no list of all pairs. What rests
    on a release of the snapshot needs no part of its own in it.
    """

    def __init__(self, release: CodeSet) -> None:
        self.name = EXCLUSIONS.name
        self.digest = release.digest
        self.columns: Mapping[str, str] = {
            name: found.kind for name, found in column_types(EXCLUSIONS).items()
        }
        self._release = release

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row] | None]:
        """As :class:`~codewarrant.engine.relation.Relation`. Without a day nothing can be known."""
        return [self._rows(key, key.get(ON, on)) for key in keys]

    def _rows(self, key: Mapping[str, Value], on: Value | None) -> Sequence[Row] | None:
        code, other = key.get("code"), key.get("other")
        if not isinstance(code, Code) or not isinstance(other, Code):
            return ()
        if code.system != SYSTEM or other.system != SYSTEM:
            return ()
        if not isinstance(on, date):
            return None
        found = self._release.conventions.excludes(code.value, other.value, on)
        if found is None:
            return None
        rows = [
            Row(
                f"{note.id}/{note.code}/{note.other}",
                {
                    "code": code,
                    "other": other,
                    "hard": note.hard,
                    "source": note.source,
                    EDITION: self._release.release,
                    ON: on,
                },
            )
            for note in found
            if note.kind == "excludes1" and (note.code, note.other) == (code.value, other.value)
        ]
        rest = [(name, value) for name, value in key.items() if name != ON]
        return [row for row in rows if all(row.columns.get(name) == value for name, value in rest)]
