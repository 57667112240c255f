"""The examples through the whole path: as expected, warranted, the same bytes every time."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from decision_properties import faults

from codewarrant.cli.coding import code_bytes
from codewarrant.coding.snapshot import Snapshot

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
GOLDEN = Path(__file__).parent / "golden"
LINES = 80
"""Lines of a difference that are shown."""

each = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def load_script() -> Any:
    spec = importlib.util.spec_from_file_location(
        "update_goldens", ROOT / "scripts" / "update_goldens.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


goldens = load_script()


def difference(expected: str, now: str) -> str:
    """What changed: first the codes, then the lines of the bodies."""
    before, after = (
        [f"{item['role']} {item['code']['code']}" for item in json.loads(text)["diagnoses"]]
        for text in (expected, now)
    )
    lines = [f"diagnoses expected {before}", f"diagnoses now      {after}"]
    texts = expected.splitlines(), now.splitlines()
    found = list(difflib.unified_diff(*texts, "expected", "now", lineterm=""))
    rest = len(found) - LINES
    lines += found[:LINES]
    if rest > 0:
        lines.append(f"… and {rest} lines more")
    return "\n".join([*lines, "if this is meant: python scripts/update_goldens.py"])


def test_each_example_has_a_golden_decision_and_no_other_is_left() -> None:
    assert [path.name for path in sorted(GOLDEN.glob("*.json"))] == [path.name for path in EXAMPLES]


@each
def test_decision_is_the_golden_one(path: Path, installed: Snapshot) -> None:
    expected = (GOLDEN / path.name).read_text(encoding="utf-8")
    now = goldens.render(path.read_bytes(), installed)
    if now != expected:
        pytest.fail(difference(expected, now), pytrace=False)


@each
def test_every_code_has_its_warrant(path: Path, installed: Snapshot) -> None:
    """Grounds that hold in the record, a firing with a citation, every Condition accounted for."""
    data = path.read_bytes()
    coded = code_bytes(path.name, data, "", installed)
    assert coded.opened is not None
    assert not coded.refused
    assert len(coded.charts) == 1
    assert list(faults(data, coded.opened, coded.charts[0].decision)) == []


@each
@pytest.mark.parametrize("seed", range(3))
def test_order_of_entries_makes_no_difference(path: Path, seed: int, installed: Snapshot) -> None:
    """Another order is another bundle, whose decision has the same body and the same facts."""
    bundle = orjson.loads(path.read_bytes())
    random.Random(seed).shuffle(bundle["entry"])
    (first,) = code_bytes("", path.read_bytes(), "", installed).charts
    (second,) = code_bytes("", orjson.dumps(bundle), "", installed).charts
    assert second.decision.body == first.decision.body
    assert second.facts == first.facts
    headers = first.decision.header, second.decision.header
    assert headers[0].body_sha256 == headers[1].body_sha256
    assert headers[0].bundle_sha256 != headers[1].bundle_sha256
    assert headers[0].decision_id != headers[1].decision_id


CODE_ALL = """
import hashlib, sys
from pathlib import Path
from codewarrant.cli.coding import code_bytes, open_snapshot
snapshot = open_snapshot([])
for name in sys.argv[1:]:
    (chart,) = code_bytes(name, Path(name).read_bytes(), "", snapshot).charts
    both = chart.decision.to_bytes(), chart.facts
    print(*(hashlib.sha256(data).hexdigest() for data in both))
"""


def test_hash_seed_makes_no_difference(installed: Snapshot) -> None:
    """Decision and stored facts are the same bytes under two hash seeds and in this process."""
    here = []
    for path in EXAMPLES:
        (chart,) = code_bytes("", path.read_bytes(), "", installed).charts
        data = (chart.decision.to_bytes(), chart.facts)
        here.append(" ".join(hashlib.sha256(one).hexdigest() for one in data))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CODE_ALL, *map(str, EXAMPLES)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1")
    ]
    for process in running:
        out, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        assert out.splitlines() == here


def test_every_stored_decision_replays_identical(tmp_path: Path, command: Callable) -> None:
    """All examples into one store; both layers of each come out the same."""
    assert command("code", *EXAMPLES, "--store", tmp_path / "store").exit_code == 0
    result = command("replay", "--store", tmp_path / "store", "--json")
    assert result.exit_code == 0
    replays = json.loads(result.stdout)["replays"]
    assert len(replays) == len(EXAMPLES)
    verdicts = {
        (one["verdict"], one["rules"]["verdict"], one["reading"]["verdict"]) for one in replays
    }
    assert verdicts == {("identical", "identical", "identical")}


def test_a_difference_is_shown_by_codes_and_lines() -> None:
    """The message of a failing golden names both lists of codes and stays short."""
    golden = (GOLDEN / EXAMPLES[0].name).read_text(encoding="utf-8")
    body = json.loads(golden)
    removed = body["diagnoses"].pop()
    shown = difference(golden, json.dumps(body, indent=1, ensure_ascii=False, sort_keys=True))
    assert removed["code"]["code"] in shown.splitlines()[0]
    assert removed["code"]["code"] not in shown.splitlines()[1]
    assert len(shown.splitlines()) <= LINES + 4
