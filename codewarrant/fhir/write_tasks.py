"""What a person has to look at: review tasks, queries, edits, conflicts, and what was not read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codewarrant.fhir.write_elements import (
    BASE,
    Json,
    Written,
    concept,
    dated,
    reference,
    rule_urn,
)

SEVERITIES = {"reject": "high", "warning": "moderate", "information": "low", "advice": "low"}
"""Severity of a rule to severity of a DetectedIssue; any other is left out."""

CARC = "https://x12.org/codes/claim-adjustment-reason-codes"
_CARC = re.compile(r"(?:CO|OA|PI|PR)-?([A-Z]?\d+)")
UNREAD = {"unmapped": "code-invalid", "not read": "not-supported"}
"""Kinds of rejected candidates that mean part of the record was not read, with the issue's type."""


def task(written: Written) -> Json | None:
    """The Task for a chart that is not coded autonomously, with the reasons as inputs."""
    route = written.body["route"]
    if route["lane"] == "autonomous":
        return None
    out: Json = {
        "resourceType": "Task",
        "id": written.id("Task"),
        "status": "requested",
        "intent": "proposal",
        "code": {"text": "review of coding" if route["lane"] == "review" else "coding failed"},
        "description": "A person reviews the draft claim before it goes out.",
        "focus": written.claim,
        "for": written.patient,
        **_encounter(written),
        **_day(written, "authoredOn"),
    }
    if route["reasons"]:
        out["input"] = [
            {"type": {"text": "reason"}, "valueString": reason} for reason in route["reasons"]
        ]
    return out


def queries(written: Written) -> list[Json]:
    """A CommunicationRequest per query to the provider: a draft, the record system sends it."""
    out = []
    for number, query in enumerate(written.body["queries"], start=1):
        request: Json = {
            "resourceType": "CommunicationRequest",
            "id": written.id("CommunicationRequest", number),
            "status": "draft",
            "category": [{"text": "coding query"}],
            "subject": written.patient,
            "about": [written.claim],
            **_encounter(written),
            "payload": [{"contentString": query["text"]}],
            **_day(written, "authoredOn"),
        }
        reasons = _citations(written, query["rule"])
        if reasons:
            request["reasonCode"] = reasons
        out.append(request)
    return out


def issues(written: Written) -> list[Json]:
    """A DetectedIssue per edit, per requirement and per conflict."""
    body = written.body
    out = [
        _issue(written, ("edit", at), _reason(edit), edit["because"], edit, edit["severity"])
        for at, edit in enumerate(body["edits"], start=1)
    ]
    out += [
        _issue(written, ("requirement", at), {"text": f"required: {item['what']}"},
               item["because"], item, "warning")
        for at, item in enumerate(body["requirements"], start=1)
    ]  # fmt: skip
    for at, conflict in enumerate(body["trace"]["conflicts"], start=1):
        codes = ", ".join(code["code"] for code in conflict["codes"])
        found = _issue(
            written,
            ("conflict", at),
            {"text": f"conflict between rules: {conflict['kind']}"},
            f"{codes}: {' and '.join(conflict['rules'])} cannot all have their way",
            {"target": "claim", "firings": (), "rule": ""},
            "warning",
        )
        found["evidence"] = [{"code": [concept(code) for code in conflict["codes"]]}]
        out.append(found)
    return out


def _issue(
    written: Written,
    name: tuple[str, int],
    code: Json,
    detail: str,
    item: Mapping[str, Any],
    severity: str,
) -> Json:
    target = item["target"]
    numbers = {str(line["number"]) for line in written.body["lines"]}
    out: Json = {
        "resourceType": "DetectedIssue",
        "id": written.id("DetectedIssue", *name),
        "status": "preliminary",
        "code": code,
        "patient": written.patient,
        "implicated": [
            written.claim_element(f"item-{target}") if target in numbers else written.claim
        ],
    }
    if detail:
        out["detail"] = detail
    if severity in SEVERITIES:
        out["severity"] = SEVERITIES[severity]
    if written.day:
        out["identifiedDateTime"] = written.day
    rule = written.rules.get(item["rule"])
    if rule:
        out["identifier"] = [{"system": f"{BASE}/rule", "value": rule_urn(rule)}]
    bound = [
        bound["fact"] for number in item["firings"] for bound in written.firings[number]["bound"]
    ]
    sources = list(dict.fromkeys(span["source"] for span in written.evidence(bound)))
    if sources:
        out["evidence"] = [{"detail": [reference(source) for source in sources]}]
    return out


def _reason(edit: Mapping[str, Any]) -> Json:
    found = _CARC.fullmatch(edit["reason"])
    if found:
        return {"coding": [{"system": CARC, "code": found[1]}], "text": edit["reason"]}
    return {"text": edit["reason"] or edit["kind"]}


def outcome(written: Written) -> Json | None:
    """An OperationOutcome saying what of the record was not read, or why coding failed."""
    route = written.body["route"]
    found: list[Json] = [
        {"severity": "error", "code": "processing", "details": {"text": reason}}
        for reason in (route["reasons"] if route["lane"] == "error" else ())
    ]
    for item in written.body["rejected"]:
        if item["kind"] not in UNREAD:
            continue
        issue: Json = {
            "severity": "warning",
            "code": UNREAD[item["kind"]],
            "details": {"text": item["because"] or item["kind"]},
        }
        if item["code"]:
            issue["details"] = {**concept(item["code"], item["text"]), **issue["details"]}
        elif item["text"]:
            issue["diagnostics"] = item["text"]
        spans = [
            span["source"] + (f".{span['path']}" if span["path"] else "")
            for span in written.evidence(item["grounds"])
        ]
        if spans:
            issue["expression"] = spans
        found.append(issue)
    if not found:
        return None
    return {
        "resourceType": "OperationOutcome",
        "id": written.id("OperationOutcome"),
        "issue": found,
    }


def _encounter(written: Written) -> Json:
    found = written.encounter()
    return {"encounter": found} if found else {}


def _day(written: Written, name: str) -> Json:
    return dated(name, written.day) if written.day else {}


def _citations(written: Written, rule: str) -> list[Json]:
    found = written.rules.get(rule)
    return [{"text": cite} for cite in found["cites"]] if found else []
