"""The canonical text of a release: what its digest is taken of and what a ledger keeps.

UTF-8. The first line is canonical JSON and says what follows; then one line a row, cells separated
by tabs: the columns of the table (key columns first), then first and last day. Rows stand in the
order of key, first day, last day. An absent cell and an open end are empty; days are ISO dates,
truth values ``true`` and ``false``, documents base64; a backslash, tab, line feed and carriage
return in a text are ``\\\\``, ``\\t``, ``\\n`` and ``\\r``.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

import orjson
import zstandard

from codewarrant.codesets.releases.draft import Cell
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.layout import layout
from codewarrant.codesets.releases.tables import TABLES

MARK = b'{"codewarrant_release":1,'
ZSTD = b"\x28\xb5\x2f\xfd"
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_PLAIN = {value: key for key, value in _ESCAPED.items()}
_ESCAPE = re.compile(r"\\.")
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says."""

    table: str
    edition: str
    as_of: date
    covers_from: date | None
    covers_to: date | None
    rows: int


def column_names(table: str) -> tuple[str, ...]:
    """The cells of a line, in order."""
    return (*(column.name for column in layout(table).columns), "effective_from", "effective_to")


def text(header: Header, rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The text in pieces. Rows have the cells of :func:`column_names`, in canonical order."""
    head = {
        "codewarrant_release": 1,
        "table": header.table,
        "edition": header.edition,
        "as_of": header.as_of,
        "covers_from": header.covers_from,
        "covers_to": header.covers_to,
        "columns": column_names(header.table),
        "rows": header.rows,
    }
    # the mark goes first, so that the text can be told by its beginning; the rest is sorted
    mark = {"codewarrant_release": head.pop("codewarrant_release")}
    yield orjson.dumps(mark)[:-1] + b"," + orjson.dumps(head, option=orjson.OPT_SORT_KEYS)[1:]
    yield b"\n"
    writers = _writers(header.table)
    lines: list[str] = []
    for cells in rows:
        lines.append("\t".join([work(cell) for work, cell in zip(writers, cells, strict=True)]))
        if len(lines) == _BATCH:
            yield ("\n".join(lines) + "\n").encode()
            lines = []
    if lines:
        yield ("\n".join(lines) + "\n").encode()


def packed(pieces: Iterable[bytes]) -> bytes:
    """The text compressed with Zstandard, with a checksum: the same bytes for the same text."""
    out = io.BytesIO()
    compressor = zstandard.ZstdCompressor(level=9, write_checksum=True)
    with compressor.stream_writer(out, closefd=False) as writer:
        for piece in pieces:
            writer.write(piece)
    return out.getvalue()


def read(file: BinaryIO, name: str = "") -> tuple[Header, Iterator[tuple[int, list[Cell]]]]:
    """The header, and the rows with their line numbers, of a text, compressed or not.

    Raises ``ReleaseError`` where it is damaged, truncated, or of another version.
    """
    plain = _plain(file, name)
    first = next(plain, b"")
    header = _header(first, name)
    return header, _rows(header, plain, name)


def _header(line: bytes, name: str) -> Header:
    try:
        found = orjson.loads(line)
        days = (found["as_of"], found["covers_from"], found["covers_to"])
        as_of, start, end = (None if day is None else date.fromisoformat(day) for day in days)
        table, columns = found["table"], tuple(found["columns"])
        if table not in TABLES or columns != column_names(table) or as_of is None:
            raise ReleaseError("is a release of a table that this version does not know", name, 1)
        return Header(table, str(found["edition"]), as_of, start, end, int(found["rows"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ReleaseError("is no exported release", name, 1) from error


def _rows(header: Header, lines: Iterator[bytes], name: str) -> Iterator[tuple[int, list[Cell]]]:
    readers = _readers(header.table)
    count = 0
    for number, line in enumerate(lines, 2):
        try:
            cells = line.decode().removesuffix("\n").split("\t")
            values = [work(cell) for work, cell in zip(readers, cells, strict=True)]
        except (ValueError, InvalidOperation) as error:
            raise ReleaseError("the line is damaged", name, number) from error
        yield number, values
        count += 1
    if count != header.rows:
        raise ReleaseError(f"is truncated: {count} of {header.rows} rows", name, count + 1)


def _plain(file: BinaryIO, name: str) -> Iterator[bytes]:
    start = file.read(len(ZSTD))
    file.seek(0)
    try:
        if start == ZSTD:
            with zstandard.ZstdDecompressor().stream_reader(file) as reader:
                yield from io.BufferedReader(reader, 1 << 20)  # type: ignore[arg-type]
        else:
            yield from file
    except (zstandard.ZstdError, OSError, EOFError) as error:
        raise ReleaseError("is damaged", name) from error


def _escape(cell: str) -> str:
    if _SPECIAL.search(cell) is None:
        return cell
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], cell)


def _unescape(cell: str) -> str:
    return _ESCAPE.sub(lambda found: _PLAIN[found[0]], cell) if "\\" in cell else cell


def _iso(cell: Any) -> str:
    return "" if cell is None else cell.isoformat()


_WRITE: dict[str, Callable[[Any], str]] = {
    "text": lambda cell: "" if cell is None else _escape(cell),
    "code": lambda cell: cell or "",
    "integer": lambda cell: "" if cell is None else str(cell),
    "decimal": lambda cell: "" if cell is None else f"{cell:f}",
    "boolean": lambda cell: "" if cell is None else ("true" if cell else "false"),
    "date": _iso,
    "bytes": lambda cell: "" if cell is None else base64.b64encode(cell).decode(),
}
_READ: dict[str, Callable[[str], Cell]] = {
    "text": _unescape,
    "code": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": lambda cell: {"true": True, "false": False}[cell],
    "date": date.fromisoformat,
    "bytes": lambda cell: base64.b64decode(cell, validate=True),
}


def _kinds(table: str) -> list[str]:
    return [column.kind for column in layout(table).columns] + ["date", "date"]


def _writers(table: str) -> list[Callable[[Any], str]]:
    return [_WRITE[kind] for kind in _kinds(table)]


def _readers(table: str) -> list[Callable[[str], Cell]]:
    return [_or_none(_READ[kind]) for kind in _kinds(table)]


def _or_none(work: Callable[[str], Cell]) -> Callable[[str], Cell]:
    return lambda cell: None if cell == "" else work(cell)
