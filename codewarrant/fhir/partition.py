"""One chart per encounter: which resources of a bundle belong to which.

A resource belongs to the encounter it names, or that names it. One that names none belongs to the
encounter whose period holds its date, if there is exactly one; one without a date belongs to the
only encounter of the bundle. Whatever finds no place is reported, never dropped. A bundle without
encounters is read if it holds a claim, which is then a chart alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Day

from codewarrant.fhir.elements import LAST, Json, day, first_date
from codewarrant.fhir.errors import Issue, Refused, refuse
from codewarrant.fhir.periods import Moment, Period, holding, moment
from codewarrant.fhir.references import Index, Record
from codewarrant.fhir.resource_types import PLACED

CLAIMS = ("Claim", "ExplanationOfBenefit")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A resource that belongs to no chart of the bundle, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """The resources of one chart. ``head`` is its Encounter, or its claim where there is none."""

    head: Record
    patient: Record | None
    members: tuple[Record, ...]
    """What belongs to it, by name."""
    shared: tuple[Record, ...]
    """Coverage and authorizations of the same patient, by name."""

    @property
    def claim_only(self) -> bool:
        return self.head.type in CLAIMS

    def of(self, *kinds: str) -> tuple[Record, ...]:
        """The members of some types, by name."""
        return tuple(record for record in self.members if record.type in kinds)


def partition(index: Index) -> tuple[tuple[Part, ...], tuple[Unplaced, ...], list[Issue]]:
    """The charts in order of content (start, name), what found no place, and warnings.

    Raises :class:`Refused` where there is neither encounter nor claim, and where a chart cannot be
    attributed to one patient.
    """
    warnings: list[Issue] = []
    heads: list[Record] = []
    for record in index.of("Encounter"):
        if record.resource.get("status") == "entered-in-error":
            message = "the encounter was entered in error and is not read"
            warnings.append(Issue("warning", "business-rule", record.name, message))
        else:
            heads.append(record)
    if not heads and not index.of("Encounter"):
        heads = [record for record in index.records if _stands_alone(index, record)]
    if not heads:
        raise refuse(
            "required",
            "Bundle.entry",
            "no Encounter that can be read" if warnings
            else "neither an Encounter nor a Claim or ExplanationOfBenefit",
        )  # fmt: skip
    return _Placing(index, heads).parts(warnings)


def _stands_alone(index: Index, record: Record) -> bool:
    if record.type == "ExplanationOfBenefit":
        return index.resolve(record, record.resource.get("claim")) is None
    return record.type == "Claim"


class _Placing:
    def __init__(self, index: Index, heads: list[Record]) -> None:
        self.index = index
        self.heads = {head.name: head for head in heads}
        self.periods = {head.name: _period(head) for head in heads}
        self.people = index.of("Patient")
        self.patients = {head.name: self._patient(head) for head in heads}
        self.members: dict[str, dict[str, Record]] = {head.name: {} for head in heads}
        self.named = self._named_by_heads()

    def parts(
        self, warnings: list[Issue]
    ) -> tuple[tuple[Part, ...], tuple[Unplaced, ...], list[Issue]]:
        unplaced: list[Unplaced] = []
        later: list[Record] = []
        mixed: list[Issue] = []
        for record in self.index.records:
            if record.type not in PLACED or record.name in self.heads:
                continue
            if record.type == "ExplanationOfBenefit" and not _stands_alone(self.index, record):
                later.append(record)
                continue
            found = self._place(record)
            if isinstance(found, str):
                unplaced.append(Unplaced(record.name, found))
                continue
            for name in found:
                if self._other_patient(record, name):
                    message = f"{record.name} and {name} name different patients"
                    mixed.append(Issue("error", "business-rule", record.place, message))
                self.members[name][record.name] = record
        for name, inside in self._contained_by_heads():
            if self._other_patient(inside, name):
                message = f"{inside.name} and {name} name different patients"
                mixed.append(Issue("error", "business-rule", inside.place, message))
            self.members[name][inside.name] = inside
        if mixed:
            raise Refused(mixed)
        for record in later:
            # An ExplanationOfBenefit goes where its claim goes.
            claim = self.index.resolve(record, record.resource.get("claim"))
            homes = [
                name
                for name in self.heads
                if claim is not None and (claim.name in self.members[name] or claim.name == name)
            ]
            for name in homes:
                self.members[name][record.name] = record
            if not homes:
                unplaced.append(Unplaced(record.name, "its claim belongs to no chart"))
        parts = sorted((self._part(head) for head in self.heads.values()), key=_place_in_time)
        return tuple(parts), tuple(sorted(unplaced, key=lambda item: item.source)), warnings

    def _part(self, head: Record) -> Part:
        key = self.patients[head.name]
        shared = tuple(
            record
            for record in self.index.records
            if record.type in ("Coverage", "ClaimResponse") and self._subject(record) in (None, key)
        )
        members = tuple(self.members[head.name][name] for name in sorted(self.members[head.name]))
        if head.type in CLAIMS:
            members = tuple(sorted((head, *members), key=lambda record: record.name))
        patient = next((person for person in self.people if person.name == key), None)
        return Part(head, patient, members, shared)

    def _subject(self, record: Record) -> str | None:
        for name in ("subject", "patient", "beneficiary"):
            if name in record.resource:
                return self.index.identity(record, record.resource[name])
        return None

    def _patient(self, head: Record) -> str | None:
        key = self._subject(head)
        if key is not None:
            return key
        if len(self.people) > 1:
            raise refuse(
                "business-rule",
                head.place,
                f"{len(self.people)} patients, and {head.name} does not say whose it is",
            )
        return next((person.name for person in self.people), None)

    def _other_patient(self, record: Record, head: str) -> bool:
        mine, theirs = self._subject(record), self.patients[head]
        return mine is not None and theirs is not None and mine != theirs

    def _named_by_heads(self) -> dict[str, list[str]]:
        """Resources that an encounter or a claim names itself → the names of those."""
        named: dict[str, list[str]] = {}
        for head in self.heads.values():
            for reference in _names(head):
                target = self.index.resolve(head, reference)
                if target is not None and head.name not in named.setdefault(target.name, []):
                    named[target.name].append(head.name)
        return named

    def _contained_by_heads(self) -> Iterator[tuple[str, Record]]:
        """What an encounter or a claim holds inside itself and names, which is part of it."""
        for head in self.heads.values():
            for reference in _names(head):
                target = self.index.resolve(head, reference)
                if target is not None and target.root and target.type in PLACED:
                    yield head.name, target

    def _place(self, record: Record) -> list[str] | str:
        """The heads a resource belongs to, or why to none."""
        homes = list(self.named.get(record.name, ()))
        elsewhere = False
        for reference in _encounters(record):
            target = self.index.identity(record, reference)
            if target in self.heads:
                homes.append(target)
            elif target is not None and self.index.resolve(record, reference) is None:
                elsewhere |= "Encounter/" in target or target.startswith("urn:")
            elif target is not None and target.startswith("Encounter/"):
                return "its encounter was entered in error"
        if homes:
            return sorted(set(homes))
        if elsewhere:
            return "it names an encounter that is not in the bundle"
        mine = self._subject(record)
        if mine is None and len(set(self.patients.values())) > 1:
            return "it names no patient, and the bundle holds several"
        candidates = [
            name for name in self.heads if mine is None or self.patients[name] in (None, mine)
        ]
        if not candidates:
            return "it names a patient who has no encounter in the bundle"
        return self._by_date(record, candidates)

    def _by_date(self, record: Record, candidates: list[str]) -> list[str] | str:
        if len(self.heads) == 1 and next(iter(self.heads.values())).type in CLAIMS:
            return candidates
        when, firm = _date(record)
        if when is not None:
            found = holding({name: self.periods[name] for name in candidates}, when)
            if isinstance(found, str):
                return found
            if len(found) == 1:
                return found
            if len(found) > 1:
                return "more than one encounter on its date"
            if firm:
                return "no encounter on its date"
        elif firm:
            return "its date is partial"
        if len(self.heads) == 1:
            return candidates
        return "it has no encounter and no date, and the bundle holds several encounters"


def _names(head: Record) -> Iterator[object]:
    resource = head.resource
    if head.type == "Encounter":
        yield from (item.get("condition") for item in resource.get("diagnosis") or ())
        yield from resource.get("reasonReference") or ()
        return
    yield from (item.get("diagnosisReference") for item in resource.get("diagnosis") or ())
    yield from (item.get("procedureReference") for item in resource.get("procedure") or ())


def _encounters(record: Record) -> Iterator[object]:
    """The references by which a resource names its encounters."""
    resource = record.resource
    if record.type in CLAIMS:
        for item in resource.get("item") or ():
            yield from item.get("encounter") or ()
    elif record.type == "DocumentReference":
        yield from (resource.get("context") or {}).get("encounter") or ()
    else:
        for name in ("encounter", "context"):
            if name in resource:
                yield resource[name]


_DATES = {
    "Condition": ("recordedDate",),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod", "issued"),
    "DocumentReference": ("date",),
    "Composition": ("date",),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod", "dateAsserted"),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod"),
    "ChargeItem": ("occurrenceDateTime", "occurrencePeriod"),
}


def _date(record: Record) -> tuple[Moment | None, bool]:
    """When a resource was written or done, and whether it has a date that must be heeded.

    The onset of a condition may lie years before the encounter that records it: it helps to place
    the condition and never keeps it out.
    """
    resource = record.resource
    if record.type in CLAIMS:
        found = service_days(resource)
        return (Moment(found[0]), True) if found else (None, False)
    names = _DATES[record.type]
    if record.type == "DocumentReference":
        context = (resource.get("context") or {}).get("period") or {}
        if found := moment(context.get("start")):
            return found, True
    found = moment(first_date(resource, *names))
    if found is not None:
        return found, True
    if record.type == "Condition" and "recordedDate" not in resource:
        return moment(first_date(resource, "onsetDateTime", "onsetPeriod")), False
    return None, any(resource.get(name) for name in names)


def service_days(claim: Json) -> tuple[Day, Day] | None:
    """The first and last day of service of a claim: of its items, else of its billable period."""
    days: list[Day] = []
    for item in claim.get("item") or ():
        period = item.get("servicedPeriod") or {}
        days += [
            found
            for text in (item.get("servicedDate"), period.get("start"), period.get("end"))
            if (found := day(text))
        ]
    if not days:
        period = claim.get("billablePeriod") or {}
        days = [found for text in (period.get("start"), period.get("end")) if (found := day(text))]
    return (min(days), max(days)) if days else None


def _period(head: Record) -> Period:
    """First and last moment; an encounter still in progress has no last one."""
    if head.type in CLAIMS:
        found = service_days(head.resource)
        return Period(Moment(found[0]), Moment(found[1])) if found else Period(None, None)
    period = head.resource.get("period") or {}
    start, end = moment(period.get("start")), moment(period.get("end"))
    if end is None and head.resource.get("status") not in ("in-progress", "onleave"):
        end = start
    return Period(start, end)


def _place_in_time(part: Part) -> tuple[str, str]:
    resource = part.head.resource
    if part.claim_only:
        found = service_days(resource)
        start = found[0].isoformat() if found else LAST
    else:
        start = (resource.get("period") or {}).get("start") or LAST
    return start, part.head.name
