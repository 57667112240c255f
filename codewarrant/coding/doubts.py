"""What about a chart itself a person must look at, whatever codes it has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from codewarrant.coding.reading import Reading
from codewarrant.engine.facts import Fact

NOT_GIVEN = frozenset({"planned", "cancelled", "entered-in-error", "unknown"})
"""States of an encounter in which no care was given, or nobody knows."""


def doubts(reading: Reading, reported: int) -> Iterator[str]:
    """Reasons for review, in a fixed order; ``reported`` is the number of reported diagnoses."""
    if reading.date_of_service is None:
        yield "The date of service is not known."
    if reading.setting is None and not reading.claim_only:
        yield "The setting is not known."
    if reading.payer is None:
        yield "The payer is not known: no payer's rules were applied."
    for fact in reading.facts:
        if fact.entity == "encounter":
            yield from _of_encounter(fact)
    yield from _of_ages(reading)
    if reading.setting == "inpatient" and reported > 1 and not _principal(reading):
        yield "The record does not say which diagnosis is principal; their order decided."


def _of_encounter(encounter: Fact) -> Iterator[str]:
    status = encounter.get("status")
    if status in NOT_GIVEN:
        yield f"The encounter's status is {status}."
    start, end = encounter.get("start"), encounter.get("end")
    if isinstance(start, date) and isinstance(end, date) and end < start:
        yield "The encounter ends before it starts."


def _of_ages(reading: Reading) -> Iterator[str]:
    on = reading.date_of_service
    for fact in reading.facts:
        born = fact.get("birth_date") if fact.entity == "patient" else None
        if on is not None and isinstance(born, date) and born > on:
            yield "The patient is born after the date of service."


def _principal(reading: Reading) -> bool:
    """Whether any statement is given as principal or first, by role or by rank."""
    return any(
        fact.entity == "diagnosis"
        and (fact.get("role") in ("principal", "first-listed") or fact.get("rank") == 1)
        for fact in reading.facts
    )
