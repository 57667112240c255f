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
from collections.abc import Iterator
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
    "snomed": "http://snomed.info/sct",
}
NPI = "http://hl7.org/fhir/sid/us-npi"
CLAIM_INFO = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType"
PLACES = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
PAYER_ID = "https://demo-health-plan.example/payer-id"
BASE = "https://ehr.example/fhir/"
NAMESPACE = uuid.UUID("6f1d3c1e-6a57-5a0e-9b0b-2b8f5d0c7a11")
"""Root of the version 5 UUIDs of examples that refer by ``urn:uuid:``."""


def coded(entry: Table) -> Table:
    """A CodeableConcept: every system of :data:`SYSTEMS` that ``entry`` names, and its text.

    A display is written for ICD-10-CM only: that text is in the public domain.
    """
    codings = [
        {"system": system, "code": entry[name]} for name, system in SYSTEMS.items() if name in entry
    ]
    if "display" in entry and "icd10cm" in entry:
        codings[0]["display"] = entry["display"]
    return without_nothing({"coding": codings, "text": entry.get("text")})


def concept(system: str, code: str | None) -> Table:
    """A CodeableConcept with one coding; empty where the source names no code."""
    return {"coding": [{"system": system, "code": code}]} if code else {}


def hl7(name: str, code: str | None) -> Table:
    """A CodeableConcept of one of HL7's own code systems."""
    return concept(HL7 + name, code)


def worded(text: str | None) -> Table:
    """A CodeableConcept of words alone; empty where there are none."""
    return {"text": text} if text else {}


def listed(value: Table) -> list[Table]:
    """The list that a repeating element with at most one value is."""
    return [value] if value else []


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
        return (self.source.get("encounter") or self.source["claim"])["start"][:10]

    def moment(self) -> str:
        """The time that undated results bear: the start of the encounter."""
        return self.source["encounter"]["start"]

    def add(self, name: str, /, **elements: Any) -> None:
        """Add the resource ``name``, such as ``Patient/patient``."""
        kind, id = name.split("/")
        self.resources.append(without_nothing({"resourceType": kind, "id": id, **elements}))

    def add_about(self, name: str, /, **elements: Any) -> None:
        """Add a resource about the patient in this encounter."""
        self.add(name, subject=self.subject(), encounter=self.visit(), **elements)

    def entries(self, name: str) -> Iterator[tuple[str, Table]]:
        """The source's ``[[name]]`` tables, each with the id of the resource it becomes."""
        for number, entry in enumerate(self.source.get(name, []), 1):
            yield f"{name}-{number}", entry

    def bundle(self) -> Table:
        for part in (*PARTS, claim):
            part(self)
        return {
            "resourceType": "Bundle",
            "id": self.name,
            "type": "collection",
            "timestamp": self.source["exported"],
            "entry": [
                {"fullUrl": self.full_url(made["resourceType"], made["id"]), "resource": made}
                for made in self.resources
            ],
        }


def people(example: Example) -> None:
    """Patient, practitioner, their organization, the plan and the coverage."""
    source = example.source
    patient = source["patient"]
    example.add(
        "Patient/patient",
        identifier=[{"system": "https://ehr.example/mrn", "value": f"SYN-{example.name[:2]}"}],
        name=name_of(patient),
        gender=patient["gender"],
        birthDate=patient["birth_date"],
    )
    practitioner = source["practitioner"]
    example.add(
        "Practitioner/practitioner",
        identifier=[{"system": NPI, "value": practitioner["npi"]}],
        name=name_of(practitioner),
        qualification=[{"code": {"text": practitioner["specialty"]}}],
    )
    example.add("Organization/provider", name=source["organization"]["name"])
    example.add(
        "Organization/payer",
        identifier=[{"system": PAYER_ID, "value": "DEMO01"}],
        type=[hl7("organization-type", "pay")],
        name="Demo Health Plan",
    )
    example.add(
        "Coverage/coverage",
        status="active",
        type=hl7("v3-ActCode", source["coverage"].get("type", "EHCPOL")),
        subscriberId=source["coverage"]["member"],
        beneficiary=example.subject(),
        payor=[example.refer("Organization", "payer")],
    )


def encounter(example: Example) -> None:
    visit = example.source.get("encounter")
    if visit is None:
        return
    conditions = example.source.get("condition", [])
    classes = "v3-NullFlavor" if visit["class"] == "UNK" else "v3-ActCode"
    disposition = hl7("discharge-disposition", visit.get("disposition"))
    stay = {"admitSource": worded(visit.get("admit_source")), "dischargeDisposition": disposition}
    example.add(
        "Encounter/encounter",
        status=visit.get("status", "finished"),
        **{"class": {"system": HL7 + classes, "code": visit["class"]}},
        type=listed(worded(visit.get("type"))),
        serviceType=worded(visit.get("service")),
        subject=example.subject(),
        participant=[{"individual": example.refer("Practitioner", "practitioner")}],
        period={"start": visit["start"], "end": visit["end"]},
        reasonCode=listed(worded(visit.get("reason"))),
        diagnosis=[
            {
                "condition": example.refer("Condition", f"condition-{number}"),
                "use": hl7("diagnosis-role", condition["use"]),
                "rank": condition["rank"],
            }
            for number, condition in enumerate(conditions, 1)
            if "rank" in condition
        ],
        hospitalization=without_nothing(stay),
        serviceProvider=example.refer("Organization", "provider"),
    )


def conditions(example: Example) -> None:
    for id, entry in example.entries("condition"):
        # con-5: a condition entered in error has no clinical status; none here is.
        example.add_about(
            f"Condition/{id}",
            clinicalStatus=hl7("condition-clinical", entry.get("clinical", "active")),
            verificationStatus=hl7("condition-ver-status", entry.get("verification", "confirmed")),
            category=[hl7("condition-category", entry.get("category", "encounter-diagnosis"))],
            code=coded(entry),
            bodySite=listed(worded(entry.get("site"))),
            onsetDateTime=entry.get("onset"),
            recordedDate=entry.get("recorded", example.day()),
            recorder=example.refer("Practitioner", "practitioner"),
        )


def quantity(entry: Table) -> Table:
    ucum = {"system": "http://unitsofmeasure.org", "code": entry["unit"]}
    return {"value": entry["value"], "unit": entry["unit"], **ucum}


def observations(example: Example) -> None:
    for id, entry in example.entries("observation"):
        example.add_about(
            f"Observation/{id}",
            status="final",
            category=[hl7("observation-category", entry.get("category", "laboratory"))],
            code=coded(entry),
            effectiveDateTime=entry.get("date", example.moment()),
            valueQuantity=quantity(entry) if "value" in entry else None,
            valueCodeableConcept=worded(entry.get("result")),
            interpretation=listed(hl7("v3-ObservationInterpretation", entry.get("interpretation"))),
        )


def medications(example: Example) -> None:
    for id, entry in example.entries("medication"):
        example.add_about(
            f"MedicationRequest/{id}",
            status=entry.get("status", "active"),
            intent="order",
            medicationCodeableConcept=coded(entry),
            authoredOn=entry.get("authored", example.day()),
            requester=example.refer("Practitioner", "practitioner"),
            courseOfTherapyType=hl7("medicationrequest-course-of-therapy", entry.get("course")),
            dosageInstruction=[{"text": entry["dosage"]}],
        )


def procedures(example: Example) -> None:
    for id, entry in example.entries("procedure"):
        example.add_about(
            f"Procedure/{id}",
            status="completed",
            code=coded(entry),
            performedDateTime=entry.get("date", example.moment()),
            performer=[{"actor": example.refer("Practitioner", "practitioner")}],
            bodySite=listed(worded(entry.get("site"))),
        )


def documents(example: Example) -> None:
    for id, entry in example.entries("document"):
        note = (example.folder / entry["file"]).read_bytes()
        attachment = {
            "contentType": "text/plain; charset=utf-8",
            "language": "en-US",
            "data": base64.b64encode(note).decode("ascii"),
            "title": entry["title"],
        }
        example.add(
            f"DocumentReference/{id}",
            status="current",
            docStatus="final",
            type={**concept(SYSTEMS["loinc"], entry["loinc"]), "text": entry["title"]},
            subject=example.subject(),
            date=entry.get("date", example.source["encounter"]["end"]),
            author=[example.refer("Practitioner", "practitioner")],
            content=[{"attachment": attachment}],
            context={"encounter": [example.visit()]},
        )


def reports(example: Example) -> None:
    for id, entry in example.entries("report"):
        example.add_about(
            f"DiagnosticReport/{id}",
            status="final",
            category=[hl7("v2-0074", entry["category"])],
            code=coded(entry),
            effectiveDateTime=example.moment(),
            performer=[example.refer("Practitioner", "practitioner")],
            conclusion=entry["conclusion"],
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
        "Claim/claim",
        identifier=[{"system": "https://ehr.example/claim", "value": entry["number"]}],
        status=entry.get("status", "draft"),
        type=hl7("claim-type", entry["kind"]),
        use="claim",
        patient=example.subject(),
        billablePeriod={"start": entry["start"], "end": entry["end"]},
        created=entry["created"],
        insurer=example.refer("Organization", "payer"),
        provider=example.refer("Organization", "provider"),
        priority=hl7("processpriority", "normal"),
        careTeam=[{"sequence": 1, "provider": example.refer("Practitioner", "practitioner")}],
        supportingInfo=listed(received(entry.get("received"))),
        diagnosis=[claim_diagnosis(n, row) for n, row in enumerate(entry["diagnosis"], 1)],
        insurance=[
            {"sequence": 1, "focal": True, "coverage": example.refer("Coverage", "coverage")}
        ],
        item=[claim_line(example, n, row) for n, row in enumerate(lines, 1)],
        total=money(sum((row["charge"] for row in lines), Decimal(0))) if lines else None,
    )


def received(day: str | None) -> Table:
    """When the payer received the claim, which R4's Claim has no element for."""
    if day is None:
        return {}
    return {"sequence": 1, "category": concept(CLAIM_INFO, "clmrecvddate"), "timingDate": day}


def claim_diagnosis(sequence: int, row: Table) -> Table:
    diagnosis: Table = {
        "sequence": sequence,
        "diagnosisCodeableConcept": coded(row),
        "type": listed(hl7("ex-diagnosistype", row.get("type"))),
        "onAdmission": hl7("ex-diagnosis-on-admission", row.get("poa")),
    }
    return without_nothing(diagnosis)


def claim_line(example: Example, sequence: int, row: Table) -> Table:
    line: Table = {
        "sequence": sequence,
        "careTeamSequence": [1],
        "diagnosisSequence": row["pointers"],
        "productOrService": coded(row),
        "modifier": [
            concept(SYSTEMS["cpt" if code.isdigit() else "hcpcs"], code)
            for code in row.get("modifiers", [])
        ],
        "servicedDate": row.get("date", example.day()),
        "locationCodeableConcept": concept(PLACES, row["place"]),
        "quantity": {"value": row.get("units", 1)},
        "net": money(row["charge"]),
    }
    return without_nothing(line)


PARTS = (people, encounter, conditions, observations, medications, procedures, reports, documents)


def plain(value: Any) -> Any:
    """A number read as Decimal, in its shortest JSON form: 320.00 becomes 320."""
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
