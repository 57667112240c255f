"""Links that one clause states: an organism to its infection, organ dysfunction to sepsis.

A culture that grew something beside an infection is no link; neither is "in the setting of". What
is linked is told by the wording between two passages, so that a person can read it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codewarrant.engine.values import Code
from codewarrant.extract.tables import Tables
from codewarrant.extract.words import Token

DUE_TO = frozenset(
    (
        "due to",
        "secondary to",
        "caused by",
        "because of",
        "from",
        "2 / 2",
        "2nd to",
        "resulting from",
        "attributed to",
        "attributable to",
        "related to",
        "associated with",
    )
)
WITH = frozenset(("with", "w /", "by"))
CAUSES = frozenset(("causing", "resulting in", "leading to", "with associated", "with related"))
ADJECTIVES = frozenset(("induced", "related", "associated", "mediated"))
_BETWEEN = (
    "a an the acute chronic severe bacterial left right bilateral lower upper middle lobe lobar "
    "multifocal recurrent complicated uncomplicated pan sensitive pansensitive resistant "
    "multidrug mdr esbl producing positive his her this community acquired hospital confirmed "
    "culture - ( , )"
)
BETWEEN = frozenset(_BETWEEN.split())
"""Words that may stand between a link and what it links."""

UNKNOWN_DYSFUNCTION = (
    "organ dysfunction",
    "organ failure",
    "organ system failure",
    "end organ damage",
    "end - organ damage",
    "end organ dysfunction",
    "end - organ dysfunction",
)
FARTHEST = 7


@dataclass(frozen=True, slots=True)
class Condition:
    """A mention at tokens ``begin:end``, with its code and what it is in ``infections.tsv``."""

    begin: int
    end: int
    code: Code
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Dysfunction:
    """Organ dysfunction at tokens ``begin:end`` that the sepsis of ``code`` brought."""

    begin: int
    end: int
    code: Code


@dataclass(frozen=True)
class InfectionRanges:
    """Ranges of ``infections.tsv`` by code system: first and last, without dots, and kind."""

    ranges: Mapping[str, tuple[tuple[str, str, str], ...]]

    def kinds(self, code: Code) -> frozenset[str]:
        """What a code is; empty where it has no part in these links."""
        flat = code.value.replace(".", "")
        return frozenset(
            kind
            for first, last, kind in self.ranges.get(code.system, ())
            if first <= flat[: len(first)] and flat[: len(last)] <= last
        )


def infection_ranges(tables: Tables) -> InfectionRanges:
    """Compile ``infections.tsv``."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for row in tables["infections"].dicts():
        first, last = row["first"].replace(".", ""), row["last"].replace(".", "")
        found.setdefault(row["system"], []).append((first, last, row["kind"]))
    return InfectionRanges({system: tuple(rows) for system, rows in sorted(found.items())})


def infection_of(
    begin: int,
    end: int,
    tokens: Sequence[Token],
    conditions: Sequence[Condition],
    sepsis: Code | None,
) -> Code | None:
    """The infection to which a clause ties the organism at tokens ``begin:end``, or None.

    The organism is part of the infection's own words, stands right before it ("E. coli
    pneumonia"), or after it and a word such as "due to". For severe sepsis it is the sepsis.
    """
    infections = [item for item in conditions if "infection" in item.kinds]
    for item in infections:
        if item.begin < end and begin < item.end:
            return _own(item, sepsis)
    for item in infections:
        if end <= item.begin and _only_between(tokens, end, item.begin):
            return _own(item, sepsis)
    before = [item for item in conditions if item.end <= begin]
    if not before:
        return None
    nearest = max(before, key=lambda item: (item.end, -item.begin))
    if "infection" not in nearest.kinds:
        return None
    if _linked(tokens, nearest, begin, DUE_TO | WITH):
        return _own(nearest, sepsis)
    return None


def find_dysfunction(
    tokens: Sequence[Token], conditions: Sequence[Condition], sepsis: Code | None
) -> list[Dysfunction]:
    """Organ dysfunction that one clause ties to sepsis."""
    septic = [item for item in conditions if {"sepsis", "severe sepsis"} & item.kinds]
    out: list[Dysfunction] = []
    organs = [item for item in conditions if "organ dysfunction" in item.kinds]
    for organ in organs:
        own = tokens[organ.begin].fold
        if own == "septic" and sepsis is not None:
            out.append(Dysfunction(organ.begin, organ.end, sepsis))
    for cause in septic:
        code = _own(cause, sepsis)
        for organ in organs:
            if organ.end <= cause.begin and _linked(tokens, organ, cause.begin, DUE_TO):
                out.append(Dysfunction(organ.begin, cause.end, code))
            elif cause.end <= organ.begin and (
                _linked(tokens, cause, organ.begin, CAUSES) or _adjective(tokens, cause, organ)
            ):
                out.append(Dysfunction(cause.begin, organ.end, code))
        named = _dysfunction_after(tokens, cause)
        if named:
            out.append(Dysfunction(cause.begin, named, code))
    out.extend(_listed(tokens, organs, out))
    return sorted(set(out), key=lambda item: (item.begin, item.end, item.code))


def _own(item: Condition, sepsis: Code | None) -> Code:
    return sepsis if "severe sepsis" in item.kinds and sepsis is not None else item.code


def _only_between(tokens: Sequence[Token], begin: int, end: int) -> bool:
    if end - begin > FARTHEST:
        return False
    return all(token.fold in BETWEEN and token.fold != "," for token in tokens[begin:end])


def _linked(tokens: Sequence[Token], first: Condition, second: int, links: frozenset[str]) -> bool:
    """Whether only a link and words that may stand beside it are between the two passages.

    A relation word that the matcher took into the first passage ("respiratory failure due to")
    counts as standing between.
    """
    if second - first.end > FARTHEST:
        return False
    start = max(first.begin + 1, first.end - 3)
    folds = [token.fold for token in tokens[start:second]]
    inside = first.end - start
    for at in range(len(folds)):
        for length in (1, 2, 3):
            if " ".join(folds[at : at + length]) not in links or at + length < inside:
                continue
            rest = (*folds[inside:at], *folds[max(at + length, inside) :])
            if all(word in BETWEEN for word in rest):
                return True
    return False


def _adjective(tokens: Sequence[Token], cause: Condition, organ: Condition) -> bool:
    """ "Sepsis-induced hypotension", "sepsis-associated acute kidney injury"."""
    folds = [token.fold for token in tokens[cause.end : organ.begin] if token.lemma]
    return bool(folds) and folds[0] in ADJECTIVES and all(word in BETWEEN for word in folds[1:])


def _dysfunction_after(tokens: Sequence[Token], cause: Condition) -> int:
    """Where "organ dysfunction" ends that stands "with" the sepsis; 0 for none."""
    stop = min(len(tokens), cause.end + FARTHEST)
    folds = [token.fold for token in tokens[cause.begin : stop]]
    joined = f" {' '.join(folds)} "
    for words in UNKNOWN_DYSFUNCTION:
        found = joined.find(f" {words} ")
        if found < 0:
            continue
        between = joined[:found].split()
        linked = any(link in between for link in ("with", "causing", "resulting"))
        if linked and not {"no", "without", "not", ".", ";", "or"} & set(between):
            return cause.begin + len(between) + len(words.split())
    return 0


def _listed(
    tokens: Sequence[Token], organs: Sequence[Condition], found: Sequence[Dysfunction]
) -> list[Dysfunction]:
    """Further items of a list before one link: "AKI and encephalopathy due to sepsis"."""
    out: list[Dysfunction] = []
    for item in found:
        for organ in organs:
            between = [token.fold for token in tokens[organ.end : item.begin]]
            if organ.end <= item.begin and between in (["and"], [","], [",", "and"]):
                out.append(Dysfunction(organ.begin, item.end, item.code))
    return out
