"""What notes establish beside diagnoses: medicines taken, smoking, gestation, links, visits."""

import pytest

from codewarrant.engine.values import Code
from codewarrant.extract.lexicon import Lexicon, Term, compile_lexicon
from codewarrant.extract.medications import medications
from codewarrant.extract.read import Reader
from codewarrant.extract.tables import load_tables
from codewarrant.schema import Note

TABLES = load_tables()
TITLES = {
    "A41.9": "Sepsis, unspecified organism",
    "A41.51": "Sepsis due to Escherichia coli [E. coli]",
    "E86.0": "Dehydration",
    "G93.41": "Metabolic encephalopathy",
    "I10": "Essential (primary) hypertension",
    "I48.91": "Unspecified atrial fibrillation",
    "I95.9": "Hypotension, unspecified",
    "J18.9": "Pneumonia, unspecified organism",
    "J96.01": "Acute respiratory failure with hypoxia",
    "N17.9": "Acute kidney failure, unspecified",
    "N30.00": "Acute cystitis without hematuria",
    "N39.0": "Urinary tract infection, site not specified",
    "R65.20": "Severe sepsis without septic shock",
}
TERMS = [Term(Code("icd10cm", code), title, "title") for code, title in TITLES.items()]
TERMS.append(Term(Code("icd10cm", "G93.41"), "Septic encephalopathy", "inclusion"))
READER = Reader(Lexicon.from_bytes(compile_lexicon(TERMS, TABLES["abbreviations"], TABLES)), TABLES)
MEDICATIONS = medications(TABLES, TABLES.speller)


def read(text):
    reading = READER.read([Note(source="D/1", path="content[0]", digest="d", text=text)])
    for item in (*reading.findings, *reading.mentions):
        place = item.evidence[0]
        assert text[place.begin : place.end] == place.text
    return reading


def kinds(text):
    return {finding.kind for finding in read(text).findings}


def of(kind, text):
    return [finding for finding in read(text).findings if finding.kind == kind]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Takes metformin 500 mg BID.", {"oral-hypoglycemic"}),
        ("MEDICATIONS: Januvia, losartan, Eliquis 5 mg", {"oral-hypoglycemic", "anticoagulant"}),
        ("MEDICATIONS:\n1. Ozempic weekly\n2. aspirin", {"injectable-non-insulin"}),
        ("Continue glargine and empagliflozin.", {"insulin", "oral-hypoglycemic"}),
        ("History of atrial fibrillation on warfarin.", {"anticoagulant"}),
        ("Apixaban for stroke prevention.", {"anticoagulant"}),
        ("Switched from glipizide to Trulicity.", {"injectable-non-insulin"}),
        ("Stopped glyburide and started Jardiance.", {"oral-hypoglycemic"}),
        ("She never misses her metformin.", {"oral-hypoglycemic"}),
        ("No hypoglycemia on insulin.", {"insulin"}),
        ("Denies side effects from metformin but forgets it.", {"oral-hypoglycemic"}),
        ("PMH:\nDiabetes on metformin", {"oral-hypoglycemic"}),
        ("On palbociclib and letrozole.", {"antineoplastic-treatment"}),
        ("Currently receiving adjuvant chemotherapy.", {"antineoplastic-treatment"}),
        ("Day 3 of radiation therapy.", {"antineoplastic-treatment"}),
        ("Takes Plavix daily.", {"antiplatelet"}),
    ],
)
def test_medicines_that_are_taken(text, expected):
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ALLERGIES: metformin",
        "MEDICATIONS: none. ALLERGIES: metformin, warfarin.",
        "Metformin allergy.",
        "Metformin was stopped last year.",
        "Warfarin held.",
        "Discontinued metformin due to diarrhea.",
        "Discontinue glipizide.",
        "Not taking metformin.",
        "Not on anticoagulation.",
        "She is not on insulin.",
        "Denies use of insulin.",
        "No insulin.",
        "Non-insulin-dependent diabetes.",
        "Insulin resistance.",
        "Previously on Coumadin.",
        "Used to take metformin.",
        "Could not tolerate metformin.",
        "Failed Januvia.",
        "Consider starting insulin.",
        "Discussed adding Jardiance.",
        "Declined to start insulin.",
        "If sugars rise, will add insulin.",
        "May need to start insulin.",
        "Not a candidate for anticoagulation.",
        "DVT prophylaxis with enoxaparin.",
        "Lovenox for DVT prophylaxis.",
        "Mother takes metformin.",
        "FAMILY HISTORY: Father on insulin.",
        "Patient instructions:\nTake metformin with food.",
        "PMH:\nMetformin",
        "Status post chemotherapy in 2015.",
        "Completed carboplatin in 2019.",
        "Chemotherapy 2012.",
        "Methotrexate for rheumatoid arthritis.",
    ],
)
def test_medicines_that_are_not_taken(text):
    assert kinds(text) == set()


@pytest.mark.parametrize(
    ("text", "temporary"),
    [
        ("On insulin lispro.", None),
        ("Long-term insulin.", False),
        ("Insulin-dependent diabetes.", False),
        ("Insulin sliding scale while on steroids.", True),
        ("Temporary insulin during the stay.", True),
        ("Insulin drip in the ICU.", True),
    ],
)
def test_a_medicine_is_temporary_only_where_the_text_says_so(text, temporary):
    assert [item.temporary for item in of("insulin", text)] == [temporary]


def test_a_name_of_a_record_gives_its_classes():
    assert MEDICATIONS.classes_of("Insulin glargine 100 units/mL") == ("insulin",)
    assert MEDICATIONS.classes_of("metFORMIN 500 MG Oral Tablet [Glucophage]") == (
        "oral-hypoglycemic",
    )
    assert MEDICATIONS.classes_of("insulin degludec 100 UNT/ML / liraglutide 3.6 MG/ML") == (
        "insulin",
        "injectable-non-insulin",
    )
    assert MEDICATIONS.classes_of("Losartan 100 mg tablet") == ()


def test_every_class_is_one_that_is_known():
    classes = {row["class"] for row in TABLES["medications"].dicts()}
    assert classes == {
        "anticoagulant",
        "antineoplastic-treatment",
        "antiplatelet",
        "injectable-non-insulin",
        "insulin",
        "oral-hypoglycemic",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Former smoker.", [("former-smoker", None)]),
        ("Ex-smoker.", [("former-smoker", None)]),
        ("Quit smoking in 2010.", [("former-smoker", None)]),
        ("He quit tobacco 5 years ago.", [("former-smoker", None)]),
        ("Tobacco use: former", [("former-smoker", None)]),
        ("PMH:\nFormer smoker", [("former-smoker", None)]),
        ("Smoker who quit in 2010.", [("former-smoker", None)]),
        ("Current smoker, advised to quit.", [("smoker", None)]),
        ("Current smoker, has tried to quit.", [("smoker", None)]),
        ("Smokes 1 pack a day; used to smoke more.", [("smoker", None)]),
        ("Smokes on weekends, not nicotine dependent.", [("smoker", False)]),
        ("Nicotine dependence, cigarettes.", [("smoker", True)]),
        ("Never smoker.", []),
        ("Nonsmoker.", []),
        ("Tobacco use: Non-smoker", []),
        ("Tobacco use: never", []),
        ("Denies tobacco use.", []),
        ("Father was a former smoker.", []),
        ("FAMILY HISTORY: Mother quit smoking in 2010.", []),
        ("Not a former smoker.", []),
        ("Wants to quit smoking.", []),
        ("Counseled to quit smoking.", []),
        ("If you quit smoking, call us.", []),
        ("Quit her job in 2010.", []),
    ],
)
def test_smoking(text, expected):
    said = {(item.kind, item.dependent) for item in read(text).findings}
    assert said == set(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31 y.o. G2P1 at 28w3d.", {("gestational-age", 28)}),
        ("Now 28 3/7 weeks.", {("gestational-age", 28)}),
        ("G1P0 at 28 weeks.", {("gestational-age", 28)}),
        ("Pregnant, EDD in May, 28 weeks 3 days.", {("pregnant", None), ("gestational-age", 28)}),
        ("EGA 28", {("pregnant", 28)}),
        ("Gestational age today 28w3d.", {("pregnant", 28)}),
        ("28 weeks 3 days pregnant.", {("pregnant", 28)}),
        ("Pain for 2 weeks 3 days.", set()),
        ("Delivered at 39w2d.", set()),
        ("Born at 31w4d.", set()),
        ("Ultrasound at 20w1d normal.", set()),
        ("NST from 32w0d.", set()),
        ("Mother is at 28w3d.", set()),
        ("EGA 99", set()),
        ("Growth US every 4 weeks.", set()),
    ],
)
def test_gestation(text, expected):
    assert {(item.kind, item.value) for item in read(text).findings} == expected


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("E. coli pneumonia, right lower lobe.", "J18.9"),
        ("Pneumonia due to E. coli.", "J18.9"),
        ("Pneumonia, right lower lobe, secondary to E. coli.", "J18.9"),
        ("UTI with E. coli.", "N39.0"),
        ("Acute cystitis caused by E. coli.", "N30.00"),
        ("Sepsis due to Escherichia coli.", "A41.51"),
        ("Severe sepsis due to E. coli.", "A41.9"),
        ("Pneumonia. Sepsis from E. coli UTI.", "N39.0"),
        ("Blood cultures grew E. coli.", None),
        ("Sepsis: Blood cultures grew E. coli.", None),
        ("UTI, urine culture with E. coli.", None),
        ("Pneumonia. E. coli in the sputum.", None),
        ("Hypertension with E. coli.", None),
    ],
)
def test_an_organism_belongs_to_an_infection_only_where_one_clause_says_so(text, about):
    (organism,) = of("organism", text)
    assert organism.about == (Code("icd10cm", about) if about else None)


@pytest.mark.parametrize(
    "text", ["No E. coli pneumonia.", "Possible E. coli pneumonia.", "Mother had an E. coli UTI."]
)
def test_an_organism_that_is_not_affirmed_is_no_finding(text):
    assert of("organism", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "AKI due to sepsis.",
        "Acute hypoxic respiratory failure due to sepsis, present on admission.",
        "Sepsis-induced hypotension.",
        "Sepsis causing AKI.",
        "Sepsis with acute organ dysfunction.",
        "Septic encephalopathy.",
        "AKI secondary to severe sepsis.",
    ],
)
def test_organ_dysfunction_that_is_tied_to_sepsis(text):
    codes = {item.due_to for item in of("organ-dysfunction", text)}
    assert codes == {(Code("icd10cm", "A41.9"),)}


def test_each_item_of_a_list_before_the_link_is_tied():
    assert len(of("organ-dysfunction", "Hypotension and AKI due to sepsis.")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "AKI due to dehydration. Sepsis.",
        "AKI. Sepsis.",
        "Sepsis and AKI.",
        "AKI in the setting of sepsis.",
        "AKI not due to sepsis.",
        "Sepsis without organ dysfunction.",
        "Sepsis, no acute organ dysfunction.",
        "Probable metabolic encephalopathy due to sepsis.",
        "Possible sepsis with organ dysfunction.",
        "Hypotension due to dehydration, sepsis ruled out.",
        "Sister had AKI due to sepsis.",
    ],
)
def test_organ_dysfunction_that_is_not_tied_to_sepsis(text):
    assert of("organ-dysfunction", text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Annual physical exam with abnormal findings.", True),
        ("Physical exam without abnormal findings.", False),
        ("No abnormal findings.", False),
        ("Return for any abnormal findings.", False),
    ],
)
def test_abnormal_findings_are_those_that_the_record_calls_so(text, found):
    assert ("abnormal-finding" in kinds(text)) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A significant, separately identifiable visit was provided.", True),
        ("This was evaluated apart from the knee.", True),
        ("The headache was not part of the decision to inject.", True),
        ("In addition to the procedure, a separate evaluation of headache was done.", True),
        ("This was not a separately identifiable service.", False),
        ("No separately identifiable visit today.", False),
        ("Knee evaluated and injected.", False),
        ("Separately, knee pain for a year.", False),
        ("If a separately identifiable visit is needed, schedule it.", False),
    ],
)
def test_a_separate_visit_is_one_that_the_record_calls_so(text, found):
    assert ("separate-visit" in kinds(text)) is found


@pytest.mark.parametrize(
    ("text", "temporality"),
    [
        (
            "DISCHARGE DIAGNOSES:\n1. Acute kidney failure, present on admission, resolved",
            "current",
        ),
        ("DISCHARGE DIAGNOSES:\n1. Acute kidney failure - resolved", "current"),
        ("DISCHARGE DIAGNOSES:\n1. Acute kidney failure (resolved)", "current"),
        ("DISCHARGE DIAGNOSES:\n1. Resolved acute kidney failure", "current"),
        ("HOSPITAL COURSE: Acute kidney failure resolved with fluids.", "current"),
        ("HOSPITAL COURSE: Previous acute kidney failure.", "historical"),
        ("DISCHARGE DIAGNOSES:\n1. History of acute kidney failure", "historical"),
        ("DISCHARGE DIAGNOSES:\n1. Acute kidney failure two years ago", "historical"),
        ("HPI: Acute kidney failure resolved.", "historical"),
        ("PMH:\nAcute kidney failure, resolved", "historical"),
    ],
)
def test_what_resolved_during_the_stay_is_a_diagnosis_of_the_stay(text, temporality):
    (mention,) = read(text).mentions
    assert mention.temporality == temporality


@pytest.mark.parametrize(
    "text",
    [
        "Assessment:\n1. Pneumonia\n2. Hypertension",
        "Assessment:\n1) Pneumonia\n2) Hypertension",
        "Assessment:\n- Pneumonia\n- Hypertension",
        "Assessment:\n• Pneumonia\n• Hypertension",
        "Assessment:\n# Pneumonia\n# Hypertension",
        "Assessment:\n#1 Pneumonia\n#2 Hypertension",
        "Assessment:\n* Pneumonia\n* Hypertension",
    ],
)
def test_items_of_a_list_are_read_apart(text):
    assert [(m.code.value, m.phrase) for m in read(text).mentions] == [
        ("J18.9", "Pneumonia"),
        ("I10", "Hypertension"),
    ]


def test_a_heading_with_a_mark_outside_a_list_of_problems_opens_a_section():
    text = "# Family History\nHypertension\n# Course\nPneumonia"
    assert {(m.code.value, m.experiencer) for m in read(text).mentions} == {
        ("I10", "family"),
        ("J18.9", "patient"),
    }
