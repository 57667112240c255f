"""Half-open windows of dates: whether two meet, what they share, what is left of one."""

from __future__ import annotations

from dataclasses import replace

from codewarrant.engine.conditions import Window


def meet(a: Window, b: Window) -> bool:
    """Whether some day lies in both."""
    return (a.end is None or b.start is None or b.start < a.end) and (
        b.end is None or a.start is None or a.start < b.end
    )


def shared(a: Window, b: Window) -> Window:
    """The days in both, by the clock of the first."""
    starts = [day for day in (a.start, b.start) if day is not None]
    ends = [day for day in (a.end, b.end) if day is not None]
    return Window(max(starts, default=None), min(ends, default=None), a.clock)


def outside(window: Window, cut: Window) -> list[Window]:
    """What is left of a window outside another."""
    if not meet(window, cut):
        return [window]
    parts = []
    if cut.start is not None and (window.start is None or window.start < cut.start):
        parts.append(replace(window, end=cut.start))
    if cut.end is not None and (window.end is None or cut.end < window.end):
        parts.append(replace(window, start=cut.end))
    return parts
