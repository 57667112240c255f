"""``codewarrant explain`` and ``replay``: what is there, what is absent, what a rule did."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_inputs import bundle, condition, encounter, patient, sound

NO_RULE = "documented-conditon: no such rule in this decision"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.json"
    path.write_bytes(sound())
    return path


@pytest.fixture
def store(tmp_path: Path, chart: Path, command: Callable) -> Path:
    assert command("code", chart, "--store", tmp_path / "store").exit_code == 0
    return tmp_path / "store"


def test_every_code_is_explained_where_none_is_named(chart: Path, command: Callable) -> None:
    result = command("explain", chart)
    assert result.exit_code == 0
    for words in ("E11.9", "I10", "Type 2 diabetes mellitus", "OCG"):
        assert words in result.stdout


def test_json_is_one_object_with_one_explanation_for_each_chart(
    chart: Path, command: Callable
) -> None:
    said = json.loads(command("explain", chart, "--json").stdout)
    (item,) = said["explanations"]
    assert item["chart"] == "Encounter/e"
    assert len(item["explained"]) == 2


def test_a_code_may_be_written_without_its_dot(chart: Path, command: Callable) -> None:
    with_dot = command("explain", chart, "--code", "E11.9")
    assert with_dot.exit_code == 0
    assert command("explain", chart, "--code", "e119").stdout == with_dot.stdout


def test_a_code_that_is_not_reported_is_a_finding_with_advice(
    chart: Path, command: Callable
) -> None:
    result = command("explain", chart, "--code", "Z79.4")
    assert result.exit_code == 1
    assert "try --not Z79.4" in result.stdout
    as_json = command("explain", chart, "--code", "Z79.4", "--json")
    assert as_json.exit_code == 1
    assert "not_reported" in json.loads(as_json.stdout)["explanations"][0]["explained"]


def test_an_absent_code_is_explained(chart: Path, command: Callable) -> None:
    result = command("explain", chart, "--not", "Z79.4")
    assert result.exit_code == 0
    assert "never a candidate" in result.stdout
    assert "icd10cm/long-term-insulin" in result.stdout


def test_an_absent_code_is_told_with_what_would_have_to_be_different(
    chart: Path, command: Callable
) -> None:
    text = command("explain", chart, "--not", "I12.0").stdout
    assert "what would have to be different (supposed, not in the record):" in text
    assert "suppose: a further diagnosis N18.5" in text
    assert "then fires: icd10cm/hypertension-ckd-late" in text
    result = command("explain", chart, "--not", "I12.0", "--json")
    (item,) = json.loads(result.stdout)["explanations"]
    found = item["explained"]["what_if"]
    assert found["found"][0]["rules"][0]["rule"] == "icd10cm/hypertension-ckd-late"
    assert found["found"][0]["changes"][0]["hypothetical"] is True
    assert found["found"][0]["changes"][0]["fields"]["code"] == {
        "system": "icd10cm",
        "code": "N18.5",
    }
    assert found["stated"]["reached"] is True


def test_nothing_is_supposed_of_a_code_that_is_reported_or_of_a_service(
    chart: Path, command: Callable
) -> None:
    for code in ("I10", "99213"):
        result = command("explain", chart, "--not", code, "--json")
        assert result.exit_code == 0
        (item,) = json.loads(result.stdout)["explanations"]
        assert item["explained"]["what_if"] is None


def test_a_rule_that_did_not_fire_is_told_with_the_nearest_match(
    chart: Path, command: Callable
) -> None:
    text = command("explain", chart, "--rule", "hypertension-ckd-late").stdout
    assert "nearest: h = diagnosis I10" in text
    assert "wanted: k.code in ckd_late, which is false" in text
    assert "suppose: a further diagnosis N18.5" in text
    result = command("explain", chart, "--rule", "hypertension-ckd-late", "--json")
    (item,) = json.loads(result.stdout)["explanations"]
    assert item["explained"]["state"] == "false"
    assert item["explained"]["nearest"]["unmet"] == [
        [{"text": "k.code in ckd_late", "truth": "false", "value": "E11.9"}]
    ]
    assert item["explained"]["what_if"]["found"]


def test_a_rule_is_explained_by_its_short_or_full_name(chart: Path, command: Callable) -> None:
    result = command("explain", chart, "--rule", "documented-condition")
    assert result.exit_code == 0
    assert "OCG" in result.stdout
    full = command("explain", chart, "--rule", "icd10cm/documented-condition")
    assert full.stdout == result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rule", "documented-conditon"], f"{NO_RULE}; did you mean `documented-condition`?"),
        (
            ["--rule", "icd10cm/documented-conditon"],
            f"icd10cm/{NO_RULE}; did you mean `icd10cm/documented-condition`?",
        ),
        (["--code", "E11.222"], "E11.222: no code set has such a code; did you mean `E11.22`?"),
        (["--not", "E11.222"], "E11.222: no code set has such a code; did you mean `E11.22`?"),
    ],
)
def test_an_unknown_rule_or_code_is_wrong_usage_with_the_likely_name(
    words: list[str], message: str, chart: Path, command: Callable
) -> None:
    result = command("explain", chart, *words)
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (2, "", message)
    as_json = command("explain", chart, *words, "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout) == {"error": message}


def test_charts_of_one_bundle_are_explained_each_under_its_name(
    tmp_path: Path, command: Callable
) -> None:
    path = tmp_path / "two.json"
    other = condition("I10", id="c2", encounter={"reference": "Encounter/f"})
    path.write_bytes(bundle(patient(), encounter(), encounter(id="f"), condition(), other))
    result = command("explain", path, "--code", "I10")
    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line.startswith("Encounter/")] == [
        "Encounter/e",
        "Encounter/f",
    ]


def test_a_stored_decision_is_explained_without_its_bundle(
    store: Path, chart: Path, command: Callable
) -> None:
    fresh = command("explain", chart, "--not", "Z79.4").stdout
    chart.unlink()
    assert command("explain", "Encounter/e", "--store", store, "--not", "Z79.4").stdout == fresh


@pytest.mark.parametrize("words", [["explain", "Encounter/gone"], ["replay", "Encounter/gone"]])
def test_a_name_that_is_not_stored_is_a_finding(
    words: list[str], store: Path, command: Callable
) -> None:
    result = command(*words, "--store", store)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip() == "nothing is stored under Encounter/gone"
    as_json = command(*words, "--store", store, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout) == {"error": "nothing is stored under Encounter/gone"}


def test_replay_says_identical_for_each_and_counts(store: Path, command: Callable) -> None:
    result = command("replay", "--store", store)
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first.endswith("Encounter/e  identical")
    assert last == "1 of 1 identical"


def test_replay_of_a_changed_rule_of_another_reader_is_told_apart(
    store: Path, command: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading by another version is a finding; the rules still give the stored body."""
    monkeypatch.setattr("codewarrant.cli.pipeline.reader_version", lambda: "another reader")
    result = command("replay", "--store", store, "--json")
    (item,) = json.loads(result.stdout)["replays"]
    assert item["rules"]["verdict"] == "identical"
    assert item["reading"]["verdict"] != "different"


def test_a_store_whose_content_was_changed_is_exit_code_4(store: Path, command: Callable) -> None:
    """Bytes altered behind the store's back are found by their digest."""
    connection = sqlite3.connect(store / "decisions.sqlite")
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE blob SET content = zeroblob(40)")
    connection.commit()
    connection.close()
    result = command("replay", "--store", store)
    assert result.exit_code == 4
    assert "Traceback" not in result.stdout + result.stderr
