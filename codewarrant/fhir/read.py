"""Bundle bytes to charts: the one entry to reading FHIR.

Parsing, the gate, validation and partition happen once, when a bundle is opened; a chart is
normalised when it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codewarrant.decision import Request
from codewarrant.engine.canonical import sha256
from codewarrant.fhir import validate
from codewarrant.fhir.errors import Issue, Refused, capped, refuse
from codewarrant.fhir.gate import Limits, entries, parse
from codewarrant.fhir.implausible import implausible
from codewarrant.fhir.normalise import normalise
from codewarrant.fhir.partition import CLAIMS, Part, Unplaced, partition
from codewarrant.fhir.references import Index, dangling
from codewarrant.fhir.resource_types import PLACED, READ
from codewarrant.schema import Chart

READER = "fhir-r4-2"
"""Version of the way from bytes to facts; a change that alters facts changes it."""


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle that was accepted: checked, its references indexed, its charts told apart."""

    sha256: str
    warnings: tuple[Issue, ...]
    """What was noticed and does not keep the bundle from being read."""
    unplaced: tuple[Unplaced, ...]
    """Resources that belong to no chart, with the reason."""
    passed_over: tuple[tuple[str, int], ...]
    """Resource types that are not read, with their number."""
    parts: tuple[Part, ...] = field(repr=False)
    index: Index = field(repr=False)
    bundle: Mapping[str, Any] = field(repr=False)

    def requests(self, payer: str = "") -> tuple[Request, ...]:
        """One for each encounter, or each claim alone: by start, then by name."""
        return tuple(Request(part.head.name, payer) for part in self.parts)

    def chart(self, request: Request) -> Chart:
        """The chart that a request names; an empty name means the only one.

        Raises :class:`Refused` where there is none of that name, or several and no name.
        """
        named = [part for part in self.parts if request.encounter in ("", part.head.name)]
        if len(named) == 1:
            return normalise(self.bundle, self.index, named[0], request.payer)
        if named:
            raise refuse("required", "", f"the bundle holds {len(named)} charts: name one")
        raise refuse("not-found", "", "the bundle holds no such encounter or claim")


def open_bundle(data: bytes, limits: Limits | None = None) -> OpenedBundle:
    """Check a bundle and tell its charts apart.

    Raises :class:`Refused` with the issues, each with its place, where the bundle is not JSON, not
    a Bundle, over a limit, not valid FHIR in what is read, or belongs to nobody.
    """
    limits = limits or Limits()
    bundle = parse(data, limits)
    found = entries(bundle, limits)
    if faults := validate.issues(found):
        raise Refused(faults)
    index = Index(found)
    parts, unplaced, warnings = partition(index)
    passed = Counter(
        entry.resource["resourceType"]
        for entry in found
        if entry.resource["resourceType"] not in READ
    )
    warnings += [
        Issue("information", "not-supported", kind, f"{count} resources of this type are not read")
        for kind, count in sorted(passed.items())
    ]
    warnings += [
        Issue("warning", "business-rule", item.source, f"in no chart: {item.reason}")
        for item in unplaced
    ]
    warnings += _partly_read(index)
    warnings += _contained_unread(index, parts)
    warnings += implausible(index, parts)
    warnings += dangling(index)
    return OpenedBundle(
        sha256(data),
        capped(warnings),
        unplaced,
        tuple(sorted(passed.items())),
        parts,
        index,
        bundle,
    )


def _partly_read(index: Index) -> list[Issue]:
    """What is passed over inside resources that are read, and what may still change."""
    out: list[Issue] = []
    infos = followers = 0
    for record in index.records:
        resource = record.resource
        if record.type in CLAIMS:
            infos += len(resource.get("supportingInfo") or ())
            claim = index.resolve(record, resource.get("claim"))
            followers += record.type == "ExplanationOfBenefit" and claim is not None
        if resource.get("docStatus") == "preliminary" or (
            record.type in ("DiagnosticReport", "Composition")
            and resource.get("status") in ("preliminary", "partial", "registered")
        ):
            path = f"{record.name}.{'docStatus' if 'docStatus' in resource else 'status'}"
            out.append(Issue("warning", "business-rule", path, "is read, and is not final"))
    counts = (
        ("Claim.supportingInfo", infos, "of these are read for the date of receipt only"),
        ("ExplanationOfBenefit", followers, "of these are not read: their claims are"),
    )
    out += [
        Issue("information", "not-supported", path, f"{count} {says}")
        for path, count, says in counts
        if count
    ]
    return out


def _contained_unread(index: Index, parts: tuple[Part, ...]) -> list[Issue]:
    """Contained resources that state something of the patient and are no part of a chart.

    An encounter or a claim that names one makes it part of its chart. One that something else names
    is looked at for its code only: it has no encounter, and may be no statement at all.
    """
    read = {id(record) for part in parts for record in part.members}
    named = {
        id(index.resolve(record, item.get("diagnosisReference")))
        for record in index.records
        if record.type in CLAIMS
        for item in record.resource.get("diagnosis") or ()
    }
    out: list[Issue] = []
    passed: Counter[str] = Counter()
    for holder in index.records:
        for path, resource, record in index.contained(holder):
            kind = resource["resourceType"]
            if kind not in READ:
                passed[kind] += 1
            elif kind in (*PLACED, "Encounter", "Patient") and (
                record is None or id(record) not in read | named
            ):
                message = f"a contained {kind} that no chart names is not read by itself"
                out.append(Issue("warning", "not-supported", f"{holder.name}.{path}", message))
    out += [
        Issue("information", "not-supported", kind, f"{count} contained ones are not read")
        for kind, count in sorted(passed.items())
    ]
    return out


def warm() -> None:
    """Import and build the validation models, so that the first bundle is as fast as the next."""
    validate.warm()
