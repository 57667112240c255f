"""Every example bundle: durable-rules finds the firings of the decision, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from codewarrant.coding.chart import decide, read_chart
from codewarrant.coding.snapshot import Snapshot
from codewarrant.crosscheck.check import cross_check
from codewarrant.crosscheck.process import SecondEngine
from codewarrant.crosscheck.recorded import from_trace
from codewarrant.engine.trace import Chart
from codewarrant.fhir.read import open_bundle

BUNDLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_the_second_engine_agrees(path: Path, installed: Snapshot, second: SecondEngine):
    opened = open_bundle(path.read_bytes())
    for request in opened.requests():
        reading = read_chart(opened, request, installed)
        trace = decide(reading, installed).trace
        program = installed.program
        chart = Chart(
            reading.facts,
            reading.clocks,
            frozenset(reading.supplied),
            installed.relations,
            reading.sentences,
        )
        recorded = from_trace(program, trace.firings, trace.near_misses, trace.standing)
        found = cross_check(program, chart, recorded, second)
        assert (found.verdict, found.reason, found.differences) == ("agree", "", ())
        assert found.compared == len(trace.firings) - found.given > 0
