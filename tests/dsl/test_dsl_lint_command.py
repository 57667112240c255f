"""``codewarrant lint`` prints findings and says by its exit code whether there are some."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codewarrant.cli.app import app
from codewarrant.cli.exits import Exit
from codewarrant.engine.canonical import sha256

DOCUMENT = "Codes are reported to the highest level of specificity.\n"
PACK = f"""pack local-pack "Local" version 1.0
  effective from 2025-10-01
source guide "Guide"
  sha256 "{sha256(DOCUMENT.encode())}"

rule ask "A rule"
  cites guide "1" quoting "reported to some level"
  for each diagnosis d in {{ I10 }}
  then query the provider "Which?"
  example "it acts"
    given diagnosis: code I10
    expect rule ask fires
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "local-pack"
    folder.mkdir()
    (folder / "pack.rules").write_text(PACK)
    (folder / "guide.txt").write_text(DOCUMENT)
    return folder


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["lint", *map(str, arguments)])
    return result.exit_code, result.stdout


def test_warnings_fail_only_when_strict_and_documents_are_compared(pack: Path) -> None:
    code, out = run(pack)
    assert code == Exit.FINE
    assert "warning[open-ended-date]" in out
    assert "warning[quote-not-in-source]" in out
    assert out.endswith("1 packs, 0 errors, 2 warnings\n")
    assert run(pack, "--strict")[0] == Exit.FINDINGS


def test_one_json_object_names_the_lints(pack: Path) -> None:
    form = json.loads(run(pack, "--json")[1])
    assert [item["code"] for item in form["diagnostics"]] == [
        "open-ended-date",
        "quote-not-in-source",
    ]


def test_an_error_of_the_check_comes_instead(pack: Path) -> None:
    (pack / "pack.rules").write_text(PACK.replace("I10 }", "I1O }", 1))
    code, out = run(pack)
    assert code == Exit.FINDINGS
    assert "error[CW0" in out
    assert "open-ended-date" not in out


def test_a_lint_raised_to_an_error_fails(pack: Path) -> None:
    clause = '2025-10-01\n  lint open-ended-date error because "we review every year"\n'
    (pack / "pack.rules").write_text(PACK.replace("2025-10-01\n", clause, 1))
    assert run(pack)[0] == Exit.FINDINGS


def test_a_folder_that_is_not_there_is_refused(pack: Path) -> None:
    assert run(pack / "none")[0] == Exit.REFUSED
