"""``codewarrant data``: imported, listed, shown, compared and exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from release_files import ADD_ONS, PAIRS, UNITS, add_on_text, mue_text, ptp_text, written

MUE = "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
FILES = {
    "ccipra-v322r0-f1.TXT": ptp_text(),
    MUE: mue_text(),
    "AOC_V2026Q3-MCR.txt": add_on_text(ADD_ONS),
}


@pytest.fixture
def data(command: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """The command with a data folder of its own, in which one quarter is installed."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "data"))
    result = command("data", "import", written(tmp_path / "q3", FILES))
    assert result.exit_code == 0, result.output
    return lambda *words: command("data", *words)


def test_an_import_says_what_it_holds_and_what_it_changes(data: Callable, tmp_path: Path) -> None:
    rows = [UNITS[0], (*UNITS[1][:1], "7", *UNITS[1][2:]), ("X0009", "1", "1 Line Edit", "M")]
    later = written(tmp_path / "q4", {MUE.replace("07-01", "10-01"): mue_text(rows=rows)})
    said = data("import", later)
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert lines[0].startswith(
        "mue-practitioner 2026Q4: 3 rows, 2026-10-01 to 2026-12-31, imported ("
    )
    assert lines[1] == "  against 2026Q3: 1 new, 1 ended, 1 changed"
    again = json.loads(data("import", later, "--json").stdout)
    assert [item["new"] for item in again["imported"]] == [False]
    difference = json.loads(data("diff", "mue-practitioner@2026Q3", "2026Q4", "--json").stdout)
    assert [(item["kind"], item["key"]) for item in difference["changes"]] == [
        ("changed", ["X0002"]),
        ("ended", ["X0003"]),
        ("new", ["X0009"]),
    ]
    shown = data("diff", "mue-practitioner@2026Q3", "mue-practitioner@2026Q4").stdout
    assert "changed  X0002  units 0 to 7" in shown
    assert shown.splitlines()[-1] == (
        "mue-practitioner 2026Q3 to 2026Q4: 1 new, 1 ended, 1 changed"
    )


def test_the_list_says_what_is_in_force_on_a_day(data: Callable) -> None:
    form = json.loads(data("list", "--on", "2026-08-01", "--json").stdout)
    by_table = {item["table"]: item for item in form["releases"]}
    assert by_table["icd10cm"]["billable"] == 74719
    assert by_table["icd9cm"]["billable"] is None
    assert by_table["ncci-ptp-practitioner"]["in_force"] == 2
    assert by_table["mue-practitioner"]["rows"] == 3
    assert by_table["mue-practitioner"]["sources"][0]["name"] == MUE
    later = json.loads(data("list", "--on", "2026-10-01", "--json").stdout)
    assert {item["table"] for item in later["releases"] if item["in_force"] is None} == {
        "icd9cm",
        "mue-practitioner",
        "ncci-ptp-practitioner",
        "add-on-codes",
    }
    words = data("list", "--on", "2026-08-01").stdout
    assert "mue-practitioner 2026Q3: 2026-07-01 to 2026-09-30, 3 rows, 3 in force" in words


def test_a_code_is_shown_with_its_edits_and_their_history(data: Callable) -> None:
    form = json.loads(data("show", "x0001", "--on", "2026-08-01", "--json").stdout)
    shown = {(item["table"], item["column"]): item for item in form["tables"]}
    assert shown["ncci-ptp-practitioner", "column1"]["in_force"] == 2
    assert len(shown["ncci-ptp-practitioner", "column1"]["history"]) == 3
    assert ("ncci-ptp-practitioner", "column2") not in shown
    assert shown["add-on-codes", "primary"]["in_force"] == 1
    (unit,) = shown["mue-practitioner", "code"]["rows"]
    assert (unit["units"], unit["adjudication_indicator"]) == (2, 3)
    later = data("show", "X0001", "--on", "2027-01-01").stdout
    assert "as code: cannot be known on 2027-01-01" in later


def test_a_diagnosis_is_shown_with_the_level_of_its_notes(data: Callable) -> None:
    form = json.loads(data("show", "e119", "--on", "2026-08-01", "--json").stdout)
    (codes,) = form["systems"]
    assert (codes["code"], codes["status"]) == ("E11.9", "valid")
    assert codes["windows"][0]["from"] == "2015-10-01"
    assert {note["level"] for note in codes["notes"]} >= {"code", "chapter"}
    missing = data("show", "E11.99", "--on", "2026-08-01")
    assert missing.exit_code == 1
    assert "did you mean" in missing.stderr


@pytest.mark.parametrize("ending", ["tsv", "tsv.zst", "csv"])
def test_a_release_is_written_and_read_again(
    data: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    file = tmp_path / f"edits.{ending}"
    written_form = json.loads(
        data("export", "ncci-ptp-practitioner@2026Q3", "--to", file, "--json").stdout
    )
    if ending == "csv":
        lines = file.read_text().splitlines()
        assert lines[0].startswith("column1,column2,effective_from,effective_to,")
        assert len(lines) == 1 + len(PAIRS)
        return
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "elsewhere"))
    read = json.loads(data("import", file, "--json").stdout)
    assert read["imported"][0]["digest"] == written_form["digest"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("import", "nowhere.txt"), 3, "there is no such file or folder"),
        (("import", "nowhere.txt", "--table", "none"), 2, "no table is called `none`"),
        (("show", "ZZZZZ"), 1, "is in no installed table"),
        (("diff", "mue-dme@2026Q3", "2026Q4"), 3, "no edition of mue-dme is"),
        (("diff", "2026Q3", "2026Q4"), 3, "write it as table@edition"),
        (("diff", "mue-practitioner@2026Q3", "add-on-codes@2026Q3"), 3, "are two tables"),
        (("export", "mue-practitioner@2020Q1", "--to", "x"), 3, "installed are 2026Q3"),
    ],
)
def test_what_cannot_be_done_is_said(
    data: Callable, words: tuple[str, ...], code: int, said: str
) -> None:
    result = data(*words, "--json")
    assert result.exit_code == code
    assert said in result.stderr
    assert said in json.loads(result.stdout)["error"]


def test_an_error_names_file_and_line_and_changes_nothing(data: Callable, tmp_path: Path) -> None:
    store = tmp_path / "data" / "releases.sqlite"
    before = store.read_bytes()
    wrong = {"ccipra-v323r0-f1.TXT": ptp_text([*PAIRS, PAIRS[0]])}
    result = data("import", written(tmp_path / "wrong", wrong))
    assert result.exit_code == 3
    assert "ccipra-v323r0-f1.TXT:10: the same row stands twice" in result.stderr
    assert store.read_bytes() == before


def test_a_damaged_store_is_said(data: Callable, tmp_path: Path) -> None:
    (tmp_path / "data" / "releases.sqlite").write_bytes(b"not a store")
    result = data("list")
    assert result.exit_code == 4
    assert "is not a store of releases" in result.stderr
