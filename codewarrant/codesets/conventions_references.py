"""Read the codes that a note of the tabular list names, in the forms in which it names them.

A note is a condition in words, mostly followed by codes in parentheses: one code (``I10``), all
that stands below one (``E11.-``, ``M62.8-``), a list, a range in tabular order (``O00-O07``,
``S12.0--S12.3-``, ``M05.00 to M05.8A``), and any of these narrowed by characters of the code:
``E08-E13 with .62-``, ``T36-T65 with fifth or sixth character 1-4``, ``S02.- with 7th character
B``, ``I69. with final characters -23``. What is said of the codes in other words (``with open
fracture 7th character``) is kept as ``unread``: it narrows the codes in a way only a reader knows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CODE = r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])(?:\.[0-9A-Z]{1,4})?"
# a range ends in a code; a dash before anything else stands for all that is below
_SPAN = re.compile(
    rf"(?<![A-Z0-9])(?P<first>{_CODE})(?![0-9A-Z])\.?(?:-?\.?\s*(?:-|\bto\b)\.?\s*"
    rf"(?P<last>{_CODE})(?![0-9A-Z]))?(?P<below>\.?-*)"
)
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_WITH = re.compile(r"\bwith\b(?P<what>.*)")
_CHAPTER = re.compile(r"Chapter (?P<number>[0-9]{1,2})")
_ORDINALS = {
    "4th": 4, "fourth": 4, "5th": 5, "fifth": 5, "6th": 6, "sixth": 6, "six": 6,
    "7th": 7, "seventh": 7,
}  # fmt: skip
_NTH = "|".join(_ORDINALS)
_PLACE = re.compile(
    rf"(?P<nth>{_NTH})(?:[ -](?:(?P<joint>or|to) (?P<also>{_NTH})[ -])?)?characters? (?P<values>.+)"
)
_FINAL = re.compile(r"final characters? (?P<values>.+)")
_VALUE = re.compile(r"^[.-]?(?P<low>[0-9A-Z]{1,3})-?(?:-?\.?(?P<high>[0-9A-Z]{1,3}))?$")


class Span(NamedTuple):
    """Codes from ``first`` to ``last`` in tabular order, with all that stands below either."""

    first: str
    last: str


class Narrowing(NamedTuple):
    """Characters that a code must have to be meant.

    ``place`` is the character's number from 1, negative for a beginning after the dot (``-1``) and
    0 for the end of the code before its 7th character; ``fifth_or_sixth`` means the sixth, or the
    fifth where the sixth is a placeholder or absent. One of ``values`` has to stand there.
    """

    place: int
    values: tuple[str, ...]
    fifth_or_sixth: bool = False

    def admits(self, bare: str) -> bool:
        """Whether a code without its dot has the characters."""
        if self.place == 0:
            # a 7th character is no part of it, nor is a header that ends so by chance (I69.23)
            stem = bare[:6].rstrip("X")
            return len(stem) >= 4 + len(self.values[0]) and stem.endswith(self.values)
        if self.place < 0:
            return bare[3:].startswith(self.values)
        place = self.place
        if self.fifth_or_sixth:
            place = 6 if len(bare) > 5 and bare[5] != "X" else 5
        return bare[place - 1 : place - 1 + len(self.values[0])] in self.values


class Reference(NamedTuple):
    """What one note names: ``words`` is the condition without the codes."""

    words: str
    spans: tuple[Span, ...]
    chapter: str | None = None
    narrowing: Narrowing | None = None
    unread: str = ""
    in_sentence: bool = False
    """Whether the sentence itself names the codes, as in ``classifiable to S06.4-S06.6``."""


def read(text: str) -> Reference:
    """The codes that a note names, and the words that remain. Never raises: no codes, no spans."""
    spans: list[Span] = []
    narrowing: Narrowing | None = None
    unread: list[str] = []
    chapter = None
    in_sentence = False
    words = text
    for group in _PARENTHESES.finditer(text):
        inner = group[1]
        numbered = _CHAPTER.fullmatch(inner.strip())
        if numbered is not None:
            chapter = numbered["number"]
        found = _spans(inner)
        if not found:
            continue
        spans += found
        words = words.replace(group[0], " ")
        clause = _WITH.search(inner)
        rest = text[group.end() :] if clause is None else ""
        if clause is None and re.match(r"\s*with .*character", rest):
            clause = _WITH.search(rest)
            words = words.replace(rest.strip(), " ")
        if clause is not None:
            narrowing = _narrowing(clause["what"])
            if narrowing is None:
                unread.append("with" + clause["what"])
        elif left := _left_over(inner):
            unread.append(left)
    if not spans and " for codes " not in text:
        # a few notes name their codes in the sentence: "any condition classifiable to S06.4-S06.6"
        spans = _spans(text)
        clause = _WITH.search(text) if spans else None
        if clause is not None:
            narrowing = _narrowing(clause["what"])
            unread += [] if narrowing else ["with" + clause["what"]]
        in_sentence = bool(spans)
    words = " ".join(words.split()).strip(" ,;")
    return Reference(words, tuple(spans), chapter, narrowing, "; ".join(unread), in_sentence)


def _spans(text: str) -> list[Span]:
    head = _WITH.split(text)[0]
    return [Span(found["first"], found["last"] or found["first"]) for found in _SPAN.finditer(head)]


def _left_over(text: str) -> str:
    """What a parenthesis says besides its codes."""
    return " ".join(re.sub(r"[\s,;.]+|\b(?:and|or)\b", " ", _SPAN.sub(" ", text)).split())


def _narrowing(clause: str) -> Narrowing | None:
    clause = clause.strip(" ,")
    if final := _FINAL.fullmatch(clause):
        values = _values(final["values"])
        dotted = final["values"].lstrip().startswith(".")
        return Narrowing(-1 if dotted else 0, values) if values else None
    if place := _PLACE.fullmatch(clause):
        values = _values(place["values"])
        if not values or len({len(value) for value in values}) > 1:
            return None
        either = place["joint"] == "or"
        return Narrowing(_ORDINALS[place["nth"]], values, either)
    if clause.startswith("."):
        values = _values(clause)
        return Narrowing(-1, values) if values else None
    return None


def _values(text: str) -> tuple[str, ...]:
    """``1-4 or 6`` gives 1, 2, 3, 4, 6; empty where the text says anything else."""
    out: list[str] = []
    for part in re.split(r"\s*(?:,|\.\s|\bor\b)\s*", text.strip()):
        if not part:
            continue
        found = _VALUE.fullmatch(part)
        if found is None:
            return ()
        low, high = found["low"], found["high"] or found["low"]
        if low == high:
            out.append(low)
        elif low.isdigit() and high.isdigit() and len(low) == len(high) and low < high:
            out += [str(value).zfill(len(low)) for value in range(int(low), int(high) + 1)]
        else:
            return ()
    return tuple(dict.fromkeys(out))
