from datetime import date

import pytest

from codewarrant.codesets import CodeSet, Status, Window

VALID, HEADER, NOT_YET = Status.VALID, Status.HEADER, Status.NOT_YET
ENDED, UNDETERMINED, UNKNOWN = Status.ENDED, Status.UNDETERMINED, Status.UNKNOWN


@pytest.mark.parametrize(
    ("on", "count"),
    [
        (date(2023, 11, 1), 74_044),
        (date(2024, 11, 1), 74_260),
        (date(2025, 11, 1), 74_719),
        (date(2026, 11, 1), 74_879),
    ],
)
def test_each_fiscal_year_has_the_official_number_of_valid_codes(
    icd10: CodeSet, on: date, count: int
) -> None:
    assert sum(1 for _ in icd10.codes(on)) == count


@pytest.mark.parametrize(
    ("code", "on", "status"),
    [
        ("E11.9", date(2024, 3, 1), VALID),
        ("e119", date(2024, 3, 1), VALID),
        ("E11", date(2024, 3, 1), HEADER),
        ("E11", None, HEADER),
        ("E11.9", None, UNDETERMINED),
        ("E11.9", date(2015, 9, 30), NOT_YET),
        ("E11", date(2015, 9, 30), NOT_YET),
        ("E11.9", date(2015, 10, 1), VALID),
        ("E11.9", date(2027, 3, 31), VALID),
        ("E11.9", date(2027, 4, 1), UNDETERMINED),
        ("E11", date(2027, 4, 1), UNDETERMINED),
        ("N18.3", date(2020, 9, 30), VALID),
        ("N18.3", date(2020, 10, 1), HEADER),
        ("N18.30", date(2020, 9, 30), NOT_YET),
        ("H81.41", date(2019, 9, 30), VALID),
        ("H81.41", date(2019, 10, 1), ENDED),
        ("S52.501", date(2024, 3, 1), HEADER),
        ("S52.501A", date(2024, 3, 1), VALID),
        ("E11.99", date(2024, 3, 1), UNKNOWN),
        ("E11.99", None, UNKNOWN),
        ("E11.99", date(2030, 1, 1), UNKNOWN),
        ("no code", date(2024, 3, 1), UNKNOWN),
        ("", date(2024, 3, 1), UNKNOWN),
    ],
)
def test_status_of_icd10cm_codes(
    icd10: CodeSet, code: str, on: date | None, status: Status
) -> None:
    assert icd10.status(code, on) is status


@pytest.mark.parametrize(
    ("code", "on", "status"),
    [
        ("786.50", date(2007, 1, 15), VALID),
        ("780.6", date(2007, 1, 15), VALID),
        ("780.60", date(2007, 1, 15), NOT_YET),
        ("780.6", date(2008, 10, 1), HEADER),
        ("780.60", date(2008, 10, 1), VALID),
        ("V10.3", date(2007, 1, 15), VALID),
        ("E850.0", date(2007, 1, 15), VALID),
        ("E850", date(2007, 1, 15), HEADER),
        ("250", date(2007, 1, 15), HEADER),
        ("786.50", date(2015, 9, 30), VALID),
        ("786.50", date(2015, 10, 1), ENDED),
        ("250", date(2015, 10, 1), ENDED),
        ("786.50", date(1985, 10, 1), VALID),
        ("786.50", date(1985, 9, 30), UNDETERMINED),
        ("250", date(1985, 9, 30), UNDETERMINED),
        ("E11.9", date(2007, 1, 15), UNKNOWN),
    ],
)
def test_status_of_icd9cm_codes(icd9: CodeSet, code: str, on: date, status: Status) -> None:
    assert icd9.status(code, on) is status


def test_billable_is_unknown_where_the_release_cannot_know(icd10: CodeSet) -> None:
    assert icd10.billable("E11.9", date(2024, 1, 1)) is True
    assert icd10.billable("E11", date(2024, 1, 1)) is False
    assert icd10.billable("E11.9", date(2028, 1, 1)) is None


def test_rows_that_differ_only_in_flags_make_one_window(icd10: CodeSet) -> None:
    assert icd10.windows("N40.0") == (Window(date(2015, 10, 1), None),)
    assert icd10.flags("N40.0", date(2024, 9, 30)) == ("adult", "male")
    assert icd10.flags("N40.0", date(2024, 10, 1)) == ("adult",)


def test_an_end_at_the_horizon_is_not_an_end(icd10: CodeSet, icd9: CodeSet) -> None:
    assert icd10.horizon == date(2027, 3, 31)
    assert icd10.windows("E11.9")[-1].end is None
    assert icd10.windows("H81.41") == (Window(date(2015, 10, 1), date(2019, 9, 30)),)
    assert icd9.windows("786.50") == (Window(date(1985, 10, 1), date(2015, 9, 30)),)


def test_flags_cannot_be_known_without_a_day_or_after_the_horizon(icd10: CodeSet) -> None:
    assert icd10.flags("N40.0", None) is None
    assert icd10.flags("N40.0", date(2030, 1, 1)) is None
    assert icd10.manifestation("G63", None) is None
    assert icd10.flags("not a code", date(2024, 1, 1)) is None


def test_medicare_code_editor_flags(icd10: CodeSet, icd9: CodeSet) -> None:
    on = date(2024, 1, 1)
    assert icd10.manifestation("G63", on) is True
    assert icd10.manifestation("E11.9", on) is False
    assert icd10.unacceptable_principal("B96.20", on) is True
    assert icd10.external_cause("W19.XXXA", on) is True
    assert icd9.manifestation("357.2", date(2007, 1, 15)) is True


def test_age_ranges_by_date(icd10: CodeSet) -> None:
    assert icd10.age_range("maternity", date(2019, 9, 30)) == (12, 55)
    assert icd10.age_range("maternity", date(2019, 10, 1)) == (9, 64)
    assert icd10.age_range("male", date(2019, 10, 1)) is None


def test_successors_of_ended_codes(icd10: CodeSet, icd9: CodeSet) -> None:
    assert icd10.successors("H81.41") == ("H81.4",)
    assert icd10.successors("A04.7") == ("A04.71", "A04.72")
    assert icd10.successors("E11.9") == ()
    assert "780.60" in icd9.successors("780.6")
