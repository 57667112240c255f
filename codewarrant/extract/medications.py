"""Medicines by name: what their use is called as a finding, and whether a note says they are taken.

Names and what the words around them mean come from ``medications.tsv`` and
``medication_context.tsv``; notes and the names of structured records go through the same table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codewarrant.extract.context import (
    ContextRules,
    Scope,
    context_of,
    context_rules_of,
    find_scopes,
)
from codewarrant.extract.tables import Tables
from codewarrant.extract.words import Speller, Token

LOOK_BACK = 80
"""Characters before a name in which words that bear on it are looked for."""

INSULIN, TREATMENT = "insulin", "antineoplastic-treatment"
INSULIN_IS_NO_DRUG = frozenset(("resistance", "resistant", "level", "sensitivity", "secretion"))
LONG_TERM = re.compile(
    r"(?:\blong[ -]term(?: \(current\))?(?: use of)?|\bchronic(?: use of)?)\W*$", re.I
)
DEPENDENT = re.compile(r"^[ -](?:dependent|requiring)\b", re.I)
TEMPORARY = re.compile(
    r"\b(?:temporar\w*|sliding scale|while inpatient|while hospitali[sz]ed|during (?:this |the )?"
    r"(?:hospital\w*|admission|stay)|peri-?operative\w*|drip|gtt|one dose|single dose"
    r"|short[ -](?:term|course)|bridg(?:e|ing)|for \d{1,2} (?:more )?days?|x ?\d{1,2} days?)\b",
    re.I,
)
TAKEN = re.compile(
    r"\b(?:on|takes|taking|continues|treated with|managed with|controlled (?:with|by|on)"
    r"|maintained on|using|uses)(?: (?:\w+ ){0,2}| .*,(?: and)? | \w+ and )$",
    re.I,
)
"""What must stand before a medicine named in a list of past conditions."""

UNDERGOING = re.compile(
    r"\b(?:undergoing|receiving|currently (?:on|getting|in)|(?:is|remains) on"
    r"|continues(?: on| with)?|(?:cycle|day) \d+ of|last (?:dose|cycle) of)\s+(?:\w+\s+){0,2}?"
    r"(?P<name>chemo(?:therapy)?|radiation(?: therapy)?|radiotherapy|brachytherapy)\b",
    re.I,
)
"""Treatment of a cancer that is named by its kind; a bare "chemotherapy" may be long past."""


@dataclass(frozen=True)
class Medications:
    """Names by their words' normal forms, first word first, longest first; and their context."""

    by_first: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
    context: ContextRules
    speller: Speller

    def classes_of(self, name: str) -> tuple[str, ...]:
        """The classes of the medicines that a structured record's name holds, in order."""
        words = [(at, token.lemma) for at, token in enumerate(self.speller.tokens(name))]
        found = _matches([item for item in words if item[1]], self.by_first)
        return tuple(dict.fromkeys(kind for _, _, kind in found))


def medications(tables: Tables, speller: Speller) -> Medications:
    """Compile the two tables; ``ValueError`` for a row that is no scope rule."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for row in tables["medications"].dicts():
        words = speller.lemmas(row["name"])
        found.setdefault(words[0], []).append((words, row["class"]))
    return Medications(
        {first: tuple(sorted(x, key=lambda it: (-len(it[0]), it))) for first, x in found.items()},
        context_rules_of(tables["medication_context"], speller),
        speller,
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A medicine that the patient takes, at tokens ``begin:end``; ``temporary`` where said."""

    begin: int
    end: int
    kind: str
    temporary: bool | None


def find_medications(
    text: str,
    tokens: Sequence[Token],
    words: Sequence[tuple[int, str]],
    scopes: Sequence[Scope],
    known: Medications,
    past_section: bool,
) -> Iterator[Taken]:
    """The medicines that a sentence says the patient takes now.

    ``words`` are the positions and normal forms of the tokens that are words, ``scopes`` those of
    the general cues, of which only the person counts. In a list of past conditions a medicine
    counts only where a word such as "on" or "taking" stands before it.
    """
    named = _matches(words, known.by_first)
    begin, end = tokens[0].begin, tokens[-1].end
    for match in UNDERGOING.finditer(text, begin, end):
        inside = [at for at, t in enumerate(tokens) if match.start("name") <= t.begin < match.end()]
        named.append((inside[0], inside[-1] + 1, TREATMENT))
    if not named:
        return
    for_now = TEMPORARY.search(text, begin, end) is not None
    own = find_scopes(tokens, known.context)
    for first, last, kind in named:
        start, stop = tokens[first].begin, tokens[last - 1].end
        if past_section and not TAKEN.search(text[max(begin, start - LOOK_BACK) : start]):
            continue
        if kind == INSULIN and _is_no_drug(tokens, last):
            continue
        said = context_of(first, last, own)
        if said.polarity == "negated" or said.temporality != "current":
            continue
        if context_of(first, last, scopes).experiencer != "patient":
            continue
        long_term = LONG_TERM.search(text, max(begin, start - LOOK_BACK), start)
        if long_term:
            first = next(at for at, t in enumerate(tokens) if t.end > long_term.start())
        lasting = bool(long_term or (kind == INSULIN and DEPENDENT.match(text[stop : stop + 11])))
        temporary = False if lasting else True if for_now else None
        yield Taken(first, last, kind, temporary)


def _is_no_drug(tokens: Sequence[Token], last: int) -> bool:
    after = [token.fold for token in tokens[last : last + 2] if token.lemma]
    return bool(INSULIN_IS_NO_DRUG & set(after))


def _matches(
    words: Sequence[tuple[int, str]],
    by_first: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]],
) -> list[tuple[int, int, str]]:
    """The longest names left to right: first token, token after the last, class."""
    out: list[tuple[int, int, str]] = []
    index = 0
    while index < len(words):
        for phrase, kind in by_first.get(words[index][1], ()):
            if tuple(word for _, word in words[index : index + len(phrase)]) == phrase:
                index += len(phrase) - 1
                out.append((words[index - len(phrase) + 1][0], words[index][0] + 1, kind))
                break
        index += 1
    return out
