"""The store keeps what it acknowledged, and says so when what it holds is not what it kept."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from example_decisions import FakeSnapshot, body, decide, facts_blob, numbered, snapshot

from codewarrant.decision import Request
from codewarrant.engine.canonical import sha256
from codewarrant.ledger import tables
from codewarrant.ledger.connect import into_wal
from codewarrant.ledger.entry import Entry
from codewarrant.ledger.errors import (
    DecisionMismatch,
    NotAStore,
    NotStored,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreTooNew,
)
from codewarrant.ledger.store import Store, Stored

SNAPSHOT = snapshot()
REQUEST = Request("Encounter/5", "demo")
BUNDLE = b'{"resourceType":"Bundle"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.cw"


@pytest.fixture
def store(path: Path):
    with Store.open(path) as opened:
        yield opened


def test_a_decision_comes_back_byte_for_byte(store: Store):
    decision = decide(BUNDLE, REQUEST, SNAPSHOT)
    assert store.append(decision, BUNDLE, facts_blob(), SNAPSHOT)
    (found,) = store.decisions()
    assert store.read_decision(found) == decision.to_bytes()
    assert store.get_blob(found.bundle_sha256) == BUNDLE
    assert store.get_blob(found.facts_sha256) == facts_blob()
    assert store.snapshot_parts(found.snapshot_sha256) == (SNAPSHOT.lock, SNAPSHOT.parts)
    assert (found.seq, found.request, found.lane) == (1, REQUEST, "review")
    assert store.verify() == []


def test_the_file_is_wal_with_full_sync_and_large_pages(store: Store):
    with store._transaction() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "page_size", "application_id")
        }
    assert pragma == {
        "journal_mode": "wal",
        "synchronous": 2,
        "page_size": 8192,
        "application_id": tables.APPLICATION_ID,
    }


def test_appending_the_same_decision_again_is_no_new_row(store: Store):
    entry = Entry(*numbered(1, SNAPSHOT))
    assert store.append_all((entry, entry)) == (True, False)
    assert not store.append(entry.decision, entry.bundle, entry.facts, entry.snapshot)
    assert len(store.decisions()) == 1


def test_another_decision_under_the_same_id_is_refused(store: Store):
    store.append(decide(BUNDLE, REQUEST, SNAPSHOT), BUNDLE, facts_blob(), SNAPSHOT)
    other = decide(BUNDLE, REQUEST, SNAPSHOT, made=replace(body(), setting="inpatient"))
    with pytest.raises(DecisionMismatch, match="another decision is recorded"):
        store.append(other, BUNDLE, facts_blob(), SNAPSHOT)


@pytest.mark.parametrize(
    ("what", "bundle", "facts", "snap"),
    [
        ("bundle", b"other", facts_blob(), SNAPSHOT),
        ("facts", BUNDLE, b"other", SNAPSHOT),
        ("snapshot lock", BUNDLE, facts_blob(), FakeSnapshot(b"other", {})),
    ],
)
def test_bytes_that_the_header_does_not_name_are_refused(
    store: Store, what: str, bundle: bytes, facts: bytes, snap: FakeSnapshot
):
    decision = decide(BUNDLE, REQUEST, SNAPSHOT)
    with pytest.raises(DecisionMismatch, match=what):
        store.append(decision, bundle, facts, snap)
    assert store.decisions() == ()


def test_a_body_that_is_not_the_one_named_is_refused(store: Store):
    decision = decide(BUNDLE, REQUEST, SNAPSHOT)
    forged = replace(decision, body=replace(decision.body, setting="inpatient"))
    with pytest.raises(DecisionMismatch, match="body"):
        store.append(forged, BUNDLE, facts_blob(), SNAPSHOT)


def test_one_bad_entry_of_a_group_leaves_nothing_behind(store: Store):
    good, bad = Entry(*numbered(1, SNAPSHOT)), Entry(*numbered(2, SNAPSHOT))
    with pytest.raises(DecisionMismatch):
        store.append_all((good, replace(bad, bundle=b"other")))
    clash = decide(good.bundle, good.decision.header.request, SNAPSHOT, facts=good.facts)
    with pytest.raises(DecisionMismatch):
        store.append_all((good, Entry(clash, good.bundle, good.facts, SNAPSHOT)))
    assert store.decisions() == ()


def test_a_snapshot_is_kept_once_for_all_its_decisions(store: Store):
    store.append_all([Entry(*numbered(number, SNAPSHOT)) for number in range(5)])
    with store._transaction() as connection:
        kinds = connection.exec_driver_sql(
            "SELECT kind, count(*) FROM blob GROUP BY kind ORDER BY kind"
        ).all()
    assert kinds == [("bundle", 5), ("decision", 5), ("facts", 5), ("lock", 1), ("part", 2)]


def test_decisions_are_found_by_id_prefix_chart_and_claim(store: Store):
    decision = decide(BUNDLE, REQUEST, SNAPSHOT)
    store.append(decision, BUNDLE, facts_blob(), SNAPSHOT)
    store.append(*numbered(6, SNAPSHOT))
    wanted = decision.header.decision_id
    for name in (wanted, wanted[:8], "Encounter/5", "5"):
        assert [found.decision_id for found in store.find(name)] == [wanted], name
    assert len(store.find("Claim/9")) == len(store.find("9")) == 2
    for name in (wanted[:7], "Encounter/50", "%", "", "Encounter%"):
        assert store.find(name) == (), name


def test_a_group_keeps_its_order_across_reopening(path: Path):
    with Store.open(path) as store:
        store.append_all([Entry(*numbered(number, SNAPSHOT)) for number in (3, 1, 2)])
    with Store.open(path, readonly=True) as store:
        assert [found.chart for found in store.decisions()] == [
            "Encounter/3",
            "Encounter/1",
            "Encounter/2",
        ]
        assert [found.seq for found in store.decisions()] == [1, 2, 3]


# ---- damage ---------------------------------------------------------------------


def _without_triggers(path: Path, statement: str, *values: object) -> None:
    """Change the file as somebody would who knows SQLite, and put the triggers back."""
    connection = sqlite3.connect(path)
    for name in tables.sqlite_triggers():
        connection.execute(f"DROP TRIGGER {name}")
    assert connection.execute(statement, values).rowcount > 0
    for text in tables.sqlite_triggers().values():
        connection.execute(text)
    connection.commit()
    connection.close()


def _read_all(store: Store, found: Stored) -> None:
    store.read_decision(found)
    store.get_blob(found.bundle_sha256)
    store.get_blob(found.facts_sha256)
    store.snapshot_parts(found.snapshot_sha256)


@pytest.mark.parametrize("kind", ["bundle", "facts", "decision", "lock", "part"])
@pytest.mark.parametrize("how", ["random bytes", "another blob", "cut short"])
def test_a_tampered_blob_is_damage(path: Path, kind: str, how: str):
    with Store.open(path) as store:
        store.append(*numbered(1, SNAPSHOT))
    values = {
        "random bytes": "randomblob(40)",
        "another blob": "(SELECT content FROM blob AS o WHERE o.kind <> blob.kind LIMIT 1)",
        "cut short": "substr(content, 1, length(content) - 5)",
    }
    _without_triggers(path, f"UPDATE blob SET content = {values[how]} WHERE kind = ?", kind)
    with Store.open(path) as store:
        (found,) = store.decisions()
        with pytest.raises(StoreDamaged, match="does not match its digest"):
            _read_all(store, found)
        assert store.verify()


@pytest.mark.parametrize("column", ["chart", "lane", "decision_sha256", "decision_id"])
def test_a_tampered_row_is_damage(path: Path, column: str):
    with Store.open(path) as store:
        store.append(*numbered(1, SNAPSHOT))
        other = store.put_blob("decision", b"{}")
    _without_triggers(path, f"UPDATE decision SET {column} = ?", other)
    with Store.open(path) as store:
        with pytest.raises(StoreDamaged, match="record 1"):
            store.decisions()
        assert store.verify() == [f"{path}: record 1 does not match its row"]


def test_a_deleted_record_is_seen(path: Path):
    with Store.open(path) as store:
        store.append_all([Entry(*numbered(number, SNAPSHOT)) for number in range(3)])
    _without_triggers(path, "DELETE FROM decision WHERE seq = 2")
    with Store.open(path) as store:
        assert "record 2 is missing" in store.verify()


def test_overwritten_pages_are_damage(path: Path):
    with Store.open(path) as store:
        store.append_all([Entry(*numbered(number, SNAPSHOT)) for number in range(20)])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(StoreDamaged, match="corrupt"), Store.open(path) as store:
        store.decisions()


def test_a_store_without_its_triggers_is_damage(path: Path):
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER blob_no_update")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="lacks blob_no_update"):
        Store.open(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decision SET lane = 'autonomous'",
        "DELETE FROM decision",
        "UPDATE blob SET kind = 'x'",
        "DELETE FROM blob",
        "INSERT OR REPLACE INTO blob SELECT * FROM blob",
        "REPLACE INTO blob SELECT seq + 99, sha256, 'x', codec, size, content FROM blob",
        "INSERT OR REPLACE INTO decision SELECT * FROM decision",
        "REPLACE INTO snapshot_part SELECT * FROM snapshot_part",
        "INSERT OR REPLACE INTO decision_name SELECT * FROM decision_name",
        "DELETE FROM schema_version",
        "UPDATE schema_version SET version = 9",
    ],
)
def test_rows_are_never_changed_or_replaced(path: Path, statement: str):
    with Store.open(path) as store:
        store.append(*numbered(1, SNAPSHOT))
    connection = sqlite3.connect(path)
    before = list(connection.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.rollback()
    assert list(connection.iterdump()) == before
    connection.close()


# ---- files that are not a store, or cannot be used --------------------------------


def test_what_is_not_a_store_is_left_alone(tmp_path: Path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, and long enough to look like a header " * 40)
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(NotAStore, match="not a Codewarrant store"):
            Store.open(path)
        assert path.read_bytes() == before
        assert sorted(item.name for item in tmp_path.iterdir()) == ["notes.txt", "other.db"]


def test_a_store_of_a_later_release_is_refused(path: Path):
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO schema_version VALUES (?)", (tables.VERSION + 1,))
    connection.commit()
    connection.close()
    with pytest.raises(StoreTooNew, match="upgrade codewarrant"):
        Store.open(path)


def test_no_file_no_folder_and_a_folder_are_each_said(tmp_path: Path):
    with pytest.raises(NotStored, match="no such store"):
        Store.open(tmp_path / "none.cw", create=False)
    with pytest.raises(StoreError, match="its folder does not exist"):
        Store.open(tmp_path / "none" / "ledger.cw")
    with pytest.raises(NotAStore, match="a folder"):
        Store.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_never_stored_is_said(store: Store):
    with pytest.raises(NotStored, match="nothing stored under"):
        store.get_blob("0" * 64)


def test_a_read_only_store_reads_and_refuses_to_write(path: Path):
    with Store.open(path) as store:
        store.append(*numbered(1, SNAPSHOT))
    with Store.open(path, readonly=True) as store:
        assert len(store.decisions()) == 1
        with pytest.raises(StoreReadOnly):
            store.append(*numbered(2, SNAPSHOT))


def test_a_full_disk_writes_nothing_and_says_so(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.append(*numbered(1, SNAPSHOT))
    with store._transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    decision, bundle, facts, snap = numbered(
        2, snapshot(pack_big=random.Random(1).randbytes(99999))
    )
    with pytest.raises(StoreFull, match="the disk is full"):
        store.append(decision, bundle, facts, snap)
    assert len(store.decisions()) == 1
    assert store.verify() == []


def test_a_store_locked_too_long_says_so(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("codewarrant.ledger.connect.BUSY_SECONDS", 0.05)
    with Store.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked, match="another process is writing"):
            store.append(*numbered(1, SNAPSHOT))
        other.execute("ROLLBACK")
        other.close()
        assert store.append(*numbered(1, SNAPSHOT))


def test_errors_hold_nothing_of_the_chart(store: Store):
    """A constraint error of the driver would print the row's values."""
    entry = Entry(*numbered(1, SNAPSHOT))
    secret = replace(entry.decision.body, chart=None)  # type: ignore[arg-type]
    decision = decide(
        entry.bundle, entry.decision.header.request, SNAPSHOT, made=secret, facts=entry.facts
    )
    with pytest.raises(StoreError) as caught:
        store.append(decision, entry.bundle, entry.facts, SNAPSHOT)
    assert "diabetes" not in repr(caught.value)
    assert caught.value.__cause__ is None


# ---- many processes, and processes that die ----------------------------------------

WRITER = """
import sys
sys.path.insert(0, {folder!r})
from example_decisions import numbered, snapshot
from codewarrant.ledger.entry import Entry
from codewarrant.ledger.store import Store
store = Store.open({path!r})
first, count, group = {first}, {count}, {group}
snap = snapshot()
for start in range(first, first + count, group):
    numbers = range(start, start + group)
    store.append_all([Entry(*numbered(number, snap)) for number in numbers])
    sys.stdout.write("".join(f"{{number}}\\n" for number in numbers))
    sys.stdout.flush()
"""


def _writer(path: Path, first: int, count: int, group: int = 1) -> subprocess.Popen[str]:
    code = WRITER.format(
        folder=str(Path(__file__).parent), path=str(path), first=first, count=count, group=group
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_two_processes_append_at_once_and_both_succeed(path: Path):
    writers = [_writer(path, first, 60) for first in (0, 1000)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with Store.open(path) as store:
        found = store.decisions()
        assert [item.seq for item in found] == list(range(1, 121))
        assert {item.chart for item in found} == {
            f"Encounter/{first + number}" for first in (0, 1000) for number in range(60)
        }
        assert store.verify() == []


def test_a_new_store_can_be_opened_by_many_at_once(tmp_path: Path):
    count = 6
    start = threading.Barrier(count)

    def opened(_: int) -> int:
        start.wait()
        with Store.open(tmp_path / "new.cw") as store:
            return len(store.decisions())

    with ThreadPoolExecutor(count) as pool:
        assert list(pool.map(opened, range(count))) == [0] * count


@pytest.mark.parametrize("failures", [0, 2])
def test_the_switch_to_wal_is_tried_again_while_another_process_switches(failures: int):
    """SQLite reports busy at once there, whatever the time-out: seen with four processes."""
    asked = []

    class Connection:
        def execute(self, text: str):
            asked.append(text)
            if "WAL" in text and len(asked) <= failures + 1:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorname = "SQLITE_BUSY"
                raise error
            return self

        def fetchone(self):
            return ("delete",)

    into_wal(Connection())  # type: ignore[arg-type]
    assert asked == ["PRAGMA journal_mode"] + ["PRAGMA journal_mode = WAL"] * (failures + 1)


@pytest.mark.parametrize(
    ("group", "rounds"),
    [(1, 3), (7, 3), pytest.param(1, 40, marks=pytest.mark.slow)],
)
def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(path: Path, group: int, rounds: int):
    seed = int(os.environ.get("CODEWARRANT_TEST_SEED", time.time_ns() % 10**6))
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for round_number in range(rounds):
        writer = _writer(path, round_number * 10_000, 7_000, group)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 30))]
        time.sleep(chance.random() / 50)
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate(timeout=30)
        assert writer.returncode == -signal.SIGKILL
        whole = ("".join(lines) + rest).split("\n")[:-1]
        acknowledged |= {f"Encounter/{number}" for number in whole}
    with Store.open(path) as store:
        charts = {item.chart for item in store.decisions()}
        assert acknowledged <= charts
        assert len(charts) % group == 0, "a group was recorded in part"
        assert store.verify() == []
        assert store.append(*numbered(999_999, SNAPSHOT))


def test_the_store_keeps_one_spelling_of_each_digest(store: Store):
    assert store.put_blob("bundle", b"") == store.put_blob("other", b"") == sha256(b"")
    assert store.get_blob(sha256(b"")) == b""
