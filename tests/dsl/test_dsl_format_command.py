"""``codewarrant fmt`` rewrites files whole, or only says what it would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codewarrant.cli.app import app
from codewarrant.cli.exits import Exit

UNTIDY = 'source m   "Manual"\nrule  broken "B"\n   whn x\n'
TIDY = 'source m "Manual"\n\nrule  broken "B"\n   whn x\n'


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "some-pack"
    folder.mkdir()
    (folder / "a.rules").write_bytes(b'\xef\xbb\xbfpack p   "P" version 1\r\n')
    (folder / "b.rules").write_text('pack q "Q" version 1\n')
    (folder / "a.rules").chmod(0o640)
    return folder


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["fmt", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_files_are_rewritten_in_place_and_keep_their_mode(pack: Path) -> None:
    assert run(pack) == (Exit.FINE, "1 files changed, 1 left as they were\n", "")
    assert (pack / "a.rules").read_bytes() == b'pack p "P" version 1\n'
    assert (pack / "a.rules").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in pack.iterdir()) == ["a.rules", "b.rules"]
    assert run(pack)[1] == "0 files changed, 2 left as they were\n"


def test_check_lists_what_would_change_and_writes_nothing(pack: Path) -> None:
    before = (pack / "a.rules").read_bytes()
    assert run(pack, "--check") == (Exit.FINDINGS, f"would change {pack / 'a.rules'}\n", "")
    assert (pack / "a.rules").read_bytes() == before
    run(pack)
    assert run(pack, "--check") == (Exit.FINE, "", "")


def test_diff_shows_the_lines(pack: Path) -> None:
    code, out, _ = run(pack / "a.rules", "--diff")
    assert code == Exit.FINDINGS
    assert '-pack p   "P" version 1' in out
    assert '+pack p "P" version 1' in out


def test_a_block_that_cannot_be_read_is_reported_and_the_rest_laid_out(pack: Path) -> None:
    (pack / "b.rules").write_text(UNTIDY)
    code, _, err = run(pack)
    assert code == Exit.FINDINGS
    assert "error[CW0101]" in err
    assert (pack / "b.rules").read_text() == TIDY


def test_one_json_object_says_what_changed(pack: Path) -> None:
    (pack / "b.rules").write_text(UNTIDY)
    form = json.loads(run(pack, "--json", "--check")[1])
    assert form["changed"] == [str(pack / "a.rules"), str(pack / "b.rules")]
    assert [item["code"] for item in form["diagnostics"]] == ["CW0101"]
    assert form["written"] is False


def test_a_folder_that_is_not_there_and_a_file_that_is_not_text_are_refused(pack: Path) -> None:
    assert run(pack / "none")[0] == Exit.REFUSED
    (pack / "b.rules").write_bytes(b"\xff\xfe")
    assert run(pack)[0] == Exit.REFUSED


def test_nothing_is_written_where_no_folder_is_named(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codewarrant.cli.format.rulepacks_folder", lambda: pack.parent)
    before = (pack / "a.rules").read_bytes()
    code, out, err = run()
    assert (code, out) == (Exit.REFUSED, "")
    assert "name the packs to lay out" in err
    assert run("--check") == (Exit.FINDINGS, f"would change {pack / 'a.rules'}\n", "")
    assert (pack / "a.rules").read_bytes() == before
