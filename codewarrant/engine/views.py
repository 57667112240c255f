"""The facts that a rule reads at one moment, with the indexes to find them by."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter

from codewarrant.engine.facts import Fact
from codewarrant.engine.values import Code, Intervals, Membership, Value, overlap

SCAN = 8
"""Up to this many facts a scan is faster than an index."""

BY_ID = attrgetter("id")


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
        self._places: dict[str, _Places] = {}
        self._coded: dict[tuple[str, Membership], list[Fact]] = {}

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> View:
        by_entity: dict[str, list[Fact]] = {}
        for fact in facts:
            known = by_entity.get(fact.entity)
            if known is None:
                by_entity[fact.entity] = [fact]
            else:
                known.append(fact)
        for own in by_entity.values():
            own.sort(key=BY_ID)
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
        by_entity[entity] = sorted(facts, key=BY_ID)
        view = View(by_entity, possible, phantoms)
        view._equal = {key: index for key, index in self._equal.items() if key[0] != entity}
        view._places = {key: index for key, index in self._places.items() if key != entity}
        view._coded = {key: found for key, found in self._coded.items() if key[0] != entity}
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
                known = index.get(mark := fact.fields.get(field))
                if known is None:
                    index[mark] = [fact]
                else:
                    known.append(fact)
            self._equal[entity, field] = index
        hits = index.get(value, [])
        unknown = index.get(None, [])
        if not unknown or not hits:
            return hits or unknown
        return sorted(hits + unknown, key=BY_ID)

    def coded(
        self, entity: str, codes: Intervals, member: Membership, key: Callable[[Code], str]
    ) -> list[Fact]:
        """The facts whose code may lie in these intervals, ordered by id; an unknown one may.

        ``member`` is the membership of ``codes``, by which answers are kept.
        """
        places = self._places.get(entity)
        if member.point is not None and places is not None and not places.uncoded:
            return places.at(member.point.system, member.point.low)
        found = self._coded.get((entity, member))
        if found is not None:
            return found
        pool = self.all(entity)
        if len(pool) <= SCAN:
            coded = [
                fact
                for fact in pool
                if type(code := fact.fields.get("code")) is Code
                and member.contains(code.system, key(code))
            ]
            uncoded = [fact for fact in pool if type(fact.fields.get("code")) is not Code]
        else:
            if places is None:
                places = self._places[entity] = _Places(pool, key)
            coded, uncoded = places.inside(member), places.uncoded
        found = coded
        if uncoded:
            maybe = (
                fact
                for fact in uncoded
                if (bounds := self.phantoms.get(fact.id)) is None or overlap(bounds, codes)
            )
            found = sorted([*coded, *maybe], key=BY_ID)
        self._coded[entity, member] = found
        return found


class _Places:
    """The facts of one entity by the place of their code."""

    def __init__(self, facts: list[Fact], key: Callable[[Code], str]) -> None:
        self.uncoded: list[Fact] = []
        self._systems: dict[str, dict[str, list[Fact]]] = {}
        self._keys: dict[str, list[str]] = {}
        for fact in facts:
            code = fact.fields.get("code")
            if type(code) is not Code:
                self.uncoded.append(fact)
                continue
            keyed = self._systems.get(code.system)
            if keyed is None:
                keyed = self._systems[code.system] = {}
            place = key(code)
            known = keyed.get(place)
            if known is None:
                keyed[place] = [fact]
            else:
                known.append(fact)

    def at(self, system: str, key: str) -> list[Fact]:
        """The facts whose code has this place, by id."""
        return self._systems.get(system, {}).get(key, [])

    def inside(self, member: Membership) -> list[Fact]:
        """The facts whose code is a member, by id."""
        found: list[list[Fact]] = []
        for system, keyed in self._systems.items():
            lows, highs = member.bounds(system)
            if len(lows) > len(keyed):
                found += [facts for key, facts in keyed.items() if member.contains(system, key)]
                continue
            for low, high in zip(lows, highs, strict=True):
                if low == high:
                    if low in keyed:
                        found.append(keyed[low])
                    continue
                keys = self._keys.get(system)
                if keys is None:
                    keys = self._keys[system] = sorted(keyed)
                between = keys[bisect_left(keys, low) : bisect_right(keys, high)]
                found += [keyed[key] for key in between]
        if len(found) == 1:
            return found[0]
        return sorted((fact for facts in found for fact in facts), key=BY_ID)
