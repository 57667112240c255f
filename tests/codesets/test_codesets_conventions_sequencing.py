"""Etiology and manifestation, code first, use additional code, code also."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.codesets import CodeSet


def pairs(icd10: CodeSet, *codes: str) -> list[tuple[str, str, str]]:
    orders = icd10.conventions.orders(codes)
    assert orders is not None
    return sorted({(item.first, item.then, item.kind) for item in orders})


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("G30.9", "F02.80"),
        ("E11.621", "L97.511"),
        ("I12.9", "N18.30"),
        ("I13.0", "I50.9"),
        ("I11.0", "I50.22"),
        ("A41.9", "R65.20"),
        ("T81.44XA", "A41.9"),
        ("C50.911", "D63.0"),
        ("N18.4", "D63.1"),
        ("I96", "L89.153"),
        ("K76.6", "K31.89"),
        ("N40.1", "R33.8"),
        ("E85.4", "G63"),
        ("E11.9", "Z79.4"),
        ("J44.9", "Z87.891"),
        ("N39.0", "B96.20"),
        ("T39.011A", "G92.8"),
        ("G92.8", "T39.015A"),
        ("U07.1", "J12.82"),
        ("O99.212", "E66.9"),
    ],
)
def test_notes_put_one_code_before_the_other(icd10: CodeSet, first: str, then: str) -> None:
    """The order holds whichever of the two has the note, and however they are given."""
    found = [pair[:2] for pair in pairs(icd10, then, first) if pair[2] != "codeAlso"]
    assert found
    assert set(found) == {(first, then)}


def test_code_also_gives_no_order(icd10: CodeSet) -> None:
    assert pairs(icd10, "J45.909", "J44.9") == [("J44.9", "J45.909", "codeAlso")]


def test_unrelated_codes_have_no_order(icd10: CodeSet) -> None:
    assert pairs(icd10, "I10", "E78.5", "M17.11", "N39.0") == []


def test_characters_of_a_drug_code_decide_which_side_it_stands(icd10: CodeSet) -> None:
    """Toxic encephalopathy: after a poisoning, before an adverse effect."""
    assert pairs(icd10, "G92.8", "T39.011A") == [("T39.011A", "G92.8", "codeFirst")]
    assert pairs(icd10, "G92.8", "T39.015A") == [("G92.8", "T39.015A", "useAdditionalCode")]


def test_a_condition_on_a_note_is_kept(icd10: CodeSet) -> None:
    """``if applicable`` at the head of a list holds for all of it."""
    notes = icd10.conventions.sequencing_notes("A41.9", "codeFirst")
    assert len(notes) == 6
    assert {note.condition for note in notes} == {"if applicable"}
    (note,) = icd10.conventions.sequencing_notes("M36.0", "codeFirst")
    assert (note.condition, note.open) == ("", False)
    assert note.named == (("C00", "D49.9"),)
    known = icd10.conventions.sequencing_notes("R41.840", "codeFirst")
    assert {note.condition for note in known} == {"if known"}


def test_a_list_of_examples_is_open(icd10: CodeSet) -> None:
    notes = icd10.conventions.sequencing_notes("G63", "codeFirst")
    assert all(note.open and note.condition == "" for note in notes)
    assert {"E85"} <= {first for note in notes for first, _ in note.named}


def test_a_note_in_words_names_nothing_and_is_open(icd10: CodeSet) -> None:
    (note,) = icd10.conventions.sequencing_notes("G94", "codeFirst")
    assert (note.text, note.named, note.open) == ("underlying disease", (), True)


def test_a_note_narrowed_by_characters_says_so(icd10: CodeSet) -> None:
    (note,) = icd10.conventions.sequencing_notes("G92.8", "codeFirst")
    assert note.narrowed
    assert note.condition == "if applicable"


@pytest.mark.parametrize(
    ("code", "other", "found"),
    [
        ("F02.80", "I10", ("F02.80", False)),
        ("M36.0", "I10", ("M36.0", True)),
        ("G94", "I10", ("G94", False)),
        ("R65.20", "I10", ("R65.20", False)),
        ("T20.70XA", "I10", ("T20.70XA", True)),
    ],
)
def test_a_manifestation_alone_lacks_its_etiology(
    icd10: CodeSet, code: str, other: str, found: tuple[str, bool]
) -> None:
    """It is certain only where the note names every etiology."""
    lacking = icd10.conventions.lacking_etiology([code, other])
    assert lacking is not None
    assert [(item.code, item.certain) for item in lacking] == [found]


def test_a_manifestation_with_its_etiology_lacks_nothing(icd10: CodeSet) -> None:
    for codes in (["F02.80", "G30.9"], ["M36.0", "C91.00"], ["R65.20", "A41.9"], ["E11.9", "I10"]):
        assert icd10.conventions.lacking_etiology(codes) == ()


def test_what_cannot_be_known_or_asked_is_refused(icd10: CodeSet) -> None:
    late = icd10.horizon + timedelta(days=1)
    assert icd10.conventions.orders(["G30.9", "F02.80"], late) is None
    assert icd10.conventions.lacking_etiology(["F02.80"], late) is None
    with pytest.raises(ValueError, match="excludes1"):
        icd10.conventions.sequencing_notes("F02.80", "excludes1")
    assert icd10.conventions.sequencing_notes("nonsense", "codeFirst") == ()


def test_what_medicare_flags_as_manifestation_needs_an_etiology(icd10: CodeSet) -> None:
    """An independent source: 422 codes that Medicare's editor refuses first, all found in text."""
    on = date(2026, 9, 30)
    flagged = {code for code in icd10.codes(on) if icd10.manifestation(code, on)}
    needing = {code for code in icd10.codes(on) if icd10.conventions.needs_etiology(code)}
    titled = {
        code for code in icd10.codes(on) if icd10.conventions.in_diseases_classified_elsewhere(code)
    }
    assert len(flagged) == 422
    assert flagged - needing == set()
    assert titled <= needing
    assert len(titled & flagged) == 294
    assert len(needing) < 2_000


@pytest.mark.parametrize("code", ["I50.9", "N18.4", "L89.153", "I10", "M05.A", "A41.9", "I82.409"])
def test_a_conditional_note_needs_no_etiology(icd10: CodeSet, code: str) -> None:
    assert not icd10.conventions.needs_etiology(code)


@given(numbers=st.lists(st.integers(0, 99_000), min_size=2, max_size=6, unique=True))
def test_a_set_is_ordered_as_its_pairs_are(icd10: CodeSet, numbers: list[int]) -> None:
    codes = [icd10._columns.codes[number % len(icd10)] for number in numbers]
    whole = icd10.conventions.orders(codes)
    assert whole == icd10.conventions.orders(codes[::-1])
    apart = {
        item
        for at, code in enumerate(codes)
        for other in codes[at + 1 :]
        for item in icd10.conventions.orders([code, other]) or ()
    }
    assert set(whole or ()) == apart
