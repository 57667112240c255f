"""What is refused: one clear error with its place, and never anything of the patient's."""

from __future__ import annotations

import copy
import json

import pytest
from fhir_bundles import (
    bundle,
    claim,
    condition,
    coverage,
    document,
    encounter,
    item,
    observation,
    opened,
    patient,
    procedure,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from codewarrant.fhir.element_names import BOOLEANS, NUMBERS, element_types
from codewarrant.fhir.errors import Issue, Refused, capped, operation_outcome
from codewarrant.fhir.gate import Limits
from codewarrant.fhir.read import open_bundle


def refusal(data: bytes | dict, limits: Limits | None = None) -> Refused:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(Refused) as caught:
        open_bundle(raw, limits)
    return caught.value


def only(data: bytes | dict, limits: Limits | None = None) -> Issue:
    (issue,) = refusal(data, limits).issues
    return issue


def visit_with(*resources: dict) -> dict:
    return bundle(patient(), encounter(), *resources)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"resourceType": NaN}', "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"hello", "line 1, column 1"),
        (b"  <Bundle xmlns='http://hl7.org/fhir'/>", "XML"),
        (b"[1]", "a JSON array"),
        (b"null", "a JSON null"),
        (b"{}", "not a FHIR Bundle"),
        (b'{"resourceType": "ExplanationOfBenefit"}', "found ExplanationOfBenefit"),
        (b'{"resourceType": "Zork"}', "without a known resourceType"),
        (b'{"resourceType": "Bundle", "type": "zzz"}', "not a type of bundle"),
        (b'{"resourceType": "Bundle", "type": "batch", "entry": {}}', "an array is expected"),
        (b'{"resourceType": "Bundle", "type": "batch", "entry": [7]}', "not a bundle entry"),
        (b'{"a": 1e999999999}', "not JSON"),
        (b'{"a": 1e-999999999}', "more than 64 digits"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_bundle_gets_one_clear_error(data: bytes, says: str) -> None:
    assert says in str(only(data))


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_ten_thousand_levels_are_an_error_and_no_recursion(opening: bytes) -> None:
    issue = only(b'{"resourceType": "Bundle", "entry": ' + opening * 10_000)
    assert issue.code == "too-costly"
    assert "nested deeper" in issue.message


def test_depth_is_counted_from_the_bundle() -> None:
    def deep(levels: int) -> dict:
        extension: dict = {"url": "http://example.org", "valueString": "x"}
        for _ in range(levels):
            extension = {"url": "http://example.org", "extension": [extension]}
        return visit_with(patient("deep", extension=[extension]))

    open_bundle(json.dumps(deep(10)).encode())
    issue = only(deep(30))
    assert issue.path == "Bundle.entry[2].resource"
    assert "50 levels" in issue.message


def test_a_bundle_over_the_size_or_entry_limit_is_refused() -> None:
    assert "at most 10 are" in only(bundle(patient()), Limits(max_bytes=10)).message
    assert "2 entries; at most 1" in only(visit_with(), Limits(max_entries=1)).message


def test_an_unknown_resource_type_is_named_by_its_place() -> None:
    issue = only(visit_with({"resourceType": "Zork"}))
    assert issue.path == "Bundle.entry[2].resource.resourceType"
    contained = visit_with(condition(contained=[{"resourceType": "Zork", "id": "z"}]))
    assert only(contained).path == "Bundle.entry[2].resource.contained[0].resourceType"


@pytest.mark.parametrize("sent", ["abc", "ab=d", "Zm9v!", "Zm9vYg=", "Zm9v====", "ü"])
def test_bad_base64_is_refused_with_its_place(sent: str) -> None:
    issue = only(visit_with(document(sent)))
    assert issue.path == "Bundle.entry[2].resource.content[0].attachment.data"
    assert issue.message == "not valid base64"


def test_base64_may_hold_blanks_as_fhir_permits() -> None:
    found = opened(patient(), encounter(), document("Q2hl\nc3Q g\tY2xl YXI=\r\n"))
    (note,) = found.chart(found.requests()[0]).notes
    assert note.text == "Chest clear"


def test_a_note_of_two_megabytes_is_one_error_and_is_read_when_the_limit_is_raised() -> None:
    big = visit_with(document(b"a " * 1_000_000))
    issue = only(big)
    assert issue.code == "too-long"
    assert issue.path == "Bundle.entry[2].resource.content[0].attachment.data"
    found = open_bundle(json.dumps(big).encode(), Limits(max_attachment=2_000_000))
    assert len(found.chart(found.requests()[0]).notes[0].text) == 2_000_000


def test_long_text_outside_attachments_is_held_to_the_same_limit() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "x"},
        "conclusion": "a" * 1_100_000,
    }
    assert only(visit_with(report)).path == "Bundle.entry[2].resource.conclusion"


@pytest.mark.parametrize("sent", ["2026-13-45", "2026-02-30", "2026-1-5", "3/4/2026", 20260304])
def test_an_impossible_date_is_refused_with_its_place(sent: object) -> None:
    issue = only(visit_with(condition(onsetDateTime=sent)))
    assert issue.path == "Bundle.entry[2].resource.onsetDateTime"
    assert "date" in issue.message


def test_invalid_resources_of_the_types_read_are_refused_and_others_are_not_looked_at() -> None:
    issues = refusal(visit_with(condition(bodySite=[{"coding": [{"system": 1}]}], zork=1))).issues
    assert {issue.path for issue in issues} == {
        "Bundle.entry[2].resource.bodySite[0].coding[0].system",
        "Bundle.entry[2].resource",
    }
    found = opened(patient(), encounter(), {"resourceType": "CareTeam", "zork": 1})
    assert found.passed_over == (("CareTeam", 1),)


def test_an_object_sent_as_text_is_refused() -> None:
    sent = encounter(**{"class": '{"code": "AMB"}'})
    assert only(bundle(patient(), sent)).path == "Bundle.entry[1].resource.class"


def test_neither_encounter_nor_claim_is_one_error() -> None:
    assert "neither an Encounter nor a Claim" in only(bundle(patient(), condition())).message
    assert "neither" in only(bundle()).message


def test_an_encounter_entered_in_error_is_not_read() -> None:
    assert (
        "no Encounter that can be read"
        in only(bundle(patient(), encounter(status="entered-in-error"), claim())).message
    )


def test_two_patients_and_an_encounter_that_names_none_are_refused() -> None:
    nobody = encounter()
    del nobody["subject"]
    assert "2 patients" in only(bundle(patient(), patient("q"), nobody)).message


def test_a_resource_of_another_patient_than_its_encounter_is_refused() -> None:
    other = condition(subject={"reference": "Patient/q"})
    issue = only(bundle(patient(), patient("q"), encounter(), other))
    assert issue.message == "Condition/c and Encounter/e name different patients"


def test_one_name_for_two_contents_is_refused_and_a_repeat_is_not() -> None:
    assert "twice" in only(visit_with(condition(), condition(code="I10"))).message
    found = opened(patient(), encounter(), condition(), condition())
    assert len(found.parts[0].members) == 1


def test_issues_are_capped_with_a_count_and_never_repeat_what_was_sent() -> None:
    secret = "Mary Secret"
    error = refusal(visit_with(*(condition(str(i), onsetDateTime=secret) for i in range(150))))
    assert len(error.issues) == 101
    assert "50 more" in error.issues[-1].message
    assert secret not in str(error)
    assert secret not in json.dumps(operation_outcome(error.issues))
    assert capped(error.issues[:100]) == error.issues[:100]


def test_an_operation_outcome_validates() -> None:
    from fhir.resources.R4B.operationoutcome import OperationOutcome

    issues = refusal(visit_with(condition(onsetDateTime="2026-13-45"))).issues
    OperationOutcome.model_validate(operation_outcome(issues))


SCALARS = [
    None,
    True,
    -1,
    7,
    1.5,
    "",
    "x",
    "2026-03-04",
    "2026",
    "{}",
    '{"code": "x"}',
    "[]",
    "#",
    "#o",
]
JSON = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["code", "reference", "coding", "value"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


def _places(node: object, path: tuple = ()) -> list[tuple]:
    found = [path] if path else []
    pairs = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in pairs:
        found += _places(value, (*path, key))
    return found


RICH = bundle(
    patient(identifier=[{"system": "http://example.org", "value": "1"}]),
    encounter(
        diagnosis=[{"condition": {"reference": "Condition/c"}, "rank": 1}],
        type=[{"text": "visit"}],
        reasonCode=[{"text": "cough"}],
        participant=[{"individual": {"reference": "PractitionerRole/r"}}],
        hospitalization={"dischargeDisposition": {"coding": [{"code": "01"}]}},
    ),
    condition(
        recordedDate="2026-03-04",
        abatementDateTime="2026-03-05",
        bodySite=[{"text": "left"}],
        category=[{"text": "problem"}],
    ),
    procedure(
        performer=[{"actor": {"reference": "PractitionerRole/r"}}],
        reasonReference=[{"reference": "Condition/c"}],
    ),
    observation(
        "o",
        "39156-5",
        valueQuantity={"value": 41.5, "unit": "kg/m2"},
        component=[{"code": {"text": "x"}, "valueInteger": 3}],
        interpretation=[{"coding": [{"code": "H"}]}],
    ),
    document(relatesTo=[{"code": "replaces", "target": {"reference": "DocumentReference/old"}}]),
    {
        "resourceType": "DiagnosticReport",
        "id": "dr",
        "status": "final",
        "code": {"text": "film"},
        "encounter": {"reference": "Encounter/e"},
        "conclusion": "clear",
        "conclusionCode": [{"coding": [{"system": "http://snomed.info/sct", "code": "1"}]}],
        "presentedForm": [{"contentType": "text/html", "data": "PHA+eDwvcD4="}],
    },
    {
        "resourceType": "Composition",
        "id": "k",
        "status": "final",
        "type": {"text": "note"},
        "date": "2026-03-04",
        "author": [{"display": "d"}],
        "title": "t",
        "section": [{"title": "s", "text": {"status": "generated", "div": "<div>x</div>"}}],
    },
    coverage(
        contained=[{"resourceType": "Organization", "id": "o", "name": "Inside"}],
        payor=[{"reference": "#o"}],
        order=1,
    ),
    {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}},
        "specialty": [{"text": "Cardiology"}],
    },
    {
        "resourceType": "ClaimResponse",
        "id": "cr",
        "status": "active",
        "type": {"text": "professional"},
        "use": "preauthorization",
        "patient": {"reference": "Patient/p"},
        "created": "2026-03-01",
        "insurer": {"display": "Acme"},
        "outcome": "complete",
        "preAuthPeriod": {"start": "2026-03-01"},
        "item": [{"itemSequence": 1, "adjudication": [{"category": {"text": "x"}}]}],
    },
    {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": "#med"},
        "contained": [{"resourceType": "Medication", "id": "med", "code": {"text": "insulin"}}],
        "subject": {"reference": "Patient/p"},
        "courseOfTherapyType": {"text": "long"},
    },
    claim(
        total={"value": 10.5, "currency": "USD"},
        item=[
            item(
                encounter=[{"reference": "Encounter/e"}],
                careTeamSequence=[1],
                quantity={"value": 1},
                net={"value": 5.5},
                modifier=[{"coding": [{"code": "25"}]}],
            )
        ],
        careTeam=[{"sequence": 1, "provider": {"reference": "PractitionerRole/r"}}],
        supportingInfo=[{"sequence": 1, "category": {"text": "x"}, "timingDate": "2026-03-09"}],
        procedure=[
            {"sequence": 1, "date": "2026-03-04", "procedureCodeableConcept": {"text": "x"}}
        ],
    ),
)
PLACES = _places(RICH)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_any_value_anywhere_is_read_or_refused_and_never_crashes(
    place: tuple, value: object
) -> None:
    changed = copy.deepcopy(RICH)
    node = changed
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    try:
        found = open_bundle(json.dumps(changed).encode())
        for request in found.requests():
            found.chart(request)
    except Refused as error:
        refused = error.issues
    else:
        refused = None
    assert refused is None or refused[0].message


@pytest.mark.parametrize(
    ("resource", "path", "says"),
    [
        (
            observation("o", "39156-5", valueQuantity={"value": "100"}),
            "valueQuantity.value",
            "must be a number, not text",
        ),
        (claim(total={"value": "10.5"}), "total.value", "must be a number, not text"),
        (
            claim(item=[item() | {"sequence": "1"}]),
            "item[0].sequence",
            "must be a number, not text",
        ),
        (claim(item=[item(True)]), "item[0].sequence", "must be a number, not text"),
        (
            claim(item=[item(diagnosisSequence=["1"])]),
            "item[0].diagnosisSequence[0]",
            "must be a number, not text",
        ),
        (patient("x", active="true"), "active", "must be true or false"),
        (patient("x", active=1), "active", "must be true or false"),
    ],
)
def test_a_value_of_another_json_type_is_refused(resource: dict, path: str, says: str) -> None:
    issue = only(visit_with(resource))
    assert (issue.path, issue.message) == (f"Bundle.entry[2].resource.{path}", says)


def test_text_where_some_types_have_numbers_is_still_text() -> None:
    numbered = patient("x", identifier=[{"value": "100"}], telecom=[{"value": "5550100"}])
    assert opened(numbered, encounter(subject={"reference": "Patient/x"}))


@pytest.mark.parametrize(
    "resource",
    [
        condition(MarySecret="x", mary_secret="y"),
        condition(MarySecret={"start": 5}),
        condition(MarySecret=["a" * 1_100_000]),
        condition(MarySecret="a" * 1_100_000),
        condition(MarySecret='{"a": 1}'),
        condition() | {"code": {"MarySecret": {"contained": {"resourceType": "Zork"}}}},
        document(MarySecret=[{"attachment": {"data": "abc"}}]),
        {"resourceType": "CareTeam", "Mary.Secret[0]": {"contained": {"resourceType": "Zork"}}},
    ],
)
def test_a_key_that_is_no_element_is_never_repeated(resource: dict) -> None:
    error = refusal(visit_with(resource))
    assert error.issues[0].path.startswith("Bundle.entry[2].resource")
    assert "secret" not in json.dumps(operation_outcome(error.issues)).lower()


def test_the_elements_that_are_numbers_or_truth_values_are_those_of_the_models() -> None:
    found = {
        kind: {name for name, kinds in element_types().items() if kind in kinds}
        for kind in ("int", "Decimal", "bool")
    }
    assert found["int"] | found["Decimal"] == NUMBERS
    assert found["bool"] == BOOLEANS
