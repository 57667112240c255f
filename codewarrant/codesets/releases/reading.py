"""Reading the store's file: opening it, its releases, and a release's rows in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codewarrant.codesets.releases import canonical
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.layout import FORMAT, day_of, layout, quoted
from codewarrant.codesets.releases.release import Origin, Release


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that can change nothing. Raises ``ReleaseError`` for what is no store."""
    try:
        uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise ReleaseError("is not a store of releases, or is damaged", str(path)) from error
    if version != FORMAT:
        connection.close()
        raise ReleaseError(
            f"is a store of format {version}; this version reads {FORMAT}", str(path)
        )
    return connection


def read_releases(connection: sqlite3.Connection) -> tuple[tuple[int, Release], ...]:
    """The releases with their numbers: by table, the newest edition first."""
    origins: dict[int, list[Origin]] = {}
    for number, name, digest in connection.execute(
        "SELECT release, name, sha256 FROM origins ORDER BY release, position"
    ):
        origins.setdefault(number, []).append(Origin(name, digest))
    found = []
    for number, table, edition, as_of, start, end, rows, digest in connection.execute(
        "SELECT id, kind, edition, as_of, covers_from, covers_to, row_count, digest FROM releases "
        "ORDER BY kind, as_of DESC, covers_to DESC, edition DESC"
    ):
        first = day_of(as_of)
        if first is None:
            raise ReleaseError(f"{table} {edition} has no first day")
        own = tuple(origins.get(number, ()))
        release = Release(table, edition, first, day_of(start), day_of(end), rows, digest, own)
        found.append((number, release))
    return tuple(found)


def scan(connection: sqlite3.Connection, table: str, number: int) -> Iterable[tuple[Any, ...]]:
    """The values of all rows of a release, in canonical order."""
    own = layout(table)
    order = column_list((*own.kind.key, "effective_from", "effective_to"))
    query = f"SELECT {column_list(own.names)} FROM {own.table} WHERE release = ? ORDER BY {order}"
    return connection.execute(query, (number,))


def canonical_text(
    connection: sqlite3.Connection, number: int, release: Release, labels: Mapping[int, str]
) -> Iterator[bytes]:
    """The canonical text of a release, as its rows lie in the file."""
    header = canonical.Header(
        release.table,
        release.edition,
        release.as_of,
        release.covers_from,
        release.covers_to,
        release.rows,
    )
    line = layout(release.table).liner(labels)
    return canonical.text(header, map(line, scan(connection, release.table, number)))


def column_list(names: Iterable[str], prefix: str = "") -> str:
    """Names for a statement."""
    return ", ".join(prefix + quoted(name) for name in names)
