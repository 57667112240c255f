"""What a run of pytest-benchmark left behind, read from its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "Codewarrant"


@dataclass(frozen=True, slots=True)
class Cell:
    """One engine on one number of rules and facts."""

    engine: str
    rules: int
    facts: int
    firings: int
    seconds: float
    """Median of a chart; not a number of interest where it failed."""
    failed: str = ""


@dataclass(frozen=True)
class Results:
    """All that was measured. ``medians`` has seconds by the benchmark's name."""

    cells: tuple[Cell, ...]
    medians: Mapping[str, float]
    extra: Mapping[str, Mapping[str, Any]]
    seconds_by_file: Mapping[str, float]

    def seconds(self, engine: str, rules: int, facts: int) -> float | None:
        """What an engine took on a cell; None where it failed or was not measured."""
        for one in self.cells:
            if (one.engine, one.rules, one.facts) == (engine, rules, facts) and not one.failed:
                return one.seconds
        return None

    def points(self, engine: str, *, rules: int = 0, facts: int = 0) -> list[tuple[float, float]]:
        """The curve of an engine in ms: against facts at fixed ``rules``, or the other way."""
        found = [one for one in self.cells if one.engine == engine and not one.failed]
        if rules:
            return sorted((one.facts, one.seconds * 1e3) for one in found if one.rules == rules)
        return sorted((one.rules, one.seconds * 1e3) for one in found if one.facts == facts)

    @property
    def engines(self) -> tuple[str, ...]:
        """In the order in which they were measured."""
        return tuple(dict.fromkeys(one.engine for one in self.cells))

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Pairs of rules and facts."""
        return tuple(sorted({(one.rules, one.facts) for one in self.cells}))


def read_results(path: Path) -> Results:
    """Raises ``OSError`` or ``ValueError`` where the file is not such JSON."""
    cells: list[Cell] = []
    medians: dict[str, float] = {}
    extra: dict[str, Mapping[str, Any]] = {}
    found = json.loads(path.read_bytes())
    for one in found["benchmarks"]:
        info = one["extra_info"]
        seconds = info.get("seconds", one["stats"]["median"])
        if info.get("section") == "forward chaining":
            cells.append(
                Cell(
                    info["engine"],
                    info["rules"],
                    info["facts"],
                    info["firings"],
                    seconds,
                    info.get("failed", ""),
                )
            )
        else:
            medians[one["name"]] = seconds
            extra[one["name"]] = info
    return Results(tuple(cells), medians, extra, found["seconds by file"])
