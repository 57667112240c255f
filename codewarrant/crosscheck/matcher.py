"""The matches of one stratum: rules with joins and absences, on facts sorted before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any as Anything

from codewarrant.crosscheck.classify import Classifier, Patterns, Thing
from codewarrant.crosscheck.formula import IDENTITY, MIRRORED, YES, Clause, Join, Missing, Side
from codewarrant.crosscheck.lower import Matching
from codewarrant.crosscheck.process import SecondEngine
from codewarrant.crosscheck.rulesets import MOST_AT_ONCE, Pattern, Ruleset, Test, packed
from codewarrant.crosscheck.values import spelled
from codewarrant.engine.facts import Fact
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Intervals

OPERATORS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
GO = {"id": "go", "go": 1}
"""What rules without variables are matched on, once all that they must not find is there."""


@dataclass(frozen=True)
class World:
    """What the rules of a stratum read: things by state, ``n`` now, ``s`` start, ``d`` documented.

    Things that are in every state (rows, items of lists) stand in all three. Facts of
    ``one_a_code`` with the same code count as one, and are never bound by two variables.
    """

    things: Mapping[str, tuple[Thing, ...]]
    bounds: Mapping[str, Intervals] = field(default_factory=dict)
    one_a_code: str = ""


@dataclass(frozen=True)
class Match:
    """A matching whose variables are bound."""

    matching: Matching
    bound: tuple[Fact | Row, ...]


class StratumRules:
    """The rules of a stratum as rulesets; prepared once, asked in every round."""

    def __init__(self, matchings: Iterable[Matching], patterns: Patterns) -> None:
        self.matchings = list(matchings)
        self._flags: dict[tuple[str, str], set[int]] = {}
        """The patterns wanted of facts of a kind in a state; ``x`` before a state is for absences,
        asserted first: an absence that comes true too early is never taken back."""
        self._joined: dict[str, set[tuple[str, int]]] = {}
        self._rules = [
            (f"m{at}.{part}", self._patterns(one, clause, patterns))
            for at, one in enumerate(self.matchings)
            for part, clause in enumerate(one.clauses)
        ]
        self._packed: dict[int, list[Ruleset]] = {1: packed(self._rules, at_once=False)}
        self._deepest = max((len(t) for _, rule in self._rules for _, t in rule), default=0)

    def _patterns(self, one: Matching, clause: Clause, patterns: Patterns) -> list[Pattern]:
        found: list[Pattern] = []
        kinds: dict[str, str] = {}
        for over in [*one.variables, *clause.over]:
            kinds[over.var] = over.kind
            flag = self._flag(over.kind, over.state, clause.tests.get(over.var, YES), patterns)
            joins = [
                join
                for join in clause.joins
                if over.var in (join.left.var, join.right.var)
                and {join.left.var, join.right.var} <= set(kinds)
            ]
            found.append((over.var, [flag, *self._tests(over.var, joins, kinds)]))
        if not found:
            found.append(("go", [{"go": 1}]))
        for number, missing in enumerate(clause.missing):
            tests = self._missing(missing, kinds, patterns)
            found.append((f"none{number}$not", tests))
        return found

    def _missing(self, one: Missing, kinds: dict[str, str], patterns: Patterns) -> list[Test]:
        over = one.over
        flag = self._flag(over.kind, f"x{over.state}", one.tree, patterns)
        inner = {**kinds, over.var: over.kind}
        return [flag, *self._tests(over.var, one.joins, inner)]

    def _flag(self, kind: str, state: str, tree: Anything, patterns: Patterns) -> Test:
        number = patterns.number(kind, tree)
        self._flags.setdefault((kind, state), set()).add(number)
        return {f"p{number}{state}": 1}

    def _tests(self, var: str, joins: Iterable[Join], kinds: dict[str, str]) -> list[Test]:
        """Comparisons of a pattern with earlier ones; equality first, it is looked up by hash."""
        tests: list[Test] = []
        for join in joins:
            mine, other, op = join.left, join.right, join.op
            if mine.var != var:
                mine, other, op = other, mine, MIRRORED[op]
            own = self._property(mine, op, kinds)
            theirs = {other.var: self._property(other, op, kinds)}
            tests.append({own: theirs} if op == "=" else {OPERATORS[op]: {own: theirs}})
        return sorted(tests, key=lambda one: any(name.startswith("$") for name in one))

    def _property(self, side: Side, op: str, kinds: dict[str, str]) -> str:
        if side.term == IDENTITY:
            return "one"
        letter = "e" if op in ("=", "!=") else "r"
        self._joined.setdefault(kinds[side.var], set()).add((letter, side.term))
        return f"{letter}{side.term}"

    # ---- asking ----------------------------------------------------------------------

    def matches(self, world: World, sort: Classifier, engine: SecondEngine) -> list[Match]:
        """Every match in this world, each combination of the rules' own variables once."""
        if not self._rules:
            return []
        things: dict[str, Thing] = {}
        groups: tuple[list[dict[str, Anything]], ...] = ([], [])
        fits = sort.fits(
            (
                one
                for kind, state in sorted(self._flags)
                for one in world.things[state[-1]]
                if one.kind == kind
            ),
            world.bounds,
        )
        for (kind, state), wanted in sorted(self._flags.items()):
            for one in world.things[state[-1]]:
                if one.kind != kind:
                    continue
                flags = sorted(fits[one.key] & wanted)
                if not flags:
                    continue
                id = f"f{len(things)}"
                things[id] = one
                fact = {"id": id, "one": _name(one, world.one_a_code)}
                fact |= {f"p{number}{state}": 1 for number in flags}
                fact |= self._compared(one, sort)
                groups[0 if state.startswith("x") else 1].append(fact)
        found: dict[tuple[int, tuple[str, ...]], Match] = {}
        for ruleset in self._dealt([*groups[0], *groups[1]]):
            for rule, bound in engine.ask(ruleset, groups[0], [*groups[1], GO]):
                at = int(rule.split(".")[0][1:])
                matching = self.matchings[at]
                own = tuple(things[bound[one.var]] for one in matching.variables)
                key = (at, tuple(_id(one) for one in own))
                found[key] = Match(matching, tuple(one.one for one in own))
        return [found[key] for key in sorted(found)]

    def _dealt(self, facts: list[dict[str, Anything]]) -> list[Ruleset]:
        """The rules in rulesets in none of which a fact passes more tests than can wait."""
        parts = 1
        while True:
            if parts not in self._packed:
                share = -(-len(self._rules) // parts)
                self._packed[parts] = [
                    one
                    for at in range(0, len(self._rules), share)
                    for one in packed(self._rules[at : at + share], at_once=False)
                ]
            rulesets = self._packed[parts]
            most = max((_passed(one, facts) for one in rulesets), default=0)
            if most + self._deepest <= MOST_AT_ONCE or parts >= len(self._rules):
                return rulesets
            parts *= 2

    def _compared(self, one: Thing, sort: Classifier) -> Iterator[tuple[str, Anything]]:
        for letter, number in sorted(self._joined.get(one.kind, ())):
            value = sort.compared(number, one, letter == "r")
            if value is not None:
                yield f"{letter}{number}", value


def _passed(ruleset: Ruleset, facts: list[dict[str, Anything]]) -> int:
    """The most tests of a ruleset that wait for one fact: its patterns, and below one of them a
    comparison for each rule that has it."""
    below: dict[str, int] = {}
    for patterns in ruleset.rules.values():
        for pattern in patterns:
            for form in pattern.values():
                (name,) = form["$and"][0]
                below[name] = below.get(name, 0) + (len(form["$and"]) > 1)
    waiting = ([below[name] for name in fact if name in below] for fact in facts)
    return max((len(some) + max(some, default=0) for some in waiting), default=0)


def _id(one: Thing) -> str:
    return one.one.id


def _name(one: Thing, one_a_code: str) -> str:
    """What counts as one thing with others of its name."""
    if one.kind == one_a_code and isinstance(one.one, Fact) and "code" in one.one.fields:
        return spelled(one.one.fields["code"])
    return f"f:{one.one.id}"
