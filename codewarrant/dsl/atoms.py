"""The atoms of a rule as its author wrote them: which there are, and which way round they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from codewarrant.engine import conditions as c
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.program import Rule

_NEGATIVE = re.compile(
    r"\bnot in\b|\bis not one of\b|\bis unknown\b|\bcontains none of\b"
    r"|(\bis|(?<!!)=) false\b|(\bis not|!=) true\b"
)
"""Forms that are lowered to the negation of their atom, which keeps their text."""

_LOOKS_THROUGH = re.compile(r"(some|no|every|at least|count|sum|earliest|latest)\b")
"""What the text of an atom begins with that looks through facts: its tests have no truth here."""


def atoms_of(item: Any, inside: bool = False) -> Iterator[tuple[int, bool]]:
    """The atoms of a condition or term, and whether each stands inside a quantifier."""
    match item:
        case c.AllOf(items) | c.AnyOf(items):
            for part in items:
                yield from atoms_of(part, inside)
        case c.Not(part):
            yield from atoms_of(part, inside)
        case c.Quantified() if alone(item):
            yield from atoms_of(item.where, inside)
        case c.Quantified():
            yield item.atom, inside
            yield from _looked_through(item)
            yield from atoms_of(item.has, True)
        case c.Aggregate():
            yield from _looked_through(item)
            yield from atoms_of(item.term, True)
        case c.Arith():
            yield from atoms_of(item.left, inside)
            yield from atoms_of(item.right, inside)
        case c.Compare():
            yield item.atom, inside
            yield from atoms_of(item.left, inside)
            yield from atoms_of(item.right, inside)
        case c.InSet() | c.OneOf() | c.Known() | c.Holds() | c.Contains():
            yield item.atom, inside
            yield from atoms_of(item.term, inside)
        case c.Between() | c.Within() | c.Matches() | c.Mentions():
            yield item.atom, inside


def _looked_through(item: c.Quantified | c.Aggregate) -> Iterator[tuple[int, bool]]:
    """The atoms inside, but for the one that says through which codes it looks."""
    for part in conjuncts(item.where):
        match part:
            case c.InSet(_, c.Field(var, "code")) if var == item.over.var:
                continue
        yield from atoms_of(part, True)


def alone(item: c.Quantified) -> bool:
    """Whether this only says that there is an encounter, a claim …, of which the rest speaks."""
    return item.kind == "some" and item.over.var == item.over.entity


def turned(rule: Rule) -> frozenset[int]:
    """Atoms whose text says the opposite of what they test: ``x is unknown`` tests ``is known``."""
    found: set[int] = set()
    for part in (rule.when, *(one.when for one in rule.exceptions)):
        found.update(_turned(part, rule))
    return frozenset(found)


def negative(text: str) -> bool:
    """Whether an atom with this text is one of those that :func:`turned` gives, by the text alone:
    for a recorded firing, where the rule itself may no longer be at hand."""
    if _LOOKS_THROUGH.match(text):
        return False
    return bool(_NEGATIVE.search(re.sub(r'"[^"]*"|\([^()]*\)', "", text)))


def unwanted(rule: Rule) -> frozenset[int]:
    """Atoms under an odd number of ``not``: the rule's condition is met where they are false."""
    return frozenset(_unwanted(rule.when, False))


def _unwanted(item: Any, against: bool) -> Iterator[int]:
    match item:
        case c.AllOf(items) | c.AnyOf(items):
            for part in items:
                yield from _unwanted(part, against)
        case c.Not(part):
            yield from _unwanted(part, not against)
        case c.Quantified() if alone(item):
            yield from _unwanted(item.where, against)
        case _ if against:
            yield item.atom


def _turned(item: Any, rule: Rule) -> Iterator[int]:
    match item:
        case c.AllOf(items) | c.AnyOf(items):
            for part in items:
                yield from _turned(part, rule)
        case c.Not(c.InSet() | c.OneOf() | c.Known() | c.Holds() | c.Contains() as part):
            if _NEGATIVE.search(rule.atoms[part.atom]):
                yield part.atom
        case c.Not(part):
            yield from _turned(part, rule)
        case c.Quantified():
            yield from _turned(item.where, rule)
            yield from _turned(item.has, rule)
            yield from _turned(item.over, rule)
        case c.Compare():
            yield from _turned(item.left, rule)
            yield from _turned(item.right, rule)
        case c.Arith():
            yield from _turned(item.left, rule)
            yield from _turned(item.right, rule)
        case c.Aggregate():
            yield from _turned(item.where, rule)
