"""A claim of an 837 as the FHIR R4 bundle that an EHR would send for it.

Names of patients and subscribers, addresses and member numbers are not carried over: nothing that
is decided depends on them. Value sets are FHIR R4's own where it has them (claim type, information
category, diagnosis type), NUBC's for the type of bill and CARIN's for what R4 leaves open.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import orjson

from codewarrant.engine.canonical import sha256
from codewarrant.x12.billed import BilledClaim, BilledLine, Days, Provider

Json = dict[str, Any]

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem"
NUBC = "https://www.nubc.org/CodeSystem"
NPI = "http://hl7.org/fhir/sid/us-npi"
TAXONOMY = "http://nucc.org/provider-taxonomy"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
OWN = "https://codewarrant.dev/x12"
"""Of identifiers that only this reading gives: digest and control numbers of the interchange."""
SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "icd9pcs": "http://hl7.org/fhir/sid/icd-9-cm/procedure",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
}
_KINDS = {
    "principal": (f"{TERMINOLOGY}/ex-diagnosistype", "principal"),
    "admitting": (f"{TERMINOLOGY}/ex-diagnosistype", "admitting"),
    "other": (f"{CARIN}/C4BBClaimDiagnosisType", "other"),
    "external cause": (f"{CARIN}/C4BBClaimDiagnosisType", "externalcauseofinjury"),
}
"""Type of a diagnosis by its role. The reason for a visit is no diagnosis but an information."""
_POINTED = ("principal", "other")
"""Roles that lines may point to; these are numbered first."""
_LATER = ("admitting", "external cause")
ORIGINAL = "1"
_NO_ID = re.compile(r"[^A-Za-z0-9.\-]")


def to_bundle(claim: BilledClaim, digest: str) -> bytes:
    """The bundle of one claim; ``digest`` is the SHA-256 of the interchange's bytes.

    The same claim gives the same bytes.
    """
    resources = [_patient(claim), _billing(claim), _payer(claim), _COVERAGE, _claim(claim, digest)]
    entries = [{"resource": item} for item in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def resource_id(claim: BilledClaim) -> str:
    """An id for the Claim that shows CLM01: as it is where FHIR allows it as an id, else with the
    other characters replaced and a digest behind."""
    plain = _NO_ID.sub("-", claim.id)
    return plain if plain == claim.id else f"{plain}-{sha256(claim.id.encode())[:8]}"


def _patient(claim: BilledClaim) -> Json:
    out: Json = {"resourceType": "Patient", "id": "patient"}
    if claim.patient.sex is not None:
        out["gender"] = claim.patient.sex
    if claim.patient.born is not None:
        out["birthDate"] = claim.patient.born.isoformat()
    return out


def _billing(claim: BilledClaim) -> Json:
    out: Json = {"resourceType": "Organization", "id": "billing-provider"}
    if claim.billing.npi:
        out["identifier"] = [{"system": NPI, "value": claim.billing.npi}]
    else:
        out["name"] = "billing provider without NPI"
    if claim.billing.taxonomy:
        out["type"] = [_concept(TAXONOMY, claim.billing.taxonomy)]
    return out


def _payer(claim: BilledClaim) -> Json:
    out: Json = {"resourceType": "Organization", "id": "payer"}
    if claim.payer.id:
        out["identifier"] = [{"value": claim.payer.id}]
    out["name"] = claim.payer.name or claim.payer.id or "unknown"
    return out


_COVERAGE: Json = {
    "resourceType": "Coverage",
    "id": "coverage",
    "status": "active",
    "beneficiary": {"reference": "Patient/patient"},
    "payor": [{"reference": "Organization/payer"}],
}


def _claim(claim: BilledClaim, digest: str) -> Json:
    team = _team(claim)
    numbered = [item for item in claim.diagnoses if item.role in _POINTED]
    numbered += [item for item in claim.diagnoses if item.role in _LATER]
    out: Json = {
        "resourceType": "Claim",
        "id": resource_id(claim),
        "identifier": [
            {"system": f"{OWN}/claim", "value": claim.id},
            {"system": f"{OWN}/interchange-sha256", "value": digest},
            {
                "system": f"{OWN}/control-numbers",
                "value": "/".join(
                    (claim.interchange, claim.group, claim.transaction, str(claim.segment))
                ),
            },
        ],
        "status": "active",
        "type": _concept(f"{TERMINOLOGY}/claim-type", claim.kind),
        "use": "claim",
        "patient": {"reference": "Patient/patient"},
        "created": claim.created.isoformat(),
        "insurer": {"reference": "Organization/payer"},
        "provider": {"reference": "Organization/billing-provider"},
        "priority": _concept(f"{TERMINOLOGY}/processpriority", "normal"),
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/coverage"}}
        ],
    }
    if claim.statement:
        out["billablePeriod"] = _period(claim.statement)
    if claim.replaces:
        out["related"] = [
            {
                "relationship": _concept(f"{TERMINOLOGY}/ex-relatedclaimrelationship", "prior"),
                "reference": {"value": claim.replaces},
            }
        ]
    diagnoses = [
        {
            "sequence": at,
            "diagnosisCodeableConcept": _concept(SYSTEMS[item.system], item.code),
            "type": [_concept(*_KINDS[item.role])],
            **(
                {"onAdmission": _concept(_POA, item.present_on_admission)}
                if item.present_on_admission
                else {}
            ),
        }
        for at, item in enumerate(numbered, start=1)
    ]
    procedures = [
        {
            "sequence": at,
            "type": [
                _concept(f"{CARIN}/C4BBProcedureType", "principal" if item.principal else "other")
            ],
            **({"date": item.on.isoformat()} if item.on else {}),
            "procedureCodeableConcept": _concept(SYSTEMS[item.system], item.code),
        }
        for at, item in enumerate(claim.procedures, start=1)
    ]
    for name, parts in (
        ("careTeam", [_member(at, item) for at, item in enumerate(team, start=1)]),
        ("supportingInfo", _information(claim)),
        ("diagnosis", diagnoses),
        ("procedure", procedures),
        ("item", [_item(line, team) for line in claim.lines]),
    ):
        if parts:
            out[name] = parts
    if claim.total is not None:
        out["total"] = {"value": _number(claim.total), "currency": claim.currency}
    return out


_POA = f"{NUBC}/PresentOnAdmissionIndicator"


def _team(claim: BilledClaim) -> list[Provider]:
    """Everyone whose NPI is known, those of the claim first, then those of its lines."""
    lines = [line.rendering for line in claim.lines if line.rendering is not None]
    return list(dict.fromkeys(item for item in (*claim.providers, *lines) if item.npi))


def _member(at: int, provider: Provider) -> Json:
    out: Json = {
        "sequence": at,
        "provider": {
            "type": "Practitioner",
            "identifier": {"system": NPI, "value": provider.npi},
        },
        "role": _concept(f"{OWN}/provider-role", provider.role.replace(" ", "-")),
    }
    if provider.taxonomy:
        out["qualification"] = _concept(TAXONOMY, provider.taxonomy)
    return out


def _information(claim: BilledClaim) -> list[Json]:
    """What R4 has no element for: type of bill, hospital days, onset, reasons for the visit."""
    found: list[Json] = []
    bill = claim.bill_type
    if bill is not None:
        found.append({"category": _category("info"), "code": _concept(f"{NUBC}/TypeOfBill", bill)})
    elif claim.frequency != ORIGINAL:
        frequency = _concept(f"{NUBC}/FrequencyCode", claim.frequency)
        found.append({"category": _category("info"), "code": frequency})
    if claim.admitted or claim.discharged:
        stay = {"start": claim.admitted, "end": claim.discharged}
        period = {name: on.isoformat() for name, on in stay.items() if on is not None}
        found.append({"category": _category("hospitalized"), "timingPeriod": period})
    if claim.onset:
        found.append({"category": _category("onset"), "timingDate": claim.onset.isoformat()})
    found += [
        {
            "category": _category("patientreasonforvisit"),
            "code": _concept(SYSTEMS[item.system], item.code),
        }
        for item in claim.diagnoses
        if item.role == "reason for visit"
    ]
    return [{"sequence": at, **item} for at, item in enumerate(found, start=1)]


def _category(code: str) -> Json:
    return _concept(f"{TERMINOLOGY}/claiminformationcategory", code)


def _item(line: BilledLine, team: list[Provider]) -> Json:
    out: Json = {"sequence": line.number}
    rendering = line.rendering if line.rendering in team else None
    treating = rendering or next((item for item in team if item.role == "rendering"), None)
    if treating is not None:
        out["careTeamSequence"] = [team.index(treating) + 1]
    if line.pointers:
        out["diagnosisSequence"] = list(line.pointers)
    if line.revenue:
        out["revenue"] = _concept(f"{NUBC}/RevenueCodes", line.revenue)
    out["productOrService"] = _service(line)
    if line.modifiers:
        system = SYSTEMS["hcpcs"]
        out["modifier"] = [_concept(system, item) for item in line.modifiers]
    if line.days:
        if line.days[0] == line.days[1]:
            out["servicedDate"] = line.days[0].isoformat()
        else:
            out["servicedPeriod"] = _period(line.days)
    if line.place_of_service:
        out["locationCodeableConcept"] = _concept(PLACE, line.place_of_service)
    if line.units is not None:
        out["quantity"] = {"value": _number(line.units)}
    if line.charge is not None:
        out["net"] = {"value": _number(line.charge)}
    return out


def _service(line: BilledLine) -> Json:
    """HCPCS and CPT; another list of codes by its qualifier; none for a revenue code alone."""
    if not line.code:
        return _concept(f"{TERMINOLOGY}/data-absent-reason", "not-applicable")
    if line.qualifier != "HC":
        return _concept(f"{OWN}/services-{line.qualifier}", line.code)
    return _concept(SYSTEMS["cpt" if line.code[0].isdigit() else "hcpcs"], line.code)


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _period(days: Days) -> Json:
    first, last = days
    return {"start": first.isoformat(), "end": last.isoformat()}


def _number(value: Decimal) -> orjson.Fragment:
    """A number in JSON as it was written: never through a float. A whole one without a fraction."""
    whole = value.to_integral_value()
    return orjson.Fragment(format(whole if whole == value else value, "f"))
