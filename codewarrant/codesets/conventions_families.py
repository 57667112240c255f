"""Codes that say the same with less or more: unspecified siblings, and combination candidates.

Both are found in the titles. A *family* is what stands under one header; its *unspecified code* is
the one whose title says ``unspecified`` where the header's does not. A *combination candidate* is a
code whose title joins two conditions by ``with`` that have codes of their own; whether it has to be
used instead of the two is for the guidelines to say, so it is a candidate and never more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from codewarrant.codesets.columns import Columns
from codewarrant.codesets.conventions_wording import demanded
from codewarrant.codesets.shape import dotted, flat

_WITH = re.compile(r"\bwith\b")
_PARTLY = re.compile(r"\bwithout\b|\bother\b|in diseases classified elsewhere")
"""What a title says that is less, or more, than the condition that remains without it."""
_UNSPECIFIED = re.compile(r"\bunspecified\b")


class Combination(NamedTuple):
    """A code whose title joins two conditions, and the code that stands for each alone."""

    code: str
    first: str
    second: str


class Families:
    """The families and combinations of one release."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._combined: tuple[Combination, ...] | None = None
        self._by_part: dict[str, list[Combination]] = {}

    def more_specific(self, row: int) -> tuple[int, ...]:
        """What may be said instead of an unspecified code: the other codes of its families.

        Empty where the code is not the unspecified one of a family. A code with a 7th character is
        answered with codes that have the same.
        """
        stem, seventh = self._stem(row)
        out: list[int] = []
        for at in (stem, *self._columns.lineage(stem)):
            above = self._columns.above(at)
            if above is None or not self._adds_unspecified(at, above):
                continue
            for sibling in self._columns.children(above):
                if sibling != at and not self._adds_unspecified(sibling, above):
                    out += self._complete(sibling, seventh)
        return tuple(dict.fromkeys(found for found in out if found != row))

    def unspecified_of(self, row: int) -> tuple[int, ...]:
        """The unspecified codes of the family of a code; empty where it is one of them."""
        stem, seventh = self._stem(row)
        above = self._columns.above(stem)
        if above is None or self._adds_unspecified(stem, above):
            return ()
        out: list[int] = []
        for sibling in self._columns.children(above):
            if sibling != stem and self._adds_unspecified(sibling, above):
                out += self._complete(sibling, seventh)
        return tuple(out)

    def combinations(self) -> tuple[Combination, ...]:
        """Every combination candidate, in tabular order. The first call reads all titles."""
        if self._combined is None:
            self._combined = self._find()
            for item in self._combined:
                self._by_part.setdefault(item.first, []).append(item)
        return self._combined

    def combining(self, rows: Iterable[int]) -> tuple[Combination, ...]:
        """The candidates both of whose conditions are among some codes, and which are not."""
        ordered = sorted(set(rows))
        columns = self._columns
        self.combinations()
        over = {row: {columns.codes[at] for at in (row, *columns.lineage(row))} for row in ordered}
        out = []
        for row in ordered:
            for part in sorted(over[row]):
                for item in self._by_part.get(part, ()):
                    at = columns.row[item.code]
                    if any(item.code in above for above in over.values()):
                        continue
                    if any(item.second in over[other] for other in ordered if other != row):
                        out.append((at, item))
        return tuple(dict.fromkeys(item for _, item in sorted(out)))

    def valid(self, rows: Iterable[int], on: date | None) -> tuple[str, ...]:
        """The codes of some rows; with a day, those in force on it."""
        columns = self._columns
        return tuple(
            columns.codes[row]
            for row in rows
            if on is None or any(start <= on <= end for start, end in columns.own(row))
        )

    def _find(self) -> tuple[Combination, ...]:
        columns = self._columns
        alone: dict[str, int] = {}
        joined: list[tuple[int, str, str]] = []
        for row, title in enumerate(columns.titles):
            if title is None or (len(columns.codes[row]) == 8 and columns.has_seventh(row)):
                continue
            if _PARTLY.search(title.casefold()):
                continue
            parts = _WITH.split(title, maxsplit=1)
            if len(parts) == 2:
                joined.append((row, parts[0], parts[1]))
            else:
                alone.setdefault(_key(demanded(title)), row)
        alone.pop("", None)
        out = []
        for row, left, right in joined:
            first = alone.get(_key(demanded(left)))
            second = alone.get(_key(demanded(right)))
            if second is None:
                # diabetes with *diabetic* chronic kidney disease
                second = alone.get(_key(demanded(right) - demanded(left)))
            if first is None or second is None or columns.above(second) == row:
                continue
            codes = columns.codes
            if codes[first][:3] != codes[second][:3]:
                out.append(Combination(codes[row], codes[first], codes[second]))
        return tuple(out)

    def _stem(self, row: int) -> tuple[int, str]:
        """The code without its 7th character, and the character."""
        above = self._columns.above(row)
        if above is None or not self._columns.has_seventh(row):
            return row, ""
        return above, self._columns.codes[row][-1]

    def _adds_unspecified(self, row: int, above: int) -> bool:
        return self._unspecified(row) > self._unspecified(above)

    def _unspecified(self, row: int) -> int:
        return len(_UNSPECIFIED.findall((self._columns.titles[row] or "").casefold()))

    def _complete(self, row: int, seventh: str) -> list[int]:
        """The complete codes at or under a code, with one 7th character where that is asked."""
        columns = self._columns
        if not seventh:
            rows = range(row, columns.last(row) + 1)
            return [at for at in rows if columns.window[at] >= 0]
        out = []
        for at in range(row, columns.last(row) + 1):
            whole = flat(columns.codes[at])
            if len(whole) < 7:
                found = columns.row.get(dotted(columns.system, whole.ljust(6, "X") + seventh))
                if found is not None and columns.has_seventh(found):
                    out.append(found)
        return out


def _key(words: frozenset[str]) -> str:
    return " ".join(sorted(words))
