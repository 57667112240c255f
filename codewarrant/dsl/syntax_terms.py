"""The syntax tree, inside of blocks: names, values, terms, code sets and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from codewarrant.dsl.diagnostics import Span


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text in quotes; line ends inside it count as one space."""

    text: str
    span: Span


# ---- terms --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """Digits as written: an integer, a decimal, or a code of digits, as the place asks."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class DateValue:
    value: date
    span: Span


@dataclass(frozen=True, slots=True)
class Quantity:
    """``90 days``, ``3 units``; the unit in the singular."""

    count: int
    unit: str
    span: Span


@dataclass(frozen=True, slots=True)
class Money:
    value: Decimal
    span: Span


@dataclass(frozen=True, slots=True)
class CodeValue:
    """A code as written; ``system`` is empty where the place says which."""

    text: str
    system: str
    span: Span


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ClockValue:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Ref:
    parts: tuple[Name, ...]
    span: Span

    @property
    def text(self) -> str:
        return ".".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: str
    left: TermNode
    right: TermNode
    span: Span


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``sum``, ``count``, ``earliest`` or ``latest`` over a scope."""

    func: str
    of: Ref | None
    scope: Scope
    span: Span


Literal_: TypeAlias = Number | DateValue | Quoted | Quantity | Money | CodeValue | Boolean
TermNode: TypeAlias = (
    Number
    | DateValue
    | Quoted
    | Quantity
    | Money
    | CodeValue
    | Boolean
    | ClockValue
    | Ref
    | Arithmetic
    | Aggregation
)


# ---- code sets ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetItem:
    """``kind``: code, range, star, descendants or set; ``last`` only for a range."""

    kind: str
    first: str
    last: str
    span: Span


@dataclass(frozen=True, slots=True)
class CodeSet:
    items: tuple[SetItem, ...]
    excepts: tuple[SetItem, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Scope:
    """What a binder, a quantifier or an aggregate ranges over."""

    documented: bool
    entity: str
    var: Name | None
    within: CodeSet | SetItem | None
    where: ConditionNode | None
    span: Span


@dataclass(frozen=True, slots=True)
class RowBinder:
    var: Name
    table: Name
    span: Span


@dataclass(frozen=True, slots=True)
class RowScope:
    """What a quantifier over the rows of a table ranges over."""

    row: RowBinder
    where: ConditionNode


# ---- conditions ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    op: str
    left: TermNode
    right: TermNode
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Membership:
    """``in``, ``contains any of``, ``contains none of`` a code set."""

    term: TermNode
    within: CodeSet | SetItem
    negated: bool
    many: bool
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Choice:
    term: TermNode
    values: tuple[Literal_, ...]
    negated: bool
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Range:
    term: TermNode
    low: TermNode
    high: TermNode
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Knowledge:
    term: TermNode
    known: bool
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Containment:
    term: TermNode
    item: TermNode
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Nearness:
    left: TermNode
    distance: TermNode
    side: str
    right: TermNode
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class RowMatch:
    row: Ref
    keys: tuple[tuple[Name, TermNode], ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class NoteMention:
    words: Quoted
    sections: tuple[Quoted, ...]
    near: Name | None
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Truth:
    ref: Ref
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Negation:
    item: ConditionNode
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Junction:
    """``op`` is ``and`` or ``or``."""

    op: str
    items: tuple[ConditionNode, ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Quantifier:
    """``kind``: some, no, every, at least."""

    kind: str
    scope: Scope | RowScope
    least: int
    has: ConditionNode | None
    text: str
    span: Span


ConditionNode: TypeAlias = (
    Comparison
    | Membership
    | Choice
    | Range
    | Knowledge
    | Containment
    | Nearness
    | RowMatch
    | NoteMention
    | Truth
    | Negation
    | Junction
    | Quantifier
)
