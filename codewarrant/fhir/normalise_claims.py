"""The claim as billed: its diagnoses, procedures and lines; lines charted where nothing is billed.

Amounts and units stay exactly as written. A chart has one claim; others of the same encounter are
said not to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date as Day
from decimal import Decimal
from typing import Any

from codewarrant.engine.values import Code
from codewarrant.fhir.elements import (
    codes,
    codings,
    day,
    first_day,
    number,
    order,
    preferred,
    raw_codes,
    whole,
    words,
)
from codewarrant.fhir.normalise_diagnoses import Role
from codewarrant.fhir.normalise_people import Case, provider_name
from codewarrant.fhir.partition import CLAIMS, Part, service_days
from codewarrant.fhir.references import Index, Record
from codewarrant.fhir.terminology import DIAGNOSIS_SYSTEMS, SERVICE_SYSTEMS, unmapped
from codewarrant.schema import Claim, Diagnosis, Entity, Line, Procedure, Unread

_USES = ("claim", "predetermination", "preauthorization")
_VOID = ("cancelled", "entered-in-error")
_POA = ("Y", "N", "U", "W")


def billed(index: Index, part: Part) -> tuple[Record | None, list[Unread]]:
    """The claim of a chart, and the others with the reason why they are not read.

    Claims come before requests for authorization, services before pharmacy claims, the earlier
    before the later. An ExplanationOfBenefit stands for a claim that is not in the bundle.
    """
    unread: list[Unread] = []
    standing: list[Record] = []
    for record in part.of(*CLAIMS):
        if record.type == "ExplanationOfBenefit" and record is not part.head:
            claim = index.resolve(record, record.resource.get("claim"))
            if claim is not None and claim in part.members:
                continue
        if record.resource.get("status") in _VOID and record is not part.head:
            reason = str(record.resource["status"]).replace("-", " ")
            unread.append(Unread(source=record.source, path="status", reason=reason))
            continue
        standing.append(record)
    if part.claim_only:
        return part.head, unread
    standing.sort(key=_first_billed)
    for record in standing[1:]:
        unread.append(
            Unread(
                source=record.source,
                path="",
                reason=f"another claim of this encounter: {standing[0].name} is read",
                title=" ".join(sorted(raw_codes(record.resource.get("type")))),
            )
        )
    return (standing[0] if standing else None), unread


def _first_billed(record: Record) -> tuple[Any, ...]:
    resource = record.resource
    use = resource.get("use")
    return (
        _USES.index(use) if use in _USES else len(_USES),
        "pharmacy" in raw_codes(resource.get("type")),
        record.type,
        resource.get("created") or "",
        record.name,
    )


def received(claim: Record | None) -> tuple[Day | None, str]:
    """When the payer received the claim, and where it says so: CARIN's ``clmrecvddate`` only.

    The date on which a claim was created is not the date on which it was received.
    """
    if claim is not None:
        for i, info in enumerate(claim.resource.get("supportingInfo") or ()):
            if "clmrecvddate" in raw_codes(info.get("category")):
                return day(info.get("timingDate")), f"supportingInfo[{i}].timingDate"
    return None, ""


def claim(case: Case) -> Iterator[Entity | Unread]:
    """The claim, its diagnoses, procedures and lines; else the lines that are charted."""
    record = case.claim
    if record is None:
        yield from _charted_lines(case)
        return
    resource = record.resource
    days = service_days(resource)
    on, path = received(record)
    total, currency = _total(resource)
    kinds = sorted(code for code in raw_codes(resource.get("type")) if code.islower())
    yield Claim(
        kind=kinds[0] if kinds else words(resource.get("type")) or None,
        received=on,
        created=day(resource.get("created")),
        first_service=days[0] if days else None,
        last_service=days[1] if days else None,
        total=total,
        currency=currency,
        country=_country(case, record),
        evidence=record.at("type", *([path] if path else [])),
        order=order(None, days[0] if days else None),
    )
    pointed: dict[int, tuple[Code, ...]] = {}
    for i, item in enumerate(resource.get("diagnosis") or ()):
        yield from _diagnosis(case, record, f"diagnosis[{i}]", item, pointed)
    for i, item in enumerate(resource.get("procedure") or ()):
        found = preferred(
            item.get("procedureCodeableConcept"), "procedureCodeableConcept", "icd10pcs"
        )
        if found:
            when = day(item.get("date"))
            yield Procedure(
                code=found[0],
                name=words(item["procedureCodeableConcept"]) or None,
                date=when,
                evidence=record.at(f"procedure[{i}].{found[1]}"),
                order=order(item.get("sequence"), when),
            )
    for i, item in enumerate(resource.get("item") or ()):
        if _concerns(case, record, item):
            yield from _line(case, record, f"item[{i}]", item, pointed)


def _diagnosis(
    case: Case,
    record: Record,
    path: str,
    item: Mapping[str, Any],
    pointed: dict[int, tuple[Code, ...]],
) -> Iterator[Entity | Unread]:
    rank = whole(item.get("sequence"))
    concept, place = item.get("diagnosisCodeableConcept"), f"{path}.diagnosisCodeableConcept"
    condition = None
    if concept is None:
        place = f"{path}.diagnosisReference"
        condition = case.index.resolve(record, item.get("diagnosisReference"))
        if condition is None or condition.type != "Condition":
            reason = "refers to a resource that is not in the bundle"
            yield Unread(source=record.source, path=place, reason=reason)
            return
        concept = condition.resource.get("code")
    found = codes(concept, *DIAGNOSIS_SYSTEMS)
    if rank is not None:
        pointed[rank] = found
    on = case.start
    for code in found:
        if condition is None:
            place = next(where for had, where, _ in codings(concept, place) if had == code)
        yield Diagnosis(
            code=code,
            origin="claim",
            role=_role(case, raw_codes_of(item.get("type"))),
            rank=rank,
            present_on_admission=_present(item.get("onAdmission")),
            phrase=words(concept) or None,
            evidence=record.at(place),
            order=order(rank, on),
        )
        if condition is None:
            place = f"{path}.diagnosisCodeableConcept"
    if not found and (condition is None or condition not in case.part.members):
        listed = preferred(concept, place, "snomed")
        yield Unread(
            source=record.source,
            path=place if condition is not None or not listed else listed[1],
            reason=unmapped(listed[0]) if listed else "words without a code",
            code=listed[0] if listed else None,
            display=words(concept),
            category="claim",
            order=order(rank, on),
        )


def raw_codes_of(concepts: object) -> set[str]:
    """The code values of a list of CodeableConcepts."""
    return {code for concept in concepts or () for code in raw_codes(concept)}  # type: ignore[attr-defined]


def _role(case: Case, kinds: set[str]) -> Role | None:
    if "principal" in kinds:
        return "principal" if case.setting == "inpatient" else "first-listed"
    if "admitting" in kinds:
        return "admitting"
    return "secondary" if kinds & {"other", "secondary"} else None


def _present(concept: object) -> Any:
    found = sorted(code.upper() for code in raw_codes(concept) if code.upper() in _POA)
    return found[0] if found else None


def _concerns(case: Case, record: Record, item: Mapping[str, Any]) -> bool:
    """Whether an item of a claim over several encounters is this encounter's."""
    named = {case.index.identity(record, one) for one in item.get("encounter") or ()} - {None}
    return case.part.claim_only or not named or case.part.head.name in named


def _line(
    case: Case,
    record: Record,
    path: str,
    item: Mapping[str, Any],
    pointed: Mapping[int, tuple[Code, ...]],
) -> Iterator[Entity | Unread]:
    concept = item.get("productOrService")
    listed = sorted(
        (code, place)
        for code, place, _ in codings(concept, f"{path}.productOrService")
        if code.system in SERVICE_SYSTEMS
    )
    if not listed:
        other = preferred(concept, f"{path}.productOrService", "snomed")
        yield Unread(
            source=record.source,
            path=other[1] if other else f"{path}.productOrService",
            reason=unmapped(other[0]) if other else "a line without a code",
            code=other[0] if other else None,
            title=words(concept),
        )
        return
    code, place = listed[0]
    on = first_day(item, "servicedDate", "servicedPeriod")
    number_on_claim = whole(item.get("sequence"))
    pointers: dict[Code, None] = {}
    for sequence in item.get("diagnosisSequence") or ():
        pointers.update(dict.fromkeys(pointed.get(sequence, ())))
    yield Line(
        number=number_on_claim,
        code=code,
        modifiers=tuple(_modifiers(item)),
        units=whole((item.get("quantity") or {}).get("value")),
        date=on or case_day(record),
        charge=_charge(item),
        provider=_provider(case, record, item),
        place_of_service=_place_of_service(item),
        pointers=tuple(pointers),
        evidence=record.at(place),
        order=order(number_on_claim, on),
    )
    if item.get("detail"):
        yield Unread(
            source=record.source, path=f"{path}.detail", reason="details of a line are not read"
        )


def case_day(record: Record) -> Day | None:
    """The date of a claim that is of one single day."""
    days = service_days({"billablePeriod": record.resource.get("billablePeriod")})
    return days[0] if days and days[0] == days[1] else None


def _modifiers(item: Mapping[str, Any]) -> Iterator[str]:
    for concept in item.get("modifier") or ():
        found = preferred(concept, "", *SERVICE_SYSTEMS)
        if found:
            yield found[0].value.upper()


def _charge(item: Mapping[str, Any]) -> Decimal | None:
    """What was charged: ``net``, else the submitted amount of an ExplanationOfBenefit."""
    net = number((item.get("net") or {}).get("value"))
    if net is not None:
        return net
    for adjudication in item.get("adjudication") or ():
        if "submitted" in raw_codes(adjudication.get("category")):
            return number((adjudication.get("amount") or {}).get("value"))
    return None


def _total(resource: Mapping[str, Any]) -> tuple[Decimal | None, str | None]:
    given = resource.get("total")
    if isinstance(given, list):
        submitted = [one for one in given if "submitted" in raw_codes(one.get("category"))]
        given = submitted[0].get("amount") if submitted else None
    given = given or {}
    return number(given.get("value")), given.get("currency")


def _provider(case: Case, record: Record, item: Mapping[str, Any]) -> str | None:
    """Who rendered a line: the care team member it names (rendering first), else the claim's."""
    wanted = set(item.get("careTeamSequence") or ())
    team = [one for one in record.resource.get("careTeam") or () if one.get("sequence") in wanted]
    team.sort(key=lambda one: "rendering" not in raw_codes(one.get("role")))
    for member in team:
        if name := provider_name(case.index, record, member.get("provider")):
            return name
    return provider_name(case.index, record, record.resource.get("provider"))


def _place_of_service(item: Mapping[str, Any]) -> str | None:
    for code, _, _ in codings(item.get("locationCodeableConcept"), ""):
        if len(code.value) == 2 and code.value.isdigit():
            return code.value
    return None


def _country(case: Case, record: Record) -> str | None:
    provider = case.index.resolve(record, record.resource.get("provider"))
    listed = (provider.resource.get("address") or ()) if provider is not None else ()
    named = {one["country"] for one in listed if one.get("country")}
    return next(iter(named)) if len(named) == 1 else None


def _charted_lines(case: Case) -> Iterator[Entity | Unread]:
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
        yield line.model_copy(update={"number": i})


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
