"""Bad input through the real command: one clear message each, exit code 3, no patient text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cli_inputs as inputs
import pytest
from cli_inputs import SECRETS, attachment, bundle, condition, document, encounter, patient, sound

DEEP = b'"extension":' + b'[{"extension":' * 5_000 + b"[]" + b"}]" * 5_000
BAD = {
    "not JSON": (b"Zebulon Quisenberry {", "not JSON"),
    "nothing": (b"", "not JSON"),
    "not UTF-8": (b'{"resourceType": "Bundle", "x": "\xff"}', "not JSON"),
    "JSON but no object": (b"[1, 2]", "not a FHIR Bundle"),
    "not a Bundle": (json.dumps(patient()).encode(), "not a FHIR Bundle: found Patient"),
    "unknown resourceType": (
        bundle(patient(), encounter(), {"resourceType": "Zebulon", "id": "x"}),
        "unknown resourceType at Bundle.entry[2].resource.resourceType",
    ),
    "bad base64": (
        bundle(patient(), encounter(), document(content=[{"attachment": {"data": "####"}}])),
        "not valid base64 at Bundle.entry[2].resource.content[0].attachment.data",
    ),
    "a note of 2 MB": (
        bundle(
            patient(),
            encounter(),
            document(content=[{"attachment": attachment("Zebulon " * 262_144)}]),
        ),
        "bytes of content; at most 1,048,576 are accepted at Bundle.entry[2]",
    ),
    "10,000 levels": (
        b'{"resourceType":"Bundle","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "nested deeper than 50 levels",
    ),
    "10,000 levels in a resource": (
        bundle(patient(), encounter()).replace(b'"status"', DEEP + b',"status"'),
        "nested deeper than 50 levels",
    ),
    "two patients": (
        bundle(patient(), patient(id="q", name=[]), encounter(subject=None)),
        "patient",
    ),
    "a resource of another patient": (
        bundle(
            patient(),
            patient(id="q", name=[]),
            encounter(),
            condition(subject={"reference": "Patient/q"}),
        ),
        "Condition/c and Encounter/e name different patients",
    ),
    "no encounter and no claim": (
        bundle(patient(), condition()),
        "neither an Encounter nor a Claim or ExplanationOfBenefit",
    ),
    "an impossible date": (
        bundle(patient(), encounter(period={"start": "2026-02-30"})),
        "Bundle.entry[1].resource.period.start",
    ),
    "a date that is a number": (
        bundle(patient(), encounter(period={"start": 20260304})),
        "Bundle.entry[1].resource.period.start",
    ),
}


def one_error(result: object, says: str) -> None:
    """Exit code 3; one line on standard error that says it; nothing on standard output."""
    assert result.exit_code == 3
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert says in line
    assert not any(secret in line for secret in SECRETS)


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_clear_error(
    data: bytes, says: str, tmp_path: Path, command: Callable
) -> None:
    path = tmp_path / "chart.json"
    path.write_bytes(data)
    result = command("code", path)
    one_error(result, says)
    assert result.stderr.startswith(f"{path}: ")


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_bad_input_is_one_object_with_json(
    data: bytes, says: str, tmp_path: Path, command: Callable
) -> None:
    path = tmp_path / "chart.json"
    path.write_bytes(data)
    result = command("code", path, "--json")
    assert result.exit_code == 3
    said = json.loads(result.stdout)
    assert said["decisions"] == []
    ((issue,),) = (item["issues"] for item in said["refused"])
    assert says in f"{issue['message']} at {issue['path']}"
    assert not any(secret in result.stdout + result.stderr for secret in SECRETS)


def test_bad_input_is_an_operation_outcome_with_fhir(tmp_path: Path, command: Callable) -> None:
    path = tmp_path / "chart.json"
    path.write_bytes(b"{")
    result = command("code", path, "--fhir")
    assert result.exit_code == 3
    outcome = json.loads(result.stdout)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["severity"] == "error"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, command: Callable) -> None:
    one_error(command("code", tmp_path / "none.json"), "none.json: cannot read the file: No such")
    one_error(command("code", tmp_path), "cannot read the file: Is a directory")
    one_error(command("explain", tmp_path / "none.json"), "cannot read the file")


def test_what_is_refused_does_not_stop_the_rest(tmp_path: Path, command: Callable) -> None:
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    bad.write_bytes(b"{")
    good.write_bytes(sound())
    result = command("code", bad, good, bad)
    assert result.exit_code == 3
    assert result.stdout.count("E11.9 ") >= 1
    assert len(result.stderr.splitlines()) == 2


# ---- what is accepted, with what is wrong in it said -------------------------------


def coded(command: Callable, tmp_path: Path, *resources: inputs.Json) -> tuple[dict, str]:
    """The body of the only decision, which goes to a person, and standard error."""
    path = tmp_path / "chart.json"
    path.write_bytes(bundle(*resources))
    result = command("code", path, "--json")
    assert result.exit_code == 0, result.stderr
    assert not any(secret in result.stderr for secret in SECRETS)
    (decision,) = json.loads(result.stdout)["decisions"]
    assert decision["body"]["route"]["lane"] == "review"
    return decision["body"], result.stderr


def test_a_reference_to_nothing_is_named_and_the_rest_is_coded(
    tmp_path: Path, command: Callable
) -> None:
    lost = condition(asserter={"reference": "Practitioner/nowhere"})
    body, said = coded(command, tmp_path, patient(), encounter(), lost)
    assert [item["code"]["code"] for item in body["diagnoses"]] == ["E11.9"]
    assert "Condition/c.asserter.reference" in said
    assert said.count("\n") == 1


def test_a_missing_date_is_said_and_nothing_is_guessed(tmp_path: Path, command: Callable) -> None:
    body, _ = coded(command, tmp_path, patient(), encounter(period=None), condition())
    assert body["diagnoses"] == []
    assert "The date of service is not known." in body["route"]["reasons"]
    (item,) = [one for one in body["rejected"] if one["code"]]
    assert item["kind"] == "not valid on the date"


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("M54.5", "not billable", "M54.50"),
        ("E11.8Q", "not valid on the date", "is not a code of this code set"),
        ("U07.0X", "not valid on the date", "is not a code of this code set"),
        ("F32.8", "not billable", "F32.89"),
    ],
)
def test_an_ended_or_misspelt_code_is_rejected_with_what_stands_near(
    code: str, kind: str, says: str, tmp_path: Path, command: Callable
) -> None:
    body, _ = coded(command, tmp_path, patient(), encounter(), condition(code))
    assert body["diagnoses"] == []
    (item,) = body["rejected"]
    assert (item["code"]["code"], item["kind"]) == (code, kind)
    assert says in item["because"]
    assert any(code in reason for reason in body["route"]["reasons"])


def test_an_empty_note_is_coded_from_the_rest(tmp_path: Path, command: Callable) -> None:
    empty = document(content=[{"attachment": attachment("")}])
    body, _ = coded(command, tmp_path, patient(), encounter(), condition(), empty)
    assert [item["code"]["code"] for item in body["diagnoses"]] == ["E11.9"]


def test_an_empty_note_alone_goes_to_a_person(tmp_path: Path, command: Callable) -> None:
    empty = document(content=[{"attachment": attachment("")}])
    body, _ = coded(command, tmp_path, patient(), encounter(), empty)
    assert body["diagnoses"] == []
    assert "No diagnosis can be reported." in body["route"]["reasons"]
