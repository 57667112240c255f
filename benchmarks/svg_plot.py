"""A plot with two logarithmic axes as SVG text; the same points give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 290, 44, 52
FONT = 'font-family="system-ui, sans-serif" font-size="12"'
COLOURS = (
    "#0b6e4f", "#7fb69e", "#c1440e", "#2b5c9e", "#8fb3dd", "#8a4fa3", "#555555", "#999999",
    "#c9a227", "#d98cb3",
)  # fmt: skip
"""Each line's name stands beside its end, so that no reader has to tell the colours apart."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of the plot: points (x, y), both above 0, and what stands beside its end."""

    label: str
    points: tuple[tuple[float, float], ...]


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the least-squares line through the logarithms: y grows as x to this power.

    Raises ``ValueError`` for fewer than two different x.
    """
    xs = [math.log(x) for x, _ in points]
    ys = [math.log(y) for _, y in points]
    if len(set(xs)) < 2:
        raise ValueError("a slope needs two different x")
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    return sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread


def log_plot(title: str, x_label: str, y_label: str, series: Sequence[Series]) -> str:
    """The plot. Raises ``ValueError`` without points."""
    every = [point for one in series for point in one.points]
    if not every:
        raise ValueError("nothing to plot")
    low_x, high_x = min(x for x, _ in every), max(x for x, _ in every)
    low_y = 10.0 ** math.floor(math.log10(min(y for _, y in every)))
    high_y = 10.0 ** math.ceil(math.log10(max(y for _, y in every)))

    def across(x: float) -> float:
        share = math.log(x / low_x) / math.log(high_x / low_x) if high_x > low_x else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        share = math.log(y / low_y) / math.log(high_y / low_y) if high_y > low_y else 0.5
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    right = WIDTH - RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 24, title, size=15),
    ]
    for power in range(round(math.log10(low_y)), round(math.log10(high_y)) + 1):
        y = up(10.0**power)
        parts.append(line(LEFT, y, right, y, "#dddddd"))
        parts.append(text(LEFT - 8, y + 4, number(10.0**power), anchor="end"))
    for x in sorted({x for x, _ in every}):
        parts.append(line(across(x), TOP, across(x), HEIGHT - BOTTOM, "#eeeeee"))
        parts.append(text(across(x), HEIGHT - BOTTOM + 18, number(x), anchor="middle"))
    parts.append(text((LEFT + right) / 2, HEIGHT - 12, x_label, anchor="middle"))
    parts.append(text(LEFT, TOP - 4, y_label))
    ends = label_heights([up(one.points[-1][1]) for one in series])
    for at, (one, end) in enumerate(zip(series, ends, strict=True)):
        colour = COLOURS[at % len(COLOURS)]
        placed = [(across(x), up(y)) for x, y in one.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        parts.append(line(placed[-1][0] + 4, placed[-1][1], right + 14, end, colour))
        parts.append(text(right + 18, end + 4, one.label))
    return "\n".join([*parts, "</svg>"]) + "\n"


def label_heights(wanted: Sequence[float], apart: float = 16) -> list[float]:
    """Heights as near to those wanted as leaves each label its room, from the top down."""
    placed = [0.0] * len(wanted)
    before = TOP - apart
    for at in sorted(range(len(wanted)), key=lambda one: wanted[one]):
        before = placed[at] = max(wanted[at], before + apart)
    over = max(placed, default=0.0) - (HEIGHT - BOTTOM)
    return [one - over for one in placed] if over > 0 else placed


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="1"/>'
    )


def text(x: float, y: float, words: str, size: int = 12, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="#333333">{escape(words)}</text>'
    )
