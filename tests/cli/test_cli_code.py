"""``codewarrant code``: forms of output, streams, exit codes, the store, further rulepacks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_inputs import PACK, RULE, bundle, condition, encounter, patient, sound, write_pack
from typer.testing import CliRunner

from codewarrant.cli.app import app


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.json"
    path.write_bytes(sound())
    return path


def test_a_claim_is_printed_with_passage_rule_citation_and_lane(
    chart: Path, command: Callable
) -> None:
    result = command("code", chart)
    assert result.exit_code == 0
    assert result.stderr == ""
    for words in ("1. E11.9", "2. I10", "“Type 2 diabetes mellitus”", "OCG", "→ review"):
        assert words in result.stdout
    assert "Condition/c.code.coding[0]" in result.stdout


def test_json_is_one_object_with_header_and_body(chart: Path, command: Callable) -> None:
    result = command("code", chart, "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert sorted(said) == ["decisions", "refused", "warnings"]
    (decision,) = said["decisions"]
    assert sorted(decision) == ["body", "header"]
    assert len(decision["header"]["decision_id"]) == 64
    assert decision["header"]["request"] == {"encounter": "Encounter/e", "payer": ""}


def test_two_charts_are_two_decisions_in_one_object(chart: Path, command: Callable) -> None:
    result = command("code", chart, chart, "--json")
    first, second = json.loads(result.stdout)["decisions"]
    assert first == second


def test_fhir_is_one_bundle_or_a_bundle_of_them(chart: Path, command: Callable) -> None:
    one = json.loads(command("code", chart, "--fhir").stdout)
    types = {entry["resource"]["resourceType"] for entry in one["entry"]}
    assert {"Claim", "Provenance", "Task"} <= types
    two = json.loads(command("code", chart, chart, "--fhir").stdout)
    assert [entry["resource"] for entry in two["entry"]] == [one, one]


def test_json_with_fhir_is_a_usage_error(chart: Path, command: Callable) -> None:
    result = command("code", chart, "--json", "--fhir")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "choose one of --json and --fhir" in result.stderr


@pytest.mark.parametrize(
    "words", [["code"], ["nosuch"], ["code", "--nosuch"], ["replay"], ["evaluate"], ["explain"]]
)
def test_wrong_usage_is_exit_code_2(words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_standard_input_is_read_for_a_dash(command: Callable) -> None:
    result = command("code", "-", "--json", input=sound())
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["decisions"]) == 1
    refused = command("code", "-", input=b"{")
    assert refused.exit_code == 3
    assert refused.stderr.startswith("standard input: not JSON")


def test_the_payer_given_is_the_payer_of_the_decision(chart: Path, command: Callable) -> None:
    (decision,) = json.loads(command("code", chart, "--json", "--payer", "DEMO01").stdout)[
        "decisions"
    ]
    assert decision["body"]["payer"] == "DEMO01"
    assert decision["header"]["request"]["payer"] == "DEMO01"


def test_warnings_go_to_standard_error_and_into_the_object(
    tmp_path: Path, command: Callable
) -> None:
    path = tmp_path / "chart.json"
    stray = condition(id="s", encounter={"reference": "Encounter/gone"})
    path.write_bytes(bundle(patient(), encounter(), condition(), stray))
    result = command("code", path, "--json")
    assert result.exit_code == 0
    (warned,) = json.loads(result.stdout)["warnings"]
    assert warned["file"] == str(path)
    assert any("Condition/s" in issue["path"] for issue in warned["issues"])
    assert len(result.stderr.splitlines()) == len(warned["issues"])


def test_pictures_and_markup_in_a_note_are_printed_as_they_are(
    tmp_path: Path, command: Callable
) -> None:
    from cli_inputs import attachment, document

    note = "Assessment:\nHypertension :smile: [bold]\n"
    path = tmp_path / "chart.json"
    path.write_bytes(
        bundle(patient(), encounter(), document(content=[{"attachment": attachment(note)}]))
    )
    assert "I10" in command("code", path).stdout
    assert "Hypertension" in command("explain", path).stdout


# ---- further rulepacks ---------------------------------------------------------------


def test_a_further_rulepack_is_applied(chart: Path, tmp_path: Path, command: Callable) -> None:
    pack = write_pack(
        tmp_path / "extra",
        PACK.format(name="extra") + RULE.format(name="ask", code="E11.9", at=1),
    )
    result = command("code", chart, "--rules", pack, "--json")
    assert result.exit_code == 0
    (decision,) = json.loads(result.stdout)["decisions"]
    assert [query["rule"] for query in decision["body"]["queries"]] == ["extra/ask"]
    told = command("explain", chart, "--rules", pack, "--rule", "ask")
    assert told.exit_code == 0
    assert "extra/ask" in told.stdout


def test_a_broken_rulepack_stops_coding(chart: Path, tmp_path: Path, command: Callable) -> None:
    """No decision is made with rules that do not say what they mean."""
    pack = write_pack(
        tmp_path / "extra",
        PACK.format(name="extra") + RULE.format(name="ask", code="E11.9X", at=1),
    )
    result = command("code", chart, "--rules", pack, "--json")
    assert result.exit_code == 3
    first, second = result.stderr.splitlines()
    assert first == "extra/pack.rules:7: `E11.9X` is not a code of icd10cm"
    assert "codewarrant check" in second
    assert json.loads(result.stdout) == {"error": result.stderr.rstrip("\n")}
    told = command("explain", chart, "--rules", pack)
    assert (told.exit_code, told.stdout, told.stderr) == (3, "", result.stderr)


def test_a_rulepack_that_cannot_be_read_stops_coding(
    chart: Path, tmp_path: Path, command: Callable
) -> None:
    missing = command("code", chart, "--rules", tmp_path / "none")
    assert (missing.exit_code, missing.stdout) == (3, "")
    assert "no rulepack at" in missing.stderr
    binary = tmp_path / "bin"
    binary.mkdir()
    (binary / "pack.rules").write_bytes(b"\xff\xfe")
    garbled = command("code", chart, "--rules", binary)
    assert garbled.exit_code == 3
    assert "bin/pack.rules: the file is not UTF-8 text" in garbled.stderr
    twice = command("code", chart, "--rules", binary, "--rules", binary)
    assert twice.exit_code == 3
    assert "same name" in twice.stderr


# ---- the store --------------------------------------------------------------------------


def test_a_decision_is_kept_once_and_can_be_told_later(
    chart: Path, tmp_path: Path, command: Callable
) -> None:
    store = tmp_path / "new" / "store"
    for _ in range(2):
        assert command("code", chart, "--store", store).exit_code == 0
    replayed = json.loads(command("replay", "--store", store, "--json").stdout)["replays"]
    assert [item["verdict"] for item in replayed] == ["identical"]
    told = command("explain", "Encounter/e", "--store", store, "--code", "E11.9")
    assert told.exit_code == 0
    assert "Type 2 diabetes mellitus" in told.stdout


def foreign(folder: Path) -> None:
    connection = sqlite3.connect(folder / "decisions.sqlite")
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()


def damaged(folder: Path) -> None:
    (folder / "decisions.sqlite").write_bytes(b"SQLite format 3\0" + b"\xaa" * 4096)


def no_database(folder: Path) -> None:
    (folder / "decisions.sqlite").write_text("a letter to a friend " * 200)


def a_folder(folder: Path) -> None:
    (folder / "decisions.sqlite").mkdir()


@pytest.mark.parametrize("spoil", [foreign, damaged, no_database, a_folder])
def test_a_store_that_is_none_is_exit_code_4(
    spoil: Callable, chart: Path, tmp_path: Path, command: Callable
) -> None:
    """Nothing is shown that could not be kept, and the file is left as it was."""
    store = tmp_path / "store"
    store.mkdir()
    spoil(store)
    file = store / "decisions.sqlite"
    before = file.read_bytes() if file.is_file() else b""
    for words in (["code", chart], ["replay"], ["explain", "Encounter/e"]):
        result = command(*words, "--store", store)
        assert result.exit_code == 4, words
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith("store: ")
        assert "decisions.sqlite" in line
        as_json = command(*words, "--store", store, "--json")
        assert as_json.exit_code == 4
        assert json.loads(as_json.stdout)["error"] == line
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_folder_that_cannot_be_made_is_exit_code_4(
    chart: Path, tmp_path: Path, command: Callable
) -> None:
    (tmp_path / "file").write_text("")
    result = command("code", chart, "--store", tmp_path / "file" / "store")
    assert result.exit_code == 4
    assert "its folder does not exist" in result.stderr


def test_a_missing_store_is_exit_code_4_and_is_not_made(tmp_path: Path, command: Callable) -> None:
    for words in (["replay"], ["explain", "Encounter/e"]):
        result = command(*words, "--store", tmp_path / "none")
        assert result.exit_code == 4
        assert "no such store" in result.stderr
    assert not (tmp_path / "none").exists()
