"""Elements that every outbound resource shares: ids, references, codings, and the decision's dates.

Everything is worked out from the decision alone. There is no clock: a resource that must carry a
date carries the latest day that the decision knows of, because it cannot have been made before it,
and says ``unknown`` where the decision knows none.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BASE = "https://codewarrant.dev/fhir"
TARGET_ELEMENT = "http://hl7.org/fhir/StructureDefinition/targetElement"
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"

SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd10pcs": "http://www.cms.gov/Medicare/Coding/ICD10",
    "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
    "cpt": CPT,
    "hcpcs": HCPCS,
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ndc": "http://hl7.org/fhir/sid/ndc",
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "revenue": "https://www.nubc.org/CodeSystem/RevenueCodes",
}
"""The FHIR name of each code system; one not here is a URI already, or is written as ours."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, BASE)
_NPI = re.compile(r"[12]\d{9}")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/(?!sha-[0-9a-f]{16}$)[A-Za-z0-9\-.]{1,64}")
"""A resource with an id of its own; one without is named by the digest of its content."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """A decision being written: its parsed form with what is looked up in it again and again."""

    header: Mapping[str, Any]
    body: Mapping[str, Any]
    facts: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Mapping[str, Any]]
    firings: Mapping[int, Mapping[str, Any]]
    statements: Mapping[str, Sequence[str]]
    """The statements that a diagnosis fact was merged from, by its id."""
    subject: Mapping[str, str]

    @property
    def day(self) -> str | None:
        """The latest date among the decision's clocks."""
        return max((day for day in self.body["clocks"].values() if day), default=None)

    def id(self, kind: str, *name: object) -> str:
        """The id of a resource of this decision: the same decision, the same ids."""
        text = "|".join(map(str, (self.header["decision_id"], kind, *name)))
        return str(uuid.uuid5(_NAMESPACE, text))

    @property
    def claim(self) -> Json:
        return {"reference": f"urn:uuid:{self.id('Claim')}"}

    def claim_element(self, element: str) -> Json:
        """A reference to one element of the claim, by the element's id."""
        return {
            "extension": [{"url": TARGET_ELEMENT, "valueUri": element}],
            **self.claim,
        }

    def entities(self, name: str) -> list[Mapping[str, Any]]:
        return [fact for fact in self.facts.values() if fact["entity"] == name]

    def sources(self, entity: str, kind: str) -> list[str]:
        """Resources of a kind (``Practitioner``) that facts of an entity stand in, sorted."""
        return sorted(
            {
                item["source"]
                for fact in self.entities(entity)
                for item in fact["evidence"]
                if item["source"].startswith(f"{kind}/")
            }
        )

    def party(self, role: str, entity: str, kind: str) -> Json:
        """Who has a role: as the caller says, else the one resource the facts name, else unknown.

        Two candidates are as good as none: which of them it is would be a guess.
        """
        given = self.subject.get(role)
        if given:
            return {"reference": given}
        found = self.sources(entity, kind)
        return reference(found[0]) if len(found) == 1 else unknown()

    def evidence(self, grounds: Iterable[str]) -> list[Mapping[str, Any]]:
        """The places that some facts stand in, each once, in the order of the facts."""
        found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        for ground in grounds:
            for name in (ground, *self.statements.get(ground, ())):
                for item in self.facts[name]["evidence"] if name in self.facts else ():
                    key = (item["source"], item["path"], item["begin"], item["end"])
                    found.setdefault(key, item)
        return list(found.values())

    def practitioners(self) -> list[str]:
        """The names (NPI, or the resource) of those who treated, sorted."""
        return sorted({fact["fields"]["id"] for fact in self.entities("practitioner")})

    @property
    def provider(self) -> Json:
        """The one practitioner that the decision knows; of several, none is chosen."""
        if self.subject.get("provider"):
            return {"reference": self.subject["provider"]}
        found = self.practitioners()
        return person(found[0]) if len(found) == 1 else unknown()

    @property
    def insurer(self) -> Json | None:
        """The payer by its id and name; nothing where the decision knows neither."""
        if self.subject.get("insurer"):
            return {"reference": self.subject["insurer"]}
        known = [fact["fields"] for fact in self.entities("payer")]
        if len(known) != 1:
            return None
        out: Json = {}
        if known[0].get("id"):
            out["identifier"] = {"value": known[0]["id"]}
        if known[0].get("name"):
            out["display"] = known[0]["name"]
        return out or None

    @property
    def patient(self) -> Json:
        return self.party("patient", "patient", "Patient")

    def encounter(self) -> Json | None:
        chart = self.body["chart"]
        return reference(chart) if chart.startswith("Encounter/") else None


def unknown() -> Json:
    """An element that FHIR demands and the decision does not know."""
    return {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def reference(source: str) -> Json:
    """A reference to a resource of the bundle that came in.

    One without an id of its own is named by its digest, which is an identifier, not a reference.
    """
    if _REFERENCE.fullmatch(source) or source.startswith("urn:"):
        return {"reference": source}
    kind = source.split("/")[0]
    out: Json = {"identifier": {"system": f"{BASE}/resource-digest", "value": source}}
    if kind.isalpha() and kind[:1].isupper():
        out["type"] = kind
    return out


def person(name: str) -> Json:
    """A reference to a practitioner by NPI, by resource, or by whatever else names them."""
    if _NPI.fullmatch(name):
        return {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": name}}
    return reference(name) if "/" in name else {"identifier": {"value": name}}


def dated(name: str, day: str | None) -> Json:
    """A required date under its name, or the reason why there is none."""
    return {name: day} if day else {f"_{name}": unknown()}


def instant(name: str, day: str | None) -> Json:
    """A required instant: the beginning of the day in UTC, as no time of day is known."""
    return dated(name, f"{day}T00:00:00Z" if day else None)


def system_uri(system: str) -> str:
    """The URI of a code system."""
    if system in SYSTEMS:
        return SYSTEMS[system]
    return system if ":" in system else f"{BASE}/CodeSystem/{system}"


def concept(code: Mapping[str, str], title: str = "", release: str = "") -> Json:
    """A CodeableConcept of one of the decision's codes."""
    coding: Json = {"code": code["code"]}
    if code["system"]:
        coding["system"] = system_uri(code["system"])
    if release:
        coding["version"] = release
    if title:
        coding["display"] = title
    return {"coding": [coding]}


def modifier(value: str) -> Json:
    """A modifier; CPT's are numbers, HCPCS Level II's begin with a letter."""
    return {"coding": [{"system": CPT if value.isdigit() else HCPCS, "code": value}]}


def rule_urn(rule: Mapping[str, Any]) -> str:
    """The name of a rule in the version that was applied."""
    return f"urn:codewarrant:rule:{rule['id']}:{rule['version']}"
