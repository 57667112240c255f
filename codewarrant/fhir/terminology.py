"""Code systems by their FHIR names, and the few value sets that decide how a chart is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codewarrant.engine.values import Code
from codewarrant.schema import Certainty, ClinicalStatus, Setting

SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm",
    "urn:oid:2.16.840.1.113883.6.90": "icd10cm",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd9cm",
    "http://hl7.org/fhir/sid/icd-9-cm/diagnosis": "icd9cm",
    "http://terminology.hl7.org/CodeSystem/icd9cm": "icd9cm",
    "urn:oid:2.16.840.1.113883.6.103": "icd9cm",
    "http://www.cms.gov/Medicare/Coding/ICD10": "icd10pcs",
    "https://www.cms.gov/Medicare/Coding/ICD10": "icd10pcs",
    "http://hl7.org/fhir/sid/icd-10-pcs": "icd10pcs",
    "urn:oid:2.16.840.1.113883.6.4": "icd10pcs",
    "http://www.ama-assn.org/go/cpt": "cpt",
    "https://www.ama-assn.org/go/cpt": "cpt",
    "urn:oid:2.16.840.1.113883.6.12": "cpt",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "hcpcs",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "hcpcs",
    "https://bluebutton.cms.gov/resources/codesystem/hcpcs": "hcpcs",
    "http://terminology.hl7.org/CodeSystem/HCPCS": "hcpcs",
    "urn:oid:2.16.840.1.113883.6.14": "hcpcs",
    "urn:oid:2.16.840.1.113883.6.285": "hcpcs",
    "http://snomed.info/sct": "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    "http://loinc.org": "loinc",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "http://hl7.org/fhir/sid/ndc": "ndc",
    "http://hl7.org/fhir/sid/cvx": "cvx",
}
"""FHIR name of a code system → its short name here. One not listed keeps its URI."""

DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
"""A Coding of this system says why there is no code."""

DIAGNOSIS_SYSTEMS = ("icd10cm", "icd9cm")
SERVICE_SYSTEMS = ("cpt", "hcpcs")

NAMES = {"snomed": "SNOMED CT", "rxnorm": "RxNorm", "loinc": "LOINC", "cvx": "CVX", "ndc": "NDC"}

CONDITION_CERTAINTY: dict[str, Certainty] = {
    "confirmed": "confirmed",
    "provisional": "probable",
    "differential": "suspected",
    "unconfirmed": "suspected",
    "refuted": "ruled out",
}
"""``condition-ver-status``; ``entered-in-error`` is no statement at all."""

CLINICAL_STATUS: dict[str, ClinicalStatus] = {
    "active": "active",
    "recurrence": "recurrence",
    "relapse": "recurrence",
    "inactive": "inactive",
    "remission": "remission",
    "resolved": "resolved",
}

SETTING_OF_CLASS: dict[str, Setting] = {
    "amb": "outpatient",
    "emer": "emergency",
    "imp": "inpatient",
    "acute": "inpatient",
    "nonac": "inpatient",
    "obsenc": "outpatient",
    "ss": "ambulatory surgery",
    "vr": "outpatient",
    "prenc": "outpatient",
    "fld": "outpatient",
    "i": "inpatient",
    "o": "outpatient",
    "e": "emergency",
    "inpatient": "inpatient",
    "outpatient": "outpatient",
    "ambulatory": "outpatient",
    "office": "outpatient",
    "emergency": "emergency",
    "virtual": "outpatient",
    "observation": "outpatient",
    "day surgery": "ambulatory surgery",
    "ambulatory surgery": "ambulatory surgery",
    "professional": "professional",
}
"""Encounter class (v3-ActCode, the older v2-0004, common words) → setting.

Observation is an outpatient status. Home health (HH) is left out: the guidelines count it among
the non-outpatient settings, yet it is no stay, so that its setting is unknown.
"""

DAY_SURGERY = re.compile(r"\b(ambulatory|day|same[- ]day|outpatient) surg", re.IGNORECASE)
DAY_SURGERY_CODES = {Code("snomed", "110468005")}

_ICD10_UNDOTTED = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{1,4}")
_ICD9_UNDOTTED = re.compile(r"([0-9]{3}|V[0-9]{2}|E[0-9]{3})([0-9]{1,2})")


def code_of(coding: Mapping[str, Any]) -> Code | None:
    """The code of a Coding, or None where it has none.

    Diagnosis codes are dotted and in capitals; a misspelt one stays as sent. HCPCS level I is CPT:
    a code of either system is CPT if it starts with a digit.
    """
    value = (coding.get("code") or "").strip()
    if not value:
        return None
    uri = (coding.get("system") or "").strip()
    if uri == DATA_ABSENT:
        return None
    system = SYSTEMS.get(uri, SYSTEMS.get(uri.rstrip("/"), uri))
    if system in DIAGNOSIS_SYSTEMS:
        return Code(system, dotted(system, value))
    if system in SERVICE_SYSTEMS:
        value = value.upper()
        return Code("cpt" if value[0].isdigit() else "hcpcs", value)
    return Code(system, value.upper() if system == "icd10pcs" else value)


def dotted(system: str, value: str) -> str:
    """A diagnosis code in capitals with its dot: ``e1122`` → ``E11.22``, ``E8120`` → ``E812.0``."""
    value = value.upper()
    if system == "icd10cm" and _ICD10_UNDOTTED.fullmatch(value):
        return f"{value[:3]}.{value[3:]}"
    if system == "icd9cm" and (match := _ICD9_UNDOTTED.fullmatch(value)):
        return f"{match[1]}.{match[2]}"
    return value


def unmapped(code: Code) -> str:
    """Why a code of another system is no code of ours."""
    name = NAMES.get(code.system, code.system)
    return f"no licensed map from {name}" if name else "a code without a system"
