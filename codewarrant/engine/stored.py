"""A loaded program as bytes, and back: for a private cache, so that a start need not plan anew.

The bytes are a sha256 of the rest, the key that they were made for, and a marshalled table: equal
parts of the program stand in it once, as a constant or as a class with the numbers of its parts.
What is read back is built from these classes only; nothing in the bytes is run. Plans of rules are
not stored but worked out from the rule when a fact first concerns it.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from codewarrant.engine import conditions, program, values
from codewarrant.engine.collector import paused
from codewarrant.engine.dispatch import Place
from codewarrant.engine.errors import EngineError
from codewarrant.engine.plan import GroupLayout, Layout, Loaded, Variant, opened
from codewarrant.engine.program import SEMANTICS, Program

FORMAT = f"2 {SEMANTICS} {sys.implementation.cache_tag}"
"""Bytes of another format, of other semantics or of another Python are not read."""

_DIGEST = 32


class Damaged(EngineError):
    """Bytes that are not a stored program, or not the one that is asked for."""


def _classes() -> tuple[type, ...]:
    found = [Place, Variant, GroupLayout, Layout]
    for module in (conditions, program, values):
        found += [
            one
            for one in vars(module).values()
            if isinstance(one, type)
            and one.__module__ == module.__name__
            and (is_dataclass(one) or issubclass(one, tuple))
        ]
    return tuple(sorted(found, key=lambda one: one.__name__))


_CLASSES = _classes()
_NUMBER = {kind: number for number, kind in enumerate(_CLASSES, 3)}
_TUPLE, _DATE, _DECIMAL = 0, 1, 2


def _date(text: str) -> date:
    return date.fromisoformat(text)


def to_bytes(loaded: Loaded, key: str, beside: tuple[Any, ...] = ()) -> bytes:
    """The bytes of a loaded program. ``key`` is what it was made from, by digest.

    ``beside``: nested tuples of texts, numbers, dates and values of the program's own classes that
    are kept in the same file.
    """
    table = _Table()
    root = table.number((loaded.program, loaded.layout, beside))
    constants, nodes = table.constants, table.nodes
    body = marshal.dumps((FORMAT, key, tuple(constants), tuple(nodes), root))
    return hashlib.sha256(body).digest() + body


def from_bytes(data: bytes, key: str) -> Loaded:
    """Read :func:`to_bytes` back. Raises :class:`Damaged` unless they are whole and of ``key``."""
    return from_bytes_with(data, key)[0]


@paused()
def from_bytes_with(data: bytes, key: str) -> tuple[Loaded, tuple[Any, ...]]:
    """Like :func:`from_bytes`, with what was put beside the program."""
    body = data[_DIGEST:]
    if hashlib.sha256(body).digest() != data[:_DIGEST]:
        raise Damaged("the stored program is damaged")
    try:
        form, made_for, constants, nodes, root = marshal.loads(body)
        if (form, made_for) != (FORMAT, key):
            raise Damaged("the stored program is another one")
        made: list[Any] = []
        build: list[Callable[..., Any]] = [tuple, _date, Decimal, *_CLASSES]
        made += constants
        for kind, *parts in nodes:
            if kind == _TUPLE:
                made.append(tuple([made[part] for part in parts]))
            else:
                made.append(build[kind](*[made[part] for part in parts]))
        found, layout, beside = made[root]
    except (ValueError, EOFError, TypeError, IndexError, ArithmeticError) as error:
        raise Damaged("the stored program cannot be read") from error
    if not isinstance(found, Program) or not isinstance(layout, Layout):
        raise Damaged("the stored program cannot be read")
    return opened(found, layout), beside


class _Table:
    """Numbers for values: equal values have one, and a value comes after its parts."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Any, Any], int] = {}
        self._seen: dict[int, tuple[Any, int]] = {}
        """By identity, with the value kept so that its identity stays its own."""
        self.constants: list[Any] = []
        self.nodes: list[tuple[int, ...]] = []

    def number(self, value: Any) -> int:
        """The number of a value among the constants and, after them, the nodes."""
        root = self._visit(value)
        constants = [mark for mark in self._known if mark[0] == "constant"]
        self.constants = [mark[2] for mark in constants]
        numbers = {self._known[mark]: at for at, mark in enumerate(constants)}
        for mark, known in self._known.items():
            if mark[0] == "node":
                numbers[known] = len(constants) + len(self.nodes)
                self.nodes.append((mark[1], *[numbers[part] for part in mark[2]]))
        return numbers[root]

    def _visit(self, value: Any) -> int:
        kind = type(value)
        if kind in (str, int, bool, type(None)):
            return self._place(("constant", kind, value))
        known = self._seen.get(id(value))
        if known is not None:
            return known[1]
        if kind is tuple:
            at = self._node(_TUPLE, value)
        elif kind is date:
            at = self._node(_DATE, (value.isoformat(),))
        elif kind is Decimal:
            at = self._node(_DECIMAL, (str(value),))
        elif issubclass(kind, tuple):
            at = self._node(_NUMBER[kind], value)
        else:
            parts = [getattr(value, one.name) for one in fields(value) if one.init]
            at = self._node(_NUMBER[kind], parts)
        self._seen[id(value)] = (value, at)
        return at

    def _node(self, kind: int, parts: Any) -> int:
        return self._place(("node", kind, tuple([self._visit(part) for part in parts])))

    def _place(self, mark: tuple[str, Any, Any]) -> int:
        return self._known.setdefault(mark, len(self._known))
