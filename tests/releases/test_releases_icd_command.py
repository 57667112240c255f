"""``codewarrant data`` with the official files of diagnosis and service codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from official_layouts import LETTERS, order_file
from test_releases_hcpcs import NAME, text
from test_releases_icd_documents import INDEX

from codewarrant.codesets import CodeSetError, cache


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_folder_of_files_is_imported_and_shown(data: Path, tmp_path: Path, command: Callable):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / NAME).write_text(text())
    (folder / "icd10cm_index_2027.xml").write_text(INDEX)
    (folder / "readme.pdf").write_bytes(b"%PDF-1.7")
    done = command("data", "import", folder, "--json")
    assert done.exit_code == 0
    form = json.loads(done.stdout)
    found = {item["table"]: (item["edition"], item["rows"]) for item in form["imported"]}
    assert found == {
        "hcpcs": ("2026Q4", 3),
        "hcpcs-modifiers": ("2026Q4", 1),
        "icd10cm-index": ("2027", 10),
    }
    assert form["unread"] == ["readme.pdf"]
    shown = command("data", "show", "V9990", "--on", "2026-11-01")
    assert "New this quarter" in shown.stdout


def test_a_wrong_file_leaves_the_store_as_it_was(data: Path, tmp_path: Path, command: Callable):
    good, bad = tmp_path / NAME, tmp_path / "icd10cm_order_2027.txt"
    good.write_text(text())
    bad.write_text(order_file(LETTERS[:5]))
    assert command("data", "import", good).exit_code == 0
    before = (data / "releases.sqlite").read_bytes()
    refused = command("data", "import", good, bad)
    assert refused.exit_code != 0
    assert "icd10cm_order_2027.txt:5" in refused.stderr
    assert (data / "releases.sqlite").read_bytes() == before


def test_a_list_beyond_a_gap_is_told(data: Path, tmp_path: Path, command: Callable):
    path = tmp_path / "icd10cm_order_2029.txt"
    path.write_text(order_file(LETTERS))
    done = command("data", "import", path)
    assert done.exit_code == 0
    assert "has no effect yet" in " ".join(done.stderr.split())
    again = json.loads(command("data", "import", path, "--json").stdout)
    assert again["waiting"] == ["icd10cm-order 2029"]


def test_a_damaged_store_is_one_error(data: Path):
    data.mkdir()
    (data / "releases.sqlite").write_bytes(b"no store")
    with pytest.raises(CodeSetError, match="the imported releases cannot be read"):
        cache.load("icd10cm")
