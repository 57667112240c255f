"""Inputs for tests of the command: a small sound bundle to spoil, and rulepacks sound and broken.

Names and words of the patient are unmistakable, so that a test can look for them in messages.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SECRETS = ("Zebulon", "Quisenberry", "xylophonist", "1961-07-13")
NOTE = "Zebulon Quisenberry, xylophonist.\n\nAssessment:\nType 2 diabetes mellitus. Hypertension.\n"


def attachment(text: str = NOTE) -> Json:
    return {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}


def patient(**more: Any) -> Json:
    name = [{"family": SECRETS[1], "given": [SECRETS[0]]}]
    base = {"resourceType": "Patient", "id": "p", "name": name, "birthDate": SECRETS[3]}
    return base | {"gender": "male"} | more


def encounter(**more: Any) -> Json:
    base: Json = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "AMB",
        },
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-03-04", "end": "2026-03-04"},
    } | more
    return {name: value for name, value in base.items() if value is not None}


def condition(code: str = "E11.9", **more: Any) -> Json:
    return {
        "resourceType": "Condition",
        "id": "c",
        "code": {"coding": [{"system": ICD10CM, "code": code}]},
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/e"},
    } | more


def document(**more: Any) -> Json:
    return {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "type": {"text": "Progress note"},
        "subject": {"reference": "Patient/p"},
        "context": {"encounter": [{"reference": "Encounter/e"}]},
        "content": [{"attachment": attachment()}],
    } | more


def bundle(*resources: Json) -> bytes:
    entry = [{"resource": item} for item in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}).encode()


def sound() -> bytes:
    return bundle(patient(), encounter(), condition(), document())


PACK = """pack {name} "A pack for tests" version 1.0
  effective from 2026-01-01 through 2026-12-31
source manual "A manual for tests"
"""

RULE = """
rule {name} "{code} asks for a word with the provider"
  cites manual "{at}"
  for each diagnosis d in {{ {code} }}
  then query the provider "Is this so?"
  example "it is asked" on 2026-03-04
    given diagnosis d: code {code}
    expect query
"""

CYCLE = """
rule first "No I13.0 makes I12.9"
  cites manual "1"
  for each diagnosis k in {{ N18.9 }}
  when no diagnosis in {{ I13.0 }}
  then assign I12.9

rule second "I12.9 and heart failure make I13.0"
  cites manual "1"
  for each diagnosis h in {{ I12.9 }}, diagnosis f in {{ I50.9 }}
  then assign I13.0
""".replace("{{", "{").replace("}}", "}")


def write_pack(folder: Path, text: str) -> Path:
    """A pack of one file in a folder of its name."""
    folder.mkdir(parents=True)
    (folder / "pack.rules").write_text(text, encoding="utf-8")
    return folder
