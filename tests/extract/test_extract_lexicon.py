"""From words to codes with a small code set of our own choosing."""

import os
import random
import subprocess
import sys

import pytest

from codewarrant.codesets import load
from codewarrant.engine.values import Code
from codewarrant.extract.lexicon import Lexicon, Term, build, compile_lexicon
from codewarrant.extract.match import find_hits
from codewarrant.extract.tables import load_tables
from codewarrant.extract.titles import readings

TABLES = load_tables()
SPELLER = TABLES.speller

TITLES = """
I10|Essential (primary) hypertension
I21|Acute myocardial infarction
I21.9|Acute myocardial infarction, unspecified
I50|Heart failure
I50.2|Systolic (congestive) heart failure
I50.20|Unspecified systolic (congestive) heart failure
I50.23|Acute on chronic systolic (congestive) heart failure
I50.9|Heart failure, unspecified
E11|Type 2 diabetes mellitus
E11.4|Type 2 diabetes mellitus with neurological complications
E11.40|Type 2 diabetes mellitus with diabetic neuropathy, unspecified
E11.9|Type 2 diabetes mellitus without complications
G35|Multiple sclerosis
G43.0|Migraine without aura
G43.009|Migraine without aura, not intractable, without status migrainosus
G43.1|Migraine with aura
G43.109|Migraine with aura, not intractable, without status migrainosus
G43.9|Migraine, unspecified
G43.909|Migraine, unspecified, not intractable, without status migrainosus
J18|Pneumonia, unspecified organism
J18.9|Pneumonia, unspecified organism
J18.8|Other pneumonia, unspecified organism
J20|Acute bronchitis
J20.9|Acute bronchitis, unspecified
K80.20|Calculus of gallbladder without cholecystitis without obstruction
K80.00|Calculus of gallbladder with acute cholecystitis without obstruction
M25.56|Pain in knee
M25.561|Pain in right knee
M25.562|Pain in left knee
M25.569|Pain in unspecified knee
N18|Chronic kidney disease (CKD)
N18.3|Chronic kidney disease, stage 3 (moderate)
N18.30|Chronic kidney disease, stage 3 unspecified
N18.9|Chronic kidney disease, unspecified
R07.9|Chest pain, unspecified
R10.9|Unspecified abdominal pain
R52|Pain, unspecified
R60.9|Edema, unspecified
K22.2|Esophageal obstruction
S52.50|Unspecified fracture of the lower end of radius
S52.502|Unspecified fracture of the lower end of left radius
S52.502A|Unspecified fracture of the lower end of left radius, initial encounter for closed fracture
W19|Unspecified fall
D50.9|Iron deficiency anemia, unspecified
"""
TERMS = [
    Term(Code("icd10cm", code), title, "title")
    for code, title in (line.split("|") for line in TITLES.strip().splitlines())
] + [Term(Code("icd10cm", "I10"), "High blood pressure", "inclusion")]
DATA = compile_lexicon(TERMS, TABLES["abbreviations"], TABLES)
LEXICON = Lexicon.from_bytes(DATA)


def codes(text, lexicon=LEXICON):
    return [code for code, _ in found(text, lexicon)]


def found(text, lexicon=LEXICON):
    tokens = SPELLER.tokens(text)
    words = frozenset(token.lemma for token in tokens)
    return [
        (lexicon.codes[hit.code].value, text[tokens[hit.begin].begin : tokens[hit.end - 1].end])
        for hit in find_hits(tokens, lexicon, words, text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hypertension", ["I10"]),
        ("HTN", ["I10"]),
        ("high blood pressure", ["I10"]),
        ("heart attack", ["I21.9"]),
        ("heart failure", ["I50.9"]),
        ("systolic heart failure", ["I50.20"]),
        ("acute on chronic systolic heart failure", ["I50.23"]),
        ("type 2 diabetes", ["E11.9"]),
        ("type II diabetes mellitus", ["E11.9"]),
        ("T2DM", ["E11.9"]),
        ("Type 2 diabetes with diabetic neuropathy", ["E11.40"]),
        ("type 2 diabetes; neuropathy", ["E11.9"]),
        ("migraine", ["G43.909"]),
        ("migraine without aura", ["G43.009"]),
        ("migraine with aura", ["G43.109"]),
        ("pneumonia", ["J18.9"]),
        ("pneumonias", ["J18.9"]),
        ("gallstones", ["K80.20"]),
        ("knee pain", ["M25.569"]),
        ("right knee pain", ["M25.561"]),
        ("pain in her left knee", ["M25.562"]),
        ("CKD stage 3", ["N18.30"]),
        ("stage 3 chronic renal disease", ["N18.30"]),
        ("chronic kidney disease", ["N18.9"]),
        ("oedema", ["R60.9"]),
        ("iron-deficiency anaemia", ["D50.9"]),
        ("fracture of the left distal radius", ["S52.502"]),
        ("HTN, CKD and acute bronchitis", ["I10", "N18.9", "J20.9"]),
    ],
)
def test_words_lead_to_the_most_specific_supported_code(text, expected):
    assert codes(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "pain",
        "a fall in temperature",
        "other",
        "",
        "12 34 5.6",
        "chest clear, no pain",
        "knee stable, takes ibuprofen for other pain",
        "chronic, kidney transplant, liver disease",
    ],
)
def test_general_words_and_words_far_apart_match_nothing(text):
    assert codes(text) == []


def test_a_passage_never_runs_across_a_negation():
    assert codes("fracture of left radius, no pain in the knee") == ["M25.569"]
    assert codes("chest without pain") == []


def test_an_ambiguous_abbreviation_needs_its_company():
    """MS alone is no diagnosis; beside a neurology word it is."""
    assert codes("MS was given") == []
    assert codes("MS followed by neurology") == ["G35"]
    assert codes("ms followed by neurology") == []


def test_a_passage_covers_exactly_the_words_of_the_mention():
    assert found("Known CKD (stage 3).") == [("N18.30", "CKD (stage 3")]
    assert (
        found("pain and swelling of the right knee")[0][1] == "pain and swelling of the right knee"
    )


def test_codes_with_a_seventh_character_are_named_by_what_they_extend():
    assert not any(len(code.value.replace(".", "")) == 7 for code in LEXICON.codes)


def test_the_bytes_do_not_depend_on_the_order_of_the_terms():
    shuffled = TERMS[:]
    random.Random(7).shuffle(shuffled)
    assert compile_lexicon(shuffled, TABLES["abbreviations"], TABLES) == DATA
    assert Lexicon.from_bytes(DATA).digest == LEXICON.digest


def test_a_term_less_is_another_lexicon():
    assert (
        Lexicon.from_bytes(compile_lexicon(TERMS[1:], TABLES["abbreviations"], TABLES)).digest
        != LEXICON.digest
    )


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"format": 99, "codes": []}'])
def test_bytes_that_are_no_lexicon_are_refused(data):
    with pytest.raises(ValueError, match="lexicon"):
        Lexicon.from_bytes(data)


def test_abbreviations_serve_other_code_systems_too():
    """Expansions are words, looked up in whatever release is given."""
    old = [
        Term(Code("icd9cm", "486"), "Pneumonia, organism unspecified", "title"),
        Term(Code("icd9cm", "593.70"), "Vesicoureteral reflux unspecified", "title"),
        Term(Code("icd9cm", "599.0"), "Urinary tract infection, site not specified", "title"),
    ]
    lexicon = Lexicon.from_bytes(compile_lexicon(old, TABLES["abbreviations"], TABLES))
    assert codes("UTI and VUR, pneumonia", lexicon) == ["599.0", "593.70", "486"]


def test_a_lexicon_is_built_from_a_code_set_on_a_date():
    class Release:
        system = "icd10cm"

        def terms(self, on):
            yield "R60.9", "title", "Edema, unspecified"
            yield "R60.9", "inclusionTerm", "Fluid retention NOS"

    from datetime import date

    lexicon = build(Release(), date(2026, 1, 1), TABLES["abbreviations"], TABLES)
    assert codes("fluid retention", lexicon) == ["R60.9"]


@pytest.mark.parametrize(
    ("title", "required", "unspecified"),
    [
        ("Chest pain, unspecified", ("chest", "pain"), True),
        ("Essential (primary) hypertension", ("essential", "hypertension"), False),
        ("Migraine without aura, not intractable", ("migraine",), False),
        ("Nausea with vomiting, unspecified", ("+with", "nausea", "vomiting"), True),
        ("Pneumonia, unspecified organism", ("pneumonia",), True),
    ],
)
def test_defaults_of_a_title_are_not_required(title, required, unspecified):
    reading = readings(title, SPELLER)[0]
    assert (reading.required, reading.unspecified) == (required, unspecified)


def test_titles_of_a_rest_have_no_reading():
    assert readings("Other chest pain", SPELLER) == []


@pytest.mark.parametrize(
    ("title", "required"),
    [
        ("Alcohol use, unspecified with intoxication", ("+with", "alcohol", "intoxication", "use")),
        ("Migraine without aura with refractory migraine", ("+with", "migraine", "refractory")),
        (
            "Chronic kidney disease, stage 3 unspecified",
            ("3", "chronic", "disease", "kidney", "stage"),
        ),
    ],
)
def test_what_stands_after_with_stays_required(title, required):
    """Once dropped beside "unspecified" or "without", these made rare codes match common words."""
    assert readings(title, SPELLER)[0].required == required


def test_nothing_depends_on_the_hash_seed():
    """Two processes with other seeds compile the same bytes and read the same mentions."""
    program = (
        "import runpy, sys; m = runpy.run_path(sys.argv[1]);"
        "print(m['LEXICON'].digest, m['found']('left knee pain, HTN, CKD 3; acute bronchitis'))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, __file__],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1


def test_the_tables_that_come_with_the_package_name_each_phrase_once():
    phrases = [SPELLER.lemmas(row["phrase"]) for row in TABLES["abbreviations"].dicts()]
    rows = [
        (row["phrase"].lower(), row["icd10cm"], row["icd9cm"])
        for row in TABLES["abbreviations"].dicts()
    ]
    assert all(phrases)
    assert len({row[0] for row in rows}) == len(rows)


def test_words_of_the_index_lead_to_the_code_in_force():
    """A code that was divided later gives way to the one that was in force."""
    old = [Term(Code("icd10cm", "M54.5"), "Dorsal something", "title")]
    new = [Term(Code("icd10cm", "M54.50"), "Dorsal something, unspecified", "title")]
    for terms, code in ((old, "M54.5"), (new, "M54.50")):
        lexicon = Lexicon.from_bytes(compile_lexicon(terms, TABLES["abbreviations"], TABLES))
        assert codes("pain in the lower back", lexicon) == [code]
        assert codes("lumbago", lexicon) == [code]


def test_every_word_of_the_index_has_a_code_of_the_code_set():
    release = load("icd10cm")
    lost = [
        (row["phrase"], code)
        for row in TABLES["index_terms"].dicts()
        for code in row["codes"].split()
        if code not in release
    ]
    assert lost == []
