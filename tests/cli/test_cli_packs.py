"""``codewarrant check`` and ``test``: every mistake with its place, examples run, exit codes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_inputs import CYCLE, PACK, RULE, write_pack


def good(name: str) -> str:
    return PACK.format(name=name) + RULE.format(name="ask", code="E11.9", at=1)


def three_broken(name: str) -> str:
    """A sound rule among three broken ones: a code that is none, a misspelt word, no citation."""
    broken = [
        RULE.format(name="first", code="E11.9X", at=1),
        RULE.format(name="second", code="I10", at=2).replace("each diagnosis", "each diagnossis"),
        RULE.format(name="third", code="I10", at=3).replace('  cites manual "3"\n', ""),
    ]
    return good(name) + "".join(broken)


def test_a_sound_pack_is_checked_and_its_examples_run(tmp_path: Path, command: Callable) -> None:
    pack = write_pack(tmp_path / "sound", good("sound"))
    checked = command("check", pack)
    assert checked.exit_code == 0
    assert checked.stdout == "1 packs, 1 rules, 0 errors, 0 warnings\n"
    tried = command("test", pack)
    assert tried.exit_code == 0
    assert tried.stdout.startswith("1 of 1 ")


def test_three_broken_rules_are_three_errors_and_the_rest_is_checked(
    tmp_path: Path, command: Callable
) -> None:
    pack = write_pack(tmp_path / "broken", three_broken("broken"))
    result = command("check", pack)
    assert result.exit_code == 1
    heads = [line for line in result.stdout.splitlines() if line.startswith("error[")]
    assert len(heads) == 3
    for words in ("`E11.9X` is not a code", "`diagnossis` does not belong", "cites nothing"):
        assert sum(words in head for head in heads) == 1
    assert result.stdout.count("  --> broken/pack.rules:") == 3
    assert result.stdout.count("^^^^") >= 2
    assert "did you mean `diagnosis`?" in result.stdout
    assert result.stdout.endswith(
        "1 packs, 3 rules, 3 errors, 0 warnings; "
        "1 block could not be read and may hold more errors than the one shown of each\n"
    )


def test_diagnostics_are_one_object_with_json(tmp_path: Path, command: Callable) -> None:
    pack = write_pack(tmp_path / "broken", three_broken("broken"))
    for words in ("check", "test"):
        result = command(words, pack, "--json")
        assert result.exit_code == 1
        assert len(json.loads(result.stdout)["diagnostics"]) == 3
        assert result.stderr == ""


def test_a_pack_without_dates_is_an_error(tmp_path: Path, command: Callable) -> None:
    text = good("undated").replace("  effective from 2026-01-01 through 2026-12-31\n", "")
    result = command("check", write_pack(tmp_path / "undated", text))
    assert result.exit_code == 1
    assert "the pack `undated` has no dates" in result.stdout
    assert "1 errors" in result.stdout


def test_a_cycle_between_rules_is_printed_with_both_rules(
    tmp_path: Path, command: Callable
) -> None:
    pack = write_pack(tmp_path / "cycle", PACK.format(name="cycle") + CYCLE)
    result = command("check", pack)
    assert result.exit_code == 1
    assert "two rules wait for each other" in result.stdout
    assert "first   asks for the absence of I13.0" in result.stdout
    assert "`cycle/second` takes part" in result.stdout


def test_a_failing_example_is_a_finding(tmp_path: Path, command: Callable) -> None:
    text = good("failing").replace("given diagnosis d: code E11.9", "given diagnosis d: code I10")
    pack = write_pack(tmp_path / "failing", text)
    result = command("test", pack)
    assert result.exit_code == 1
    assert "--> failing/pack.rules:11" in result.stdout
    assert "0 of 1 " in result.stdout
    (failed,) = json.loads(command("test", pack, "--json").stdout)["failed"]
    assert (failed["pack"], failed["rule"]) == ("failing", "ask")
    assert failed["missed"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, command: Callable) -> None:
    for words in ("check", "test"):
        result = command(words, tmp_path / "none")
        assert (result.exit_code, result.stdout) == (3, "")
        assert "no rulepack at" in result.stderr
        as_json = command(words, tmp_path / "none", "--json")
        assert (as_json.exit_code, list(json.loads(as_json.stdout))) == (3, ["error"])


def test_a_folder_without_rules_is_a_finding(tmp_path: Path, command: Callable) -> None:
    (tmp_path / "empty").mkdir()
    result = command("check", tmp_path / "empty")
    assert result.exit_code == 1
    assert "`empty` has no pack block" in result.stdout


def test_the_folder_one_stands_in_is_checked(
    tmp_path: Path, command: Callable, monkeypatch
) -> None:
    write_pack(tmp_path / "sound", good("sound"))
    monkeypatch.chdir(tmp_path / "sound")
    assert command("check", ".").stdout == "1 packs, 1 rules, 0 errors, 0 warnings\n"


def test_the_installed_packs_are_checked_where_none_is_named(command: Callable) -> None:
    said = json.loads(command("check", "--json").stdout)
    assert said["rules"] > 20
    assert said["unread"] == 0
    assert {"icd10cm", "ncci"} <= {pack["name"] for pack in said["packs"]}
    told = command("check").stdout
    assert all(f"{pack['name']} at {pack['version']}: " in told for pack in said["packs"])
    assert [item for item in said["diagnostics"] if item["severity"] == "error"] == []


def test_an_installed_pack_is_checked_by_its_name_and_its_rules_are_listed(
    tmp_path: Path, command: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    listed = command("check", "--list", "ncci")
    assert listed.exit_code == 0
    assert "ncci/modifier-25: A visit on the day of a minor procedure needs modifier 25" in (
        listed.stdout.splitlines()
    )
    form = json.loads(command("check", "ncci", "--json").stdout)
    assert form["rules"] == len(form["rule_list"]) > 5
    assert command("check", "not-a-pack").exit_code == 3


def test_a_bad_cell_of_a_table_is_an_error_beside_installed_packs(
    tmp_path: Path, command: Callable
) -> None:
    """The rule that joins the table cannot be read: it must not vanish without a word."""
    pack = write_pack(tmp_path / "cells", good("cells"))
    rows = "code,open\nE11.9,yess\n"
    (pack / "t.csv").write_text(rows, "utf-8")
    digest = hashlib.sha256(rows.encode()).hexdigest()
    with (pack / "pack.rules").open("a", encoding="utf-8") as file:
        file.write(
            f'\ntable t "T"\n  from "t.csv"\n  columns (code: icd10cm, open: boolean)\n'
            f'  sha256 "{digest}"\n  cites manual "1"\n'
        )
    result = command("check", pack)
    assert result.exit_code == 1
    assert "column `open` holds no yes-or-no value in line 2" in result.stdout
    assert "--> cells/t.csv:2:1" in result.stdout
    assert command("test", pack).exit_code == 1
