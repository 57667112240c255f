"""The draft Claim: diagnoses with sequence and type, lines with modifiers and pointers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from codewarrant.fhir.write_elements import (
    BASE,
    TERMINOLOGY,
    Json,
    Written,
    concept,
    dated,
    modifier,
    person,
    reference,
    unknown,
)

INSTITUTIONAL = ("inpatient",)
PROFESSIONAL = ("professional",)
POA_NUBC = "https://www.nubc.org/CodeSystem/PresentOnAdmissionIndicator"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
CLAIM_TYPES = ("institutional", "professional", "oral", "pharmacy", "vision")


def claim(written: Written) -> Json:
    """The Claim resource as plain JSON; amounts are Decimals."""
    body = written.body
    out: Json = {
        "resourceType": "Claim",
        "id": written.id("Claim"),
        "identifier": [
            {"system": f"{BASE}/decision", "value": written.header["decision_id"]},
        ],
        "status": "draft",
        "type": _type(written),
        "use": "claim",
        "patient": written.patient,
        **dated("created", written.day),
        "provider": written.provider,
        "priority": {"coding": [{"system": f"{TERMINOLOGY}/processpriority", "code": "normal"}]},
        "insurance": [
            {
                "sequence": 1,
                "focal": True,
                "coverage": written.party("coverage", "payer", "Coverage"),
            }
        ],
    }
    period = _period(body["clocks"])
    if period:
        out["billablePeriod"] = period
    if written.insurer:
        out["insurer"] = written.insurer
    team = written.practitioners()
    for name, parts in (
        ("careTeam", [_member(at, name) for at, name in enumerate(team, start=1)]),
        ("supportingInfo", _supporting(written)),
        ("diagnosis", [_diagnosis(item) for item in body["diagnoses"]]),
        ("item", [_item(written, team, line) for line in body["lines"]]),
    ):
        if parts:
            out[name] = parts
    total = _total(written)
    if total:
        out["total"] = total
    return out


def _type(written: Written) -> Json:
    """By the claim as billed, else by the setting, else by the lines, else unknown.

    An outpatient service may go out on either form; a place of service is a field of the
    professional one only.
    """
    setting = written.body["setting"]
    billed = {fact["fields"].get("kind") for fact in written.entities("claim")} & set(CLAIM_TYPES)
    if len(billed) == 1:
        (code,) = billed
    elif setting in INSTITUTIONAL:
        code = "institutional"
    elif setting in PROFESSIONAL or any(line["place_of_service"] for line in written.body["lines"]):
        code = "professional"
    else:
        return unknown()
    return {"coding": [{"system": f"{TERMINOLOGY}/claim-type", "code": code}]}


def _period(clocks: Mapping[str, str | None]) -> Json:
    first = clocks.get("admission date") or clocks.get("date of service")
    last = clocks.get("discharge date")
    return {name: day for name, day in (("start", first), ("end", last)) if day}


def _member(at: int, name: str) -> Json:
    return {"sequence": at, "provider": person(name)}


def _diagnosis(item: Mapping[str, Any]) -> Json:
    out: Json = {
        "id": f"diagnosis-{item['sequence']}",
        "sequence": item["sequence"],
        "diagnosisCodeableConcept": concept(item["code"], item["title"], item["release"]),
    }
    role = item["role"]
    if role in ("principal", "admitting"):
        out["type"] = [
            {"coding": [{"system": f"{TERMINOLOGY}/ex-diagnosistype", "code": role}]},
        ]
    elif role == "first-listed":
        out["type"] = [{"text": "first-listed"}]
    present = item["present_on_admission"]
    if present:
        out["onAdmission"] = {
            "coding": [
                {
                    "system": f"{TERMINOLOGY}/ex-diagnosis-on-admission",
                    "code": present.lower(),
                },
                {"system": POA_NUBC, "code": present},
            ]
        }
    return out


def _item(written: Written, team: list[str], line: Mapping[str, Any]) -> Json:
    out: Json = {
        "id": f"item-{line['number']}",
        "sequence": line["number"],
        "productOrService": concept(line["code"]),
    }
    if line["provider"] in team:
        out["careTeamSequence"] = [team.index(line["provider"]) + 1]
    if line["pointers"]:
        out["diagnosisSequence"] = list(line["pointers"])
    if line["modifiers"]:
        out["modifier"] = [modifier(value) for value in line["modifiers"]]
    if line["date"]:
        out["servicedDate"] = line["date"]
    if line["place_of_service"]:
        out["locationCodeableConcept"] = {
            "coding": [{"system": PLACE, "code": line["place_of_service"]}]
        }
    if line["units"] is not None:
        out["quantity"] = {"value": line["units"]}
    if line["charge"] is not None:
        out["net"] = _money(written, Decimal(line["charge"]))
    return out


def _money(written: Written, amount: Decimal) -> Json:
    out: Json = {"value": amount}
    currencies = {fact["fields"].get("currency") for fact in written.entities("claim")} - {None}
    if len(currencies) == 1:
        (out["currency"],) = currencies
    return out


def _total(written: Written) -> Json | None:
    """The sum of the lines' charges, only where every line has one."""
    charges = [line["charge"] for line in written.body["lines"]]
    if not charges or None in charges:
        return None
    return _money(written, sum((Decimal(charge) for charge in charges), Decimal(0)))


def _supporting(written: Written) -> list[Json]:
    """The stay, the discharge disposition, and every document that a code's grounds stand in."""
    clocks = written.body["clocks"]
    entries: list[Json] = []
    if written.body["setting"] == "inpatient" and clocks.get("admission date"):
        entries.append({"category": _category("hospitalized"), "timingPeriod": _period(clocks)})
    dispositions = {
        fact["fields"]["discharge_disposition"]
        for fact in written.entities("encounter")
        if "discharge_disposition" in fact["fields"]
    }
    for text in sorted(dispositions):
        entries.append({"category": _category("discharge"), "code": {"text": text}})
    grounds = [
        ground
        for item in (*written.body["diagnoses"], *written.body["lines"])
        for ground in item["grounds"]
    ]
    documents = {item["source"] for item in written.evidence(grounds) if item["begin"] is not None}
    for source in sorted(documents):
        entries.append({"category": _category("info"), "valueReference": reference(source)})
    return [{"sequence": at, **entry} for at, entry in enumerate(entries, start=1)]


def _category(code: str) -> Json:
    return {"coding": [{"system": f"{TERMINOLOGY}/claiminformationcategory", "code": code}]}
