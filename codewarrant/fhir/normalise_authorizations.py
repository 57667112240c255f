"""Authorizations: payers' answers to requests made beforehand, and numbers that a claim quotes.

Many feeds carry none, so their absence says nothing unless the bundle says that it supplies them:
by a ClaimResponse to a preauthorization, or by the tag :data:`SUPPLIED` with the family's name in
``Bundle.meta.tag``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codewarrant.engine.values import Code
from codewarrant.fhir.elements import day, order, preferred, raw_codes, whole
from codewarrant.fhir.normalise_people import Case
from codewarrant.fhir.references import Record
from codewarrant.fhir.terminology import SERVICE_SYSTEMS
from codewarrant.schema import OPEN, Authorization

SUPPLIED = "https://codewarrant.dev/fhir/supplied"
_PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-"
_ACTIONS = {"A1": "approved", "A2": "approved", "A3": "denied", "A4": "pending", "A6": "approved"}
"""X12 306: certified in total, in part, not certified, pended, modified."""


def supplied(case: Case, bundle: Mapping[str, Any]) -> frozenset[str]:
    """The open families that this feed supplies."""
    tags = {
        tag.get("code")
        for tag in ((bundle.get("meta") or {}).get("tag") or ())
        if tag.get("system") == SUPPLIED
    }
    found = {name for name in OPEN if name in tags}
    if any(True for _ in _responses(case)):
        found.add("authorization")
    return frozenset(found)


def authorizations(case: Case) -> Iterator[Authorization]:
    """What was authorized for the patient; dates say for when."""
    for record in _responses(case):
        listed = list(_items(case, record))
        yield from listed or [_whole_response(record)]
    if case.claim is not None:
        for i, insurance in enumerate(case.claim.resource.get("insurance") or ()):
            for j, quoted in enumerate(insurance.get("preAuthRef") or ()):
                yield Authorization(
                    number=quoted,
                    evidence=case.claim.at(f"insurance[{i}].preAuthRef[{j}]"),
                    order=order(None, None),
                )


def _responses(case: Case) -> Iterator[Record]:
    for record in case.part.shared:
        if (
            record.type == "ClaimResponse"
            and record.resource.get("use") == "preauthorization"
            and record.resource.get("status") == "active"
        ):
            yield record


def _whole_response(record: Record) -> Authorization:
    period = record.resource.get("preAuthPeriod") or {}
    path = "preAuthRef" if "preAuthRef" in record.resource else "outcome"
    return Authorization(
        number=record.resource.get("preAuthRef"),
        status="pending" if record.resource.get("outcome") == "queued" else None,
        valid_from=day(period.get("start")),
        valid_until=day(period.get("end")),
        evidence=record.at(path),
        order=order(None, day(period.get("start"))),
    )


def _items(case: Case, record: Record) -> Iterator[Authorization]:
    request = case.index.resolve(record, record.resource.get("request"))
    asked = {
        item.get("sequence"): item.get("productOrService")
        for item in (request.resource.get("item") or () if request is not None else ())
    }
    whole_period = record.resource.get("preAuthPeriod") or {}
    for i, item in enumerate(record.resource.get("item") or ()):
        review = _review(item)
        if review is None:
            continue
        period = _extension(item, f"{_PAS}itemPreAuthPeriod").get("valuePeriod") or whole_period
        detail = _extension(item, f"{_PAS}itemAuthorizedDetail")
        concept = _extension(detail, "productOrServiceCode").get("valueCodeableConcept")
        start = day(period.get("start"))
        yield Authorization(
            code=_service(concept) or _service(asked.get(whole(item.get("itemSequence")))),
            number=_extension(review, "number").get("valueString")
            or record.resource.get("preAuthRef"),
            status=_status(review),
            valid_from=start,
            valid_until=day(period.get("end")),
            evidence=record.at(f"item[{i}]"),
            order=order(whole(item.get("itemSequence")), start),
        )


def _review(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for adjudication in item.get("adjudication") or ():
        found = _extension(adjudication, f"{_PAS}reviewAction")
        if found:
            return found
    return None


def _status(review: Mapping[str, Any]) -> str | None:
    action = _extension(review, f"{_PAS}reviewActionCode").get("valueCodeableConcept")
    known = sorted(_ACTIONS[code] for code in raw_codes(action) if code in _ACTIONS)
    return known[0] if len(known) == 1 else None


def _extension(holder: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    for extension in holder.get("extension") or ():
        if extension.get("url") == url:
            return extension
    return {}


def _service(concept: object) -> Code | None:
    found = preferred(concept, "", *SERVICE_SYSTEMS)
    return found[0] if found else None
