"""Which parts of a rule's condition keep a match from firing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codewarrant.dsl.atoms import alone
from codewarrant.engine import conditions as c
from codewarrant.engine.reading import Truth


@dataclass(frozen=True, slots=True)
class Part:
    """One test of a condition and the truth that it has to have; ``is_`` is what it has."""

    test: Any
    wanted: bool
    is_: Truth

    @property
    def atom(self) -> int:
        return self.test.atom


def unmet(item: c.Condition, truths: Mapping[int, Truth], wanted: bool = True) -> list[list[Part]]:
    """What has to change for a condition to be ``wanted``: of each list one part will do.

    ``truths`` are those of the atoms outside quantifiers; an atom without one counts as unknown.
    """
    match item:
        case c.Not(part):
            return unmet(part, truths, not wanted)
        case c.AllOf(items) | c.AnyOf(items):
            parts = [unmet(part, truths, wanted) for part in items]
            if isinstance(item, c.AllOf) == wanted:
                return [group for part in parts for group in part]
            if any(not part for part in parts):
                return []
            return [[part for groups in parts for group in groups for part in group]]
        case c.Quantified() if alone(item):
            return unmet(item.where, truths, wanted)
    truth = truths.get(item.atom)
    return [] if truth is wanted else [[Part(item, wanted, truth)]]
