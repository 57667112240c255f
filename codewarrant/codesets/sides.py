"""Which codes say the same of the left, the right, both sides and an unspecified side.

Found in the titles: a *family* starts from two sibling codes whose titles differ only in ``right``
and ``left``. The title that says ``bilateral`` instead, and the one that says ``unspecified``,
join it where nothing else differs but the words that name the body part (``right knee``,
``bilateral``; ``right dominant side``, ``unspecified side``). Where the side was chosen a level
higher (L97.211, right calf, and L97.221, left calf), the families are those of the headers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from codewarrant.codesets.columns import Columns
from codewarrant.codesets.shape import dotted, flat

SIDES = ("left", "right", "bilateral", "unspecified")

_RIGHT = re.compile(r"\bright\b")
_WORD = re.compile(r"[a-z0-9'.-]+")
_LOOSE = frozenset({"of", "the", "in", "affecting", "unilateral"})
"""Words that come and go with the side: ``of right knee``, ``affecting right side``."""

_Titled = list[tuple[int, str]]


class _Family(NamedTuple):
    """Rows; None where there is no such code."""

    left: int | None
    right: int | None
    bilateral: int | None
    unspecified: int | None


class Laterality:
    """The sides of the codes of one release, worked out family by family as they are asked."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._families: dict[int, list[_Family]] = {}

    def side(self, row: int) -> str | None:
        """The side of a code, by row; None where it has none."""
        families = self._of(row)
        if families:
            found = {side for item in families for side in SIDES if getattr(item, side) == row}
            return found.pop() if len(found) == 1 else None
        above = self._columns.above(row)
        side = None if above is None else self.side(above)
        if side is None or side == "unspecified" or side in _words(self._title(row)):
            return side
        return None

    def sibling(self, row: int, side: str) -> int | None:
        """The row of the same condition on another side. Raises ``ValueError`` for no side."""
        if side not in SIDES:
            raise ValueError(f"`{side}` is none of {', '.join(SIDES)}")
        families = self._of(row)
        if families:
            found = {getattr(item, side) for item in families} - {None}
            return found.pop() if len(found) == 1 else None
        if self.side(row) is None:
            return None
        above = self._columns.above(row)
        other = None if above is None else self.sibling(above, side)
        return None if above is None or other is None else self._counterpart(row, above, other)

    def _counterpart(self, row: int, above: int, other: int) -> int | None:
        """The code under ``other`` that ends as the code does under ``above``."""
        columns = self._columns
        bare, head = flat(columns.codes[row]), flat(columns.codes[above])
        tail = bare[len(head) :]
        whole = flat(columns.codes[other]) + tail
        if columns.has_seventh(row):
            whole = flat(columns.codes[other]).ljust(6, "X") + bare[6]
        return columns.row.get(dotted(columns.system, whole))

    def _of(self, row: int) -> list[_Family]:
        """The families that a code belongs to."""
        above = self._columns.above(row)
        if above is None:
            return []
        found = [item for item in self._below(above) if row in item]
        if not found and "bilateral" in _words(self._title(row)):
            # M17.0 stands beside the header M17.1, whose children have the single sides
            for sibling in self._columns.children(above):
                found += [item for item in self._below(sibling) if row in item]
        return found

    def _below(self, header: int) -> list[_Family]:
        found = self._families.get(header)
        if found is None:
            wider = self._columns.above(header)
            siblings = self._titled(self._columns.children(header))
            near = [] if wider is None else self._titled(self._columns.children(wider))
            found = _pairs(siblings, near) + _both_sides(siblings)
            self._families[header] = found
        return found

    def _title(self, row: int) -> str:
        return (self._columns.titles[row] or "").lower()

    def _titled(self, rows: list[int]) -> _Titled:
        return [(row, title) for row in rows if (title := self._title(row))]


def _pairs(siblings: _Titled, near: _Titled) -> list[_Family]:
    """Families that start from a right and a left; ``near`` may hold their bilateral code."""
    rows = {title: row for row, title in siblings}
    out = []
    for row, title in siblings:
        for form in _forms(title):
            left = rows.get(form.replace("@", "left"))
            if left is None:
                continue
            part = frozenset(_words(re.split(r"[,;(]", form.partition("@")[2])[0]))
            same = Counter(_words(form))
            others = [item for item in siblings if item[0] not in (row, left)]
            unspecified = rows.get(form.replace("@", "unspecified"))
            if unspecified is None:
                unspecified = _only(others, "unspecified", same, part)
            bilateral = rows.get(form.replace("@", "bilateral"))
            if bilateral is None:
                bilateral = _only(others, "bilateral", same, part)
            if bilateral is None:
                bilateral = _only(near, "bilateral", same, part)
            out.append(_Family(left, row, bilateral, unspecified))
    return out


def _forms(title: str) -> Iterable[str]:
    """The title with ``@`` for ``right``: each place alone, then all at once."""
    places = list(_RIGHT.finditer(title))
    for place in places:
        yield f"{title[: place.start()]}@{title[place.end() :]}"
    if len(places) > 1:
        yield _RIGHT.sub("@", title)


def _both_sides(siblings: _Titled) -> list[_Family]:
    """A bilateral code beside a unilateral one is bilateral even where no side is named."""
    titles = {title for _, title in siblings}
    return [
        _Family(None, None, row, None)
        for row, title in siblings
        if "bilateral" in _words(title) and re.sub(r"\bbilateral\b", "unilateral", title) in titles
    ]


def _only(titled: _Titled, side: str, same: Counter[str], part: frozenset[str]) -> int | None:
    found = [row for row, title in titled if _matches(title, side, same, part)]
    return found[0] if len(found) == 1 else None


def _matches(title: str, side: str, same: Counter[str], part: frozenset[str]) -> bool:
    words = Counter(_words(title))
    if not words[side] or words["right"] or words["left"]:
        return False
    words[side] -= 1
    extra = set(words - same) - _LOOSE
    lacking = set(same - words) - _LOOSE
    return not extra and lacking <= part


def _words(text: str) -> list[str]:
    """Words in the singular, so that ``bilateral arteries`` and ``right artery`` are one part."""
    return [_singular(word) for word in _WORD.findall(text)]


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and len(word) > 3 else word
