"""From a fact to the patterns that it may match, at a cost that does not grow with the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from codewarrant.engine.fact_tests import FactTest
from codewarrant.engine.facts import Fact
from codewarrant.engine.intervals import IntervalIndex
from codewarrant.engine.values import Code, Intervals, Membership, Value, overlap

REMEMBERED = 100_000
"""Codes whose patterns are remembered; beyond that the memory starts afresh."""

NARROW = 3
"""Characters that both ends of an interval share where it is no wider than a category."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A place in a rule that facts are sent to: a variable, or a ``some`` that must be met.

    ``gate`` is a field with the values that the condition demands of it, where there is one.
    ``tests`` are the conjuncts that this fact alone decides; ``sent`` those of them that are left
    to ask of a fact that was found by its code.
    """

    slot: int
    plan: int
    var: str
    entity: str
    documented: bool
    codes: Intervals
    member: Membership | None
    """Of the codes, where they are bounded."""
    gate: tuple[str, tuple[Value, ...]] | None
    tests: tuple[FactTest, ...]
    sent: tuple[FactTest, ...]
    asks: bool
    """Its tests ask tables: they are asked of every fact, so that the record is of all of them."""


def selectivity(one: Pattern) -> int:
    """How few facts a pattern lets through, by its form: the lower the fewer."""
    if one.member is not None:
        if all(item.low == item.high for item in one.codes):
            return 0
        narrow = all(item.low[:NARROW] == item.high[:NARROW] for item in one.codes)
        return 1 if narrow else 3
    return 2 if one.gate is not None else 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pattern is found, number ``at`` of a plan's, and by what facts are sent to it.

    ``codes`` is None where its codes are not bounded.
    """

    plan: int
    at: int
    slot: int
    entity: str
    documented: bool
    codes: Intervals | None
    gate: tuple[str, tuple[Value, ...]] | None


Find: TypeAlias = Callable[[Place], Pattern]


def place(one: Pattern, at: int) -> Place:
    """The place of a pattern that is number ``at`` of its plan's."""
    codes = None if one.member is None else one.codes
    return Place(one.plan, at, one.slot, one.entity, one.documented, codes, one.gate)


class Gate:
    """The patterns that demand a value of one field; they are opened when first needed."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._places: dict[Value, list[Place]] = {}
        self._every: list[Place] = []
        self.opened: dict[Value, tuple[Pattern, ...]] = {}
        """Answers of :meth:`demanding`, kept."""

    def add(self, one: Place, values: Iterable[Value]) -> None:
        self._every.append(one)
        for value in set(values):
            self._places.setdefault(value, []).append(one)

    def demanding(self, value: Value) -> Sequence[Pattern]:
        """The patterns that demand this value."""
        places = self._places.get(value)
        if places is None:
            return ()
        return self.opened.setdefault(value, tuple(self._find(one) for one in places))

    def every(self) -> list[Pattern]:
        """All patterns that demand any value."""
        return [self._find(one) for one in self._every]


class Table:
    """The patterns of one entity: by code, by the value of a field, and the rest."""

    def __init__(self, places: Sequence[Place], find: Find, key: Callable[[Code], str]) -> None:
        self.coded = [one for one in places if one.codes is not None]
        self._find = find
        self._key = key
        self._index = IntervalIndex(
            (interval, number)
            for number, one in enumerate(self.coded)
            for interval in one.codes or ()
        )
        self.by_code: dict[Code, tuple[Pattern, ...]] = {}
        """Answers of :meth:`holding`, kept."""
        self.gates: dict[str, Gate] = {}
        self._rest: list[Place] = []
        for one in places:
            if one.codes is not None:
                continue
            if one.gate is None:
                self._rest.append(one)
                continue
            name, values = one.gate
            gate = self.gates.get(name)
            if gate is None:
                gate = self.gates[name] = Gate(find)
            gate.add(one, values)

    def holding(self, code: Code) -> tuple[Pattern, ...]:
        """The patterns whose codes hold this one."""
        known = self.by_code.get(code)
        if known is None:
            numbers = self._index.holding(code.system, self._key(code))
            known = tuple(self._find(self.coded[number]) for number in sorted(numbers))
            if len(self.by_code) >= REMEMBERED:
                self.by_code.clear()
            self.by_code[code] = known
        return known

    def uncoded(self, bounds: Intervals | None) -> list[Pattern]:
        """The patterns that a fact may match whose code is unknown; ``bounds``: but lies here."""
        return [
            self._find(one)
            for one in self.coded
            if bounds is None or one.codes is None or overlap(one.codes, bounds)
        ]

    def rest(self) -> list[Pattern]:
        """The patterns that every fact of the entity is sent to."""
        return [self._find(one) for one in self._rest]


class Dispatch:
    """The patterns of one group of rules. ``key`` gives a code's place in its order."""

    def __init__(self, places: Iterable[Place], find: Find, key: Callable[[Code], str]) -> None:
        grouped: dict[tuple[str, bool], list[Place]] = {}
        for one in places:
            grouped.setdefault((one.entity, one.documented), []).append(one)
        self.tables = {name: Table(items, find, key) for name, items in sorted(grouped.items())}
        """By entity, and whether only what is documented is read."""

    def patterns(self, fact: Fact, bounds: Intervals | None) -> list[Pattern]:
        """The patterns that a fact may match, of those that read more than is documented.

        ``bounds`` are those of a code that is not known.
        """
        table = self.tables.get((fact.entity, False))
        if table is None:
            return []
        found = table.rest()
        if table.coded:
            code = fact.fields.get("code")
            found += table.holding(code) if type(code) is Code else table.uncoded(bounds)
        for name, gate in table.gates.items():
            value = fact.fields.get(name)
            found += gate.every() if value is None else gate.demanding(value)
        return found
