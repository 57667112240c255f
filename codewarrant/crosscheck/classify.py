"""Facts sorted by durable-rules: which atoms hold of each, and which patterns it fits.

Two rounds of rules about one fact. In the first each atom that durable-rules can ask is a rule of
its own or, for a set of codes, one rule an interval; what does not match is false where the term is
known, and unknown where it is not. In the second each pattern of a rule, a combination of atoms, is
tested on what the first found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from codewarrant.crosscheck.formula import (
    FALSE,
    TRUE,
    UNKNOWN,
    All,
    Any,
    Formula,
    Inexpressible,
    Is,
)
from codewarrant.crosscheck.process import SecondEngine
from codewarrant.crosscheck.rulesets import Pattern, Test, packed
from codewarrant.crosscheck.terms import (
    Atom,
    Equals,
    IsKnown,
    IsNoRow,
    IsPossible,
    Lies,
    MayLie,
    Ordered,
    Terms,
    WorkedOut,
)
from codewarrant.crosscheck.values import Ranks, Unsayable, bucket, measured, spelled
from codewarrant.engine.facts import Fact
from codewarrant.engine.reference.found import UNKNOWN_ROW
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Intervals, Value, overlap

MOST_ALTERNATIVES = 200
MOST_ATOMS = 110
"""Atoms of a group of patterns: a fact has at most 255 properties."""

OPERATORS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


@dataclass(frozen=True, slots=True)
class Thing:
    """A fact or row of one kind."""

    kind: str
    one: Fact | Row

    @property
    def key(self) -> tuple[Anything, ...]:
        """Two of one key are the same throughout."""
        found = self.one.columns if isinstance(self.one, Row) else self.one.fields
        return (self.kind, self.one.id, tuple(sorted(found.items(), key=lambda item: item[0])))


class Patterns:
    """The numbered patterns: combinations of atoms on facts of one kind."""

    def __init__(self) -> None:
        self.trees: list[tuple[str, Formula, list[dict[int, frozenset[int]]]]] = []
        self._numbers: dict[tuple[str, Formula], int] = {}

    def number(self, kind: str, tree: Formula) -> int:
        """The number of a pattern. Raises :class:`Inexpressible`."""
        bare = _without_variable(tree)
        key = (kind, bare)
        if key not in self._numbers:
            found = _alternatives(bare)
            if len({atom for one in found for atom in one}) > MOST_ATOMS:
                raise Inexpressible(f"more than {MOST_ATOMS} tests of one variable")
            self._numbers[key] = len(self.trees)
            self.trees.append((kind, bare, found))
        return self._numbers[key]


def _without_variable(tree: Formula) -> Formula:
    match tree:
        case Is(_, atom, among):
            return Is("", atom, among)
        case All(items):
            return All(tuple(_without_variable(one) for one in items))
        case Any(items):
            return Any(tuple(_without_variable(one) for one in items))
    raise Inexpressible("a pattern that is no combination of tests")


def _alternatives(tree: Formula) -> list[dict[int, frozenset[int]]]:
    """What the atoms may come to, in alternatives."""
    match tree:
        case Is(_, atom, among):
            return [{atom: among}] if among else []
        case Any(items):
            return _few([one for item in items for one in _alternatives(item)])
        case All(items):
            found: list[dict[int, frozenset[int]]] = [{}]
            for item in items:
                found = _few(
                    [
                        merged
                        for more in _alternatives(item)
                        for one in found
                        if (merged := _together(one, more)) is not None
                    ]
                )
            return found
    raise Inexpressible("a pattern that is no combination of tests")


def _together(
    left: dict[int, frozenset[int]], right: dict[int, frozenset[int]]
) -> dict[int, frozenset[int]] | None:
    found = dict(left)
    for atom, among in right.items():
        found[atom] = found.get(atom, among) & among
        if not found[atom]:
            return None
    return found


def _few(found: list[dict[int, frozenset[int]]]) -> list[dict[int, frozenset[int]]]:
    if len(found) > MOST_ALTERNATIVES:
        raise Inexpressible(f"more than {MOST_ALTERNATIVES} alternatives of one variable")
    return found


class Classifier:
    """Finds the patterns that facts fit, by durable-rules; each fact once."""

    def __init__(self, terms: Terms, patterns: Patterns, engine: SecondEngine) -> None:
        self._terms = terms
        self._patterns = patterns
        self._engine = engine
        given = {fact.entity for fact in terms.chart.facts} | {terms.program.standing}
        self._kinds = sorted(
            kind
            for kind in {kind for kind, _, _ in patterns.trees}
            if kind in given or " " in kind  # rows and items, which facts bring with them
        )
        self._ranks = Ranks(
            terms.program,
            (atom.codes for _, atom in terms.atoms if isinstance(atom, Lies | MayLie)),
        )
        self._first = packed(self._atom_rules())
        self._groups = list(self._grouped())
        self._second = packed(self._pattern_rules())
        self._fits: dict[tuple[Anything, ...], frozenset[int]] = {}

    def fits(
        self, things: Iterable[Thing], bounds: Mapping[str, Intervals]
    ) -> dict[tuple[Anything, ...], frozenset[int]]:
        """The patterns that each thing fits; ``bounds`` of facts whose code is not known."""
        wanted = {thing.key: thing for thing in things}
        new = [thing for key, thing in wanted.items() if key not in self._fits]
        if new:
            self._fits |= self._sorted(new, bounds)
        return {key: self._fits[key] for key in wanted}

    # ---- first round -----------------------------------------------------------------

    def _atom_rules(self) -> Iterator[tuple[str, list[Pattern]]]:
        asked: set[int] = set()
        for number, (kind, atom) in enumerate(self._terms.atoms):
            if not isinstance(atom, Equals | Ordered | Lies | MayLie | IsKnown):
                continue
            if kind not in self._kinds:
                continue
            here: Test = {"q": atom.term}
            if atom.term not in asked:
                asked.add(atom.term)
                yield f"k{atom.term}", [("m", [here, {"$ex": {"e": 1}}])]
            for at, tests in enumerate(self._asked(atom)):
                yield f"a{number}.{at}", [("m", [here, *tests])]

    def _asked(self, atom: Equals | Ordered | Lies | MayLie | IsKnown) -> Iterator[list[Test]]:
        match atom:
            case Equals(_, values):
                for value in dict.fromkeys(spelled(one) for one in values):
                    yield [{"h": bucket(value)}, {"e": value}]
            case Ordered(_, op, value):
                yield [{OPERATORS[op]: {"r": measured(value)}}]
            case Lies(_, codes) | MayLie(_, codes):
                for one in codes:
                    if one.system == "*":
                        yield [{"$ex": {"o": 1}}]
                        continue
                    low, high = self._ranks.ends(one.system, one.low, one.high)
                    if low == high:
                        yield [{"b": bucket(low)}, {"o": low}]
                    else:
                        yield [{"$gte": {"o": low}}, {"$lte": {"o": high}}]

    def _stated(self, id: str, thing: Thing) -> Iterator[dict[str, Anything]]:
        """A thing as facts of the first round, one for each of its terms that has a value."""
        for number, (kind, _) in enumerate(self._terms.terms):
            if kind == thing.kind:
                value = self._terms.value(number, thing.one)
                if value is not None:
                    yield {"id": f"{id}.{number}", "q": number, **self._said(value)}

    def _said(self, value: Value) -> dict[str, Anything]:
        """A value: spelled (``e``), measured (``r``), ranked (``o``), with buckets (``h, b``)."""
        text = spelled(value)
        found: dict[str, Anything] = {"e": text, "h": bucket(text)}
        size = measured(value)
        if size is not None:
            found["r"] = size
        rank = self._ranks.of(value)
        if rank is not None:
            found |= {"o": rank, "b": bucket(rank)}
        return found

    # ---- second round ----------------------------------------------------------------

    def _grouped(self) -> Iterator[tuple[str, list[int], list[int]]]:
        """Patterns of one kind whose atoms fit into one fact: kind, patterns, atoms."""
        for kind in self._kinds:
            numbers: list[int] = []
            atoms: set[int] = set()
            for number, (own, _, alternatives) in enumerate(self._patterns.trees):
                if own != kind:
                    continue
                more = {atom for one in alternatives for atom in one}
                if numbers and len(atoms | more) > MOST_ATOMS:
                    yield kind, numbers, sorted(atoms)
                    numbers, atoms = [], set()
                numbers.append(number)
                atoms |= more
            if numbers:
                yield kind, numbers, sorted(atoms)

    def _pattern_rules(self) -> Iterator[tuple[str, list[Pattern]]]:
        for group, (_, numbers, _) in enumerate(self._groups):
            for number in numbers:
                for at, one in enumerate(self._patterns.trees[number][2]):
                    tests: list[Test] = [{"g": group}]
                    tests += [test for atom in sorted(one) for test in _came_to(atom, one[atom])]
                    yield f"p{number}.{at}", [("m", tests)]

    # ---- both ------------------------------------------------------------------------

    def _sorted(
        self, things: list[Thing], bounds: Mapping[str, Intervals]
    ) -> dict[tuple[Anything, ...], frozenset[int]]:
        ids = {f"f{at}": thing for at, thing in enumerate(things)}
        facts = [fact for id, thing in ids.items() for fact in self._stated(id, thing)]
        met: dict[str, set[str]] = {id: set() for id in ids}
        for ruleset in self._first:
            for rule, bound in self._engine.ask(ruleset, facts):
                met[bound["m"].split(".")[0]].add(rule.split(".")[0])
        said = {id: self._came_out(thing, met[id], bounds) for id, thing in ids.items()}
        grouped = [
            {"id": f"{id}.{group}", "g": group, **{f"a{n}": said[id][n] for n in atoms}}
            for id, thing in ids.items()
            for group, (kind, _, atoms) in enumerate(self._groups)
            if kind == thing.kind
        ]
        found: dict[str, set[int]] = {id: set() for id in ids}
        for ruleset in self._second:
            for rule, bound in self._engine.ask(ruleset, grouped):
                found[bound["m"].split(".")[0]].add(int(rule.split(".")[0][1:]))
        return {thing.key: frozenset(found[id]) for id, thing in ids.items()}

    def _came_out(
        self, thing: Thing, met: set[str], bounds: Mapping[str, Intervals]
    ) -> dict[int, int]:
        """Every atom of a thing's kind: true, false or unknown."""
        return {
            number: self._came_out_one(number, atom, thing, met, bounds)
            for number, (kind, atom) in enumerate(self._terms.atoms)
            if kind == thing.kind
        }

    def _came_out_one(
        self, number: int, atom: Atom, thing: Thing, met: set[str], bounds: Mapping[str, Intervals]
    ) -> int:
        id = thing.one.id
        match atom:
            case IsPossible():
                return TRUE if id.startswith("?") else FALSE
            case IsNoRow():
                return TRUE if id.startswith(UNKNOWN_ROW.id) else FALSE
            case WorkedOut():
                return self._terms.worked(atom, thing.one)
            case IsKnown():
                return TRUE if f"k{atom.term}" in met else FALSE
        if f"a{number}" in met:
            return TRUE
        if f"k{atom.term}" in met:
            return FALSE
        if isinstance(atom, MayLie):
            return TRUE if id not in bounds or overlap(bounds[id], atom.codes) else FALSE
        return UNKNOWN

    def compared(self, number: int, thing: Thing, ordered: bool) -> str | int | None:
        """A term as joins compare it; None if it is unknown."""
        value = self._terms.value(number, thing.one)
        if value is None:
            return None
        if not ordered:
            return spelled(value)
        size = measured(value)
        if size is None:
            raise Unsayable("the order of two texts")
        return size


def _came_to(atom: int, among: frozenset[int]) -> list[Test]:
    """Tests that an atom came to one of these."""
    if len(among) == 3:
        return []
    if len(among) == 2:
        (other,) = {TRUE, FALSE, UNKNOWN} - among
        return [{"$neq": {f"a{atom}": other}}]
    (value,) = among
    return [{f"a{atom}": value}]
