"""Connections to the SQLite file of a store: WAL, full sync, a busy time-out."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from codewarrant.ledger.tables import APPLICATION_ID

BUSY_SECONDS = 30


def connector(path: Path, readonly: bool) -> Callable[[], sqlite3.Connection]:
    """What opens a connection to the file; a new file is made unless ``readonly``."""
    uri = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            if not readonly and _ours_or_empty(connection):
                connection.execute("PRAGMA page_size = 8192")
                into_wal(connection)
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return connect


def into_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for another process that does the same: we do."""
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _ours_or_empty(connection: sqlite3.Connection) -> bool:
    """Somebody else's database is refused later; until then nothing in it may change."""
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    if found:
        return found == APPLICATION_ID
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
