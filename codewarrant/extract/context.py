"""Context of a passage: denied or not, how sure, when, and whose, by scope rules from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from codewarrant.extract.tables import Table, Tables
from codewarrant.extract.words import Speller, Token

KINDS = ("polarity", "certainty", "temporality", "experiencer")
VALUES = {
    "polarity": ("negated",),
    "certainty": ("probable", "suspected", "ruled out", "unlikely"),
    "temporality": ("historical", "hypothetical"),
    "experiencer": ("family", "other"),
    "pseudo": ("",),
    "terminator": ("contrast", "clause", "positive", "now", "subject"),
    "informant": ("before", "after"),
}
DIRECTIONS = ("forward", "backward", "both", "final", "around", "none", "")
DETERMINERS = frozenset(
    (
        "his",
        "her",
        "the",
        "their",
        "patient's",
        "my",
        "both",
        "a",
        "an",
        "your",
        "maternal",
        "paternal",
    )
)
LIST_SEGMENT = 4
"""At most this many words between two commas of one list."""


class Cue(NamedTuple):
    """One row of ``context.tsv``: words, and what they do over which stretch."""

    phrase: tuple[str, ...]
    kind: str
    value: str
    direction: str
    bound: str
    terminators: frozenset[str]


class Scope(NamedTuple):
    """Token positions ``begin:end`` to which a cue, itself at ``at``, gives its value."""

    kind: str
    value: str
    begin: int
    end: int
    at: tuple[int, int]
    backward: bool


class Context(NamedTuple):
    """What holds of a passage; ``history`` tells that only a wording like "history of" made it
    historical, which for a lifelong condition it does not."""

    polarity: str = "affirmed"
    certainty: str = "confirmed"
    temporality: str = "current"
    experiencer: str = "patient"
    history: bool = False


@dataclass(frozen=True)
class ContextRules:
    """The table compiled: phrases by their first word, longest first."""

    cues: Mapping[str, tuple[Cue, ...]]
    informants: Mapping[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)


def cue_words(tokens: Sequence[Token]) -> list[str]:
    """The forms that cues are matched on: folded words and marks, every "n't" as "not"."""
    return [
        "not" if token.lemma == "not" and token.fold.endswith("t") else token.fold
        for token in tokens
    ]


def context_rules(tables: Tables, speller: Speller) -> ContextRules:
    """Compile ``context.tsv``.

    Raises ``ValueError`` with the phrase for an unknown kind, value, direction, bound or class.
    """
    return context_rules_of(tables["context"], speller)


def context_rules_of(table: Table, speller: Speller) -> ContextRules:
    """Compile a table of the columns of ``context.tsv``; raises like :func:`context_rules`."""
    by_first: dict[str, list[Cue]] = {}
    informants: dict[str, set[tuple[str, ...]]] = {"before": set(), "after": set()}
    for row in table.dicts():
        phrase = tuple(cue_words(speller.tokens(row["phrase"])))
        classes = frozenset(row["terminators"].split())
        cue = Cue(phrase, row["kind"], row["value"], row["direction"], row["bound"], classes)
        _check(cue, row["phrase"], table.name)
        if cue.kind == "informant":
            informants[cue.value].add(phrase)
        else:
            by_first.setdefault(phrase[0], []).append(cue)
    ordered = {
        first: tuple(sorted(cues, key=lambda cue: (-len(cue.phrase), cue[:5])))
        for first, cues in sorted(by_first.items())
    }
    return ContextRules(ordered, {side: frozenset(found) for side, found in informants.items()})


def _check(cue: Cue, phrase: str, table: str) -> None:
    known = {*VALUES["terminator"], "comma"}
    bad = (
        not cue.phrase
        or cue.kind not in VALUES
        or cue.value not in VALUES[cue.kind]
        or cue.direction not in DIRECTIONS
        or not (cue.bound in ("", "clause", "sentence") or cue.bound.isdigit())
        or not cue.terminators <= known
    )
    if bad:
        raise ValueError(f"{table}.tsv: row {phrase!r} is not a scope rule")


class _Found(NamedTuple):
    cue: Cue
    begin: int
    end: int


def find_scopes(tokens: Sequence[Token], rules: ContextRules) -> list[Scope]:
    """The scopes of all cues of one sentence, in order of their cues."""
    words = cue_words(tokens)
    found, stops = _find(words, rules)
    out: list[Scope] = []
    for cue, begin, end in found:
        directions = _directions(cue, words, begin, end, rules)
        for direction in directions:
            if direction == "forward":
                stop = _reach(words, end, 1, cue, stops)
                scope = Scope(cue.kind, cue.value, end, stop, (begin, end), False)
            else:
                start = _reach(words, begin - 1, -1, cue, stops)
                scope = Scope(cue.kind, cue.value, start + 1, begin, (begin, end), True)
            if scope.begin < scope.end:
                out.append(scope)
    return out


def _find(words: list[str], rules: ContextRules) -> tuple[list[_Found], dict[int, frozenset[str]]]:
    """Cues left to right, longest first, and the classes of terminator at each position."""
    found: list[_Found] = []
    stops: dict[int, set[str]] = {}
    size = len(words)
    taken = -1
    for at, word in enumerate(words):
        best = 0
        for cue in rules.cues.get(word, ()):
            length = len(cue.phrase)
            if cue.kind == "terminator":
                if at + length <= size and tuple(words[at : at + length]) == cue.phrase:
                    stops.setdefault(at, set()).add(cue.value)
                continue
            if at <= taken or length < best or at + length > size:
                continue
            if tuple(words[at : at + length]) != cue.phrase:
                continue
            if cue.direction == "final" and not _closes(words, at + length):
                continue
            best = length
            if cue.kind != "pseudo":
                found.append(_Found(cue, at, at + length))
        if best:
            # A phrase of another meaning and the same length yields to a pseudo-cue.
            pseudo = any(
                cue.kind == "pseudo" and tuple(words[at : at + best]) == cue.phrase
                for cue in rules.cues.get(word, ())
                if len(cue.phrase) == best
            )
            if pseudo:
                found = [item for item in found if item.begin != at]
            taken = at + best - 1
    return found, {at: frozenset(classes) for at, classes in stops.items()}


def _closes(words: list[str], at: int) -> bool:
    """Whether a phrase that ends before ``at`` ends its clause."""
    return at >= len(words) or words[at] in {",", ";", ".", ")", ":", "and", "but", "?", "]", "-"}


def _directions(
    cue: Cue, words: list[str], begin: int, end: int, rules: ContextRules
) -> tuple[str, ...]:
    if cue.direction == "both":
        return ("backward", "forward")
    if cue.direction == "final":
        return ("backward",)
    if cue.direction != "around":
        return (cue.direction,)
    after = rules.informants["after"]
    if any(tuple(words[end : end + length]) in after for length in (1, 2, 3)):
        return ()
    before = begin
    while before > 0 and words[before - 1] in DETERMINERS:
        before -= 1
    if any(
        before >= length and tuple(words[before - length : before]) in rules.informants["before"]
        for length in (1, 2)
    ):
        return ()
    if before > 0 and words[before - 1] in ("in", "(", "of"):
        return ("backward", "forward") if words[before - 1] != "of" else ("forward",)
    return ("forward",)


def _reach(
    words: list[str], at: int, step: int, cue: Cue, stops: Mapping[int, frozenset[str]]
) -> int:
    """Walk from ``at`` to the first position outside the scope."""
    limit = int(cue.bound) if cue.bound.isdigit() else len(words)
    walked = 0
    while 0 <= at < len(words):
        word = words[at]
        if word in (";", "|"):
            break
        if cue.terminators & stops.get(at, frozenset()):
            break
        if word == "," and "comma" in cue.terminators and not _in_list(words, at, step):
            break
        walked += word[0].isalnum()
        if walked > limit:
            break
        at += step
    return at


def _in_list(words: list[str], comma: int, step: int) -> bool:
    """Whether a comma separates items of one list that ends in "and" or "or"."""
    if step < 0:
        return comma + 1 < len(words) and words[comma + 1] in ("and", "or")
    at = comma + 1
    while at < len(words):
        if words[at] in ("and", "or"):
            return at == comma + 1 or words[at] == "or"
        count = 0
        while at < len(words) and words[at] not in (",", ";"):
            if words[at] == "or" and count:
                return True
            count += 1
            at += 1
        if count > LIST_SEGMENT:
            return False
        at += 1
    return False


def context_of(begin: int, end: int, scopes: Sequence[Scope]) -> Context:
    """The context of the tokens ``begin:end`` of the sentence that ``scopes`` were found in.

    A cue inside the passage itself ("family history of …" as part of a title) does not count.
    """
    values: dict[str, set[str]] = {kind: set() for kind in KINDS}
    history = False
    for scope in scopes:
        if scope.at[0] < end and begin < scope.at[1]:
            continue
        edge = end - 1 if scope.backward else begin
        if scope.begin <= edge < scope.end:
            values[scope.kind].add(scope.value)
            history |= scope.value == "historical" and not scope.backward
    certainty = "confirmed"
    negated = "negated" in values["polarity"]
    if "ruled out" in values["certainty"]:
        certainty, negated = "ruled out", True
    elif "unlikely" in values["certainty"]:
        certainty, negated = "suspected", True
    elif negated:
        # "No consolidation to suggest pneumonia" denies it outright.
        certainty = "confirmed"
    elif "suspected" in values["certainty"]:
        certainty = "suspected"
    elif "probable" in values["certainty"]:
        certainty = "probable"
    times = values["temporality"]
    people = values["experiencer"]
    return Context(
        "negated" if negated else "affirmed",
        certainty,
        "hypothetical"
        if "hypothetical" in times
        else "historical"
        if "historical" in times
        else "current",
        "family" if "family" in people else "other" if "other" in people else "patient",
        history,
    )
