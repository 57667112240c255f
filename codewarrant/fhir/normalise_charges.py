"""Services that are charted and not yet billed, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codewarrant.engine.values import Code
from codewarrant.fhir.elements import codes, first_day, number, order, preferred, whole, words
from codewarrant.fhir.normalise_people import Case, provider_name
from codewarrant.fhir.references import Record
from codewarrant.fhir.terminology import DIAGNOSIS_SYSTEMS, SERVICE_SYSTEMS, unmapped
from codewarrant.schema import Entity, Line, Unread


def charted_lines(case: Case) -> Iterator[Entity | Unread]:
    """Services charted and not yet billed: completed Procedures and ChargeItems with CPT or HCPCS.

    A charge names its service, so a Procedure that a ChargeItem refers to is not a second line.
    Numbers are given in order of date, code and source.
    """
    charged: set[str] = set()
    lines: list[Line] = []
    for record in case.part.of("ChargeItem"):
        resource = record.resource
        if resource.get("status") in ("entered-in-error", "aborted", "not-billable"):
            continue
        for reference in resource.get("service") or ():
            target = case.index.resolve(record, reference)
            charged.update({target.name} if target is not None else ())
        found = _service(resource.get("code"))
        if found is None:
            other = preferred(resource.get("code"), "code", "snomed")
            yield Unread(
                source=record.source,
                path="code",
                reason=unmapped(other[0]) if other else "a charge without a code",
                code=other[0] if other else None,
                title=words(resource.get("code")),
            )
            continue
        yield from odd_units(record, "quantity", resource.get("quantity"))
        on = first_day(resource, "occurrenceDateTime", "occurrencePeriod")
        performers = resource.get("performer") or ()
        lines.append(
            Line(
                code=found[0],
                units=whole((resource.get("quantity") or {}).get("value")),
                date=on,
                charge=number((resource.get("priceOverride") or {}).get("value")),
                provider=_first_performer(case, record, performers),
                pointers=_reasons(case, record, "reason", None),
                origin="procedure",
                evidence=record.at(found[1]),
                order=order(None, on),
            )
        )
    for record in case.part.of("Procedure"):
        resource = record.resource
        found = _service(resource.get("code"))
        if found is None or resource.get("status") != "completed" or record.name in charged:
            continue
        on = first_day(resource, "performedDateTime", "performedPeriod")
        lines.append(
            Line(
                code=found[0],
                date=on,
                provider=_first_performer(case, record, resource.get("performer") or ()),
                pointers=_reasons(case, record, "reasonCode", "reasonReference"),
                origin="procedure",
                evidence=record.at(found[1]),
                order=order(None, on),
            )
        )
    lines.sort(key=lambda line: (line.order, line.code, line.evidence[0].ref))
    for i, line in enumerate(lines, 1):
        yield line.model_copy(update={"number": i, "order": order(i, line.date)})


def odd_units(record: Record, path: str, quantity: object) -> Iterator[Unread]:
    """A quantity that is no whole number: a line has whole units, so that its own are unknown."""
    value = quantity.get("value") if isinstance(quantity, Mapping) else None
    if value is not None and whole(value) is None:
        reason = "not a whole number of units: the units of the line are unknown"
        yield Unread(source=record.source, path=record.within(f"{path}.value"), reason=reason)


def _service(concept: object) -> tuple[Code, str] | None:
    found = preferred(concept, "code", *SERVICE_SYSTEMS)
    return found if found and found[0].system in SERVICE_SYSTEMS else None


def _first_performer(case: Case, record: Record, performers: Any) -> str | None:
    for performer in performers:
        if name := provider_name(case.index, record, performer.get("actor")):
            return name
    return None


def _reasons(case: Case, record: Record, concepts: str, references: str | None) -> tuple[Code, ...]:
    """The diagnosis codes that a service gives as its reasons, in its order."""
    found: dict[Code, None] = {}
    for reference in record.resource.get(references or "") or ():
        target = case.index.resolve(record, reference)
        if target is not None and target.type == "Condition":
            found.update(dict.fromkeys(codes(target.resource.get("code"), *DIAGNOSIS_SYSTEMS)))
    for concept in record.resource.get(concepts) or ():
        found.update(dict.fromkeys(codes(concept, *DIAGNOSIS_SYSTEMS)))
    return tuple(found)
