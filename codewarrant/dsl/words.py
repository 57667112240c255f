"""Words of notes and of what rules look for in them: cut and folded alike, so that they compare."""

from __future__ import annotations

import re
import unicodedata

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import did_you_mean, fault, one_of
from codewarrant.schema import SECTIONS

WORD = re.compile(r"\d+(?:\.\d+)+|[^\W_]+(?:['’ʼ][^\W\d_]+)?")
"""A decimal number, or a word with its apostrophe part."""


def words_of(text: str) -> list[str]:
    """The whole words of a text, in lower case and without accents."""
    return [_fold(word) for word in WORD.findall(text)]


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    spread = unicodedata.normalize("NFKD", word)
    plain = "".join(char for char in spread if not unicodedata.combining(char))
    return plain.replace("’", "'").replace("ʼ", "'").casefold()


def known_section(name: s.Quoted) -> None:
    """Refuse a kind of section that notes are never parted into. Raises ``Fault``."""
    if name.text not in SECTIONS:
        raise fault(
            "CW0302",
            name.span,
            f"notes have no section `{name.text}`",
            did_you_mean(name.text, SECTIONS) or f"sections are {one_of(SECTIONS)}",
        )
