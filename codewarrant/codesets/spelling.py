"""What a mistyped code may have been meant as."""

from __future__ import annotations

from collections.abc import Container, Iterator

from codewarrant.codesets.shape import dotted, normalise

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONFUSED = {"0": "O", "O": "0", "1": "I", "I": "1L", "L": "1", "5": "S", "S": "5", "2": "Z"}
_CONFUSED |= {"Z": "2", "8": "B", "B": "8"}
_LONGEST = 12
"""Longer texts are no misspelt codes."""


def similar(system: str, text: str, known: Container[str]) -> list[str]:
    """Known codes one slip away, likeliest first: characters confused (O for 0), two swapped, one
    left out or too many at the end, one wrong, one left out, one too many. Ties by code."""
    bare = "".join(ch for ch in text.upper() if ch in _CHARACTERS)
    if not 2 <= len(bare) <= _LONGEST:
        return []
    ranks: dict[str, int] = {}
    for rank, form in _slips(bare):
        if normalise(system, form) is None:
            continue
        code = dotted(system, form)
        if code in known and rank < ranks.get(code, 99):
            ranks[code] = rank
    return sorted(ranks, key=lambda code: (ranks[code], code))


def _slips(bare: str) -> Iterator[tuple[int, str]]:
    yield 0, bare
    for at, ch in enumerate(bare):
        for other in _CONFUSED.get(ch, ""):
            yield 1, bare[:at] + other + bare[at + 1 :]
    for at in range(len(bare) - 1):
        yield 2, bare[:at] + bare[at + 1] + bare[at] + bare[at + 2 :]
    for width in range(len(bare) - 1, 2, -1):
        yield 2 + len(bare) - width, bare[:width]
    for ch in _CHARACTERS:
        yield 3, bare + ch
    for at in range(len(bare)):
        yield 5, bare[:at] + bare[at + 1 :]
        for ch in _CHARACTERS:
            yield 4, bare[:at] + ch + bare[at + 1 :]
            yield 5, bare[:at] + ch + bare[at:]
