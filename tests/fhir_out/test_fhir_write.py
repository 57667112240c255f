"""A decision written as FHIR says what the decision says, and nothing that it does not know."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from example_decisions import (
    CLAIM,
    NOTE,
    PATIENT,
    PAYER,
    PRACTITIONER,
    body,
    decide,
    snapshot,
)

from codewarrant.decision import Body, Rejected, Request, RouteTo
from codewarrant.engine.facts import Evidence, make_fact
from codewarrant.engine.values import Code
from codewarrant.fhir.write import check, to_json, write_decision
from codewarrant.fhir.write_elements import DATA_ABSENT, TARGET_ELEMENT
from codewarrant.fhir.write_provenance import EVIDENCE_SPAN, evidence_span_definition

GOLDEN = Path(__file__).parent / "office_visit.json"
UNKNOWN = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def decision_of(made: Body):
    return decide(b"bundle", Request("Encounter/5", "demo"), snapshot(), made=made)


def written(made: Body | None = None, subject=None) -> dict:
    return write_decision(decision_of(made or body()), subject)


def of_type(bundle: dict, kind: str) -> list[dict]:
    return [
        entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind
    ]


def without_facts(*gone) -> Body:
    made = body()
    kept = tuple(fact for fact in made.trace.facts if fact not in gone)
    return replace(made, trace=replace(made.trace, facts=kept))


def with_facts(*more) -> Body:
    made = body()
    return replace(made, trace=replace(made.trace, facts=made.trace.facts + more))


def walk(value, path=""):
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from walk(item, f"{path}[{at}]")


def test_the_office_visit_is_written_as_in_the_golden_file():
    found = to_json(written())
    pretty = orjson.dumps(orjson.loads(found), option=orjson.OPT_INDENT_2) + b"\n"
    if os.environ.get("CODEWARRANT_RESET_GOLDEN"):
        GOLDEN.write_bytes(pretty)
    assert json.loads(pretty) == json.loads(GOLDEN.read_bytes())


def test_each_resource_of_the_golden_file_validates_on_its_own():
    bundle = json.loads(GOLDEN.read_bytes())
    check(bundle)
    for entry in bundle["entry"]:
        check(entry["resource"])


def test_stored_bytes_are_written_like_the_decision_itself():
    decision = decision_of(body())
    stored = orjson.loads(decision.to_bytes())
    assert to_json(write_decision(stored)) == to_json(write_decision(decision))


def test_nothing_written_is_a_float_or_empty():
    for path, value in walk(written()):
        assert not isinstance(value, float), path
        assert value not in ("", [], {}, None), path


def test_amounts_keep_their_digits():
    item = replace(body().lines[0], charge="12345678901234567.89")
    bundle = written(replace(body(), lines=(item,)))
    (claim,) = of_type(bundle, "Claim")
    assert claim["item"][0]["net"]["value"] == Decimal("12345678901234567.89")
    assert b'"value":12345678901234567.89' in to_json(bundle)


def test_ids_are_those_of_the_decision_and_references_resolve():
    bundle = written()
    ids = [entry["resource"]["id"] for entry in bundle["entry"]]
    assert len(set(ids)) == len(ids)
    assert ids == [entry["resource"]["id"] for entry in written()["entry"]]
    other = write_decision(decide(b"another bundle", Request(), snapshot()))
    assert not set(ids) & {entry["resource"]["id"] for entry in other["entry"]}
    full = {entry["fullUrl"] for entry in bundle["entry"]}
    elements = {
        value["id"] for _, value in walk(bundle) if isinstance(value, dict) and "id" in value
    }
    for path, value in walk(bundle):
        if path.endswith(".reference") and value.startswith("urn:uuid:"):
            assert value in full, path
        if isinstance(value, dict) and value.get("url") == TARGET_ELEMENT:
            assert value["valueUri"] in elements, path


def test_each_code_has_a_provenance_with_rule_citation_and_passage():
    bundle = written()
    (claim,) = of_type(bundle, "Claim")
    targets = [
        item["target"][0]["extension"][0]["valueUri"] for item in of_type(bundle, "Provenance")
    ]
    assert targets == [item["id"] for item in claim["diagnosis"] + claim["item"]]
    for item in of_type(bundle, "Provenance"):
        assert item["policy"]
        assert item["reason"]
        assert item["entity"]
        for entity in item["entity"]:
            (span,) = entity["extension"]
            assert span["url"] == EVIDENCE_SPAN
            part = {
                found["url"]: found.get("valueString", found.get("valueInteger"))
                for found in span["extension"]
            }
            if "begin" in part:
                assert NOTE[part["begin"] : part["end"]] == part["text"]


def test_rule_and_version_are_the_policy():
    first = of_type(written(), "Provenance")[0]
    assert first["policy"] == ["urn:codewarrant:rule:icd10cm/diabetes-with-ckd:2026.1"]


def test_pointers_modifiers_units_and_place_stand_on_the_line():
    (claim,) = of_type(written(), "Claim")
    (item,) = claim["item"]
    assert item["diagnosisSequence"] == [1, 2]
    assert item["modifier"][0]["coding"][0]["code"] == "25"
    assert item["quantity"] == {"value": 1}
    assert item["servicedDate"] == "2025-11-03"
    assert item["locationCodeableConcept"]["coding"][0]["code"] == "11"


@pytest.mark.parametrize(
    ("element", "gone"),
    [("patient", PATIENT), ("provider", PRACTITIONER), ("coverage", PAYER)],
)
def test_a_party_that_the_decision_does_not_know_is_unknown(element: str, gone):
    (claim,) = of_type(written(without_facts(gone)), "Claim")
    found = claim["insurance"][0] if element == "coverage" else claim
    assert found[element] == UNKNOWN


def test_two_practitioners_leave_the_provider_open_and_both_in_the_team():
    second = make_fact("practitioner", {"id": "Practitioner/3"}, (Evidence("Encounter/5"),))
    (claim,) = of_type(written(with_facts(second)), "Claim")
    assert claim["provider"] == UNKNOWN
    assert [item["provider"] for item in claim["careTeam"]] == [
        {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}},
        {"reference": "Practitioner/3"},
    ]


def test_the_payer_is_the_insurer_by_id_and_name():
    (claim,) = of_type(written(), "Claim")
    assert claim["insurer"] == {"identifier": {"value": "demo"}}
    (claim,) = of_type(written(without_facts(PAYER)), "Claim")
    assert "insurer" not in claim


def test_the_caller_may_name_the_parties():
    subject = {"patient": "Patient/x", "provider": "Organization/y", "coverage": "Coverage/z"}
    bundle = written(without_facts(PATIENT, PRACTITIONER, PAYER), subject)
    (claim,) = of_type(bundle, "Claim")
    assert claim["patient"] == {"reference": "Patient/x"}
    assert claim["provider"] == {"reference": "Organization/y"}
    assert claim["insurance"][0]["coverage"] == {"reference": "Coverage/z"}


def test_a_resource_without_an_id_is_an_identifier_not_a_reference():
    nameless = make_fact("patient", {}, (Evidence("Patient/sha-0123456789abcdef"),))
    made = without_facts(PATIENT)
    made = replace(made, trace=replace(made.trace, facts=(*made.trace.facts, nameless)))
    (claim,) = of_type(written(made), "Claim")
    assert "reference" not in claim["patient"]
    assert claim["patient"]["type"] == "Patient"
    assert claim["patient"]["identifier"]["value"] == "Patient/sha-0123456789abcdef"


@pytest.mark.parametrize(
    ("setting", "billed", "place", "expected"),
    [
        ("inpatient", False, None, "institutional"),
        ("professional", False, None, "professional"),
        ("outpatient", False, "11", "professional"),
        ("outpatient", True, None, "professional"),
        ("outpatient", False, None, None),
        ("emergency", False, None, None),
        (None, False, None, None),
    ],
)
def test_the_type_of_claim_is_known_or_unknown(setting, billed, place, expected):
    made = body() if billed else without_facts(CLAIM)
    line = replace(made.lines[0], place_of_service=place)
    (claim,) = of_type(written(replace(made, setting=setting, lines=(line,))), "Claim")
    if expected is None:
        assert claim["type"] == UNKNOWN
    else:
        assert claim["type"]["coding"][0]["code"] == expected


def test_principal_and_present_on_admission_are_coded():
    first = replace(body().diagnoses[0], role="principal", present_on_admission="Y")
    clocks = {
        "admission date": date(2025, 1, 2),
        "discharge date": date(2025, 1, 9),
        "date of service": date(2025, 1, 2),
        "received date": None,
    }
    made = replace(body(), setting="inpatient", diagnoses=(first,), clocks=clocks, lines=())
    bundle = written(made)
    (claim,) = of_type(bundle, "Claim")
    assert claim["diagnosis"][0]["type"][0]["coding"][0]["code"] == "principal"
    assert [item["code"] for item in claim["diagnosis"][0]["onAdmission"]["coding"]] == ["y", "Y"]
    assert claim["billablePeriod"] == {"start": "2025-01-02", "end": "2025-01-09"}
    assert claim["supportingInfo"][0]["timingPeriod"] == claim["billablePeriod"]
    assert claim["created"] == "2025-01-09"
    assert of_type(bundle, "Provenance")[0]["recorded"] == "2025-01-09T00:00:00Z"
    assert "item" not in claim


def test_without_any_date_the_required_dates_are_said_to_be_unknown():
    clocks = dict.fromkeys(body().clocks)
    bundle = written(replace(body(), clocks=clocks))
    (claim,) = of_type(bundle, "Claim")
    assert claim["_created"] == UNKNOWN
    assert "created" not in claim
    for item in of_type(bundle, "Provenance"):
        assert item["_recorded"] == UNKNOWN
    assert "identifiedDateTime" not in of_type(bundle, "DetectedIssue")[0]


def test_an_autonomous_chart_has_no_task():
    assert of_type(written(replace(body(), route=RouteTo("autonomous", (), 990_000))), "Task") == []


def test_a_review_has_its_reasons_as_inputs():
    (task,) = of_type(written(), "Task")
    assert [item["valueString"] for item in task["input"]] == ["the rate is below the threshold"]
    assert task["for"] == {"reference": "Patient/1"}


def test_queries_edits_requirements_and_conflicts_each_have_a_resource():
    bundle = written()
    (query,) = of_type(bundle, "CommunicationRequest")
    assert query["payload"] == [{"contentString": "Is the insulin meant to be long term?"}]
    edit, requirement, conflict = of_type(bundle, "DetectedIssue")
    assert edit["severity"] == "high"
    assert edit["code"]["coding"][0]["code"] == "97"
    assert edit["implicated"][0]["extension"][0]["valueUri"] == "item-1"
    assert requirement["code"]["text"] == "required: authorization"
    codes = [item["coding"][0]["code"] for item in conflict["evidence"][0]["code"]]
    assert codes == ["I12.9", "N18.30"]


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("reject", "high"), ("warning", "moderate"), ("information", "low"), ("advice", "low"),
     ("other", None)],
)  # fmt: skip
def test_severities_are_mapped(severity: str, expected: str | None):
    made = replace(body(), edits=(replace(body().edits[0], severity=severity),))
    assert of_type(written(made), "DetectedIssue")[0].get("severity") == expected


def test_what_was_not_read_is_an_outcome():
    (outcome,) = of_type(written(), "OperationOutcome")
    assert [item["code"] for item in outcome["issue"]] == ["code-invalid", "not-supported"]
    assert outcome["issue"][0]["details"]["coding"][0]["system"] == "http://snomed.info/sct"


def test_a_chart_that_was_read_whole_has_no_outcome():
    kept = tuple(item for item in body().rejected if item.kind == "removed")
    assert of_type(written(replace(body(), rejected=kept)), "OperationOutcome") == []


def test_an_error_lane_is_an_error_outcome():
    made = replace(body(), route=RouteTo("error", ("no date of service",), 0), rejected=())
    (outcome,) = of_type(written(made), "OperationOutcome")
    assert outcome["issue"] == [
        {"severity": "error", "code": "processing", "details": {"text": "no date of service"}}
    ]


def test_texts_that_are_missing_leave_no_empty_elements():
    made = replace(
        body(),
        edits=(replace(body().edits[0], because="", reason="", target="chart"),),
        rejected=(Rejected(None, "", "not read", "", ()),),
        diagnoses=(replace(body().diagnoses[0], title="", release="", firings=()),),
    )
    for path, value in walk(written(made)):
        assert value not in ("", [], {}), path


def test_the_extension_is_published_as_a_valid_definition():
    definition = evidence_span_definition()
    check(definition)
    names = [
        item["fixedUri"] for item in definition["differential"]["element"] if "fixedUri" in item
    ]
    assert names == ["path", "attachment", "begin", "end", "text", EVIDENCE_SPAN]


def test_a_line_names_its_provider_in_the_team():
    line = replace(body().lines[0], provider="1234567893")
    (claim,) = of_type(written(replace(body(), lines=(line,))), "Claim")
    assert claim["item"][0]["careTeamSequence"] == [1]


def test_a_provider_who_is_not_in_the_record_is_not_put_into_the_team():
    line = replace(body().lines[0], provider="Practitioner/99")
    (claim,) = of_type(written(replace(body(), lines=(line,))), "Claim")
    assert "careTeamSequence" not in claim["item"][0]


def test_a_code_without_a_system_is_written_without_one():
    lost = Rejected(Code("", "X1"), "", "unmapped", "a code without a system", ())
    (outcome,) = of_type(written(replace(body(), rejected=(lost,))), "OperationOutcome")
    assert outcome["issue"][0]["details"]["coding"] == [{"code": "X1"}]
