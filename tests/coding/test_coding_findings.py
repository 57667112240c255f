"""Findings that structured medicines and smoking status establish."""

import pytest

from codewarrant.coding.findings import record_findings
from codewarrant.engine.facts import Evidence
from codewarrant.engine.values import Code
from codewarrant.extract.medications import medications
from codewarrant.extract.tables import load_tables
from codewarrant.schema import Medication, Observation, Patient

TABLES = load_tables()
KNOWN = medications(TABLES, TABLES.speller)


def medication(name, status="active", source="MedicationRequest/1", **fields):
    place = (Evidence(source, "medicationCodeableConcept"),)
    return Medication(name=name, status=status, evidence=place, order=(3,), **fields)


def found(*entities):
    return [(item.kind, item.temporary) for item in record_findings(entities, KNOWN)]


def test_an_active_order_is_a_finding_at_the_same_place():
    (finding,) = record_findings([medication("Empagliflozin 10 mg tablet")], KNOWN)
    assert (finding.kind, finding.temporary) == ("oral-hypoglycemic", None)
    assert finding.evidence == (Evidence("MedicationRequest/1", "medicationCodeableConcept"),)
    assert finding.order == (3,)


@pytest.mark.parametrize(("long_term", "temporary"), [(True, False), (False, True), (None, None)])
def test_the_course_of_an_order_says_whether_it_is_temporary(long_term, temporary):
    assert found(medication("Insulin lispro", long_term=long_term)) == [("insulin", temporary)]


@pytest.mark.parametrize(
    "status", ["stopped", "completed", "on-hold", "cancelled", "draft", "not-taken", None]
)
def test_an_order_that_is_not_in_force_is_no_finding(status):
    assert found(medication("Warfarin 5 mg", status)) == []


def test_a_dose_that_was_given_says_nothing_of_what_is_taken_at_home():
    source = "MedicationAdministration/1"
    assert found(medication("Insulin lispro", "completed", source)) == []
    assert found(medication("Carboplatin", "completed", source)) == [
        ("antineoplastic-treatment", None)
    ]
    assert found(medication("Carboplatin", "not-done", source)) == []


def test_other_medicines_and_other_entities_give_nothing():
    assert found(medication("Losartan 50 mg"), medication(None), Patient(sex="male")) == []


def smoking(text, code="72166-2"):
    place = (Evidence("Observation/1", "valueCodeableConcept"),)
    return Observation(code=Code("loinc", code), text=text, evidence=place)


def test_smoking_status_former():
    assert found(smoking("Former smoker")) == [("former-smoker", None)]
    assert found(smoking("Ex-smoker (finding)")) == [("former-smoker", None)]


@pytest.mark.parametrize("text", ["Never smoker", "Current every day smoker", None, ""])
def test_other_smoking_statuses_are_not_former(text):
    assert found(smoking(text)) == []


def test_only_the_smoking_status_says_it():
    assert found(smoking("Former smoker", "8302-2")) == []
