"""What rule authors use every day: ``test`` with its reports, ``new``, ``check --watch``."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_inputs import PACK, RULE, write_pack

from codewarrant.cli.exits import Exit
from codewarrant.cli.junit import TestResult, junit
from codewarrant.cli.watch import Watched, watch

FAILING = PACK.format(name="sound") + RULE.format(name="ask", code="E11.9", at=1).replace(
    "expect query", "expect no query"
)
SOUND = PACK.format(name="sound") + RULE.format(name="ask", code="E11.9", at=1)


def test_a_failing_example_shows_at_its_expectation_what_the_rule_did(
    tmp_path: Path, command: Callable
) -> None:
    result = command("test", write_pack(tmp_path / "sound", FAILING))
    assert result.exit_code == 1
    line = FAILING.splitlines().index("    expect no query") + 1
    assert f"  --> sound/pack.rules:{line}:12\n" in result.stdout
    for words in ("expected: no query", "got: query", "rule sound/ask fires", "with d = E11.9",
                  "true     d.code in { E11.9 }", "so: the provider is asked"):  # fmt: skip
        assert words in result.stdout
    assert result.stdout.endswith("0 of 1 examples, tests and charts pass\n")


def test_the_json_of_a_failing_example_has_its_explanation(
    tmp_path: Path, command: Callable
) -> None:
    result = command("test", write_pack(tmp_path / "sound", FAILING), "--json")
    (failed,) = json.loads(result.stdout)["failed"]
    (missed,) = failed["missed"]
    assert (missed["expected"], missed["why"][0]["verdict"]) == ("no query", "fires")


def test_coverage_lists_what_no_example_shows(tmp_path: Path, command: Callable) -> None:
    pack = write_pack(tmp_path / "sound", SOUND)
    result = command("test", pack, "--coverage")
    assert result.exit_code == 0
    assert "0 of 1 conditions in 1 rules are shown to decide" in result.stdout
    assert "it is never false (true 1, false 0, unknown 0)" in result.stdout
    form = json.loads(command("test", pack, "--coverage", "--json").stdout)
    assert (form["coverage"]["covered"], form["coverage"]["atoms"]) == (0, 1)
    assert "coverage" not in json.loads(command("test", pack, "--json").stdout)


def test_junit_has_a_suite_for_each_pack_and_a_case_for_each_example(
    tmp_path: Path, command: Callable
) -> None:
    report = tmp_path / "report.xml"
    result = command("test", write_pack(tmp_path / "sound", FAILING), "--junit", report)
    assert result.exit_code == 1
    root = ET.fromstring(report.read_bytes())
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "1", "1")
    (suite,) = root
    (case,) = suite
    assert (suite.get("name"), case.get("classname")) == ("sound", "sound/ask")
    assert (case.get("name"), case.get("file")) == ("it is asked", "sound/pack.rules")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "expected no query, got query: Is this so?"
    assert "rule sound/ask fires" in (failure.text or "")


def test_junit_of_a_pack_with_errors_names_them(tmp_path: Path, command: Callable) -> None:
    report = tmp_path / "report.xml"
    broken = SOUND.replace("each diagnosis", "each diagnossis")
    command("test", write_pack(tmp_path / "sound", broken), "--junit", report)
    root = ET.fromstring(report.read_bytes())
    assert [case.get("classname") for case in root.iter("testcase")] == ["CW0101"]
    assert root.get("failures") == "1"


def test_junit_holds_whatever_a_title_holds() -> None:
    one = TestResult("p", "p/r", 'a <b> & "c" \x00\x1b', "f", 3, "no \x08", "line\nline")
    (case,) = ET.fromstring(junit([one])).iter("testcase")
    assert case.get("name") == 'a <b> & "c" \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'
    assert case.find("failure").text == "line\nline"  # type: ignore[union-attr]


# ---- new --------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--payer", "P1", "--extends", "icd10cm")])
def test_a_new_pack_is_checked_and_tested_at_once(
    options: tuple[str, ...],
    tmp_path: Path,
    command: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = command("new", "pack", "mine", *options)
    assert made.exit_code == 0, made.output
    assert command("new", "rule", "mine", "second").exit_code == 0
    checked = command("check", "mine")
    assert (checked.exit_code, checked.stdout) == (
        0,
        "1 packs, 2 rules, 0 errors, 0 warnings\n",
    )
    assert command("test", "mine").exit_code == 0


def test_new_overwrites_nothing_and_says_what_is_there(
    tmp_path: Path, command: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command("new", "pack", "mine")
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.rules"))}
    (tmp_path / "mine" / "kept.rules").write_text("# mine\n")
    for words, said in (
        (("pack", "mine"), "mine is there already"),
        (("pack", "icd10cm"), "is installed"),
        (("rule", "mine", "kidney-stage-unknown"), "there is a rule `kidney-stage-unknown`"),
        (("rule", "mine", "kept"), "is there already"),
        (("rule", "nowhere", "x"), "no rulepack at nowhere"),
        (("pack", "Mine"), "a pack cannot be called 'Mine'"),
        (("pack", "other", "--extends", "icd10"), "did you mean `icd10cm`?"),
    ):
        result = command("new", *words)
        assert (result.exit_code, said in result.stderr) == (3, True), result.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert (tmp_path / "mine" / "kept.rules").read_text() == "# mine\n"
    assert not (tmp_path / "other").exists()


def test_a_new_rule_cites_the_source_of_its_pack(tmp_path: Path, command: Callable) -> None:
    pack = write_pack(tmp_path / "sound", SOUND.replace("manual", "handbook"))
    assert command("new", "rule", pack, "second").exit_code == 0
    assert 'cites handbook "section 1"' in (pack / "second.rules").read_text()


def test_a_pack_with_errors_takes_no_new_rule(tmp_path: Path, command: Callable) -> None:
    pack = write_pack(tmp_path / "sound", SOUND.replace("each diagnosis", "each diagnossis"))
    assert command("new", "rule", pack, "second").exit_code == 3
    assert not (pack / "second.rules").exists()


# ---- check --watch ----------------------------------------------------------------


def test_what_is_watched_changes_with_its_content_alone(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "sound", SOUND)
    file = pack / "pack.rules"
    watched = Watched([pack])
    assert watched.changed()
    assert not watched.changed()
    os.utime(file, ns=(1, 1))
    assert not watched.changed()
    file.write_text(SOUND + "# more\n")
    assert watched.changed()
    (pack / "more.rules").write_text("# new\n")
    assert watched.changed()
    assert watched.count == 2
    (pack / "notes.txt").write_text("not part of a pack")
    assert not watched.changed()
    (pack / "more.rules").unlink()
    assert watched.changed()
    assert not watched.changed()


def test_each_change_is_checked_once_until_interrupted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "sound", SOUND)
    checks: list[int] = []
    steps = iter(["", "# a\n", "", "# b\n", "stop"])

    def wait(seconds: float) -> None:
        assert seconds == 0.3
        step = next(steps)
        if step == "stop":
            raise KeyboardInterrupt
        if step:
            (pack / "pack.rules").write_text(SOUND + step * 2)

    assert watch([pack], lambda: checks.append(1), wait) is Exit.FINE
    assert len(checks) == 3
    assert capsys.readouterr().out.count("watching 1 files; Ctrl-C ends\n") == 3


def test_watching_needs_folders_that_are_there_and_people(
    tmp_path: Path, command: Callable
) -> None:
    assert command("check", tmp_path / "nowhere", "--watch").exit_code == 3
    assert command("check", tmp_path, "--watch", "--json").exit_code == 2


def test_the_example_pack_is_shown_both_ways_in_every_condition(command: Callable) -> None:
    pack = Path(__file__).parents[2] / "examples" / "packs" / "harbor-therapy"
    assert command("fmt", "--check", pack).exit_code == 0
    form = json.loads(command("test", pack, "--coverage", "--json").stdout)
    assert form["failed"] == []
    assert len(form["coverage"]["rules"]) == 8
    assert form["coverage"]["covered"] == form["coverage"]["atoms"]
