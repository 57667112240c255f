"""One claim of an 837, from its CLM to the next: its dates, codes, providers and service lines.

Qualifiers are those of the guides 005010X222 (837P) and 005010X223 (837I): DTP01, HI C022-01,
NM101, SV101-1, SV103.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Day
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from codewarrant.codesets.shape import ICD9CM, ICD10CM, normalise
from codewarrant.x12.billed import (
    BilledClaim,
    BilledDiagnosis,
    BilledLine,
    BilledProcedure,
    Days,
    Kind,
    Payer,
    Person,
    Provider,
    Role,
)
from codewarrant.x12.segments import Segment, Transaction
from codewarrant.x12.values import amount, count, day_of, days, first_of

System = Literal["icd10cm", "icd9cm"]

DIAGNOSES: dict[str, tuple[System, Role]] = {
    "BK": (ICD9CM, "principal"),
    "ABK": (ICD10CM, "principal"),
    "BF": (ICD9CM, "other"),
    "ABF": (ICD10CM, "other"),
    "BJ": (ICD9CM, "admitting"),
    "ABJ": (ICD10CM, "admitting"),
    "PR": (ICD9CM, "reason for visit"),
    "APR": (ICD10CM, "reason for visit"),
    "BN": (ICD9CM, "external cause"),
    "ABN": (ICD10CM, "external cause"),
}
PROCEDURES: dict[str, tuple[Literal["icd10pcs", "icd9pcs"], bool]] = {
    "BBR": ("icd10pcs", True),
    "BBQ": ("icd10pcs", False),
    "BR": ("icd9pcs", True),
    "BQ": ("icd9pcs", False),
}
"""C022-01 of procedures, and whether it is the principal one."""
ROLES = {
    "82": "rendering",
    "DN": "referring",
    "P3": "primary care",
    "DQ": "supervising",
    "71": "attending",
    "72": "operating",
    "ZZ": "other operating",
}
"""NM101 of who treated or referred."""
TAXONOMY = "PXC"
VOID = "8"
_CODE = re.compile(r"[0-9A-Z.]{1,10}")
_SERVICE = re.compile(r"[0-9A-Z]{1,10}")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_PLACE = re.compile(r"[0-9A-Z]{2}")
_REVENUE = re.compile(r"[0-9]{4}")
_DATES = {"434": "statement", "435": "admitted", "096": "discharged", "431": "onset"}
"""DTP01 of a claim's dates that are read."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a claim: transaction and levels."""

    transaction: Transaction
    kind: Kind
    created: Day
    """BHT04."""
    billing: Provider
    currency: str
    payer: Payer
    patient: Person


def read_claim(segments: Sequence[Segment], heading: Heading) -> BilledClaim:
    """One claim; ``segments`` begin with its CLM.

    Raises :class:`~codewarrant.x12.segments.X12Error` at the first segment that is wrong, and for a
    claim that only voids an earlier one.
    """
    return _Reading(segments, heading).claim()


def npi(segment: Segment) -> str | None:
    """The NPI of an NM1 segment, as sent; its check digit is not judged."""
    return (segment.element(9) or None) if segment.element(8) == "XX" else None


class _Reading:
    def __init__(self, segments: Sequence[Segment], heading: Heading) -> None:
        self.heading = heading
        starts = [at for at, one in enumerate(segments) if one.id in ("SBR", "LX")] or [
            len(segments)
        ]
        lines = [at for at, one in enumerate(segments) if one.id == "LX"]
        self.clm = segments[0]
        self.own = segments[1 : starts[0]]
        self.lines = [segments[at:end] for at, end in pairwise((*lines, len(segments)))]
        self.others = segments[starts[0] : lines[0] if lines else len(segments)]
        self.passed: Counter[str] = Counter()
        self.dates: dict[str, Days] = {}
        self.diagnoses: list[BilledDiagnosis] = []
        self.procedures: list[BilledProcedure] = []
        self.replaces: str | None = None

    def claim(self) -> BilledClaim:
        clm, heading = self.clm, self.heading
        place, frequency = self._facility()
        providers = self._providers(self.own)
        for segment in self.own:
            self._own(segment)
        if not self.lines:
            raise clm.error("a claim without a service line")
        if self.others:
            self.passed["what other payers did"] += 1
        lines = tuple(self._line(line) for line in self.lines)
        if len({line.number for line in lines}) < len(lines):
            raise clm.error("two service lines of the claim have one number")
        transaction = heading.transaction
        name = clm.element(1)
        if not name or len(name) > 38 or not name.isprintable():
            raise clm.error("CLM01 is missing or longer than 38 characters")
        return BilledClaim(
            segment=clm.number,
            interchange=transaction.interchange,
            group=transaction.group,
            transaction=transaction.control,
            id=name,
            kind=heading.kind,
            total=amount(clm, 2),
            place=place,
            frequency=frequency,
            replaces=self.replaces,
            created=heading.created,
            currency=heading.currency,
            billing=heading.billing,
            providers=providers,
            patient=heading.patient,
            payer=heading.payer,
            statement=self.dates.get("statement"),
            admitted=first_of(self.dates.get("admitted")),
            discharged=first_of(self.dates.get("discharged")),
            onset=first_of(self.dates.get("onset")),
            diagnoses=tuple(self.diagnoses),
            procedures=tuple(self.procedures),
            lines=lines,
            passed_over=tuple(sorted(self.passed.items())),
        )

    def _facility(self) -> tuple[str, str]:
        """Place and frequency from CLM05."""
        clm = self.clm
        found = clm.components(5)
        qualifier = {"professional": "B", "institutional": "A"}[self.heading.kind]
        if len(found) == 1:
            raise clm.error("CLM05 has one component; is ISA16 the sign that separates components?")
        if len(found) != 3 or not _PLACE.fullmatch(found[0]) or len(found[2]) != 1:
            raise clm.error("CLM05 is not a place of two characters, a qualifier and a frequency")
        # older senders leave the qualifier of professional claims empty
        if found[1] not in (("", qualifier) if qualifier == "B" else (qualifier,)):
            raise clm.error(f"CLM05-2 is not {qualifier}, as the guide wants it")
        if not (found[2].isascii() and found[2].isalnum()):
            raise clm.error("CLM05-3 is no frequency code")
        if found[2] == VOID:
            raise clm.error("CLM05-3 is 8: the claim only voids an earlier one and bills nothing")
        return found[0], found[2]

    def _own(self, segment: Segment) -> None:
        """A segment of the claim's own loop."""
        match segment.id:
            case "DTP":
                name = _DATES.get(segment.element(1))
                if name is None:
                    self.passed["other dates of the claim"] += 1
                elif (found := days(segment)) is not None:
                    self.dates[name] = found
            case "HI":
                for at in range(1, len(segment.elements) + 1):
                    if segment.element(at):
                        self._health_code(segment, segment.components(at), at)
            case "REF" if segment.element(1) == "F8":
                self.replaces = segment.element(2) or None

    def _health_code(self, segment: Segment, parts: tuple[str, ...], at: int) -> None:
        qualifier, code = parts[0], parts[1].upper() if len(parts) > 1 else ""
        if qualifier not in DIAGNOSES and qualifier not in PROCEDURES:
            known = len(qualifier) <= 3 and qualifier.isascii() and qualifier.isalnum()
            self.passed[f"codes of HI {qualifier if known else '?'}"] += 1
            return
        if not (code.isascii() and _CODE.fullmatch(code)):
            raise segment.error(f"HI{at:02} has no code")
        if qualifier in PROCEDURES:
            system, principal = PROCEDURES[qualifier]
            on = None
            if len(parts) > 3 and parts[2] == "D8":
                on = day_of(segment, f"HI{at:02}-4", parts[3])
            self.procedures.append(BilledProcedure(system, code.replace(".", ""), principal, on))
            return
        system, role = DIAGNOSES[qualifier]
        present = parts[8] if len(parts) > 8 and parts[8] else None
        if present is not None and present not in ("Y", "N", "U", "W", "1"):
            raise segment.error(f"HI{at:02}-9 is none of Y, N, U and W")
        # a 1 said, before 5010, that the code is exempt from reporting
        present = None if present == "1" else present
        self.diagnoses.append(
            BilledDiagnosis(system, normalise(system, code) or code, role, present)
        )

    def _providers(self, segments: Sequence[Segment]) -> tuple[Provider, ...]:
        """Those whom NM1 segments name, each with the taxonomy that follows it."""
        found: list[Provider] = []
        mine = False
        for segment in segments:
            if segment.id == "NM1":
                role = ROLES.get(segment.element(1))
                mine = role is not None
                if role is not None:
                    found.append(Provider(role, npi(segment)))
            elif segment.id == "PRV" and mine and segment.element(2) == TAXONOMY:
                found[-1] = replace(found[-1], taxonomy=segment.element(3) or None)
        return tuple(found)

    def _line(self, segments: Sequence[Segment]) -> BilledLine:
        lx = segments[0]
        services = [one for one in segments if one.id in ("SV1", "SV2")]
        wanted = "SV1" if self.heading.kind == "professional" else "SV2"
        if len(services) != 1 or services[0].id != wanted:
            raise lx.error(f"its line does not have one {wanted}")
        own = self._own_of_line(segments)
        on = None
        for segment in own:
            if segment.id == "DTP" and segment.element(1) == "472":
                on = days(segment)
            elif segment.id == "DTP":
                self.passed["other dates of lines"] += 1
        number = _line_number(lx)
        service = services[0]
        rendering = [one for one in self._providers(own) if one.role == "rendering"]
        shift = 0 if wanted == "SV1" else 1
        qualifier, code, modifiers = self._service(service, 1 + shift)
        units = self._units(service, 3 + shift)
        place = revenue = None
        pointers: tuple[int, ...] = ()
        if wanted == "SV1":
            place = service.element(5) or self.clm.components(5)[0]
            if not (place.isascii() and _PLACE.fullmatch(place)):
                raise service.error("SV105 is not a place of service of two characters")
            given = [part for part in service.components(7) if part]
            pointers = tuple(count(service, 7, part) for part in given)
        else:
            revenue = service.element(1)
            if not (revenue.isascii() and _REVENUE.fullmatch(revenue)):
                raise service.error("SV201 is not a revenue code of four digits")
        return BilledLine(
            number=number,
            qualifier=qualifier,
            code=code,
            modifiers=modifiers,
            charge=amount(service, 2 + shift),
            units=units,
            place_of_service=place,
            revenue=revenue,
            pointers=pointers,
            days=on,
            rendering=rendering[0] if rendering else None,
        )

    def _own_of_line(self, segments: Sequence[Segment]) -> list[Segment]:
        """A line's segments without the drugs (2410) and what other payers paid (2430)."""
        own: list[Segment] = []
        for segment in segments:
            if segment.id == "SVD":
                self.passed["what other payers did"] += 1
                break
            if segment.id == "LIN":
                self.passed["drugs of lines (LIN)"] += 1
            own.append(segment)
        return own

    def _service(self, segment: Segment, at: int) -> tuple[str, str, tuple[str, ...]]:
        """Qualifier, code and modifiers; an SV2 may have a revenue code alone."""
        parts = segment.components(at)
        name = f"{segment.id}{at:02}"
        if not parts:
            if segment.id == "SV1":
                raise segment.error(f"{name} has no code")
            return "", "", ()
        qualifier, code = parts[0], parts[1].upper() if len(parts) > 1 else ""
        if len(parts) == 1:
            raise segment.error(
                f"{name} has one component; is ISA16 the sign that separates components?"
            )
        if not (code.isascii() and _SERVICE.fullmatch(code)):
            raise segment.error(f"{name} has no code")
        if not (qualifier.isascii() and qualifier.isalnum() and len(qualifier) == 2):
            raise segment.error(f"{name}-1 is no qualifier")
        modifiers = tuple(part.upper() for part in parts[2:6] if part)
        if not all(one.isascii() and _MODIFIER.fullmatch(one) for one in modifiers):
            raise segment.error(f"{name} has a modifier that is not two characters")
        return qualifier, code, modifiers

    def _units(self, segment: Segment, at: int) -> Decimal | None:
        """The quantity where it counts units (UN); minutes (MJ) and days (DA) do not."""
        quantity = amount(segment, at + 1)
        measure = segment.element(at)
        if measure == "UN" or quantity is None:
            return quantity
        known = {"MJ": "minutes", "DA": "days"}.get(measure, "another measure")
        self.passed[f"quantities in {known}"] += 1
        return None


def _line_number(lx: Segment) -> int:
    text = lx.element(1)
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise lx.error("LX01 is not a number from 1")
    return int(text)
