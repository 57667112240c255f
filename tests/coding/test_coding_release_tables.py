"""Installed tables in decisions: chosen by the line's day, part of the snapshot, replayed."""

from __future__ import annotations

from pathlib import Path

import pytest
from installed_pairs import JULY, OCTOBER, PACK, claim, decide, put

from codewarrant.coding.chart import code_chart
from codewarrant.coding.installed import restored_store, snapshot_of
from codewarrant.coding.release_tables import named_tables
from codewarrant.coding.snapshot import Snapshot, SnapshotDamaged, read_lock
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.values import Code
from codewarrant.fhir.read import open_bundle


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data folder with the edition of July 2026."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path))
    put(tmp_path, "2026Q3", JULY)
    return tmp_path


def test_tables_that_packs_name_are_parts_of_the_snapshot(data: Path):
    assert named_tables([PACK]) == ("ncci-ptp-practitioner",)
    named = [item["name"] for item in read_lock(snapshot_of([PACK]).lock)]
    assert "ncci-ptp-practitioner@2026Q3" in named
    other = PackSource("other", {"pack.rules": b'pack other "O" version 1.0'})
    assert "ncci-ptp-practitioner@2026Q3" not in str(read_lock(snapshot_of([other]).lock))


def test_the_day_of_the_line_decides(data: Path):
    snapshot = snapshot_of([PACK])
    paired = [("J0001", "2026-08-03"), ("J0002", "2026-08-03")]
    assert [(e.reason, e.because) for e in decide(claim(*paired), snapshot).edits] == [
        ("CO-236", "J0002 is part of J0001 in 2026Q3.")
    ]
    early = [("J0003", "2026-06-30"), ("J0004", "2026-06-30"), ("J0009", "2026-08-03")]
    assert decide(claim(*early), snapshot).edits == ()
    late = [("J0003", "2026-07-01"), ("J0004", "2026-07-01")]
    assert len(decide(claim(*late), snapshot).edits) == 1


def test_a_day_that_no_edition_covers_goes_to_a_person(data: Path):
    paired = [("J0001", "2026-11-02"), ("J0002", "2026-11-02")]
    body = decide(claim(*paired, day="2026-11-02"), snapshot_of([PACK]))
    assert body.edits == ()
    assert any("pairs/not-paid, for want of table pairs/pairs" in it for it in body.route.reasons)


def test_without_the_table_the_rule_is_undetermined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "none"))
    paired = [("J0001", "2026-08-03"), ("J0002", "2026-08-03")]
    body = decide(claim(*paired), snapshot_of([PACK]))
    assert body.edits == ()
    assert any("for want of table pairs/pairs" in item for item in body.route.reasons)


def test_a_decision_made_before_an_import_replays_identically_after_it(data: Path):
    before = snapshot_of([PACK])
    bundle = claim(("J0001", "2026-10-05"), ("J0002", "2026-10-05"), day="2026-10-05")
    (request,) = open_bundle(bundle).requests()
    old = code_chart(bundle, request, before)
    lock, parts = before.lock, before.parts
    put(data, "2026Q4", OCTOBER)
    new = code_chart(bundle, request, snapshot_of([PACK]))
    assert len(new.body.edits) == 2
    assert new.header.snapshot_sha256 != old.header.snapshot_sha256
    again = Snapshot.from_parts(lock, parts, open_tables=restored_store)
    assert code_chart(bundle, request, again) == old


def test_a_changed_text_of_a_release_is_damage(data: Path):
    snapshot = snapshot_of([PACK])
    parts = dict(snapshot.parts)
    parts["release/ncci-ptp-practitioner@2026Q3"] += b"x"
    with pytest.raises(SnapshotDamaged, match="not those that the lock names"):
        Snapshot.from_parts(snapshot.lock, parts, open_tables=restored_store)


def test_keys_of_another_system_find_nothing(data: Path):
    table = snapshot_of([PACK]).relations["pairs/pairs"]
    assert table.lookup([{"column1": Code("icd10cm", "J00")}], None) == [()]
    assert table.lookup([{"column1": Code("hcpcs", "J0001")}], None) == [None]
