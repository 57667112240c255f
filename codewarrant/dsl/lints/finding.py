"""What lints look at, and what they find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from functools import cache
from typing import TypeVar

from codewarrant.dsl import syntax as s
from codewarrant.dsl.check import CheckedPack
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import Related, Span
from codewarrant.dsl.lower import LoweredRule
from codewarrant.engine.conditions import Window

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """``block`` is where it stands: its settings may switch the lint off."""

    block: s.BlockNode
    span: Span
    message: str
    help: str = ""
    related: tuple[Related, ...] = ()


@dataclass(frozen=True)
class Subject:
    """One pack without errors, the packs that were checked with it, and the attached sources.

    ``documents``: the text of attached source documents by the sha256 of their file.
    """

    pack: CheckedPack
    packs: tuple[CheckedPack, ...]
    codes: CodeView
    documents: Mapping[str, str]

    def blocks(self, kind: type[T]) -> Iterator[T]:
        """The pack's own blocks of one kind."""
        return (block for block in self.pack.blocks if isinstance(block, kind))

    def rule(self, pack: str, name: str) -> LoweredRule | None:
        """A rule of any of the packs."""
        for other in self.packs:
            if other.name == pack:
                return next((x for x in other.rules if x.block.name.text == name), None)
        return None


def walk(node: object) -> Iterator[object]:
    """A part of a syntax tree and all parts of it, without places and plain values."""
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif node is not None:
        yield node
        for name in _inner(type(node)):
            yield from walk(getattr(node, name))


@cache
def _inner(kind: type) -> tuple[str, ...]:
    if not is_dataclass(kind):
        return ()
    plain = ("str", "bool", "int", "Span", "date", "date | None", "Decimal")
    return tuple(item.name for item in fields(kind) if str(item.type) not in plain)


def disjoint(a: Window, b: Window) -> bool:
    """Whether two periods by one clock share no day. By two clocks, nothing is known: False."""
    if a.clock != b.clock:
        return False
    return bool(
        (a.end and b.start and a.end <= b.start) or (b.end and a.start and b.end <= a.start)
    )


def last_day(end: date | None) -> date | None:
    """The last day of a period by the first day after it."""
    return None if end is None else end - timedelta(days=1)
