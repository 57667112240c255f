"""A claim as billed on an 837: what is read of it, under the field's own names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Day
from decimal import Decimal
from typing import Literal

Kind = Literal["professional", "institutional"]
Role = Literal["principal", "other", "admitting", "reason for visit", "external cause"]
Days = tuple[Day, Day]
"""First and last day; the same one twice for a single day."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Who did something for the claim: NM101's part, NPI and taxonomy where they are given."""

    role: str
    npi: str | None = None
    taxonomy: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who was treated."""

    sex: Literal["female", "male", "unknown"] | None = None
    born: Day | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """Who the claim is sent to (loop 2010BB)."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BilledDiagnosis:
    """A diagnosis of an HI segment, dotted where it has the shape of a code, else as sent."""

    system: Literal["icd10cm", "icd9cm"]
    code: str
    role: Role
    present_on_admission: str | None = None


@dataclass(frozen=True, slots=True)
class BilledProcedure:
    """An inpatient procedure of an HI segment, without dot, as sent."""

    system: Literal["icd10pcs", "icd9pcs"]
    code: str
    principal: bool
    on: Day | None = None


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A service line. ``units`` is None where the quantity is of another measure."""

    number: int
    qualifier: str
    """SV101-1: ``HC`` for HCPCS and CPT; empty where a line has a revenue code alone."""
    code: str
    modifiers: tuple[str, ...]
    charge: Decimal | None
    units: Decimal | None
    place_of_service: str | None
    revenue: str | None
    pointers: tuple[int, ...]
    """Places among the claim's principal and other diagnoses, from 1."""
    days: Days | None
    rendering: Provider | None


@dataclass(frozen=True, slots=True)
class BilledClaim:
    """One CLM with all that belongs to it."""

    segment: int
    """The number of its CLM segment."""
    interchange: str
    group: str
    transaction: str
    """Control numbers: ISA13, GS06, ST02."""
    id: str
    """CLM01, the provider's number for the account."""
    kind: Kind
    total: Decimal | None
    place: str
    """CLM05-1: place of service, or the first two digits of the type of bill."""
    frequency: str
    """CLM05-3: 1 original, 7 replacement, and so on (NUBC)."""
    replaces: str | None
    """REF F8: the payer's number of an earlier claim."""
    created: Day
    currency: str
    billing: Provider
    providers: tuple[Provider, ...]
    patient: Person
    payer: Payer
    statement: Days | None
    admitted: Day | None
    discharged: Day | None
    onset: Day | None
    diagnoses: tuple[BilledDiagnosis, ...]
    procedures: tuple[BilledProcedure, ...]
    lines: tuple[BilledLine, ...]
    passed_over: tuple[tuple[str, int], ...]
    """What is not read, in words, and how often it occurs."""

    @property
    def bill_type(self) -> str | None:
        """The type of bill (NUBC form locator 4) with its leading zero; None if professional."""
        return f"0{self.place}{self.frequency}" if self.kind == "institutional" else None
