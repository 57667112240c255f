"""One evaluation chart through the real pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from codewarrant.coding.chart import decide, read_chart
from codewarrant.coding.snapshot import Snapshot
from codewarrant.engine.errors import EngineError
from codewarrant.evaluation.charts import ChartForm, to_bundle
from codewarrant.evaluation.metrics import Coded
from codewarrant.fhir.errors import Refused
from codewarrant.fhir.read import open_bundle


@dataclass(frozen=True, slots=True)
class Prediction:
    """A chart as coded; ``problem`` says why it could not be, and then it has no codes."""

    coded: Coded
    measured: bool
    """False for a claim checked by the edits alone: its codes were given, not found."""
    problem: str = ""

    def to_line(self) -> bytes:
        """The line of a predictions file."""
        form = {
            "id": self.coded.id,
            "codes": [{"system": code.system, "code": code.value} for code in self.coded.codes],
            "confidence": self.coded.confidence,
            "lane": self.coded.lane,
        }
        return orjson.dumps(form) + b"\n"


def predict(chart: ChartForm, snapshot: Snapshot) -> Prediction:
    """Code a chart. Predicted are the diagnoses in sequence and the lines not given with it."""
    measured = not chart.edits_alone
    try:
        opened = open_bundle(to_bundle(chart))
        (request,) = opened.requests()
        # nothing is stored: the bytes of the reading and of the decision need not be made
        body = decide(read_chart(opened, request, snapshot), snapshot)
    except (Refused, EngineError) as error:
        why = error.issues[0].message if isinstance(error, Refused) else str(error)
        nothing = Coded(chart.id, (), chart.gold, 0, "error")
        return Prediction(nothing, measured, f"{chart.id}: {why}")
    lines = () if chart.claim is not None else tuple(item.code for item in body.lines)
    codes = (*(item.code for item in body.diagnoses), *lines)
    coded = Coded(chart.id, codes, chart.gold, body.route.confidence, body.route.lane)
    return Prediction(coded, measured)
