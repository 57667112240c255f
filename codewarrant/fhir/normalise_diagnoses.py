"""Conditions and reasons for the visit: what the record states as diagnoses.

A code of ICD-10-CM or ICD-9-CM is a Diagnosis. One that only has codes without a licensed map
(SNOMED CT, local ones), or only words, is kept as Unread with its display, certainty and status.
Every Condition of a chart ends as at least one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Day
from typing import Any, Literal

from codewarrant.engine.values import Code
from codewarrant.fhir.elements import codes, codings, day, first_day, order, raw_codes, whole, words
from codewarrant.fhir.normalise_people import Case
from codewarrant.fhir.references import Record
from codewarrant.fhir.terminology import (
    CLINICAL_STATUS,
    CONDITION_CERTAINTY,
    DIAGNOSIS_SYSTEMS,
    unmapped,
)
from codewarrant.schema import Certainty, ClinicalStatus, Diagnosis, Side, Unread

Role = Literal["principal", "first-listed", "admitting", "secondary"]

_SIDES: dict[str, Side] = {
    "7771000": "left",
    "24028007": "right",
    "51440002": "bilateral",
    "left": "left",
    "right": "right",
    "bilateral": "bilateral",
}
_DUE_TO = "http://hl7.org/fhir/StructureDefinition/condition-dueTo"


@dataclass(frozen=True, slots=True)
class Standing:
    """The part that an encounter gives a condition."""

    role: Role | None
    rank: int | None


def diagnoses(case: Case) -> Iterator[Diagnosis | Unread]:
    """The statements of Conditions, of reports' conclusion codes and of reasons for the visit."""
    standings = _standings(case)
    for record in case.part.of("Condition"):
        for standing in standings.get(record.name, [Standing(None, None)]):
            yield from _condition(case, record, standing)
    for record in case.part.of("DiagnosticReport"):
        on = first_day(record.resource, "effectiveDateTime", "effectivePeriod", "issued")
        if record.resource.get("status") in ("entered-in-error", "cancelled"):
            continue
        for i, concept in enumerate(record.resource.get("conclusionCode") or ()):
            yield from coded(record, f"conclusionCode[{i}]", concept, "note", on, "conclusion")
    if not case.part.claim_only:
        head = case.part.head
        for i, concept in enumerate(head.resource.get("reasonCode") or ()):
            yield from coded(
                head, f"reasonCode[{i}]", concept, "encounter", case.start, "reason for visit"
            )


def coded(
    record: Record,
    path: str,
    concept: object,
    origin: Literal["condition", "claim", "note", "display", "encounter"],
    on: Day | None,
    category: str,
) -> Iterator[Diagnosis | Unread]:
    """The statements of a bare CodeableConcept: nothing is known of certainty or status."""
    found = [item for item in codings(concept, path) if item[0].system in DIAGNOSIS_SYSTEMS]
    for code, place, display in found:
        yield Diagnosis(
            code=code,
            origin=origin,
            phrase=words(concept) or display or None,
            recorded=on,
            category=category,
            evidence=record.at(place),
            order=order(None, on),
        )
    if not found:
        code, place, said = _unread_code(concept, path)
        yield Unread(
            source=record.source,
            path=record.within(place),
            reason=unmapped(code) if code else "words without a code",
            code=code,
            display=said,
            category=category,
            order=order(None, on),
        )


def _unread_code(concept: object, path: str) -> tuple[Code | None, str, str]:
    """The code to remember of a concept without a mapped one, its place, and its words."""
    listed = sorted(codings(concept, path), key=lambda item: (item[0].system != "snomed", item))
    code, place = (listed[0][0], listed[0][1]) if listed else (None, path)
    return code, place, words(concept)


def _standings(case: Case) -> dict[str, list[Standing]]:
    """``Encounter.diagnosis``: condition → its role and rank. Admission diagnoses stand apart."""
    out: dict[str, list[Standing]] = {}
    if case.part.claim_only:
        return out
    head = case.part.head
    given: dict[str, list[tuple[set[str], int | None]]] = {}
    for item in head.resource.get("diagnosis") or ():
        target = case.index.resolve(head, item.get("condition"))
        if target is not None:
            given.setdefault(target.name, []).append(
                (raw_codes(item.get("use")), whole(item.get("rank")))
            )
    for name, listed in given.items():
        admitting = [rank for uses, rank in listed if "AD" in uses]
        others = [(uses, rank) for uses, rank in listed if "AD" not in uses]
        if others:
            ranks = [rank for _, rank in others if rank]
            rank = min(ranks) if ranks else None
            comorbid = all("CM" in uses for uses, _ in others)
            out.setdefault(name, []).append(Standing(_role(case, rank, comorbid), rank))
        if admitting:
            out.setdefault(name, []).append(Standing("admitting", None))
    return out


def _role(case: Case, rank: int | None, comorbid: bool) -> Role | None:
    if comorbid or (rank is not None and rank > 1):
        return "secondary"
    if rank is None or case.setting is None:
        return None
    return "principal" if case.setting == "inpatient" else "first-listed"


def _condition(case: Case, record: Record, standing: Standing) -> Iterator[Diagnosis | Unread]:
    resource = record.resource
    verification = raw_codes(resource.get("verificationStatus"))
    concept = resource.get("code")
    recorded = day(resource.get("recordedDate"))
    onset = first_day(resource, "onsetDateTime", "onsetPeriod")
    if "entered-in-error" in verification:
        code, place, said = _unread_code(concept, "code")
        yield Unread(
            source=record.source,
            path=record.within(place),
            reason="entered in error",
            code=code,
            title=said,
        )
        return
    certainty: Certainty | None = next(
        (CONDITION_CERTAINTY[code] for code in sorted(verification) if code in CONDITION_CERTAINTY),
        None,
    )
    status = _status(case, resource)
    category = _category(resource)
    place_in_order = order(standing.rank, recorded or onset or case.start)
    found = [item for item in codings(concept, "code") if item[0].system in DIAGNOSIS_SYSTEMS]
    known = {code for code, _, _ in found}
    due_to = _due_to(case, record)
    # Codes of other systems that say the same stand in the evidence, after the one that is read.
    others = [place for code, place, _ in codings(concept, "code") if code not in known]
    for code, place, display in found:
        yield Diagnosis(
            code=code,
            certainty=certainty,
            status=status,
            origin="condition",
            role=standing.role,
            rank=standing.rank,
            side=_side(resource),
            phrase=words(concept) or display or None,
            onset=onset,
            recorded=recorded,
            due_to=due_to,
            category=category,
            evidence=record.at(place, *others),
            order=place_in_order,
        )
    if not found:
        yield _unmapped(record, certainty, status, category, place_in_order)


def _unmapped(
    record: Record,
    certainty: Certainty | None,
    status: ClinicalStatus | None,
    category: str | None,
    place_in_order: tuple[int | str, ...],
) -> Unread:
    code, place, said = _unread_code(record.resource.get("code"), "code")
    return Unread(
        source=record.source,
        path=record.within(place),
        reason=unmapped(code) if code else "words without a code" if said else "no code, no words",
        code=code,
        display=said,
        certainty=certainty,
        clinical_status=status,
        category=category,
        order=place_in_order,
    )


def _status(case: Case, resource: Mapping[str, Any]) -> ClinicalStatus | None:
    """Whether it was a present problem at the encounter.

    The resource says how things stood when it was sent. A condition that ended on or after the
    encounter's first day was active then; one that ended before it was resolved.
    """
    sent: ClinicalStatus | None = next(
        (
            CLINICAL_STATUS[code]
            for code in sorted(raw_codes(resource.get("clinicalStatus")))
            if code in CLINICAL_STATUS
        ),
        None,
    )
    ended = first_day(resource, "abatementDateTime")
    if ended is None:
        ended = day((resource.get("abatementPeriod") or {}).get("end"))
    if ended is None or case.start is None or sent == "recurrence":
        return sent
    if ended < case.start:
        return "resolved" if sent in (None, "active") else sent
    return "active"


def _category(resource: Mapping[str, Any]) -> str | None:
    for concept in resource.get("category") or ():
        for code, _, _ in codings(concept, ""):
            if code.system.endswith("/condition-category"):
                return code.value
    for concept in resource.get("category") or ():
        said = sorted(raw_codes(concept)) or [words(concept)]
        if said[0]:
            return said[0]
    return None


def _side(resource: Mapping[str, Any]) -> Side | None:
    sides: set[Side] = {
        _SIDES[name]
        for concept in resource.get("bodySite") or ()
        for name in (*raw_codes(concept), words(concept).casefold())
        if name in _SIDES
    }
    return next(iter(sides)) if len(sides) == 1 else None


def _due_to(case: Case, record: Record) -> tuple[Code, ...]:
    found: set[Code] = set()
    for extension in record.resource.get("extension") or ():
        if extension.get("url") != _DUE_TO:
            continue
        found.update(codes(extension.get("valueCodeableConcept"), *DIAGNOSIS_SYSTEMS))
        cause = case.index.resolve(record, extension.get("valueReference"))
        if cause is not None and cause.type == "Condition":
            found.update(codes(cause.resource.get("code"), *DIAGNOSIS_SYSTEMS))
    return tuple(sorted(found))
