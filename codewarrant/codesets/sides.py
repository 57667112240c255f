"""Which codes say the same of the left, the right, both sides and an unspecified side.

Found in the titles: a *family* starts from two sibling codes whose titles differ only in ``right``
and ``left``. The title that says ``bilateral`` instead, and the one that says ``unspecified``,
join it where nothing else differs but the words that name the body part (``right knee``,
``bilateral``; ``right dominant side``, ``unspecified side``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

SIDES = ("left", "right", "bilateral", "unspecified")

_RIGHT = re.compile(r"\bright\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9'.-]+")
_LOOSE = frozenset({"of", "the", "in", "unilateral"})
"""Words that come and go with the side: ``of right knee``, ``unilateral … right knee``."""


class _Family(NamedTuple):
    left: str | None
    right: str | None
    bilateral: str | None
    unspecified: str | None


class Families:
    """The families among sibling codes.

    ``near`` are the siblings of their parent, among which the bilateral code may stand (M17.0
    beside M17.1-). Both are pairs of code and title.
    """

    def __init__(self, siblings: list[tuple[str, str]], near: list[tuple[str, str]]) -> None:
        self._families = _pair_families(siblings, near) + _unilateral_families(near)

    def side(self, code: str) -> str | None:
        found = {
            side for family in self._families for side in SIDES if getattr(family, side) == code
        }
        return found.pop() if len(found) == 1 else None

    def sibling(self, code: str, side: str) -> str | None:
        if side not in SIDES:
            raise ValueError(f"`{side}` is none of {', '.join(SIDES)}")
        found = {getattr(family, side) for family in self._families if code in family} - {None}
        return found.pop() if len(found) == 1 else None


def _pair_families(siblings: list[tuple[str, str]], near: list[tuple[str, str]]) -> list[_Family]:
    by_title = {title.lower(): code for code, title in siblings}
    out = []
    for code, title in siblings:
        for match in _RIGHT.finditer(title):
            before, after = title[: match.start()].lower(), title[match.end() :].lower()
            left = by_title.get(f"{before}left{after}")
            if left is None:
                continue
            part = frozenset(_words(re.split(r"[,;(]", after)[0]))
            same = Counter(_words(before + after))
            unspecified = by_title.get(f"{before}unspecified{after}") or _only(
                item
                for item, other in siblings
                if item not in (code, left) and _matches(other, "unspecified", same, part)
            )
            bilateral = by_title.get(f"{before}bilateral{after}") or _only(
                item for item, other in siblings if _matches(other, "bilateral", same, part)
            )
            if bilateral is None:
                bilateral = _only(
                    item for item, other in near if _matches(other, "bilateral", same, part)
                )
            out.append(_Family(left, code, bilateral, unspecified))
    return out


def _unilateral_families(near: list[tuple[str, str]]) -> list[_Family]:
    """A bilateral code beside a unilateral one is bilateral, even where no side is named."""
    titles = {title.lower() for _, title in near}
    return [
        _Family(None, None, code, None)
        for code, title in near
        if "bilateral" in title.lower()
        and re.sub(r"\bbilateral\b", "unilateral", title.lower()) in titles - {title.lower()}
    ]


def _matches(title: str, side: str, same: Counter[str], part: frozenset[str]) -> bool:
    words = Counter(_words(title.lower()))
    if not words[side]:
        return False
    words[side] -= 1
    if "right" in words or "left" in words:
        return False
    extra = {word for word in words - same if word not in _LOOSE}
    lacking = {word for word in same - words if word not in _LOOSE}
    return not extra and lacking <= part


def _words(text: str) -> list[str]:
    """Words in the singular, so that ``both knees`` and ``right knee`` name one part."""
    return [
        word[:-1] if word.endswith("s") and len(word) > 3 else word for word in _WORD.findall(text)
    ]


def _only(found: Iterable[str]) -> str | None:
    codes = sorted(set(found))
    return codes[0] if len(codes) == 1 else None
