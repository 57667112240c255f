"""What can go wrong with a store, one class per thing that a caller would handle differently.

Messages name the file and what to do; they never hold a row's content.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError


class StoreError(Exception):
    """A store that cannot be used as asked."""


class NotAStore(StoreError):
    """The file is not a Codewarrant store."""


class StoreTooNew(StoreError):
    """The store was written by a later release."""


class StoreDamaged(StoreError):
    """Content does not match its digest, or the file itself is corrupt."""


class StoreFull(StoreError):
    """The disk (or the file's size limit) is full; nothing of the transaction was written."""


class StoreReadOnly(StoreError):
    """The store cannot be written to."""


class StoreLocked(StoreError):
    """Another process held the store for longer than the busy time-out."""


class DecisionMismatch(StoreError):
    """What was handed in does not fit together, or differs from what is stored under its id."""


class NotStored(StoreError):
    """There is no such decision or blob."""


_BY_NAME: dict[str, tuple[type[StoreError], str]] = {
    "SQLITE_FULL": (StoreFull, "the disk is full"),
    "SQLITE_READONLY": (StoreReadOnly, "the store is read-only"),
    "SQLITE_PERM": (StoreReadOnly, "no permission to write the store"),
    "SQLITE_BUSY": (StoreLocked, "another process is writing; try again"),
    "SQLITE_LOCKED": (StoreLocked, "another process is writing; try again"),
    "SQLITE_NOTADB": (NotAStore, "not a Codewarrant store"),
    "SQLITE_CORRUPT": (StoreDamaged, "the file is corrupt"),
    "SQLITE_CANTOPEN": (StoreError, "the file cannot be opened"),
    "SQLITE_IOERR": (StoreError, "reading or writing the file failed"),
    "SQLITE_CONSTRAINT": (StoreError, "the store is append-only: a row cannot be changed"),
}


def translate(error: DBAPIError | sqlite3.Error, path: str) -> StoreError:
    """The store's own error for one of the driver's; the driver's text is left out of it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", None) or "unknown"
    for prefix, (kind, text) in _BY_NAME.items():
        if name.startswith(prefix):
            return kind(f"{path}: {text}")
    return StoreError(f"{path}: the database failed ({name})")
