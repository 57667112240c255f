"""The parse tree with all its words, and on which line each kind of part stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark

from codewarrant.dsl.blocks import BLOCKS
from codewarrant.dsl.lalr import Machine, Meta, Token

HEADER = frozenset(("on", "exception_to", "rule_name"))
"""Parts of a block, exception or example that stay on its first line."""

NESTED = frozenset(("exception", "example"))
"""Clauses that have clauses of their own, two columns further in."""

CONDITIONS = frozenset(("when", "applies", "derived_when"))
LISTED = frozenset(("then", "instead", "given"))
"""Clauses whose items stand below each other, after the first word."""

LINES = frozenset(
    (
        "extends", "effective", "owner", "label", "url", "sha256", "cites", "dated_set",
        "dated_value", "by_columns", "severity", "mandatory", "for_each", "if_unknown", "fires",
        "does_not_fire", "approved", "derived_term", "because", "suspend", "narrow",
        "swap_actions", "set_to", "phrase", "dictionary", "lint_setting",
    )
)  # fmt: skip
"""Clauses on a line of their own."""

INLINE = frozenset(
    (
        "until", "through", "by", "quoting", "code_set", "except_codes", "one_code", "code_range",
        "code_star", "descendants", "named_set", "column", "fact_binder", "row_binder", "in_set",
        "to_review", "not_apply", "all_of", "any_of", "negation", "some", "none", "every",
        "at_least", "has", "scope", "row_scope", "where", "is_", "is_not", "compare", "in_",
        "not_in", "one_of", "not_one_of", "between", "is_known", "is_unknown", "contains",
        "contains_any", "contains_none", "within", "matches", "key", "mentions", "near", "truth",
        "arith", "clock", "aggregate", "count", "group", "group_where", "ref", "number", "date_",
        "text_", "duration", "money", "code", "code_of", "boolean", "assign", "remove", "omit",
        "replace", "sequence", "add_modifier", "deny", "limit_units", "require", "for_var",
        "query_provider", "route", "role", "fact", "field", "word", "unknown", "list_of", "note",
        "near_facts", "clock_is", "supplied", "installed", "given_row", "reports",
        "reports_in_order", "reports_nothing", "code_is", "code_is_not", "stands_before",
        "rule_outcome", "undetermined", "excused", "suspended", "review", "no_review", "conflict",
        "no_conflict", "asks", "no_query", "denied", "not_denied", "has_modifier", "limited",
        "requires", "points_to", "capitals", "notes_with", "in_section",
    )
)  # fmt: skip
"""Parts of a clause."""

LAID_OUT = HEADER | NESTED | CONDITIONS | LISTED | LINES | INLINE | frozenset(BLOCKS.values())
"""Every rule of the grammar whose layout was thought of; a test compares it with the grammar."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the parse tree: children are parts, or places in the list of words."""

    name: str
    children: tuple[Node | int, ...]
    start: int
    stop: int


@cache
def machine() -> Machine:
    """The parser of the language that keeps every word."""
    grammar = resources.files("codewarrant.dsl").joinpath("grammar.lark").read_text("utf-8")
    lark = Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=sorted(BLOCKS.values()),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    names = {str(rule.origin.name) for rule in lark.rules}
    return Machine(lark, type("Parts", (), {name: _part_named(name) for name in names}))


def _part_named(name: str) -> Callable[[None, Meta, list[Any]], tuple[str, list[Any]]]:
    return lambda builder, meta, items: (name, items)


def parts_of(kind: str, text: str) -> tuple[Node, list[Token]]:
    """The tree of a block and its words. Raises ``Stuck`` if the text is none of this kind."""
    words: list[Token] = []
    return _numbered(machine().parse(text, kind, None), words), words


def _numbered(part: tuple[str, list[Any]], words: list[Token]) -> Node:
    start = len(words)
    children: list[Node | int] = []
    name, items = part
    for item in items:
        if type(item) is tuple:
            children.append(_numbered(item, words))
        else:
            children.append(len(words))
            words.append(item)
    return Node(name, tuple(children), start, len(words))
