"""Procedures, observations, medications, and the findings that are structured data already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import floor
from typing import Any

from codewarrant.engine.values import Code
from codewarrant.fhir.elements import codings, first_day, number, order, preferred, raw_codes, words
from codewarrant.fhir.normalise_people import Case
from codewarrant.fhir.references import Record
from codewarrant.schema import Entity, Finding, Medication, Observation, Procedure, Unread

PREGNANCY_STATUS = Code("loinc", "82810-3")
PREGNANT = {"77386006", "LA15173-0"}
BODY_MASS_INDEX = Code("loinc", "39156-5")
TOBACCO_STATUS = Code("loinc", "72166-2")
CURRENT_SMOKER = {
    "449868002",
    "428041000124106",
    "77176002",
    "428061000124105",
    "428071000124103",
}
"""SNOMED CT answers to LOINC 72166-2 that say the patient smokes now (US Core value set)."""

_BILLED = ("cpt", "hcpcs", "icd10pcs")
_WITHDRAWN = ("entered-in-error", "cancelled")


def procedures(case: Case) -> Iterator[Entity | Unread]:
    """A Procedure for each code of a billed system, else one for the code or words there are."""
    for record in case.part.of("Procedure"):
        resource = record.resource
        if resource.get("status") == "entered-in-error":
            yield _withdrawn(record, resource.get("code"))
            continue
        on = first_day(resource, "performedDateTime", "performedPeriod")
        concept = resource.get("code")
        listed = [
            (code, place) for code, place, _ in codings(concept, "code") if code.system in _BILLED
        ]
        other = preferred(concept, "code", "snomed")
        for code, place in sorted(set(listed)) or [other or (None, "code")]:
            yield Procedure(
                code=code,
                name=words(concept) or None,
                status=resource.get("status"),
                date=on,
                evidence=record.at(place),
                order=order(None, on),
            )


def observations(case: Case) -> Iterator[Entity | Unread]:
    """Measurements and results with their components, and the findings they establish."""
    for record in case.part.of("Observation"):
        if record.resource.get("status") in _WITHDRAWN:
            yield _withdrawn(record, record.resource.get("code"))
            continue
        yield from _observation(record, record.resource, "")
        for i, part in enumerate(record.resource.get("component") or ()):
            yield from _observation(record, part, f"component[{i}].")


def _observation(record: Record, item: Mapping[str, Any], prefix: str) -> Iterator[Entity]:
    on = first_day(record.resource, "effectiveDateTime", "effectivePeriod", "effectiveInstant")
    found = preferred(item.get("code"), f"{prefix}code", "loinc")
    code, place = found if found else (None, f"{prefix}code")
    quantity = item.get("valueQuantity") or {}
    value, text, path = number(quantity.get("value")), None, f"{prefix}valueQuantity"
    if quantity.get("comparator"):
        # "<5" is no number: only that it is below five is known.
        text, value = f"{quantity['comparator']}{value}", None
    if "valueInteger" in item:
        value, path = number(item["valueInteger"]), f"{prefix}valueInteger"
    elif "valueString" in item:
        text, path = item["valueString"], f"{prefix}valueString"
    elif "valueCodeableConcept" in item:
        text, path = words(item["valueCodeableConcept"]), f"{prefix}valueCodeableConcept"
    elif "valueBoolean" in item:
        text, path = str(item["valueBoolean"]).lower(), f"{prefix}valueBoolean"
    if not prefix and record.resource.get("component") and value is None and not text:
        return
    interpretation = sorted(
        {one for concept in item.get("interpretation") or () for one in raw_codes(concept)}
    )
    yield Observation(
        code=code,
        name=words(item.get("code")) or None,
        value=value,
        unit=quantity.get("code") or quantity.get("unit"),
        text=text or None,
        date=on,
        interpretation=interpretation[0] if interpretation else None,
        evidence=record.at(place, *([path] if value is not None or text else [])),
        order=order(None, on),
    )
    kind = _finding(code, raw_codes(item.get("valueCodeableConcept")))
    if code == BODY_MASS_INDEX and value is not None and 1 <= value < 1000:
        kind = "bmi"
    if kind is not None:
        yield Finding(
            kind=kind,
            value=floor(value) if kind == "bmi" and value is not None else None,
            evidence=record.at(path),
            order=order(None, on),
        )


def _finding(code: Code | None, answers: set[str]) -> str | None:
    if code == PREGNANCY_STATUS and answers & PREGNANT:
        return "pregnant"
    if code == TOBACCO_STATUS and answers & CURRENT_SMOKER:
        return "smoker"
    return None


def medications(case: Case) -> Iterator[Entity | Unread]:
    """Medicines ordered, given or taken. ``long_term`` only where the order says for how long."""
    kinds = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
    for record in case.part.of(*kinds):
        resource = record.resource
        concept, source, path = resource.get("medicationCodeableConcept"), record, ""
        path = "medicationCodeableConcept"
        if concept is None:
            path = "medicationReference"
            target = case.index.resolve(record, resource.get(path))
            if target is not None and target.type == "Medication":
                concept, source, path = target.resource.get("code"), target, "code"
        if resource.get("status") == "entered-in-error":
            yield _withdrawn(record, concept)
            continue
        on = first_day(resource, "authoredOn", "effectiveDateTime", "effectivePeriod")
        found = preferred(concept, path, "rxnorm", "ndc")
        code, place = found if found else (None, path)
        course = raw_codes(resource.get("courseOfTherapyType"))
        evidence = source.at(place)
        if source is not record:
            evidence = (*record.at("medicationReference"), *evidence)
        display = (resource.get("medicationReference") or {}).get("display")
        yield Medication(
            code=code,
            name=words(concept) or display or None,
            status=resource.get("status"),
            start=on,
            long_term=True if "continuous" in course else False if "acute" in course else None,
            evidence=evidence,
            order=order(None, on),
        )


def _withdrawn(record: Record, concept: object) -> Unread:
    reason = str(record.resource["status"]).replace("-", " ")
    return Unread(
        source=record.source, path=record.within("status"), reason=reason, title=words(concept)
    )
