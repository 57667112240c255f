"""Resources to entities: what each field is read from, and what stays unknown."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from fhir_bundles import (
    CLINICAL,
    CPT,
    ICD10CM,
    LOINC,
    SNOMED,
    VERIFICATION,
    bundle,
    chart,
    claim,
    concept,
    condition,
    coverage,
    encounter,
    item,
    named,
    observation,
    organization,
    patient,
    procedure,
    visit,
)

from codewarrant.decision import Request
from codewarrant.engine.values import Code
from codewarrant.fhir.read import open_bundle
from codewarrant.schema import to_fact

STAY = {"start": "2026-03-04T23:30:00-05:00", "end": "2026-03-09T08:00:00-05:00"}


def only(found, kind: str):
    (entity,) = named(found, kind)
    return entity


@pytest.mark.parametrize(
    ("code", "setting"),
    [
        ("AMB", "outpatient"),
        ("EMER", "emergency"),
        ("IMP", "inpatient"),
        ("ACUTE", "inpatient"),
        ("NONAC", "inpatient"),
        ("OBSENC", "outpatient"),
        ("SS", "ambulatory surgery"),
        ("VR", "outpatient"),
        ("inpatient", "inpatient"),
        ("HH", None),
        ("XYZ", None),
    ],
)
def test_the_class_gives_the_setting_and_an_unmapped_one_leaves_it_unknown(
    code: str, setting: str | None
) -> None:
    found = visit(class_code=code)
    assert found.setting == only(found, "Encounter").setting == setting
    assert only(found, "Encounter").class_code == code


def test_day_surgery_is_told_by_the_type() -> None:
    assert visit(type=[concept(SNOMED, "110468005")]).setting == "ambulatory surgery"
    assert visit(serviceType={"text": "Day surgery"}).setting == "ambulatory surgery"


def test_a_stay_goes_by_discharge_and_a_visit_by_its_first_day() -> None:
    stay = visit(class_code="IMP", period=STAY)
    assert stay.clocks == {
        "date of service": date(2026, 3, 9),
        "admission date": date(2026, 3, 4),
        "discharge date": date(2026, 3, 9),
        "received date": None,
    }
    seen = visit(period=STAY)
    assert seen.clocks["date of service"] == date(2026, 3, 4)
    assert seen.clocks["discharge date"] is None


def test_missing_dates_are_unknown_and_never_guessed() -> None:
    found = visit(condition(), period={})
    assert set(found.clocks.values()) == {None}
    assert only(found, "Patient").age_years is None
    diagnosis = only(found, "Diagnosis")
    assert diagnosis.onset is None
    assert diagnosis.recorded is None


def test_partial_dates_are_unknown() -> None:
    found = chart(patient(birthDate="1960-05"), encounter(), condition(onsetDateTime="2019"))
    assert only(found, "Patient").birth_date is None
    assert only(found, "Patient").sex == "female"
    assert only(found, "Diagnosis").onset is None


@pytest.mark.parametrize(
    ("born", "years", "days"),
    [
        ("1960-03-04", 66, 24106),
        ("1960-03-05", 65, 24105),
        ("2026-03-04", 0, 0),
        ("2027-01-01", None, None),
    ],
)
def test_age_is_in_completed_years_and_days(born: str, years: int, days: int) -> None:
    found = only(chart(patient(birthDate=born), encounter()), "Patient")
    assert (found.age_years, found.age_days) == (years, days)


@pytest.mark.parametrize(("gender", "sex"), [("male", "male"), ("other", None), ("unknown", None)])
def test_only_female_and_male_are_known_to_the_code_sets(gender: str, sex: str | None) -> None:
    assert only(chart(patient(gender=gender), encounter()), "Patient").sex == sex


@pytest.mark.parametrize(
    ("sent", "read"),
    [("e1122", "E11.22"), ("I10", "I10"), ("E11,22", "E11,22"), ("S52501A", "S52.501A")],
)
def test_codes_are_dotted_and_misspelt_ones_stay_as_sent(sent: str, read: str) -> None:
    built = condition()
    built["code"]["coding"][0]["code"] = sent
    assert only(visit(built), "Diagnosis").code == Code("icd10cm", read)


def test_icd_9_codes_are_known_by_their_system() -> None:
    built = condition()
    built["code"] = concept("http://hl7.org/fhir/sid/icd-9-cm", "E8120")
    assert only(visit(built), "Diagnosis").code == Code("icd9cm", "E812.0")


@pytest.mark.parametrize(
    ("sent", "certainty"),
    [
        ("confirmed", "confirmed"),
        ("provisional", "probable"),
        ("differential", "suspected"),
        ("unconfirmed", "suspected"),
        ("refuted", "ruled out"),
    ],
)
def test_verification_gives_certainty(sent: str, certainty: str) -> None:
    built = condition(verificationStatus=concept(VERIFICATION, sent))
    assert only(visit(built), "Diagnosis").certainty == certainty


def test_what_is_not_said_of_a_condition_is_unknown() -> None:
    diagnosis = only(visit(condition(verificationStatus=None, clinicalStatus=None)), "Diagnosis")
    assert diagnosis.certainty is None
    assert diagnosis.status is None


@pytest.mark.parametrize(
    ("status", "ended", "read"),
    [
        ("resolved", None, "resolved"),
        ("resolved", "2028-01-01", "active"),
        ("resolved", "2026-03-04", "active"),
        ("resolved", "2026-03-03", "resolved"),
        ("active", "2020-01-01", "resolved"),
        (None, "2020-01-01", "resolved"),
        ("inactive", "2020-01-01", "inactive"),
    ],
)
def test_status_is_as_of_the_encounter(status: str | None, ended: str | None, read: str) -> None:
    built = condition(
        clinicalStatus=concept(CLINICAL, status) if status else None, abatementDateTime=ended
    )
    assert only(visit(built), "Diagnosis").status == read


def test_entered_in_error_is_no_statement_and_is_said() -> None:
    found = visit(condition(verificationStatus=concept(VERIFICATION, "entered-in-error")))
    assert not named(found, "Diagnosis")
    (unread,) = found.unread
    assert (unread.reason, unread.display) == ("entered in error", "")


def test_a_code_without_a_map_is_kept_with_what_is_known_of_it() -> None:
    built = condition(verificationStatus=concept(VERIFICATION, "provisional"))
    built["code"] = concept(SNOMED, "271737000", "Anemia (disorder)")
    (unread,) = visit(built).unread
    assert unread.code == Code("snomed", "271737000")
    assert unread.reason == "no licensed map from SNOMED CT"
    assert unread.display == "Anemia (disorder)"
    assert (unread.certainty, unread.clinical_status) == ("probable", "active")
    assert (unread.source, unread.path) == ("Condition/c", "code.coding[0]")


def test_of_two_systems_the_classification_is_read() -> None:
    built = condition()
    built["code"]["coding"].insert(0, {"system": SNOMED, "code": "44054006"})
    found = visit(built)
    assert [one.ref for one in only(found, "Diagnosis").evidence] == [
        "Condition/c.code.coding[1]",
        "Condition/c.code.coding[0]",
    ]
    assert not found.unread


def test_words_without_a_code_are_kept() -> None:
    built = condition()
    built["code"] = {"text": "sugar disease"}
    (unread,) = visit(built).unread
    assert (unread.display, unread.reason) == ("sugar disease", "words without a code")
    del built["code"]
    assert visit(built).unread[0].reason == "no code, no words"


@pytest.mark.parametrize(
    ("setting", "rank", "use", "role"),
    [
        ("AMB", 1, None, "first-listed"),
        ("IMP", 1, "DD", "principal"),
        ("IMP", 2, "DD", "secondary"),
        ("IMP", 1, "CM", "secondary"),
        ("IMP", 1, "AD", "admitting"),
        ("HH", 1, None, None),
        ("AMB", None, None, None),
    ],
)
def test_the_encounter_gives_a_condition_its_role(
    setting: str, rank: int | None, use: str | None, role: str | None
) -> None:
    listed = {
        "condition": {"reference": "Condition/c"},
        **({"rank": rank} if rank else {}),
        **({"use": concept("http://example.org", use)} if use else {}),
    }
    found = visit(condition(), class_code=setting, diagnosis=[listed])
    assert only(found, "Diagnosis").role == role


def test_reasons_for_the_visit_are_statements_of_the_encounter() -> None:
    found = visit(reasonCode=[concept(ICD10CM, "R05.9"), concept(SNOMED, "1", "Cough")])
    diagnosis = only(found, "Diagnosis")
    assert (diagnosis.origin, diagnosis.certainty) == ("encounter", None)
    assert found.unread[0].display == "Cough"


def test_a_cause_is_read_from_its_extension() -> None:
    due = {
        "url": "http://hl7.org/fhir/StructureDefinition/condition-dueTo",
        "valueReference": {"reference": "Condition/cause"},
    }
    found = visit(condition("cause", "N18.4"), condition("c", "D63.1", extension=[due]))
    stated = {str(one.code): one for one in named(found, "Diagnosis")}
    assert stated["D63.1"].due_to == (Code("icd10cm", "N18.4"),)


def test_decimals_are_exact() -> None:
    raw = json.dumps(
        bundle(
            patient(),
            encounter(),
            claim(
                item=[item(net={"value": 0.1}, quantity={"value": 2})],
                total={"value": 1, "currency": "USD"},
            ),
            observation("o", "2160-0", valueQuantity={"value": 1, "code": "mg/dL"}),
        )
    )
    raw = raw.replace('"net": {"value": 0.1}', '"net": {"value": 100.10000000000000001}')
    raw = raw.replace('"value": 1, "code"', '"value": 1.10, "code"')
    found = open_bundle(raw.encode()).chart(Request())
    line = only(found, "Line")
    assert line.charge == Decimal("100.10000000000000001")
    assert line.units == 2
    measured = only(found, "Observation")
    assert (str(measured.value), measured.unit) == ("1.10", "mg/dL")
    for entity in found.entities:
        to_fact(entity)  # refuses floats


def test_a_claim_gives_lines_with_all_that_is_billed() -> None:
    built = claim(
        careTeam=[{"sequence": 3, "provider": {"reference": "Practitioner/doc"}}],
        diagnosis=[
            {
                "sequence": 1,
                "diagnosisCodeableConcept": concept(ICD10CM, "A41.9"),
                "type": [concept("http://example.org", "principal")],
                "onAdmission": concept("http://example.org", "y"),
            },
            {"sequence": 2, "diagnosisReference": {"reference": "Condition/c"}},
        ],
        item=[
            item(
                7,
                diagnosisSequence=[2, 1],
                careTeamSequence=[3],
                modifier=[concept(CPT, "25"), concept(CPT, "lt")],
                locationCodeableConcept=concept("http://example.org/pos", "11"),
                quantity={"value": 3},
            )
        ],
    )
    doctor = {
        "resourceType": "Practitioner",
        "id": "doc",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
    }
    found = visit(built, condition(), doctor, class_code="IMP")
    line = only(found, "Line")
    assert (line.number, str(line.code), line.modifiers, line.units) == (
        7,
        "99213",
        ("25", "LT"),
        3,
    )
    assert line.pointers == (Code("icd10cm", "E11.9"), Code("icd10cm", "A41.9"))
    assert (line.provider, line.place_of_service) == ("1234567893", "11")
    assert line.date == date(2026, 3, 4)
    billed = {str(one.code): one for one in named(found, "Diagnosis") if one.origin == "claim"}
    assert (billed["A41.9"].role, billed["A41.9"].present_on_admission) == ("principal", "Y")
    assert billed["A41.9"].evidence[0].ref == (
        "Claim/cl.diagnosis[0].diagnosisCodeableConcept.coding[0]"
    )
    assert billed["E11.9"].evidence[0].ref == "Claim/cl.diagnosis[1].diagnosisReference"
    assert billed["E11.9"].rank == 2


def test_the_claim_that_is_not_read_is_said() -> None:
    found = visit(claim("a", created="2026-03-06"), claim("b"), claim("c", status="cancelled"))
    assert only(found, "Claim").evidence[0].source == "Claim/b"
    assert [(one.source, one.reason) for one in found.unread] == [
        ("Claim/a", "another claim of this encounter: Claim/b is read"),
        ("Claim/c", "cancelled"),
    ]


def test_a_line_of_another_system_is_kept_and_not_read() -> None:
    built = claim()
    built["item"][0]["productOrService"] = concept(SNOMED, "162673000", "Examination")
    found = visit(built)
    assert not named(found, "Line")
    (unread,) = found.unread
    assert (unread.title, unread.display) == ("Examination", "")


def test_the_day_of_receipt_is_not_the_day_of_creation() -> None:
    assert visit(claim()).clocks["received date"] is None
    info = {
        "sequence": 1,
        "category": concept("http://example.org", "clmrecvddate"),
        "timingDate": "2026-04-01",
    }
    assert visit(claim(supportingInfo=[info])).clocks["received date"] == date(2026, 4, 1)


def test_without_a_claim_charted_services_are_lines() -> None:
    found = visit(
        procedure("b", "71046", reasonReference=[{"reference": "Condition/c"}]),
        procedure("a"),
        procedure("undone", "70450", status="not-done"),
        condition(),
    )
    lines = named(found, "Line")
    assert [(line.number, str(line.code), line.origin) for line in lines] == [
        (1, "71046", "procedure"),
        (2, "99213", "procedure"),
    ]
    assert lines[0].pointers == (Code("icd10cm", "E11.9"),)
    assert lines[0].units is None
    assert len(named(found, "Procedure")) == 3
    assert not named(visit(procedure(), claim(item=[])), "Line")


def test_a_charge_stands_for_the_procedure_it_charges() -> None:
    charge = {
        "resourceType": "ChargeItem",
        "id": "ch",
        "status": "billable",
        "code": concept(CPT, "J1885"),
        "subject": {"reference": "Patient/p"},
        "context": {"reference": "Encounter/e"},
        "quantity": {"value": 2},
        "service": [{"reference": "Procedure/pr"}],
    }
    line = only(visit(procedure(), charge), "Line")
    assert (line.code, line.units) == (Code("hcpcs", "J1885"), 2)


def test_structured_findings() -> None:
    answer = {"valueCodeableConcept": concept(SNOMED, "77386006")}
    smoking = {"valueCodeableConcept": concept(SNOMED, "428041000124106")}
    never = {"valueCodeableConcept": concept(SNOMED, "266919005")}
    found = visit(
        observation("a", "82810-3", **answer),
        observation("b", "39156-5", valueQuantity={"value": 41.9}),
        observation("c", "72166-2", **smoking),
        observation("d", "72166-2", **never),
    )
    kinds = {(one.kind, one.value, one.dependent) for one in named(found, "Finding")}
    assert kinds == {("pregnant", None, None), ("bmi", 41, None), ("smoker", None, None)}


def test_components_and_bounds_of_observations() -> None:
    pressure = observation(
        "a",
        "85354-9",
        component=[
            {"code": concept(LOINC, "8480-6"), "valueQuantity": {"value": 120}},
            {"code": concept(LOINC, "8462-4"), "valueQuantity": {"value": 80, "comparator": "<"}},
        ],
    )
    systolic, diastolic = named(visit(pressure), "Observation")
    assert systolic.value == Decimal(120)
    assert systolic.evidence[0].ref == "Observation/a.component[0].code.coding[0]"
    assert (diastolic.value, diastolic.text) == (None, "<80")


def test_payer_by_coverage_by_claim_and_by_request() -> None:
    assert visit(coverage(), organization()).payer == "acme"
    first = visit(coverage("a", order=2), coverage("b", order=1, payor=[{"display": "B"}]))
    assert first.payer == "B"
    tied = visit(coverage("a"), coverage("b"), organization())
    assert tied.payer is None
    raw = json.dumps(bundle(patient(), encounter(), coverage(), organization())).encode()
    asked = open_bundle(raw).chart(Request("", "acme health"))
    assert only(asked, "Payer").id == "acme"
    other = open_bundle(raw).chart(Request("", "zenith"))
    assert (other.payer, only(other, "Payer").evidence[0].source) == ("zenith", "Request")


def test_authorizations_are_supplied_only_where_the_bundle_says_so() -> None:
    assert visit().supplied == frozenset()
    response = {
        "resourceType": "ClaimResponse",
        "id": "r",
        "status": "active",
        "type": {"text": "professional"},
        "use": "preauthorization",
        "patient": {"reference": "Patient/p"},
        "created": "2026-03-01",
        "insurer": {"display": "Acme"},
        "outcome": "complete",
        "preAuthRef": "A77",
        "preAuthPeriod": {"start": "2026-03-01", "end": "2026-04-01"},
    }
    found = visit(response)
    assert found.supplied == {"authorization"}
    given = only(found, "Authorization")
    assert (given.number, given.valid_until, given.status) == ("A77", date(2026, 4, 1), None)
    tag = {"system": "https://codewarrant.dev/fhir/supplied", "code": "authorization"}
    assert chart(patient(), encounter(), meta={"tag": [tag]}).supplied == {"authorization"}
    other = response | {"patient": {"reference": "Patient/q"}}
    assert visit(other).supplied == frozenset()


def test_specialty_and_npi_of_those_who_treat() -> None:
    doctor = "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999925990"
    role = {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": {"reference": doctor},
        "specialty": [{"text": "Cardiology"}],
    }
    found = visit(role, participant=[{"individual": {"reference": "PractitionerRole/role"}}])
    treated = only(found, "Practitioner")
    assert (treated.id, treated.specialty) == ("9999925990", "Cardiology")
    assert found.specialty == "Cardiology"
    assert visit(serviceType={"text": "Radiology"}).specialty == "Radiology"


def test_a_medicine_is_long_term_only_where_its_order_says_so() -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": "#med"},
        "contained": [
            {
                "resourceType": "Medication",
                "id": "med",
                "code": concept("http://www.nlm.nih.gov/research/umls/rxnorm", "5856", "insulin"),
            }
        ],
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/e"},
    }
    medicine = only(visit(order), "Medication")
    assert (medicine.code, medicine.name) == (Code("rxnorm", "5856"), "insulin")
    assert medicine.long_term is None
    assert medicine.evidence[1].ref == "MedicationRequest/m.contained[0].code.coding[0]"
    course = order | {"courseOfTherapyType": concept("http://example.org", "continuous")}
    assert only(visit(course), "Medication").long_term is True


def test_order_of_documentation_comes_from_content() -> None:
    listed = [{"condition": {"reference": "Condition/b"}, "rank": 1}]
    found = visit(
        condition("a", "I10", recordedDate="2026-03-04"),
        condition("b", "E11.9", recordedDate="2026-03-05"),
        diagnosis=listed,
    )
    assert [str(one.code) for one in named(found, "Diagnosis")] == ["E11.9", "I10"]
    assert named(found, "Diagnosis")[0].order == (1, "2026-03-05", 0, 0)


@pytest.mark.parametrize(
    ("kind", "subtype", "bill", "setting"),
    [
        ("professional", None, None, "professional"),
        ("institutional", "inpatient", None, "inpatient"),
        ("institutional", "outpatient", "0131", "outpatient"),
        ("institutional", None, "111", "inpatient"),
        ("institutional", "outpatient", "083X", "ambulatory surgery"),
        ("institutional", "inpatient", "0131", None),
        ("institutional", None, None, None),
        ("pharmacy", None, None, None),
    ],
)
def test_a_claim_alone_gives_its_setting_where_its_parts_agree(
    kind: str, subtype: str | None, bill: str | None, setting: str | None
) -> None:
    bills = "https://www.nubc.org/CodeSystem/TypeOfBill"
    more: dict = {"type": concept("http://example.org", kind)}
    if subtype:
        more["subType"] = concept("http://example.org", subtype)
    if bill:
        info = {"sequence": 1, "category": {"text": "bill"}, "code": concept(bills, bill)}
        more["supportingInfo"] = [info]
    assert chart(patient(), claim(**more)).setting == setting


def test_a_stay_billed_alone_goes_by_the_end_of_its_billable_period() -> None:
    built = claim(
        type=concept("http://example.org", "institutional"),
        subType=concept("http://example.org", "inpatient"),
        billablePeriod={"start": "2026-03-01", "end": "2026-03-09"},
    )
    found = chart(patient(), built)
    assert found.clocks["date of service"] == found.clocks["discharge date"] == date(2026, 3, 9)
    assert found.clocks["admission date"] == date(2026, 3, 1)


def test_a_reason_for_absence_is_no_code() -> None:
    built = claim()
    absent = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    built["item"][0]["productOrService"] = concept(absent, "not-applicable")
    (unread,) = visit(built).unread
    assert (unread.code, unread.reason) == (None, "a line without a code")


@pytest.mark.parametrize("alone", [True, False])
def test_units_that_are_no_whole_number_are_said(alone: bool) -> None:
    billed = claim(item=[item(quantity={"value": 1.5}), item(2, quantity={"value": 2})])
    found = chart(patient(), billed) if alone else visit(billed)
    assert [line.units for line in named(found, "Line")] == [None, 2]
    assert [(one.source, one.path) for one in found.unread] == [
        ("Claim/cl", "item[0].quantity.value")
    ]
    assert "not a whole number of units" in found.unread[0].reason


def test_a_pointer_to_no_diagnosis_is_said() -> None:
    found = visit(claim(item=[item(diagnosisSequence=[1, 9])]))
    assert only(found, "Line").pointers == (Code("icd10cm", "I10"),)
    assert [(one.path, one.reason) for one in found.unread] == [
        ("item[0].diagnosisSequence[1]", "points to a diagnosis that the claim does not have")
    ]


def test_a_pointer_to_one_of_two_diagnoses_of_one_sequence_is_not_guessed() -> None:
    listed = [
        {"sequence": 1, "diagnosisCodeableConcept": concept(ICD10CM, code)}
        for code in ("I10", "E11.9")
    ]
    found = visit(claim(diagnosis=listed))
    assert only(found, "Line").pointers == ()
    assert [one.path for one in found.unread] == [
        "diagnosis[1].sequence",
        "item[0].diagnosisSequence[0]",
    ]


def test_a_pointer_to_a_diagnosis_without_a_map_is_said_once() -> None:
    listed = [{"sequence": 1, "diagnosisCodeableConcept": concept(SNOMED, "44054006")}]
    found = visit(claim(diagnosis=listed))
    assert [one.path for one in found.unread] == ["diagnosis[0].diagnosisCodeableConcept.coding[0]"]


def test_codes_of_both_classifications_are_kept() -> None:
    built = condition()
    built["code"]["coding"].append({"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "250.00"})
    stated = {one.code: one.evidence[0].path for one in named(visit(built), "Diagnosis")}
    assert stated == {
        Code("icd10cm", "E11.9"): "code.coding[0]",
        Code("icd9cm", "250.00"): "code.coding[1]",
    }
