"""The opened columns of a release: where each code stands, and what is written there.

Codes are rows, numbered from 0 in tabular order of categories and, inside a category, in character
order: a header directly before all that stands below it, so that what is below is one run of rows.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from datetime import date
from functools import cached_property
from typing import Any

import orjson
import zstandard

from codewarrant.codesets import shape
from codewarrant.codesets.answers import Heading, Note, SeventhCharacter
from codewarrant.codesets.errors import CodeSetError

FORMAT = "codewarrant-codeset/1"
"""Names the exchange form; a change of its meaning changes the name."""
EXTENDED = "codewarrant-codeset/2"
"""The form of a release that imported ones extend: it says besides until when flags are known, and
which codes are exempt from present-on-admission reporting."""

AFTER = "z"
"""Ends all that starts with a key: above code characters, below the ``~`` of moved categories."""
_ZSTD = b"\x28\xb5\x2f\xfd"

Days = tuple[date, date]
"""First and last day, both included."""


class Columns:
    """Rows of one release. Methods that take ``row`` expect a number they gave."""

    def __init__(self, data: bytes) -> None:
        """Open exchange bytes, plain or compressed. Raises ``CodeSetError`` where they are none."""
        try:
            plain = zstandard.ZstdDecompressor().decompress(data) if data[:4] == _ZSTD else data
            table = orjson.loads(plain)
        except (zstandard.ZstdError, orjson.JSONDecodeError, MemoryError) as error:
            raise CodeSetError("the bytes of the code set are damaged") from error
        if not isinstance(table, dict) or table.get("format") not in (FORMAT, EXTENDED):
            raise CodeSetError(f"the bytes are not a code set in the form `{FORMAT}`")
        self.digest = hashlib.sha256(plain).hexdigest()
        self.packed = data
        if plain is data:
            self.packed = zstandard.ZstdCompressor(level=6).compress(plain)
        try:
            self._open(table)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise CodeSetError("the code set lacks a column or has one of another shape") from error

    def _open(self, table: dict[str, Any]) -> None:
        self.system: str = table["system"]
        self.release: str = table["release"]
        self.horizon = date.fromisoformat(table["horizon"])
        self.known_from = date.fromisoformat(table["known_from"])
        self.older_than_known: bool = table["began"] is None
        self.retired: bool = table["retired"] is not None
        self.sources: tuple[tuple[tuple[str, str], ...], ...] = tuple(
            tuple(sorted(source.items())) for source in table["sources"]
        )
        self.codes: list[str] = table["codes"]
        self.titles: list[str | None] = table["titles"]
        self.window: list[int] = table["window"]
        """By row the number of its windows in ``windows``, -1 for none."""
        self.windows: list[tuple[Days, ...]] = [
            tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in spans)
            for spans in table["windows"]
        ]
        self.flag: list[int] = table["flag"]
        """By row the number of its flags in ``flags``, -1 for none."""
        self.flags: list[list[list[Any]]] = table["flags"]
        self.ages: list[list[Any]] = table["ages"]
        extended = table["format"] == EXTENDED
        self.flags_until = date.fromisoformat(table["flags_until"]) if extended else self.horizon
        self.exempt: list[tuple[date, date, frozenset[int]]] = [
            (date.fromisoformat(first), date.fromisoformat(last), frozenset(rows))
            for first, last, rows in (table["exempt"] if extended else ())
        ]
        """First and last day of each list of exempt codes, and the rows that it names."""
        self.moved: dict[str, str] = dict(table["moved"])
        self._section: list[int] = table["section"]
        self._heads: list[list[Any]] = table["heads"]
        self._notes: list[tuple[int, list[list[Any]]]] = table["notes"]
        self._sevenths: list[tuple[int, list[list[Any]]]] = table["sevenths"]
        self._conversions: list[list[Any]] = table["conversions"]
        self.row = dict(zip(self.codes, range(len(self.codes)), strict=True))
        """By code in official form its row."""
        self._below: dict[int, tuple[Days, ...]] = {}
        self._wider: dict[int, list[list[Any]]] = {}

    def find(self, code: str) -> int | None:
        """The row of a code in any spelling."""
        row = self.row.get(code)
        if row is None:
            name = shape.normalise(self.system, code)
            return None if name is None else self.row.get(name)
        return row

    # place

    def key(self, code: str) -> str:
        """The text by which codes sort."""
        bare = shape.flat(code)
        return self.moved.get(bare[:3], bare[:3]) + bare[3:]

    def last(self, row: int) -> int:
        """The last row that stands below a row, or the row itself."""
        codes, name = self.codes, self.codes[row]
        # most codes have little below them: double the step until it leads out
        step = 1
        while row + step < len(codes) and codes[row + step].startswith(name):
            step *= 2
        low, high = row + step // 2, min(row + step, len(codes))
        return bisect_left(codes, True, low, high, key=lambda code: not code.startswith(name)) - 1

    def above(self, row: int) -> int | None:
        """The row directly above, or None for a category."""
        bare = shape.flat(self.codes[row])
        for width in range(len(bare) - 1, 2, -1):
            found = self.row.get(shape.dotted(self.system, bare[:width]))
            if found is not None:
                return found
        return None

    def lineage(self, row: int) -> list[int]:
        """All rows above, nearest first."""
        out: list[int] = []
        above = self.above(row)
        while above is not None:
            out.append(above)
            above = self.above(above)
        return out

    def children(self, row: int) -> list[int]:
        """The rows directly below."""
        out: list[int] = []
        at, last = row + 1, self.last(row)
        while at <= last:
            out.append(at)
            at = self.last(at) + 1
        return out

    def heading(self, row: int, level: str) -> Heading | None:
        """The ``chapter`` or ``section`` of a row, where the text gives one."""
        return next((Heading(*head[:3]) for head in self._over(row) if head[0] == level), None)

    # time

    def own(self, row: int) -> tuple[Days, ...]:
        """When the code itself was valid."""
        number = self.window[row]
        return self.windows[number] if number >= 0 else ()

    def below(self, row: int) -> tuple[Days, ...]:
        """When something below the code was valid: each window that occurs, once."""
        found = self._below.get(row)
        if found is None:
            numbers = set(self.window[row + 1 : self.last(row) + 1])
            found = tuple(sorted({days for at in numbers if at >= 0 for days in self.windows[at]}))
            self._below[row] = found
        return found

    def converted(self, row: int, day: date) -> list[int]:
        """The rows that the official conversion table puts in a code's place from a day on."""
        return [new for new, start in self._converted.get(row, ()) if start == day.isoformat()]

    # text

    def notes_at(self, row: int, kind: str | None) -> list[Note]:
        """The notes written under the code itself."""
        return [
            Note(found, text, "code", self.codes[row])
            for found, texts in self._notes_by_row.get(row, ())
            if kind is None or found == kind
            for text in texts
        ]

    def notes_over(self, row: int, kind: str | None) -> list[Note]:
        """The notes of the sections around a code, the narrowest first, and of its chapter."""
        return [
            Note(found, text, head[0], head[1])
            for head in self._over(row)
            for found, texts in head[4]
            if kind is None or found == kind
            for text in texts
        ]

    def included(self, row: int) -> list[tuple[str, str]]:
        """Kind and text of what the code itself says it includes."""
        return [
            (kind, text)
            for kind, texts in self._notes_by_row.get(row, ())
            if kind in ("inclusionTerm", "includes")
            for text in texts
        ]

    def sevenths(self, row: int) -> tuple[SeventhCharacter, ...]:
        """The 7th characters defined by the nearest level at or above a row."""
        for at in (row, *self.lineage(row)):
            found = self._sevenths_by_row.get(at)
            if found:
                return tuple(SeventhCharacter(a, b, tuple(c)) for a, b, c in found)
        return ()

    def has_seventh(self, row: int) -> bool:
        """Whether the last character of the code is a 7th character defined above it."""
        bare = shape.flat(self.codes[row])
        if len(bare) != 7:
            return False
        return any(bare[6] == item.character for item in self.sevenths(row))

    def _over(self, row: int) -> list[list[Any]]:
        number = self._section[row]
        if number < 0:
            return []
        section = self._heads[number]
        return [section, *self._around(number), self._chapters[section[3]]]

    def _around(self, number: int) -> list[list[Any]]:
        """The wider sections that a section stands in (V00-V99 of V00-V09), the narrowest first."""
        found = self._wider.get(number)
        if found is None:
            first, last = self._sections[number]
            wider = [
                (high, [-ord(mark) for mark in low], other)
                for other, (low, high) in self._sections.items()
                if low <= first and last <= high and (low, high) != (first, last)
            ]
            found = self._wider[number] = [self._heads[other] for _, _, other in sorted(wider)]
        return found

    @cached_property
    def _sections(self) -> dict[int, tuple[str, str]]:
        """By section the sort keys of its first and its last category."""
        out: dict[int, tuple[str, str]] = {}
        for number, head in enumerate(self._heads):
            if head[0] == "section":
                first, _, last = head[1].partition("-")
                out[number] = (self.key(first), self.key(last or first))
        return out

    @cached_property
    def _chapters(self) -> dict[str, list[Any]]:
        return {head[1]: head for head in self._heads if head[0] == "chapter"}

    @cached_property
    def _notes_by_row(self) -> dict[int, list[list[Any]]]:
        return dict(self._notes)

    @cached_property
    def _sevenths_by_row(self) -> dict[int, list[list[Any]]]:
        return dict(self._sevenths)

    @cached_property
    def _converted(self) -> dict[int, list[tuple[int, str]]]:
        out: dict[int, list[tuple[int, str]]] = {}
        for old, new, day in self._conversions:
            out.setdefault(old, []).append((new, day))
        return out
