"""``codewarrant code`` and what follows it on X12 files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from x12_files import HEADING, SECRETS, VISIT, hospital, interchange, visit

TWO = interchange([HEADING + VISIT + VISIT.replace("ACCT-1", "ACCT 2")])
SPOILT = interchange([HEADING + VISIT.replace("11:B:1", "11:B:8") + VISIT])


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "claims.837"
        path.write_bytes(data)
        return path

    return write


def test_each_claim_is_a_decision_that_names_it(file: Callable, command: Callable) -> None:
    result = command("code", file(TWO), "--json")
    assert result.exit_code == 0
    first, second = (item["body"] for item in json.loads(result.stdout)["decisions"])
    assert first["chart"] == "Claim/ACCT-1"
    assert second["chart"].startswith("Claim/ACCT-2-")
    assert first["setting"] == "professional"
    assert {item["code"]["code"] for item in first["diagnoses"]} == {"E11.22", "I12.9", "N18.32"}
    line = first["lines"][0]
    assert (line["code"]["code"], line["modifiers"], line["units"]) == ("99214", ["25"], 1)
    assert (line["provider"], line["charge"]) == ("1093700013", "175.5")
    assert line["date"] == "2026-03-10"


def test_text_names_the_claim_however_long_the_name_of_the_file(
    tmp_path: Path, command: Callable
) -> None:
    path = tmp_path / ("long-" * 30)
    path.write_bytes(visit())
    assert "Claim/ACCT-1" in command("code", path).stdout.splitlines()[0]


def test_a_claim_that_is_refused_leaves_the_rest(file: Callable, command: Callable) -> None:
    path = file(SPOILT)
    result = command("code", path, "--json")
    assert result.exit_code == 3
    said = json.loads(result.stdout)
    assert [item["body"]["chart"] for item in said["decisions"]] == ["Claim/ACCT-1"]
    ((refused),) = said["refused"]
    assert refused["file"] == str(path)
    (issue,) = refused["issues"]
    assert issue["path"] == "segment 16 (CLM)"
    assert "voids" in issue["message"]


def test_no_word_of_the_patient_is_in_any_output(file: Callable, command: Callable) -> None:
    for data in (TWO, SPOILT, TWO.replace(b"ABK:E1122", b"ABK:QUISENBERRYZEBULON")):
        result = command("code", file(data))
        for word in SECRETS:
            assert word not in result.stdout + result.stderr


def test_standard_input_is_read(command: Callable) -> None:
    result = command("code", "-", "--json", input=b"\xef\xbb\xbf\r\n" + hospital())
    assert result.exit_code == 0
    (decision,) = json.loads(result.stdout)["decisions"]
    assert decision["body"]["setting"] == "inpatient"
    assert decision["body"]["clocks"]["discharge date"] == "2026-03-09"


def test_a_payer_may_be_asked_for(file: Callable, command: Callable) -> None:
    (own,) = json.loads(command("code", file(visit()), "--json").stdout)["decisions"]
    asked = json.loads(command("code", file(visit()), "--json", "--payer", "DEMO01").stdout)
    assert own["body"]["payer"] == "PLAN01"
    assert asked["decisions"][0]["body"]["payer"] == "DEMO01"


def test_fhir_is_written_for_each_claim(file: Callable, command: Callable) -> None:
    said = json.loads(command("code", file(SPOILT), "--fhir").stdout)
    kinds = [entry["resource"]["resourceType"] for entry in said["entry"]]
    assert kinds == ["OperationOutcome", "Bundle"]


def test_stored_claims_replay_explain_and_verify(
    file: Callable, command: Callable, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    assert command("code", file(TWO), "--store", store).exit_code == 0
    assert "2 of 2 identical" in command("replay", "--store", store).stdout
    assert "1 of 1 verified" in command("verify", "Claim/ACCT-1", "--store", store).stdout
    assert "I12.9" in command("explain", "Claim/ACCT-1", "--store", store).stdout
    told = command("explain", file(TWO), "--code", "N18.32")
    assert told.exit_code == 0
    assert told.stdout.count("N18.32") >= 2


def test_the_example_holds_a_clean_claim_and_one_with_an_edit(command: Callable) -> None:
    path = Path(__file__).resolve().parents[2] / "examples" / "13-claims.837"
    result = command("code", path, "--json")
    assert result.exit_code == 0
    clean, divided = (item["body"] for item in json.loads(result.stdout)["decisions"])
    assert [item["code"]["code"] for item in clean["diagnoses"]] == ["E11.22", "I12.9", "N18.32"]
    assert clean["edits"] == []
    assert ["M54.5" in item["because"] for item in divided["edits"]] == [True]
