"""Titles of codes as sets of words: which words a mention must have, and which only add weight.

A title such as "Migraine without aura, not intractable" names its code and, beside it, the
defaults of the classification. Defaults ("unspecified", "without …", words in brackets) are not
required of a note. What stands after "with" or "due to" is required, and so is the relation.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from codewarrant.extract.words import Speller

WITH = "+with"
"""The signed word of a relation between two conditions, in titles and notes alike."""

RELATIONS = (
    ("due", "to"),
    ("secondary", "to"),
    ("caused", "by"),
    ("associated", "with"),
    ("complicated", "by"),
    ("complicating",),
    ("resulting", "from"),
    ("as", "result", "of"),
    ("with",),
    ("following",),
)
"""Wordings, by folded words, that become :data:`WITH`."""

RELATION_FIRST = frozenset(wording[0] for wording in RELATIONS)

_STOP = (
    "a an the of in on at to by for from and or as is this that which its any be been into during "
    "both part his her their my your our s he she"
)
STOP = frozenset(_STOP.split())
"""Words that neither titles nor notes are matched on. "With" and "without" are not among them."""

DROPPED = re.compile(
    r"\bnot elsewhere classified\b|\bnot otherwise specified\b|\bnec\b|\bnos\b|\bso stated\b"
    r"|\bsyndrome of\b|\bunspecified as to [^,]*|\bunspecified parts? of\b|\bunspecified site of\b"
    r"|\bnot specified as [^,]*|\(\s*acute\s*\)(?=\s*$)"
)
RESIDUAL = re.compile(r"\bother\b|\bclassified elsewhere\b|\bnot classifiable\b|\bunlisted\b")
OTHER_AND_UNSPECIFIED = re.compile(r"\bother and unspecified\b|\bother or unspecified\b")
BRACKETS = re.compile(r"\[([^\]]*)\]")
PARENTHESES = re.compile(r"\(([^)]*)\)?")
DEFAULTS = re.compile(
    r"\b(?:uncomplicated|simple|current|mellitus|nonessential|initial encounter"
    r"|not intractable|not stated as uncontrolled|episode of care|without mention of [^,]*"
    r"|adult|classical|female)\b"
)
WITHOUT = re.compile(r"\b(?:without|not|no)\b(?: mention of)? ((?:(?!\bwith\b)[^,;])*)")
UNSPECIFIED = re.compile(r"\bunspecified\b")
OPEN_SEGMENT = re.compile(r"\s*unspecified\b(?!.*\bwith\b)|\s*[a-z]+ unspecified\s*$")
LONE_OR = re.compile(r"\b([\w-]+) (?:or|and/or) ([\w-]+)\b")


class Words(NamedTuple):
    """One reading of a title: required words; optional ones, ``-word`` for "without word"."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    unspecified: bool


def relation_at(folds: list[str], at: int) -> int:
    """How many words at ``at`` say "with" or "due to"; 0 for none."""
    if folds[at] not in RELATION_FIRST:
        return 0
    for wording in RELATIONS:
        if tuple(folds[at : at + len(wording)]) == wording:
            return len(wording)
    return 0


def signed_words(text: str, speller: Speller) -> list[str]:
    """The matched words of a text: normal forms without stop words, relations as one word."""
    tokens = [token for token in speller.tokens(text) if token.lemma]
    folds = [token.fold for token in tokens]
    out: list[str] = []
    at = 0
    while at < len(tokens):
        length = relation_at(folds, at)
        if length:
            out.append(WITH)
            at += length
            continue
        if folds[at] not in STOP:
            out.append(tokens[at].lemma)
        at += 1
    return out


def readings(text: str, speller: Speller, inclusion: bool = False) -> list[Words]:
    """The readings of a title or inclusion term; none where it names a rest ("other …").

    An inclusion term's own "unspecified" or "other" still refers to its code, so that only titles
    are refused for it.
    """
    low = OTHER_AND_UNSPECIFIED.sub("unspecified", text.lower())
    low = BRACKETS.sub(" ", low)
    if RESIDUAL.search(low):
        return []
    optional: list[str] = []
    for inside in PARENTHESES.findall(low):
        optional.extend(signed_words(inside, speller))
    low = DROPPED.sub(" ", PARENTHESES.sub(" ", low))
    unspecified = bool(UNSPECIFIED.search(low)) or (
        inclusion and re.search(r"\bnos\b", text.lower()) is not None
    )
    low = _drop_unspecified(low)
    for found in WITHOUT.finditer(low):
        optional.extend("-" + word for word in signed_words(found[1], speller) if word != WITH)
    low = WITHOUT.sub(" ", low)
    for found in DEFAULTS.finditer(low):
        optional.extend(signed_words(found.group(), speller))
    low = DEFAULTS.sub(" ", low)
    out: list[Words] = []
    for reading in _either(low):
        words = signed_words(reading, speller)
        while words and words[-1] == WITH:
            words.pop()
        required = tuple(sorted(set(words)))
        if required and required != (WITH,):
            rest = tuple(sorted(set(optional) - set(required)))
            item = Words(required, rest, unspecified)
            if item not in out:
                out.append(item)
    return out


def _drop_unspecified(low: str) -> str:
    """Leave out segments after a comma that only say what is not said, and the word elsewhere."""
    segments = low.split(",")
    kept = [segments[0]]
    kept.extend(part for part in segments[1:] if not OPEN_SEGMENT.match(part))
    return UNSPECIFIED.sub(" ", ",".join(kept))


def _either(low: str) -> list[str]:
    """A title with one "X or Y" of single words also reads as each alone."""
    found = LONE_OR.search(low)
    if found is None or len(LONE_OR.findall(low)) > 1:
        return [low]
    head, tail = low[: found.start()], low[found.end() :]
    return [low, f"{head}{found[1]}{tail}", f"{head}{found[2]}{tail}"]
