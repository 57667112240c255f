"""Verification derives a decision again, and finds whatever is not as it must be."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import orjson
import pytest

from codewarrant.coding.chart import code_opened
from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import decision_id
from codewarrant.engine.canonical import dumps, sha256
from codewarrant.fhir.read import open_bundle
from codewarrant.ledger.exported import NotExported, Record, export, from_store, read_export
from codewarrant.ledger.store import Store
from codewarrant.ledger.verify import Verified, verify

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
OFFICE = EXAMPLES[0]


class Refused(Exception):
    pass


@cache
def coded(path: Path, snapshot: Snapshot) -> Record:
    data = path.read_bytes()
    opened = open_bundle(data)
    found = code_opened(opened, next(iter(opened.requests())), snapshot)
    return Record(found.decision.to_bytes(), data, found.facts, snapshot.lock, snapshot.parts)


@pytest.fixture
def check(installed: Snapshot) -> Callable[[Record], Verified]:
    """Verify with the installed snapshot, if that is the one asked for."""

    def restore(lock, parts) -> Snapshot:
        if lock != installed.lock:
            raise Refused("no such snapshot")
        return installed

    return lambda record: verify(record, restore, (Refused,))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_verified(path, installed, check):
    found = check(coded(path, installed))
    assert (found.verdict, found.problems, found.differences) == ("verified", (), ())
    assert found.firings
    assert all(one.complete for one in found.tables)


def test_tables_are_named_with_the_questions_asked_again(installed, check):
    found = check(coded(OFFICE, installed))
    assert found.tables
    assert all(one.questions > 0 for one in found.tables)


def forged(record: Record, change: Callable[[dict], None], seal: bool = True) -> Record:
    """A decision with another body; ``seal`` makes its digest right again."""
    form = orjson.loads(record.decision)
    change(form["body"])
    if seal:
        form["header"]["body_sha256"] = sha256(dumps(form["body"]))
    return replace(record, decision=dumps(form))


def without_a_firing(body: dict) -> None:
    del body["trace"]["firings"][3]


def with_another_code(body: dict) -> None:
    body["diagnoses"][0]["code"]["code"] = "A00.0"


def with_another_test(body: dict) -> None:
    firing = next(one for one in body["trace"]["firings"] if one["tests"])
    firing["tests"][0]["truth"] = False


def with_another_answer(body: dict) -> None:
    body["trace"]["lookups"][0]["rows"] = ["made up"]


def without_a_near_miss(body: dict) -> None:
    del body["trace"]["near_misses"][0]


def sent_elsewhere(body: dict) -> None:
    body["route"]["lane"] = "error"


@pytest.mark.parametrize(
    "change",
    [
        without_a_firing, with_another_code, with_another_test, with_another_answer,
        without_a_near_miss, sent_elsewhere,
    ],
)  # fmt: skip
def test_a_forged_body_with_right_digests_is_found_by_deriving_it(change, installed, check):
    found = check(forged(coded(OFFICE, installed), change))
    assert found.verdict == "differs"
    assert found.problems == ()
    assert found.differences


def test_a_body_that_is_not_the_one_hashed_is_found(installed, check):
    found = check(forged(coded(OFFICE, installed), sent_elsewhere, seal=False))
    assert found.verdict == "differs"
    assert found.problems == ("body_sha256 is not that of the bytes",)


def test_another_bundle_is_found(installed, check):
    found = check(replace(coded(OFFICE, installed), bundle=b"{}"))
    assert (found.verdict, found.problems) == (
        "differs", ("bundle_sha256 is not that of the bytes",),
    )  # fmt: skip


def test_a_decision_under_another_name_is_found(installed, check):
    record = coded(OFFICE, installed)
    form = orjson.loads(record.decision)
    form["header"]["decision_id"] = "0" * 64
    found = check(replace(record, decision=dumps(form)))
    assert found.problems == ("decision_id does not follow from bundle, request and snapshot",)


def test_the_same_content_in_other_bytes_is_found(installed, check):
    record = coded(OFFICE, installed)
    form = orjson.loads(record.decision)
    found = check(replace(record, decision=orjson.dumps(form, option=orjson.OPT_INDENT_2)))
    assert found.problems == ("the decision is not in canonical form",)


def test_a_changed_fact_is_found_even_if_every_digest_was_made_anew(installed, check):
    record = coded(OFFICE, installed)
    facts = record.facts.replace(b'"confirmed"', b'"probable"', 1)
    form = orjson.loads(record.decision)
    form["header"]["facts_sha256"] = sha256(facts)
    found = check(replace(record, facts=facts, decision=dumps(form)))
    assert found.verdict == "differs"
    assert any(one.endswith("is not named by its content") for one in found.problems)


def test_a_part_that_is_not_the_one_named_is_found(installed, check):
    record = coded(OFFICE, installed)
    name = sorted(record.parts)[0]
    found = check(replace(record, parts={**record.parts, name: b"other"}))
    assert found.problems == (f"part {name} is not the one that the lock names",)
    found = check(replace(record, parts={**record.parts, "pack/more": b""}))
    assert found.problems == ("part pack/more is not in the lock",)


def test_what_cannot_be_verified_says_why(installed, check):
    record = coded(OFFICE, installed)
    assert check(replace(record, decision=b"no")).verdict == "cannot"
    form = orjson.loads(record.decision)
    form["header"]["semantics"] = "0"
    found = check(replace(record, decision=dumps(form)))
    assert found.verdict == "cannot"
    assert found.reason.startswith("decided under semantics 0;")
    form = orjson.loads(record.decision)
    lock = record.lock + b"\n"
    form["header"]["snapshot_sha256"] = sha256(lock)
    form["header"]["decision_id"] = decision_id(
        form["header"]["bundle_sha256"],
        next(iter(open_bundle(record.bundle).requests())),
        sha256(lock),
    )
    found = check(replace(record, lock=lock, decision=dumps(form)))
    assert (found.verdict, found.reason) == (
        "cannot", "opening the snapshot failed: no such snapshot",
    )  # fmt: skip


# ---- one file ---------------------------------------------------------------------


def test_an_export_holds_the_record_and_is_the_same_twice(installed, check):
    record = coded(OFFICE, installed)
    data = export(record)
    assert read_export(data) == record
    assert export(read_export(data)) == data


def test_a_file_that_is_no_export_is_refused_with_why(installed):
    with pytest.raises(NotExported, match="not a zip file"):
        read_export(b"{}")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("decision.json", b"{}")
    with pytest.raises(NotExported, match=r"it lacks bundle\.json"):
        read_export(out.getvalue())
    whole = export(coded(OFFICE, installed))
    for at in range(0, len(whole), len(whole) // 20):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        try:
            found = read_export(bytes(damaged))
        except NotExported:
            continue
        assert isinstance(found, Record)


def test_a_stored_decision_is_verified_by_the_command_and_as_a_file(
    command, installed, tmp_path: Path
):
    done = command("code", OFFICE, "--store", tmp_path)
    assert done.exit_code == 0
    done = command("verify", "--store", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    (found,) = orjson.loads(done.stdout)["verified"]
    assert found["verdict"] == "verified"
    file = tmp_path / "decision.zip"
    done = command("export", found["decision_id"], "--store", tmp_path, "--to", file)
    assert done.exit_code == 0
    done = command("verify", file)
    assert done.exit_code == 0
    assert "1 of 1 verified" in done.stdout
    with Store.open(tmp_path / "decisions.sqlite", create=False, readonly=True) as store:
        record = from_store(store, store.decisions()[0])
    file.write_bytes(export(forged(record, with_another_code)))
    done = command("verify", file)
    assert done.exit_code == 1
    assert "differs" in done.stdout
    assert command("verify", OFFICE).exit_code == 3
    assert command("verify").exit_code == 2
    assert command("verify", "Encounter/none", "--store", tmp_path).exit_code == 1
