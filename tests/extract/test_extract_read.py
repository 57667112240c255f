"""Notes and displays read to mentions, findings and sentences."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codewarrant.engine.values import Code
from codewarrant.extract.lexicon import Lexicon, Term, compile_lexicon
from codewarrant.extract.read import Reader, reader_version
from codewarrant.extract.tables import load_tables
from codewarrant.schema import Note, Unread

TABLES = load_tables()
TERMS = [
    Term(Code("icd10cm", code), title, "title")
    for code, title in {
        "A41.9": "Sepsis, unspecified organism",
        "B20": "Human immunodeficiency virus [HIV] disease",
        "E11.9": "Type 2 diabetes mellitus without complications",
        "I10": "Essential (primary) hypertension",
        "J18.9": "Pneumonia, unspecified organism",
        "J45.909": "Unspecified asthma, uncomplicated",
        "M25.562": "Pain in left knee",
        "M25.569": "Pain in unspecified knee",
        "N13.70": "Vesicoureteral-reflux, unspecified",
        "R05.9": "Cough, unspecified",
        "R07.9": "Chest pain, unspecified",
        "R50.9": "Fever, unspecified",
        "Z80.3": "Family history of malignant neoplasm of breast",
        "C50.919": "Malignant neoplasm of unspecified site of unspecified female breast",
        "U07.1": "COVID-19",
    }.items()
]
READER = Reader(Lexicon.from_bytes(compile_lexicon(TERMS, TABLES["abbreviations"], TABLES)), TABLES)


def note(text, kind="", source="DocumentReference/1", day: date | None = date(2026, 3, 1)):
    return Note(
        source=source,
        path="content[0].attachment",
        digest="d" * 64,
        text=text,
        kind=kind,
        date=day,
    )


def read(text, kind=""):
    return READER.read([note(text, kind)])


def told(text, kind=""):
    return {
        (m.code.value, m.polarity, m.certainty, m.temporality, m.experiencer, m.section)
        for m in read(text, kind).mentions
    }


OFFICE = """CHIEF COMPLAINT: Cough

HPI
History of hypertension. Denies chest pain.

# Family History
Asthma

PAST MEDICAL HISTORY:
1. Pneumonia
2. Type 2 diabetes

ASSESSMENT AND PLAN
- Possible pneumonia.
Return precautions:
Fever
"""


def test_sections_give_context():
    assert told(OFFICE) == {
        ("R05.9", "affirmed", "confirmed", "current", "patient", "chief complaint"),
        ("I10", "affirmed", "confirmed", "current", "patient", "history of present illness"),
        ("R07.9", "negated", "confirmed", "current", "patient", "history of present illness"),
        ("J45.909", "affirmed", "confirmed", "current", "family", "family history"),
        ("J18.9", "affirmed", "confirmed", "historical", "patient", "past medical history"),
        ("E11.9", "affirmed", "confirmed", "current", "patient", "past medical history"),
        ("J18.9", "affirmed", "suspected", "current", "patient", "assessment and plan"),
        ("R50.9", "affirmed", "confirmed", "hypothetical", "patient", "instructions"),
    }


def test_the_assessment_is_told_before_other_sections():
    """Order of documentation follows the rank of sections, then the place."""
    sections = [m.section for m in read(OFFICE).mentions]
    assert sections[0] == "assessment and plan"
    assert sections[-1] == "instructions"


def test_the_kind_of_a_note_is_its_section():
    assert told("History of fever.", "CLINICAL_HISTORY") == {
        ("R50.9", "affirmed", "confirmed", "current", "patient", "indication")
    }
    assert told("Pneumonia.", "IMPRESSION") == {
        ("J18.9", "affirmed", "confirmed", "current", "patient", "impression")
    }


def test_lifelong_conditions_are_not_past_because_a_history_names_them():
    assert ("I10", "current") in {(x[0], x[3]) for x in told("History of hypertension.")}
    assert ("A41.9", "historical") in {(x[0], x[3]) for x in told("History of sepsis.")}
    assert ("J45.909", "historical") in {(x[0], x[3]) for x in told("Asthma has resolved.")}


def test_family_history_as_a_code_is_the_patient_s_own():
    assert told("Family History:\nFamily history of malignant neoplasm of breast.") == {
        ("Z80.3", "affirmed", "confirmed", "current", "patient", "family history")
    }


def test_passages_stand_at_their_code_points():
    text = "Größe 1,80 m 🫁. Known ﬁbrosis; naïve “T2DM”, left knee pain.\r\nFièvre – fever."
    reading = read(text)
    assert {m.code.value for m in reading.mentions} == {"E11.9", "M25.562", "R50.9"}
    for mention in reading.mentions:
        place = mention.evidence[0]
        assert text[place.begin : place.end] == place.text == mention.phrase


def test_the_side_near_a_mention_is_kept():
    sides = {m.code.value: m.side for m in read("Left knee pain. Pneumonia, right.").mentions}
    assert sides["M25.562"] == "left"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She is pregnant.", {("pregnant", None, None, None, None)}),
        ("28 weeks pregnant.", {("pregnant", 28, None, None, None)}),
        ("G2P1 at gestational age of 31 weeks", {("pregnant", 31, None, None, None)}),
        ("She is not pregnant.", set()),
        ("Current smoker.", {("smoker", None, None, None, None)}),
        ("Nicotine dependence, cigarettes.", {("smoker", None, None, True, None)}),
        ("Former smoker.", {("former-smoker", None, None, None, None)}),
        ("She is a non-smoker.", set()),
        ("Smoker who quit in 2010.", {("former-smoker", None, None, None, None)}),
        ("Mother is a smoker.", set()),
        ("BMI 41.2", {("bmi", 41, None, None, None)}),
        ("BMI is 35 today", {("bmi", 35, None, None, None)}),
        ("On insulin glargine.", {("insulin", None, None, None, None)}),
        ("Long-term insulin use.", {("insulin", None, None, None, False)}),
        ("Sliding scale insulin while inpatient.", {("insulin", None, None, None, True)}),
        ("Insulin resistance.", set()),
        ("No insulin.", set()),
        ("Urine grew E. coli.", {("organism", None, "escherichia coli", None, None)}),
        ("No MRSA.", set()),
        ("Possible pseudomonas.", set()),
        ("Closed reduction in the ED.", {("episode", None, "initial", None, None)}),
        ("Subsequent encounter.", {("episode", None, "subsequent", None, None)}),
        ("Sequelae of stroke.", {("episode", None, "sequela", None, None)}),
    ],
)
def test_findings(text, expected):
    assert {
        (f.kind, f.value, f.text, f.dependent, f.temporary) for f in read(text).findings
    } == expected


def test_findings_carry_their_passage():
    finding = read("Her BMI: 31.").findings[0]
    assert finding.evidence[0].text == "BMI: 31"


def display(text, **fields):
    return Unread(source="Condition/7", path="code", reason="no map", display=text, **fields)


def test_displays_go_through_the_same_lexicon():
    reading = READER.read([], [display("Diabetes mellitus type 2 (disorder)")])
    (mention,) = reading.mentions
    assert (mention.code.value, mention.source, mention.polarity) == (
        "E11.9",
        "display",
        "affirmed",
    )
    assert mention.evidence[0].text == "Diabetes mellitus type 2 (disorder)"
    assert mention.evidence[0].begin is None


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("Suspected COVID-19", {}, ("suspected", "current", "affirmed")),
        ("History of sepsis (situation)", {}, ("confirmed", "historical", "affirmed")),
        ("No cough (situation)", {}, ("confirmed", "current", "negated")),
        ("Pneumonia (disorder)", {"certainty": "probable"}, ("probable", "current", "affirmed")),
        ("Pneumonia", {"clinical_status": "resolved"}, ("confirmed", "historical", "affirmed")),
        ("Pneumonia", {"clinical_status": "active"}, ("confirmed", "current", "affirmed")),
    ],
)
def test_a_display_inherits_what_its_record_says(text, fields, expected):
    (mention,) = READER.read([], [display(text, **fields)]).mentions
    assert (mention.certainty, mention.temporality, mention.polarity) == expected


def test_sentences_give_their_words():
    sentences = read("HPI:\nNo fever. Cough, dry.").sentences
    assert [sentence.words for sentence in sentences] == [("no", "fever"), ("cough", "dry")]


def test_the_order_of_notes_has_no_influence():
    one, two = note("Cough."), note("Fever. BMI 30.", source="DocumentReference/2")
    three = note("Asthma.", source="DocumentReference/3", day=None)
    displays = [display("Sepsis"), display("HIV disease", order=(3, "x"))]
    assert READER.read([one, two, three], displays) == READER.read(
        [three, two, one], displays[::-1]
    )


def test_another_note_of_the_visit_decides_what_an_ambiguous_word_means():
    reason = note("Grade 2 reflux.")
    film = note("Normal kidneys.", source="DocumentReference/2")
    chest = note("Normal chest.", source="DocumentReference/2")
    assert [m.code.value for m in READER.read([reason, film]).mentions] == ["N13.70"]
    assert READER.read([reason, chest]).mentions == ()


@pytest.mark.parametrize(
    "text", ["", " \n\t\n", "1234 5678 9.10", "¿Dónde está el baño?", "\u2028"]
)
def test_notes_that_say_nothing_give_nothing(text):
    assert read(text).mentions == ()


def test_the_version_names_every_part():
    assert READER.version == reader_version(READER.lexicon, TABLES)
    other = Lexicon.from_bytes(compile_lexicon(TERMS[1:], TABLES["abbreviations"], TABLES))
    assert reader_version(other, TABLES) != READER.version


PIECES = (
    "no denies left knee pain fever cough , ; . - HPI: \n # but history of possible ? pregnant "
    "28 weeks BMI mother é \u0301 🫁 COVID-19 with without due to ( ) • / 3.5 "
    "sepsis pneumonia E. coli MRSA metformin insulin stopped on smoker quit 2010 28w3d G2P1 septic"
)


WORDS = st.sampled_from(PIECES.split(" "))


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=120))
def test_any_text_is_read_and_every_passage_stands_where_it_says(text):
    reading = read(text)
    for item in (*reading.mentions, *reading.findings):
        place = item.evidence[0]
        assert text[place.begin : place.end] == place.text
    assert reading == read(text)
    ends = [(s.begin, s.end) for s in reading.sentences]
    assert all(before[1] <= after[0] for before, after in pairwise(ends))


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "no fever ",
        "a.",
        "((((",
        "fever, ",
        "no ",
        "\n- cough",
        ": ",
        "sepsis due to E. coli ",
        "smoker quit ",
        "28w3d ",
        "insulin metformin ",
        "# x\n",
        "on chemotherapy ",
    ],
)
def test_long_notes_take_time_in_proportion(piece):
    """Two hundred thousand characters of anything are read within seconds."""
    import time

    started = time.process_time()
    read(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 8
