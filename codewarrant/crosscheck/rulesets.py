"""Rulesets of durable-rules, in JSON, within the limits at which it hangs or goes wrong.

A test is ``{property: constant}``, ``{operator: {property: constant}}`` or a comparison with a
property of an earlier pattern. Tests of a pattern form a path in its network, shared by all
patterns that begin alike; more than 511 different tests after one hang it, so that rules are dealt
into as many rulesets as keep every branching small.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from codewarrant.crosscheck.values import Unsayable

Test: TypeAlias = dict[str, Any]
Pattern: TypeAlias = tuple[str, list[Test]]
"""An alias (``…$not`` for what must be absent) and its tests."""

MOST_RULES = 4_000
"""durable-rules takes 4,096."""
MOST_TESTS = 450
"""Different tests after one; 512 hang it."""
MOST_ABSENT = 120
"""Different tests for the absence of a property after one; it takes 128."""
MOST_ENDS = 240
"""Patterns that end in one test; it takes 256."""
MOST_AT_ONCE = 60
"""Tests that one fact passes and that wait to be followed up; it takes 64, then errs."""
LATEST = 3
"""Rulesets tried for the next rule; earlier ones are taken to be full."""
MOST_PROPERTIES = 240
"""Properties of a fact; it takes 255."""


@dataclass(frozen=True)
class Ruleset:
    """Named rules; ``text`` is their definition."""

    rules: dict[str, list[dict[str, Any]]]

    @property
    def text(self) -> str:
        """One spelling, by which a definition is known again."""
        return json.dumps(self.rules, sort_keys=True)


class _Room:
    """What one ruleset holds already.

    ``waiting`` counts what a fact can pass at once after a test: of equalities with one property
    only one; ``deepest`` is the most that can wait below a test.
    """

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once
        self.waiting: dict[str, set[str]] = defaultdict(set)
        self.deepest: dict[str, int] = defaultdict(int)
        self.rules: dict[str, list[dict[str, Any]]] = {}
        self.after: dict[str, set[str]] = defaultdict(set)
        self.absent: dict[str, set[str]] = defaultdict(set)
        self.ends: dict[str, int] = defaultdict(int)

    def take(self, rule: _Spelled) -> bool:
        """Add a rule if there is room."""
        if len(self.rules) >= MOST_RULES:
            return False
        for path in rule.paths:
            for parent, test, _ in path:
                group = self.absent if "$nex" in test else self.after
                most = MOST_ABSENT if "$nex" in test else MOST_TESTS
                if test not in group[parent] and len(group[parent]) >= most:
                    return False
        if any(self.ends[end] >= MOST_ENDS for end in rule.ends):
            return False
        if self._at_once and not self._fits_stack(rule):
            return False
        for path in rule.paths:
            for parent, test, _ in path:
                (self.absent if "$nex" in test else self.after)[parent].add(test)
        for end in rule.ends:
            self.ends[end] += 1
        self.rules[rule.name] = [
            {alias: {"$and": _closed(tests)}} for alias, tests in rule.patterns
        ]
        return True

    def _fits_stack(self, rule: _Spelled) -> bool:
        """Keep count of what waits, if a fact that passes everything stays within the limit."""
        for path in rule.paths:
            below = 0
            new: list[tuple[str, str, int]] = []
            for parent, _, at_once in reversed(path):
                below = max(self.deepest[parent], below)
                new.append((parent, at_once, below))
                below += len(self.waiting[parent] | {at_once})
            if below > MOST_AT_ONCE:
                return False
            for parent, at_once, deepest in new:
                self.waiting[parent].add(at_once)
                self.deepest[parent] = deepest
        return True


class _Spelled:
    """A rule with the path of each pattern: what a test stands after, the test, and the group of
    tests of which a fact passes only one. Comparisons are never shared: they bear their place."""

    def __init__(self, name: str, patterns: list[Pattern]) -> None:
        self.name = name
        self.patterns = patterns
        self.paths: list[list[tuple[str, str, str]]] = []
        self.ends: list[str] = []
        for alias, tests in patterns:
            path, after = [], ""
            for test in tests:
                (field,) = test
                joins = _joins(test)
                spelled = f"{test}{name}.{alias}" if joins else str(test)
                path.append((after, spelled, spelled if joins or field[0] == "$" else field))
                after = f"{after}&{spelled}"
            self.paths.append(path)
            self.ends.append(after)


def _closed(tests: list[Test]) -> list[Test]:
    """The tests of a pattern so that a comparison that fails stays inside them.

    Where the last comparison of a pattern fails, durable-rules looks for the end of the pattern
    from behind it, through whatever memory follows: the crash in ordinary joins. Brackets around a
    test that was passed already put a second end there.
    """
    return [*tests, {"$and": [tests[0]]}] if any(_joins(one) for one in tests) else tests


def _joins(test: Test) -> bool:
    """Whether a test compares with an earlier pattern."""
    ((name, value),) = test.items()
    if name.startswith("$"):
        return any(isinstance(inner, dict) for inner in value.values())
    return isinstance(value, dict)


def packed(rules: Iterable[tuple[str, list[Pattern]]], at_once: bool = True) -> list[Ruleset]:
    """The rules in as few rulesets as their limits allow, in their order.

    Without ``at_once`` whoever asserts facts sees to it that none passes too many tests.
    """
    rooms = [_Room(at_once)]
    for name, patterns in rules:
        rule = _Spelled(name, patterns)
        if not any(room.take(rule) for room in rooms[-LATEST:]):
            rooms.append(_Room(at_once))
            if not rooms[-1].take(rule):
                raise Unsayable("a rule with more tests than a ruleset takes")
    found = [Ruleset(room.rules) for room in rooms if room.rules]
    for one in found:
        _no_names_collide(one)
    return found


def fnv(text: str) -> int:
    """The hash by which durable-rules knows properties and facts (FNV-1a, 32 bits)."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def collisions(names: Iterable[str]) -> list[tuple[str, str]]:
    """Names that durable-rules would take for one."""
    seen: dict[int, str] = {}
    found = []
    for name in sorted(set(names)):
        other = seen.setdefault(fnv(name), name)
        if other != name:
            found.append((other, name))
    return found


def _no_names_collide(one: Ruleset) -> None:
    names = {"id", "sid", "seed", "$s", "$m", "$forward", "$i"}
    for patterns in one.rules.values():
        for pattern in patterns:
            for alias, form in pattern.items():
                names.add(alias)
                for test in form["$and"]:
                    names |= _properties(test) if "$and" not in test else set()
    found = collisions(names)
    if found:
        raise Unsayable(f"two properties of one hash: {found[0][0]} and {found[0][1]}")


def _properties(test: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for name, value in test.items():
        if name.startswith("$"):
            found |= _properties(value)
        else:
            found.add(name)
            if isinstance(value, dict):
                found |= set(value.values())
    return found


def check_facts(facts: Iterable[Mapping[str, Any]]) -> None:
    """Raise :class:`Unsayable` where durable-rules would take two facts for one, or has no room."""
    ids = []
    for fact in facts:
        ids.append(str(fact["id"]))
        if len(fact) > MOST_PROPERTIES:
            raise Unsayable(f"a fact with more than {MOST_PROPERTIES} properties")
    if len(set(ids)) < len(ids):
        raise Unsayable("two facts of one id")
    found = collisions(ids)
    if found:
        raise Unsayable(f"two facts of one hash: {found[0][0]} and {found[0][1]}")
