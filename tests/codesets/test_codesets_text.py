from datetime import date

import pytest

from codewarrant.codesets import UNTITLED, CodeSet, SeventhState, Term, tabular
from codewarrant.codesets.errors import CodeSetError

APRIL_2026 = date(2026, 4, 15)


def test_every_code_valid_on_the_day_of_the_text_has_a_title(icd10: CodeSet) -> None:
    assert [code for code in icd10.codes(APRIL_2026) if icd10.title(code) is None] == []


def test_a_valid_code_without_text_says_so(icd10: CodeSet) -> None:
    new = set(icd10.codes(date(2026, 11, 1))) - set(icd10.codes(APRIL_2026))
    assert len(new) == 190
    assert {icd10.title_text(code) for code in new} == {UNTITLED}
    assert icd10.title("no code") is None


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("E11.9", "Type 2 diabetes mellitus without complications"),
        (
            "S72.011B",
            (
                "Unspecified intracapsular fracture of right femur, "
                "initial encounter for open fracture type I or II"
            ),
        ),
        ("S02.0XXS", "Fracture of vault of skull, sequela"),
    ],
)
def test_titles_of_icd10cm(icd10: CodeSet, code: str, title: str) -> None:
    assert icd10.title(code) == title


def test_titles_of_icd9cm(icd9: CodeSet) -> None:
    assert icd9.title("250.00") is not None
    assert icd9.title("386.00") == "Ménière's disease, unspecified"
    for code in ("780.6", "599.7", "795.5", "596.8"):
        assert icd9.title(code) is not None
    assert icd9.title_text("250") == UNTITLED


def test_notes_come_with_the_level_they_stand_on(icd10: CodeSet) -> None:
    notes = icd10.notes("E11.22")
    assert {note.level for note in notes} == {"code", "chapter"}
    assert next(note.source for note in notes if note.kind == "useAdditionalCode") == "E11.22"
    assert {note.source for note in notes if note.kind == "includes"} == {"E11"}
    assert {note.source for note in notes if note.level == "chapter"} == {"4"}
    assert icd10.notes("E11.22", inherited=False) == tuple(
        note for note in notes if note.source == "E11.22"
    )
    assert {note.kind for note in icd10.notes("E11.22", "excludes1")} == {"excludes1"}


def test_notes_of_a_section(icd10: CodeSet) -> None:
    assert "section" in {note.level for note in icd10.notes("S02.0XXA", "excludes2")}


def test_notes_of_the_wider_sections_around_a_section(icd10: CodeSet) -> None:
    """V01 stands in V00-V09, which stands in V00-V99; the narrowest comes first."""
    sources = [n.source for n in icd10.notes("V01.10XA", "excludes1") if n.level == "section"]
    assert list(dict.fromkeys(sources)) == ["V00-V09", "V00-V99"]
    assert "T20-T32" in {n.source for n in icd10.notes("T20.70XA", "excludes2")}
    section = icd10.section("V01.10XA")
    assert section is not None
    assert section.name == "V00-V09"


def test_inclusion_terms_belong_to_their_code_alone(icd10: CodeSet) -> None:
    own = {note.text for note in icd10.notes("S02.0", "inclusionTerm")}
    assert "Fracture of frontal bone" in own
    assert {note.text for note in icd10.notes("S02.0XXA", "inclusionTerm")} == own
    assert icd10.notes("J06", "inclusionTerm") == ()
    assert all(n.source == "J06.9" for n in icd10.notes("J06.9", "inclusionTerm"))


def test_every_kind_of_note_is_kept(icd10: CodeSet) -> None:
    kinds = {note.kind for head in icd10.codes(APRIL_2026) for note in icd10.notes(head)}
    assert kinds == set(tabular.NOTE_KINDS)


def test_terms_are_those_in_force(icd10: CodeSet, icd9: CodeSet) -> None:
    terms = list(icd10.terms(APRIL_2026))
    titled = {term.code for term in terms if term.kind == "title"}
    assert titled >= set(icd10.codes(APRIL_2026))
    assert Term("I10", "includes", "high blood pressure") in terms
    assert Term("E11", "title", "Type 2 diabetes mellitus") in terms
    alone = list(icd10.terms(APRIL_2026, headers=False))
    assert {term.code for term in alone} == set(icd10.codes(APRIL_2026))
    old = {term.code for term in icd9.terms(date(2007, 1, 15))}
    assert "780.6" in old
    assert "780.60" not in old


def test_seventh_characters_and_placeholders(icd10: CodeSet) -> None:
    assert icd10.complete("S02.0", "A") == "S02.0XXA"
    assert icd10.complete("W19", "a") == "W19.XXXA"
    assert icd10.complete("S72.001", "C") == "S72.001C"
    assert icd10.complete("S72.001", "Z") is None
    assert icd10.complete("S72.00", "A") is None
    assert icd10.complete("E11.9", "A") is None
    assert icd10.complete("S72.001A", "A") is None
    assert icd10.complete("no code", "A") is None
    meanings = {item.character: item.meaning for item in icd10.seventh_characters("S72.001")}
    assert meanings["A"] == "initial encounter for closed fracture"
    assert len(meanings) == 16
    found = {item.character: item for item in icd10.seventh_characters("H34.812")}
    assert found["2"].includes == ("Old central retinal vein occlusion",)


def test_seventh_character_state(icd10: CodeSet) -> None:
    assert icd10.seventh_character("S72.001") is SeventhState.MISSING
    assert icd10.seventh_character("S72.001A") is SeventhState.PRESENT
    assert icd10.seventh_character("E11.9") is SeventhState.NOT_USED
    assert icd10.seventh_character("E08.321", date(2016, 1, 1)) is SeventhState.NOT_USED
    assert icd10.seventh_character("E08.321", date(2017, 1, 1)) is SeventhState.MISSING
    with pytest.raises(KeyError):
        icd10.seventh_character("E99.9")


def test_seventh_characters_that_do_not_exist_are_left_out(icd10: CodeSet) -> None:
    """The tabular list defines D and S for S06.8A7; the code set has no such codes."""
    assert icd10.complete("S06.8A7", "A") == "S06.8A7A"
    assert icd10.complete("S06.8A7", "D") is None
    assert "S06.8A7D" not in icd10


def test_a_new_file_of_another_kind_is_refused() -> None:
    with pytest.raises(CodeSetError, match=r"found `ICD10CM\.index`"):
        tabular.read(b"<ICD10CM.index/>")
    with pytest.raises(CodeSetError, match="not well-formed"):
        tabular.read(b"<ICD10CM.tabular><chapter>")
    with pytest.raises(CodeSetError, match="no chapter"):
        tabular.read(b"<ICD10CM.tabular/>")


def test_suggestions(icd10: CodeSet) -> None:
    on = date(2024, 1, 1)
    assert icd10.suggest("E1I.9", on)[0] == "E11.9"
    assert icd10.suggest("I48.19")[:2] == ("I48.19", "I48.91")
    assert icd10.suggest("R07.99", on)[0] == "R07.9"
    assert "M17.11" in icd10.suggest("M17.1", on)
    assert icd10.suggest("completely different") == ()
    assert icd10.suggest("") == ()


def test_every_code_of_icd9cm_valid_in_2007_or_later_has_a_title(icd9: CodeSet) -> None:
    for on in (date(2007, 1, 15), date(2008, 10, 1), date(2011, 1, 1), date(2015, 9, 30)):
        assert [code for code in icd9.codes(on) if icd9.title(code) is None] == []
