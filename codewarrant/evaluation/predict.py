"""One evaluation chart through the real pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from codewarrant.coding.chart import code_opened
from codewarrant.coding.snapshot import Snapshot
from codewarrant.evaluation.charts import ChartForm, to_bundle
from codewarrant.evaluation.metrics import Coded
from codewarrant.fhir.errors import Refused
from codewarrant.fhir.read import open_bundle


@dataclass(frozen=True, slots=True)
class Prediction:
    """A chart as coded."""

    coded: Coded

    def to_line(self) -> bytes:
        """The line of a predictions file."""
        form = {
            "id": self.coded.id,
            "codes": [{"system": code.system, "code": code.value} for code in self.coded.codes],
            "confidence": self.coded.confidence,
            "lane": self.coded.lane,
        }
        return orjson.dumps(form) + b"\n"


def predict(chart: ChartForm, snapshot: Snapshot) -> Prediction | str:
    """Code a chart; a refusal comes back as its message.

    Predicted are the diagnoses in sequence and the service lines that were not given with it.
    """
    try:
        opened = open_bundle(to_bundle(chart))
        (request,) = opened.requests()
        body = code_opened(opened, request, snapshot).decision.body
    except Refused as error:
        return f"{chart.id}: {error.issues[0].message}"
    lines = () if chart.claim is not None else tuple(item.code for item in body.lines)
    codes = (*(item.code for item in body.diagnoses), *lines)
    return Prediction(Coded(chart.id, codes, chart.gold, body.route.confidence, body.route.lane))
