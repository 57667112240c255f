"""Medically unlikely edits and add-on codes: every trap of the official files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_files import (
    ADD_ONS,
    UNITS,
    add_on_book,
    add_on_text,
    imported,
    medicaid_text,
    mue_text,
    opened,
)

from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.ncci_add_on import day_of_year

MUE = "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
AOC = "AOC_V2026Q4-MCR.txt"


@pytest.mark.parametrize("service", ["practitioner", "outpatient", "dme"])
def test_the_header_says_for_whom_the_units_are(tmp_path: Path, service: str) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {MUE: mue_text(service)})
    (release,) = store.releases
    assert (release.table, release.edition) == (f"mue-{service}", "2026Q3")
    (row,) = store.lookup(release.table, [{"code": "X0001"}], date(2026, 9, 30))[0]
    assert row.columns == {
        "code": "X0001",
        "units": 2,
        "adjudication_indicator": 3,
        "rationale": "Clinical: Data",
    }


def test_a_quarter_speaks_for_itself_alone(tmp_path: Path) -> None:
    opened(tmp_path / "s", tmp_path / "in", {MUE: mue_text()})
    more = [("X0001", "5", "1 Line Edit", "CMS Policy")]
    later = MUE.replace("07-01", "10-01")
    store = opened(tmp_path / "s", tmp_path / "later", {later: mue_text(rows=more)})
    asked = [{"code": "X0001"}] * 4
    days = [date(2026, 6, 30), date(2026, 9, 30), date(2026, 10, 1), date(2027, 1, 1)]
    answers = store.lookup("mue-practitioner", asked, days)
    assert [rows and rows[0].columns["units"] for rows in answers] == [None, 2, 5, None]
    assert store.lookup("mue-practitioner", [{"code": "X0003"}], days[2]) == [()]


def test_medicaid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="Medicaid"):
        imported(tmp_path / "s", tmp_path / "in", {MUE: medicaid_text()})
    named = {MUE.replace("MCR", "MCD"): mue_text()}
    with pytest.raises(ReleaseError, match="Medicaid"):
        imported(tmp_path / "t", tmp_path / "other", named)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("X0009", "two", "1 Line Edit", "M"), "`two` is no number of units"),
        (("X0009", "2", "4 Other", "M"), "no adjudication indicator"),
        (("X0009", "2"), "truncated"),
        (("X009", "2", "1 Line Edit", "M"), "`X009` is no code"),
        (("X0001", "2", "1 Line Edit", "M"), "stands twice"),
    ],
)
def test_a_wrong_row_of_units_is_refused_with_its_line(
    tmp_path: Path, row: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ReleaseError, match=said) as caught:
        imported(tmp_path / "s", tmp_path / "in", {MUE: mue_text(rows=[*UNITS, row])})
    assert (caught.value.file, caught.value.line) == (MUE, 8)


def test_a_name_without_quarter_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="--edition"):
        imported(tmp_path / "s", tmp_path / "in", {"units.csv": mue_text()})
    asked = Asked(effective=date(2026, 7, 1))
    result = imported(tmp_path / "s", tmp_path / "in", {"units.csv": mue_text()}, asked)
    assert result.imported[0].release.edition == "2026Q3"
    with pytest.raises(ReleaseError, match="names no quarter"):
        imported(tmp_path / "s", tmp_path / "in", {MUE: mue_text()}, Asked(edition="2026"))


@pytest.mark.parametrize("form", ["text", "workbook"])
def test_add_on_codes_are_read_with_days_of_the_year(tmp_path: Path, form: str) -> None:
    files = {AOC: add_on_text()} if form == "text" else {"AOC_V2026Q4-MCR.xlsx": add_on_book()}
    store = opened(tmp_path / "s", tmp_path / "in", files)

    def primaries(code: str, on: date) -> list[object]:
        rows = store.lookup("add-on-codes", [{"add_on": code}], on)[0]
        assert rows is not None
        return [(row.columns["primary"], row.columns["edit_type"]) for row in rows]

    assert primaries("X0011", date(2019, 12, 31)) == [("X0001", 1)]
    assert primaries("X0011", date(2025, 12, 31)) == [("X0001", 1), ("X0002", 1)]
    assert primaries("X0011", date(2026, 1, 1)) == [("X0001", 1)]
    assert primaries("X0011", date(2013, 3, 31)) == []
    assert primaries("X0012", date(2026, 10, 1)) == [(None, 2)]
    # 2016 and 2024 are leap years; the add-on code itself ended
    assert primaries("X0013", date(2016, 2, 28)) == []
    assert primaries("X0013", date(2016, 2, 29)) == [("X0003", 3)]
    assert primaries("X0013", date(2024, 12, 31)) == [("X0003", 3)]
    assert primaries("X0013", date(2025, 1, 1)) == []
    (row,) = store.lookup("add-on-codes", [{"add_on": "X0012"}], date(2026, 10, 1))[0] or ()
    assert row.columns["contractor_defined"] is True


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("1", "X0019", "", "X0001", "", "2026367", ""), "`2026367` is no date"),
        (("1", "X0019", "", "X0001", "", "2026000", ""), "`2026000` is no date"),
        (("1", "X0019", "", "X0001", "", "2027001", ""), "another quarter"),
        (("1", "X0019", "", "X00", "", "2026001", ""), "truncated"),
        (ADD_ONS[0], "stands twice"),
    ],
)
def test_a_wrong_add_on_is_refused_with_its_line(
    tmp_path: Path, row: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ReleaseError, match=said) as caught:
        imported(tmp_path / "s", tmp_path / "in", {AOC: add_on_text([*ADD_ONS, row])})
    assert caught.value.line == 5


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_every_day_of_every_year_is_read_back(day: date) -> None:
    assert day_of_year(day.strftime("%Y%j"), "f", 1) == day
