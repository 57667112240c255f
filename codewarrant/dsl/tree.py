"""Builds the syntax tree: actions, exceptions, examples and tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import fault
from codewarrant.dsl.lalr import Meta, Token
from codewarrant.dsl.tree_terms import Marked, TermBuilder, all_in, pick, singular


class Builder(TermBuilder):
    """Builds what rules do and what examples say. Raises ``Fault``."""

    # -- actions -----------------------------------------------------------------

    def because(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("because", self.quoted(items[0]))

    def role(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("role", str(items[0]))

    def for_var(self, meta: Meta, items: list[Any]) -> s.Name:
        return self.name(items[-1])

    def _action(self, kind: str, meta: Meta, items: list[Any]) -> s.ActionNode:
        var, word, to, because = None, "", None, None
        codes: list[s.Ref | s.CodeValue] = []
        for item in items:
            if isinstance(item, Marked):
                if item.kind == "because":
                    because = item.value
                else:
                    word = item.value
            elif isinstance(item, Token):
                if item.type == "NAME":
                    var = self.name(item)
                elif item.type == "STRING":
                    word = self.quoted(item).text
                elif item.type in ("INT", "CODE"):
                    word = str(item)
            elif isinstance(item, s.Name):
                var = item
            elif kind == "limit units":
                to = item
            else:
                codes.append(item)
        return s.ActionNode(kind, var, tuple(codes), word, to, because, self.span(meta))

    def assign(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("assign", meta, items)

    def remove(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("remove", meta, items)

    def omit(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("omit", meta, items)

    def replace(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("replace", meta, items)

    def sequence(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("sequence", meta, items)

    def add_modifier(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("add modifier", meta, items)

    def deny(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("deny", meta, items)

    def limit_units(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("limit units", meta, items)

    def require(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("require", meta, items)

    def query_provider(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        text = self.quoted(items[-1])
        return s.ActionNode("query", None, (), "", None, text, self.span(meta))

    def route(self, meta: Meta, items: list[Any]) -> s.ActionNode:
        return self._action("route", meta, items)

    def when(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("when", items[-1])

    def exception_to(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("to", self.name(items[0]))

    def instead(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("instead", tuple(items))

    def exception(self, meta: Meta, items: list[Any]) -> s.ExceptionNode:
        marks = {item.kind: item.value for item in items if isinstance(item, Marked)}
        return s.ExceptionNode(
            self.name(items[0]),
            marks.get("to"),
            pick(items, s.Effective),
            marks["when"],
            marks["because"],
            all_in(items, s.Cite),
            marks.get("instead", ()),
            self.span(meta),
        )

    # -- examples and tests ------------------------------------------------------

    def on(self, meta: Meta, items: list[Any]) -> date:
        return self.day(items[0])

    def word(self, meta: Meta, items: list[Any]) -> s.Word:
        return s.Word(str(items[0]), self.span(meta))

    def unknown(self, meta: Meta, items: list[Any]) -> s.Word:
        return s.Word("unknown", self.span(meta))

    def list_of(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("list", tuple(items))

    def field(self, meta: Meta, items: list[Any]) -> tuple[s.Name, tuple[Any, ...], bool]:
        value = items[1]
        if isinstance(value, Marked):
            return self.name(items[0]), value.value, True
        return self.name(items[0]), (value,), False

    def fact(self, meta: Meta, items: list[Any]) -> s.FactNode:
        var = None
        if len(items) > 1 and isinstance(items[1], Token):
            var = self.name(items[1])
        fields = tuple(item for item in items if isinstance(item, tuple))
        return s.FactNode(singular(str(items[0])), var, fields, self.span(meta))

    def given_row(self, meta: Meta, items: list[Any]) -> s.RowNode:
        fields = tuple(item for item in items if isinstance(item, tuple))
        return s.RowNode(self.name(items[0]), fields, self.span(meta))

    def near_facts(self, meta: Meta, items: list[Any]) -> tuple[s.Name, ...]:
        return tuple(self.name(item) for item in items)

    def note(self, meta: Meta, items: list[Any]) -> s.NoteNode:
        sections = pick(items, Marked)
        if sections is not None and len(sections.value) > 1:
            raise fault(
                "CW0110",
                sections.value[1].span,
                "a passage stands in one section",
                "write two notes",
            )
        return s.NoteNode(
            self.quoted(items[0]).text,
            sections.value[0] if sections else None,
            pick(items, tuple) or (),
            self.span(meta),
        )

    def clock_is(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("clock", (str(items[0]), self.day(items[1])))

    def supplied(self, meta: Meta, items: list[Any]) -> Marked:
        return Marked("supplied", singular(str(items[-1])))

    def given(self, meta: Meta, items: list[Any]) -> s.Given:
        marks = [item for item in items if isinstance(item, Marked)]
        return s.Given(
            all_in(items, s.FactNode),
            all_in(items, s.RowNode),
            all_in(items, s.NoteNode),
            tuple(item.value for item in marks if item.kind == "clock"),
            tuple(item.value for item in marks if item.kind == "supplied"),
        )

    def rule_name(self, meta: Meta, items: list[Any]) -> str:
        return "/".join(map(str, items))

    def rule_outcome(self, meta: Meta, items: list[Any]) -> s.Outcome:
        name, verdict = items
        return s.Outcome(
            f"rule {verdict.kind}", (name, *verdict.words), self.text(meta), self.span(meta)
        )

    def example(self, meta: Meta, items: list[Any]) -> s.Example:
        return self._example("", meta, items)

    def _example(self, rule: str, meta: Meta, items: list[Any]) -> s.Example:
        on = pick(items, date)
        given = pick(items, s.Given)
        assert given is not None
        return s.Example(
            rule,
            self.quoted(items[0]).text,
            on,
            given,
            all_in(items, s.Outcome),
            self.span(meta),
        )

    def test(self, meta: Meta, items: list[Any]) -> s.TestBlock:
        return s.TestBlock(self._example("", meta, items), self.span(meta))


def _outcome(kind: str) -> Callable[[Builder, Meta, list[Any]], s.Outcome]:
    def build(self: Builder, meta: Meta, items: list[Any]) -> s.Outcome:
        words = tuple(
            self.quoted(item).text if item.type == "STRING" else str(item) for item in items
        )
        return s.Outcome(kind, words, self.text(meta), self.span(meta))

    return build


OUTCOMES = (
    "reports", "reports_in_order", "reports_nothing", "code_is", "code_is_not", "stands_before",
    "undetermined", "excused", "suspended", "fires", "does_not_fire", "review", "no_review",
    "conflict", "no_conflict", "asks", "no_query", "denied", "not_denied", "has_modifier",
    "limited", "requires", "points_to",
)  # fmt: skip
for _kind in OUTCOMES:
    setattr(Builder, _kind, _outcome(_kind))
