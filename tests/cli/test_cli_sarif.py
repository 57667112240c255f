"""``codewarrant check --sarif``."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from codewarrant.cli.app import app


def test_check_writes_one_sarif_log(tmp_path: Path) -> None:
    (tmp_path / "p.rules").write_text(
        'pack p "P" version 1.0\n  effective from 2026-01-01 until 2026-02-30\n'
    )
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--sarif"])
    log = json.loads(result.stdout)
    assert result.exit_code == 1
    assert log["version"] == "2.1.0"
    assert [item["ruleId"] for item in log["runs"][0]["results"]] == ["CW0402"]


def test_one_form_of_output_at_a_time(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--sarif", "--json"])
    assert result.exit_code == 2
