"""Installed tables as rules join them: rows by key and day, from the editions of a snapshot.

Reading the rows of an opened, unchanging file is no I/O in the sense of the pure middle: the same
keys on the same day have the same answer for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Key, Store
from codewarrant.codesets.releases.store import Row as Found
from codewarrant.codesets.releases.tables import TABLES, Column
from codewarrant.dsl.installed_tables import (
    EDITION,
    EFFECTIVE_FROM,
    EFFECTIVE_TO,
    SYSTEMS,
    column_types,
)
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.canonical import digest
from codewarrant.engine.relation import ON, Row
from codewarrant.engine.values import Code, Value

ICD10CM_BEGAN = date(2015, 10, 1)
"""A table that lists diagnoses of both systems means, on each day, the one in force."""

KEPT = 20_000
"""Answers that a table keeps in memory, some 10 MB: the claims of a day ask much the same."""

NAMED = re.compile(r"\bfrom\s+release\s+([a-z][a-z0-9_-]*)")


def named_tables(packs: Iterable[PackSource]) -> tuple[str, ...]:
    """The installed tables that some rulepacks name, in order."""
    found = {
        name
        for pack in packs
        for file in pack.rule_files
        for name in NAMED.findall(pack.files[file].decode(errors="replace"))
    }
    return tuple(sorted(found & TABLES.keys()))


def speaking(store: Store, table: str) -> tuple[Release, ...]:
    """The editions of a table that speak for some day: those that no newer one covers wholly."""
    out: list[Release] = []
    for release in store.of(table):  # the newest first
        if not any(_within(release, newer) for newer in out):
            out.append(release)
    return tuple(out)


def _within(one: Release, other: Release) -> bool:
    starts = other.covers_from is None or (
        one.covers_from is not None and one.covers_from >= other.covers_from
    )
    ends = other.covers_to is None or (
        one.covers_to is not None and one.covers_to <= other.covers_to
    )
    return starts and ends


@dataclass(frozen=True, slots=True)
class ReleasePart:
    """One edition as a part of a snapshot: its text is read only when it is to be kept."""

    store: Store
    release: Release

    @property
    def kind(self) -> str:
        return "release"

    @property
    def name(self) -> str:
        return f"{self.release.table}@{self.release.edition}"

    @property
    def version(self) -> str:
        return self.release.edition

    @property
    def sha256(self) -> str:
        return self.release.digest

    @property
    def data(self) -> bytes:
        """The canonical text."""
        return b"".join(self.store.text(self.release))


class ReleaseTable:
    """A table of a store as a relation. A row's id is its edition and its id inside that."""

    def __init__(self, store: Store, table: str) -> None:
        """Raises ``KeyError`` for a table that no installation has."""
        self.name = table
        self._store = store
        self._answered: dict[tuple[object, ...], Sequence[Row] | None] = {}
        self._kinds = {column.name: column for column in TABLES[table].columns}
        self.digest = digest([release.digest for release in speaking(store, table)])
        self.columns: Mapping[str, str] = {
            name: found.kind for name, found in column_types(TABLES[table]).items()
        }

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row] | None]:
        """As :class:`~codewarrant.engine.relation.Relation`; a key's day goes before ``on``.

        Keys of one set of columns are one question to the store.
        """
        out: list[Sequence[Row] | None] = [()] * len(keys)
        asked: dict[tuple[str, ...], list[tuple[int, Key, date | None]]] = {}
        answered = self._answered
        asked_as = [(on, *key.items()) for key in keys]
        for at, key in enumerate(keys):
            try:  # asked once: another thread may empty what is kept at any moment
                out[at] = answered[asked_as[at]]
                continue
            except KeyError:
                pass
            day = key.get(ON, on)
            plain = self._plain(key)
            if plain is not None:
                names = tuple(plain)
                asked.setdefault(names, []).append((at, plain, day if type(day) is date else None))
        for questions in asked.values():
            days = [day for _, _, day in questions]
            answers = self._store.lookup(self.name, [plain for _, plain, _ in questions], days)
            if len(answered) > KEPT:
                answered.clear()
            for (at, _, day), found in zip(questions, answers, strict=True):
                out[at] = None if found is None else self._rows(found, keys[at], day)
                answered[asked_as[at]] = out[at]
        return out

    def _plain(self, key: Mapping[str, Value]) -> Key | None:
        """The key as the store takes it; None where a code is of a system the table has not."""
        plain: dict[str, str | int | date | bool] = {}
        for name in sorted(key.keys() & self._kinds.keys()):
            value = key[name]
            if isinstance(value, Code):
                if value.system not in systems_of(self._kinds[name]):
                    return None
                value = value.value
            plain[name] = value  # pyright: ignore[reportArgumentType]
        return plain

    def _rows(
        self, found: Sequence[Found], key: Mapping[str, Value], day: date | None
    ) -> Sequence[Row]:
        rows = [self._row(one, day) for one in found]
        rest = [(name, value) for name, value in key.items() if name not in self._kinds]
        return [row for row in rows if all(row.columns.get(name) == value for name, value in rest)]

    def _row(self, found: Found, day: date | None) -> Row:
        columns: dict[str, Value] = {
            name: _value(self._kinds[name], cell, day)
            for name, cell in found.columns.items()
            if cell is not None
        }
        columns[EDITION] = found.release.edition
        if found.effective_from is not None:
            columns[EFFECTIVE_FROM] = found.effective_from
        if found.effective_to is not None:
            columns[EFFECTIVE_TO] = found.effective_to
        if day is not None:
            columns[ON] = day
        return Row(f"{found.release.edition}/{found.id}", columns)


def systems_of(column: Column) -> tuple[str, ...]:
    """The systems of the rule language whose codes a column holds."""
    return tuple(one for system in column.systems for one in SYSTEMS.get(system, ()))


def _value(column: Column, cell: object, day: date | None) -> Value:
    systems = systems_of(column)
    if column.kind != "code" or not systems:
        return cell  # pyright: ignore[reportReturnType]
    text = str(cell)
    if systems == ("cpt", "hcpcs"):
        # Level I codes (CPT) begin with a digit, Level II codes with a letter
        return Code("cpt" if text[:1].isdigit() else "hcpcs", text)
    if systems == ("icd10cm", "icd9cm"):
        return Code("icd9cm" if day is not None and day < ICD10CM_BEGAN else "icd10cm", text)
    return Code(systems[0], text)
