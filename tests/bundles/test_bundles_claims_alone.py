"""Real claims without encounters: each a decision, or an error that says what is missing.

They cannot be shipped; ``CODEWARRANT_SHARED`` names the folder that holds them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from codewarrant.cli.coding import code_bytes
from codewarrant.coding.snapshot import Snapshot

SHARED = os.environ.get("CODEWARRANT_SHARED", "")
FOLDER = Path(SHARED) / "bundles"
BENEFITS = sorted((FOLDER / "cms_bfd").glob("ExplanationOfBenefit*.json")) if SHARED else []
REQUESTS = sorted(FOLDER.glob("davinci_pas*/*.json")) if SHARED else []
pytestmark = pytest.mark.skipif(
    not BENEFITS, reason="CODEWARRANT_SHARED names no folder of bundles"
)


@pytest.mark.parametrize("path", BENEFITS, ids=lambda path: path.stem)
def test_each_explanation_of_benefit_in_a_bundle_is_a_decision(
    path: Path, installed: Snapshot
) -> None:
    """The files hold the resource alone, which is refused by name; in a bundle it is read."""
    data = path.read_bytes()
    (issue,) = code_bytes(path.name, data, "", installed).refused
    assert issue.message == "not a FHIR Bundle: found ExplanationOfBenefit"
    benefit = json.loads(data)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": benefit}]}
    coded = code_bytes(path.name, json.dumps(bundle).encode(), "", installed)
    assert coded.refused == ()
    (chart,) = coded.charts
    body = chart.decision.body
    assert body.chart.startswith("ExplanationOfBenefit/")
    assert len(body.lines) <= len(benefit.get("item", []))
    assert body.route.lane in ("autonomous", "review", "error")


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_request_is_decided_or_refused_with_a_reason(path: Path, installed: Snapshot) -> None:
    form = json.loads(path.read_bytes())
    coded = code_bytes(path.name, path.read_bytes(), "", installed)
    kinds = {entry.get("resource", {}).get("resourceType") for entry in form.get("entry", [])}
    if form["resourceType"] == "Bundle" and kinds & {"Claim", "Encounter"}:
        assert coded.refused == ()
        assert coded.charts
    else:
        assert coded.charts == ()
        assert all(issue.message for issue in coded.refused)
        assert coded.refused
