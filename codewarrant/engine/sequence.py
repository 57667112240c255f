"""The order of the reported codes.

Edges say which code must stand before which. If they cycle, the edges of rules that are not
mandatory yield inside the cycle; if they still cycle, the rest of that cycle is ignored and a
person decides. Then codes are pulled: in the order of their keys, before a code is written what
must precede it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codewarrant.engine.graphs import components
from codewarrant.engine.settle import CONFLICT
from codewarrant.engine.trace import Conflict
from codewarrant.engine.values import Code


@dataclass(frozen=True, slots=True)
class Before:
    """A rule's word that one reported code stands before another."""

    first: Code
    second: Code
    firing: int
    rule: str
    mandatory: bool = False


@dataclass
class Ordered:
    codes: tuple[Code, ...]
    conflicts: list[Conflict] = field(default_factory=list)
    yielded: dict[Before, str] = field(default_factory=dict)
    """Edges that did not count, and the rule that they yielded to, or conflict."""


def sequence(codes: Iterable[Code], edges: Iterable[Before], key: Callable[[Code], Any]) -> Ordered:
    """Order codes by edges and key; edges from a code to itself say nothing."""
    names = sorted(set(codes), key=key)
    kept = [one for one in edges if one.first != one.second]
    out = Ordered(())
    for members in _cycles(names, kept):
        inside = [one for one in kept if one.first in members and one.second in members]
        binding = sorted({one.rule for one in inside if one.mandatory})
        for one in inside:
            if not one.mandatory:
                out.yielded[one] = binding[0] if binding else CONFLICT
    kept = [one for one in kept if one not in out.yielded]
    for members in _cycles(names, kept):
        inside = [one for one in kept if one.first in members and one.second in members]
        out.conflicts.append(
            Conflict(
                "sequence", tuple(sorted(members)), tuple(sorted({one.rule for one in inside}))
            )
        )
        for one in inside:
            out.yielded[one] = CONFLICT
    kept = [one for one in kept if one not in out.yielded]
    before: dict[Code, set[Code]] = {}
    for one in kept:
        before.setdefault(one.second, set()).add(one.first)
    out.codes = _pull(names, before, key)
    return out


def _cycles(names: list[Code], edges: list[Before]) -> list[set[Code]]:
    if not edges:
        return []
    number = {code: at for at, code in enumerate(names)}
    graph: list[list[int]] = [[] for _ in names]
    for one in edges:
        graph[number[one.first]].append(number[one.second])
    return [{names[at] for at in members} for members in components(graph) if len(members) > 1]


def _pull(
    names: list[Code], before: Mapping[Code, set[Code]], key: Callable[[Code], Any]
) -> tuple[Code, ...]:
    if not before:
        return tuple(names)
    written: dict[Code, None] = {}
    for name in names:
        stack = [name]
        while stack:
            code = stack[-1]
            first = [other for other in before.get(code, ()) if other not in written]
            if first:
                stack.append(min(first, key=key))
                continue
            stack.pop()
            written[code] = None
    return tuple(written)
