"""Values that FHIR allows and no chart means: each gives a decision, never a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codewarrant.fhir.read import open_bundle
from codewarrant.schema import to_fact

SUBJECT = {"subject": {"reference": "Patient/p"}}
VISIT = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "AMB"},
    "period": {"start": "2026-02-03", "end": "2026-02-03"},
    **SUBJECT,
}
ROLE_OF_ITSELF = {
    "resourceType": "PractitionerRole",
    "id": "r",
    "practitioner": {"reference": "PractitionerRole/r"},
}


def read(*resources: dict[str, Any], number: str = "0") -> list[Any]:
    """The facts of the one chart; the text NUMBER stands for a number as written."""
    entries = [{"resource": item} for item in ({"resourceType": "Patient", "id": "p"}, *resources)]
    form = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    opened = open_bundle(form.replace('"NUMBER"', number).encode())
    (request,) = opened.requests()
    return [to_fact(entity) for entity in opened.chart(request).entities]


@pytest.mark.parametrize("number", ["1e40", "99999999999999999999", "-1e40", "1e-40", "-5"])
def test_a_body_mass_index_beyond_reason_is_an_observation_and_no_finding(number: str) -> None:
    weighed = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "39156-5"}]},
        "encounter": {"reference": "Encounter/e"},
        "valueQuantity": {"value": "NUMBER"},
        **SUBJECT,
    }
    entities = [fact.entity for fact in read(VISIT, weighed, number=number)]
    assert entities.count("observation") == 1
    assert "finding" not in entities


@pytest.mark.parametrize("number", ["1e40", "9223372036854775808", "1e18"])
def test_units_that_no_count_can_have_are_unknown(number: str) -> None:
    charge = {
        "resourceType": "ChargeItem",
        "id": "c",
        "status": "billable",
        "context": {"reference": "Encounter/e"},
        "occurrenceDateTime": "2026-02-03",
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]},
        "quantity": {"value": "NUMBER"},
        **SUBJECT,
    }
    (line,) = [fact for fact in read(VISIT, charge, number=number) if fact.entity == "line"]
    assert line.get("units") is None


def test_a_role_that_names_itself_is_named_by_its_own_resource() -> None:
    visit = {**VISIT, "participant": [{"individual": {"reference": "PractitionerRole/r"}}]}
    treating = [fact for fact in read(visit, ROLE_OF_ITSELF) if fact.entity == "practitioner"]
    assert [fact.get("id") for fact in treating] == ["PractitionerRole/r"]
