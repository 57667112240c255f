"""Which installed tables rules lacked: what an installation has to import before they can judge.

A rule over pairs of lines is undetermined once for each pair; a person is told once for each table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from codewarrant.engine.conditions import Binder
from codewarrant.engine.program import Program, Rule
from codewarrant.engine.trace import NearMiss
from codewarrant.schema import CODES

NAMED = "table "
"""How a near miss names a table that was not there to be asked."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The tables that a rule joins, and its variables over their rows."""

    tables: tuple[str, ...]
    variables: frozenset[str]


def joined(program: Program) -> Mapping[str, Joined]:
    """By rule what it joins; rules that join nothing are left out."""
    found = {rule.id: _of_rule(rule) for rule in program.rules}
    return {name: one for name, one in found.items() if one.tables}


def _of_rule(rule: Rule) -> Joined:
    tables: set[str] = set()
    variables: set[str] = set()
    for node in _nodes(rule):
        if isinstance(node, Binder) and node.relation:
            variables.add(node.var)
        name = getattr(node, "relation", "")
        if name and name != CODES:
            tables.add(name)
    return Joined(tuple(sorted(tables)), frozenset(variables))


def _nodes(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        for item in node:
            yield from _nodes(item)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from _nodes(getattr(node, field.name))


def undetermined(
    near_misses: Iterable[NearMiss], joins: Mapping[str, Joined], present: Collection[str]
) -> list[str]:
    """What rules that send the chart to review could not judge: rules that lacked a table are named
    together by the tables, in the order in which they first occur.

    ``present`` are the tables of the snapshot. Where all that a rule joins are there, no edition
    covers the day.
    """
    said: dict[str, None] = {}
    wanting: dict[tuple[str, ...], dict[str, None]] = {}
    for item in near_misses:
        if item.kind != "undetermined" or not item.review:
            continue
        one = joins.get(item.rule)
        if one is not None and _for_want_of_table(item, one):
            tables = tuple(name for name in one.tables if name not in present) or one.tables
            wanting.setdefault(tables, {})[item.rule] = None
        else:
            missing = ", ".join(item.missing) or "a date"
            said[f"Undetermined: {item.rule}, for want of {missing}."] = None
    for tables, rules in wanting.items():
        named = ", ".join(f"table {name}" for name in tables)
        said[f"Undetermined: {', '.join(rules)}, for want of {named}."] = None
    return list(said)


def _for_want_of_table(item: NearMiss, one: Joined) -> bool:
    """Whether nothing but rows was missing."""
    return bool(item.missing) and all(
        name.startswith(NAMED) or name.partition(".")[0] in one.variables for name in item.missing
    )
