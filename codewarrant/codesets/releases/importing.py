"""Importing: drafts of releases into a new store file, which then takes the old one's place.

The file is copied, the copy is filled and checked, and put there by one rename. Whatever goes
wrong before that leaves the store byte for byte as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codewarrant.codesets.releases import sniff, sources
from codewarrant.codesets.releases.draft import Asked, Draft, Line
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.layout import (
    FORMAT,
    FRAME,
    OPEN_END,
    OPEN_START,
    Layout,
    day_number,
    layout,
)
from codewarrant.codesets.releases.reading import canonical_text, read_releases
from codewarrant.codesets.releases.release import Origin, Release

Progress = Callable[[Draft, int], None]
"""Told now and then how many rows of a draft have been read."""

REPORT = 20_000
"""Rows between two reports of progress."""
READABLE = 0o644
"""Permissions of a new store: edits are no secret, and services read what an analyst imports."""
WAIT = 60.0
"""Seconds to wait for another import that is under way."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one draft: ``known`` says that the store held this very release before."""

    release: Release
    known: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """What became of what was given; ``unread`` are the names of files that no loader reads."""

    imported: tuple[Imported, ...]
    unread: tuple[str, ...]


def import_files(
    store: Path, paths: Sequence[Path], asked: Asked, progress: Progress | None = None
) -> Import:
    """Import all releases that lie below the paths: all of them, or none.

    Raises ``ReleaseError`` with file and line for what is wrong; the store is then as it was.
    """
    found = sources.find(paths)
    drafts, unread = sniff.drafts(found, asked)
    imported = import_drafts(store, drafts, progress)
    return Import(imported, tuple(source.name for source in unread))


def import_drafts(
    store: Path, drafts: Sequence[Draft], progress: Progress | None = None
) -> tuple[Imported, ...]:
    """Import drafts: all of them, or none. Raises ``ReleaseError``."""
    store.parent.mkdir(parents=True, exist_ok=True)
    with _alone(store):
        handle, name = tempfile.mkstemp(dir=store.parent, prefix=".part-", suffix=".sqlite")
        os.close(handle)
        part = Path(name)
        part.chmod(store.stat().st_mode & 0o777 if store.exists() else READABLE)
        try:
            if store.exists():
                shutil.copyfile(store, part)
            with contextlib.closing(_open(part)) as connection:
                results = [_add(connection, draft, progress) for draft in drafts]
                connection.execute("PRAGMA optimize")
            if not all(result.known for result in results):
                _settle(part)
                part.replace(store)
                _sync_folder(store.parent)
        except sqlite3.Error as error:
            raise ReleaseError(f"the store cannot be written: {error}", str(store)) from error
        finally:
            part.unlink(missing_ok=True)
    return tuple(results)


@contextlib.contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Hold off other imports into the same store."""
    lock = sqlite3.connect(store.with_name(store.name + ".lock"), timeout=WAIT)
    lock.isolation_level = None
    with contextlib.closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise ReleaseError("another import is under way", str(store)) from error
        yield


def _open(part: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        # the file is a copy of which nobody knows: no journal, no waiting for the disk
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -65536")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and part.stat().st_size == 0:
            connection.executescript(FRAME)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        elif version != FORMAT:
            raise ReleaseError(f"is a store of format {version}; this version writes {FORMAT}")
    except BaseException:
        connection.close()
        raise
    return connection


def _add(connection: sqlite3.Connection, draft: Draft, progress: Progress | None) -> Imported:
    own = layout(draft.kind.name)
    labels = _Labels(connection)
    connection.execute(own.create())
    number = 1 + (connection.execute("SELECT max(id) FROM releases").fetchone()[0] or 0)
    connection.execute("BEGIN")
    count = _insert(connection, own, number, draft, labels, progress)
    if not count:
        raise ReleaseError(f"no rows for {draft.kind.name}", _names(draft))
    origins = tuple(Origin(source.name, source.sha256) for source in draft.sources)
    release = _release(draft, count, "", origins)
    digest = hashlib.sha256()
    for piece in canonical_text(connection, number, release, labels.texts()):
        digest.update(piece)
    release = _release(draft, count, digest.hexdigest(), origins)
    _no_overlaps(connection, own, number, draft)
    for _, old in read_releases(connection):
        if (old.table, old.edition) == (release.table, release.edition):
            if old.digest == release.digest:
                connection.execute(f"DELETE FROM {own.table} WHERE release = ?", (number,))
                connection.execute("COMMIT")
                return Imported(old, True, draft.remarks)
            raise ReleaseError(
                f"{old.table} {old.edition} is installed with other content, and an installed "
                f"release never changes; import a correction under a name of its own, such as "
                f"`--edition {old.edition}-r2`: of the two, it will speak",
                _names(draft),
            )
    _enter(connection, number, release)
    connection.execute("COMMIT")
    return Imported(release, False, draft.remarks)


def _insert(
    connection: sqlite3.Connection,
    own: Layout,
    number: int,
    draft: Draft,
    labels: _Labels,
    progress: Progress | None,
) -> int:
    encode = own.encoder(labels.number)
    count = 0
    last = Line("", 0, ())

    def rows() -> Iterator[list[Any]]:
        nonlocal count, last
        for last in draft.rows():
            try:
                values = encode(last.cells)
            except ValueError as error:
                raise ReleaseError(str(error), last.file, last.line) from error
            count += 1
            if progress is not None and count % REPORT == 0:
                progress(draft, count)
            yield [number, *values]

    holes = ", ".join("?" * (len(own.names) + 1))
    try:
        connection.executemany(f"INSERT INTO {own.table} VALUES ({holes})", rows())
    except sqlite3.IntegrityError as error:
        key = encode(last.cells)[: len(own.kind.key)]
        raise _twice(draft, own, key, last, "the same row stands twice") from error
    if progress is not None:
        progress(draft, count)
    return count


def _no_overlaps(connection: sqlite3.Connection, own: Layout, number: int, draft: Draft) -> None:
    """Refuse rows of one key that are in force on the same day."""
    key = ", ".join(f'"{name}"' for name in own.kind.key)
    found = connection.execute(
        f"SELECT {key} FROM (SELECT {key}, effective_from AS first, "
        f"max(effective_to) OVER (PARTITION BY {key} ORDER BY effective_from, effective_to "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before "
        f"FROM {own.table} WHERE release = ? AND effective_to >= effective_from) "
        "WHERE before >= first LIMIT 1",
        (number,),
    ).fetchone()
    if found is not None:
        raise _twice(draft, own, list(found), None, "rows are in force on the same day")


def _twice(
    draft: Draft, own: Layout, key: Sequence[Any], last: Line | None, what: str
) -> ReleaseError:
    """The error for two rows of one key, with the places of both: the draft is read again."""
    encode = own.encoder(lambda text: 0)
    places: list[Line] = []
    for line in draft.rows():
        if encode(line.cells)[: len(key)] == list(key):
            places.append(line)
        if last is not None and (line.file, line.line) == (last.file, last.line):
            break
    here = last or places[-1]
    others = [place for place in places if (place.file, place.line) != (here.file, here.line)]
    also = ", ".join(f"{place.file}:{place.line}" for place in others[:3])
    name = " ".join(str(part) for part in key if part != "")
    message = f"{what}: `{name}`" + (f", also at {also}" if also else "")
    return ReleaseError(message, here.file, here.line)


def _enter(connection: sqlite3.Connection, number: int, release: Release) -> None:
    connection.execute(
        "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            release.table,
            release.edition,
            day_number(release.as_of, OPEN_START),
            day_number(release.covers_from, OPEN_START),
            day_number(release.covers_to, OPEN_END),
            release.rows,
            release.digest,
        ),
    )
    connection.executemany(
        "INSERT INTO origins VALUES (?, ?, ?, ?)",
        [(number, at, item.name, item.sha256) for at, item in enumerate(release.origins)],
    )


def _release(draft: Draft, count: int, digest: str, origins: tuple[Origin, ...]) -> Release:
    return Release(
        draft.kind.name,
        draft.edition,
        draft.as_of,
        draft.covers_from,
        draft.covers_to,
        count,
        digest,
        origins,
    )


def _names(draft: Draft) -> str:
    return ", ".join(source.name for source in draft.sources)


class _Labels:
    """Texts that repeat, each with its number; new ones are written down as they come."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers = dict(connection.execute("SELECT text, id FROM labels"))

    def number(self, text: str) -> int:
        """The number of a text."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self._numbers) + 1
            self._connection.execute("INSERT INTO labels VALUES (?, ?)", (found, text))
        return found

    def texts(self) -> Mapping[int, str]:
        """The texts by number."""
        return {number: text for text, number in self._numbers.items()}


def _settle(part: Path) -> None:
    with part.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # folders cannot be opened everywhere
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
