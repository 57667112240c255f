"""What cannot be so is read as it stands, and is said with its place."""

from __future__ import annotations

import pytest
from fhir_bundles import (
    claim,
    condition,
    encounter,
    item,
    named,
    opened,
    patient,
    procedure,
)

from codewarrant.decision import Request


def warned(*resources: dict) -> list[tuple[str, str]]:
    found = opened(*resources)
    return [
        (issue.path, issue.message)
        for issue in found.warnings
        if issue.severity == "warning" and issue.code != "not-found"
    ]


@pytest.mark.parametrize(("units", "says"), [(-1, "negative units"), (0, "zero units")])
def test_units_that_are_not_positive_are_kept_and_said(units: int, says: str) -> None:
    resources = (patient(), encounter(), claim(item=[item(quantity={"value": units})]))
    (line,) = named(opened(*resources).chart(Request()), "Line")
    assert line.units == units
    assert warned(*resources) == [("Claim/cl.item[0].quantity.value", says)]


@pytest.mark.parametrize(
    ("start", "end", "backward"),
    [
        ("2026-03-04", "2026-03-03", True),
        ("2026-03-04", "2026-03-04", False),
        ("2026-03-04T10:00:00-05:00", "2026-03-04T09:59:59-05:00", True),
        ("2026-03-04T23:00:00-05:00", "2026-03-04T23:30:00Z", True),
        ("2026-03-05T08:00:00+09:00", "2026-03-04T23:30:00Z", False),
        ("2026-03-04", "2026-02", True),
        ("2026-03-04", "2026-03", False),
        ("2026-03-04T10:00:00-05:00", "2026-03-04", False),
        ("2026-03-04", None, False),
    ],
)
def test_a_period_that_ends_before_it_starts_is_said(
    start: str, end: str | None, backward: bool
) -> None:
    period = {"start": start} | ({"end": end} if end else {})
    expected = [("Encounter/e.period", "the period ends before it starts")] if backward else []
    assert warned(patient(), encounter(period=period)) == expected


def test_a_period_inside_a_claim_is_looked_at_too() -> None:
    backward = {"start": "2026-03-04", "end": "2026-03-01"}
    billed = claim(item=[item(servicedDate="2026-03-04"), item(2, servicedPeriod=backward)])
    del billed["item"][1]["servicedDate"]
    assert [path for path, _ in warned(patient(), billed)] == ["Claim/cl.item[1].servicedPeriod"]


@pytest.mark.parametrize(
    ("born", "said"),
    [("2027-01-01", True), ("2027", True), ("2026-03-04", False), ("2026", False)],
)
def test_a_birth_after_the_first_day_of_service_is_said(born: str, said: bool) -> None:
    at_visit = ("Patient/p.birthDate", "after the first day of service of Encounter/e")
    assert warned(patient(birthDate=born), encounter()) == ([at_visit] if said else [])
    at_claim = ("Patient/p.birthDate", "after the first day of service of Claim/cl")
    assert warned(patient(birthDate=born), claim()) == ([at_claim] if said else [])


def test_a_gender_that_is_no_code_is_said_and_not_repeated() -> None:
    found = opened(patient(gender="Mary Secret"), encounter(), condition())
    (issue,) = found.warnings
    assert (issue.path, issue.code) == ("Patient/p.gender", "code-invalid")
    assert "Secret" not in str(issue)
    for code in ("male", "female", "other", "unknown"):
        assert not warned(patient(gender=code), encounter(), procedure())
