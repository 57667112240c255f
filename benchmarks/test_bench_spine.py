"""Each step from bundle to decision on a visit of 200 KB, beside validating the whole bundle.

The peer is ``fhir.resources`` validating every entry, which any reader of FHIR built on it pays.
Times are of the processor, so that what else the machine does is not counted.
"""

from __future__ import annotations

import time

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle

from codewarrant.coding.body import body
from codewarrant.coding.chart import code_chart, decide, read_chart
from codewarrant.coding.statements import diagnosis_system
from codewarrant.decision import Request
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart
from codewarrant.fhir.read import open_bundle
from codewarrant.fhir.resource_types import READ
from codewarrant.fhir.validate import model

pytestmark = pytest.mark.benchmark(
    group="a visit of 200 KB", warmup=True, min_rounds=5, timer=time.process_time
)
REQUEST = Request()


@pytest.fixture(scope="module")
def reading(visit, snapshot):
    return read_chart(open_bundle(visit), REQUEST, snapshot)


@pytest.fixture(scope="module")
def engine_chart(reading, snapshot):
    return Chart(
        facts=reading.facts,
        clocks=reading.clocks,
        supplied=frozenset(reading.supplied),
        relations=snapshot.relations,
        sentences=reading.sentences,
    )


def test_peer_validates_everything(benchmark, visit):
    benchmark(Bundle.model_validate_json, visit)


def test_peer_validates_what_is_read(benchmark, visit):
    """Only resources of the types that are read, each in its JSON; the models are warm."""
    entries = orjson.loads(visit)["entry"]
    read = [
        (model(one["resource"]["resourceType"]), orjson.dumps(one["resource"]))
        for one in entries
        if one["resource"]["resourceType"] in READ
    ]
    assert len(read) > 100
    benchmark(lambda: [kind.model_validate_json(data) for kind, data in read])


def test_open(benchmark, visit):
    benchmark(open_bundle, visit)


def test_normalise(benchmark, visit):
    opened = open_bundle(visit)
    benchmark(opened.chart, REQUEST)


def test_read_notes(benchmark, visit, snapshot):
    chart = open_bundle(visit).chart(REQUEST)
    on = chart.clocks["date of service"]
    reader = snapshot.reader(diagnosis_system(on), on)
    assert benchmark(reader.read, chart.notes, chart.unread).mentions


def test_rules(benchmark, snapshot, engine_chart):
    assert benchmark(run, snapshot.loaded, engine_chart).firings


def test_body(benchmark, snapshot, reading, engine_chart):
    outcome = run(snapshot.loaded, engine_chart)
    parts = (
        snapshot.program, snapshot.releases, snapshot.scorecard, snapshot.joins, snapshot.relations,
    )  # fmt: skip
    assert benchmark(body, reading, outcome, *parts).diagnoses


def test_bytes(benchmark, visit, snapshot):
    decision = code_chart(visit, REQUEST, snapshot)
    assert benchmark(decision.to_bytes)


def test_whole_decision(benchmark, visit, snapshot):
    assert benchmark(code_chart, visit, REQUEST, snapshot).body.diagnoses


def test_decide_from_facts(benchmark, reading, snapshot):
    assert benchmark(decide, reading, snapshot).diagnoses
