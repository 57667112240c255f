"""The claim as billed: its diagnoses, procedures and lines.

Amounts and units stay exactly as written. A chart has one claim; others of the same encounter are
said not to be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from codewarrant.fhir.normalise_charges import charted_lines, odd_units
from codewarrant.fhir.normalise_diagnoses import Role
from codewarrant.fhir.normalise_people import Case, provider_name
from codewarrant.fhir.partition import CLAIMS, Part, service_days
from codewarrant.fhir.references import Index, Record
from codewarrant.fhir.terminology import DIAGNOSIS_SYSTEMS, SERVICE_SYSTEMS, unmapped
from codewarrant.schema import Claim, ClaimDiagnosis, Diagnosis, Entity, Line, Procedure, Unread

_USES = ("claim", "predetermination", "preauthorization")
_VOID = ("cancelled", "entered-in-error")
_POA = ("Y", "N", "U", "W")

Pointed = dict[int, tuple[Code, ...] | None]
"""Sequence of a diagnosis of the claim → its codes; None where several have that sequence."""


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
        yield from charted_lines(case)
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
    pointed: Pointed = {}
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
                order=order(whole(item.get("sequence")), when),
            )
    for i, item in enumerate(resource.get("item") or ()):
        if _concerns(case, record, item):
            yield from _line(case, record, f"item[{i}]", item, pointed)


def _diagnosis(
    case: Case,
    record: Record,
    path: str,
    item: Mapping[str, Any],
    pointed: Pointed,
) -> Iterator[Entity | Unread]:
    rank = whole(item.get("sequence"))
    if rank in pointed:
        reason = "another diagnosis of the claim has this sequence"
        yield Unread(source=record.source, path=f"{path}.sequence", reason=reason)
    if rank is not None:
        pointed[rank] = None if rank in pointed else ()
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
    if rank is not None and pointed[rank] is not None:
        pointed[rank] = found
    # A referenced condition is cited where the claim refers to it, a code where it stands.
    places = {} if condition is not None else {
        code: where for code, where, _ in codings(concept, place)
    }  # fmt: skip
    on = case.start
    role, present = _role(case, _codes_of(item.get("type"))), _present(item.get("onAdmission"))
    for code in found:
        yield ClaimDiagnosis(
            code=code,
            rank=rank,
            role=role,
            present_on_admission=present,
            evidence=record.at(places.get(code, place)),
            order=order(rank, on),
        )
        yield Diagnosis(
            code=code,
            origin="claim",
            role=role,
            rank=rank,
            present_on_admission=present,
            phrase=words(concept) or None,
            evidence=record.at(places.get(code, place)),
            order=order(rank, on),
        )
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


def _codes_of(concepts: Iterable[object] | None) -> set[str]:
    return {code for concept in concepts or () for code in raw_codes(concept)}


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
    pointed: Mapping[int, tuple[Code, ...] | None],
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
    for i, sequence in enumerate(item.get("diagnosisSequence") or ()):
        codes_there = pointed.get(whole(sequence) or 0)
        if codes_there is None:
            reason = (
                "points to a sequence that several diagnoses of the claim have"
                if sequence in pointed
                else "points to a diagnosis that the claim does not have"
            )
            yield Unread(source=record.source, path=f"{path}.diagnosisSequence[{i}]", reason=reason)
        pointers.update(dict.fromkeys(codes_there or ()))
    yield from odd_units(record, f"{path}.quantity", item.get("quantity"))
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
    wanted = {whole(sequence) for sequence in item.get("careTeamSequence") or ()}
    listed = record.resource.get("careTeam") or ()
    team = [one for one in listed if whole(one.get("sequence")) in wanted]
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
