"""Sentences by rules: full stops, list items, lines; offsets are those of the note."""

from __future__ import annotations

import re

from codewarrant.extract.tables import Tables

PIECE = re.compile(r"[^\n\r\f\v\x85\u2028\u2029]+")
ITEM = re.compile(r"\s*(?:[-•*·–—▪◦]\s|\(?\d{1,2}[.)]\s|[a-zA-Z][.)]\s|#\d)")
STOP = re.compile(r"(?<![.!?])[.!?]++[\"”')\]]*+(?=\s)")
"""Possessive, so that a line of dots costs no more than its length."""
LAST_WORD = re.compile(r"([^\s]+)$")
WORD_COUNT_TO_WRAP = 6
"""A line of fewer words is taken as an entry of its own, never as wrapped prose."""


def sentence_abbreviations(tables: Tables) -> frozenset[str]:
    """Words whose full stop ends no sentence, from ``sentences.tsv``."""
    return frozenset(row[0] for row in tables["sentences"].rows)


def find_sentences(
    text: str, abbreviations: frozenset[str], begin: int = 0, end: int | None = None
) -> list[tuple[int, int]]:
    """Spans of the sentences of ``text[begin:end]``, without white space around them.

    A line ends a sentence unless it is wrapped prose: it ends without a mark and the next line
    starts in lower case and is no list item.
    """
    limit = len(text) if end is None else end
    lines = [(m.start(), m.end()) for m in PIECE.finditer(text, begin, limit) if m.group().strip()]
    blocks: list[list[int]] = []
    for start, stop in lines:
        if blocks and _wraps(text, blocks[-1], start, stop):
            blocks[-1][1] = stop
            blocks[-1][2] = start
        else:
            blocks.append([start, stop, start])
    out: list[tuple[int, int]] = []
    for start, stop, _ in blocks:
        out.extend(_split(text, start, stop, abbreviations))
    return out


def _wraps(text: str, block: list[int], start: int, stop: int) -> bool:
    previous = text[block[2] : block[1]].rstrip()
    current = text[start:stop].lstrip()
    if text.count("\n", block[1], start) > 1 or previous[-1:] in ".!?:;":
        return False
    if ITEM.match(text[start:stop]) or len(previous.split(None, 7)) < WORD_COUNT_TO_WRAP:
        return False
    return current[:1].islower()


def _split(
    text: str, start: int, stop: int, abbreviations: frozenset[str]
) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    at = start
    item = ITEM.match(text, start, stop)
    search = item.end() if item else start
    for mark in STOP.finditer(text, search, stop):
        if mark.group().startswith(".") and not _ends(text, at, mark, stop, abbreviations):
            continue
        out.append((at, mark.end()))
        at = mark.end()
    out.append((at, stop))
    trimmed = (_trim(text, a, b) for a, b in out)
    return [(a, b) for a, b in trimmed if b > a]


def _ends(
    text: str, at: int, mark: re.Match[str], stop: int, abbreviations: frozenset[str]
) -> bool:
    """Whether a full stop ends a sentence."""
    # Words are short: a longer look back would make text without spaces cost its square.
    word = LAST_WORD.search(text[max(at, mark.start() - 40) : mark.start()])
    following = text[mark.end() : min(stop, mark.end() + 40)].lstrip()[:1]
    if word is None:
        return True
    last = word.group().lower().lstrip("([\"'")
    if last in abbreviations or (len(last) == 1 and last.isalpha()):
        return False
    return not following.islower()


def _trim(text: str, begin: int, end: int) -> tuple[int, int]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return begin, end
