"""A decision leaves the house with the rows that it rests on, and is verified from them alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from installed_pairs import JULY, PACK, claim, put

from codewarrant.coding.chart import code_opened
from codewarrant.coding.installed import restored_store, snapshot_of
from codewarrant.coding.snapshot import Snapshot
from codewarrant.engine.canonical import dumps
from codewarrant.fhir.read import open_bundle
from codewarrant.ledger.exported import Record, export, read_export
from codewarrant.ledger.verify import verify, with_answers

ANSWERS = "answers/ncci-ptp-practitioner"


def restore(lock, parts) -> Snapshot:
    return Snapshot.from_parts(lock, parts, open_tables=restored_store)


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """A decision on a pair, with the whole edition that it was made with."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path))
    put(tmp_path, "2026Q3", (*JULY, "J0007 J0008 - 20240101 * 0 Misuse"))
    snapshot = snapshot_of([PACK])
    data = claim(("J0001", "2026-08-03"), ("J0002", "2026-08-03"), ("J0009", "2026-08-03"))
    opened = open_bundle(data)
    found = code_opened(opened, next(iter(opened.requests())), snapshot)
    return Record(found.decision.to_bytes(), data, found.facts, snapshot.lock, snapshot.parts)


def test_the_whole_edition_is_verified_as_complete(whole: Record):
    found = verify(whole, restore)
    assert (found.verdict, found.problems) == ("verified", ())
    assert [one.complete for one in found.tables if one.name == "pairs/pairs"] == [True]


def test_an_export_holds_the_answers_and_no_other_row(whole: Record):
    small = with_answers(whole, restore)
    assert not any(name.startswith("release/") for name in small.parts)
    assert b"J0002" in small.parts[ANSWERS]
    assert b"J0008" not in small.parts[ANSWERS]
    found = verify(read_export(export(small)), restore)
    assert (found.verdict, found.problems, found.differences) == ("verified", (), ())
    assert [one.complete for one in found.tables if one.name == "pairs/pairs"] == [False]


def test_a_changed_answer_is_found(whole: Record):
    small = with_answers(whole, restore)
    form = orjson.loads(small.parts[ANSWERS])
    form["answers"] = [[name, []] for name, _ in form["answers"]]
    changed = replace(small, parts={**small.parts, ANSWERS: dumps(form)})
    assert verify(changed, restore).verdict == "differs"


def test_answers_that_cannot_be_read_are_said(whole: Record):
    small = with_answers(whole, restore)
    changed = replace(small, parts={**small.parts, ANSWERS: b"{}"})
    found = verify(changed, restore)
    assert found.verdict != "verified"
    assert "answers/ncci-ptp-practitioner: not recorded answers" in found.reason


def test_a_missing_edition_without_answers_is_a_problem(whole: Record):
    parts = {name: data for name, data in whole.parts.items() if not name.startswith("release/")}
    found = verify(replace(whole, parts=parts), restore)
    assert found.problems == ("part release/ncci-ptp-practitioner@2026Q3 is missing",)
