"""What the engines are measured against: plain Python, a small chainer, and parsing the facts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from forward_workload import Firing, Line, Lines, Rules

# ---- plain Python: what a programmer would write out for these rules, no trace ---------

PLAIN_ONE = """\
def rule_{number}(line, fired):
    if line.units > {limit}:
        fired.append(({number}, line.number))
ONE["{code}"] = rule_{number}
"""

PLAIN_TWO = """\
def rule_{number}(firsts, by_code, fired):
    for second in by_code.get("{second}", ()):
        for first in firsts:
            if first.date == second.date:
                fired.append(({number}, first.number, second.number))
TWO["{first}"] = rule_{number}
"""

PLAIN_RUN = """\
def run(lines):
    fired = []
    by_code = {}
    one, two = ONE.get, TWO.get
    for line in lines:
        code = line.code
        rule = one(code)
        if rule is not None:
            rule(line, fired)
        if code in by_code:
            by_code[code].append(line)
        else:
            by_code[code] = [line]
    for code, firsts in by_code.items():
        rule = two(code)
        if rule is not None:
            rule(firsts, by_code, fired)
    return fired
"""


def plain_python(rules: Rules) -> Callable[[Sequence[Line]], list[Firing]]:
    """A function for each rule, found by code; joins are nested loops. Every rule of the workload
    has codes of its own, so each code has one function."""
    parts = [
        PLAIN_ONE.format(number=one.number, limit=one.limit, code=one.code) for one in rules.one
    ]
    parts += [
        PLAIN_TWO.format(number=one.number, first=one.first, second=one.second) for one in rules.two
    ]
    names: dict[str, Any] = {"ONE": {}, "TWO": {}}
    exec(compile("".join([*parts, PLAIN_RUN]), "<rules>", "exec"), names)
    return names["run"]


# ---- a small chainer: rules are data, indexes by hash, each firing says why ------------


class Pattern(NamedTuple):
    rule: int
    place: int
    limit: int | None
    """The units that a line must have more of."""


@dataclass(frozen=True, slots=True)
class Tested:
    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class Explained:
    """A firing with the lines and the values that it rests on."""

    rule: int
    lines: tuple[int, ...]
    tests: tuple[Tested, ...]


def small_chainer(rules: Rules) -> Callable[[Sequence[Line]], list[Explained]]:
    """A chainer for this workload's two shapes of rules: two-valued, one stage, provenance."""
    patterns: dict[str, list[Pattern]] = defaultdict(list)
    for one in rules.one:
        patterns[one.code].append(Pattern(one.number, 0, one.limit))
    for two in rules.two:
        patterns[two.first].append(Pattern(two.number, 0, None))
        patterns[two.second].append(Pattern(two.number, 1, None))

    def run(lines: Sequence[Line]) -> list[Explained]:
        fired: list[Explained] = []
        memory: dict[tuple[int, int, Any], list[Line]] = {}
        for line in lines:
            for rule, place, limit in patterns.get(line.code, ()):
                if limit is not None:
                    if line.units > limit:
                        tests = (Tested("code", line.code), Tested("units", line.units))
                        fired.append(Explained(rule, (line.number,), tests))
                    continue
                memory.setdefault((rule, place, line.date), []).append(line)
                for other in memory.get((rule, 1 - place, line.date), ()):
                    first, second = (other, line) if place else (line, other)
                    tests = (
                        Tested("code", first.code),
                        Tested("code", second.code),
                        Tested("date", line.date),
                    )
                    fired.append(Explained(rule, (first.number, second.number), tests))
        fired.sort(key=lambda one: (one.rule, one.lines))
        return fired

    return run


def explained_firings(fired: Sequence[Explained]) -> list[Firing]:
    """What fired, as numbers."""
    return [(one.rule, *one.lines) for one in fired]


# ---- parsing -----------------------------------------------------------------------


def as_json(lines: Lines) -> bytes:
    """The chart as a service would receive it."""
    return json.dumps(
        [
            {
                "number": line.number,
                "code": line.code,
                "units": line.units,
                "date": line.date.isoformat(),
            }
            for line in lines.lines
        ]
    ).encode()
