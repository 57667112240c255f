"""One Provenance per code: which element, by which rules, resting on which passages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codewarrant.fhir.write_elements import (
    BASE,
    TERMINOLOGY,
    Json,
    Written,
    instant,
    reference,
    rule_urn,
)

EVIDENCE_SPAN = f"{BASE}/StructureDefinition/evidence-span"

_PARTS = (
    ("path", "String", "string", "FHIRPath inside the resource."),
    ("attachment", "String", "string", "sha256 of the attachment's bytes, in hexadecimal."),
    ("begin", "Integer", "integer", "First code point of the passage in the decoded text, from 0."),
    ("end", "Integer", "integer", "The code point after the passage."),
    ("text", "String", "string", "The passage itself."),
)


def provenances(written: Written) -> list[Json]:
    """A Provenance for each reported diagnosis and each line, in their order."""
    body = written.body
    return [
        _provenance(written, f"{kind}-{item[number]}", item)
        for kind, number, items in (
            ("diagnosis", "sequence", body["diagnoses"]),
            ("item", "number", body["lines"]),
        )
        for item in items
    ]


def _provenance(written: Written, element: str, item: Mapping[str, Any]) -> Json:
    fired = [written.firings[number]["rule"] for number in item["firings"]]
    rules = [written.rules[name] for name in dict.fromkeys(fired)]
    cites = list(dict.fromkeys(cite for rule in rules for cite in rule["cites"]))
    out: Json = {
        "resourceType": "Provenance",
        "id": written.id("Provenance", element),
        "target": [written.claim_element(element)],
        **instant("recorded", written.day),
        "activity": {"text": "medical coding"},
        "agent": [
            {
                "type": {
                    "coding": [
                        {
                            "system": f"{TERMINOLOGY}/provenance-participant-type",
                            "code": "assembler",
                        }
                    ]
                },
                "who": {
                    "identifier": {
                        "system": f"{BASE}/snapshot",
                        "value": written.header["snapshot_sha256"],
                    },
                    "display": "Codewarrant",
                },
            }
        ],
    }
    if rules:
        out["policy"] = [rule_urn(rule) for rule in rules]
    if cites:
        out["reason"] = [{"text": cite} for cite in cites]
    entities = [_entity(span) for span in written.evidence(item["grounds"])]
    if entities:
        out["entity"] = entities
    return out


def _entity(span: Mapping[str, Any]) -> Json:
    parts = [
        {"url": name, f"value{kind}": span[name]}
        for name, kind, _, _ in _PARTS
        if span[name] not in (None, "")
    ]
    out: Json = {"role": "source", "what": reference(span["source"])}
    if parts:
        out["extension"] = [{"url": EVIDENCE_SPAN, "extension": parts}]
    return out


def evidence_span_definition() -> Json:
    """The StructureDefinition of the evidence-span extension, for publishing with a release."""
    element: list[Json] = [
        {"id": "Extension", "path": "Extension", "short": "A passage or element of a resource",
         "min": 0, "max": "*"},
    ]  # fmt: skip
    for name, _, kind, text in _PARTS:
        at = f"Extension.extension:{name}"
        element += [
            {"id": at, "path": "Extension.extension", "sliceName": name, "short": text,
             "min": 0, "max": "1"},
            {"id": f"{at}.url", "path": "Extension.extension.url", "fixedUri": name},
            {"id": f"{at}.value[x]", "path": "Extension.extension.value[x]",
             "type": [{"code": kind}]},
        ]  # fmt: skip
    element += [
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": EVIDENCE_SPAN},
        {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"},
    ]
    return {
        "resourceType": "StructureDefinition",
        "id": "evidence-span",
        "url": EVIDENCE_SPAN,
        "version": "1.0.0",
        "name": "EvidenceSpan",
        "title": "Evidence span",
        "status": "active",
        "description": "Where in a source resource the ground of a code stands: an element, or a "
        "passage of a text counted in Unicode code points.",
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "Provenance.entity"}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {"element": element},
    }
