"""Facts of a note that are no diagnosis: pregnancy, tobacco, medicines, organism, side, episode …

Each comes from an affirmed, current statement about the patient, with the passage that says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from codewarrant.engine.values import Code
from codewarrant.extract.context import Context, Scope, context_of
from codewarrant.extract.gestation import find_gestation
from codewarrant.extract.links import Condition, find_dysfunction, infection_of
from codewarrant.extract.medications import Medications, find_medications
from codewarrant.extract.tables import Tables
from codewarrant.extract.tobacco import find_tobacco
from codewarrant.extract.words import Speller, Token


class Found(NamedTuple):
    """A finding at tokens ``begin:end`` of its sentence."""

    begin: int
    end: int
    kind: str
    value: int | None = None
    text: str | None = None
    side: str | None = None
    dependent: bool | None = None
    temporary: bool | None = None
    about: Code | None = None
    due_to: tuple[Code, ...] = ()


BMI = re.compile(
    r"\b(?:bmi|body mass index)\b\s*(?:\(bmi\)\s*)?"
    r"(?:is|of|was|today|:|=|at|calculated at|currently|\s)*\s*(?P<value>\d{2})(?:\.\d+)?\b",
    re.I,
)
ABNORMAL = re.compile(
    r"\babnormal (?:exam(?:ination)? )?findings?\b"
    r"|\babnormal(?:ity|ities) (?:was |were )?(?:found|noted) on (?:the |today's )?exam",
    re.I,
)
SEPARATE_VISIT = re.compile(
    r"\bseparately identifiable\b"
    r"|\b(?:evaluated|addressed|assessed|managed|treated)"
    r" (?:separately|apart|independently|distinctly) from (?:the|today's|her|his)\b"
    r"|\b(?:was |is )?(?:not|no) (?:a )?part of the decision (?:to|for)\b"
    r"|\b(?:separate|unrelated|independent|distinct) (?:evaluation(?: and management)?|e/m|e&m"
    r"|office visit|visit|problem)[^.;]{0,40}"
    r" (?:from|to|of|beyond) (?:the|today's) (?:procedure|injection)"
    r"|\b(?:in addition to|beyond|above and beyond|apart from) (?:the|today's)"
    r" (?:\w+ )?(?:procedure|injection),?(?: a)?(?: significant,?)?"
    r" (?:separate|distinct|independent) (?:evaluation|visit|e/m|problem)\b",
    re.I,
)
EPISODE = (
    (re.compile(r"\b(?:sequela[e]?|late effects?)\b(?: of)?", re.I), "sequela"),
    (
        re.compile(
            r"\b(?:subsequent encounter|routine healing|delayed healing|follow[ -]?up (?:visit )?"
            r"(?:for|of) (?:\w+ ){0,3}(?:fracture|injury|sprain|laceration|dislocation)|cast change"
            r"|cast removal|suture removal|healing fracture|aftercare|malunion|nonunion)\b",
            re.I,
        ),
        "subsequent",
    ),
    (
        re.compile(
            r"\b(?:active treatment|initial encounter|closed reduction|open reduction"
            r"|splint(?:ed)? (?:was )?(?:applied|placed)|was (?:splinted|sutured|reduced)"
            r"|laceration (?:was )?repair\w*)\b",
            re.I,
        ),
        "initial",
    ),
)
SIDE = re.compile(
    r"\b(?P<left>left|lt|l)\b|\b(?P<right>right|rt|r)\b|\b(?P<both>bilateral|bilaterally|both)\b",
    re.I,
)
NEITHER_SIDE = re.compile(
    r"^\W*(?:now|away|after|before|alone|to|against|without|over the|heart)\b", re.I
)


@dataclass(frozen=True)
class Organisms:
    """Names of organisms by their words' normal forms, first word first."""

    by_first: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]


@dataclass(frozen=True)
class Known:
    """What findings are found by: organisms, medicines, and the code that "sepsis" alone has."""

    organisms: Organisms
    medications: Medications
    sepsis: Code | None


def organisms(tables: Tables, speller: Speller) -> Organisms:
    """Compile ``organisms.tsv``."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for row in tables["organisms"].dicts():
        words = speller.lemmas(row["phrase"])
        found.setdefault(words[0], []).append((words, row["organism"]))
    return Organisms(
        {first: tuple(sorted(x, key=lambda it: (-len(it[0]), it))) for first, x in found.items()}
    )


def find_findings(
    text: str,
    tokens: Sequence[Token],
    scopes: Sequence[Scope],
    known: Known,
    section: Context,
    conditions: Sequence[Condition] = (),
) -> list[Found]:
    """The findings of one sentence in order.

    ``section`` is the context its section alone gives, ``conditions`` are its mentions. In a list
    of past conditions only what is said of smoking and of medicines counts.
    """
    if section.temporality == "hypothetical" or section.experiencer != "patient" or not tokens:
        return []
    past = section.temporality != "current"
    words = [(at, token.lemma) for at, token in enumerate(tokens) if token.lemma]
    out = list(_tobacco(text, tokens, scopes, past))
    for item in find_medications(text, tokens, words, scopes, known.medications, past):
        out.append(Found(item.begin, item.end, item.kind, temporary=item.temporary))
    if not past:
        out.extend(
            found
            for found in (
                *_by_pattern(text, tokens),
                *_organisms(tokens, words, known, conditions),
                *_dysfunctions(tokens, known, conditions),
            )
            if _stated(found, scopes)
        )
    return sorted(set(out), key=lambda item: tuple(str(part) for part in item))


def _stated(found: Found, scopes: Sequence[Scope]) -> bool:
    """Whether a passage is affirmed, sure, present and the patient's own; a link at both ends."""
    begin, end = found.begin, found.end
    edges = [(begin, end)]
    if found.due_to:
        edges += [(begin, begin + 1), (end - 1, end)]
    sure = ("affirmed", "confirmed", "current", "patient")
    return all(context_of(first, last, scopes)[:4] == sure for first, last in edges)


def _tobacco(
    text: str, tokens: Sequence[Token], scopes: Sequence[Scope], past: bool
) -> Iterator[Found]:
    for said in find_tobacco(text, tokens[0].begin, tokens[-1].end):
        found = _at(tokens, said.begin, said.end, said.kind, dependent=said.dependent)
        context = context_of(found.begin, found.end, scopes)
        own = context.polarity == "affirmed" and context.experiencer == "patient"
        if said.kind == "former-smoker":
            if own and context.temporality != "hypothetical" and context.certainty == "confirmed":
                yield found
        elif not past and _stated(found, scopes):
            yield found


def _by_pattern(text: str, tokens: Sequence[Token]) -> Iterator[Found]:
    begin, end = tokens[0].begin, tokens[-1].end
    for said in find_gestation(text, begin, end):
        yield _at(tokens, said.begin, said.end, said.kind, value=said.weeks)
    for match in BMI.finditer(text, begin, end):
        yield _at(tokens, *match.span(), "bmi", value=int(match["value"]))
    for pattern, episode in EPISODE:
        for match in pattern.finditer(text, begin, end):
            yield _at(tokens, *match.span(), "episode", text=episode)
    for pattern, kind in ((ABNORMAL, "abnormal-finding"), (SEPARATE_VISIT, "separate-visit")):
        for match in pattern.finditer(text, begin, end):
            yield _at(tokens, *match.span(), kind)


def _organisms(
    tokens: Sequence[Token],
    words: Sequence[tuple[int, str]],
    known: Known,
    conditions: Sequence[Condition],
) -> Iterator[Found]:
    for found in _organism(words, known.organisms):
        about = infection_of(found.begin, found.end, tokens, conditions, known.sepsis)
        yield found._replace(about=about)


def _dysfunctions(
    tokens: Sequence[Token], known: Known, conditions: Sequence[Condition]
) -> Iterator[Found]:
    for item in find_dysfunction(tokens, conditions, known.sepsis):
        yield Found(item.begin, item.end, "organ-dysfunction", due_to=(item.code,))


def _at(tokens: Sequence[Token], begin: int, end: int, kind: str, **fields: object) -> Found:
    inside = [at for at, token in enumerate(tokens) if token.begin < end and begin < token.end]
    return Found(inside[0], inside[-1] + 1, kind, **fields)  # pyright: ignore[reportArgumentType]


def _organism(words: Sequence[tuple[int, str]], known: Organisms) -> Iterator[Found]:
    index = 0
    while index < len(words):
        for phrase, name in known.by_first.get(words[index][1], ()):
            if tuple(word for _, word in words[index : index + len(phrase)]) == phrase:
                last = words[index + len(phrase) - 1][0]
                yield Found(words[index][0], last + 1, "organism", text=name)
                index += len(phrase) - 1
                break
        index += 1


def side_of(text: str, tokens: Sequence[Token], begin: int, end: int) -> str | None:
    """The side said nearest to the passage: inside it, else up to four words before or after.

    None where no side is said there, or both sides are said apart from each other.
    """
    inside = _sides(text, tokens[begin].begin, tokens[end - 1].end)
    if inside:
        return _one(inside)
    first = begin
    for _ in range(SIDE_REACH):
        if first == 0 or tokens[first - 1].fold in SIDE_STOPS:
            break
        first -= 1
    before = _sides(text, tokens[first].begin, tokens[begin].begin) if first < begin else set()
    if before:
        return _one(before)
    last = end
    for _ in range(SIDE_REACH):
        if last >= len(tokens) or tokens[last].fold in SIDE_STOPS:
            break
        last += 1
    return _one(_sides(text, tokens[end - 1].end, tokens[last - 1].end)) if last > end else None


SIDE_REACH = 4
SIDE_STOPS = frozenset({",", ";", ".", "and", "but", "or", "with", "no", "without"})


def _sides(text: str, begin: int, end: int) -> set[str]:
    out: set[str] = set()
    for match in SIDE.finditer(text, begin, end):
        if len(match.group()) == 1 and not match.group().isupper():
            continue
        if NEITHER_SIDE.search(text[match.end() : match.end() + 12]):
            continue
        out.add("left" if match["left"] else "right" if match["right"] else "bilateral")
    return out


def _one(sides: set[str]) -> str | None:
    if sides == {"left", "right"}:
        return "bilateral"
    return next(iter(sides)) if len(sides) == 1 else None
