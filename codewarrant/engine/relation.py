"""Large tables as the engine sees them: a digest, typed columns, rows by key and date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from codewarrant.engine.values import Value


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; ``id`` names it inside its release."""

    id: str
    columns: Mapping[str, Value]


@runtime_checkable
class Relation(Protocol):
    """A table joined by rules. Implementations are read-only and pure for one digest."""

    name: str
    digest: str
    columns: Mapping[str, str]
    """Column name to field kind: text, integer, decimal, boolean, date, duration, code, list."""

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row] | None]:
        """For each key (some columns with their values) the rows that match and are in force.

        The answer has one sequence of rows a key, in the order of the keys; rows are ordered by id.
        None for a key of which the table cannot know: its day lies outside what the table covers.
        ``on`` of None means that the date is unknown: only rows without dates match.
        """
        ...


ON = "on"
"""The column by which a key brings its own day, in tables that take one: lines have their dates."""


class RowsOnDay:
    """A relation whose keys may hold their own day in the column :data:`ON`, which its rows then
    have too."""

    def __init__(self, inner: Relation) -> None:
        self.name = inner.name
        self.digest = inner.digest
        self.columns: Mapping[str, str] = {**inner.columns, ON: "date"}
        self._inner = inner

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row] | None]:
        return [self._one(key, on) for key in keys]

    def _one(self, key: Mapping[str, Value], on: date | None) -> Sequence[Row] | None:
        own = key.get(ON)
        day = own if isinstance(own, date) else on
        rest = {name: value for name, value in key.items() if name != ON}
        (found,) = self._inner.lookup([rest], day)
        if found is None or day is None:
            return found
        return [Row(row.id, {**row.columns, ON: day}) for row in found]


class MemoryRelation:
    """A relation over rows in memory; ``dates`` names the columns of its half-open window."""

    def __init__(
        self,
        name: str,
        digest: str,
        columns: Mapping[str, str],
        rows: Iterable[Row],
        dates: tuple[str, str] | None = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.columns: Mapping[str, str] = dict(columns)
        self._rows = sorted(rows, key=lambda row: row.id)
        self._dates = dates
        self._index: dict[tuple[str, ...], dict[tuple[Value, ...], list[Row]]] = {}

    @property
    def rows(self) -> Sequence[Row]:
        """All rows, by id."""
        return tuple(self._rows)

    @property
    def dates(self) -> tuple[str, str] | None:
        """The columns of the half-open window of a row, if rows are dated."""
        return self._dates

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row]]:
        return [self._find(key, on) for key in keys]

    def _find(self, key: Mapping[str, Value], on: date | None) -> Sequence[Row]:
        names = tuple(sorted(key))
        index = self._index.get(names)
        if index is None:
            index = {}
            for row in self._rows:
                if all(name in row.columns for name in names):
                    index.setdefault(tuple(row.columns[name] for name in names), []).append(row)
            self._index[names] = index
        found = index.get(tuple(key[name] for name in names), [])
        return [row for row in found if self._in_force(row, on)]

    def _in_force(self, row: Row, on: date | None) -> bool:
        if self._dates is None:
            return True
        start, end = (row.columns.get(name) for name in self._dates)
        if on is None:
            return start is None and end is None
        return (not isinstance(start, date) or start <= on) and (
            not isinstance(end, date) or on < end
        )
