"""The codes that a note names, in every form in which the tabular list names them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.codesets import CodeSet
from codewarrant.codesets.conventions_notes import Notes
from codewarrant.codesets.conventions_references import Narrowing, read


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("candidiasis (B37.-)", ["B37"]),
        ("essential hypertension (I10)", ["I10"]),
        ("pleural effusion (J91.0))", ["J91.0"]),
        ("hairy nevus (D22.-)", ["D22"]),
        ("multiple sclerosis (G35-)", ["G35"]),
        ("wound of head (S01.-) (S02.0XXA)", ["S01", "S02.0XXA"]),
        ("nerve root compression (M47.0-, M47.2.-)", ["M47.0", "M47.2"]),
        ("cancer of canal (external) (C43.2-,C44.2-)", ["C43.2", "C44.2"]),
        ("perinatal infection (P35-P39)", ["P35:P39"]),
        ("rheumatic fever (I01.0 -I01.9)", ["I01.0:I01.9"]),
        ("arthritis by site, if known (M05.00 to M05.8A)", ["M05.00:M05.8A"]),
        ("apnea of newborn (P28.3- - P28.4-)", ["P28.3:P28.4"]),
        ("atherosclerosis (I70.2--I70.7-)", ["I70.2:I70.7"]),
        ("drug dependence (F10.--F19.-)", ["F10:F19"]),
        ("drug dependence (F10.-F19.-)", ["F10:F19"]),
        ("eating disorders (F98.2.-F98.3)", ["F98.2:F98.3"]),
        ("adverse effects (A00-R94 and T80-T88.6, T88.8)", ["A00:R94", "T80:T88.6", "T88.8"]),
        ("pneumonia (J12-J15); abscess (K63.0)", ["J12:J15", "K63.0"]),
        ("epilepsy (QA0.0)", ["QA0.0"]),
        ("history of fall Z91.81", ["Z91.81"]),
        ("any condition classifiable to S06.4-S06.6", ["S06.4:S06.6"]),
        ("injuries in subcategories S06.1- to S06.6-, and S06.81-", ["S06.1:S06.6", "S06.81"]),
        ("absence of knee joint (Z89.52-", ["Z89.52"]),
        ("electrolyte imbalance (E87.8}", ["E87.8"]),
        ("glucose-6-phosphate dehydrogenase (G6PD) deficiency (D75.A)", ["D75.A"]),
        ("pneumoconiosis with tuberculosis, any type in A15 (J65)", ["J65"]),
        ("current injury - see injury of spine by body region", []),
        ("acute respiratory distress syndrome", []),
        ("code, if applicable, for codes G31.0-G31.83, to identify:", []),
    ],
)
def test_codes_are_read_in_every_form(text: str, spans: list[str]) -> None:
    """``A:B`` is a range, one code stands for itself and all below."""
    found = [a if a == b else f"{a}:{b}" for a, b in read(text).spans]
    assert found == spans


@pytest.mark.parametrize(
    ("text", "admitted", "refused"),
    [
        ("skin (E08-E13 with .62-)", ["E11620", "E08628"], ["E1152", "E1162X0"[:4]]),
        ("angiopathy (E08-E13 with .51-.52)", ["E1151", "E1352"], ["E1159", "E115"]),
        ("coma (E08, E11 with final characters .00 or .01)", ["E1100", "E0801"], ["E1110"]),
        ("psychosis (F10-F19 with .15. .25, .95)", ["F10151", "F1925"], ["F1014"]),
        ("stuttering (I69. with final characters -23)", ["I69023", "I69323"], ["I6923", "I69230"]),
        ("fracture (S02.- with 7th character B)", ["S020XXB"], ["S020XXA", "S02B"]),
        ("fracture (S42.- with 7th character B or C)", ["S42001B", "S42001C"], ["S42001A"]),
        ("fracture (S92.-with 7th character B)", ["S92001B"], ["S92001D"]),
        ("disc (M51.- with fifth character 4)", ["M5124"], ["M5126", "M512"]),
        ("drug (T36-T50 with fifth or sixth character 5)", ["T390X5A", "T39015A", "T3695XA"],
         ["T390X1A", "T39011A", "T3691XA", "T39051A"]),
        ("drug (T36-T65 with fifth or sixth character 1-4 or 6)", ["T39011A", "T3696XA"],
         ["T39015A", "T3695XA"]),
        ("drug (T36-T50) with fifth or sixth character 6", ["T39016A"], ["T39011A"]),
        ("collision (V01-V09 with 5th character 1)", ["V0111XA"], ["V0190XA"]),
        ("whooping cough (A37 with fifth-character 1)", ["A3701"], ["A3700"]),
        ("underdosing (T36-T50 with final character 6)", ["T360X6A", "T3696XA"], ["T360X1A"]),
        ("hallucinations (F11-F19 with fifth to sixth characters 51)", ["F11151"], ["F11150"]),
        ("leukemia in remission C91.0-C95.9 with 5th character 1", ["C9101"], ["C9100"]),
    ],
)  # fmt: skip
def test_characters_narrow_the_codes(text: str, admitted: list[str], refused: list[str]) -> None:
    """A clause after ``with`` admits exactly the codes that have its characters."""
    narrowing = read(text).narrowing
    assert narrowing is not None
    assert [bare for bare in admitted if not narrowing.admits(bare)] == []
    assert [bare for bare in refused if narrowing.admits(bare)] == []


@pytest.mark.parametrize(
    "text",
    [
        "open fracture (S52.- with open fracture 7th character)",
        "poisoning (T51-T65 with fifth or sixth character to indicate intent), for lungs",
        "diabetic acidosis - see categories E08-E10, E11, E13 with ketoacidosis",
    ],
)
def test_characters_told_in_words_are_kept_unread(text: str) -> None:
    found = read(text)
    assert found.narrowing is None
    assert found.unread.startswith("with ")
    assert found.spans


def test_the_condition_is_what_remains_without_the_codes() -> None:
    assert read("fire-setting (by) (in): (F10.-)").words == "fire-setting (by) (in):"
    assert read("diabetic foot (E08-E13 with .62-)").words == "diabetic foot"
    assert read("effects (T20 with 7th character A), chronic").words == "effects , chronic"
    assert read("code (Chapter 20) to identify external cause").chapter == "20"


@given(st.text(alphabet="ABCTZ0123456789.-,() withcharcter57th-toX\n", max_size=80))
def test_any_text_is_read(text: str) -> None:
    """No text raises, and no span or narrowing is empty."""
    found = read(text)
    assert all(first and last for first, last in found.spans)
    assert found.narrowing is None or found.narrowing.values


def test_a_narrowing_by_the_end_takes_no_header() -> None:
    assert Narrowing(0, ("20",)).admits("I69320")
    assert not Narrowing(0, ("20",)).admits("I6932")


def test_nearly_every_code_of_every_note_stands_in_the_release(icd10: CodeSet) -> None:
    """The three exceptions are slips of the official text."""
    kinds = ("excludes1", "excludes2", "codeFirst", "useAdditionalCode", "codeAlso")
    unknown = set()
    read_notes = 0
    for code in every_code_with_notes(icd10):
        for note in icd10.notes(code):
            if note.kind in kinds:
                read_notes += 1
                for span in read(note.text).spans:
                    unknown |= {(end, note.source) for end in span if icd10.position(end) is None}
    assert read_notes > 10_000
    assert unknown == {("G31.90", "F02"), ("R10.4", "R10.85")}


def test_a_missing_end_of_a_range_is_where_it_would_stand(icd10: CodeSet) -> None:
    """``R10.1-R10.4-`` was written after R10.4 was taken away."""
    notes = Notes(icd10._columns)
    row = icd10.position("R10.85")
    assert row is not None
    note = next(note for note in notes.bearing_on(row) if "R10.1-R10.4-" in note.text)
    for code, inside in [("R10.10", True), ("R10.33", True), ("R10.0", False), ("R10.84", False)]:
        at = icd10.position(code)
        assert at is not None
        assert notes.names(note, at) is inside


def every_code_with_notes(icd10: CodeSet) -> list[str]:
    """One code of each place that has notes: categories for headings, and each code itself."""
    codes = icd10._columns.codes
    return [codes[row] for row, _ in icd10._columns._notes]
