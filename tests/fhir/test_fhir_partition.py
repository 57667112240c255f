"""Which resources belong to which chart, and what references point to."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
from fhir_bundles import (
    bundle,
    chart,
    claim,
    condition,
    coverage,
    document,
    encounter,
    item,
    named,
    observation,
    opened,
    organization,
    patient,
    procedure,
    visit,
)

from codewarrant.decision import Request
from codewarrant.fhir.errors import Refused
from codewarrant.fhir.read import open_bundle


def second(**more: Any) -> dict:
    return encounter("f", period={"start": "2026-05-01", "end": "2026-05-03"}, **more)


def members(found, name: str) -> set[str]:
    (part,) = (part for part in found.parts if part.head.name == name)
    return {record.name for record in part.members}


def loose(id: str, **more: Any) -> dict:
    return condition(id, encounter=None, **more)


def test_charts_come_by_start_then_by_name() -> None:
    found = opened(patient(), second(), encounter("z"), encounter("a"))
    assert [request.encounter for request in found.requests()] == [
        "Encounter/a",
        "Encounter/z",
        "Encounter/f",
    ]


def test_a_request_without_a_name_means_the_only_chart() -> None:
    assert opened(patient(), encounter()).chart(Request()).id == "Encounter/e"
    with pytest.raises(Refused, match="name one"):
        opened(patient(), encounter(), second()).chart(Request())
    with pytest.raises(Refused, match="no such encounter"):
        opened(patient(), encounter()).chart(Request("Encounter/zz"))


def test_a_resource_without_encounter_goes_by_its_date() -> None:
    found = opened(
        patient(),
        encounter(),
        second(),
        loose("in-first", recordedDate="2026-03-04"),
        loose("in-second", recordedDate="2026-05-02T23:30:00+09:00"),
        loose("between", recordedDate="2026-04-01"),
        loose("undated"),
        loose("partial", recordedDate="2026-05"),
    )
    assert members(found, "Encounter/e") == {"Condition/in-first"}
    assert members(found, "Encounter/f") == {"Condition/in-second"}
    reasons = {item.source: item.reason for item in found.unplaced}
    assert reasons["Condition/between"] == "no encounter on its date"
    assert "no encounter and no date" in reasons["Condition/undated"]
    assert reasons["Condition/partial"] == "its date is partial"


def test_two_encounters_on_one_day_place_nothing_by_date() -> None:
    found = opened(patient(), encounter(), encounter("g"), loose("c", recordedDate="2026-03-04"))
    assert found.unplaced[0].reason == "more than one encounter on its date"


def test_in_a_bundle_of_one_encounter_what_has_no_date_is_its_own() -> None:
    found = opened(
        patient(), encounter(), loose("old", onsetDateTime="2010-01-01"), loose("undated")
    )
    assert members(found, "Encounter/e") == {"Condition/old", "Condition/undated"}


def test_an_encounter_that_is_not_in_the_bundle_places_nothing() -> None:
    found = opened(patient(), encounter(), condition(encounter={"reference": "Encounter/x"}))
    assert found.unplaced[0].reason == "it names an encounter that is not in the bundle"
    assert any("Condition/c.encounter.reference" in issue.path for issue in found.warnings)


def test_the_encounter_in_progress_has_no_last_day() -> None:
    running = encounter(status="in-progress", period={"start": "2026-03-04"})
    found = opened(patient(), running, loose("c", recordedDate="2026-03-20"))
    assert not found.unplaced


def test_two_patients_each_keep_their_own() -> None:
    theirs = encounter("f", subject={"reference": "Patient/q"})
    found = opened(
        patient(),
        patient("q"),
        encounter(),
        theirs,
        loose("c", recordedDate="2026-03-04", subject={"reference": "Patient/q"}),
        coverage(beneficiary={"reference": "Patient/q"}),
        organization(),
    )
    assert members(found, "Encounter/f") == {"Condition/c"}
    assert found.chart(Request("Encounter/f")).payer == "acme"
    assert found.chart(Request("Encounter/e")).payer is None


def test_claims_alone_are_a_chart_each() -> None:
    found = opened(patient(), claim("a"), claim("b", item=[item(servicedDate="2026-01-01")]))
    assert [request.encounter for request in found.requests()] == ["Claim/b", "Claim/a"]
    only = found.chart(Request("Claim/b"))
    assert only.claim_only
    assert only.clocks["date of service"] == date(2026, 1, 1)


def test_an_explanation_of_benefit_goes_with_its_claim() -> None:
    eob = {
        "resourceType": "ExplanationOfBenefit",
        "id": "b",
        "status": "active",
        "type": {"text": "professional"},
        "use": "claim",
        "patient": {"reference": "Patient/p"},
        "created": "2026-03-20",
        "insurer": {"display": "Acme"},
        "provider": {"display": "Dr"},
        "outcome": "complete",
        "insurance": [{"focal": True, "coverage": {"display": "Acme"}}],
        "claim": {"reference": "Claim/cl"},
    }
    found = opened(patient(), claim(), eob)
    assert [part.head.name for part in found.parts] == ["Claim/cl"]
    del eob["claim"]
    assert len(opened(patient(), claim(), eob).parts) == 2


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        ("urn:uuid:3f6d7b9e-0000-4000-8000-000000000001", None),
        ("https://ehr.example.org/fhir/Condition/c", None),
        ("https://ehr.example.org/fhir/Condition/c", "Condition/c"),
        ("https://ehr.example.org/fhir/Condition/c", "Condition/c/_history/3"),
        ("", "https://ehr.example.org/fhir/Condition/c"),
        ("", "Condition?identifier=http://example.org|77"),
    ],
)
def test_every_kind_of_reference_is_resolved(url: str, reference: str | None) -> None:
    diagnosed = encounter(
        diagnosis=[{"condition": {"reference": reference or url}, "rank": 1}],
    )
    sent = bundle(patient(), diagnosed)
    stated = loose("c", identifier=[{"system": "http://example.org", "value": "77"}])
    sent["entry"].append({"resource": stated} | ({"fullUrl": url} if url else {}))
    found = open_bundle(json.dumps(sent).encode())
    (diagnosis,) = named(found.chart(Request()), "Diagnosis")
    assert (diagnosis.rank, diagnosis.role) == (1, "first-listed")
    assert not [issue for issue in found.warnings if issue.code == "not-found"]


def test_a_contained_payer_is_found() -> None:
    inside = coverage(
        contained=[{"resourceType": "Organization", "id": "o", "name": "Inside"}],
        payor=[{"reference": "#o"}],
    )
    found = visit(inside)
    (payer,) = named(found, "Payer")
    assert (payer.id, payer.name, found.payer) == (None, "Inside", "Inside")
    assert payer.evidence[0].ref == "Coverage/cov.payor[0]"


def test_a_reference_to_nothing_is_a_warning_said_once() -> None:
    missing = [{"actor": {"reference": "Practitioner/none"}}]
    found = opened(
        patient(),
        encounter(),
        procedure("a", performer=missing),
        procedure("b", performer=missing),
    )
    (warning,) = (issue for issue in found.warnings if issue.code == "not-found")
    assert warning.path == "Procedure/a.performer[0].actor.reference"
    assert "(2 references to it)" in warning.message
    assert found.chart(Request()).id == "Encounter/e"


def test_a_resource_without_id_is_named_by_its_content() -> None:
    first, again = (named(visit(condition(None)), "Diagnosis")[0] for _ in range(2))
    assert first.evidence == again.evidence
    assert first.evidence[0].source.startswith("Condition/sha-")
    assert len(first.evidence[0].source) == len("Condition/sha-") + 16
    other = named(visit(condition(None, "I10")), "Diagnosis")[0]
    assert other.evidence[0].source != first.evidence[0].source


def test_the_order_of_entries_changes_nothing() -> None:
    resources = [
        patient(),
        encounter(diagnosis=[{"condition": {"reference": "Condition/c"}, "rank": 2}]),
        second(),
        condition(),
        condition("c2", "I10", onsetDateTime="2020-01-01"),
        condition(None, "N18.30"),
        loose("loose", recordedDate="2026-05-02"),
        procedure(),
        procedure("pr2", "71046", performer=[{"actor": {"reference": "Practitioner/none"}}]),
        observation("o1", "39156-5", valueQuantity={"value": 41.7}),
        document(),
        document(b"Second.", "d2"),
        coverage(),
        organization(),
        claim(item=[item(), item(2, "71046")]),
        claim("cl2"),
    ]
    resources[-2]["item"][0]["encounter"] = [{"reference": "Encounter/e"}]

    def read(listed: list[dict]) -> list[object]:
        """Everything but the digest of the bytes."""
        found = opened(*listed)
        charts = [found.chart(request) for request in found.requests()]
        return [found.unplaced, found.warnings, charts]

    expected = read(resources)
    for seed in range(20):
        shuffled = list(resources)
        random.Random(seed).shuffle(shuffled)
        assert read(shuffled) == expected, f"seed {seed}"


def test_a_claim_only_chart_says_what_the_claim_says_of_the_visit() -> None:
    (visit_said,) = named(chart(patient(), claim()), "Encounter")
    assert visit_said.setting == "professional"
    assert visit_said.evidence[0].ref == "Claim/cl.type"


READ_ALL = """
import sys
from codewarrant.fhir.read import open_bundle
from codewarrant.schema import to_fact
found = open_bundle(sys.stdin.buffer.read())
for request in found.requests():
    chart = found.chart(request)
    print([to_fact(entity) for entity in chart.entities], chart.notes, chart.unread, chart.clocks)
"""


def test_the_hash_seed_changes_nothing() -> None:
    data = json.dumps(
        bundle(
            patient(),
            encounter(type=[{"coding": [{"code": code} for code in "cab"]}]),
            condition(category=[{"text": "x"}, {"text": "y"}], bodySite=[{"text": "left"}]),
            condition(None, "I10"),
            claim(),
            coverage(),
            organization(identifier=[{"value": "b"}, {"value": "a"}]),
            document(),
        )
    ).encode()
    outputs = {
        subprocess.run(
            [sys.executable, "-c", READ_ALL],
            input=data,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert b"icd10cm" in outputs.pop()


def inside(**more: object) -> dict:
    """An encounter that holds its diagnosis inside itself."""
    stated = condition("cc", encounter=None) | more
    return encounter(contained=[stated], diagnosis=[{"condition": {"reference": "#cc"}, "rank": 1}])


def test_a_condition_contained_in_its_encounter_is_read_like_others() -> None:
    found = opened(patient(), inside())
    (diagnosis,) = named(found.chart(Request()), "Diagnosis")
    assert (str(diagnosis.code), diagnosis.origin) == ("E11.9", "condition")
    assert (diagnosis.rank, diagnosis.role, diagnosis.certainty) == (1, "first-listed", "confirmed")
    assert diagnosis.evidence[0].ref == "Encounter/e.contained[0].code.coding[0]"
    assert members(found, "Encounter/e") == {"Encounter/e#cc"}
    assert not found.warnings


def test_a_contained_condition_without_a_code_is_unread_at_its_place() -> None:
    (unread,) = chart(patient(), inside(code={"text": "sugar disease"})).unread
    assert (unread.source, unread.path) == ("Encounter/e", "contained[0].code")
    assert (unread.display, unread.certainty) == ("sugar disease", "confirmed")


def test_a_contained_condition_of_another_patient_is_refused() -> None:
    with pytest.raises(Refused, match="name different patients"):
        opened(patient(), patient("q"), inside(subject={"reference": "Patient/q"}))


def test_contained_resources_that_are_not_read_are_said() -> None:
    stated = condition("cc", encounter=None)
    holder = procedure(
        contained=[stated, {"resourceType": "AllergyIntolerance", "id": "al", "patient": {}}],
        reasonReference=[{"reference": "#cc"}],
    )
    found = opened(patient(), encounter(contained=[stated]), holder)
    assert not named(found.chart(Request()), "Diagnosis")
    assert {(issue.severity, issue.path) for issue in found.warnings} == {
        ("warning", "Encounter/e.contained[0]"),
        ("warning", "Procedure/pr.contained[0]"),
        ("information", "AllergyIntolerance"),
    }


def test_a_condition_contained_in_a_claim_is_read_for_the_claim() -> None:
    billed = claim(
        contained=[condition("cc", encounter=None)],
        diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "#cc"}}],
    )
    found = opened(patient(), encounter(), billed)
    (diagnosis,) = named(found.chart(Request()), "Diagnosis")
    assert (str(diagnosis.code), diagnosis.origin) == ("E11.9", "claim")
    assert not [issue for issue in found.warnings if "contained" in issue.path]


LATE = {"start": "2026-02-03T23:30:00-05:00", "end": "2026-02-03T23:50:00-05:00"}
NEXT = {"start": "2026-02-04T09:00:00-05:00", "end": "2026-02-04T10:00:00-05:00"}


@pytest.mark.parametrize(
    ("recorded", "home"),
    [
        ("2026-02-04T04:40:00Z", "e"),
        ("2026-02-04T13:40:00+09:00", "e"),
        ("2026-02-03T23:40:00-05:00", "e"),
        ("2026-02-03T23:59:00-05:00", "e"),
        ("2026-02-03", "e"),
        ("2026-02-04", "f"),
        ("2026-02-04T14:30:00Z", "f"),
        ("2026-02-04T16:30:00Z", "f"),
        ("2026-02-04T04:55:00Z", None),
        ("2026-02-05T01:00:00Z", None),
    ],
)
def test_times_are_placed_by_instant_whatever_their_offset(recorded: str, home: str | None) -> None:
    found = opened(
        patient(),
        encounter(period=LATE),
        encounter("f", period=NEXT),
        loose("c", recordedDate=recorded),
    )
    if home is None:
        (unplaced,) = found.unplaced
        assert "disagree" in unplaced.reason
    else:
        assert members(found, f"Encounter/{home}") == {"Condition/c"}


def test_of_two_visits_on_one_day_the_time_decides() -> None:
    later = {"start": "2026-03-04T14:00:00-05:00", "end": "2026-03-04T15:00:00-05:00"}
    timed = loose("c", recordedDate="2026-03-04T19:30:00Z")
    found = opened(patient(), encounter(), encounter("f", period=later), timed)
    assert members(found, "Encounter/f") == {"Condition/c"}
    dated = encounter("f", period={"start": "2026-03-04", "end": "2026-03-04"})
    between = loose("c", recordedDate="2026-03-04T15:30:00Z")
    found = opened(patient(), encounter(), dated, between)
    assert found.unplaced[0].reason == "more than one encounter on its date"
