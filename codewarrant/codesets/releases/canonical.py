"""The canonical text of a release: what its digest is taken of and what a ledger keeps.

UTF-8. The first line is canonical JSON and says what follows; then one line a row, cells separated
by tabs: the columns of the key, first and last day, the other columns. Rows stand in the order of
key, first day, last day. An absent cell and an open end are empty; days are ISO dates,
truth values ``true`` and ``false``, documents base64; a backslash, tab, line feed and carriage
return in a text are ``\\\\``, ``\\t``, ``\\n`` and ``\\r``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

import orjson
import zstandard

from codewarrant.codesets.releases.draft import Cell
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.layout import layout
from codewarrant.codesets.releases.tables import TABLES

MARK = b'{"codewarrant_release":1,'
ZSTD = b"\x28\xb5\x2f\xfd"
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


def text(header: Header, lines: Iterable[str]) -> Iterator[bytes]:
    """The text in pieces. ``lines`` are those of ``Layout.liner``, in canonical order."""
    head = {
        "table": header.table,
        "edition": header.edition,
        "as_of": header.as_of,
        "covers_from": header.covers_from,
        "covers_to": header.covers_to,
        "columns": layout(header.table).names,
        "rows": header.rows,
    }
    # the mark goes first, so that the text can be told by its beginning; the rest is sorted
    yield MARK + orjson.dumps(head, option=orjson.OPT_SORT_KEYS)[1:] + b"\n"
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield ("\n".join(batch) + "\n").encode()
            batch = []
    if batch:
        yield ("\n".join(batch) + "\n").encode()


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
        if table not in TABLES or columns != layout(table).names or as_of is None:
            raise ReleaseError("is a release of a table that this version does not know", name, 1)
        return Header(table, str(found["edition"]), as_of, start, end, int(found["rows"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ReleaseError("is no exported release", name, 1) from error


def _rows(header: Header, lines: Iterator[bytes], name: str) -> Iterator[tuple[int, list[Cell]]]:
    cells = layout(header.table).reader()
    count = 0
    for number, line in enumerate(lines, 2):
        try:
            values = cells(line.decode().removesuffix("\n"))
        except ValueError as error:
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
