"""Charts for evaluation: one JSON object a line, wrapped into the FHIR bundle an EHR would send."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date as Day
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from codewarrant.engine.values import Code
from codewarrant.schema import Setting, Sex

SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
}
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CLASSES: dict[str, tuple[str, str]] = {
    "outpatient": (ACT_CODE, "AMB"),
    "emergency": (ACT_CODE, "EMER"),
    "ambulatory surgery": (ACT_CODE, "SS"),
    "inpatient": (ACT_CODE, "IMP"),
    "professional": ("https://codewarrant.dev/fhir/encounter-class", "professional"),
}
"""The encounter class of each setting; professional services have none in HL7's list."""


class Strict(BaseModel):
    """Fields that are not known are an error: a misspelt one would be lost silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PatientForm(Strict):
    """Who was treated."""

    sex: Sex | None = None
    birth_date: Day | None = None


class NoteForm(Strict):
    """One document."""

    type: str = ""
    text: str


class LineForm(Strict):
    """One service line; ``pointers`` are codes, or places in the chart's ``codes`` from 1."""

    code: str = Field(min_length=1)
    modifiers: tuple[str, ...] = ()
    units: int | None = None
    date: Day | None = None
    pos: str | None = None
    pointers: tuple[str | int, ...] = ()


class ClaimForm(Strict):
    """A claim as billed."""

    lines: tuple[LineForm, ...] = ()
    payer: str | None = None


class CodeForm(Strict):
    """A code that a coder gave."""

    system: Literal["icd10cm", "icd9cm", "icd10pcs", "cpt", "hcpcs"]
    code: str = Field(min_length=1)


class ChartForm(Strict):
    """One line of the file."""

    id: str = Field(min_length=1)
    date: Day
    setting: Setting
    specialty: str | None = None
    patient: PatientForm = PatientForm()
    notes: tuple[NoteForm, ...] = ()
    claim: ClaimForm | None = None
    codes: tuple[CodeForm, ...] = ()

    @model_validator(mode="after")
    def _pointers_are_diagnoses(self) -> ChartForm:
        for at, line in enumerate(self.claim.lines if self.claim else (), start=1):
            for item in line.pointers:
                if isinstance(item, int) and not self._is_diagnosis(item):
                    raise ValueError(f"claim line {at} points to {item}, no diagnosis of codes")
        return self

    def _is_diagnosis(self, place: int) -> bool:
        return 1 <= place <= len(self.codes) and self.codes[place - 1].system in DIAGNOSES

    @property
    def gold(self) -> frozenset[Code]:
        return frozenset(Code(item.system, item.code) for item in self.codes)

    @property
    def edits_alone(self) -> bool:
        """A claim without notes is checked by the edits; its codes are the claim's diagnoses."""
        return self.claim is not None and not self.notes


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not a chart: its number from 1, and what is wrong where."""

    number: int
    message: str


def read_charts(lines: Iterable[bytes]) -> Iterator[ChartForm | BadLine]:
    """Read one chart a line; blank lines are passed over, ids must differ."""
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            chart = ChartForm.model_validate(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            yield BadLine(number, f"not JSON: {error}")
            continue
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the line"
            yield BadLine(number, f"{where}: {first['msg']}")
            continue
        if chart.id in seen:
            yield BadLine(number, f"id: {chart.id} stands on an earlier line too")
            continue
        seen.add(chart.id)
        yield chart


def to_bundle(chart: ChartForm) -> bytes:
    """The bundle an EHR would send for the chart."""
    resources: list[dict[str, Any]] = [_patient(chart)]
    if not chart.edits_alone:
        resources.append(_encounter(chart))
        resources += [_note(chart, at, note) for at, note in enumerate(chart.notes, start=1)]
    if chart.claim is not None:
        resources += _claim(chart, chart.claim)
    entries = [{"resource": item} for item in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def _patient(chart: ChartForm) -> dict[str, Any]:
    out: dict[str, Any] = {"resourceType": "Patient", "id": "patient"}
    if chart.patient.sex is not None:
        out["gender"] = chart.patient.sex
    if chart.patient.birth_date is not None:
        out["birthDate"] = chart.patient.birth_date.isoformat()
    return out


def _encounter(chart: ChartForm) -> dict[str, Any]:
    system, code = CLASSES[chart.setting]
    day = chart.date.isoformat()
    out: dict[str, Any] = {
        "resourceType": "Encounter",
        "id": "encounter",
        "status": "finished",
        "class": {"system": system, "code": code},
        "subject": {"reference": "Patient/patient"},
        "period": {"start": day, "end": day},
    }
    if chart.specialty:
        out["serviceType"] = {"text": chart.specialty}
    return out


def _note(chart: ChartForm, at: int, note: NoteForm) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": f"note-{at}",
        "status": "current",
        "type": {"text": note.type or "note"},
        "subject": {"reference": "Patient/patient"},
        "context": {"encounter": [{"reference": "Encounter/encounter"}]},
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "data": base64.b64encode(note.text.encode()).decode(),
                }
            }
        ],
    }


def _claim(chart: ChartForm, claim: ClaimForm) -> list[dict[str, Any]]:
    stated = _diagnoses(chart, claim)
    numbers = {code: at for at, code in reversed([*enumerate(stated, start=1)])}
    kind = "institutional" if chart.setting in ("inpatient", "outpatient") else "professional"
    form: dict[str, Any] = {
        "resourceType": "Claim",
        "id": "claim",
        "status": "active",
        "use": "claim",
        "type": {"coding": [{"system": CLAIM_TYPE, "code": kind}]},
        "patient": {"reference": "Patient/patient"},
        "created": chart.date.isoformat(),
        "provider": {"identifier": {"system": NPI, "value": PROVIDER}},
        "priority": {"coding": [{"code": "normal"}]},
        "item": [_item(chart, at, line, numbers) for at, line in enumerate(claim.lines, start=1)],
    }
    if not claim.lines:
        # what a claim without lines is for is of the chart's day
        day = chart.date.isoformat()
        form["billablePeriod"] = {"start": day, "end": day}
    if kind == "institutional":
        form["subType"] = {"coding": [{"system": CLAIM_SUBTYPE, "code": chart.setting}]}
    if stated:
        form["diagnosis"] = [
            {
                "sequence": at,
                "diagnosisCodeableConcept": {"coding": [{"system": SYSTEMS[system], "code": code}]},
            }
            for at, (system, code) in enumerate(stated, start=1)
        ]
    return [*_payer(claim, form), form]


def _payer(claim: ClaimForm, form: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Who pays and the coverage, where the chart says so; else the claim says that it does not."""
    if not claim.payer:
        unknown = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}
        form["insurance"] = [{"sequence": 1, "focal": True, "coverage": unknown}]
        return
    form["insurer"] = {"reference": "Organization/payer"}
    form["insurance"] = [
        {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/coverage"}}
    ]
    yield {
        "resourceType": "Organization",
        "id": "payer",
        "name": claim.payer,
        "identifier": [{"value": claim.payer}],
    }
    yield {
        "resourceType": "Coverage",
        "id": "coverage",
        "status": "active",
        "beneficiary": {"reference": "Patient/patient"},
        "payor": [{"reference": "Organization/payer"}],
    }


DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"
CLAIM_SUBTYPE = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBInstitutionalClaimSubType"
NPI = "http://hl7.org/fhir/sid/us-npi"
PROVIDER = "1234567893"
"""One provider renders all lines; the number is the example of the NPI standard's check digit."""
DIAGNOSES = ("icd10cm", "icd9cm")


def _diagnoses(chart: ChartForm, claim: ClaimForm) -> list[tuple[str, str]]:
    """What the claim states: its codes if it stands alone, and what its lines point to."""
    own = [(item.system, item.code) for item in chart.codes if item.system in DIAGNOSES]
    pointed = [_pointed(chart, item) for line in claim.lines for item in line.pointers]
    if not chart.edits_alone:
        own = []
    # what is listed twice is billed twice: an edit's business
    return own + [code for code in dict.fromkeys(pointed) if code not in own]


def _pointed(chart: ChartForm, pointer: str | int) -> tuple[str, str]:
    """The system and code that a line points to; a bare code is of the set in force that day."""
    if isinstance(pointer, int):
        named = chart.codes[pointer - 1]
        return named.system, named.code
    return ("icd9cm" if chart.date < Day(2015, 10, 1) else "icd10cm"), pointer


def _item(
    chart: ChartForm, at: int, line: LineForm, numbers: dict[tuple[str, str], int]
) -> dict[str, Any]:
    system = "cpt" if line.code[:1].isdigit() else "hcpcs"
    out: dict[str, Any] = {
        "sequence": at,
        "productOrService": {"coding": [{"system": SYSTEMS[system], "code": line.code}]},
        "servicedDate": (line.date or chart.date).isoformat(),
    }
    if not chart.edits_alone:
        out["encounter"] = [{"reference": "Encounter/encounter"}]
    if line.modifiers:
        out["modifier"] = [{"coding": [{"code": item}]} for item in line.modifiers]
    if line.units is not None:
        out["quantity"] = {"value": line.units}
    if line.pos:
        out["locationCodeableConcept"] = {"coding": [{"system": POS, "code": line.pos}]}
    pointers = [numbers[_pointed(chart, item)] for item in line.pointers]
    if pointers:
        out["diagnosisSequence"] = pointers
    return out


POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
