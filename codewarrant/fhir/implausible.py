"""What is valid FHIR and cannot be so: read as it stands, with a warning that names the place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from codewarrant.fhir.elements import number
from codewarrant.fhir.errors import Issue
from codewarrant.fhir.partition import CLAIMS, Part, service_days
from codewarrant.fhir.periods import moment
from codewarrant.fhir.references import Index

GENDERS = ("male", "female", "other", "unknown")
"""FHIR R4 ``administrative-gender``, a required binding."""


def implausible(index: Index, parts: Iterable[Part]) -> list[Issue]:
    """Warnings, each with its place: units that are not positive, periods that end before they
    start, a gender that is no code, a birth after the first day of service."""
    out: list[Issue] = []
    for record in index.records:
        if record.type in (*CLAIMS, "ChargeItem"):
            for path, quantity in _quantities(record.type, record.resource):
                units = number(quantity.get("value"))
                if units is not None and units <= 0:
                    place = f"{record.name}.{path}.value"
                    message = "negative units" if units < 0 else "zero units"
                    out.append(Issue("warning", "business-rule", place, message))
        for path in _backward(record.resource):
            message = "the period ends before it starts"
            out.append(Issue("warning", "business-rule", f"{record.name}.{path}", message))
        gender = record.resource.get("gender")
        if record.type == "Patient" and gender is not None and gender not in GENDERS:
            message = f"none of {', '.join(GENDERS)}"
            out.append(Issue("warning", "code-invalid", f"{record.name}.gender", message))
    out += _born_later(parts)
    return out


def _quantities(kind: str, resource: Any) -> Iterator[tuple[str, Any]]:
    if kind == "ChargeItem":
        yield "quantity", resource.get("quantity") or {}
        return
    for i, item in enumerate(resource.get("item") or ()):
        yield f"item[{i}].quantity", item.get("quantity") or {}


def _backward(resource: Any) -> Iterator[str]:
    """The paths of the periods of a resource that end before they start."""
    level: list[tuple[str, Any]] = [("", resource)]
    while level:
        below: list[tuple[str, Any]] = []
        for path, node in level:
            if isinstance(node, dict):
                if later(node.get("start"), node.get("end")):
                    yield path
                below += [
                    (f"{path}.{key}" if path else key, node[key])
                    for key in sorted(node)
                    if isinstance(node[key], dict | list)
                ]
            else:
                below += [
                    (f"{path}[{i}]", one)
                    for i, one in enumerate(node)
                    if isinstance(one, dict | list)
                ]
        level = below


def later(first: object, second: object) -> bool:
    """Whether one FHIR date or time lies after another; only what is certain is later.

    Two times with offsets are compared as instants, all else by the digits that both dates have.
    """
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    a, b = moment(first), moment(second)
    if a is not None and b is not None and a.instant is not None and b.instant is not None:
        return a.instant > b.instant
    length = min(len(first), len(second), len("2026-03-04"))
    return first[:length] > second[:length]


def _born_later(parts: Iterable[Part]) -> list[Issue]:
    out: list[Issue] = []
    for part in parts:
        if part.patient is None:
            continue
        resource = part.head.resource
        if part.claim_only:
            days = service_days(resource)
            start = days[0].isoformat() if days else None
        else:
            start = (resource.get("period") or {}).get("start")
        if later(part.patient.resource.get("birthDate"), start):
            message = f"after the first day of service of {part.head.name}"
            place = f"{part.patient.name}.birthDate"
            out.append(Issue("warning", "business-rule", place, message))
    return out
