"""How rows lie in the store: SQL tables, and cells to and from what SQLite keeps.

Days are whole numbers ``YYYYMMDD``; an open start is 0, an open end ``99991231``. A missing text in
a key is "". Texts that repeat are numbers of the table ``labels``, except in keys, whose order
must be that of the texts. Rows lie in the order of release, key, first day, last day.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from typing import Any

from codewarrant.codesets.releases.draft import Cell
from codewarrant.codesets.releases.tables import TABLES, Column, TableKind

OPEN_START = 0
OPEN_END = 99991231
FORMAT = 1
"""``user_version`` of the file; raised whenever the tables change."""

FRAME = """
CREATE TABLE releases (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, edition TEXT NOT NULL, as_of INTEGER NOT NULL,
  covers_from INTEGER NOT NULL, covers_to INTEGER NOT NULL, row_count INTEGER NOT NULL,
  digest TEXT NOT NULL, UNIQUE (kind, edition)
);
CREATE TABLE origins (
  release INTEGER NOT NULL REFERENCES releases(id), position INTEGER NOT NULL,
  name TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (release, position)
) WITHOUT ROWID;
CREATE TABLE labels (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
"""

_STORED = {
    "text": "TEXT",
    "code": "TEXT",
    "decimal": "TEXT",
    "integer": "INTEGER",
    "boolean": "INTEGER",
    "date": "INTEGER",
    "bytes": "BLOB",
}
_CODE = re.compile(r"[0-9A-Z]+(?:\.[0-9A-Z]+)?")


class _Memo(dict[Any, Any]):
    """Values worked out once each: few different cells stand in many rows."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, cell: Any) -> Any:
        value = self[cell] = self._work(cell)
        return value


def day_number(day: date | None, when_open: int) -> int:
    """``YYYYMMDD`` as a number."""
    return when_open if day is None else day.year * 10000 + day.month * 100 + day.day


def day_of(number: int) -> date | None:
    """The day of a number; None for an open one."""
    if number in (OPEN_START, OPEN_END):
        return None
    return date(number // 10000, number // 100 % 100, number % 100)


@dataclass(frozen=True)
class Layout:
    """The SQL table of a kind."""

    kind: TableKind

    @property
    def table(self) -> str:
        """Name of the SQL table."""
        return "rows_" + self.kind.name.replace("-", "_")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the SQL table, without release and days: key, then rest."""
        key = tuple(self.kind.column(name) for name in self.kind.key)
        return key + tuple(item for item in self.kind.columns if item.name not in self.kind.key)

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the SQL table after ``release``, in order."""
        width = len(self.kind.key)
        own = [column.name for column in self.columns]
        return (*own[:width], "effective_from", "effective_to", *own[width:])

    def labelled(self, column: Column) -> bool:
        """Whether the column holds numbers of labels."""
        return column.repeated and column.kind == "text" and column.name not in self.kind.key

    def create(self) -> str:
        """The statement that makes the table."""
        key = ", ".join(quoted(name) for name in self.kind.key)
        own = {
            column.name: "INTEGER" if self.labelled(column) else _STORED[column.kind]
            for column in self.columns
        }
        cells = ", ".join(f"{quoted(name)} {own.get(name, 'INTEGER')}" for name in self.names)
        return (
            f"CREATE TABLE IF NOT EXISTS {self.table} (release INTEGER, {cells}, "
            f"PRIMARY KEY (release, {key}, effective_from, effective_to)) WITHOUT ROWID"
        )

    def encoder(self, label: Callable[[str], int]) -> Callable[[tuple[Cell, ...]], list[Any]]:
        """A function from the cells of a ``Line`` to the values of a row, without the release.

        It raises ``ValueError`` with a sentence where a cell does not fit its column.
        """
        place = {name: at for at, name in enumerate(self.kind.names)}
        place |= {"effective_from": len(place), "effective_to": len(place) + 1}
        by_name = {column.name: self._to_sql(column, label) for column in self.columns}
        by_name["effective_from"] = _Memo(lambda cell: _day(cell, OPEN_START))
        by_name["effective_to"] = _Memo(lambda cell: _day(cell, OPEN_END))
        plan = [(by_name[name], place[name]) for name in self.names]
        width = len(place)

        def encode(cells: tuple[Cell, ...]) -> list[Any]:
            if len(cells) != width:
                raise ValueError(f"{len(cells)} cells instead of {width}")
            return [values[cells[at]] for values, at in plan]

        return encode

    def decoder(self, labels: Mapping[int, str]) -> Callable[[tuple[Any, ...]], list[Cell]]:
        """A function from the values of a row (:attr:`names`) to cells in that order."""
        by_name = {column.name: self._from_sql(column, labels) for column in self.columns}
        by_name["effective_from"] = by_name["effective_to"] = _Memo(day_of)
        plan = [by_name[name] for name in self.names]

        def decode(values: tuple[Any, ...]) -> list[Cell]:
            return [work[value] for work, value in zip(plan, values, strict=True)]

        return decode

    def liner(self, labels: Mapping[int, str]) -> Callable[[tuple[Any, ...]], str]:
        """A function from the values of a row (:attr:`names`) to its canonical line, unended."""
        by_name = {column.name: self._to_text(column, labels) for column in self.columns}
        by_name["effective_from"] = by_name["effective_to"] = _Memo(_iso)
        plan = [by_name[name] for name in self.names]

        def line(values: tuple[Any, ...]) -> str:
            return "\t".join([work[value] for work, value in zip(plan, values, strict=True)])

        return line

    def reader(self) -> Callable[[str], list[Cell]]:
        """A function from a canonical line to cells in the order of :attr:`names`.

        It raises ``ValueError`` for a line that is none.
        """
        kinds = {column.name: column.kind for column in self.columns}
        plan = [_READ[kinds.get(name, "date")] for name in self.names]

        def read(line: str) -> list[Cell]:
            cells = line.split("\t")
            return [work(cell) if cell else None for work, cell in zip(plan, cells, strict=True)]

        return read

    def _to_sql(self, column: Column, label: Callable[[str], int]) -> Any:
        missing = "" if column.name in self.kind.key else None

        def work(cell: Any) -> Any:
            if cell is None:
                if not column.optional:
                    raise ValueError(f"`{column.name}` is empty")
                return missing
            value = _CHECKED[column.kind](column, cell)
            return label(value) if self.labelled(column) else value

        return _Memo(work) if _few(column) else _Direct(work)

    def _to_text(self, column: Column, labels: Mapping[int, str]) -> Any:
        if self.labelled(column):
            return _Memo(lambda value: "" if value is None else escaped(labels[value]))
        work = _WRITE[column.kind]
        if _few(column):
            return _Memo(lambda value: "" if value is None else work(value))
        return _Direct(lambda value: "" if value is None else work(value))

    def _from_sql(self, column: Column, labels: Mapping[int, str]) -> Any:
        if self.labelled(column):
            return _Memo(lambda value: None if value is None else labels[value])
        if column.kind == "boolean":
            return _Memo(lambda value: None if value is None else bool(value))
        if column.kind == "date":
            return _Memo(lambda value: None if value is None else day_of(value))
        if column.kind == "decimal":
            return _Memo(lambda value: None if value is None else Decimal(value))
        return _Direct(lambda value: None if value == "" else value)


class _Direct:
    """As ``_Memo``, for cells that differ from row to row."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work

    def __getitem__(self, cell: Any) -> Any:
        return self._work(cell)


def _few(column: Column) -> bool:
    return column.repeated or column.kind in ("code", "integer", "boolean", "date")


def _day(cell: Any, when_open: int) -> int:
    if cell is not None and not isinstance(cell, date):
        raise ValueError(f"`{cell}` is no date")
    return day_number(cell, when_open)


def _text(column: Column, cell: Any) -> str:
    if not isinstance(cell, str) or not cell:
        raise ValueError(f"`{column.name}` holds no text")
    return cell


def _code(column: Column, cell: Any) -> str:
    if not isinstance(cell, str) or _CODE.fullmatch(cell) is None:
        raise ValueError(f"`{cell}` in `{column.name}` is no code")
    return cell


def _integer(column: Column, cell: Any) -> int:
    if not isinstance(cell, int) or isinstance(cell, bool):
        raise ValueError(f"`{cell}` in `{column.name}` is no whole number")
    return cell


def _decimal(column: Column, cell: Any) -> str:
    if not isinstance(cell, Decimal) or not cell.is_finite():
        raise ValueError(f"`{cell}` in `{column.name}` is no number")
    return f"{cell:f}"


def _boolean(column: Column, cell: Any) -> int:
    if not isinstance(cell, bool):
        raise ValueError(f"`{cell}` in `{column.name}` is neither true nor false")
    return int(cell)


def _date(column: Column, cell: Any) -> int:
    if not isinstance(cell, date):
        raise ValueError(f"`{cell}` in `{column.name}` is no date")
    return day_number(cell, OPEN_START)


def _bytes(column: Column, cell: Any) -> bytes:
    if not isinstance(cell, bytes):
        raise ValueError(f"`{column.name}` holds no bytes")
    return cell


_CHECKED: dict[str, Callable[[Column, Any], Any]] = {
    "text": _text,
    "code": _code,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "bytes": _bytes,
}


_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_PLAIN = {value: key for key, value in _ESCAPED.items()}
_ESCAPE = re.compile(r"\\.")


def escaped(text: str) -> str:
    """A text as a cell of a line."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], text)


def _unescaped(cell: str) -> str:
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[0], found[0]), cell)


def _iso(number: int) -> str:
    day = day_of(number)
    return "" if day is None else day.isoformat()


_TRUTH = {"true": True, "false": False}


def _truth(cell: str) -> bool:
    if cell not in _TRUTH:
        raise ValueError(cell)
    return _TRUTH[cell]


def _number(cell: str) -> Decimal:
    try:
        return Decimal(cell)
    except InvalidOperation:
        raise ValueError(cell) from None


_WRITE: dict[str, Callable[[Any], str]] = {
    "text": escaped,
    "code": str,
    "integer": str,
    "decimal": str,
    "boolean": lambda value: "true" if value else "false",
    "date": _iso,
    "bytes": lambda value: base64.b64encode(value).decode(),
}
_READ: dict[str, Callable[[str], Cell]] = {
    "text": _unescaped,
    "code": str,
    "integer": int,
    "decimal": _number,
    "boolean": _truth,
    "date": date.fromisoformat,
    "bytes": lambda cell: base64.b64decode(cell, validate=True),
}


def key_value(value: Any) -> Any:
    """What a value that a caller looks for is in SQL."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, date):
        return day_number(value, OPEN_START)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value


def quoted(name: str) -> str:
    """A name for SQL: some columns are named with its own words."""
    return f'"{name}"'


@cache
def layout(table: str) -> Layout:
    """The layout of a kind of table. Raises ``KeyError`` for an unknown one."""
    return Layout(TABLES[table])


def layouts() -> Iterable[Layout]:
    """All layouts."""
    return (layout(name) for name in TABLES)
