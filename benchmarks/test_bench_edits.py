"""Scrubbing claims: every edit of a professional claim of ten lines, a national quarter loaded.

Two hundred different claims of random codes, which is harder than real ones: these repeat the same
few hundred codes. The peer is ``fhir.resources`` validating the same claims, as any reader of FHIR
built on it does. Times are of the processor.
"""

from __future__ import annotations

import os
import random
import time
from datetime import date
from pathlib import Path

import orjson
import pytest
from edit_tables import national_store
from fhir.resources.R4B.bundle import Bundle

from codewarrant.codesets import load
from codewarrant.codesets.releases.store import Store
from codewarrant.coding.chart import decide, read_chart
from codewarrant.coding.installed import installed_packs, snapshot_of
from codewarrant.decision import Request
from codewarrant.evaluation.charts import ChartForm, read_charts, to_bundle
from codewarrant.evaluation.predict import predict
from codewarrant.fhir.read import open_bundle

SHARED = os.environ.get("CODEWARRANT_SHARED")
EDITS = ("claim-edits", "mce", "ncci")
DAY = date(2024, 8, 1)
CLAIMS, LINES = 200, 10

pytestmark = [
    pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED names no folder of tables"),
    pytest.mark.benchmark(
        group="scrubbing claims of ten lines", timer=time.process_time, min_rounds=3
    ),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return national_store(Path(SHARED or "."), tmp_path_factory.mktemp("edits"))


@pytest.fixture(scope="module")
def installed(store: Path):
    """The snapshot of an installation that has the tables."""
    before = os.environ.get("CODEWARRANT_DATA")
    os.environ["CODEWARRANT_DATA"] = str(store.parent)
    try:
        yield snapshot_of(installed_packs())
    finally:
        if before is None:
            del os.environ["CODEWARRANT_DATA"]
        else:
            os.environ["CODEWARRANT_DATA"] = before


@pytest.fixture(scope="module")
def edits_alone(installed):
    """The packs of edits without those that code charts."""
    return snapshot_of([pack for pack in installed_packs() if pack.name in EDITS])


@pytest.fixture(scope="module")
def bare(edits_alone, tmp_path_factory: pytest.TempPathFactory):
    """All packs, and no table installed."""
    before = os.environ["CODEWARRANT_DATA"]
    os.environ["CODEWARRANT_DATA"] = str(tmp_path_factory.mktemp("nothing"))
    try:
        return snapshot_of(installed_packs())
    finally:
        os.environ["CODEWARRANT_DATA"] = before


@pytest.fixture(scope="module")
def lines(store: Path) -> list[bytes]:
    """The claims as charts, one JSON object a line."""
    tables = Store(store)
    billed = [row.columns["code"] for row in tables.rows(tables.of("mue-practitioner")[0])]
    diagnoses = sorted(load("icd10cm").codes(DAY))
    chance = random.Random(20240801)
    out = []
    for number in range(CLAIMS):
        items = [
            {"code": code, "units": 1, "date": "2024-08-01", "pos": "11",
             "pointers": [1 + chance.randrange(4)]}
            for code in chance.sample(billed, LINES)
        ]  # fmt: skip
        chart = {
            "id": f"claim-{number}",
            "date": "2024-08-01",
            "setting": "professional",
            "patient": {"sex": "female", "birth_date": "1960-01-01"},
            "claim": {"payer": "A plan", "lines": items},
            "codes": [{"system": "icd10cm", "code": one} for one in chance.sample(diagnoses, 4)],
        }
        out.append(orjson.dumps(chart))
    return out


@pytest.fixture(scope="module")
def charts(lines: list[bytes]) -> list[ChartForm]:
    return [chart for chart in read_charts(lines) if isinstance(chart, ChartForm)]


@pytest.fixture(scope="module")
def bundles(charts: list[ChartForm]) -> list[bytes]:
    return [to_bundle(chart) for chart in charts]


def a_claim(benchmark) -> None:
    """Milliseconds a claim, and claims a second, beside what was measured."""
    seconds = benchmark.stats.stats.median / CLAIMS
    benchmark.extra_info["ms a claim"] = 1000 * seconds
    benchmark.extra_info["claims a second"] = 1 / seconds


def scrub(benchmark, snapshot, bundles: list[bytes]) -> int:
    """Time the rules and the decision from read facts; the number of edits."""
    readings = [read_chart(open_bundle(data), Request(), snapshot) for data in bundles]
    decided = benchmark(lambda: [decide(reading, snapshot) for reading in readings])
    a_claim(benchmark)
    return sum(len(body.edits) for body in decided)


def test_peer_validates_the_claims(benchmark, bundles: list[bytes]) -> None:
    benchmark(lambda: [Bundle.model_validate_json(data) for data in bundles])
    a_claim(benchmark)


def test_scrub(benchmark, installed, bundles: list[bytes]) -> None:
    """All packs of the installation."""
    assert scrub(benchmark, installed, bundles) > 0


def test_scrub_with_the_edits_alone(benchmark, edits_alone, bundles: list[bytes]) -> None:
    assert scrub(benchmark, edits_alone, bundles) > 0


def test_scrub_without_tables(benchmark, bare, bundles: list[bytes]) -> None:
    """Every rule over a table says that it lacks it."""
    assert scrub(benchmark, bare, bundles) >= 0


def test_claims_from_ndjson(benchmark, installed, lines: list[bytes]) -> None:
    """From the bytes of a line to the prediction: what ``codewarrant evaluate`` does with it."""

    def evaluated() -> list[str]:
        charts = [one for one in read_charts(lines) if isinstance(one, ChartForm)]
        return [predict(chart, installed).problem for chart in charts]

    assert not any(benchmark(evaluated))
    a_claim(benchmark)
