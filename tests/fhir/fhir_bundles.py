"""Small FHIR bundles for tests: resources as dicts, with only what FHIR requires."""

from __future__ import annotations

import base64
import json
from typing import Any

from codewarrant.fhir.read import OpenedBundle, open_bundle
from codewarrant.schema import Chart

Json = dict[str, Any]

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"
LOINC = "http://loinc.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def concept(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [coding | ({"display": display} if display else {})]}


def patient(id: str = "p", **more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": id,
        "gender": "female",
        "birthDate": "1960-05-06",
        **more,
    }


def encounter(id: str = "e", class_code: str = "AMB", **more: Any) -> Json:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": {"system": ACT, "code": class_code},
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-03-04T10:00:00-05:00", "end": "2026-03-04T11:00:00-05:00"},
    } | more


def condition(id: str | None = "c", code: str = "E11.9", **more: Any) -> Json:
    built: Json = {
        "resourceType": "Condition",
        "code": concept(ICD10CM, code),
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/e"},
        "verificationStatus": concept(VERIFICATION, "confirmed"),
        "clinicalStatus": concept(CLINICAL, "active"),
    } | more
    if id is not None:
        built["id"] = id
    return {name: value for name, value in built.items() if value is not None}


def procedure(id: str = "pr", code: str = "99213", **more: Any) -> Json:
    return {
        "resourceType": "Procedure",
        "id": id,
        "status": "completed",
        "code": concept(CPT, code),
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/e"},
        "performedDateTime": "2026-03-04",
    } | more


def observation(id: str, code: str, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": concept(LOINC, code),
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/e"},
        "effectiveDateTime": "2026-03-04",
    } | more


def document(
    data: bytes | str = b"Chest clear.",
    id: str = "d",
    content_type: str | None = "text/plain; charset=utf-8",
    **more: Any,
) -> Json:
    """``data`` as bytes is encoded; as text it stands as sent."""
    sent = data if isinstance(data, str) else base64.b64encode(data).decode()
    attachment = {"data": sent} | ({"contentType": content_type} if content_type else {})
    return {
        "resourceType": "DocumentReference",
        "id": id,
        "status": "current",
        "type": concept(LOINC, "11506-3", "Progress note"),
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-04T10:30:00-05:00",
        "content": [{"attachment": attachment}],
        "context": {"encounter": [{"reference": "Encounter/e"}]},
    } | more


def claim(id: str = "cl", **more: Any) -> Json:
    return {
        "resourceType": "Claim",
        "id": id,
        "status": "active",
        "type": concept("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
        "use": "claim",
        "patient": {"reference": "Patient/p"},
        "created": "2026-03-05",
        "provider": {"reference": "Organization/o"},
        "priority": {"coding": [{"code": "normal"}]},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/cov"}}],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": concept(ICD10CM, "I10")}],
        "item": [item()],
    } | more


def item(sequence: int = 1, code: str = "99213", **more: Any) -> Json:
    return {
        "sequence": sequence,
        "productOrService": concept(CPT, code),
        "diagnosisSequence": [1],
        "servicedDate": "2026-03-04",
    } | more


def coverage(id: str = "cov", **more: Any) -> Json:
    return {
        "resourceType": "Coverage",
        "id": id,
        "status": "active",
        "beneficiary": {"reference": "Patient/p"},
        "payor": [{"reference": "Organization/acme"}],
    } | more


def organization(id: str = "acme", name: str = "Acme Health", **more: Any) -> Json:
    return {"resourceType": "Organization", "id": id, "name": name} | more


def bundle(*resources: Json, **more: Any) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in resources],
    } | more


def opened(*resources: Json, **more: Any) -> OpenedBundle:
    return open_bundle(json.dumps(bundle(*resources, **more)).encode())


def chart(*resources: Json, **more: Any) -> Chart:
    """The only chart of a bundle of these resources."""
    found = opened(*resources, **more)
    (request,) = found.requests()
    return found.chart(request)


def visit(*resources: Json, **of_encounter: Any) -> Chart:
    """The chart of one patient and one encounter with these resources."""
    return chart(patient(), encounter(**of_encounter), *resources)


def named(found: Chart, kind: str) -> list[Any]:
    """The entities of one type, by class name."""
    return [entity for entity in found.entities if type(entity).__name__ == kind]
