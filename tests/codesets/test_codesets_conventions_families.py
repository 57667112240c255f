"""7th characters and placeholders, unspecified siblings, and combination candidates."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.codesets import CodeSet
from codewarrant.codesets.conventions_families import Combination
from codewarrant.codesets.conventions_sevenths import Seventh, SeventhRow

ON = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("written", "state", "base", "first"),
    [
        ("S52.501A", Seventh.RIGHT, "S52.501", "S52.501A"),
        ("S52.501", Seventh.MISSING, "S52.501", "S52.501A"),
        ("S52501Z", Seventh.WRONG, "S52.501", "S52.501A"),
        ("T36.0X1A", Seventh.RIGHT, "T36.0X1", "T36.0X1A"),
        ("S01.01", Seventh.MISSING, "S01.01", "S01.01XA"),
        ("S01.01A", Seventh.NO_PLACEHOLDER, "S01.01", "S01.01XA"),
        ("V43.52D", Seventh.NO_PLACEHOLDER, "V43.52", "V43.52XD"),
        ("W19", Seventh.MISSING, "W19", "W19.XXXA"),
        ("W19.A", Seventh.NO_PLACEHOLDER, "W19", "W19.XXXA"),
        ("w19xxxa", Seventh.RIGHT, "W19", "W19.XXXA"),
        ("M80.00XA", Seventh.RIGHT, "M80.00", "M80.00XA"),
        ("H40.11X0", Seventh.RIGHT, "H40.11", "H40.11X0"),
        ("O36.0110", Seventh.RIGHT, "O36.011", "O36.0110"),
        ("I10", Seventh.NOT_USED, "I10", None),
        ("I10XXXA", Seventh.UNEXPECTED, "I10", "I10"),
        ("S52", Seventh.NOT_USED, "S52", None),
    ],
)
def test_a_7th_character_is_judged_as_written(
    icd10: CodeSet, written: str, state: Seventh, base: str, first: str | None
) -> None:
    found = icd10.conventions.seventh(written)
    assert found is not None
    assert (found.state, found.base) == (state, base)
    assert next(iter(found.forms), None) == first


@pytest.mark.parametrize("written", ["", "I", "ZZZ", "E11.99", "nonsense", "S52.50999"])
def test_what_begins_as_no_known_code_is_not_judged(icd10: CodeSet, written: str) -> None:
    assert icd10.conventions.seventh(written) is None


def test_the_rows_are_every_code_with_a_7th_character(icd10: CodeSet) -> None:
    """Taken back to full codes, the table is what the release holds, and no code twice."""
    rows = icd10.conventions.seventh_rows()
    full = [form for row in rows for form in icd10.conventions.seventh_forms(row.code)]
    columns = icd10._columns
    expected = [code for at, code in enumerate(columns.codes) if columns.has_seventh(at)]
    assert sorted(full) == sorted(expected)
    assert len(rows) > 12_000
    assert SeventhRow("W19", "W19", 3, "ADS") in rows
    assert SeventhRow("S52.501", "S52", 0, "ABCDEFGHJKMNPQRS") in rows


@given(number=st.integers(0, 99_000), wrong=st.sampled_from("YZ"))
def test_the_right_forms_are_those_that_are_judged_right(
    icd10: CodeSet, number: int, wrong: str
) -> None:
    code = icd10._columns.codes[number % len(icd10)]
    for form in icd10.conventions.seventh_forms(code):
        right = icd10.conventions.seventh(form)
        assert right is not None
        assert (right.state, right.base) == (Seventh.RIGHT, code)
        spoiled = icd10.conventions.seventh(form[:-1] + wrong)
        assert spoiled is not None
        assert spoiled.state is Seventh.WRONG
        assert form in spoiled.forms
        assert icd10.complete(code, form[-1]) == form


@pytest.mark.parametrize(
    ("code", "some"),
    [
        ("M17.10", {"M17.11", "M17.12"}),
        ("M17.9", {"M17.0", "M17.11", "M17.2"}),
        ("I50.9", {"I50.20", "I50.33", "I50.42"}),
        ("S52.509A", {"S52.501A", "S52.502A", "S52.511A"}),
        ("S52.501A", {"S52.511A", "S52.514A"}),
        ("C50.919", {"C50.911", "C50.912", "C50.111"}),
        ("J45.909", {"J45.20", "J45.50"}),
    ],
)
def test_more_specific_codes_stand_beside_an_unspecified_one(
    icd10: CodeSet, code: str, some: set[str]
) -> None:
    found = icd10.conventions.more_specific(code, ON)
    assert some <= set(found)
    assert code not in found
    assert all(icd10.billable(item, ON) for item in found)


@pytest.mark.parametrize("code", ["I10", "E11.22", "M17.11", "S52.511A", "nonsense"])
def test_a_specific_code_has_none_more_specific(icd10: CodeSet, code: str) -> None:
    assert icd10.conventions.more_specific(code, ON) == ()


def test_the_unspecified_code_of_a_family_is_found(icd10: CodeSet) -> None:
    of = icd10.conventions.unspecified_of
    assert of("M17.11", ON) == ("M17.10",)
    assert of("S52.501A", ON) == ("S52.509A",)
    assert of("J15.0", ON) == ("J15.9",)
    assert of("M17.10", ON) == ()
    assert of("I10", ON) == ()


def test_a_7th_character_is_kept_among_siblings(icd10: CodeSet) -> None:
    found = icd10.conventions.more_specific("S52.509A", ON)
    assert {code[-1] for code in found} == {"A"}


@pytest.mark.parametrize(
    ("codes", "combined"),
    [
        (["E11.9", "N18.30"], "E11.22"),
        (["I11.9", "I50.9"], "I11.0"),
        (["K58.9", "K59.00"], "K58.1"),
        (["I25.10", "I20.9"], "I25.119"),
    ],
)
def test_two_conditions_with_one_code_for_both_are_a_candidate(
    icd10: CodeSet, codes: list[str], combined: str
) -> None:
    found = icd10.conventions.combining(codes)
    assert found is not None
    assert combined in {item.code for item in found}
    again = icd10.conventions.combining([*codes, combined]) or ()
    assert combined not in {item.code for item in again}


def test_unrelated_conditions_are_no_candidate(icd10: CodeSet) -> None:
    assert icd10.conventions.combining(["I10", "M17.11"]) == ()
    assert icd10.conventions.combining(["E11.9"]) == ()


def test_candidates_join_conditions_of_different_categories(icd10: CodeSet) -> None:
    found = icd10.conventions.combinations()
    assert len(found) > 80
    assert Combination("E11.22", "E11", "N18") in found
    for item in found:
        title = icd10.title(item.code) or ""
        assert " with " in title
        assert "without" not in title
        assert item.first[:3] != item.second[:3]


def test_a_system_without_notes_has_no_conventions(icd9: CodeSet) -> None:
    """ICD-9-CM is installed with titles alone."""
    assert icd9.conventions.exclusions(["250.00", "401.9", "E800.0"]) == ()
    assert icd9.conventions.orders(["250.00", "401.9"]) == ()
    assert icd9.conventions.seventh_rows() == ()
    assert icd9.conventions.hard_edits(["250.00", "250.0"])[0].codes == ("250.0",)
