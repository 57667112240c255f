"""One decision in one file, with all that it was made from: readable without any store.

A zip: ``decision.json``, ``bundle.json``, ``facts.json``, ``codewarrant.lock`` and ``parts/`` with
the bytes of each part of the snapshot. Nothing in it is trusted: verification checks every digest.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from codewarrant.ledger.store import Store, Stored

DECISION, BUNDLE, FACTS, LOCK = "decision.json", "bundle.json", "facts.json", "codewarrant.lock"
PARTS = "parts/"
LARGEST = 2_000_000_000
"""Bytes that a file may unfold to."""
EPOCH = (1980, 1, 1, 0, 0, 0)


class NotExported(Exception):
    """The file is not a decision as exported; the message says why and is fit to show."""


@dataclass(frozen=True, slots=True)
class Record:
    """The stored bytes of one decision and of everything that it rests on."""

    decision: bytes
    bundle: bytes
    facts: bytes
    lock: bytes
    parts: Mapping[str, bytes]
    """By ``kind/name``."""


BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What reading a spoiled zip file may raise; a bad offset is a `ValueError` or `OSError`."""


def from_store(store: Store, stored: Stored) -> Record:
    """The record of a stored decision. Raises a :class:`~codewarrant.ledger.errors.StoreError`."""
    lock, parts = store.snapshot_parts(stored.snapshot_sha256)
    return Record(
        store.read_decision(stored),
        store.get_blob(stored.bundle_sha256),
        store.get_blob(stored.facts_sha256),
        lock,
        parts,
    )


def export(record: Record) -> bytes:
    """The record as one file; equal records give equal bytes."""
    out = io.BytesIO()
    named = {
        DECISION: record.decision, BUNDLE: record.bundle, FACTS: record.facts, LOCK: record.lock,
    }  # fmt: skip
    named |= {PARTS + name: data for name, data in sorted(record.parts.items())}
    with zipfile.ZipFile(out, "w") as file:
        for name, data in named.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    return out.getvalue()


def read_export(data: bytes) -> Record:
    """Read :func:`export` back. Raises :class:`NotExported` on anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            entries = file.infolist()
            names = [one.filename for one in entries]
            if len(set(names)) != len(names):
                raise NotExported("it names an entry twice")
            if sum(one.file_size for one in entries) > LARGEST:
                raise NotExported("it is too large")
            found = {name: file.read(name) for name in names}
    except BROKEN as error:
        raise NotExported("not a zip file, or a damaged one") from error
    missing = [name for name in (DECISION, BUNDLE, FACTS, LOCK) if name not in found]
    if missing:
        raise NotExported(f"it lacks {', '.join(missing)}")
    parts = {
        name[len(PARTS) :]: content for name, content in found.items() if name.startswith(PARTS)
    }
    return Record(found[DECISION], found[BUNDLE], found[FACTS], found[LOCK], parts)
