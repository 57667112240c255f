"""Real bundles: every file opens or is refused with its reasons, and nothing in them is lost."""

from __future__ import annotations

import os
import random
from pathlib import Path

import orjson
import pytest

from codewarrant.fhir.errors import Refused
from codewarrant.fhir.gate import Limits
from codewarrant.fhir.read import OpenedBundle, open_bundle
from codewarrant.schema import Chart, Diagnosis, to_fact

SHARED = os.environ.get("CODEWARRANT_SHARED")
BUNDLES = Path(SHARED or "") / "bundles"
FILES = sorted(BUNDLES.glob("*/*.json")) if SHARED else []
FILES = [path for path in FILES if path.name != "PROVENANCE.json"]

pytestmark = pytest.mark.skipif(
    not FILES, reason="CODEWARRANT_SHARED is not set: no real bundles to read"
)


def read(path: Path) -> tuple[OpenedBundle, list[Chart]] | None:
    try:
        found = open_bundle(path.read_bytes(), Limits())
    except Refused:
        return None
    return found, [found.chart(request) for request in found.requests()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name[:40]}")
def test_every_file_is_read_whole_or_refused(path: Path) -> None:
    """Each Condition and each document of a chart ends as something that is said."""
    result = read(path)
    if result is None:
        with pytest.raises(Refused, match=r"Bundle"):
            open_bundle(path.read_bytes())
        return
    found, charts = result
    placed = {record.name for part in found.parts for record in part.members}
    unplaced = {item.source for item in found.unplaced}
    for part, chart in zip(found.parts, charts, strict=True):
        said = {one.evidence[0].source for one in chart.entities if isinstance(one, Diagnosis)}
        said |= {one.source for one in chart.unread}
        assert {record.name for record in part.of("Condition")} <= said
        texts = {one.source for one in chart.notes} | said
        assert {record.name for record in part.of("DocumentReference")} <= texts
        for entity in chart.entities:
            assert entity.evidence
            to_fact(entity)
    for record in found.index.of("Condition"):
        assert record.name in placed | unplaced


@pytest.mark.parametrize(
    ("folder", "files", "charts"),
    [
        ("synthea_2025_notes", 20, 20),
        ("synthea_2020_iris", 6, 190),
        ("synthea_2021_smart", 13, 400),
    ],
)
def test_every_encounter_is_a_chart(folder: str, files: int, charts: int) -> None:
    results = [read(path) for path in FILES if path.parent.name == folder]
    kept = [result for result in results if result is not None]
    assert (len(kept), sum(len(charts) for _, charts in kept)) == (files, charts)
    assert all(not found.unplaced for found, _ in kept)


def test_shuffled_entries_give_equal_charts() -> None:
    for path in sorted(BUNDLES.glob("synthea_2025_notes/*.json"))[:6]:
        bundle = orjson.loads(path.read_bytes())
        result = read(path)
        assert result is not None
        random.Random(7).shuffle(bundle["entry"])
        shuffled = open_bundle(orjson.dumps(bundle))
        assert [shuffled.chart(request) for request in shuffled.requests()] == result[1]


def test_a_bare_explanation_of_benefit_is_read_once_it_stands_in_a_bundle() -> None:
    for path in sorted(BUNDLES.glob("cms_bfd/ExplanationOfBenefit*.json")):
        resource = orjson.loads(path.read_bytes())
        entry = [{"resource": resource}]
        wrapped = {"resourceType": "Bundle", "type": "collection", "entry": entry}
        found = open_bundle(orjson.dumps(wrapped))
        (request,) = found.requests()
        chart = found.chart(request)
        assert chart.claim_only
        said = {one.evidence[0].path.split(".")[0] for one in chart.entities}
        said |= {one.path.split(".")[0] for one in chart.unread}
        assert {f"item[{i}]" for i in range(len(resource["item"]))} <= said
