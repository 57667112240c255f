"""Installed tables in decisions: chosen by the line's day, part of the snapshot, replayed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_drafts
from codewarrant.codesets.releases.sniff import drafts
from codewarrant.codesets.releases.sources import Source
from codewarrant.coding.chart import code_chart
from codewarrant.coding.installed import restored_store, snapshot_of
from codewarrant.coding.release_tables import named_tables
from codewarrant.coding.snapshot import Snapshot, SnapshotDamaged, read_lock
from codewarrant.decision import Body
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.values import Code
from codewarrant.evaluation.charts import ChartForm, to_bundle
from codewarrant.fhir.read import open_bundle

RULES = """pack pairs "Pairs" version 1.0
  effective from 2016-01-01
  owner "Tests"

source m "Manual"

table pairs "Pairs of services"
  from release ncci-ptp-practitioner
  cites m "1"

rule not-paid "The second service of a pair is part of the first"
  cites m "1"
  severity reject
  for each line a, line b, row r of pairs
  when r matches (column1: a.code, column2: b.code, on: a.date)
   and a.date = b.date
  then deny b with reason "CO-236" because "{b.code} is part of {a.code} in {r.edition}."
  if unknown route to review
"""
PACK = PackSource("pairs", {"pack.rules": RULES.encode()})
HEADER = (
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\t"
    "Deletion Date *=no data\tModifier 0=not allowed 1=allowed 9=not applicable\tRationale"
)


def edition(name: str, *pairs: str) -> Source:
    text = "\r\n".join(["Notice", HEADER, *(pair.replace(" ", "\t") for pair in pairs)]) + "\r\n"
    return Source(name, lambda: io.BytesIO(text.encode()))


JULY = ("J0001 J0002 - 20240101 * 0 Misuse", "J0003 J0004 - 20260701 * 1 Misuse")
OCTOBER = (*JULY, "J0002 J0001 - 20261001 * 0 Misuse")


def put(store: Path, quarter: str, pairs: tuple[str, ...]) -> None:
    pairs = tuple(pair.replace(" - ", "  ") for pair in pairs)
    asked = Asked(edition=quarter, table="ncci-ptp-practitioner")
    found, unread = drafts([edition("pairs.txt", *pairs)], asked)
    assert not unread
    import_drafts(store / "releases.sqlite", found)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data folder with the edition of July 2026."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path))
    put(tmp_path, "2026Q3", JULY)
    return tmp_path


def claim(*lines: tuple[str, str], day: str = "2026-08-03") -> bytes:
    form = {
        "id": "c",
        "date": day,
        "setting": "professional",
        "claim": {"lines": [{"code": code, "date": on, "units": 1} for code, on in lines]},
    }
    return to_bundle(ChartForm.model_validate(form))


def decide(bundle: bytes, snapshot: Snapshot) -> Body:
    (request,) = open_bundle(bundle).requests()
    return code_chart(bundle, request, snapshot).body


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
