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

    def take(self, name: str, patterns: list[Pattern]) -> bool:
        """Add a rule if there is room."""
        if len(self.rules) >= MOST_RULES:
            return False
        steps = [step for _, tests in patterns for step in _steps(tests)]
        ends = [_end(tests) for _, tests in patterns]
        for parent, test in steps:
            group = self.absent if "$nex" in test else self.after
            most = MOST_ABSENT if "$nex" in test else MOST_TESTS
            if test not in group[parent] and len(group[parent]) >= most:
                return False
        if any(self.ends[end] >= MOST_ENDS for end in ends):
            return False
        if self._at_once and not self._fits_stack(patterns):
            return False
        for parent, test in steps:
            (self.absent if "$nex" in test else self.after)[parent].add(test)
        for end in ends:
            self.ends[end] += 1
        self.rules[name] = [{alias: {"$and": tests}} for alias, tests in patterns]
        return True

    def _fits_stack(self, patterns: list[Pattern]) -> bool:
        """Keep count of what waits, if a fact that passes everything stays within the limit."""
        for _, tests in patterns:
            below = 0
            new: list[tuple[str, str, int]] = []
            for (parent, spelled), test in zip(
                reversed(_steps(tests)), reversed(tests), strict=True
            ):
                (name,) = test
                at_once = spelled if name.startswith("$") else name
                below = max(self.deepest[parent], below)
                new.append((parent, at_once, below))
                below += len(self.waiting[parent] | {at_once})
            if below > MOST_AT_ONCE:
                return False
            for parent, at_once, deepest in new:
                self.waiting[parent].add(at_once)
                self.deepest[parent] = deepest
        return True


def _steps(tests: list[Test]) -> list[tuple[str, str]]:
    spelled = [json.dumps(one, sort_keys=True) for one in tests]
    return [("&".join(spelled[:at]), one) for at, one in enumerate(spelled)]


def _end(tests: list[Test]) -> str:
    return "&".join(json.dumps(one, sort_keys=True) for one in tests)


def packed(rules: Iterable[tuple[str, list[Pattern]]], at_once: bool = True) -> list[Ruleset]:
    """The rules in as few rulesets as their limits allow, in their order.

    Without ``at_once`` whoever asserts facts sees to it that none passes too many tests.
    """
    rooms = [_Room(at_once)]
    for name, patterns in rules:
        if not any(room.take(name, patterns) for room in rooms):
            rooms.append(_Room(at_once))
            if not rooms[-1].take(name, patterns):
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
                    names |= _properties(test)
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
