"""From a fact to the patterns that it may match, at a cost that does not grow with the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from codewarrant.engine.facts import Fact
from codewarrant.engine.intervals import IntervalIndex
from codewarrant.engine.reading import Test
from codewarrant.engine.values import ANY_CODE, Code, Intervals, Value, overlap

REMEMBERED = 100_000
"""Codes whose patterns are remembered; beyond that the memory starts afresh."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A place in a rule that facts are sent to: a variable, or a ``some`` that must be met.

    ``gate`` is a field with the values that the condition demands of it, where there is one.
    ``tests`` are the conjuncts that this fact alone decides.
    """

    slot: int
    plan: int
    var: str
    entity: str
    documented: bool
    codes: Intervals
    gate: tuple[str, tuple[Value, ...]] | None
    tests: tuple[Test, ...]


class _Table:
    """The patterns of one entity: by code, by the value of a field, and the rest."""

    def __init__(self, patterns: list[Pattern]) -> None:
        self.coded = [one for one in patterns if one.codes != ANY_CODE]
        self.index = IntervalIndex(
            (interval, number) for number, one in enumerate(self.coded) for interval in one.codes
        )
        self.by_code: dict[Code, tuple[Pattern, ...]] = {}
        self.gates: dict[str, tuple[dict[Value, list[Pattern]], list[Pattern]]] = {}
        self.rest: list[Pattern] = []
        for one in patterns:
            if one.codes != ANY_CODE:
                continue
            if one.gate is None:
                self.rest.append(one)
                continue
            name, values = one.gate
            by_value, every = self.gates.setdefault(name, ({}, []))
            every.append(one)
            for value in set(values):
                by_value.setdefault(value, []).append(one)


class Dispatch:
    """The patterns of one group of rules. ``key`` gives a code's place in its order."""

    def __init__(self, patterns: Iterable[Pattern], key: Callable[[Code], str]) -> None:
        grouped: dict[tuple[str, bool], list[Pattern]] = {}
        for one in patterns:
            grouped.setdefault((one.entity, one.documented), []).append(one)
        self._tables = {name: _Table(items) for name, items in grouped.items()}
        self._key = key

    def patterns(
        self, fact: Fact, documented: bool, bounds: Intervals | None = None
    ) -> list[Pattern]:
        """All patterns that the fact may match. ``documented`` picks the patterns that read only
        what is documented; ``bounds`` are those of a code that is not known."""
        table = self._tables.get((fact.entity, documented))
        if table is None:
            return []
        found = list(table.rest)
        if table.coded:
            code = fact.fields.get("code")
            if type(code) is Code:
                found += self._coded(table, code)
            else:
                found += [
                    one for one in table.coded if bounds is None or overlap(one.codes, bounds)
                ]
        for name, (by_value, every) in table.gates.items():
            value = fact.fields.get(name)
            found += every if value is None else by_value.get(value, ())
        return found

    def _coded(self, table: _Table, code: Code) -> tuple[Pattern, ...]:
        known = table.by_code.get(code)
        if known is None:
            numbers = table.index.holding(code.system, self._key(code))
            known = tuple(table.coded[number] for number in sorted(numbers))
            if len(table.by_code) >= REMEMBERED:
                table.by_code.clear()
            table.by_code[code] = known
        return known
