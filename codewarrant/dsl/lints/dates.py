"""Lints on dates. No lint asks what day it is: the dates in the pack are compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Related
from codewarrant.dsl.lints.finding import Finding, Subject, last_day
from codewarrant.engine.relation import MemoryRelation, Row


def open_ended_date(subject: Subject) -> Iterator[Finding]:
    """A pack without an end: nothing makes anybody look at it again."""
    block = subject.pack.block
    if block.effective is not None and block.effective.end is None:
        yield Finding(
            block,
            block.effective.span,
            f"the pack `{block.name.text}` has no end",
            "say through which day it was reviewed: effective from … through …",
        )


def gap_between_versions(subject: Subject) -> Iterator[Finding]:
    """Days of the pack on which a dated value or set has no version although one follows."""
    pack = subject.pack.block.effective
    for block in (*subject.blocks(s.ParameterBlock), *subject.blocks(s.ValueSetBlock)):
        versions = block.values if isinstance(block, s.ParameterBlock) else block.versions
        for before, after in pairwise(versions):
            end, start = before.end, after.start
            if end is None or start is None or end >= start or pack is None:
                continue
            if start <= pack.start or (pack.end is not None and end >= pack.end):
                continue
            yield Finding(
                block,
                after.span,
                f"`{block.name.text}` has nothing from {end} through {last_day(start)}",
                "leave out the end of the earlier one: it then holds until the next begins",
                (Related(before.span, "the earlier one ends here"),),
            )


def overlapping_dates(subject: Subject) -> Iterator[Finding]:
    """Two rows of a table that say the same for the same days."""
    for block in subject.blocks(s.TableBlock):
        table = subject.pack.names.tables.get(block.name.text)
        if table is None or block.dates is None or block.file is None:
            continue
        assert isinstance(table.relation, MemoryRelation)
        if table.relation.dates is None:
            continue
        start, end = table.relation.dates
        skip = {start, end, *(name.text for name in block.dates)}
        same: dict[tuple, list[Row]] = {}
        for row in table.relation.rows:
            key = tuple((name, row.columns.get(name)) for name in sorted(table.columns))
            same.setdefault(tuple(item for item in key if item[0] not in skip), []).append(row)
        for rows in same.values():
            ordered = sorted(rows, key=lambda row: (_day(row, start) or date.min, row.id))
            for one, other in pairwise(ordered):
                ends = _day(one, end)
                if ends is None or (_day(other, start) or date.min) < ends:
                    yield Finding(
                        block,
                        block.file.span,
                        f"lines {one.id.strip()} and {other.id.strip()} of `{block.file.text}` "
                        "say the same for the same days",
                        "remove one of them, or end the earlier before the later begins",
                    )
                    break


def _day(row: Row, column: str) -> date | None:
    value = row.columns.get(column)
    return value if isinstance(value, date) else None
