"""Rules and charts of any size for comparing rule engines, with the firings known beforehand.

Half of the rules test one line (its code, and units above a limit), half join two lines (two codes,
one date). A visit is ten lines on a date of its own:

- two lines of rules with units above the limit: two firings
- two lines of other rules with units at or below it: none
- two lines with both codes of a joining rule: one firing
- two lines with one code each of two joining rules: none
- two lines with codes that no rule names: none

So there are three firings for ten lines whatever the number of rules, about as many as in the
shipped examples, and each cost can be plotted at equal firings.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

SEED = 20260310
LINES_A_VISIT = 10
FIRST_DAY = date(2020, 1, 1)
UNNAMED = 500
"""Codes that no rule names."""


@dataclass(frozen=True, slots=True)
class OneLine:
    """Fires for a line with this code and more units than ``limit``."""

    number: int
    code: str
    limit: int


@dataclass(frozen=True, slots=True)
class TwoLines:
    """Fires for a line with each code on one date."""

    number: int
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule set; rules are numbered from 0 across both kinds."""

    one: tuple[OneLine, ...]
    two: tuple[TwoLines, ...]
    unnamed: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.one) + len(self.two)


@dataclass(frozen=True, slots=True)
class Line:
    """A service line; ``number`` is its place in the chart, from 0."""

    number: int
    code: str
    units: int
    date: date


Firing = tuple[int, ...]
"""The rule's number, then the numbers of its lines in the rule's order."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A chart and what fires on it."""

    lines: tuple[Line, ...]
    firings: frozenset[Firing]


def rule_set(count: int, seed: int = SEED) -> Rules:
    """So many rules, half of each kind; each rule has codes of its own, in no order."""
    half = count // 2
    codes = random.Random(f"{seed} rules {count}").sample(range(10000, 100000), 3 * half + UNNAMED)
    texts = [str(code) for code in codes]
    limits = random.Random(f"{seed} limits {count}")
    return Rules(
        tuple(OneLine(at, texts[at], limits.randint(2, 6)) for at in range(half)),
        tuple(
            TwoLines(half + at, texts[half + 2 * at], texts[half + 2 * at + 1])
            for at in range(half)
        ),
        tuple(texts[3 * half :]),
    )


def chart(rules: Rules, count: int, seed: int = SEED) -> Lines:
    """A chart of so many lines (whole visits of ten), in no order."""
    rng = random.Random(f"{seed} chart {len(rules)} {count}")
    drawn: list[tuple[str, int, date, Firing]] = []
    """Code, units, date, and the firing that the line is part of (its rule and which line)."""
    for visit in range(count // LINES_A_VISIT):
        day = FIRST_DAY + timedelta(days=visit)
        over, also_over, under, also_under = rng.sample(rules.one, 4)
        joined, left, right = rng.sample(rules.two, 3)
        for one in (over, also_over):
            drawn.append((one.code, one.limit + rng.randint(1, 5), day, (one.number, 0)))
        for one in (under, also_under):
            drawn.append((one.code, rng.randint(1, one.limit), day, ()))
        units = [rng.randint(1, 9) for _ in range(6)]
        drawn.append((joined.first, units[0], day, (joined.number, 0)))
        drawn.append((joined.second, units[1], day, (joined.number, 1)))
        drawn.append((left.first, units[2], day, ()))
        drawn.append((right.second, units[3], day, ()))
        for amount in units[4:]:
            drawn.append((rng.choice(rules.unnamed), amount, day, ()))
    rng.shuffle(drawn)
    lines = tuple(Line(at, code, units, day) for at, (code, units, day, _) in enumerate(drawn))
    firings: set[Firing] = set()
    firsts: dict[tuple[int, date], int] = {}
    seconds: dict[tuple[int, date], int] = {}
    for line, (_, _, day, part) in zip(lines, drawn, strict=True):
        if not part:
            continue
        rule, place = part
        if rule < len(rules.one):
            firings.add((rule, line.number))
        else:
            (seconds if place else firsts)[rule, day] = line.number
    firings |= {(rule, first, seconds[rule, day]) for (rule, day), first in firsts.items()}
    return Lines(lines, frozenset(firings))
