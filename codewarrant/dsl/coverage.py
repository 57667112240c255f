"""What the examples of a pack show of each rule: every atom's truths, and what no example shows.

An atom is shown to decide if some candidate fires that would not with the atom the other way
round, and some other does not that would: masking MC/DC (DO-248C, FAQ 42), on the candidates of
all examples of the pack. What is unknown counts as neither; only a test whether something is known
is shown by a candidate that would be undetermined without it, since that is what it guards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codewarrant.dsl.atoms import alone, atoms_of, turned
from codewarrant.dsl.candidates import Candidate, Observed, candidates
from codewarrant.dsl.cases import Case
from codewarrant.dsl.check import CheckedPack
from codewarrant.dsl.lower_conditions import lower_condition
from codewarrant.dsl.scope import Scope
from codewarrant.engine import conditions as c
from codewarrant.engine.program import Rule, Unless
from codewarrant.engine.reading import Truth


@dataclass(frozen=True, slots=True)
class AtomCoverage:
    """One atom. ``lets`` names an example in which it lets the rule fire and ``stops`` one in which
    it alone stops it; both are empty where there is none. Inside a quantifier (``inside``) atoms
    are counted and no such pair is asked for."""

    text: str
    true: int
    false: int
    unknown: int
    inside: bool
    lets: str
    stops: str

    @property
    def missing(self) -> tuple[str, ...]:
        """What no example shows."""
        if self.inside:
            return tuple(
                f"it is never {word}"
                for word, count in (("true", self.true), ("false", self.false))
                if not count
            )
        out = []
        if not self.lets:
            out.append("no match fires because of it")
        if not self.stops:
            out.append(
                "nothing is stopped by it alone" if self.true and self.false else
                f"it is never {'false' if self.true else 'true'}"
            )  # fmt: skip
        return tuple(out)

    @property
    def covered(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """One rule under the examples of ``pack``: its own, or one that overrides it."""

    pack: str
    rule: str
    candidates: int
    fired: int
    atoms: tuple[AtomCoverage, ...]

    @property
    def covered(self) -> int:
        return sum(atom.covered for atom in self.atoms)

    def to_json(self) -> dict[str, Any]:
        """Plain values, keys in a fixed order."""
        return {
            "pack": self.pack,
            "rule": self.rule,
            "candidates": self.candidates,
            "fired": self.fired,
            "atoms": [
                {
                    "text": atom.text,
                    "true": atom.true,
                    "false": atom.false,
                    "unknown": atom.unknown,
                    "lets": atom.lets,
                    "stops": atom.stops,
                    "missing": list(atom.missing),
                }
                for atom in self.atoms
            ],
        }


@dataclass
class _Tally:
    counts: dict[int, list[int]] = field(default_factory=dict)
    """Atom to how often it was true, false and unknown."""
    inside: set[int] = field(default_factory=set)
    lets: dict[int, str] = field(default_factory=dict)
    stops: dict[int, str] = field(default_factory=dict)
    candidates: int = 0
    fired: int = 0

    def count(self, atom: int, truth: Truth) -> None:
        at = 2 if truth is None else int(not truth)
        self.counts.setdefault(atom, [0, 0, 0])[at] += 1


class Collector:
    """Gathers the coverage of one pack's rules, chart by chart."""

    def __init__(self, pack: CheckedPack, rules: Iterable[Rule]) -> None:
        self.pack = pack
        self._given = _applies(pack)
        self.rules = {rule.id: rule for rule in rules if any(self._own(rule))}
        self._tallies = {id: _Tally() for id in self.rules}

    def add(self, case: Case, observed: Observed) -> None:
        """Count the candidates of every rule on one chart. For rules that the example is not of,
        only those whose codes may match."""
        of = f"{self.pack.name}/{case.example.rule}"
        for plan in observed.loaded.plans:
            if plan.rule.id not in self.rules or not observed.in_force(plan):
                continue
            tally = self._tallies[plan.rule.id]
            for one in candidates(observed, plan, near=plan.rule.id != of):
                _count(one, tally, case.example.title)

    def _own(self, rule: Rule) -> list[tuple[int, bool]]:
        """The atoms that the pack wrote in a rule, and whether each stands inside a quantifier."""
        parts: list[c.Condition] = [rule.when] if rule.pack == self.pack.name else []
        parts += [
            one.when
            for one in rule.exceptions
            if (one.override.split(" ")[0] if one.override else rule.pack) == self.pack.name
        ]
        found = {atom: inside for part in parts for atom, inside in atoms_of(part)}
        return [item for item in sorted(found.items()) if rule.atoms[item[0]] not in self._given]

    def result(self) -> tuple[RuleCoverage, ...]:
        """In the order of rule ids; only atoms that the pack itself wrote."""
        out = []
        for id, rule in sorted(self.rules.items()):
            tally = self._tallies[id]
            flipped = turned(rule)
            atoms = tuple(
                _atom(rule.atoms[atom], atom, inside, tally, atom in flipped)
                for atom, inside in self._own(rule)
            )
            out.append(RuleCoverage(self.pack.name, id, tally.candidates, tally.fired, atoms))
        return tuple(out)


def _atom(text: str, atom: int, inside: bool, tally: _Tally, reads_opposite: bool) -> AtomCoverage:
    true, false, unknown = tally.counts.get(atom, (0, 0, 0))
    if reads_opposite:
        true, false = false, true
    lets, stops = tally.lets.get(atom, ""), tally.stops.get(atom, "")
    return AtomCoverage(text, true, false, unknown, inside, lets, stops)


def _applies(pack: CheckedPack) -> frozenset[str]:
    """The atoms of ``applies when``: of the pack, and not to be shown again in every rule."""
    scope = Scope(pack.names)
    if pack.names.applies is not None:
        lower_condition(pack.names.applies, scope)
    return frozenset(scope.atoms)


def _count(one: Candidate, tally: _Tally, example: str) -> None:
    tally.candidates += 1
    tally.fired += one.verdict == "fires"
    for atom, truth, _ in one.tests:
        tally.count(atom, truth)
    for atom, truth in one.inside:
        tally.count(atom, truth)
    truths = one.truths
    fires = _fires(one.rule, truths)
    if fires is None:
        return
    if fires and one.verdict != "fires":
        return  # all atoms hold, but a value that an action needs is not known
    where = tally.lets if fires else tally.stops
    guards = _guards(one.rule)
    for atom, truth in truths.items():
        if truth is None or atom in where:
            continue
        turned_round = _fires(one.rule, {**truths, atom: not truth})
        if turned_round is (not fires) or (turned_round is None and atom in guards):
            where[atom] = example


def _guards(rule: Rule) -> frozenset[int]:
    """The atoms outside quantifiers that ask whether something is known."""
    parts: list[c.Condition] = [rule.when, *(one.when for one in rule.exceptions)]
    found: set[int] = set()
    while parts:
        match parts.pop():
            case c.AllOf(items) | c.AnyOf(items):
                parts += items
            case c.Not(item):
                parts.append(item)
            case c.Known(atom):
                found.add(atom)
    return frozenset(found)


def _fires(rule: Rule, truths: Mapping[int, Truth]) -> Truth:
    """Whether the rule's own actions are carried out, by the truths of its atoms."""
    held = _truth(rule.when, truths, True)
    if held is False:
        return False
    excuses = [_excused(rule, one, truths) for one in rule.exceptions if one.to == ""]
    return _and([held, *(None if one is None else not one for one in excuses)])


def _excused(rule: Rule, one: Unless, truths: Mapping[int, Truth]) -> Truth:
    held = _truth(one.when, truths, False)
    if held is False:
        return False
    others = [_excused(rule, item, truths) for item in rule.exceptions if item.to == one.name]
    return _and([held, *(None if other is None else not other for other in others)])


def _truth(item: c.Condition, truths: Mapping[int, Truth], unreached: bool) -> Truth:
    """``unreached`` is the truth in favour of the whole for atoms that were not looked at: those of
    a row that is not there, or of an exception out of force."""
    match item:
        case c.AllOf(items):
            return _and([_truth(part, truths, unreached) for part in items])
        case c.AnyOf(items):
            found = _and([_not(_truth(part, truths, unreached)) for part in items])
            return _not(found)
        case c.Not(part):
            return _not(_truth(part, truths, not unreached))
        case c.Quantified() if alone(item) and any(
            atom in truths for atom, _ in atoms_of(item.where)
        ):
            return _truth(item.where, truths, unreached)
    return truths.get(item.atom, unreached)


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _and(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True
