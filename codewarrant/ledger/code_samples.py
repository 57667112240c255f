"""Codes to try where a rule would take any of many: those that say least come first."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date

from codewarrant.codesets.codeset import CodeSet
from codewarrant.engine.plan import Loaded
from codewarrant.engine.values import Code, Intervals


class CodeSamples:
    """The codes of the releases that may be billed on a date, in tabular order.

    Of a system without a release only single codes that a rule names are known.
    """

    def __init__(self, releases: Mapping[str, CodeSet], loaded: Loaded, on: date | None) -> None:
        self._releases = releases
        self._loaded = loaded
        self._on = on
        self._listed: dict[str, list[str]] = {}

    def within(self, codes: Intervals, most: int, without: Code | None = None) -> list[Code]:
        """At most ``most`` codes in intervals: unspecified ones first, then the first in order."""
        found: list[Code] = []
        for system in sorted({item.system for item in codes}):
            if system in self._releases:
                key, listed = self._loaded.orders[system].key, self._codes(system)
                for item in codes:
                    if item.system == system:
                        low = bisect_left(listed, item.low, key=key)
                        high = bisect_right(listed, item.high, low, key=key)
                        found += [Code(system, code) for code in listed[low:high]]
            else:
                found += [Code(system, item.low) for item in codes if item.low == item.high]
        found = [code for code in dict.fromkeys(found) if code != without]
        vague = [code for code in found[:500] if self._vague(code)]
        return list(dict.fromkeys([*vague[:1], *found]))[:most]

    def with_sibling(self, side: str, code: Code) -> list[Code]:
        """The codes whose sibling of that side is this code."""
        release = self._releases.get(code.system)
        head = release.category(code.value) if release is not None else None
        if release is None or head is None:
            return []
        return [
            Code(code.system, item)
            for item in release.descendants(head)
            if item != code.value and release.sibling(item, side) == code.value
        ]

    def _vague(self, code: Code) -> bool:
        release = self._releases.get(code.system)
        return release is not None and "unspecified" in (release.title(code.value) or "").lower()

    def _codes(self, system: str) -> list[str]:
        known = self._listed.get(system)
        if known is None:
            release = self._releases[system]
            known = self._listed[system] = list(release.codes(self._on or release.epoch(None)))
        return known
