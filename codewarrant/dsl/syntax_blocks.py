"""The syntax tree, from clauses to whole blocks and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from codewarrant.dsl.blocks import Comment
from codewarrant.dsl.diagnostics import Span
from codewarrant.dsl.syntax_terms import (
    CodeSet,
    CodeValue,
    ConditionNode,
    Literal_,
    Name,
    Quoted,
    Ref,
    RowBinder,
    Scope,
    TermNode,
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
class LintSetting:
    """``level``: off, warning or error, for the pack or for the block that it stands in."""

    name: Name
    level: str
    because: Quoted
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
class RowNode:
    """A row of an installed table, given to an example."""

    table: Name
    fields: tuple[tuple[Name, tuple[Literal_ | Word, ...], bool], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class NoteNode:
    text: str
    section: Quoted | None
    near: tuple[Name, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    facts: tuple[FactNode, ...]
    rows: tuple[RowNode, ...]
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
    lints: tuple[LintSetting, ...] = ()


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
    lints: tuple[LintSetting, ...] = ()


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
    lints: tuple[LintSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class TableBlock:
    """``release`` names an installed table, which has columns and dates of its own; ``file`` is
    None then."""

    name: Name
    title: str
    file: Quoted | None
    release: Name | None
    columns: tuple[tuple[Name, str], ...]
    sha256: Quoted | None
    dates: tuple[Name, Name] | None
    through: bool
    """Whether the end column names the last day."""
    cites: tuple[Cite, ...]
    span: Span
    lints: tuple[LintSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class PhraseNode:
    """``phrase`` means a code, or other words; ``with_`` are words of which the note needs one."""

    phrase: Quoted
    capitals: bool
    code: CodeValue | None
    words: Quoted | None
    with_: tuple[Quoted, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class DictionaryNode:
    """A CSV file of phrases."""

    file: Quoted
    sha256: Quoted | None
    span: Span


@dataclass(frozen=True, slots=True)
class VocabularyBlock:
    name: Name
    title: str
    system: str
    effective: Effective | None
    cites: tuple[Cite, ...]
    items: tuple[PhraseNode | DictionaryNode, ...]
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
    lints: tuple[LintSetting, ...] = ()


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
    lints: tuple[LintSetting, ...] = ()


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
    | VocabularyBlock
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
