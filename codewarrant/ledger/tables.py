"""The tables of the store, and the triggers that make them append-only.

Blobs are content-addressed: one row per sha256 of the *uncompressed* bytes. ``codec`` says how the
stored bytes are spelled; sealing adds a codec, not a column. A decision row holds the digests of
everything it rests on and ``record``, the canonical bytes that a Merkle leaf is taken of.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

VERSION = 1
"""Version of this layout; a store of a higher one is refused."""

APPLICATION_ID = 0x43575254
"""``CWRT``, in the header of every SQLite file of ours."""

metadata = MetaData()

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

blob = Table(
    "blob",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("codec", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

snapshot_part = Table(
    "snapshot_part",
    metadata,
    Column("snapshot_sha256", String(64), ForeignKey("blob.sha256"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("blob_sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
)

decision = Table(
    "decision",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("decision_id", String(64), nullable=False, unique=True),
    Column("chart", String(200), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("decision_sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    Column("bundle_sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    Column("facts_sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    Column("snapshot_sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    Column("record", LargeBinary, nullable=False),
)
"""``seq`` counts from 1 without gaps, in the order of commit."""

decision_name = Table(
    "decision_name",
    metadata,
    Column("name", String(200), nullable=False),
    Column("decision_seq", Integer, ForeignKey("decision.seq"), nullable=False),
    UniqueConstraint("name", "decision_seq"),
    Index("decision_name_by_decision", "decision_seq"),
)
"""Names a decision is looked up by: its chart (``Encounter/7``), its claims (``Claim/9``)."""

_UNIQUE: dict[Table, tuple[tuple[str, ...], ...]] = {
    schema_version: (("version",),),
    blob: (("seq",), ("sha256",)),
    snapshot_part: (("snapshot_sha256", "name"),),
    decision: (("seq",), ("decision_id",)),
    decision_name: (("name", "decision_seq"),),
}


def sqlite_triggers() -> dict[str, str]:
    """Name and text of each trigger.

    ``INSERT OR REPLACE`` deletes the old row without firing DELETE triggers (recursive triggers are
    off by default and any client may leave them off), so an insert over an existing key is refused
    before it happens.
    """
    out: dict[str, str] = {}
    for table, keys in _UNIQUE.items():
        for verb in ("UPDATE", "DELETE"):
            name = f"{table.name}_no_{verb.lower()}"
            out[name] = (
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table.name} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only'); END"
            )
        clash = " OR ".join(
            "(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in keys
        )
        name = f"{table.name}_no_replace"
        out[name] = (
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} "
            f"WHEN EXISTS (SELECT 1 FROM {table.name} WHERE {clash}) "
            f"BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        )
    return out
