"""Questions to tables: asked together where they can be, asked once, and all recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TypeAlias

from codewarrant.engine.canonical import dumps_typed
from codewarrant.engine.relation import Relation, Row
from codewarrant.engine.trace import LookedUp
from codewarrant.engine.values import Value

Keys: TypeAlias = tuple[tuple[str, Value], ...]
"""Columns with their values, sorted by column."""

UNKNOWN_ROW = Row("?", {})
"""Stands for whatever rows a question with an unknown key would find."""


class Lookups:
    """All questions of one run. ``on`` is the chart's date; None finds undated rows only."""

    def __init__(self, relations: Mapping[str, Relation] | None, on: date | None) -> None:
        self._relations = relations or {}
        self._on = on
        self._rows: dict[tuple[str, Keys], tuple[Row, ...] | None] = {}
        self._used: set[tuple[str, Keys]] = set()

    def has(self, name: str) -> bool:
        """Whether the chart came with this table; without it every answer is unknown."""
        return name in self._relations

    def prefetch(self, name: str, wanted: Iterable[Keys]) -> None:
        """Ask for several keys in one question; only those used later are recorded."""
        relation = self._relations.get(name)
        if relation is None:
            return
        fresh = sorted(
            {keys for keys in wanted if (name, keys) not in self._rows},
            key=lambda keys: dumps_typed(keys),
        )
        if fresh:
            answers = relation.lookup([dict(keys) for keys in fresh], self._on)
            for keys, rows in zip(fresh, answers, strict=True):
                self._rows[name, keys] = None if rows is None else tuple(rows)

    def rows(self, name: str, keys: Keys) -> tuple[Row, ...] | None:
        """The rows for these keys, ordered by id; None if the table is not there or cannot know."""
        if (name, keys) not in self._rows:
            if name not in self._relations:
                return None
            self.prefetch(name, (keys,))
        found = self._rows[name, keys]
        if found is not None:
            self._used.add((name, keys))
        return found

    def recorded(self) -> tuple[LookedUp, ...]:
        """Every question that was used and its answer, in the order of content."""
        asked = sorted(self._used, key=lambda item: (item[0], dumps_typed(item[1])))
        return tuple(
            LookedUp(
                name,
                self._relations[name].digest,
                dict(keys),
                tuple(row.id for row in self._rows[name, keys] or ()),
            )
            for name, keys in asked
        )
