from datetime import date

import pytest

from codewarrant.codesets import CodeSet

OPPOSITE = {"left": "right", "right": "left"}


@pytest.mark.parametrize(
    ("left", "right", "bilateral", "unspecified"),
    [
        ("M17.12", "M17.11", "M17.0", "M17.10"),
        ("H25.012", "H25.011", "H25.013", "H25.019"),
        ("C50.012", "C50.011", None, "C50.019"),
        ("S72.002A", "S72.001A", None, "S72.009A"),
        ("E11.3212", "E11.3211", "E11.3213", "E11.3219"),
        ("H40.1121", "H40.1111", "H40.1131", "H40.1191"),
        ("L97.221", "L97.211", None, "L97.201"),
        ("M79.605", "M79.604", None, "M79.606"),
        ("I63.512", "I63.511", "I63.513", "I63.519"),
        ("C34.12", "C34.11", None, "C34.10"),
    ],
)
def test_families(
    icd10: CodeSet, left: str, right: str, bilateral: str | None, unspecified: str
) -> None:
    family = {"left": left, "right": right, "bilateral": bilateral, "unspecified": unspecified}
    for side, code in family.items():
        if code is not None:
            assert icd10.laterality(code) == side
    for code in (left, right, unspecified):
        assert {side: icd10.sibling(code, side) for side in family} == family


def test_hemiplegia_of_an_unspecified_side_leaves_dominance_open(icd10: CodeSet) -> None:
    assert icd10.laterality("G81.91") == "right"
    assert icd10.sibling("G81.91", "left") == "G81.92"
    assert icd10.sibling("G81.91", "unspecified") == "G81.90"
    assert icd10.sibling("G81.90", "right") is None


@pytest.mark.parametrize("code", ["E11.9", "I50.1", "I50.813", "T81.523S", "K40.90", "H54.62"])
def test_words_for_sides_that_are_no_choice_of_side(icd10: CodeSet, code: str) -> None:
    assert icd10.laterality(code) is None


def test_two_hernias_are_bilateral(icd10: CodeSet) -> None:
    assert icd10.laterality("K40.20") == "bilateral"


def test_left_and_right_are_siblings_of_each_other(icd10: CodeSet) -> None:
    for code in list(icd10.codes(date(2026, 4, 15)))[::40]:
        side = icd10.laterality(code)
        if side in OPPOSITE:
            other = icd10.sibling(code, OPPOSITE[side])
            assert other is not None
            assert icd10.laterality(other) == OPPOSITE[side]
            assert icd10.sibling(other, side) == code
            title = icd10.title(other)
            assert title is not None
            assert OPPOSITE[side] in title.lower()


def test_unknown_codes_and_sides(icd10: CodeSet) -> None:
    assert icd10.laterality("no code") is None
    assert icd10.sibling("no code", "left") is None
    with pytest.raises(ValueError, match="`up`"):
        icd10.sibling("M17.11", "up")


def test_unspecified_titles(icd10: CodeSet) -> None:
    assert icd10.unspecified("M17.10") is True
    assert icd10.unspecified("M17.11") is False
    assert icd10.unspecified("no code") is None
