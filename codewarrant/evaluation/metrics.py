"""Measures of coding against a coder's codes, over charts.

Micro measures count (chart, code) pairs; exact set asks whether a chart's codes are the coder's,
no more and no fewer. Risk at coverage c: the share of charts that are not exact among the share c
of charts with the highest confidence (El-Yaniv and Wiener, 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from codewarrant.engine.values import Code

COVERAGES = (10, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100)
"""Percent of charts."""


@dataclass(frozen=True, slots=True)
class Coded:
    """One chart as coded: its codes in sequence, what a coder gave, and confidence in ppm."""

    id: str
    codes: tuple[Code, ...]
    gold: frozenset[Code]
    confidence: int
    lane: str

    @property
    def exact(self) -> bool:
        return frozenset(self.codes) == self.gold


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts and ratios over charts; a ratio over nothing is None."""

    charts: int
    hits: int
    extra: int
    missed: int
    exact: int
    risk: tuple[tuple[int, int, int], ...]
    """Coverage in percent, charts in it, charts among them that are not exact."""

    @property
    def precision(self) -> Fraction | None:
        return _ratio(self.hits, self.hits + self.extra)

    @property
    def recall(self) -> Fraction | None:
        return _ratio(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> Fraction | None:
        return _ratio(2 * self.hits, 2 * self.hits + self.extra + self.missed)

    @property
    def exact_set(self) -> Fraction | None:
        return _ratio(self.exact, self.charts)


def measure(coded: Sequence[Coded]) -> Measured:
    """Measure charts; equal confidences are ordered by id, so that the curve is always the same."""
    hits = sum(len(frozenset(item.codes) & item.gold) for item in coded)
    ranked = sorted(coded, key=lambda item: (-item.confidence, item.id))
    risk: list[tuple[int, int, int]] = []
    for percent in COVERAGES:
        kept = ranked[: -(-len(ranked) * percent // 100)]
        risk.append((percent, len(kept), sum(not item.exact for item in kept)))
    return Measured(
        charts=len(coded),
        hits=hits,
        extra=sum(len(frozenset(item.codes) - item.gold) for item in coded),
        missed=sum(len(item.gold - frozenset(item.codes)) for item in coded),
        exact=sum(item.exact for item in coded),
        risk=tuple(risk),
    )


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
