"""``--cross-check`` of ``code`` and ``replay``: what is said, where, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli_inputs import sound

from codewarrant.cli import cross_check
from codewarrant.crosscheck import process
from codewarrant.crosscheck.process import INSTALL

built = pytest.mark.skipif(find_spec("durable_rules_engine") is None, reason=INSTALL)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.json"
    path.write_bytes(sound())
    return path


@pytest.fixture
def missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without durable-rules."""
    worker = tmp_path / "worker.py"
    worker.write_text("print('{\"missing\": \"No module named \\'durable\\'\"}', flush=True)\n")
    monkeypatch.setattr(process, "WORKER", worker)


@built
def test_agreement_is_told_in_one_line(chart: Path, command: Callable) -> None:
    result = command("code", chart, "--cross-check")
    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    assert "cross-check agree:" in told
    assert "taken as given; durable-rules expresses" in told


@built
def test_json_holds_a_verdict_for_each_decision(chart: Path, command: Callable) -> None:
    result = command("code", chart, chart, "--json", "--cross-check")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    ids = [one["header"]["decision_id"] for one in said["decisions"]]
    assert [one["decision_id"] for one in said["cross_checks"]] == ids
    assert {one["verdict"] for one in said["cross_checks"]} == {"agree"}
    assert all(one["compared"] > 0 for one in said["cross_checks"])


@built
def test_replay_checks_what_is_stored(chart: Path, tmp_path: Path, command: Callable) -> None:
    assert command("code", chart, "--store", tmp_path / "store").exit_code == 0
    result = command("replay", "--store", tmp_path / "store", "--cross-check", "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    (found,) = said["cross_checks"]
    assert (found["verdict"], found["differences"]) == ("agree", [])
    assert found["decision_id"] == said["replays"][0]["decision_id"]


@built
def test_disagreement_is_exit_code_1(
    chart: Path, tmp_path: Path, command: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("from_trace", "from_decision"):
        whole = getattr(cross_check, name)

        def less(*given: object, whole: Callable = whole) -> object:
            found = whole(*given)
            return replace(found, firings=found.firings[1:])

        monkeypatch.setattr(cross_check, name, less)
    result = command("code", chart, "--cross-check", "--store", tmp_path / "store")
    assert result.exit_code == 1
    assert "cross-check disagree" in " ".join(result.stdout.split())
    assert "only on durable-rules" in " ".join(result.stdout.split())
    replayed = command("replay", "--store", tmp_path / "store", "--cross-check")
    assert replayed.exit_code == 1
    assert "1 of 1 identical" in replayed.stdout


def test_without_durable_rules_it_is_said_and_nothing_fails(
    chart: Path, tmp_path: Path, command: Callable, missing: None
) -> None:
    result = command("code", chart, "--cross-check", "--json", "--store", tmp_path / "store")
    assert result.exit_code == 0
    assert "cross-check unavailable" in result.stderr
    assert "pip install 'codewarrant[crosscheck]'" in result.stderr
    (found,) = json.loads(result.stdout)["cross_checks"]
    assert (found["verdict"], found["compared"]) == ("unavailable", 0)
    replayed = command("replay", "--store", tmp_path / "store", "--cross-check")
    assert replayed.exit_code == 0
    assert "cross-check unavailable" in replayed.stderr
