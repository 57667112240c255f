"""The facts that a rule reads at one moment, with the indexes to find them by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from codewarrant.engine.facts import Fact
from codewarrant.engine.values import Code, Intervals, Membership, Value, overlap

SCAN = 8
"""Up to this many facts a scan is faster than an index."""


class View:
    """Facts by entity, ordered by id. ``possible`` are those that only an undetermined rule
    concluded; ``phantoms`` are possible facts whose very code is unknown, with its bounds."""

    def __init__(
        self,
        by_entity: Mapping[str, list[Fact]],
        possible: frozenset[str] = frozenset(),
        phantoms: Mapping[str, Intervals] | None = None,
    ) -> None:
        self._by_entity = by_entity
        self.possible = possible
        self.phantoms = phantoms or {}
        self._equal: dict[tuple[str, str], dict[Value | None, list[Fact]]] = {}

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> View:
        by_entity: dict[str, list[Fact]] = {}
        for fact in sorted(facts, key=lambda fact: fact.id):
            by_entity.setdefault(fact.entity, []).append(fact)
        return cls(by_entity)

    def with_facts(
        self,
        entity: str,
        facts: Iterable[Fact],
        possible: frozenset[str] = frozenset(),
        phantoms: Mapping[str, Intervals] | None = None,
    ) -> View:
        """The same view with other facts of one entity; the other entities' indexes are kept."""
        by_entity = dict(self._by_entity)
        by_entity[entity] = sorted(facts, key=lambda fact: fact.id)
        view = View(by_entity, possible, phantoms)
        view._equal = {key: index for key, index in self._equal.items() if key[0] != entity}
        return view

    def all(self, entity: str) -> list[Fact]:
        return self._by_entity.get(entity, [])

    def entities(self) -> list[str]:
        return sorted(self._by_entity)

    def equal(self, entity: str, field: str, value: Value) -> list[Fact]:
        """The facts whose field has this value or is unknown, ordered by id."""
        pool = self.all(entity)
        if len(pool) <= SCAN:
            return pool
        index = self._equal.get((entity, field))
        if index is None:
            index = {}
            for fact in pool:
                index.setdefault(fact.fields.get(field), []).append(fact)
            self._equal[entity, field] = index
        hits = index.get(value, [])
        unknown = index.get(None, [])
        if not unknown or not hits:
            return hits or unknown
        return sorted(hits + unknown, key=lambda fact: fact.id)

    def coded(
        self, entity: str, codes: Intervals, member: Membership, key: Callable[[Code], str]
    ) -> list[Fact]:
        """The facts whose code may lie in these intervals; a code that is unknown may."""
        found = []
        for fact in self.all(entity):
            code = fact.fields.get("code")
            if type(code) is Code:
                if member.contains(code.system, key(code)):
                    found.append(fact)
            else:
                bounds = self.phantoms.get(fact.id)
                if bounds is None or overlap(bounds, codes):
                    found.append(fact)
        return found
