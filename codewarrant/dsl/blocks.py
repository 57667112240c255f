"""Cut a rule file into blocks, so that a fault in one block never hides another.

A block begins with one of :data:`BLOCKS` in the first column and ends before the next. Comments and
quoted texts are respected: a quoted text goes on over line ends only onto indented lines, so a
quotation mark left open cannot swallow the block after it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from difflib import get_close_matches

BLOCKS = {
    "pack": "pack",
    "source": "source",
    "value": "value_set",
    "parameter": "parameter",
    "table": "table",
    "vocabulary": "vocabulary",
    "derive": "derive",
    "rule": "rule",
    "override": "override",
    "test": "test",
}
"""First word of a block and the grammar's start symbol for it."""

CLAUSES = frozenset(
    re.findall(
        r"\w+",
        "advice applies because cites columns does effective every example except exception expect "
        "extends fires for from given if instead is label mandatory narrow on owner set severity "
        "sha256 some suspend then title unless until url version when and or not no at approved "
        "assign remove omit replace sequence add deny limit require query route",
    )
)
"""Words that belong inside a block, indented or not."""

TOKEN = re.compile(r'"[^"\n]*(?:\r?\n[ \t]+[^"\n]*|\r?\n(?=[ \t]*\r?\n))*"|#[^\n]*')


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its line in the file, from 1."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """One block: ``kind`` is the grammar's start symbol, or empty where the word is not known."""

    kind: str
    word: str
    file: str
    text: str
    offset: int
    """Where the block starts in the file, in code points."""
    line: int
    """Line of the first character, from 1."""
    comments: tuple[Comment, ...] = ()


def line_starts(text: str) -> list[int]:
    """Where each line begins."""
    return [0, *(hit.end() for hit in re.finditer("\n", text))]


class Lines:
    """Line and column, both from 1, of an offset in a text."""

    def __init__(self, text: str) -> None:
        self._starts = line_starts(text)

    def at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset) - 1
        return line + 1, offset - self._starts[line] + 1


def split(file: str, text: str) -> tuple[Block, ...]:
    """The blocks of a file in order. Text before the first block is a block of unknown kind."""
    lines = Lines(text)
    comments = [
        Comment(*lines.at(hit.start()), hit.group())
        for hit in TOKEN.finditer(text)
        if hit.group().startswith("#")
    ]
    starts = [hit.start() for hit in re.finditer(r"^[^\s#]", text, re.M) if _opens(text, hit)]
    if not starts or (text[: starts[0]].strip() and _has_code(text[: starts[0]])):
        first = re.search(r"^\s*[^\s#]", text, re.M)
        if first is not None:
            starts.insert(0, first.end() - 1)
    if not starts:
        return ()
    out = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        body = text[start:end]
        word = _word(body)
        line = lines.at(start)[0]
        last = lines.at(end - 1)[0] if end > start else line
        inside = tuple(item for item in comments if line <= item.line <= last)
        out.append(Block(BLOCKS.get(word, ""), word, file, body, start, line, inside))
    return tuple(out)


def _has_code(text: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())


def _word(text: str) -> str:
    found = re.match(r"[^\s:\"{(,]+", text)
    return found.group() if found else text[:1]


def _opens(text: str, hit: re.Match[str]) -> bool:
    """Whether the word in the first column begins a block, rightly spelt or nearly so."""
    word = _word(text[hit.start() : hit.start() + 40])
    if word in BLOCKS:
        return True
    return word not in CLAUSES and bool(nearest_block(word))


def nearest_block(word: str) -> str:
    """The block word that was probably meant, or an empty text."""
    found = get_close_matches(word.lower(), BLOCKS, 1, 0.7)
    return found[0] if found else ""
