"""Tables of an installation, such as the national edits: a pack names them, a site imports them.

What their columns are is known wherever a pack is checked; their rows only where they have been
imported. Examples give the rows they need, so that a pack's tests say the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from codewarrant.codesets.releases.tables import TABLES, Column, TableKind
from codewarrant.codesets.shape import ICD10CM
from codewarrant.dsl import syntax as s
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import did_you_mean, fault
from codewarrant.dsl.scope import TableInfo
from codewarrant.dsl.types import DATE, TEXT, Type
from codewarrant.engine.canonical import digest
from codewarrant.engine.relation import ON, MemoryRelation, Row, RowsOnDay
from codewarrant.engine.values import Interval, Value

EFFECTIVE_FROM, EFFECTIVE_TO = "effective_from", "effective_to"
EDITION = "edition"
"""Columns that every installed table has besides its own: its row's first and last day, and the
edition that it stands in."""
COMMON: Mapping[str, Type] = {EDITION: TEXT, EFFECTIVE_FROM: DATE, EFFECTIVE_TO: DATE, ON: DATE}

EXCLUSIONS = TableKind(
    "icd10cm-excludes1",
    "ICD-10-CM Excludes1 notes, read from the code set: pairs of codes that exclude each other",
    (
        Column("code", "code", (ICD10CM,)),
        Column("other", "code", (ICD10CM,)),
        Column("hard", "boolean"),
        Column("source"),
    ),
    ("code", "other"),
    history=False,
)
"""Not imported: every installation has it with its code set. ``hard`` says that the notes leave no
doubt, ``source`` where the note stands, at ``code`` or above it."""

JOINABLE: Mapping[str, TableKind] = {
    kind.name: kind
    for kind in sorted((*TABLES.values(), EXCLUSIONS), key=lambda kind: kind.name)
    if all(column.kind != "bytes" for column in kind.columns)
}
"""The tables that rules can join, by name: all but those that hold whole documents."""

SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "hcpcs": ("cpt", "hcpcs"),
    "icd10cm": ("icd10cm",),
    "icd9cm": ("icd9cm",),
    "icd10pcs": ("icd10pcs",),
}
"""Systems of the language by those of the tables: CPT and HCPCS codes stand in one column. Codes of
other systems (modifiers, places of service) are texts, as they are on a line."""


def installed_table(pack: str, block: s.TableBlock, codes: CodeView) -> TableInfo:
    """The columns of an installed table, and its rows where the installation has them.

    Raises ``Fault`` for a name that no installed table has, and for columns or dates of its own.
    """
    assert block.release is not None
    kind = JOINABLE.get(block.release.text)
    if kind is None:
        raise fault(
            "CW0510",
            block.release.span,
            f"no installation has a table `{block.release.text}`",
            did_you_mean(block.release.text, JOINABLE) or f"there are: {', '.join(JOINABLE)}",
        )
    if block.sha256 is not None or block.dates is not None:
        raise fault(
            "CW0511",
            block.name.span,
            f"an installed table brings its own dates: the pack cannot set those of "
            f"`{block.release.text}`",
            "leave out `sha256` and `effective by columns`",
        )
    types = column_types(kind)
    places = {
        column: tuple(Interval(system, "", "~") for system in found.systems)
        for column, found in types.items()
        if found.kind == "code"
    }
    return TableInfo(
        f"{pack}/{block.name.text}", codes.table(kind.name), types, places, release=kind.name
    )


def column_types(kind: TableKind) -> dict[str, Type]:
    """The types of a table's columns in the language, the common ones last."""
    return {column.name: _type(column) for column in kind.columns} | dict(COMMON)


def _type(column: Column) -> Type:
    if column.kind != "code":
        return Type(column.kind)
    systems = tuple(one for system in column.systems for one in SYSTEMS.get(system, ()))
    return Type("code", systems) if systems else TEXT


def given_rows(table: TableInfo, rows: Sequence[Mapping[str, Value]]) -> RowsOnDay:
    """The table as an example gives it: these rows and no others, in force unless they say when."""
    made = []
    for number, values in enumerate(rows, start=1):
        columns = {EDITION: "example", **values}
        last = columns.get(EFFECTIVE_TO)
        if isinstance(last, date) and last < date.max:
            columns[_UNTIL] = date.fromordinal(last.toordinal() + 1)
        made.append(Row(str(number), columns))
    kinds = {name: found.kind for name, found in table.columns.items() if name != ON}
    content = [{name: row.columns[name] for name in sorted(row.columns)} for row in made]
    return RowsOnDay(
        MemoryRelation(table.name, digest(content), kinds, made, (EFFECTIVE_FROM, _UNTIL))
    )


_UNTIL = "effective_to + 1 day"
