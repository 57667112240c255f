"""What benchmarks share: a bundle of a given size, grown from a shipped example.

The JSON of a run also says what each file of benchmarks took, with its preparations.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from codewarrant.coding.installed import installed_snapshot

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SIZE = 200_000
"""Bytes: a visit with its results, notes and orders as EHRs export it."""

SECONDS: defaultdict[str, float] = defaultdict(float)
"""What each file took, by its name."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    SECONDS[Path(report.location[0]).name] += report.duration


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    output_json["seconds by file"] = dict(SECONDS)


def grown(name: str, size: int) -> bytes:
    """An example with its results repeated until it has the size, as in a stay of some days.

    Repeated resources get ids of their own.
    """
    bundle = orjson.loads((EXAMPLES / name).read_bytes())
    entries = bundle["entry"]
    models = [item for item in entries if item["resource"]["resourceType"] == "Observation"]
    number = 0
    while len(orjson.dumps(bundle)) < size:
        entry = copy.deepcopy(models[number % len(models)])
        entry["resource"]["id"] = f"grown-{number}"
        entry.pop("fullUrl", None)
        entries.append(entry)
        number += 1
    return orjson.dumps(bundle)


@pytest.fixture(scope="session")
def snapshot():
    """The snapshot of this installation."""
    return installed_snapshot()


@pytest.fixture(scope="session")
def visit() -> bytes:
    """A visit of 200 KB."""
    return grown("04-inpatient-sepsis-pneumonia.json", SIZE)
