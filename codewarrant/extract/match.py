"""From words to codes: an order-free walk over word sets inside one clause.

Each set is looked up by its rarest word; the largest set found closest together takes its words.
Smaller sets may share only words of place and side with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

from codewarrant.extract.lexicon import Lexicon
from codewarrant.extract.titles import STOP, WITH, relation_at
from codewarrant.extract.words import Token

_BREAKS = (
    "no not without denies denied negative but however although except ; nor neither until if "
    "positive reports endorses he she who because after before when where while ."
)
BREAKS = frozenset(_BREAKS.split())
"""Words that a passage never runs across unless its entry asks for them."""

COMMA_COST = 2
MOST_GAP = 4
SIDES = frozenset({"left", "right", "bilateral"})
_SITES = (
    "knee hip ankle foot wrist elbow shoulder hand arm leg thigh finger toe neck back chest "
    "abdomen head face eye ear nose mouth throat lung heart kidney liver breast skin bone joint "
    "spine upper lower limb extremity lobe urinary tract acute chronic pelvis bladder stomach "
    "colon femur tibia humerus radius ulna"
)
SHARED = SIDES | frozenset(_SITES.split()) | {WITH}
"""Words that two mentions of one clause may share: "pain and swelling of the right knee"."""


class Hit(NamedTuple):
    """A mention: tokens ``begin:end`` of the sentence, its code, the wording that matched."""

    begin: int
    end: int
    code: int
    term: str
    exact: bool
    size: int


class _Candidate(NamedTuple):
    rank: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    entry: Any
    words: tuple[str, ...]
    gap: int


def find_hits(
    tokens: Sequence[Token], lexicon: Lexicon, note_words: frozenset[str], text: str
) -> list[Hit]:
    """The mentions of one sentence in order.

    ``note_words`` are the normal forms of the whole note, by which ambiguous abbreviations are
    judged; ``text`` is the note, for the case of the letters.
    """
    where = _places(tokens, lexicon, note_words, text)
    present = [word for word in where if word in lexicon.entries]
    costs = _costs(tokens)
    breaks = [at for at, token in enumerate(tokens) if token.fold in BREAKS]
    if len(tokens) > 1 and tokens[1].fold == ":":
        breaks = sorted({1, *breaks})  # one word and a colon is a label: "Abdomen: gravid"
    candidates: list[_Candidate] = []
    for word in present:
        for others, senses, by_convention in lexicon.entries[word]:
            for other in others:
                if other not in where:
                    break
            else:
                _propose(word, others, senses, by_convention, where, costs, breaks, candidates)
    candidates.sort(key=lambda item: (item.rank, item.words))
    return _choose(candidates, tokens, where)


def _propose(
    word: str,
    others: Sequence[str],
    senses: list[Any],
    by_convention: bool,
    where: dict[str, list[tuple[int, int]]],
    costs: list[int],
    breaks: list[int],
    candidates: list[_Candidate],
) -> None:
    """Add a candidate for each place of the rarest word whose set stands close enough."""
    for place in where[word]:
        found = _assemble(place, others, where, costs, breaks)
        if found is None:
            continue
        places, gap = found
        covered = len({at for start, stop in places for at in range(start, stop)})
        rank = (
            -covered,
            0 if by_convention else 1,
            -len(others),
            gap,
            places[0][0],
            places[-1][1],
        )
        candidates.append(_Candidate(rank, places, senses, (word, *others), gap))


def _places(
    tokens: Sequence[Token], lexicon: Lexicon, note_words: frozenset[str], text: str
) -> dict[str, list[tuple[int, int]]]:
    """Where each matched word stands; an abbreviation's expansion stands where it does."""
    where: dict[str, list[tuple[int, int]]] = {}
    folds = [token.fold for token in tokens]
    at = 0
    while at < len(tokens):
        length = relation_at(folds, at)
        if length:
            where.setdefault(WITH, []).append((at, at + length))
            at += length
            continue
        token = tokens[at]
        if token.lemma and token.fold not in STOP:
            where.setdefault(token.lemma, []).append((at, at + 1))
        at += 1
    for at, token in enumerate(tokens):
        for words, expansion, upper, needs in lexicon.phrases.get(token.lemma, ()):
            end = _phrase_end(tokens, at, words)
            if end == 0:
                continue
            passage = text[token.begin : tokens[end - 1].end]
            if upper and not any(char.isupper() for char in passage[:2]):
                continue
            if upper and passage[:2].isalpha() and not passage[:2].isupper():
                continue
            if needs and not any(word in note_words for word in needs):
                continue
            for word in expansion:
                spot = where.setdefault(word, [])
                if (at, end) not in spot:
                    spot.append((at, end))
    return where


def _phrase_end(tokens: Sequence[Token], at: int, words: Sequence[str]) -> int:
    """Where a phrase that starts at ``at`` ends, hyphens and slashes passed over; 0 for none."""
    for index, word in enumerate(words):
        if index:
            while at < len(tokens) and tokens[at].fold in ("-", "/", "'", "’"):
                at += 1
        if at >= len(tokens) or tokens[at].lemma != word:
            return 0
        at += 1
    return at


def _costs(tokens: Sequence[Token]) -> list[int]:
    """Running cost of passing over tokens: a word 1, "and" 1, a comma 2, stop words nothing."""
    out = [0]
    for token in tokens:
        if token.fold in ("and", "or", "/"):
            cost = 1
        elif token.fold in (",", ":"):
            cost = COMMA_COST
        elif token.lemma and token.fold not in STOP:
            cost = 1
        elif token.fold in ("-", "(", ")", "'", "’") or token.lemma:
            cost = 0
        else:
            cost = 1
        out.append(out[-1] + cost)
    return out


def _assemble(
    place: tuple[int, int],
    others: Sequence[str],
    where: dict[str, list[tuple[int, int]]],
    costs: list[int],
    breaks: list[int],
) -> tuple[tuple[tuple[int, int], ...], int] | None:
    """The places of a set nearest to its rarest word, with the gap; None where too far apart."""
    if not others:
        return (place,), 0
    chosen = [place]
    for other in others:
        chosen.append(
            min(where[other], key=lambda spot: (abs(costs[spot[0]] - costs[place[0]]), spot))
        )
    places = tuple(sorted(set(chosen)))
    begin, end = places[0][0], max(stop for _, stop in places)
    covered = reached = 0
    for start, stop in places:
        covered += costs[stop] - costs[max(start, reached)] if stop > reached else 0
        reached = max(reached, stop)
    gap = costs[end] - costs[begin] - covered
    allowed = min(MOST_GAP, max(1, len(places)))
    if gap > allowed:
        return None
    for at in breaks[bisect_left(breaks, begin) : bisect_left(breaks, end)]:
        if not any(start <= at < stop for start, stop in places):
            return None
    return places, gap


def _choose(
    candidates: list[_Candidate], tokens: Sequence[Token], where: dict[str, list[tuple[int, int]]]
) -> list[Hit]:
    taken: set[int] = set()
    out: list[Hit] = []
    for item in candidates:
        positions = {at for start, stop in item.places for at in range(start, stop)}
        clash = positions & taken
        own = {at for at in positions - taken if tokens[at].lemma not in SHARED}
        if not own or any(tokens[at].lemma not in SHARED for at in clash):
            continue
        begin, end = min(positions), max(positions) + 1
        code, term = _sense(item.entry, begin, end, where)
        taken |= positions
        out.append(Hit(begin, end, code, term, item.gap == 0, len(item.words)))
    out.sort(key=lambda hit: (hit.begin, hit.end, hit.code))
    return out


def _sense(
    senses: list[Any], begin: int, end: int, where: dict[str, list[tuple[int, int]]]
) -> tuple[int, str]:
    """The sense whose optional words the surroundings say most; the first of equals."""
    best, most = senses[0], 0
    if len(senses) > 1:
        near = {
            word
            for word, spots in where.items()
            if any(begin - MOST_GAP <= start and stop <= end + MOST_GAP for start, stop in spots)
        }
        without = bool({"without", "no", "not"} & near)
        for sense in senses:
            said = sum(
                (word[1:] in near and without) if word[0] == "-" else word in near
                for word in sense[2]
            )
            if said > most:
                best, most = sense, said
    return best[0], best[1]
