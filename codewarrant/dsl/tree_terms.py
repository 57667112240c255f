"""Builds the syntax tree: values, terms, code sets and conditions."""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from codewarrant.dsl import syntax as s
from codewarrant.dsl.blocks import Block, line_starts
from codewarrant.dsl.diagnostics import NOWHERE, Span, fault
from codewarrant.dsl.lalr import Meta, Token

T = TypeVar("T")

SINGULAR = {"diagnoses": "diagnosis", "claim diagnoses": "claim diagnosis"}


class Marked:
    """A clause waiting for the node that it belongs to."""

    __slots__ = ("kind", "span", "value")

    def __init__(self, kind: str, value: Any, span: Span = NOWHERE) -> None:
        self.kind = kind
        self.value = value
        self.span = span


def pick(items: list[Any], kind: type[T]) -> T | None:
    """The first item of a type."""
    return next((item for item in items if isinstance(item, kind)), None)


def all_in(items: list[Any], kind: type[T]) -> tuple[T, ...]:
    """All items of a type."""
    return tuple(item for item in items if isinstance(item, kind))


def singular(entity: str) -> str:
    """The name of an entity that may be written in the plural."""
    if entity.endswith("sis"):
        return entity
    return SINGULAR.get(entity, entity.removesuffix("s"))


def next_day(day: date) -> date | None:
    """The day after; None (no end) after the calendar's last day."""
    return None if day == date.max else day + timedelta(days=1)


def flat(text: str) -> str:
    """Without comments, line ends and repeated spaces."""
    if "#" not in text:
        return " ".join(text.split())
    parts = re.split(r'("[^"]*")', text)
    kept = (part if part.startswith('"') else re.sub(r"#[^\n]*", " ", part) for part in parts)
    return " ".join("".join(kept).split())


class TermBuilder:
    """Builds what stands inside of blocks: a method for each rule of the grammar, which is given
    the place of its node and its children. Raises ``Fault`` for what the grammar cannot refuse."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self._starts = line_starts(block.text)

    # -- places ------------------------------------------------------------------

    def span(self, meta: Meta) -> Span:
        start, end = meta
        starts = self._starts
        first = bisect_right(starts, start) - 1
        last = bisect_right(starts, end) - 1
        line = self.block.line
        return Span(
            self.block.file,
            line + first,
            start - starts[first] + 1,
            line + last,
            end - starts[last] + 1,
        )

    def of(self, token: Token) -> Span:
        return self.span((token.start_pos, token.end_pos))

    def text(self, meta: Meta) -> str:
        """The words as written, on one line and without comments."""
        return flat(self.block.text[meta[0] : meta[1]])

    def name(self, token: Token) -> s.Name:
        return s.Name(str(token), self.of(token))

    def quoted(self, token: Token) -> s.Quoted:
        return s.Quoted(" ".join(token[1:-1].split()), self.of(token))

    def day(self, token: Token) -> date:
        try:
            return date.fromisoformat(str(token))
        except ValueError:
            raise fault(
                "CW0402",
                self.of(token),
                f"there is no day `{token}`",
                "dates are year-month-day, such as 2026-02-28",
            ) from None

    # -- citations and dates -----------------------------------------------------

    def until(self, meta: Meta, items: list[Any]) -> tuple[str, date | None]:
        return ("until", self.day(items[-1]))

    def through(self, meta: Meta, items: list[Any]) -> tuple[str, date | None]:
        return ("until", next_day(self.day(items[-1])))

    def by(self, meta: Meta, items: list[Any]) -> tuple[str, str]:
        return ("by", str(items[0]))

    def effective(self, meta: Meta, items: list[Any]) -> s.Effective:
        start = self.day(items[0])
        rest = dict(items[1:])
        self._ordered(start, rest.get("until"), meta)
        return s.Effective(
            start, rest.get("until"), rest.get("by", "date of service"), self.span(meta)
        )

    def _ordered(self, start: date, end: date | None, meta: Meta) -> None:
        if end is not None and end <= start:
            raise fault(
                "CW0403",
                self.span(meta),
                "the end stands before the start",
                "`through` names the last day, `until` the first day after it",
            )

    def quoting(self, meta: Meta, items: list[Any]) -> s.Quoted:
        return self.quoted(items[0])

    def cites(self, meta: Meta, items: list[Any]) -> s.Cite:
        quote = items[2].text if len(items) > 2 else ""
        return s.Cite(self.name(items[0]), self.quoted(items[1]).text, quote, self.span(meta))

    # -- values ------------------------------------------------------------------

    def number(self, meta: Meta, items: list[Any]) -> s.Number:
        return s.Number(str(items[0]), self.span(meta))

    def date_(self, meta: Meta, items: list[Any]) -> s.DateValue:
        return s.DateValue(self.day(items[0]), self.span(meta))

    def text_(self, meta: Meta, items: list[Any]) -> s.Quoted:
        return self.quoted(items[0])

    def duration(self, meta: Meta, items: list[Any]) -> s.Quantity:
        if len(items[0]) > 6:
            raise fault("CW0310", self.span(meta), "the duration is too long", "at most 999999")
        return s.Quantity(int(items[0]), str(items[1]).rstrip("s"), self.span(meta))

    def money(self, meta: Meta, items: list[Any]) -> s.Money:
        return s.Money(Decimal(items[0][1:].replace(",", "")), self.span(meta))

    def code(self, meta: Meta, items: list[Any]) -> s.CodeValue:
        return s.CodeValue(str(items[0]), "", self.span(meta))

    def code_of(self, meta: Meta, items: list[Any]) -> s.CodeValue:
        return s.CodeValue(str(items[1]), str(items[0]), self.span(meta))

    def boolean(self, meta: Meta, items: list[Any]) -> s.Boolean:
        return s.Boolean(str(items[0]) == "true", self.span(meta))

    def clock(self, meta: Meta, items: list[Any]) -> s.ClockValue:
        return s.ClockValue(str(items[0]), self.span(meta))

    def ref(self, meta: Meta, items: list[Any]) -> s.Ref:
        return s.Ref(tuple(self.name(item) for item in items), self.span(meta))

    def arith(self, meta: Meta, items: list[Any]) -> s.Arithmetic:
        return s.Arithmetic(str(items[1]), items[0], items[2], self.span(meta))

    def aggregate(self, meta: Meta, items: list[Any]) -> s.Aggregation:
        return s.Aggregation(str(items[0]), items[1], items[-1], self.span(meta))

    def count(self, meta: Meta, items: list[Any]) -> s.Aggregation:
        return s.Aggregation("count", None, items[-1], self.span(meta))

    # -- code sets ---------------------------------------------------------------

    def one_code(self, meta: Meta, items: list[Any]) -> s.SetItem:
        return s.SetItem("code", str(items[0]), "", self.span(meta))

    def code_range(self, meta: Meta, items: list[Any]) -> s.SetItem:
        return s.SetItem("range", str(items[0]), str(items[1]), self.span(meta))

    def code_star(self, meta: Meta, items: list[Any]) -> s.SetItem:
        return s.SetItem("star", str(items[0])[:-1].rstrip("."), "", self.span(meta))

    def descendants(self, meta: Meta, items: list[Any]) -> s.SetItem:
        return s.SetItem("descendants", str(items[-1]), "", self.span(meta))

    def named_set(self, meta: Meta, items: list[Any]) -> s.SetItem:
        return s.SetItem("set", str(items[0]), "", self.span(meta))

    def except_codes(self, meta: Meta, items: list[Any]) -> tuple[s.SetItem, ...]:
        return tuple(items)

    def code_set(self, meta: Meta, items: list[Any]) -> s.CodeSet:
        plain = tuple(item for item in items if isinstance(item, s.SetItem))
        excepts = items[-1] if isinstance(items[-1], tuple) else ()
        return s.CodeSet(plain, excepts, self.span(meta))

    # -- scopes ------------------------------------------------------------------

    def in_set(self, meta: Meta, items: list[Any]) -> s.CodeSet | s.SetItem:
        return items[0]

    def where(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("where", items[-1])

    group_where = where

    def scope(self, meta: Meta, items: list[Any]) -> s.Scope:
        documented, entity, var = False, "", None
        within: s.CodeSet | s.SetItem | None = None
        where = None
        for item in items:
            if isinstance(item, Token):
                if item.type == "DOCUMENTED":
                    documented = True
                elif item.type == "ENTITY":
                    entity = singular(str(item))
                else:
                    var = self.name(item)
            elif isinstance(item, Marked):
                where = item.value
            else:
                within = item
        return s.Scope(documented, entity, var, within, where, self.span(meta))

    group = scope
    fact_binder = scope

    def row_binder(self, meta: Meta, items: list[Any]) -> s.RowBinder:
        return s.RowBinder(self.name(items[0]), self.name(items[-1]), self.span(meta))

    def row_scope(self, meta: Meta, items: list[Any]) -> s.RowScope:
        row = s.RowBinder(self.name(items[0]), self.name(items[-2]), self.span(meta))
        return s.RowScope(row, items[-1].value)

    # -- conditions --------------------------------------------------------------

    def all_of(self, meta: Meta, items: list[Any]) -> s.Junction:
        return s.Junction("and", tuple(items), self.text(meta), self.span(meta))

    def any_of(self, meta: Meta, items: list[Any]) -> s.Junction:
        return s.Junction("or", tuple(items), self.text(meta), self.span(meta))

    def negation(self, meta: Meta, items: list[Any]) -> s.Negation:
        return s.Negation(items[0], self.text(meta), self.span(meta))

    def some(self, meta: Meta, items: list[Any]) -> s.Quantifier:
        return s.Quantifier("some", items[0], 1, None, self.text(meta), self.span(meta))

    def none(self, meta: Meta, items: list[Any]) -> s.Quantifier:
        return s.Quantifier("no", items[0], 1, None, self.text(meta), self.span(meta))

    def every(self, meta: Meta, items: list[Any]) -> s.Quantifier:
        return s.Quantifier("every", items[0], 1, items[1], self.text(meta), self.span(meta))

    def has(self, meta: Meta, items: list[Any]) -> Any:
        return items[0]

    def at_least(self, meta: Meta, items: list[Any]) -> s.Quantifier:
        if len(items[0]) > 4 or int(items[0]) < 1:
            raise fault("CW0310", self.of(items[0]), "the number must be from 1 to 9999")
        return s.Quantifier(
            "at least", items[1], int(items[0]), None, self.text(meta), self.span(meta)
        )

    def is_(self, meta: Meta, items: list[Any]) -> s.Comparison:
        return s.Comparison("=", items[0], items[1], self.text(meta), self.span(meta))

    def is_not(self, meta: Meta, items: list[Any]) -> s.Comparison:
        return s.Comparison("!=", items[0], items[1], self.text(meta), self.span(meta))

    def compare(self, meta: Meta, items: list[Any]) -> s.Comparison:
        return s.Comparison(str(items[1]), items[0], items[2], self.text(meta), self.span(meta))

    def _member(self, meta: Meta, items: list[Any], negated: bool, many: bool) -> s.Membership:
        return s.Membership(items[0], items[-1], negated, many, self.text(meta), self.span(meta))

    def in_(self, meta: Meta, items: list[Any]) -> s.Membership:
        return self._member(meta, items, False, False)

    def not_in(self, meta: Meta, items: list[Any]) -> s.Membership:
        return self._member(meta, items, True, False)

    def contains_any(self, meta: Meta, items: list[Any]) -> s.Membership:
        return self._member(meta, [items[0], items[-1]], False, True)

    def contains_none(self, meta: Meta, items: list[Any]) -> s.Membership:
        return self._member(meta, [items[0], items[-1]], True, True)

    def one_of(self, meta: Meta, items: list[Any]) -> s.Choice:
        values = tuple(item for item in items[1:] if not isinstance(item, Token))
        return s.Choice(items[0], values, False, self.text(meta), self.span(meta))

    def not_one_of(self, meta: Meta, items: list[Any]) -> s.Choice:
        values = tuple(item for item in items[1:] if not isinstance(item, Token))
        return s.Choice(items[0], values, True, self.text(meta), self.span(meta))

    def between(self, meta: Meta, items: list[Any]) -> s.Range:
        return s.Range(items[0], items[1], items[2], self.text(meta), self.span(meta))

    def is_known(self, meta: Meta, items: list[Any]) -> s.Knowledge:
        return s.Knowledge(items[0], True, self.text(meta), self.span(meta))

    def is_unknown(self, meta: Meta, items: list[Any]) -> s.Knowledge:
        return s.Knowledge(items[0], False, self.text(meta), self.span(meta))

    def contains(self, meta: Meta, items: list[Any]) -> s.Containment:
        return s.Containment(items[0], items[1], self.text(meta), self.span(meta))

    def within(self, meta: Meta, items: list[Any]) -> s.Nearness:
        side = {"of": "either"}.get(str(items[2]), str(items[2]))
        return s.Nearness(items[0], items[1], side, items[3], self.text(meta), self.span(meta))

    def key(self, meta: Meta, items: list[Any]) -> tuple[s.Name, Any]:
        return self.name(items[0]), items[1]

    def matches(self, meta: Meta, items: list[Any]) -> s.RowMatch:
        return s.RowMatch(items[0], tuple(items[1:]), self.text(meta), self.span(meta))

    def near(self, meta: Meta, items: list[Any]) -> s.Name:
        return self.name(items[0])

    def in_section(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("in section", tuple(self.quoted(item) for item in items), self.span(meta))

    def mentions(self, meta: Meta, items: list[Any]) -> s.NoteMention:
        sections = pick(items, Marked)
        return s.NoteMention(
            self.quoted(items[0]),
            sections.value if sections else (),
            pick(items, s.Name),
            self.text(meta),
            self.span(meta),
        )

    def truth(self, meta: Meta, items: list[Any]) -> s.Truth:
        return s.Truth(items[0], self.text(meta), self.span(meta))
