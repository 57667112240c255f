"""Real bundles through the whole path: a warranted decision for each encounter, or a clear error.

They cannot be shipped; ``CODEWARRANT_SHARED`` names the folder that holds them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from decision_properties import Record, faults

from codewarrant.cli.coding import CodedBundle, code_bytes
from codewarrant.coding.installed import cached_lexicon
from codewarrant.coding.snapshot import Snapshot

SHARED = os.environ.get("CODEWARRANT_SHARED", "")
FILES = sorted(path for path in (Path(SHARED) / "bundles").glob("*/*")) if SHARED else []
FILES = [path for path in FILES if path.is_file()]
pytestmark = pytest.mark.skipif(not FILES, reason="CODEWARRANT_SHARED names no folder of bundles")


def folder(*names: str) -> list[Path]:
    listed = [path for path in FILES if path.parent.name in names and path.suffix == ".json"]
    return [path for path in listed if path.name != "PROVENANCE.json"]


NOTES = folder("synthea_2025_notes")
LARGE = folder("synthea_2020_iris", "synthea_2021_smart")
SMALL = [path for path in FILES if path not in (*LARGE, *NOTES[2:])]
NO_ENCOUNTER = ("hospitalInformation", "practitionerInformation")


def code(path: Path, snapshot: Snapshot) -> CodedBundle:
    return code_bytes(path.name, path.read_bytes(), "", snapshot)


def check(path: Path, snapshot: Snapshot) -> tuple[int, int, int]:
    """One sound decision for each encounter; how many charts, Conditions and diagnoses."""
    coded = code(path, snapshot)
    data = path.read_bytes()
    record = Record(data)
    assert coded.opened is not None
    assert not coded.refused
    named = [chart.decision.body.chart for chart in coded.charts]
    assert len(named) == len(set(named))
    assert set(named) == record.encounters()
    for chart in coded.charts:
        assert list(faults(data, coded.opened, chart.decision)) == [], chart.decision.body.chart
    conditions = sum(len(record.conditions(name)) for name in named)
    assert conditions == len(record.of("Condition"))
    diagnoses = sum(len(chart.decision.body.diagnoses) for chart in coded.charts)
    return len(named), conditions, diagnoses


def test_each_file_gives_decisions_or_a_clear_error(command: Callable) -> None:
    """All small files in one run: nothing is passed over, exit code 3 because some are refused."""
    result = command("code", "--json", *SMALL)
    assert result.exit_code == 3
    said = json.loads(result.stdout)
    decided = {item["header"]["bundle_sha256"] for item in said["decisions"]}
    refused = {item["file"]: item["issues"] for item in said["refused"]}
    assert len(refused) == len(said["refused"])
    for path in SMALL:
        known = hashlib.sha256(path.read_bytes()).hexdigest() in decided
        assert known != (str(path) in refused), path.name
    for issues in refused.values():
        assert issues
        assert all(issue["message"] and "Traceback" not in issue["message"] for issue in issues)


def test_notes_give_one_sound_decision_each(installed: Snapshot) -> None:
    counts = [check(path, installed) for path in NOTES]
    assert [charts for charts, _, _ in counts] == [1] * 20
    assert sum(conditions for _, conditions, _ in counts) == 28
    assert sum(diagnoses for _, _, diagnoses in counts) > 0


def test_a_large_record_gives_one_sound_decision_for_each_encounter(installed: Snapshot) -> None:
    """The smallest of the large ones; all of them are in the slow campaign."""
    charts, conditions, _ = check(LARGE[0], installed)
    assert (charts, conditions) == (14, 5)


@pytest.mark.parametrize("start", NO_ENCOUNTER)
def test_a_bundle_without_encounters_gives_one_clear_error(start: str, command: Callable) -> None:
    for path in [path for path in LARGE if path.name.startswith(start)]:
        result = command("code", "--json", path)
        assert result.exit_code == 3
        said = json.loads(result.stdout)
        assert said["decisions"] == []
        ((issue,),) = (item["issues"] for item in said["refused"])
        assert "neither an Encounter nor a Claim" in issue["message"]


@pytest.fixture(scope="module")
def roomy(installed: Snapshot) -> Snapshot:
    """The installed snapshot, keeping every lexicon open: these records span thirty years."""
    return Snapshot.from_parts(installed.lock, installed.parts, cache(cached_lexicon))


@pytest.mark.slow
def test_every_large_record_gives_one_sound_decision_for_each_encounter(roomy: Snapshot) -> None:
    counts = [check(path, roomy) for path in LARGE if not path.name.startswith(NO_ENCOUNTER)]
    assert len(counts) == 19
    assert sum(charts for charts, _, _ in counts) == 590
    assert all(7 <= charts <= 106 for charts, _, _ in counts)


@pytest.mark.slow
def test_order_of_entries_makes_no_difference_to_large_records(roomy: Snapshot) -> None:
    for path in LARGE[:2]:
        bundle = json.loads(path.read_bytes())
        bundle["entry"].reverse()
        other = code_bytes("", json.dumps(bundle).encode(), "", roomy)
        assert [chart.decision.body for chart in other.charts] == [
            chart.decision.body for chart in code(path, roomy).charts
        ]
