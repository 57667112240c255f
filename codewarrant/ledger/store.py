"""The store: decisions with everything they rest on, append-only, content-addressed.

One file (SQLite, WAL, ``synchronous=FULL``): an append that returned is on the disk. Many processes
may append at once; each transaction takes the write lock before it reads, so none fails half-way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, func, insert, select
from sqlalchemy.exc import DBAPIError

from codewarrant.decision import Decision, Request, read
from codewarrant.engine.canonical import sha256
from codewarrant.ledger import tables
from codewarrant.ledger.connect import connector
from codewarrant.ledger.entry import (
    Entry,
    SnapshotParts,
    checked_bytes,
    decision_names,
    record_bytes,
)
from codewarrant.ledger.errors import (
    DecisionMismatch,
    NotAStore,
    NotStored,
    StoreDamaged,
    StoreError,
    StoreTooNew,
    translate,
)

COMPRESSION_LEVEL = 3
CODEC = "zstd"


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of the ledger: digests only, content is fetched by :meth:`Store.get_blob`."""

    seq: int
    decision_id: str
    chart: str
    lane: str
    decision_sha256: str
    bundle_sha256: str
    facts_sha256: str
    snapshot_sha256: str
    request: Request


class Store:
    """An open store. Use :meth:`open`; close it, or use it as a context manager."""

    def __init__(self, engine: Engine, path: str) -> None:
        self._engine = engine
        self._path = path

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True, readonly: bool = False) -> Store:
        """Open a store, making a new one where there is no file (unless ``create`` is false).

        Raises a :class:`~codewarrant.ledger.errors.StoreError`: ``NotAStore``, ``StoreTooNew``,
        ``StoreDamaged``, ``StoreReadOnly``, ``StoreLocked``, ``StoreFull``.
        """
        path = Path(path)
        if (readonly or not create) and not path.is_file():
            raise NotStored(f"{path}: no such store")
        if path.is_dir():
            raise NotAStore(f"{path}: a folder, not a store")
        if not path.parent.is_dir():
            raise StoreError(f"{path}: its folder does not exist")
        engine = create_engine(
            "sqlite://",
            creator=connector(path, readonly),
            poolclass=QueuePool,
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin)
        store = cls(engine, str(path))
        try:
            store._prepare(readonly)
        except BaseException:
            engine.dispose()
            raise
        return store

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- blobs ----------------------------------------------------------------

    def put_blob(self, kind: str, content: bytes) -> str:
        """Keep bytes under their sha256, which is returned; keeping them twice is no new row."""
        with self._transaction(write=True) as connection:
            return self._keep(connection, kind, content)

    def get_blob(self, digest: str) -> bytes:
        """The bytes with this sha256. Raises ``NotStored``, or ``StoreDamaged`` if they differ."""
        with self._transaction() as connection:
            return self._fetch(connection, digest)

    # ---- decisions ------------------------------------------------------------

    def append(
        self, decision: Decision, bundle: bytes, facts: bytes, snapshot: SnapshotParts
    ) -> bool:
        """Record one decision durably. False if the very same one is already there.

        Raises ``DecisionMismatch`` if the bytes are not those the header names, or if another
        decision stands under the same id.
        """
        return self.append_all((Entry(decision, bundle, facts, snapshot),))[0]

    def append_all(self, entries: Sequence[Entry]) -> tuple[bool, ...]:
        """Record many decisions in one transaction: all of them, or none."""
        checked = [(entry, checked_bytes(entry)) for entry in entries]
        with self._transaction(write=True) as connection:
            return tuple(self._append(connection, entry, data) for entry, data in checked)

    def decisions(self) -> tuple[Stored, ...]:
        """Every decision in the order of recording."""
        with self._transaction() as connection:
            rows = connection.execute(select(tables.decision).order_by(tables.decision.c.seq))
            return tuple(self._stored(row) for row in rows.mappings())

    def find(self, name: str) -> tuple[Stored, ...]:
        """Decisions by id, by a prefix of it (8 characters or more), or by chart or claim.

        ``Claim/9`` and plain ``9`` both find claim 9. Nothing found is an empty tuple.
        """
        table, names = tables.decision, tables.decision_name
        by_name = select(names.c.decision_seq).where(
            names.c.name.in_([name, f"Claim/{name}", f"Encounter/{name}"])
        )
        where = table.c.seq.in_(by_name)
        if len(name) >= 8 and set(name) <= set("0123456789abcdef"):
            where |= table.c.decision_id.startswith(name, autoescape=True)
        with self._transaction() as connection:
            rows = connection.execute(select(table).where(where).order_by(table.c.seq))
            return tuple(self._stored(row) for row in rows.mappings())

    def read_decision(self, stored: Stored) -> bytes:
        """The decision's bytes as recorded, verified against the record."""
        return self.get_blob(stored.decision_sha256)

    def snapshot_parts(self, snapshot_sha256: str) -> tuple[bytes, dict[str, bytes]]:
        """The lock file and the named parts of a snapshot, each verified by its digest."""
        table = tables.snapshot_part
        with self._transaction() as connection:
            lock = self._fetch(connection, snapshot_sha256)
            rows = connection.execute(
                select(table.c.name, table.c.blob_sha256)
                .where(table.c.snapshot_sha256 == snapshot_sha256)
                .order_by(table.c.name)
            ).all()
            return lock, {name: self._fetch(connection, digest) for name, digest in rows}

    def verify(self) -> list[str]:
        """Check every blob against its digest and every record against its row: what is wrong."""
        wrong: list[str] = []
        with self._transaction() as connection:
            for problem in connection.exec_driver_sql("PRAGMA integrity_check").scalars():
                if problem != "ok":
                    wrong.append(f"database: {problem}")
            for digest in connection.execute(select(tables.blob.c.sha256)).scalars().all():
                try:
                    self._fetch(connection, digest)
                except StoreDamaged as error:
                    wrong.append(str(error))
            rows = connection.execute(select(tables.decision).order_by(tables.decision.c.seq))
            for place, row in enumerate(rows.mappings().all(), start=1):
                if row["seq"] != place:
                    wrong.append(f"record {place} is missing")
                    break
                try:
                    self._stored(row)
                except StoreDamaged as error:
                    wrong.append(str(error))
        return wrong

    # ---- inside ---------------------------------------------------------------

    @contextmanager
    def _transaction(self, write: bool = False) -> Iterator[Connection]:
        try:
            with (
                self._engine.connect().execution_options(write=write) as connection,
                connection.begin(),
            ):
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            raise translate(error, self._path) from None

    def _prepare(self, readonly: bool) -> None:
        with self._transaction() as connection:
            found = connection.exec_driver_sql("PRAGMA application_id").scalar()
            existing = set(
                connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
            )
        if not existing and not found:
            if readonly:
                raise NotAStore(f"{self._path}: not a Codewarrant store")
            self._create()
            return
        if found != tables.APPLICATION_ID or "schema_version" not in existing:
            raise NotAStore(f"{self._path}: not a Codewarrant store")
        with self._transaction() as connection:
            version = connection.execute(select(func.max(tables.schema_version.c.version))).scalar()
        if version is None:
            raise StoreDamaged(f"{self._path}: it does not say which version it is")
        if version > tables.VERSION:
            raise StoreTooNew(
                f"{self._path}: written by a later release (layout {version}, this release knows "
                f"{tables.VERSION}); upgrade codewarrant"
            )
        wanted = {table.name for table in tables.metadata.sorted_tables}
        missing = sorted((wanted | set(tables.sqlite_triggers())) - existing)
        if missing:
            raise StoreDamaged(f"{self._path}: lacks {', '.join(missing)}")

    def _create(self) -> None:
        with self._transaction(write=True) as connection:
            if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
                return  # another process was first
            tables.metadata.create_all(connection)
            for text in tables.sqlite_triggers().values():
                connection.exec_driver_sql(text)
            connection.execute(insert(tables.schema_version).values(version=tables.VERSION))
            connection.exec_driver_sql(f"PRAGMA application_id = {tables.APPLICATION_ID}")

    def _keep(self, connection: Connection, kind: str, content: bytes) -> str:
        digest = sha256(content)
        table = tables.blob
        found = connection.execute(select(table.c.seq).where(table.c.sha256 == digest)).scalar()
        if found is None:
            packed = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(content)
            connection.execute(
                insert(table).values(
                    sha256=digest, kind=kind, codec=CODEC, size=len(content), content=packed
                )
            )
        return digest

    def _fetch(self, connection: Connection, digest: str) -> bytes:
        table = tables.blob
        row = connection.execute(
            select(table.c.codec, table.c.size, table.c.content).where(table.c.sha256 == digest)
        ).one_or_none()
        if row is None:
            raise NotStored(f"{self._path}: nothing stored under {digest}")
        if row.codec != CODEC:
            raise StoreDamaged(f"{self._path}: blob {digest} has an unknown codec")
        try:
            content = zstandard.ZstdDecompressor().decompress(row.content, max_output_size=row.size)
        except (zstandard.ZstdError, MemoryError, ValueError, TypeError):
            content = None
        if content is None or sha256(content) != digest:
            raise StoreDamaged(f"{self._path}: blob {digest} does not match its digest")
        return content

    def _append(self, connection: Connection, entry: Entry, data: bytes) -> bool:
        header = entry.decision.header
        body = entry.decision.body
        table = tables.decision
        found = connection.execute(
            select(table.c.decision_sha256).where(table.c.decision_id == header.decision_id)
        ).scalar()
        if found is not None:
            if found != sha256(data):
                raise DecisionMismatch(
                    f"{self._path}: another decision is recorded under {header.decision_id}"
                )
            return False
        self._keep_snapshot(connection, entry.snapshot)
        self._keep(connection, "bundle", entry.bundle)
        self._keep(connection, "facts", entry.facts)
        decision_sha256 = self._keep(connection, "decision", data)
        seq = (connection.execute(select(func.max(table.c.seq))).scalar() or 0) + 1
        connection.execute(
            insert(table).values(
                seq=seq,
                decision_id=header.decision_id,
                chart=body.chart,
                lane=body.route.lane,
                decision_sha256=decision_sha256,
                bundle_sha256=header.bundle_sha256,
                facts_sha256=header.facts_sha256,
                snapshot_sha256=header.snapshot_sha256,
                record=record_bytes(seq, entry.decision, decision_sha256),
            )
        )
        connection.execute(
            insert(tables.decision_name),
            [{"name": name, "decision_seq": seq} for name in decision_names(entry.decision)],
        )
        return True

    def _keep_snapshot(self, connection: Connection, snapshot: SnapshotParts) -> None:
        table = tables.snapshot_part
        kept = connection.execute(
            select(tables.blob.c.seq).where(tables.blob.c.sha256 == snapshot.sha256)
        ).scalar()
        if kept is not None:
            return
        lock = self._keep(connection, "lock", snapshot.lock)
        for name, content in sorted(snapshot.parts.items()):
            digest = self._keep(connection, "part", content)
            connection.execute(
                insert(table).values(snapshot_sha256=lock, name=name, blob_sha256=digest)
            )

    def _stored(self, row: Mapping[Any, Any]) -> Stored:
        """A row as data, after checking that its columns say what its record says."""
        names = [name for name in Stored.__slots__ if name != "request"]
        try:
            record = read(row["record"])
            stored = Stored(*(record[name] for name in names), request=Request(**record["request"]))
        except (ValueError, TypeError, KeyError):
            stored = None
        if stored is None or any(row[name] != getattr(stored, name) for name in names):
            raise StoreDamaged(f"{self._path}: record {row['seq']} does not match its row")
        return stored


def _begin(connection: Connection) -> None:
    """Take the write lock first: a transaction that reads and then writes could be refused."""
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
