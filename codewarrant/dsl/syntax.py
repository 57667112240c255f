"""The syntax tree of rulepacks: what was written and where, nothing of what it means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from codewarrant.dsl.blocks import Comment
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
    scope: Scope
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


# ---- clauses and actions ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Effective:
    """``end`` is the first day after, whether written with ``through`` or ``until``."""

    start: date
    end: date | None
    clock: str
    span: Span


@dataclass(frozen=True, slots=True)
class Cite:
    source: Name
    section: str
    quote: str
    span: Span


@dataclass(frozen=True, slots=True)
class ActionNode:
    """One action. ``var`` is what it acts on, ``codes`` what it names, ``word`` its text or role,
    ``to`` the ceiling of ``limit units``."""

    kind: str
    var: Name | None
    codes: tuple[Ref | CodeValue, ...]
    word: str
    to: TermNode | None
    because: Quoted | None
    span: Span


@dataclass(frozen=True, slots=True)
class ExceptionNode:
    name: Name
    to: Name | None
    effective: Effective | None
    when: ConditionNode
    because: Quoted
    cites: tuple[Cite, ...]
    instead: tuple[ActionNode, ...]
    span: Span


# ---- examples and tests -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """An unquoted word as a value; ``unknown`` leaves the field open."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class FactNode:
    entity: str
    var: Name | None
    fields: tuple[tuple[Name, tuple[Literal_ | Word, ...], bool], ...]
    """Field, its values, and whether it was written as a list."""
    span: Span


@dataclass(frozen=True, slots=True)
class NoteNode:
    text: str
    near: tuple[Name, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    facts: tuple[FactNode, ...]
    notes: tuple[NoteNode, ...]
    clocks: tuple[tuple[str, date], ...]
    supplied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation: ``kind`` is the grammar's name of it, ``words`` its names and codes."""

    kind: str
    words: tuple[str, ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a rule, or a test of its own (``rule`` empty)."""

    rule: str
    title: str
    on: date | None
    given: Given
    outcomes: tuple[Outcome, ...]
    span: Span


# ---- blocks -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackBlock:
    name: Name
    title: str
    version: str
    extends: tuple[tuple[Name, str], ...]
    applies: ConditionNode | None
    effective: Effective | None
    owner: str
    span: Span


@dataclass(frozen=True, slots=True)
class SourceBlock:
    name: Name
    title: str
    label: str
    url: str
    sha256: str
    effective: Effective | None
    span: Span


@dataclass(frozen=True, slots=True)
class DatedSet:
    start: date | None
    end: date | None
    codes: CodeSet
    span: Span


@dataclass(frozen=True, slots=True)
class ValueSetBlock:
    name: Name
    title: str
    system: str
    effective: Effective | None
    cites: tuple[Cite, ...]
    versions: tuple[DatedSet, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class DatedValue:
    start: date
    end: date | None
    value: Literal_
    span: Span


@dataclass(frozen=True, slots=True)
class ParameterBlock:
    name: Name
    title: str
    type: str
    cites: tuple[Cite, ...]
    values: tuple[DatedValue, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TableBlock:
    name: Name
    title: str
    file: Quoted
    columns: tuple[tuple[Name, str], ...]
    sha256: Quoted | None
    dates: tuple[Name, Name] | None
    through: bool
    """Whether the end column names the last day."""
    cites: tuple[Cite, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class DeriveBlock:
    name: Name
    title: str
    entity: str
    var: Name
    term: TermNode | None
    when: ConditionNode | None
    span: Span


@dataclass(frozen=True, slots=True)
class RuleBlock:
    name: Name
    title: str
    mandatory: bool
    effective: Effective | None
    cites: tuple[Cite, ...]
    severity: str
    binders: tuple[Scope | RowBinder, ...]
    when: ConditionNode | None
    actions: tuple[ActionNode, ...]
    if_unknown: str
    exceptions: tuple[ExceptionNode, ...]
    examples: tuple[Example, ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class OverrideBlock:
    """``kind``: suspend, narrow, swap or set."""

    pack: Name
    target: Name
    version: str
    title: str
    effective: Effective | None
    cites: tuple[Cite, ...]
    because: Quoted | None
    approved: tuple[str, date] | None
    kind: str
    exceptions: tuple[ExceptionNode, ...]
    actions: tuple[ActionNode, ...]
    value: Literal_ | None
    span: Span


@dataclass(frozen=True, slots=True)
class TestBlock:
    example: Example
    span: Span


BlockNode: TypeAlias = (
    PackBlock
    | SourceBlock
    | ValueSetBlock
    | ParameterBlock
    | TableBlock
    | DeriveBlock
    | RuleBlock
    | OverrideBlock
    | TestBlock
)


@dataclass(frozen=True, slots=True)
class File:
    """One parsed file: the blocks that could be read, in order, and all comments."""

    name: str
    text: str
    blocks: tuple[BlockNode, ...]
    comments: tuple[Comment, ...]
