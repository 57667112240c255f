"""Tables: CSV files beside the rules, checked by digest and read into relations."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from codewarrant.dsl import syntax as s
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import Span, did_you_mean, fault
from codewarrant.dsl.scope import TableInfo
from codewarrant.dsl.types import Type, named_type, system_of
from codewarrant.engine.canonical import digest, sha256
from codewarrant.engine.relation import MemoryRelation, Row
from codewarrant.engine.values import Code, Duration, Interval, Value, merge

DAY_AFTER = "{} + 1 day"
"""Name of the column that holds the day after a column of last days."""


def read_table(
    pack: str, block: s.TableBlock, files: Mapping[str, bytes], codes: CodeView
) -> TableInfo:
    """Read a table. Raises ``Fault`` for a missing or changed file, and for its first bad cell."""
    assert block.file is not None
    name = block.file.text
    data = table_file(block.file, block.sha256, f"table `{block.name.text}`", block.name, files)
    types = {column.text: named_type(kind) for column, kind in block.columns}
    kinds = {column: "decimal" if t.kind == "money" else t.kind for column, t in types.items()}
    if len(types) < len(block.columns):
        raise fault("CW0203", block.name.span, "two columns have one name")
    dates = _dates(block, types)
    rows = _rows(block, name, data, types)
    if dates and block.through:
        kinds[dates[1]] = "date"
        rows = [_with_day_after(row, block, dates[1]) for row in rows]
    content = {"file": sha256(data), "columns": kinds, "dates": dates}
    relation = MemoryRelation(f"{pack}/{block.name.text}", digest(content), kinds, rows, dates)
    places = {
        column: merge(tuple(_place(row.columns.get(column), codes) for row in rows))
        for column, found in types.items()
        if found.kind == "code"
    }
    places = {
        column: tuple(item for item in found if item.system) for column, found in places.items()
    }
    return TableInfo(relation.name, relation, types, places)


def table_file(
    file: s.Quoted,
    digest: s.Quoted | None,
    what: str,
    name: s.Name,
    files: Mapping[str, bytes],
) -> bytes:
    """The bytes of a pack's file that is the one meant. Raises ``Fault`` for any other."""
    data = files.get(file.text)
    if data is None:
        tables = [item for item in sorted(files) if item.endswith(".csv")]
        raise fault(
            "CW0506",
            file.span,
            f"there is no file `{file.text}` in the pack",
            did_you_mean(file.text, tables) or "give its place from the pack's folder",
        )
    actual = sha256(data)
    if digest is None:
        raise fault(
            "CW0507",
            name.span,
            f"the {what} does not say which file it means",
            f'add: sha256 "{actual}"',
        )
    if digest.text != actual:
        raise fault(
            "CW0507",
            digest.span,
            f"the file `{file.text}` is not the one that was checked",
            f'if the change is meant: sha256 "{actual}"',
        )
    return data


def _dates(block: s.TableBlock, types: Mapping[str, Type]) -> tuple[str, str] | None:
    if block.dates is None:
        return None
    for column in block.dates:
        found = types.get(column.text)
        if found is None or found.kind != "date":
            raise fault(
                "CW0208",
                column.span,
                f"`{column.text}` is not a date column of the table",
                did_you_mean(column.text, dict(types)),
            )
    start, end = (column.text for column in block.dates)
    return (start, DAY_AFTER.format(end)) if block.through else (start, end)


def _with_day_after(row: Row, block: s.TableBlock, column: str) -> Row:
    assert block.dates is not None
    last = row.columns.get(block.dates[1].text)
    if not isinstance(last, date) or last == date.max:
        return row
    return Row(row.id, {**row.columns, column: last + timedelta(days=1)})


def _rows(block: s.TableBlock, name: str, data: bytes, types: Mapping[str, Type]) -> list[Row]:
    assert block.file is not None
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise fault(
            "CW0508", block.file.span, f"`{name}` is not a CSV file in UTF-8", "save it as such"
        ) from None
    header = lines[0] if lines else []
    missing = [column for column in types if column not in header]
    if missing:
        raise fault(
            "CW0508",
            block.file.span,
            f"`{name}` has no column `{missing[0]}`",
            separated(header)
            or (f"its first line names: {', '.join(header[:12])}" if header else "it is empty"),
        )
    at = {column: header.index(column) for column in types}
    width = len(str(len(lines)))
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise fault(
                "CW0508",
                Span(name, number, 1, number, 2),
                f"{len(cells)} cells stand in a line of `{name}`, {len(header)} in its first",
            )
        values = {}
        for column, found in types.items():
            cell = cells[at[column]].strip()
            if cell:
                values[column] = _cell(cell, found, name, number, column)
        rows.append(Row(str(number).rjust(width, "0"), values))
    return rows


def separated(header: list[str]) -> str:
    """A help for a file whose columns are not separated by commas; else an empty text."""
    for sign, name in ((";", "semicolons"), ("\t", "tabulators"), ("|", "bars")):
        if len(header) == 1 and sign in header[0]:
            return f"its columns are separated by {name}: save it with commas"
    return ""


UNITS_OF_TIME = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "year": (12, 0)}
"""Months and days of each unit of a duration."""

WRITTEN = {"date": "dates are written 2026-01-31", "duration": "durations are written 90 days"}
"""How cells of a kind are written."""


def _cell(text: str, found: Type, name: str, number: int, column: str) -> Value:
    try:
        match found.kind:
            case "integer":
                return int(text)
            case "decimal" | "money":
                value = Decimal(text.lstrip("$").replace(",", ""))
                if not value.is_finite():
                    raise ValueError
                return value
            case "date":
                return date.fromisoformat(text)
            case "duration":
                count, unit = text.split()
                months, days = UNITS_OF_TIME[unit.removesuffix("s")]
                return Duration(months * int(count), days * int(count))
            case "boolean":
                return {"true": True, "false": False, "yes": True, "no": False}[text.lower()]
            case "code":
                system = system_of(text, found.systems)
                if not system:
                    raise ValueError
                return Code(system, text)
            case "text":
                return text
    except (ValueError, KeyError, InvalidOperation):
        pass
    raise fault(
        "CW0508",
        Span(name, number, 1, number, 2),
        f"column `{column}` holds no {found.spoken} in line {number} of `{name}`",
        WRITTEN.get(found.kind, ""),
    )


def _place(value: Value | None, codes: CodeView) -> Interval:
    if not isinstance(value, Code):
        return Interval("", "", "")
    return codes.order(value.system).exactly(value.value)
