"""Facts of a note that are no diagnosis: pregnancy, tobacco, insulin, organism, side, episode …

Each comes from an affirmed, current statement about the patient, with the passage that says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from codewarrant.extract.context import Context, Scope, context_of
from codewarrant.extract.tables import Tables
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


NUMBER_WORDS = {"one": 1, "two": 2, "three": 3}
PREGNANT = re.compile(
    r"\b(?:(?P<w1>\d{1,2})(?:\s*(?:\d/7|\+\s*\d|and \d/7))?[\s-]*(?:weeks?|wks?|w)\b[\s-]*"
    r"(?:\d\s*days?\s*)?(?:pregnant|gestation|gravid|ga\b|intrauterine pregnancy|iup)"
    r"|pregnant\b(?:,? (?:at|currently at|now at) (?P<w2>\d{1,2}) (?:weeks?|wks?))?"
    r"|(?:gestational age|ega|ga|gestation)\b(?: of| is|:)?\s*(?P<w3>\d{1,2})\s*(?:weeks?|wks?|w)\b"
    r"|(?:intrauterine|viable|normal|supervision of) pregnancy\b"
    r"(?:,? at (?P<w4>\d{1,2}) (?:weeks?|wks?))?"
    r"|pregnancy at (?P<w5>\d{1,2}) (?:weeks?|wks?))",
    re.I,
)
SMOKER = re.compile(
    r"\b(?P<dep>(?:nicotine|tobacco|cigarette)(?: \w+)? (?:dependence|addiction)"
    r"|dependence on (?:nicotine|tobacco|cigarettes)|(?:nicotine|tobacco)[ -]dependent"
    r"|tobacco use disorder)\b"
    r"|\b(?<!non-)(?<!non )(?<!ex-)(?<!ex )(?:current(?:ly)? (?:every ?day |daily )?smok(?:er|es)"
    r"|smokes\b|smoker\b|currently smoking|tobacco (?:use|abuse|user)\b|uses tobacco"
    r"|active smok(?:er|ing)|continues to smoke)",
    re.I,
)
FORMER = re.compile(
    r"\b(?:former|ex|previous|quit|past|never|non|stopped|prior)\b[\s-]*(?:\w+ )?$", re.I
)
QUIT = re.compile(r"\b(?:quit|stopped|gave up)\b(?! line)", re.I)
BMI = re.compile(
    r"\b(?:bmi|body mass index)\b\s*(?:\(bmi\)\s*)?"
    r"(?:is|of|was|today|:|=|at|calculated at|currently|\s)*\s*(?P<value>\d{2})(?:\.\d+)?\b",
    re.I,
)
INSULIN = re.compile(
    r"\b(?:(?P<long>long[ -]term(?: \(current\))?(?: use of)? insulin|insulin[ -]dependent"
    r"|chronic insulin)"
    r"|(?:insulin (?:glargine|lispro|aspart|detemir|degludec|nph|pump|therapy|regimen)"
    r"|lantus|humalog|novolog|levemir|basaglar|tresiba|toujeo|humulin|novolin|insulin))\b",
    re.I,
)
INSULIN_IS_NO_DRUG = re.compile(r"^\W*(?:resistan|level|sensitiv|secret|antibod)", re.I)
TEMPORARY = re.compile(
    r"\b(?:temporar\w*|sliding scale|while inpatient|while hospitali[sz]ed|during (?:this )?"
    r"(?:hospital\w*|admission|stay)|perioperative\w*|insulin drip|one dose|short[ -]term)\b",
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
FEWEST_WEEKS, MOST_WEEKS = 1, 44


@dataclass(frozen=True)
class Organisms:
    """Names of organisms by their words' normal forms, first word first."""

    by_first: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]


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
    known: Organisms,
    section: Context,
) -> list[Found]:
    """The findings of one sentence in order. ``section`` is the context its section alone gives."""
    if section.temporality != "current" or section.experiencer != "patient" or not tokens:
        return []
    begin, end = tokens[0].begin, tokens[-1].end
    out = [
        found
        for found in (*_by_pattern(text, begin, end, tokens), *_organism(tokens, known))
        if _stated(found, scopes)
    ]
    return sorted(set(out), key=lambda item: tuple(str(part) for part in item))


def _stated(found: Found, scopes: Sequence[Scope]) -> bool:
    context = context_of(found.begin, found.end, scopes)
    return context[:4] == ("affirmed", "confirmed", "current", "patient")


def _by_pattern(text: str, begin: int, end: int, tokens: Sequence[Token]) -> Iterator[Found]:
    for match in PREGNANT.finditer(text, begin, end):
        weeks = next((int(number) for number in match.groups() if number), None)
        if weeks is None or FEWEST_WEEKS <= weeks <= MOST_WEEKS:
            yield _at(tokens, match, "pregnant", value=weeks)
    sentence = text[begin:end]
    for match in SMOKER.finditer(text, begin, end):
        if not FORMER.search(text[begin : match.start()]) and not QUIT.search(sentence):
            yield _at(tokens, match, "smoker", dependent=True if match["dep"] else None)
    for match in BMI.finditer(text, begin, end):
        yield _at(tokens, match, "bmi", value=int(match["value"]))
    for match in INSULIN.finditer(text, begin, end):
        if INSULIN_IS_NO_DRUG.search(text[match.end() : match.end() + 20]):
            continue
        temporary = False if match["long"] else True if TEMPORARY.search(sentence) else None
        yield _at(tokens, match, "insulin", temporary=temporary)
    for pattern, episode in EPISODE:
        for match in pattern.finditer(text, begin, end):
            yield _at(tokens, match, "episode", text=episode)


def _at(tokens: Sequence[Token], match: re.Match[str], kind: str, **fields: object) -> Found:
    inside = [
        at
        for at, token in enumerate(tokens)
        if token.begin < match.end() and match.start() < token.end
    ]
    return Found(inside[0], inside[-1] + 1, kind, **fields)  # pyright: ignore[reportArgumentType]


def _organism(tokens: Sequence[Token], known: Organisms) -> Iterator[Found]:
    words = [(at, token.lemma) for at, token in enumerate(tokens) if token.lemma]
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
