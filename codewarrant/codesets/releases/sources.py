"""Files to import: in folders and archives, also archives in archives, read without unpacking."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from codewarrant.codesets.releases.errors import ReleaseError

HEAD = 65_536
"""Bytes of a file that are looked at to find out what it is."""
FIRST = 40
"""Rows that are kept, once read, for finding out what a file is."""
DEPTH = 3
"""Archives inside archives are opened this deep."""
_CHUNK = 1 << 20
_CELL = 1 << 24
"""Characters of the longest cell: articles hold whole documents in one."""
_ARCHIVE = b"PK\x03\x04"


class Source:
    """One file: ``name`` is its path below what the user gave (``x.zip/part-1.TXT``)."""

    def __init__(self, name: str, opens: Callable[[], BinaryIO], size: int = 0) -> None:
        self.name = name
        self.size = size
        self._opens = opens
        self._reading: BinaryIO | None = None
        self._first: dict[str, list[list[str]]] = {}

    def __repr__(self) -> str:
        return f"Source({self.name})"

    @property
    def base(self) -> str:
        """The name without folders and archives."""
        return self.name.rpartition("/")[2]

    @property
    def position(self) -> int:
        """How many bytes have been read of a text that is being read; its size afterwards."""
        if self._reading is None or self._reading.closed:
            return self.size if self._reading is not None else 0
        return self._reading.tell()

    def open(self) -> BinaryIO:
        """The content as a seekable binary file. Raises ``ReleaseError`` where it is unreadable."""
        try:
            return self._opens()
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ReleaseError(f"cannot be read: {error}", self.name) from error

    def read(self) -> bytes:
        """All bytes."""
        with self.open() as file:
            return _guarded(self.name, file.read)

    @cached_property
    def head(self) -> bytes:
        """The first :data:`HEAD` bytes."""
        with self.open() as file:
            return _guarded(self.name, lambda: file.read(HEAD))

    @cached_property
    def sha256(self) -> str:
        """Digest of all bytes."""
        digest = hashlib.sha256()
        with self.open() as file:
            while chunk := _guarded(self.name, lambda: file.read(_CHUNK)):
                digest.update(chunk)
        return digest.hexdigest()

    @cached_property
    def workbook(self) -> bool:
        """Whether this is an Excel workbook (xlsx)."""
        if not self.head.startswith(_ARCHIVE):
            return False
        try:
            with self.open() as file, zipfile.ZipFile(file) as archive:
                return "xl/workbook.xml" in archive.namelist()
        except zipfile.BadZipFile:
            return False

    def text(self, encoding: str = "") -> Iterator[tuple[int, str]]:
        """Lines with their numbers, without line ends; a byte order mark is dropped.

        With no ``encoding``, UTF-8 where all bytes are, otherwise cp1252 (every byte has a meaning:
        the five it leaves open become control characters).
        """
        for number, line in enumerate(self._decoded(encoding), 1):
            yield number, line.rstrip("\r\n")

    def csv(self, delimiter: str = ",", encoding: str = "") -> Iterator[tuple[int, list[str]]]:
        """Records of a delimited file (quoted cells may hold line ends) with their first line."""
        csv.field_size_limit(_CELL)
        reader = csv.reader(self._decoded(encoding), delimiter=delimiter)
        number = 1
        try:
            for cells in reader:
                yield number, cells
                number = reader.line_num + 1
        except csv.Error as error:
            raise ReleaseError(f"not a delimited file: {error}", self.name, number) from error

    def sheet(self) -> Iterator[tuple[int, list[str]]]:
        """Rows of the first sheet of a workbook as texts; empty cells are "".

        Whole numbers come without fraction, dates as ``YYYYMMDD``.
        """
        from codewarrant.codesets.releases.workbook import rows

        return rows(self)

    def cells(self, delimiter: str = ",", encoding: str = "") -> Iterator[tuple[int, list[str]]]:
        """:meth:`sheet` of a workbook, :meth:`csv` of any other file."""
        return self.sheet() if self.workbook else self.csv(delimiter, encoding)

    def first_rows(self, delimiter: str = ",", limit: int = FIRST) -> list[list[str]]:
        """The first rows, for finding out what a file is; [] where it holds none or is not text."""
        form = "" if self.workbook else delimiter
        known = self._first.get(form)
        if known is None or limit > FIRST:
            known = self._first[form] = self._read_first(delimiter, max(limit, FIRST))
        return known[:limit]

    def _read_first(self, delimiter: str, limit: int) -> list[list[str]]:
        found: list[list[str]] = []
        if not self.workbook and (b"\x00" in self.head or self.head.startswith(_ARCHIVE)):
            return found
        try:
            for _, cells in self.cells(delimiter):
                found.append(cells)
                if len(found) == limit:
                    break
        except ReleaseError:
            pass
        return found

    def _decoded(self, encoding: str) -> Iterator[str]:
        chosen = encoding or self.encoding
        with self.open() as file:
            self._reading = file
            wrapped = io.TextIOWrapper(file, chosen, errors="strict", newline="")
            try:
                yield from wrapped
            except UnicodeDecodeError as error:
                raise ReleaseError(f"is not written in {chosen}", self.name) from error
            except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                raise ReleaseError(f"cannot be read: {error}", self.name) from error

    @cached_property
    def encoding(self) -> str:
        """``utf-8-sig`` where all bytes are UTF-8, otherwise ``cp1252``."""
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")()
        with self.open() as file:
            try:
                while chunk := _guarded(self.name, lambda: file.read(_CHUNK)):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return "cp1252"
        return "utf-8-sig"


def find(paths: Sequence[Path]) -> list[Source]:
    """All files below the paths: files, folders and ZIP archives, in order of their names.

    Raises ``ReleaseError`` for a path that is not there and for a damaged archive.
    """
    found: list[Source] = []
    for path in paths:
        if path.is_dir():
            for item in sorted(p for p in path.rglob("*") if p.is_file()):
                found += _file(item.relative_to(path).as_posix(), item)
        elif path.is_file():
            found += _file(path.name, path)
        else:
            raise ReleaseError("there is no such file or folder", str(path))
    return found


def _file(name: str, path: Path) -> list[Source]:
    return _opened(Source(name, lambda: path.open("rb"), path.stat().st_size), 0)


def _opened(source: Source, depth: int) -> list[Source]:
    if not source.head.startswith(_ARCHIVE) or source.workbook:
        return [source]
    if depth == DEPTH:
        raise ReleaseError(f"more than {DEPTH} archives inside each other", source.name)
    try:
        with source.open() as file, zipfile.ZipFile(file) as archive:
            members = {
                item.filename: item.file_size for item in archive.infolist() if not item.is_dir()
            }
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ReleaseError(f"is a damaged archive: {error}", source.name) from error
    found = []
    for name, size in sorted(members.items()):
        member = Source(f"{source.name}/{name}", _member(source, name), size)
        found += _opened(member, depth + 1)
    return found


def _member(source: Source, name: str) -> Callable[[], BinaryIO]:
    def opens() -> BinaryIO:
        # the member keeps the archive's file open until it is closed itself
        return zipfile.ZipFile(source.open()).open(name)  # type: ignore[return-value]

    return opens


def _guarded(name: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ReleaseError(f"cannot be read: {error}", name) from error
