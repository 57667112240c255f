"""Who and where: the encounter with its setting and clocks, patient, payer, practitioners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Day
from typing import Any

from codewarrant.engine.facts import Evidence
from codewarrant.fhir.elements import codings, day, order, raw_codes, whole, words
from codewarrant.fhir.partition import Part, service_days
from codewarrant.fhir.references import NPI, Index, Record, identifiers
from codewarrant.fhir.terminology import DAY_SURGERY, DAY_SURGERY_CODES, SETTING_OF_CLASS
from codewarrant.schema import Encounter, Entity, Patient, Payer, Practitioner, Setting, age


@dataclass(frozen=True, slots=True)
class Case:
    """One chart being normalised: its resources and what is known of the visit."""

    index: Index
    part: Part
    claim: Record | None
    """The claim whose lines are read, where there is one."""
    setting: Setting | None
    start: Day | None
    end: Day | None

    @property
    def of_service(self) -> Day | None:
        """The date that chooses codes and rules: discharge for a stay, else the first day.

        ICD-10-CM is used by date of discharge for inpatient stays and by date of service otherwise
        (45 CFR 162.1002; Official Guidelines, title page).
        """
        return self.end if self.setting == "inpatient" else self.start


def open_case(index: Index, part: Part, claim: Record | None) -> Case:
    """Read the setting and the days of a chart."""
    resource = part.head.resource
    if part.claim_only:
        days = service_days(resource)
        setting = _setting_of_claim(resource)
        period = resource.get("billablePeriod") or {}
        if setting == "inpatient" and day(period.get("end")):
            days = (day(period.get("start")), day(period.get("end")))
        return Case(index, part, claim, setting, *(days or (None, None)))
    period = resource.get("period") or {}
    return Case(
        index,
        part,
        claim,
        _setting_of_encounter(resource),
        day(period.get("start")),
        day(period.get("end")),
    )


def _setting_of_encounter(resource: Mapping[str, Any]) -> Setting | None:
    given = resource.get("class") or {}
    name = given.get("code") or given.get("display") or ""
    setting = SETTING_OF_CLASS.get(name.strip().casefold())
    if setting in (None, "outpatient"):
        for concept in (*(resource.get("type") or ()), resource.get("serviceType")):
            listed = {code for code, _, _ in codings(concept, "")}
            if listed & DAY_SURGERY_CODES or DAY_SURGERY.search(words(concept)):
                return "ambulatory surgery"
    return setting


def _setting_of_claim(resource: Mapping[str, Any]) -> Setting | None:
    """From the claim's type, its subtype and the type of bill (NUBC form locator 4).

    Where subtype and type of bill disagree the setting is unknown.
    """
    kinds = raw_codes(resource.get("type"))
    if kinds & {"professional", "vision", "oral"}:
        return "professional"
    if "institutional" not in kinds:
        return None
    subtype = raw_codes(resource.get("subType"))
    inpatient = {kind == "inpatient" for kind in subtype if kind in ("inpatient", "outpatient")}
    billed: set[Setting] = {
        setting
        for info in resource.get("supportingInfo") or ()
        for code, _, _ in codings(info.get("code"), "")
        if code.system.endswith("/TypeOfBill") and (setting := _setting_of_bill(code.value))
    }
    inpatient |= {setting == "inpatient" for setting in billed}
    if len(inpatient) != 1 or len(billed) > 1:
        return None
    for setting in billed:
        return setting
    return "inpatient" if True in inpatient else "outpatient"


def _setting_of_bill(value: str) -> Setting | None:
    by_facility: dict[str, Setting] = {
        "11": "inpatient",
        "12": "outpatient",
        "13": "outpatient",
        "14": "outpatient",
        "83": "ambulatory surgery",
        "85": "outpatient",
    }
    return by_facility.get(value.lstrip("0")[:2])


def clocks(case: Case, received: Day | None) -> dict[str, Day | None]:
    """The chart's named dates. Admission and discharge belong to inpatient stays alone."""
    stay = case.setting == "inpatient"
    return {
        "date of service": case.of_service,
        "admission date": case.start if stay else None,
        "discharge date": case.end if stay else None,
        "received date": received,
    }


def encounter(case: Case, specialty: str | None) -> Encounter:
    """The visit; of a claim alone, what the claim says of it."""
    head, resource = case.part.head, case.part.head.resource
    if case.part.claim_only:
        return Encounter(
            setting=case.setting,
            start=case.start,
            end=case.end,
            specialty=specialty,
            evidence=head.at("type", *(["billablePeriod"] if "billablePeriod" in resource else [])),
            order=order(None, case.start),
        )
    given = resource.get("class") or {}
    types = {
        code for concept in resource.get("type") or () for code, _, _ in codings(concept, "type")
    }
    left = (resource.get("hospitalization") or {}).get("dischargeDisposition")
    disposition = sorted(raw_codes(left))
    return Encounter(
        setting=case.setting,
        class_code=given.get("code"),
        status=resource.get("status"),
        start=case.start,
        end=case.end,
        specialty=specialty,
        types=tuple(sorted(types)),
        discharge_disposition=disposition[0] if disposition else words(left) or None,
        evidence=head.at("class", *(["period"] if "period" in resource else [])),
        order=order(None, case.start),
    )


def patient(case: Case) -> Patient | None:
    """The person, with the age on the date of service."""
    record = case.part.patient
    if record is None:
        return None
    resource = record.resource
    gender = resource.get("gender")
    born, on = day(resource.get("birthDate")), case.of_service
    years, days = (born and on and age(born, on)) or (None, None)
    paths = [name for name in ("gender", "birthDate") if name in resource]
    return Patient(
        sex=gender if gender in ("female", "male") else None,
        birth_date=born,
        age_years=years,
        age_days=days,
        evidence=record.at(*(paths or ["id"])),
        order=order(None, None),
    )


def payer(case: Case, wanted: str) -> Payer | None:
    """Who pays: the payer asked for, else the claim's insurer, else that of the only coverage that
    comes first. Where several coverages could be first it is unknown."""
    found = [_payer_of(case, *place) for place in _payers(case)]
    if wanted:
        for candidate in found:
            if wanted.casefold() in {
                (candidate.id or "").casefold(),
                (candidate.name or "").casefold(),
            }:
                return candidate
        return Payer(id=wanted, evidence=(Evidence("Request", "payer"),), order=order(None, None))
    return found[0] if found else None


def _payers(case: Case) -> list[tuple[Record, str, object, str | None]]:
    """Where payers are named: record, path, reference, kind of plan; the one who pays first."""
    if case.claim is not None:
        resource = case.claim.resource
        listed = list(enumerate(resource.get("insurance") or ()))
        listed.sort(key=lambda pair: (pair[1].get("focal") is not True, pair[0]))
        coverage, kind = None, None
        for i, item in listed[:1]:
            coverage = case.index.resolve(case.claim, item.get("coverage"))
            if coverage is not None:
                kind = words(coverage.resource.get("type")) or None
            elif (item.get("coverage") or {}).get("display") and not resource.get("insurer"):
                return [(case.claim, f"insurance[{i}].coverage", item["coverage"], None)]
        if resource.get("insurer"):
            return [(case.claim, "insurer", resource["insurer"], kind)]
        if coverage is not None:
            return _of_coverage(coverage)
    ranked: dict[int, list[Record]] = {}
    for record in case.part.shared:
        if record.type == "Coverage" and record.resource.get("status") == "active":
            ranked.setdefault(whole(record.resource.get("order")) or 0, []).append(record)
    if not ranked:
        return []
    first = ranked[min(ranked)]
    return _of_coverage(first[0]) if len(first) == 1 else []


def _of_coverage(record: Record) -> list[tuple[Record, str, object, str | None]]:
    kind = words(record.resource.get("type")) or None
    return [
        (record, f"payor[{i}]", reference, kind)
        for i, reference in enumerate(record.resource.get("payor") or ())
    ]


def _payer_of(case: Case, record: Record, path: str, reference: object, kind: str | None) -> Payer:
    assert isinstance(reference, Mapping)
    found = case.index.resolve(record, reference)
    given = (reference.get("identifier") or {}).get("value")
    name = reference.get("display")
    if found is not None:
        listed = sorted(identifiers(found.resource), key=lambda pair: (pair[0] in NPI, *pair))
        # The id of a contained resource means nothing outside its container.
        own = None if found.root else found.resource.get("id")
        given = given or (listed[0][1] if listed else own)
        name = found.resource.get("name") or name
    return Payer(
        id=given,
        name=name if isinstance(name, str) else None,
        kind=kind,
        evidence=record.at(path),
        order=order(None, None),
    )


def practitioners(case: Case) -> Iterator[Entity]:
    """Everyone who treated, once each."""
    seen: dict[str, Practitioner] = {}
    for record, path, reference, qualification in _treating(case):
        name = provider_name(case.index, record, reference)
        if name is None:
            continue
        specialty = _specialty_of(case.index, record, reference) or words(qualification) or None
        if name not in seen or (seen[name].specialty is None and specialty):
            seen[name] = Practitioner(
                id=name, specialty=specialty, evidence=record.at(path), order=order(None, None)
            )
    yield from seen.values()


def _treating(case: Case) -> Iterator[tuple[Record, str, object, object]]:
    head = case.part.head
    if not case.part.claim_only:
        for i, item in enumerate(head.resource.get("participant") or ()):
            yield head, f"participant[{i}].individual", item.get("individual"), None
    for record in case.part.of("Procedure"):
        for i, item in enumerate(record.resource.get("performer") or ()):
            yield record, f"performer[{i}].actor", item.get("actor"), None
    if case.claim is not None:
        for i, item in enumerate(case.claim.resource.get("careTeam") or ()):
            yield (
                case.claim,
                f"careTeam[{i}].provider",
                item.get("provider"),
                item.get("qualification"),
            )


def provider_name(index: Index, record: Record, reference: object) -> str | None:
    """The NPI of whom a reference names, else the name of the resource."""
    found = index.resolve(record, reference)
    if found is not None and found.type == "PractitionerRole":
        inner = found.resource.get("practitioner")
        target = index.resolve(found, inner)
        # A role that names a role may come round to itself.
        if target is not None and target.type == "PractitionerRole":
            return found.name
        return provider_name(index, found, inner) or found.name
    if found is not None and found.type == "Patient":
        return None
    return index.npi(record, reference) or index.identity(record, reference)


def _specialty_of(index: Index, record: Record, reference: object) -> str | None:
    found = index.resolve(record, reference)
    if found is None:
        return None
    roles = [found] if found.type == "PractitionerRole" else [
        role
        for role in index.of("PractitionerRole")
        if index.resolve(role, role.resource.get("practitioner")) is found
    ]  # fmt: skip
    named = {
        words(concept) or next(iter(sorted(raw_codes(concept))), "")
        for role in roles
        for concept in role.resource.get("specialty") or ()
    } - {""}
    return next(iter(named)) if len(named) == 1 else None


def specialty(case: Case) -> str | None:
    """The specialty of the service: of the encounter, else of the only specialty that treated."""
    if not case.part.claim_only:
        said = words(case.part.head.resource.get("serviceType"))
        if said:
            return said
    named = {
        found
        for record, _, reference, qualification in _treating(case)
        if (found := _specialty_of(case.index, record, reference) or words(qualification))
    }
    return next(iter(named)) if len(named) == 1 else None
