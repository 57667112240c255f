"""Reading FHIR data types: dates, numbers, codings. What is missing or partial is None."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date as Day
from decimal import Decimal
from typing import Any

from codewarrant.engine.values import Code
from codewarrant.fhir.terminology import code_of

Json = Mapping[str, Any]

LAST = "9999-12-31"
"""Sorts what has no date behind everything that has one."""

UNRANKED = 999
"""Sorts what has no rank behind everything that has one."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")


def day(text: object) -> Day | None:
    """The day of a FHIR date or dateTime, as written in its own offset; None for a partial one."""
    if not isinstance(text, str) or not (match := _DAY.match(text)):
        return None
    return Day.fromisoformat(match[0])


def number(value: object) -> Decimal | None:
    """A quantity exactly as written. A float never comes here: see :mod:`codewarrant.fhir.gate`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def whole(value: object) -> int | None:
    """A number that is a whole one, of at most 18 digits; a longer one is no count of anything."""
    found = number(value)
    if found is None or abs(found) >= 10**18 or found != found.to_integral_value():
        return None
    return int(found)


def codings(concept: object, path: str) -> Iterator[tuple[Code, str, str]]:
    """The codes of a CodeableConcept with the FHIRPath and display of each."""
    if isinstance(concept, Mapping):
        for i, coding in enumerate(concept.get("coding") or ()):
            code = code_of(coding)
            if code is not None:
                yield code, f"{path}.coding[{i}]", (coding.get("display") or "").strip()


def codes(concept: object, *systems: str) -> tuple[Code, ...]:
    """The codes of a CodeableConcept that belong to some systems, without repeats, sorted."""
    return tuple(sorted({code for code, _, _ in codings(concept, "") if code.system in systems}))


def raw_codes(concept: object) -> set[str]:
    """The code values of a CodeableConcept, of whatever system."""
    return {code.value for code, _, _ in codings(concept, "")}


def words(concept: object) -> str:
    """The text of a CodeableConcept, or the first display of its codings."""
    if not isinstance(concept, Mapping):
        return ""
    text = (concept.get("text") or "").strip()
    return text or next((display for _, _, display in codings(concept, "") if display), "")


def preferred(concept: object, path: str, *systems: str) -> tuple[Code, str] | None:
    """The code of the first of some systems that has one, else the first by name."""
    found = sorted((code, place) for code, place, _ in codings(concept, path))
    for system in systems:
        for code, place in found:
            if code.system == system:
                return code, place
    return found[0] if found else None


def order(rank: int | None, on: Day | None, section: int = 0, offset: int = 0) -> tuple[Any, ...]:
    """Order of documentation, from content: rank, date, section, offset. Lower is earlier."""
    return (rank or UNRANKED, on.isoformat() if on else LAST, section, offset)


def first_day(resource: Json, *names: str) -> Day | None:
    """The day of the first element that is there; a Period gives its start."""
    return day(first_date(resource, *names))


def first_date(resource: Json, *names: str) -> str | None:
    """The first element that holds a whole date, as sent; a Period gives its start."""
    for name in names:
        value = resource.get(name)
        text = value.get("start") if isinstance(value, Mapping) else value
        if isinstance(text, str) and day(text):
            return text
    return None
