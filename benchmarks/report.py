"""Write docs/benchmarks.md and its plots from the JSON of a run; ``make bench`` does both."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from results import OURS, Results, read_results
from svg_plot import Series, exponent, log_plot
from targets import Verdict, times, verdicts

DOCS = Path(__file__).resolve().parent.parent / "docs"
VERSIONED = ("durable-rules", "clipspy", "zen-engine", "msgspec", "fhir.resources", "pydantic")
AT_FACTS, AT_RULES = 1000, 5000
"""Where the two plots are cut."""

HEAD = """\
# Benchmarks

Written by `make bench`: it installs the engines to compare with (`requirements/bench.txt`), runs
every benchmark once and writes this page with its plots. This run took {minutes}.

{machine}

All times are of the processor, so that what else the machine does is not counted. Trust ratios more
than times: everything on this page was measured in one run.
"""

FORWARD = """\
## Forward chaining

One generated workload in each engine's own form (`benchmarks/forward_workload.py`). Half of the
rules test one fact (a code, and units above a limit), half join two (two codes, one date). Ten
facts give three firings whatever the number of rules. Before an engine is timed, its firings are
compared with the expected ones: each exactly once and no other.

Median milliseconds for one chart. Loading the rules is not counted, nor is building the facts in
the form that an engine takes; handing what fired to Python is. What was loaded is frozen out of
garbage collection for all.
"""

ENGINES = """\
- **Codewarrant**: from rule text, with every stage, three-valued, the whole trace recorded. The
  canonical bytes of that trace, as a store keeps them, are timed apart.
- **durable-rules**: at most 4,000 rules in a rule set, a bucket field before the code (more than
  511 constants on one field hang), in a process of its own that is timed from inside. A crash or a
  time-out is shown as such.
- **CLIPS** (clipspy): facts asserted through `Template.assert_fact`, the call for a chart that
  arrives as data; what fires is told to a Python function. **Facts as text**: the same through
  `load_facts`.
- **CLIPS, chart compiled in**: the chart is a part of the program, as a `deffacts`, its parsing is
  not counted, and what fires stays in CLIPS. No chart that arrives can be run so: it shows what the
  network in C costs alone.
- **ZEN** (zen-engine): a decision table of the one-fact rules, asked once for all facts of a chart;
  to be compared with **Codewarrant, one-fact rules only**.
- **plain Python**: a generated function for each rule, found in a dict by code, nested loops for
  joins, no trace: the floor.
- **small chainer**: rules as data, hash indexes, a reason for each firing, for these two shapes of
  rules only; two-valued, no stages.
- **parsing the facts**: the same chart from JSON into typed structs with msgspec.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the page and the plots; 2 for bad usage, 3 for results that cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="what --benchmark-json wrote")
    given = parser.parse_args(arguments)
    try:
        results = read_results(given.results)
    except (OSError, ValueError, KeyError) as error:
        print(f"{given.results}: {error}", file=sys.stderr)
        return 3
    for name, text in plots(results).items():
        (DOCS / name).write_text(text, "utf-8")
    (DOCS / "benchmarks.md").write_text(page(results), "utf-8")
    print(f"docs/benchmarks.md from {len(results.cells) + len(results.medians)} benchmarks")
    return 0


def page(results: Results) -> str:
    """The whole page."""
    parts = [
        HEAD.format(machine=machine(), minutes=duration(results)),
        "## Targets\n",
        target_table(verdicts(results)),
        FORWARD,
        forward_table(results),
        ENGINES,
        "Times that of Codewarrant (above 1: slower than Codewarrant):\n",
        ratio_table(results),
        "### How cost grows\n",
        f"Cost against rules at {AT_FACTS:,} facts and {firings_at(results)} firings:\n",
        "![Cost of a chart against the number of rules](benchmarks-rules.svg)\n",
        f"Cost against facts at {AT_RULES:,} rules:\n",
        "![Cost of a chart against the number of facts](benchmarks-facts.svg)\n",
        "Fitted exponents (least squares on logarithms; 0: does not grow, 1: linear):\n",
        exponent_table(results),
        "## Everything else\n",
        other_table(results),
    ]
    return "\n".join(parts)


def duration(results: Results) -> str:
    """What the run took, and its parts."""
    parts = ", ".join(
        f"{seconds:.0f} s `{name}`" for name, seconds in results.seconds_by_file.items()
    )
    return f"{sum(results.seconds_by_file.values()) / 60:.1f} minutes ({parts})"


def machine() -> str:
    """What kind of machine and which versions, without any name."""
    found = [f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"]
    memory = Path("/proc/meminfo")
    if memory.exists():
        size = re.search(r"MemTotal:\s+(\d+)", memory.read_text())
        if size:
            found.append(f"{int(size[1]) / 2**20:.0f} GB memory")
    found.append(f"{platform.python_implementation()} {platform.python_version()}")
    for name in VERSIONED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return "; ".join(found) + "."


def table(head: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A Markdown table; columns after the first ``left`` are aligned right."""
    rule = ["---" if at < left else "---:" for at in range(len(head))]
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, rule, *rows))


def target_table(found: list[Verdict]) -> str:
    said = {True: "yes", False: "**no**", None: "not measured"}
    rows = [[one.target, one.figure, said[one.met]] for one in found]
    return table(["target", "figure", "met"], rows, left=3)


def milliseconds(seconds: float) -> str:
    """Three digits."""
    value = seconds * 1e3
    if value < 0.1:
        return f"{value:.4f}"
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def _cell(results: Results, engine: str, rules: int, facts: int) -> str:
    seconds = results.seconds(engine, rules, facts)
    if seconds is not None:
        return milliseconds(seconds)
    failed = [
        one.failed
        for one in results.cells
        if (one.engine, one.rules, one.facts) == (engine, rules, facts)
    ]
    return failed[0] if failed else "not measured"


def _columns(results: Results) -> list[str]:
    return [f"{rules:,} × {facts:,}" for rules, facts in results.sizes]


def firings_at(results: Results) -> str:
    """The firings of the charts that the first plot is of."""
    found = {one.firings for one in results.cells if one.engine == OURS and one.facts == AT_FACTS}
    return " or ".join(f"{count:,}" for count in sorted(found))


def forward_table(results: Results) -> str:
    fired = {(one.rules, one.facts): one.firings for one in results.cells if one.engine == OURS}
    rows = [["firings", *(f"{fired[size]:,}" for size in results.sizes)]]
    for engine in results.engines:
        rows.append([engine, *(_cell(results, engine, *size) for size in results.sizes)])
    return table(["rules × facts", *_columns(results)], rows)


def ratio_table(results: Results) -> str:
    rows = []
    for engine in results.engines:
        against = f"{OURS}, one-fact rules only" if engine.startswith("ZEN") else OURS
        if engine.startswith(OURS):
            continue
        row = [engine]
        for size in results.sizes:
            theirs, ours = results.seconds(engine, *size), results.seconds(against, *size)
            row.append(times(theirs / ours) if theirs and ours else "")
        rows.append(row)
    return table(["rules × facts", *_columns(results)], rows)


def exponent_table(results: Results) -> str:
    all_facts = sorted({facts for _, facts in results.sizes})
    all_rules = sorted({rules for rules, _ in results.sizes})
    head = ["exponent"]
    head += [f"in rules, {facts:,} facts" for facts in all_facts]
    head += [f"in facts, {rules:,} rules" for rules in all_rules]
    rows = []
    for engine in results.engines:
        curves = [results.points(engine, facts=facts) for facts in all_facts]
        curves += [results.points(engine, rules=rules) for rules in all_rules]
        rows.append([engine, *(power(one) if len(one) > 1 else "" for one in curves)])
    return table(head, rows)


def power(points: list[tuple[float, float]]) -> str:
    """The fitted exponent to two digits; what rounds to nothing has no sign."""
    return f"{round(exponent(points), 2) + 0.0:.2f}"


def plots(results: Results) -> dict[str, str]:
    """The two plots by file name."""
    shown = [one for one in results.engines if "one-fact" not in one or one.startswith("ZEN")]
    against_rules = _series(results, shown, facts=AT_FACTS)
    against_facts = _series(results, shown, rules=AT_RULES)
    return {
        "benchmarks-rules.svg": log_plot(
            f"One chart of {AT_FACTS:,} facts (exponents in brackets)",
            "rules",
            "ms",
            against_rules,
        ),
        "benchmarks-facts.svg": log_plot(
            f"One chart under {AT_RULES:,} rules (exponents in brackets)",
            "facts",
            "ms",
            against_facts,
        ),
    }


def _series(
    results: Results, engines: list[str], *, rules: int = 0, facts: int = 0
) -> list[Series]:
    found = []
    for engine in engines:
        points = results.points(engine, rules=rules, facts=facts)
        if len(points) > 1:
            label = f"{engine} ({power(points)})"
            found.append(Series(label, tuple(points)))
    return found


def other_table(results: Results) -> str:
    rows = []
    for name, seconds in results.medians.items():
        figures = results.extra[name]
        said = ", ".join(f"{key}: {shown(value)}" for key, value in figures.items())
        rows.append([f"`{name}`", said or f"{milliseconds(seconds)} ms"])
    return table(["benchmark", "median, or what it counts"], rows)


def shown(value: object) -> str:
    """A figure to three digits; what holds figures as what it holds."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(one)}" for key, one in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
