"""Words: how text becomes tokens, and how a word of a note and of a code's title become equal.

The lexicon and the notes go through the same functions, so that a variant is decided once. Offsets
count Unicode code points of the text as given; only the normal forms are folded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

TOKEN = re.compile(r"\d+(?:\.\d+)+|[^\W_]+(?:['’ʼ][^\W\d_]+)?|[^\w\s]|_")
"""A decimal number, a word with its apostrophe part, or one mark."""

POSSESSIVE = re.compile(r"['’ʼ]s?$")
CONTRACTED = re.compile(r"n['’ʼ]t$")
ROMAN = {"ii": "2", "iii": "3", "iv": "4"}
UNCHANGING = ("ss", "us", "is")
PLURALS = (
    ("itides", "itis"),
    ("oses", "osis"),
    ("eses", "esis"),
    ("yses", "ysis"),
    ("ies", "y"),
    ("xes", "x"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("sses", "ss"),
    ("zes", "z"),
    ("s", ""),
)


class Token(NamedTuple):
    """A word or mark: its place, its folded form, and its normal form (empty for marks)."""

    begin: int
    end: int
    fold: str
    lemma: str


def fold(word: str) -> str:
    """Lower case without accents; compatibility characters spelled out."""
    if word.isascii():
        return word.lower()
    spread = unicodedata.normalize("NFKD", word)
    plain = "".join(char for char in spread if not unicodedata.combining(char))
    return plain.replace("’", "'").replace("ʼ", "'").casefold()


def singular(word: str) -> str:
    """The singular by spelling alone; the same wrong guess on both sides does no harm."""
    if len(word) <= 3 or word.endswith(UNCHANGING) or not word.endswith("s"):
        return word
    for ending, replacement in PLURALS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            return word[: len(word) - len(ending)] + replacement
    return word


class Speller:
    """Normal forms of words, by a table of whole words and a table of stems (``words.tsv``).

    ``words`` maps a folded form to its normal form, ``stems`` a British stem to the American one.
    """

    def __init__(self, words: Mapping[str, str], stems: Mapping[str, str]) -> None:
        self._words = dict(words)
        self._stems = sorted(stems.items(), key=lambda item: (-len(item[0]), item[0]))
        self._pattern = re.compile("|".join(re.escape(stem) for stem, _ in self._stems) or r"(?!)")
        self._replacements = dict(self._stems)
        self.lemma = lru_cache(maxsize=65536)(self._lemma)

    def _lemma(self, folded: str) -> str:
        if CONTRACTED.search(folded):
            return "not"
        word = POSSESSIVE.sub("", folded)
        if word in self._words:
            return self._words[word]
        if word in ROMAN:
            return ROMAN[word]
        word = self._pattern.sub(lambda found: self._replacements[found.group()], word)
        word = self._words.get(word, word)
        word = singular(word)
        return self._words.get(word, word)

    def tokens(self, text: str, begin: int = 0, end: int | None = None) -> list[Token]:
        """The words and marks of ``text[begin:end]`` in order; offsets are those of ``text``."""
        out: list[Token] = []
        for found in TOKEN.finditer(text, begin, len(text) if end is None else end):
            # A lone accent folds to nothing; it stays a mark of its own.
            folded = fold(found.group()) or found.group()
            lemma = self.lemma(folded) if folded[0].isalnum() else ""
            out.append(Token(found.start(), found.end(), folded, lemma))
        return out

    def lemmas(self, text: str) -> tuple[str, ...]:
        """The normal forms of the words of a text, marks left out."""
        return tuple(token.lemma for token in self.tokens(text) if token.lemma)
