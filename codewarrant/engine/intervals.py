"""Which of many code intervals hold a key, or overlap another interval."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from codewarrant.engine.values import Interval

BLOCK = 64


class IntervalIndex:
    """Numbered intervals, sorted by their low end; blocks whose highest end is too low are
    skipped, so that a question costs about the number of answers."""

    def __init__(self, items: Iterable[tuple[Interval, int]]) -> None:
        by_system: dict[str, list[tuple[str, str, int]]] = {}
        for interval, number in items:
            by_system.setdefault(interval.system, []).append((interval.low, interval.high, number))
        self._systems = {}
        for system, rows in by_system.items():
            rows.sort()
            tops = [
                max(row[1] for row in rows[at : at + BLOCK]) for at in range(0, len(rows), BLOCK)
            ]
            self._systems[system] = ([row[0] for row in rows], rows, tops)

    def overlapping(self, wanted: Interval) -> set[int]:
        """Numbers of the intervals that share a code with this one; ``*`` is every system."""
        systems = list(self._systems) if wanted.system == "*" else [wanted.system, "*"]
        found: set[int] = set()
        for system in systems:
            entry = self._systems.get(system)
            if entry is None:
                continue
            lows, rows, tops = entry
            end = bisect_right(lows, wanted.high)
            for block in range((end + BLOCK - 1) // BLOCK):
                if tops[block] < wanted.low:
                    continue
                for at in range(block * BLOCK, min(end, block * BLOCK + BLOCK)):
                    if rows[at][1] >= wanted.low:
                        found.add(rows[at][2])
        return found

    def holding(self, system: str, key: str) -> set[int]:
        """Numbers of the intervals that hold this key."""
        return self.overlapping(Interval(system, key, key))
