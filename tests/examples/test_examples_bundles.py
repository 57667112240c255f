"""The example bundles: built from their sources, valid FHIR R4, complete and coded in force."""

from __future__ import annotations

import base64
import csv
import gzip
import importlib.util
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
BUNDLES = sorted(EXAMPLES.glob("*.json"))

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
CPT = "http://www.ama-assn.org/go/cpt"

NOT_IN_FORCE = {"10-undetermined-urgent-visit": {"M54.5", "E78.O"}}
"""Codes that an example holds on purpose although they are ended or misspelt."""

FIRST_DAY, LAST_DAY = "2025-11-01", "2026-09-30"


def load_builder() -> Any:
    place = ROOT / "scripts" / "build_examples.py"
    spec = importlib.util.spec_from_file_location("build_examples", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


builder = load_builder()


def elements(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside ``value``, itself included."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from elements(part)


def codings(bundle: Any, system: str) -> list[dict[str, Any]]:
    return [one for one in elements(bundle) if one.get("system") == system and "code" in one]


def resources(bundle: Any, kind: str) -> list[dict[str, Any]]:
    entries = (entry["resource"] for entry in bundle["entry"])
    return [resource for resource in entries if resource["resourceType"] == kind]


@pytest.fixture(params=BUNDLES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def bundle(path: Path) -> Any:
    return json.loads(path.read_bytes())


def test_every_source_has_a_bundle_and_every_bundle_a_source() -> None:
    """No bundle is left behind by a renamed source."""
    assert [path.stem for path in BUNDLES] == builder.names()
    notes = {path.name for path in builder.SOURCE.glob("*.txt")}
    named = {
        line.split('"')[1]
        for path in builder.SOURCE.glob("*.toml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("file = ")
    }
    assert notes == named


def test_bundle_equals_what_its_source_builds(path: Path) -> None:
    """A hand-edited bundle, or a forgotten rebuild, is caught."""
    assert path.read_bytes() == builder.render(path.stem)


def test_check_reports_a_stale_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--check`` exits 1 and names the bundle, and leaves it as it is."""
    source = tmp_path / "source"
    source.mkdir()
    for file in builder.SOURCE.glob("01-*"):
        (source / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(builder, "SOURCE", source)
    monkeypatch.setattr(builder.names, "__defaults__", (source,))
    monkeypatch.setattr(builder.render, "__defaults__", (source,))
    assert builder.main([]) == 0
    assert builder.main(["--check"]) == 0
    (target,) = tmp_path.glob("*.json")
    target.write_text("{}")
    capsys.readouterr()
    assert builder.main(["--check"]) == 1
    assert target.name in capsys.readouterr().out
    assert target.read_text() == "{}"


def test_bundle_is_valid_r4(path: Path, bundle: Any) -> None:
    """Every resource passes the full model of its type."""
    Bundle.model_validate_json(path.read_bytes())
    assert bundle["resourceType"] == "Bundle"
    assert bundle["type"] == "collection"


def test_references_resolve(bundle: Any) -> None:
    """Each reference is the fullUrl of an entry, or relative to one."""
    known = set()
    for entry in bundle["entry"]:
        resource = entry["resource"]
        known |= {entry["fullUrl"], f"{resource['resourceType']}/{resource['id']}"}
    assert len(known) == 2 * len(bundle["entry"])
    references = [one["reference"] for one in elements(bundle) if "reference" in one]
    assert references
    assert set(references) <= known


def test_notes_decode_and_are_of_clinical_length(path: Path, bundle: Any) -> None:
    """Notes are strict base64 of UTF-8 text of 150 to 500 words; a claim alone has none."""
    documents = resources(bundle, "DocumentReference")
    assert bool(documents) == bool(resources(bundle, "Encounter"))
    for document in documents:
        assert document["status"] == "current"
        for content in document["content"]:
            text = base64.b64decode(content["attachment"]["data"], validate=True).decode("utf-8")
            assert 150 <= len(text.split()) <= 500
            assert "\r" not in text


def test_dates_stand_in_one_fiscal_year(bundle: Any) -> None:
    """Encounters and service lines fall where one year's code set is in force."""
    days = [
        resource["period"][edge][:10]
        for resource in resources(bundle, "Encounter")
        for edge in ("start", "end")
    ]
    for claim in resources(bundle, "Claim"):
        days += [claim["billablePeriod"]["start"], claim["billablePeriod"]["end"]]
        days += [line["servicedDate"] for line in claim.get("item", [])]
    assert days
    assert all(FIRST_DAY <= day <= LAST_DAY for day in days)


def test_cpt_codes_carry_no_words_of_their_own(bundle: Any) -> None:
    """CPT appears as numbers: no display beside one."""
    for coding in codings(bundle, CPT):
        assert set(coding) == {"system", "code"}
        assert re.fullmatch(r"\d{5}|\d{2}", coding["code"])


def test_people_are_plainly_synthetic(path: Path, bundle: Any) -> None:
    """NPIs stand in a range that is not given out and payers are the demo plan."""
    for practitioner in resources(bundle, "Practitioner"):
        assert practitioner["identifier"][0]["value"].startswith("99999")
    (coverage,) = resources(bundle, "Coverage")
    payer = coverage["payor"][0]["reference"]
    (plan,) = [entry["resource"] for entry in bundle["entry"] if entry["fullUrl"].endswith(payer)]
    assert plan["identifier"][0]["value"] == "DEMO01"


def test_claim_totals_and_pointers_hold(bundle: Any) -> None:
    """A claim's total is the sum of its lines and each line points to a listed diagnosis."""
    for claim in resources(bundle, "Claim"):
        listed = {diagnosis["sequence"] for diagnosis in claim["diagnosis"]}
        lines = claim.get("item", [])
        for line in lines:
            assert set(line["diagnosisSequence"]) <= listed
        if lines:
            cents = [round(line["net"]["value"] * 100) for line in lines]
            assert round(claim["total"]["value"] * 100) == sum(cents)


def in_force_table() -> dict[str, list[tuple[str, str]]]:
    shared = os.environ.get("CODEWARRANT_SHARED")
    if not shared:
        pytest.skip("CODEWARRANT_SHARED is not set: no table of validity windows")
    windows: dict[str, list[tuple[str, str]]] = {}
    place = Path(shared) / "codesets" / "mce_i10dx_master.csv.gz"
    with gzip.open(place, "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            windows.setdefault(row["code"], []).append((row["start"], row["end"]))
    return windows


def not_in_force(codes: set[str], day: str, windows: dict[str, list[tuple[str, str]]]) -> set[str]:
    compact = day.replace("-", "")
    return {
        code
        for code in codes
        if not any(start <= compact <= end for start, end in windows.get(code.replace(".", ""), []))
    }


def service_day(bundle: Any) -> str:
    for resource in resources(bundle, "Encounter"):
        return resource["period"]["end"][:10]
    (claim,) = resources(bundle, "Claim")
    return claim["billablePeriod"]["end"]


def test_codes_are_in_force_but_for_those_meant_not_to_be() -> None:
    """Ended and misspelt codes stand only where an example shows them."""
    windows = in_force_table()
    found = {}
    for place in BUNDLES:
        bundle = json.loads(place.read_bytes())
        codes = {coding["code"] for coding in codings(bundle, ICD10CM)}
        faulty = not_in_force(codes, service_day(bundle), windows)
        if faulty:
            found[place.stem] = faulty
    assert found == NOT_IN_FORCE


def test_expected_codes_of_the_guide_are_in_force() -> None:
    """Every code that the guide to the examples expects is valid on the example's day."""
    windows = in_force_table()
    for place in BUNDLES:
        bundle = json.loads(place.read_bytes())
        codes = set(expected_diagnoses(place.stem))
        assert codes, place.stem
        assert not not_in_force(codes, service_day(bundle), windows)


def expected_diagnoses(name: str) -> list[str]:
    """The codes in the ``Diagnoses`` line under an example's heading in the guide."""
    guide = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    section = guide.split(f"\n### {name}\n", 1)[1].split("\n### ", 1)[0]
    (line,) = [row for row in section.splitlines() if row.startswith("Diagnoses: ")]
    return re.findall(r"`([A-Z]\w\w(?:\.\w{1,4})?)`", line)


def test_guide_has_a_section_for_each_example() -> None:
    """The guide and the folder list the same examples in the same order."""
    guide = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (.+)$", guide, re.MULTILINE) == [path.stem for path in BUNDLES]


def test_table_of_the_guide_agrees_with_its_sections(path: Path) -> None:
    """The codes in the overview table are those of the example's section, in the same order."""
    guide = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in guide.splitlines() if line.startswith(f"| `{path.stem}` |")]
    cell = row.split("|")[3].split(";")[0]
    assert [code.strip() for code in cell.split(",")] == expected_diagnoses(path.stem)
