"""Assemble the FHIR bundles in ``examples/`` from the sources in ``examples/source/``.

Each example is one ``NAME.toml`` (people, codes, results, orders, claim) and the notes it names,
plain text files, so that a reviewer reads the words of a note in a diff and not their base64.
The same sources give the same bytes.

    python scripts/build_examples.py            write examples/NAME.json
    python scripts/build_examples.py --check    exit 1 where a committed bundle differs
"""

from __future__ import annotations

import base64
import json
import sys
import tomllib
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "examples" / "source"

Table = dict[str, Any]

HL7 = "http://terminology.hl7.org/CodeSystem/"
SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "snomed": "http://snomed.info/sct",
}
NPI = "http://hl7.org/fhir/sid/us-npi"
PAYER_ID = "https://demo-health-plan.example/payer-id"
BASE = "https://ehr.example/fhir/"
NAMESPACE = uuid.UUID("6f1d3c1e-6a57-5a0e-9b0b-2b8f5d0c7a11")
"""Root of the version 5 UUIDs of examples that refer by ``urn:uuid:``."""


def coded(entry: Table, text: str | None = None) -> Table:
    """A CodeableConcept: every system of :data:`SYSTEMS` that ``entry`` names, and its text.

    A display is written for ICD-10-CM only: that text is in the public domain.
    """
    codings = []
    for name, system in SYSTEMS.items():
        if name in entry:
            coding = {"system": system, "code": entry[name]}
            if name == "icd10cm" and "display" in entry:
                coding["display"] = entry["display"]
            codings.append(coding)
    concept: Table = {"coding": codings} if codings else {}
    text = text or entry.get("text")
    if text:
        concept["text"] = text
    return concept


def concept(system: str, code: str, text: str | None = None) -> Table:
    """A CodeableConcept with one coding."""
    made: Table = {"coding": [{"system": system, "code": code}]}
    if text:
        made["text"] = text
    return made


def name_of(person: Table) -> list[Table]:
    return [{"use": "official", "family": person["family"], "given": [person["given"]]}]


def without_nothing(resource: Table) -> Table:
    """The resource less its unset elements: FHIR allows no null."""
    return {key: value for key, value in resource.items() if value not in (None, [], {})}


class Example:
    """One example being assembled: its source, and how its resources refer to each other."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.source = tomllib.loads(
            (folder / f"{name}.toml").read_text(encoding="utf-8"), parse_float=Decimal
        )
        self.by_uuid = self.source.get("references") == "uuid"
        self.resources: list[Table] = []

    def full_url(self, kind: str, id: str) -> str:
        if self.by_uuid:
            return f"urn:uuid:{uuid.uuid5(NAMESPACE, f'{self.name}/{kind}/{id}')}"
        return f"{BASE}{kind}/{id}"

    def refer(self, kind: str, id: str) -> Table:
        return {"reference": self.full_url(kind, id) if self.by_uuid else f"{kind}/{id}"}

    def subject(self) -> Table:
        return self.refer("Patient", "patient")

    def visit(self) -> Table | None:
        return self.refer("Encounter", "encounter") if "encounter" in self.source else None

    def day(self) -> str:
        """The date that undated entries bear: the first day of the encounter or of the claim."""
        if "encounter" in self.source:
            return self.source["encounter"]["start"][:10]
        return self.source["claim"]["start"]

    def moment(self) -> str:
        """The time that undated results bear: the start of the encounter."""
        return self.source["encounter"]["start"]

    def add(self, resource: Table) -> None:
        self.resources.append(without_nothing(resource))

    def bundle(self) -> Table:
        for part in PARTS:
            part(self)
        return {
            "resourceType": "Bundle",
            "id": self.name,
            "type": "collection",
            "timestamp": self.source["exported"],
            "entry": [
                {
                    "fullUrl": self.full_url(resource["resourceType"], resource["id"]),
                    "resource": resource,
                }
                for resource in self.resources
            ],
        }


def people(example: Example) -> None:
    """Patient, practitioner, their organization, the plan and the coverage."""
    source = example.source
    patient = source["patient"]
    example.add(
        {
            "resourceType": "Patient",
            "id": "patient",
            "identifier": [
                {
                    "system": "https://ehr.example/mrn",
                    "value": patient.get("mrn", f"SYN-{example.name[:2]}"),
                }
            ],
            "name": name_of(patient),
            "gender": patient["gender"],
            "birthDate": patient["birth_date"],
        }
    )
    practitioner = source["practitioner"]
    example.add(
        {
            "resourceType": "Practitioner",
            "id": "practitioner",
            "identifier": [{"system": NPI, "value": practitioner["npi"]}],
            "name": name_of(practitioner),
            "qualification": [{"code": {"text": practitioner["specialty"]}}],
        }
    )
    example.add(
        {"resourceType": "Organization", "id": "provider", "name": source["organization"]["name"]}
    )
    example.add(
        {
            "resourceType": "Organization",
            "id": "payer",
            "identifier": [{"system": PAYER_ID, "value": "DEMO01"}],
            "type": [concept(HL7 + "organization-type", "pay")],
            "name": "Demo Health Plan",
        }
    )
    example.add(
        {
            "resourceType": "Coverage",
            "id": "coverage",
            "status": "active",
            "type": concept(HL7 + "v3-ActCode", source["coverage"].get("type", "EHCPOL")),
            "subscriberId": source["coverage"]["member"],
            "beneficiary": example.subject(),
            "payor": [example.refer("Organization", "payer")],
        }
    )


def encounter(example: Example) -> None:
    visit = example.source.get("encounter")
    if visit is None:
        return
    conditions = example.source.get("condition", [])
    unknown = visit["class"] == "UNK"
    stay = without_nothing(
        {
            "admitSource": {"text": visit["admit_source"]} if "admit_source" in visit else None,
            "dischargeDisposition": concept(HL7 + "discharge-disposition", visit["disposition"])
            if "disposition" in visit
            else None,
        }
    )
    example.add(
        {
            "resourceType": "Encounter",
            "id": "encounter",
            "status": visit.get("status", "finished"),
            "class": {
                "system": HL7 + ("v3-NullFlavor" if unknown else "v3-ActCode"),
                "code": visit["class"],
            },
            "type": [{"text": visit["type"]}] if "type" in visit else None,
            "serviceType": {"text": visit["service"]} if "service" in visit else None,
            "subject": example.subject(),
            "participant": [{"individual": example.refer("Practitioner", "practitioner")}],
            "period": {"start": visit["start"], "end": visit["end"]},
            "reasonCode": [{"text": visit["reason"]}] if "reason" in visit else None,
            "diagnosis": [
                {
                    "condition": example.refer("Condition", f"condition-{number}"),
                    "use": concept(HL7 + "diagnosis-role", condition["use"]),
                    "rank": condition["rank"],
                }
                for number, condition in enumerate(conditions, 1)
                if "rank" in condition
            ],
            "hospitalization": stay,
            "serviceProvider": example.refer("Organization", "provider"),
        }
    )


def conditions(example: Example) -> None:
    for number, entry in enumerate(example.source.get("condition", []), 1):
        # con-5: a condition entered in error has no clinical status; none here is.
        example.add(
            {
                "resourceType": "Condition",
                "id": f"condition-{number}",
                "clinicalStatus": concept(
                    HL7 + "condition-clinical", entry.get("clinical", "active")
                ),
                "verificationStatus": concept(
                    HL7 + "condition-ver-status", entry.get("verification", "confirmed")
                ),
                "category": [
                    concept(
                        HL7 + "condition-category", entry.get("category", "encounter-diagnosis")
                    )
                ],
                "code": coded(entry),
                "bodySite": [{"text": entry["site"]}] if "site" in entry else None,
                "subject": example.subject(),
                "encounter": example.visit(),
                "onsetDateTime": entry.get("onset"),
                "recordedDate": entry.get("recorded", example.day()),
                "recorder": example.refer("Practitioner", "practitioner"),
            }
        )


def observations(example: Example) -> None:
    for number, entry in enumerate(example.source.get("observation", []), 1):
        value = None
        if "value" in entry:
            value = {
                "value": entry["value"],
                "unit": entry["unit"],
                "system": "http://unitsofmeasure.org",
                "code": entry["unit"],
            }
        interpretation = entry.get("interpretation")
        example.add(
            {
                "resourceType": "Observation",
                "id": f"observation-{number}",
                "status": "final",
                "category": [
                    concept(HL7 + "observation-category", entry.get("category", "laboratory"))
                ],
                "code": coded(entry),
                "subject": example.subject(),
                "encounter": example.visit(),
                "effectiveDateTime": entry.get("date", example.moment()),
                "valueQuantity": value,
                "valueCodeableConcept": {"text": entry["result"]} if "result" in entry else None,
                "interpretation": [concept(HL7 + "v3-ObservationInterpretation", interpretation)]
                if interpretation
                else None,
            }
        )


def medications(example: Example) -> None:
    for number, entry in enumerate(example.source.get("medication", []), 1):
        example.add(
            {
                "resourceType": "MedicationRequest",
                "id": f"medication-{number}",
                "status": entry.get("status", "active"),
                "intent": "order",
                "medicationCodeableConcept": coded(entry),
                "subject": example.subject(),
                "encounter": example.visit(),
                "authoredOn": entry.get("authored", example.day()),
                "requester": example.refer("Practitioner", "practitioner"),
                "courseOfTherapyType": concept(
                    HL7 + "medicationrequest-course-of-therapy", entry["course"]
                )
                if "course" in entry
                else None,
                "dosageInstruction": [{"text": entry["dosage"]}],
            }
        )


def procedures(example: Example) -> None:
    for number, entry in enumerate(example.source.get("procedure", []), 1):
        example.add(
            {
                "resourceType": "Procedure",
                "id": f"procedure-{number}",
                "status": "completed",
                "code": coded(entry),
                "subject": example.subject(),
                "encounter": example.visit(),
                "performedDateTime": entry.get("date", example.moment()),
                "performer": [{"actor": example.refer("Practitioner", "practitioner")}],
                "bodySite": [{"text": entry["site"]}] if "site" in entry else None,
            }
        )


def documents(example: Example) -> None:
    for number, entry in enumerate(example.source.get("document", []), 1):
        note = (example.folder / entry["file"]).read_bytes()
        example.add(
            {
                "resourceType": "DocumentReference",
                "id": f"document-{number}",
                "status": "current",
                "docStatus": "final",
                "type": {**concept(SYSTEMS["loinc"], entry["loinc"]), "text": entry["title"]},
                "subject": example.subject(),
                "date": entry.get("date", example.source["encounter"]["end"]),
                "author": [example.refer("Practitioner", "practitioner")],
                "content": [
                    {
                        "attachment": {
                            "contentType": "text/plain; charset=utf-8",
                            "language": "en-US",
                            "data": base64.b64encode(note).decode("ascii"),
                            "title": entry["title"],
                        }
                    }
                ],
                "context": {"encounter": [example.visit()]},
            }
        )


def reports(example: Example) -> None:
    for number, entry in enumerate(example.source.get("report", []), 1):
        example.add(
            {
                "resourceType": "DiagnosticReport",
                "id": f"report-{number}",
                "status": "final",
                "category": [concept(HL7 + "v2-0074", entry["category"])],
                "code": coded(entry),
                "subject": example.subject(),
                "encounter": example.visit(),
                "effectiveDateTime": example.moment(),
                "performer": [example.refer("Practitioner", "practitioner")],
                "conclusion": entry["conclusion"],
            }
        )


def money(amount: Decimal) -> Table:
    return {"value": amount, "currency": "USD"}


def claim(example: Example) -> None:
    """The claim as the practice would send it, where the example holds one."""
    entry = example.source.get("claim")
    if entry is None:
        return
    lines = entry.get("line", [])
    example.add(
        {
            "resourceType": "Claim",
            "id": "claim",
            "identifier": [{"system": "https://ehr.example/claim", "value": entry["number"]}],
            "status": entry.get("status", "draft"),
            "type": concept(HL7 + "claim-type", entry["kind"]),
            "use": "claim",
            "patient": example.subject(),
            "billablePeriod": {"start": entry["start"], "end": entry["end"]},
            "created": entry["created"],
            "insurer": example.refer("Organization", "payer"),
            "provider": example.refer("Organization", "provider"),
            "priority": concept(HL7 + "processpriority", "normal"),
            "careTeam": [
                {"sequence": 1, "provider": example.refer("Practitioner", "practitioner")}
            ],
            "supportingInfo": [
                {
                    "sequence": 1,
                    "category": concept(
                        "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType",
                        "clmrecvdate",
                    ),
                    "timingDate": entry["received"],
                }
            ]
            if "received" in entry
            else None,
            "diagnosis": [claim_diagnosis(n, row) for n, row in enumerate(entry["diagnosis"], 1)],
            "insurance": [
                {"sequence": 1, "focal": True, "coverage": example.refer("Coverage", "coverage")}
            ],
            "item": [claim_line(example, n, row) for n, row in enumerate(lines, 1)],
            "total": money(sum((row["charge"] for row in lines), Decimal(0))) if lines else None,
        }
    )


def claim_diagnosis(sequence: int, row: Table) -> Table:
    made: Table = {"sequence": sequence, "diagnosisCodeableConcept": coded(row)}
    if "type" in row:
        made["type"] = [concept(HL7 + "ex-diagnosistype", row["type"])]
    if "poa" in row:
        made["onAdmission"] = concept(HL7 + "ex-diagnosis-on-admission", row["poa"])
    return made


def claim_line(example: Example, sequence: int, row: Table) -> Table:
    line: Table = {
        "sequence": sequence,
        "careTeamSequence": [1],
        "diagnosisSequence": row["pointers"],
        "productOrService": coded(row),
        "modifier": [
            concept(SYSTEMS["hcpcs" if not modifier.isdigit() else "cpt"], modifier)
            for modifier in row.get("modifiers", [])
        ],
        "servicedDate": row.get("date", example.day()),
        "locationCodeableConcept": concept(
            "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
            row["place"],
        ),
        "quantity": {"value": row.get("units", 1)},
        "net": money(row["charge"]),
    }
    return without_nothing(line)


PARTS: tuple[Callable[[Example], None], ...] = (
    people,
    encounter,
    conditions,
    observations,
    medications,
    procedures,
    reports,
    documents,
    claim,
)


def plain(value: Any) -> Any:
    """A number read as Decimal, for JSON: its shortest form (320.00 → 320.0 is the same number)."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def render(name: str, folder: Path = SOURCE) -> bytes:
    """The bytes of the bundle ``NAME.json`` made from ``folder/NAME.toml`` and its notes."""
    bundle = Example(name, folder).bundle()
    return (json.dumps(bundle, indent=2, ensure_ascii=False, default=plain) + "\n").encode()


def names(folder: Path = SOURCE) -> list[str]:
    """Every example, in order of name."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def main(arguments: list[str]) -> int:
    check = arguments == ["--check"]
    if arguments and not check:
        print("usage: build_examples.py [--check]", file=sys.stderr)
        return 2
    stale = []
    for name in names():
        target = SOURCE.parent / f"{name}.json"
        built = render(name)
        if not target.exists() or target.read_bytes() != built:
            stale.append(target.name)
            if not check:
                target.write_bytes(built)
    if stale:
        print(("out of date: " if check else "wrote: ") + ", ".join(stale))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
