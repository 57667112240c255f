"""``codewarrant evaluate``: charts with a coder's codes, coded and measured."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from codewarrant.cli.coding import CannotCode, open_snapshot
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, messages, results, write_json
from codewarrant.evaluation.charts import BadLine, read_charts
from codewarrant.evaluation.metrics import Measured, measure
from codewarrant.evaluation.predict import Prediction, predict


def run(path: Path, *, packs: Sequence[Path], predictions: Path | None, json: bool) -> Exit:
    """Code every chart of the file and print the measures; bad lines are named and passed over."""
    errors = messages()
    try:
        lines = path.read_bytes().split(b"\n")
        snapshot = open_snapshot(packs)
    except OSError as error:
        message = f"{path}: cannot read the file: {error.strerror}"
        return fail(message, Exit.REFUSED, json=json)
    except CannotCode as error:
        return fail(str(error), Exit.REFUSED, json=json)
    done: list[Prediction] = []
    refused: list[str] = []
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        for chart in progress.track(list(read_charts(lines)), description="coding"):
            if isinstance(chart, BadLine):
                problem = f"line {chart.number}: {chart.message}"
            else:
                done.append(predict(chart, snapshot))
                problem = done[-1].problem
            if problem:
                refused.append(problem)
                errors.print(f"{path}: {problem}", style="red", markup=False)
    if predictions is not None:
        try:
            predictions.write_bytes(b"".join(item.to_line() for item in done))
        except OSError as error:
            return fail(f"{predictions}: cannot write: {error.strerror}", Exit.REFUSED, json=json)
    measured = measure([item.coded for item in done if item.measured])
    lanes = {
        lane: sum(item.coded.lane == lane for item in done)
        for lane in ("autonomous", "review", "error")
    }
    if json:
        write_json({**_form(measured), "lanes": lanes, "refused": refused})
    else:
        _show(results(soft_wrap=False), measured, lanes)
    return Exit.REFUSED if refused else Exit.FINE


def _text(ratio: Fraction | None) -> str:
    return "–" if ratio is None else f"{float(ratio):.4f}"


def _form(measured: Measured) -> dict[str, Any]:
    ratios = ("precision", "recall", "f1", "exact_set")
    return {
        "charts": measured.charts,
        "hits": measured.hits,
        "extra": measured.extra,
        "missed": measured.missed,
        "exact": measured.exact,
        **{name: _text(getattr(measured, name)) for name in ratios},
        "risk": [
            {"coverage_percent": percent, "charts": charts, "wrong": wrong,
             "risk": _text(Fraction(wrong, charts) if charts else None)}
            for percent, charts, wrong in measured.risk
        ],
    }  # fmt: skip


def _show(console: Console, measured: Measured, lanes: dict[str, int]) -> None:
    table = Table(title=f"{measured.charts} charts")
    for name in ("micro P", "micro R", "micro F1", "exact set"):
        table.add_column(name)
    table.add_row(
        *(
            _text(item)
            for item in (measured.precision, measured.recall, measured.f1, measured.exact_set)
        )
    )
    console.print(table)
    risk = Table(title="risk at coverage")
    for name in ("coverage", "charts", "not exact", "risk"):
        risk.add_column(name, justify="right")
    for percent, charts, wrong in measured.risk:
        risk.add_row(
            f"{percent} %",
            str(charts),
            str(wrong),
            _text(Fraction(wrong, charts) if charts else None),
        )
    console.print(risk)
    console.print(", ".join(f"{lane} {count}" for lane, count in lanes.items()))
