"""The compiled lexicon: word sets of a code set's release on a date, looked up by rarest word.

The exchange form is canonical JSON; its sha256 is the lexicon's digest. Loading is parsing: the
look-up tables are the parsed form itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol

import orjson

from codewarrant.engine.canonical import sha256
from codewarrant.engine.values import Code
from codewarrant.extract.tables import Table, Tables
from codewarrant.extract.titles import WITH, readings, signed_words
from codewarrant.extract.words import Speller

FORMAT = 1
SEVENTH = 7
"""Characters of an ICD-10-CM code with its extension; the code before it is what a note names."""
LONGEST_ACRONYM = 6
MOST_WORDS = 12
"""Longer word sets never match a clause of a note and are left out."""


CONVENTION = 0
"""Rank of a code that the abbreviation table names itself: before every title."""
COMPLETE, HEADER = 1, 2
"""Ranks of codes that head no others, and of those that do."""


class Term(NamedTuple):
    """One wording of a code. ``kind`` is title, inclusion or index (others count as index)."""

    code: Code
    text: str
    kind: str = "title"


class Terms(Protocol):
    """A code set as the lexicon needs it: its wordings in force on a date."""

    @property
    def system(self) -> str: ...

    def terms(self, on: date) -> Iterable[tuple[str, str, str]]:
        """Code, kind of wording (title, inclusionTerm, …) and text."""
        ...


class Sense(NamedTuple):
    """A code that a word set may mean; optional words decide between senses of one set."""

    code: Code
    text: str
    optional: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """Immutable; equal bytes, equal digest.

    ``entries``: rarest word → ``[other words, senses, by convention]``, a sense being ``[code
    number, text, optional words]``, best first. ``phrases``: first word → ``[words, expansion,
    capitals only, words of which the note needs one]``.
    """

    digest: str
    codes: tuple[Code, ...]
    entries: dict[str, list[Any]] = field(repr=False)
    phrases: dict[str, list[Any]] = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> Lexicon:
        """Read the exchange form. Raises ``ValueError`` for anything else."""
        try:
            body = orjson.loads(data)
            if body["format"] != FORMAT:
                raise ValueError(f"lexicon format {body['format']}, expected {FORMAT}")
            codes = tuple(Code(*pair) for pair in body["codes"])
            return cls(sha256(data), codes, body["entries"], body["phrases"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError("not a compiled lexicon") from error


def build(
    codeset: Terms,
    on: date,
    abbreviations: Table,
    tables: Tables,
    vocabulary: Table | None = None,
) -> Lexicon:
    """The lexicon of a code set on a date, compiled now (some seconds): callers keep the bytes."""
    terms = terms_of(codeset, on)
    return Lexicon.from_bytes(compile_lexicon(terms, abbreviations, tables, vocabulary))


def terms_of(codeset: Terms, on: date) -> Iterator[Term]:
    """The wordings that a code set has in force on a date."""
    for code, kind, text in codeset.terms(on):
        yield Term(Code(codeset.system, code), text, "title" if kind == "title" else "inclusion")


def compile_lexicon(
    terms: Iterable[Term],
    abbreviations: Table,
    tables: Tables,
    vocabulary: Table | None = None,
) -> bytes:
    """Compile wordings and an abbreviation table to the exchange form.

    The order of ``terms`` has no influence. An abbreviation's own code counts only where the terms
    know the code. ``vocabulary`` has rows of the same columns from outside the extractor: each of
    its phrases is matched word for word, and stands in for an abbreviation of the same words.
    Raises ``ValueError`` for a row that names neither words nor a code.
    """
    speller = tables.speller
    given = sorted(set(terms), key=lambda term: (term.code, term.kind, term.text))
    parents = _parents({term.code for term in given})
    guards = frozenset(
        tuple(sorted(set(signed_words(row[0], speller)))) for row in tables["guards"].rows
    )
    senses: dict[tuple[str, ...], dict[Code, tuple[Any, ...]]] = {}

    def add(required: tuple[str, ...], sense: Sense, rank: tuple[int, ...]) -> None:
        # Deeper codes and wordings that say "unspecified" stand for a set of words first.
        key = (*rank, sense.code.value, sense.text, sense.optional)
        found = senses.setdefault(required, {})
        if sense.code not in found or key < found[sense.code][0]:
            found[sense.code] = (key, sense)

    for term in given:
        if _extended(term.code):
            continue
        for reading in readings(term.text, speller, term.kind != "title"):
            if len(reading.required) > MOST_WORDS:
                continue
            words = reading.required
            if words in guards or (len(words) == 1 and _bare(words[0], term)):
                continue
            header = term.code in parents
            rank = (
                HEADER if header else COMPLETE,
                0 if reading.unspecified else 1,
                {"title": 0, "inclusion": 1}.get(term.kind, 2),
                len(reading.optional),
            )
            add(words, Sense(term.code, term.text, reading.optional), rank)
    known = {term.code for term in given}
    own = list(vocabulary.dicts()) if vocabulary is not None else []
    taken = {speller.lemmas(row["phrase"]) for row in own}
    rows = [(row, True) for row in own]
    rows += [
        (row, False) for row in abbreviations.dicts() if speller.lemmas(row["phrase"]) not in taken
    ]
    taken |= {
        speller.lemmas(row["phrase"])
        for row, _ in rows
        if not row["icd10cm"] or Code("icd10cm", row["icd10cm"]) in known
    }
    rows += [
        (row, False)
        for row in _index_terms(tables["index_terms"], known)
        if speller.lemmas(row["phrase"]) not in taken
    ]
    phrases = _phrases(rows, known, speller, add)
    return _encode(senses, phrases)


def _index_terms(table: Table, known: set[Code]) -> Iterator[Mapping[str, str]]:
    """The index's words in the columns of abbreviations, each with its first code in force."""
    for row in table.dicts():
        codes = [code for code in row["codes"].split() if Code("icd10cm", code) in known]
        if codes:
            yield {
                "phrase": row["phrase"], "words": "", "icd10cm": codes[0], "icd9cm": "",
                "needs": "", "case": "",
            }  # fmt: skip


def _phrases(
    rows: Iterable[tuple[Mapping[str, str], bool]], known: set[Code], speller: Speller, add: Any
) -> dict[str, list]:
    """The phrases by their first word; each row comes with whether its words stand as they are."""
    phrases: dict[str, list[Any]] = {}
    for row, word_for_word in rows:
        words = list(speller.lemmas(row["phrase"]))
        if not words or not (row["words"] or row["icd10cm"] or row["icd9cm"]):
            raise ValueError(f"abbreviation {row['phrase']!r} has neither words nor a code")
        upper = row["case"] == "upper"
        needs = sorted(
            {lemma for part in row["needs"].split(";") for lemma in speller.lemmas(part)}
        )
        expansion = signed_words(row["words"], speller)
        codes = [
            Code(system, row[system])
            for system in ("icd10cm", "icd9cm")
            if Code(system, row[system]) in known
        ]
        if codes:
            own = "=" + " ".join(words)
            if word_for_word:
                # One phrase may mean different things in different notes.
                own += "|" + " ".join(needs) if needs else "~"
            tied = word_for_word or upper or bool(needs)
            required = (own,) if tied else tuple(sorted(set(signed_words(row["phrase"], speller))))
            for code in codes:
                add(required, Sense(code, row["phrase"], ()), (CONVENTION, 0, 0, 0))
            if tied:
                expansion = [*expansion, own]
        if expansion:
            phrases.setdefault(words[0], []).append([words, expansion, upper, needs])
    for found in phrases.values():
        found.sort(key=lambda item: (-len(item[0]), item))
    return phrases


def _encode(senses: dict, phrases: dict[str, list]) -> bytes:
    frequency = Counter(word for required in senses for word in required)
    codes = sorted({code for found in senses.values() for code in found})
    number = {code: index for index, code in enumerate(codes)}
    entries: dict[str, list[Any]] = {}
    for required in sorted(senses):
        words = sorted(required, key=lambda word: (word == WITH, frequency[word], word))
        found = sorted(senses[required].values(), key=lambda item: item[0])
        # A header speaks only where no code under it has the same words.
        complete = [sense for key, sense in found if key[0] != HEADER]
        ranked = complete or [sense for _, sense in found]
        first = ranked[0]
        kept = [first] + [sense for sense in ranked[1:] if sense.optional != first.optional]
        body = [[number[s.code], s.text, list(s.optional)] for s in kept]
        by_convention = min(senses[required].values())[0][0] == CONVENTION
        entries.setdefault(words[0], []).append([words[1:], body, by_convention])
    return orjson.dumps(
        {
            "format": FORMAT,
            "codes": [list(code) for code in codes],
            "entries": entries,
            "phrases": phrases,
        },
        option=orjson.OPT_SORT_KEYS,
    )


def _bare(word: str, term: Term) -> bool:
    """Whether one word is too little: a number, an acronym (those have their table), or a cause,
    place or activity that only a longer wording names."""
    acronym = term.text.isupper() and len(term.text) <= LONGEST_ACRONYM
    outside = term.code.system == "icd10cm" and term.code.value[0] in "VWXY"
    return len(word) < 3 or word.isdigit() or acronym or outside


def _extended(code: Code) -> bool:
    return code.system == "icd10cm" and len(code.value.replace(".", "")) == SEVENTH


def _parents(codes: set[Code]) -> set[Code]:
    """Codes that head others, 7th-character extensions not counted."""
    prefixes: set[Code] = set()
    for code in codes:
        if _extended(code):
            continue
        flat = code.value
        for length in range(3, len(flat)):
            prefixes.add(Code(code.system, flat[:length].rstrip(".")))
    return codes & prefixes
