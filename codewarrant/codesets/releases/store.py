"""The installed releases, asked by date.

One SQLite file holds all of them and is never changed in place: an import writes a new file and
puts it there at once, so that a reader goes on with what it opened. Several threads and processes
may use one :class:`Store`; each opens the file for itself.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from codewarrant.codesets.releases import canonical
from codewarrant.codesets.releases.draft import Cell
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.layout import (
    OPEN_START,
    Layout,
    day_number,
    key_value,
    layout,
    quoted,
)
from codewarrant.codesets.releases.reading import (
    canonical_text,
    column_list,
    open_read_only,
    read_releases,
    scan,
)
from codewarrant.codesets.releases.release import Release

Key = Mapping[str, str | int | Decimal | bool | date | None]
"""Some columns of a table with the values looked for."""


class Row(NamedTuple):
    """A row in force, and where it stands.

    ``id`` names it inside its release: the cells of its key joined by ``|``, ``@`` and its first
    day, and `` withdrawn`` if it was never in force. The days are those of ``draft.Line``.
    """

    id: str
    release: Release
    columns: Mapping[str, Cell]
    effective_from: date | None
    effective_to: date | None


Found = tuple[Row, ...] | None
"""The rows of one key, by id; () where there is none; None where nothing can be known: no installed
edition of the table speaks for the day, or the day is not known."""


@dataclass(frozen=True)
class _Opened:
    connection: sqlite3.Connection
    process: int


class Store:
    """The releases in one file. Raises ``ReleaseError`` where the file is none of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._speaking: dict[tuple[str, date], tuple[int, Release] | None] = {}
        self._releases = self._read_releases()

    def __reduce__(self) -> tuple[type[Store], tuple[Path]]:
        return Store, (self.path,)

    @property
    def releases(self) -> tuple[Release, ...]:
        """All releases: by table, the newest edition first."""
        return tuple(release for _, release in self._releases)

    def of(self, table: str) -> tuple[Release, ...]:
        """The releases of a table, the newest first."""
        return tuple(release for release in self.releases if release.table == table)

    def get(self, table: str, edition: str) -> Release | None:
        """The release of that edition."""
        for release in self.of(table):
            if release.edition == edition:
                return release
        return None

    def speaks(self, table: str, on: date) -> Release | None:
        """The release that speaks of a table on a day: of those that cover it the newest."""
        found = self._speaks(table, on)
        return None if found is None else found[1]

    def lookup(
        self, table: str, keys: Sequence[Key], on: date | Sequence[date | None] | None
    ) -> list[Found]:
        """For each key the rows in force on its day; one query for all.

        ``on`` is one day for all keys, or one for each. All keys name the same columns; those that
        begin the table's key are found at once, others by going through the release. Raises
        ``KeyError`` for an unknown table or column, ``ValueError`` where keys differ in columns.
        """
        days = [on] * len(keys) if on is None or isinstance(on, date) else list(on)
        if len(days) != len(keys):
            raise ValueError(f"{len(keys)} keys with {len(days)} days")
        names = tuple(keys[0]) if keys else ()
        cells = _picker(table, names)
        moments = {
            day: (spoken[0], day_number(day, OPEN_START))
            for day in set(days)
            if day is not None and (spoken := self._speaks(table, day)) is not None
        }
        found: list[Found] = [None] * len(keys)
        asked: dict[tuple[Any, ...], tuple[list[int], list[Any]]] = {}
        for at, (key, day) in enumerate(zip(keys, days, strict=True)):
            moment = moments.get(day) if day is not None else None
            if moment is None:
                continue
            found[at] = ()
            *first, last = cells(key)
            group = asked.get(head := (*moment, *first))
            if group is None:
                group = asked[head] = ([], [])
            group[0].append(at)
            group[1].append(last)
        for at, row in self._query(table, names, asked) if asked else ():
            found[at] = (*(found[at] or ()), row)
        return [
            tuple(sorted(rows, key=_id)) if rows is not None and len(rows) > 1 else rows
            for rows in found
        ]

    def rows(self, release: Release) -> Iterator[Row]:
        """All rows of a release, in canonical order."""
        own = layout(release.table)
        number = self._number(release)
        decode = own.decoder(self._labels)
        for values in self._scan(release.table, number):
            yield _row(own.names, len(own.kind.key), decode(values), release)

    def history(self, table: str, key: Key) -> tuple[Row, ...]:
        """All rows of a key on any day, in every edition; the newest edition first."""
        own = layout(table)
        where = "".join(f" AND {quoted(name)} = ?" for name in key)
        query = f"SELECT {column_list(own.names)} FROM {own.table} WHERE release = ?{where}"
        given = [key_value(value) for value in key.values()]
        out: list[Row] = []
        for number, release in self._releases:
            if release.table == table:
                decode = own.decoder(self._labels)
                rows = self._connection().execute(query, (number, *given))
                width = len(own.kind.key)
                found = (_row(own.names, width, decode(values), release) for values in rows)
                out += sorted(found, key=lambda row: row.id)
        return tuple(out)

    def in_force(self, release: Release, on: date, where: Mapping[str, Any] | None = None) -> int:
        """How many rows of a release are in force on a day; with ``where``, of those alike."""
        own = layout(release.table)
        day = day_number(on, OPEN_START)
        more = "".join(f" AND {quoted(name)} = ?" for name in where or {})
        given = [key_value(item) for item in (where or {}).values()]
        query = (
            f"SELECT count(*) FROM {own.table} WHERE release = ? AND effective_from <= ? "
            f"AND effective_to >= ?{more}"
        )
        cursor = self._connection().execute(query, (self._number(release), day, day, *given))
        return int(cursor.fetchone()[0])

    def only_in(self, one: Release, other: Release) -> Iterator[Row]:
        """Rows in force on the first day of ``one`` whose key is not in ``other`` on its own."""
        own = layout(one.table)
        query = (
            f"SELECT {column_list(own.names, 'a.')} FROM {own.table} AS a "
            f"WHERE a.release = ? AND a.effective_from <= ? AND a.effective_to >= ? "
            f"AND NOT EXISTS (SELECT 1 FROM {own.table} AS b WHERE b.release = ?{_same_key(own)} "
            "AND b.effective_from <= ? AND b.effective_to >= ?)"
        )
        decode = own.decoder(self._labels)
        for values in self._connection().execute(query, (*self._day(one), *self._day(other))):
            yield _row(own.names, len(own.kind.key), decode(values), one)

    def differing(self, one: Release, other: Release) -> Iterator[tuple[Row, Row]]:
        """Rows in force in both editions, each on its first day, whose other columns differ."""
        own = layout(one.table)
        rest = [name for name in own.kind.names if name not in own.kind.key]
        if not rest:
            return
        differ = " OR ".join(f"a.{quoted(name)} IS NOT b.{quoted(name)}" for name in rest)
        query = (
            f"SELECT {column_list(own.names, 'a.')}, {column_list(own.names, 'b.')} "
            f"FROM {own.table} AS a CROSS JOIN {own.table} AS b "
            f"WHERE a.release = ? AND a.effective_from <= ? AND a.effective_to >= ? "
            f"AND b.release = ?{_same_key(own)} "
            f"AND b.effective_from <= ? AND b.effective_to >= ? AND ({differ})"
        )
        decode = own.decoder(self._labels)
        width, keys = len(own.names), len(own.kind.key)
        for values in self._connection().execute(query, (*self._day(one), *self._day(other))):
            before, after = decode(values[:width]), decode(values[width:])
            yield _row(own.names, keys, before, one), _row(own.names, keys, after, other)

    def text(self, release: Release) -> Iterator[bytes]:
        """The canonical text of a release, in pieces."""
        return canonical_text(self._connection(), self._number(release), release, self._labels)

    def blob(self, release: Release) -> bytes:
        """The canonical text compressed: what a ledger keeps, and what can be imported again.

        Raises ``ReleaseError`` where the text is no longer that of the release's digest.
        """
        digest = hashlib.sha256()

        def pieces() -> Iterator[bytes]:
            for piece in self.text(release):
                digest.update(piece)
                yield piece

        packed = canonical.packed(pieces())
        if digest.hexdigest() != release.digest:
            raise ReleaseError(
                f"the rows of {release.table} {release.edition} are no longer those imported",
                str(self.path),
            )
        return packed

    # the file

    def _connection(self) -> sqlite3.Connection:
        opened: _Opened | None = getattr(self._local, "opened", None)
        if opened is None or opened.process != os.getpid():
            opened = self._local.opened = _Opened(open_read_only(self.path), os.getpid())
        return opened.connection

    def _read_releases(self) -> tuple[tuple[int, Release], ...]:
        return read_releases(self._connection())

    @cached_property
    def _labels(self) -> dict[int, str]:
        return dict(self._connection().execute("SELECT id, text FROM labels"))

    def _number(self, release: Release) -> int:
        for number, own in self._releases:
            if own == release:
                return number
        raise ReleaseError(f"{release.table} {release.edition} is not installed", str(self.path))

    def _day(self, release: Release) -> tuple[int, int, int]:
        day = day_number(release.as_of, OPEN_START)
        return self._number(release), day, day

    def _scan(self, table: str, number: int) -> Iterable[tuple[Any, ...]]:
        return scan(self._connection(), table, number)

    def _speaks(self, table: str, on: date) -> tuple[int, Release] | None:
        try:
            return self._speaking[table, on]
        except KeyError:
            layout(table)  # an unknown table is an error, an uninstalled one is not
        found = None
        for number, release in self._releases:
            if release.table == table and release.covers(on):
                found = (number, release)
                break
        if len(self._speaking) > 10_000:
            self._speaking.clear()
        self._speaking[table, on] = found
        return found

    def _query(
        self,
        table: str,
        names: Sequence[str],
        asked: Mapping[tuple[Any, ...], tuple[list[int], list[Any]]],
    ) -> Iterator[tuple[int, Row]]:
        """Rows with the place of their key.

        Keys are given by what they have in common: release, day and all cells but the last, then
        the last ones. They travel as one JSON text, which is parsed once for each such group; the
        statement is the same for any number of keys.
        """
        own = layout(table)
        last = len(names) - 1
        heads = "".join(f", json_extract(value, '$[{at + 2}]') AS k{at}" for at in range(last))
        match = "".join(
            f" AND t.{quoted(name)} = asked.k{at}" for at, name in enumerate(names[:-1])
        )
        query = (
            "WITH asked AS MATERIALIZED (SELECT key AS n, json_extract(value, '$[0]') AS release, "
            f"json_extract(value, '$[1]') AS day{heads}, "
            f"json_extract(value, '$[{last + 2}]') AS tails FROM json_each(?)) "
            f"SELECT asked.n, tail.key, t.release, {column_list(own.names, 't.')} "
            f"FROM asked CROSS JOIN json_each(asked.tails) AS tail CROSS JOIN {own.table} AS t "
            f"WHERE t.release = asked.release{match} AND t.{quoted(names[-1])} = tail.value "
            "AND t.effective_from <= asked.day AND t.effective_to >= asked.day"
        )
        places = [own_places for own_places, _ in asked.values()]
        given = orjson.dumps([(*head, tails) for head, (_, tails) in asked.items()]).decode()
        decode = own.decoder(self._labels)
        width = len(own.kind.key)
        releases = dict(self._releases)
        for n, tail, number, *values in self._connection().execute(query, (given,)):
            row = _row(own.names, width, decode(tuple(values)), releases[number])
            yield places[n][tail], row


def _picker(table: str, names: Sequence[str]) -> Callable[[Key], Sequence[Any]]:
    """A function from a key to its values in SQL, in the order of the names."""
    kind = layout(table).kind
    columns = [kind.column(name) for name in names]
    as_given = all(item.kind in ("text", "code") and not item.optional for item in columns)
    width = len(names)
    pick = itemgetter(*names) if width > 1 else None

    def cells(key: Key) -> Sequence[Any]:
        try:
            found = (key[names[0]],) if pick is None else pick(key)
        except (KeyError, IndexError):
            found = ()
        if not found or len(key) != width:
            raise ValueError("the keys of one lookup name the same columns, and one at least")
        return found if as_given else [key_value(cell) for cell in found]

    return cells


def _id(row: Row) -> str:
    return row.id


def _same_key(own: Layout) -> str:
    return "".join(f" AND b.{quoted(name)} = a.{quoted(name)}" for name in own.kind.key)


def _row(names: Sequence[str], width: int, cells: list[Cell], release: Release) -> Row:
    columns = dict(zip(names, cells, strict=True))
    start: Any = columns.pop("effective_from")
    end: Any = columns.pop("effective_to")
    key = "|".join("" if cell is None else str(cell) for cell in cells[:width])
    never = start is not None and end is not None and end < start
    name = f"{key}@{start.isoformat() if start else ''}{' withdrawn' if never else ''}"
    return Row(name, release, columns, start, end)
