"""The claims of an 837: who, where, when, diagnoses, procedures and service lines.

Loops and elements follow the HIPAA implementation guides 005010X222 (professional) and 005010X223
(institutional) with their errata. A level (HL) says whose claims follow it: 20 the billing
provider's, 22 a subscriber's, 23 a dependent's. In a claim, SBR opens what other payers did (2320),
LX a service line (2400), SVD what another payer paid of it (2430).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date as Day
from typing import Literal

from codewarrant.x12.billed import BilledClaim, Kind, Payer, Person, Provider
from codewarrant.x12.claim import TAXONOMY, Heading, npi, read_claim
from codewarrant.x12.segments import Fault, Segment, Transaction, X12Error, read_interchanges
from codewarrant.x12.values import day

GUIDES: dict[str, Kind] = {"005010X222": "professional", "005010X223": "institutional"}
READ = "837P (005010X222) and 837I (005010X223) are read"
_LEVELS = {"20": "", "22": "20", "23": "22"}
"""HL03 of the levels that are read, and of the level each stands under."""
_SEXES: dict[str, Literal["female", "male", "unknown"]] = {
    "F": "female",
    "M": "male",
    "U": "unknown",
}


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The claims of a file in order, and what of it could not be read."""

    sha256: str
    claims: tuple[BilledClaim, ...]
    faults: tuple[Fault, ...]


@dataclass(slots=True)
class _Level:
    """What one HL and those above it say of the claims below."""

    code: str
    billing: Provider | None = None
    currency: str = "USD"
    payer: Payer = field(default_factory=Payer)
    patient: Person = field(default_factory=Person)
    person: str = ""
    """Whose name came last: a DMG is about this one."""


def read_claims(data: bytes) -> ReadFile:
    """Every claim of an X12 file.

    A claim or transaction that cannot be read is a fault and the rest is read. Raises
    :class:`~codewarrant.x12.segments.X12Error` where the envelopes are broken: of such a file it is
    not known what is missing.
    """
    file = read_interchanges(data)
    claims: list[BilledClaim] = []
    faults: list[Fault] = []
    for transaction in file.transactions:
        before = len(claims) + len(faults)
        try:
            for found in _claims(transaction):
                if isinstance(found, Fault):
                    faults.append(found)
                else:
                    claims.append(found)
        except X12Error as error:
            faults.append(error.fault)
        if len(claims) + len(faults) == before:
            faults.append(transaction.opened.error("a transaction without a claim").fault)
    if not file.transactions:
        faults.append(Fault(1, "ISA", "an interchange without a transaction"))
    return ReadFile(file.sha256, tuple(claims), tuple(faults))


def _claims(transaction: Transaction) -> Iterator[BilledClaim | Fault]:
    """The claims of one transaction. Raises :class:`X12Error` where its levels are broken."""
    if transaction.kind != "837":
        raise transaction.opened.error(
            f"not a claim: transaction set {_safe(transaction.kind)}; {READ}"
        )
    name, _, errata = transaction.guide.partition("A")
    kind = GUIDES.get(name)
    if kind is None or not (not errata or errata.isdigit()):
        raise transaction.opened.error(f"another guide than those known; {READ}")
    levels: dict[str, _Level] = {}
    level: _Level | None = None
    created: Day | None = None
    segments = transaction.segments
    at = 0
    while at < len(segments):
        segment = segments[at]
        if segment.id == "BHT":
            created = day(segment, 4)
        elif segment.id == "HL":
            level = _level(segment, levels)
        elif segment.id == "CLM":
            end = at + 1
            while end < len(segments) and segments[end].id not in ("CLM", "HL"):
                end += 1
            if created is None:
                raise segment.error("comes before BHT says when the transaction was made")
            try:
                if level is None or level.code == "20":
                    raise segment.error("a claim outside a subscriber's or patient's level")
                heading = Heading(
                    transaction, kind, created, level.billing or Provider("billing"),
                    level.currency, level.payer, level.patient,
                )  # fmt: skip
                yield read_claim(segments[at:end], heading)
            except X12Error as error:
                yield error.fault
            at = end
            continue
        elif level is not None:
            _say(segment, level)
        at += 1


def _safe(kind: str) -> str:
    return kind if len(kind) == 3 and kind.isascii() and kind.isdigit() else "?"


def _level(segment: Segment, levels: dict[str, _Level]) -> _Level:
    """A new level, with what the level above it says."""
    name, above, code = (segment.element(at) for at in (1, 2, 3))
    if code not in _LEVELS:
        raise segment.error("HL03 is none of 20, 22 and 23")
    if not name or name in levels:
        raise segment.error("HL01 is missing or stands on an earlier level too")
    level = _Level(code)
    if _LEVELS[code]:
        parent = levels.get(above)
        if parent is None or parent.code != _LEVELS[code]:
            raise segment.error(f"HL02 names no level of code {_LEVELS[code]} before it")
        level = replace(parent, code=code, person="")
        if code == "22":
            level.payer = Payer()
        level.patient = Person()
    levels[name] = level
    return level


def _say(segment: Segment, level: _Level) -> None:
    """Take in one segment between HL and CLM."""
    match segment.id:
        case "NM1":
            level.person = part = segment.element(1)
            if part == "85" and level.code == "20":
                level.billing = replace(level.billing or Provider("billing"), npi=npi(segment))
            elif part == "PR" and level.code == "22":
                level.payer = Payer(segment.element(9) or None, segment.element(3) or None)
        case "PRV" if level.code == "20" and segment.element(2) == TAXONOMY:
            level.billing = replace(
                level.billing or Provider("billing"), taxonomy=segment.element(3) or None
            )
        case "CUR" if level.code == "20":
            level.currency = segment.element(2)
            if not (
                len(level.currency) == 3 and level.currency.isascii() and level.currency.isalpha()
            ):
                raise segment.error("CUR02 is not a currency")
        case "DMG" if level.person == {"22": "IL", "23": "QC"}.get(level.code):
            sex = segment.element(3)
            if sex and sex not in _SEXES:
                raise segment.error("DMG03 is none of F, M and U")
            born = day(segment, 2) if segment.element(1) == "D8" else None
            level.patient = Person(_SEXES.get(sex), born)
