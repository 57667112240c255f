"""The workload in CLIPS and ZEN, each in its own form; both are loaded into this process.

Imports stand in the functions: the peers are installed by ``make bench`` only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forward_workload import Firing, Lines, Rules

# ---- CLIPS ------------------------------------------------------------------------

LINE_TEMPLATE = (
    "(deftemplate line (slot number (type INTEGER)) (slot code (type SYMBOL))"
    " (slot units (type INTEGER)) (slot day (type INTEGER)))"
)
FIRED_TEMPLATE = "(deftemplate fired (slot rule (type INTEGER)) (multislot lines (type INTEGER)))"
CLIPS_ONE = (
    "(defrule rule-{number} (line (number ?a) (code c{code}) (units ?u&:(> ?u {limit}))) => {then})"
)
CLIPS_TWO = (
    "(defrule rule-{number} (line (number ?a) (code c{first}) (day ?day))"
    " (line (number ?b) (code c{second}) (day ?day)) => {then})"
)
TELL = "(fire {number} {lines})"
KEEP = "(assert (fired (rule {number}) (lines {lines})))"
CLIPS_FACT = "(line (number {number}) (code {code}) (units {units}) (day {day}))"


@dataclass(frozen=True)
class Clips:
    """An environment with the rules; ``fired`` has what they told Python since it was emptied."""

    environment: Any
    fired: list[Firing]


def clips_rules(rules: Rules, tell: bool = True) -> Clips:
    """What fires is told to a Python function, the fastest way out; or kept in CLIPS as a fact."""
    import clips  # pyright: ignore[reportMissingImports]

    environment = clips.Environment()
    fired: list[Firing] = []

    def fire(*numbers: int) -> None:
        fired.append(numbers)

    environment.define_function(fire)
    environment.build(LINE_TEMPLATE)
    environment.build(FIRED_TEMPLATE)
    then = TELL if tell else KEEP
    for one in rules.one:
        end = then.format(number=one.number, lines="?a")
        environment.build(
            CLIPS_ONE.format(number=one.number, code=one.code, limit=one.limit, then=end)
        )
    for two in rules.two:
        end = then.format(number=two.number, lines="?a ?b")
        environment.build(
            CLIPS_TWO.format(number=two.number, first=two.first, second=two.second, then=end)
        )
    return Clips(environment, fired)


def clips_empty(clips: Clips) -> None:
    """Take the chart and what it fired out again."""
    clips.environment.reset()
    clips.fired.clear()


def clips_slots(lines: Lines) -> list[dict[str, Any]]:
    """The chart as keyword arguments of ``Template.assert_fact``; codes are symbols."""
    import clips  # pyright: ignore[reportMissingImports]

    return [
        {
            "number": line.number,
            "code": clips.Symbol(f"c{line.code}"),
            "units": line.units,
            "day": line.date.toordinal(),
        }
        for line in lines.lines
    ]


def clips_text(lines: Lines) -> str:
    """The chart as text that CLIPS reads."""
    return " ".join(
        CLIPS_FACT.format(**{**one, "code": str(one["code"])}) for one in clips_slots(lines)
    )


def clips_asserting(clips: Clips, lines: Lines) -> Callable[[], int]:
    """How to run a chart that comes as Python values."""
    slots = clips_slots(lines)

    def run() -> int:
        add = clips.environment.find_template("line").assert_fact
        for one in slots:
            add(**one)
        return clips.environment.run()

    return run


def clips_reading(clips: Clips, lines: Lines) -> Callable[[], int]:
    """How to run a chart that comes as text."""
    text = clips_text(lines)

    def run() -> int:
        clips.environment.load_facts(text)
        return clips.environment.run()

    return run


def clips_compiled_in(clips: Clips, lines: Lines) -> Callable[[], int]:
    """How to run a chart that was compiled into the environment beforehand, as a ``deffacts``.

    No chart that arrives can be run so; it shows what CLIPS costs without its Python binding.
    """
    clips.environment.build(f"(deffacts chart {clips_text(lines)})")

    def run() -> int:
        clips.environment.reset()
        return clips.environment.run()

    return run


def clips_kept(clips: Clips) -> list[Firing]:
    """What fired, read back from the facts that were kept."""
    found = clips.environment.find_template("fired").facts()
    return [(fact["rule"], *fact["lines"]) for fact in found]


# ---- ZEN ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ZenChart:
    run: Callable[[], Any]
    firings: Callable[[Any], list[Firing]]


def zen_rules(rules: Rules) -> Any:
    """One decision table with a row for each rule of one line; all rows that hold are collected.

    It is asked once for a chart and goes through its lines itself.
    """
    import zen  # pyright: ignore[reportMissingImports]

    rows = [
        {"_id": str(one.number), "code": f'"{one.code}"', "units": f"> {one.limit}",
         "rule": str(one.number)}
        for one in rules.one
    ]  # fmt: skip
    table = {
        "hitPolicy": "collect",
        "executionMode": "loop",
        "inputField": "lines",
        "outputPath": "hits",
        "passThrough": False,
        "inputs": [{"id": name, "name": name, "field": name} for name in ("code", "units")],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    model = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "table"},
            {"id": "2", "type": "edge", "sourceId": "table", "targetId": "out"},
        ],
    }
    return zen.ZenEngine().create_decision(json.dumps(model))


def zen_chart(decision: Any, lines: Lines) -> ZenChart:
    """The chart as the dictionary that ``evaluate`` takes."""
    given = {"lines": [{"code": one.code, "units": one.units} for one in lines.lines]}

    def firings(answer: Any) -> list[Firing]:
        return [
            (int(hit["rule"]), number)
            for number, hits in enumerate(answer["result"]["hits"])
            for hit in hits
        ]

    return ZenChart(lambda: decision.evaluate(given), firings)
