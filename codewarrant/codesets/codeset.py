"""One release of one code system, asked by date.

A release is an immutable value opened from its exchange bytes; nothing else is needed to answer.
Dates are days of service. Three things are kept apart: what was *not in force* (``NOT_YET``,
``ENDED``), what the release *cannot know* (``UNDETERMINED``: after its horizon, before its first
day where the system is older, or with no date at all), and codes it *does not hold* (``UNKNOWN``).
Read-only use from several threads is safe: what is computed late is the same whoever computes it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

import orjson
import zstandard

from codewarrant.codesets import shape
from codewarrant.codesets.compiling import FORMAT
from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.sides import Families
from codewarrant.codesets.spelling import similar

UNTITLED = "title not installed"
_ZSTD = b"\x28\xb5\x2f\xfd"
UPPER = "z"
"""Ends all that starts with a key: above code characters, below the `~` of moved categories."""


class Status(Enum):
    """What a code is on a date."""

    VALID = "valid"
    """In force and complete: may be billed."""
    HEADER = "header"
    """In the list, but only what stands below it may be billed."""
    NOT_YET = "not yet in force"
    ENDED = "ended"
    UNDETERMINED = "undetermined"
    """Outside what the release knows."""
    UNKNOWN = "unknown"
    """Not in the release on any date."""


class SeventhState(Enum):
    """Whether a code has the 7th character that it needs."""

    PRESENT = "present"
    MISSING = "missing"
    NOT_USED = "not used"


class Window(NamedTuple):
    """Days on which a code was valid, both included; ``end`` None means: not known after."""

    start: date
    end: date | None


class Note(NamedTuple):
    """A note with the level (chapter, section, code) and the place it comes from."""

    kind: str
    text: str
    level: str
    source: str


class SeventhCharacter(NamedTuple):
    character: str
    meaning: str
    includes: tuple[str, ...] = ()


class Heading(NamedTuple):
    """A chapter (``name`` is its number) or a section (``name`` is its range, ``A00-A09``)."""

    level: str
    name: str
    title: str


class Term(NamedTuple):
    """A text that stands for a code: its ``title`` or one of its inclusion terms."""

    code: str
    kind: str
    text: str


class CodeSet:
    """One release of one system. Open it with :meth:`from_bytes`.

    Codes are accepted in any case, with or without their dot, and always given back in official
    form. Lists come in tabular order of categories; inside a category, in character order.
    """

    def __init__(self, columns: dict[str, Any], packed: bytes, digest: str) -> None:
        self.system: str = columns["system"]
        self.release: str = columns["release"]
        self.digest = digest
        """sha256 of :attr:`data`."""
        self.packed = packed
        """The exchange bytes compressed with Zstandard, for disk."""
        self.horizon = date.fromisoformat(columns["horizon"])
        """The last day the release knows of."""
        self.known_from = date.fromisoformat(columns["known_from"])
        """The first day the release knows of."""
        self.sources: tuple[tuple[tuple[str, str], ...], ...] = tuple(
            tuple(sorted(source.items())) for source in columns["sources"]
        )
        self._older = columns["began"] is None
        self._retired = columns["retired"] is not None
        self._codes: list[str] = columns["codes"]
        self._titles: list[str | None] = columns["titles"]
        self._window: list[int] = columns["window"]
        self._flag: list[int] = columns["flag"]
        self._section: list[int] = columns["section"]
        self._spans = [
            tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in spans)
            for spans in columns["windows"]
        ]
        self._marks: list[list[list[Any]]] = columns["flags"]
        self._heads: list[list[Any]] = columns["heads"]
        self._raw_notes: list[list[Any]] = columns["notes"]
        self._raw_sevenths: list[list[Any]] = columns["sevenths"]
        self._ages: list[list[Any]] = columns["ages"]
        self._conversions: list[list[Any]] = columns["conversions"]
        self._moved = dict(columns["moved"])
        self._number = dict(zip(self._codes, range(len(self._codes)), strict=True))
        self._below: dict[int, tuple[tuple[date, date], ...]] = {}
        self._families: dict[str, Families] = {}

    @classmethod
    def from_bytes(cls, data: bytes) -> CodeSet:
        """Open exchange bytes, plain or compressed. Raises ``CodeSetError`` where they are none."""
        try:
            plain = zstandard.ZstdDecompressor().decompress(data) if data[:4] == _ZSTD else data
            columns = orjson.loads(plain)
        except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
            raise CodeSetError("the bytes of the code set are damaged") from error
        if not isinstance(columns, dict) or columns.get("format") != FORMAT:
            raise CodeSetError(f"the bytes are not a code set in the form `{FORMAT}`")
        packed = data if plain is not data else zstandard.ZstdCompressor(level=6).compress(data)
        try:
            return cls(columns, packed, hashlib.sha256(plain).hexdigest())
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise CodeSetError("the code set lacks a column or has one of another shape") from error

    @property
    def data(self) -> bytes:
        """The canonical exchange bytes: what a store keeps, and what :attr:`digest` is taken of."""
        return zstandard.ZstdDecompressor().decompress(self.packed)

    def __repr__(self) -> str:
        return f"CodeSet({self.release}, {self.digest[:12]})"

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self._at(code) is not None

    # validity

    def status(self, code: str, on: date | None) -> Status:
        """What the code is on a day. A header that was never billable needs no day."""
        at = self._at(code)
        if at is None:
            return Status.UNKNOWN
        own = self._spans[self._window[at]] if self._window[at] >= 0 else ()
        if on is None:
            return Status.UNDETERMINED if own else Status.HEADER
        for start, end in own:
            if start <= on <= end:
                return Status.VALID
        if (on > self.horizon and not self._retired) or (on < self.known_from and self._older):
            return Status.UNDETERMINED
        below = self._spans_below(at)
        if any(start <= on <= end for start, end in below):
            return Status.HEADER
        every = own + below
        if not every:
            return Status.UNDETERMINED
        return Status.NOT_YET if on < min(every)[0] else Status.ENDED

    def billable(self, code: str, on: date | None) -> bool | None:
        """Whether the code may be billed on a day; None where the release cannot know."""
        status = self.status(code, on)
        return None if status is Status.UNDETERMINED else status is Status.VALID

    def windows(self, code: str) -> tuple[Window, ...]:
        """When the code itself was valid; empty for headers and unknown codes."""
        at = self._at(code)
        if at is None or self._window[at] < 0:
            return ()
        return tuple(
            Window(start, None if end == self.horizon and not self._retired else end)
            for start, end in self._spans[self._window[at]]
        )

    def codes(self, on: date) -> Iterator[str]:
        """Every code that may be billed on the day, in order. Empty outside what is known."""
        if not self.known_from <= on <= self.horizon:
            return
        hit = {
            number
            for number, spans in enumerate(self._spans)
            if any(start <= on <= end for start, end in spans)
        }
        for code, number in zip(self._codes, self._window, strict=True):
            if number in hit:
                yield code

    def successors(self, code: str) -> tuple[str, ...]:
        """The codes that took over from an ended code on the day after its end, where known.

        From the official conversion table; failing that, what stands below a code since
        subdivided. Empty for codes that have not ended.
        """
        at = self._at(code)
        windows = self.windows(code)
        if at is None or not windows or windows[-1].end is None:
            return ()
        after = windows[-1].end + timedelta(days=1)
        found = [new for new, day in self._converted.get(at, ()) if day == after.isoformat()]
        if not found:
            first, last = self._range(at)
            found = list(range(first + 1, last + 1))
        return tuple(
            self._codes[number]
            for number in sorted(found)
            if self.status(self._codes[number], after) is Status.VALID
        )

    # Medicare Code Editor flags

    def flags(self, code: str, on: date | None) -> tuple[str, ...] | None:
        """The Medicare Code Editor flags of a code on a day; None where that cannot be known."""
        at = self._at(code)
        if at is None or on is None or self.status(code, on) is Status.UNDETERMINED:
            return None
        if self._flag[at] < 0:
            return ()
        day = on.isoformat()
        return tuple(
            name for name, (start, end) in self._marks[self._flag[at]] if start <= day <= end
        )

    def manifestation(self, code: str, on: date | None) -> bool | None:
        """Whether the code may never come first, because its etiology does."""
        return self._flagged("manifestation", code, on)

    def unacceptable_principal(self, code: str, on: date | None) -> bool | None:
        """Whether Medicare's editor refuses the code as principal diagnosis."""
        return self._flagged("unacceptable", code, on)

    def external_cause(self, code: str, on: date | None) -> bool | None:
        """Whether the code tells an external cause, which is never principal."""
        return self._flagged("ecodepdx", code, on)

    def age_range(self, flag: str, on: date) -> tuple[int, int] | None:
        """Youngest and oldest age in years that an age flag allows on a day."""
        day = on.isoformat()
        for name, start, end, low, high in self._ages:
            if name == flag and start <= day <= end:
                return low, high
        return None

    def _flagged(self, flag: str, code: str, on: date | None) -> bool | None:
        flags = self.flags(code, on)
        return None if flags is None else flag in flags

    # text

    def title(self, code: str) -> str | None:
        """The official title; None where the code is unknown or its title not installed."""
        at = self._at(code)
        return None if at is None else self._titles[at]

    def title_text(self, code: str) -> str:
        """The title, or words that say it is not installed."""
        return self.title(code) or UNTITLED

    def notes(self, code: str, kind: str | None = None, inherited: bool = True) -> tuple[Note, ...]:
        """The notes that bear on a code, nearest first, each with where it stands.

        Notes are inherited from every level above. Inclusion terms are not: they name the code they
        stand under, and are passed on only to its forms with a 7th character.
        """
        at = self._at(code)
        if at is None:
            return ()
        name = self._codes[at]
        out = self._own_notes(at, kind)
        if not inherited:
            return tuple(out)
        expansion = self._is_extension(name)
        for number, header in enumerate(self.parents(name)):
            for note in self._own_notes(self._number[header], kind):
                if note.kind != "inclusionTerm" or (expansion and number == 0):
                    out.append(note)
        out += self._head_notes(self._section[at], kind)
        return tuple(out)

    def terms(self, on: date, headers: bool = True) -> Iterator[Term]:
        """Titles and inclusion terms of the codes in force on a day, in order.

        With ``headers``, also those of codes that need more characters on that day.
        """
        live = bytearray(len(self._codes))
        for code in self.codes(on):
            live[self._number[code]] = 1
            while headers and (code := self.parent(code) or ""):
                at = self._number[code]
                if live[at]:
                    break
                live[at] = 1
        for at, code in enumerate(self._codes):
            if live[at]:
                title = self._titles[at]
                if title is not None:
                    yield Term(code, "title", title)
                for kind, texts in self._notes.get(at, ()):
                    if kind == "inclusionTerm":
                        for text in texts:
                            yield Term(code, kind, text)

    # place

    def normalise(self, text: str) -> str | None:
        """The code in official form, or None if the text has not the shape of one."""
        return shape.normalise(self.system, text)

    def category(self, code: str) -> str | None:
        """The first three characters (four for the E codes of ICD-9-CM)."""
        name = self.normalise(code)
        return None if name is None else name.partition(".")[0]

    def parent(self, code: str) -> str | None:
        """The code that stands directly above, or None for a category."""
        at = self._at(code)
        if at is None:
            return None
        bare = shape.flat(self._codes[at])
        for width in range(len(bare) - 1, 2, -1):
            above = shape.dotted(self.system, bare[:width])
            if above in self._number:
                return above
        return None

    def parents(self, code: str) -> tuple[str, ...]:
        """All codes above, nearest first, up to the category."""
        out: list[str] = []
        above = self.parent(code)
        while above is not None:
            out.append(above)
            above = self.parent(above)
        return tuple(out)

    def children(self, code: str) -> tuple[str, ...]:
        """The codes directly below."""
        name = self._official(code)
        return tuple(item for item in self.descendants(code) if self.parent(item) == name)

    def descendants(self, code: str) -> tuple[str, ...]:
        """All codes below, headers included, on any date."""
        at = self._at(code)
        if at is None:
            return ()
        first, last = self._range(at)
        return tuple(self._codes[first + 1 : last + 1])

    def position(self, code: str) -> int | None:
        """The place in the release, from 0; None for unknown codes."""
        return self._at(code)

    def interval(self, code: str) -> tuple[int, int] | None:
        """The positions of the code and of the last one below it."""
        at = self._at(code)
        return None if at is None else self._range(at)

    def moved(self) -> tuple[tuple[str, str], ...]:
        """The categories that do not stand in character order, each with its sort key."""
        return tuple(sorted(self._moved.items()))

    def section(self, code: str) -> Heading | None:
        """The section (block) of a code, where the text gives one."""
        at = self._at(code)
        if at is None or self._section[at] < 0:
            return None
        return Heading(*self._heads[self._section[at]][:3])

    def chapter(self, code: str) -> Heading | None:
        """The chapter of a code, where the text gives one."""
        at = self._at(code)
        if at is None or self._section[at] < 0:
            return None
        name = self._heads[self._section[at]][3]
        return next(Heading(*head[:3]) for head in self._heads if head[:2] == ["chapter", name])

    # forms of a code

    def laterality(self, code: str) -> str | None:
        """``left``, ``right``, ``bilateral`` or ``unspecified``; None where sides play no part."""
        name = self._official(code)
        if name is None:
            return None
        side = self._sides(name).side(name)
        if side is None and self._is_extension(name):
            above = self.parent(name)
            return None if above is None else self.laterality(above)
        return side

    def sibling(self, code: str, side: str) -> str | None:
        """The same condition on another side; None where there is none, or more than one."""
        name = self._official(code)
        if name is None:
            return None
        found = self._sides(name).sibling(name, side)
        if found is None and self._is_extension(name):
            above = self.parent(name)
            other = None if above is None else self.sibling(above, side)
            return None if other is None else self.complete(other, name[-1])
        return found

    def unspecified(self, code: str) -> bool | None:
        """Whether the title says ``unspecified``; None where no title is installed."""
        title = self.title(code)
        return None if title is None else "unspecified" in title.lower()

    def seventh_characters(self, code: str) -> tuple[SeventhCharacter, ...]:
        """The 7th characters defined for a code, by itself or the nearest level above."""
        name = self._official(code)
        if name is None:
            return ()
        for item in (name, *self.parents(name)):
            found = self._sevenths.get(self._number[item])
            if found:
                return tuple(SeventhCharacter(a, b, tuple(c)) for a, b, c in found)
        return ()

    def seventh_character(self, code: str, on: date | None = None) -> SeventhState:
        """Whether the code has the 7th character it needs. A code valid on ``on`` lacks none."""
        name = self._official(code) or self.normalise(code) or ""
        if self._is_extension(name):
            return SeventhState.PRESENT
        if not self.seventh_characters(name):
            return SeventhState.NOT_USED
        if on is not None and self.status(name, on) is Status.VALID:
            return SeventhState.NOT_USED
        return SeventhState.MISSING

    def complete(self, code: str, seventh: str) -> str | None:
        """The code with its 7th character, ``X`` put into empty places; None if there is none."""
        name = self._official(code)
        if name is None or len(shape.flat(name)) > 6:
            return None
        whole = shape.dotted(self.system, shape.flat(name).ljust(6, "X") + seventh.upper())
        return whole if whole in self._number and self._is_extension(whole) else None

    def suggest(self, text: str, on: date | None = None, limit: int = 5) -> tuple[str, ...]:
        """Codes that the text may have been meant as, likeliest first; with a day, those valid."""
        found = similar(self.system, text, self._number)
        if on is not None:
            found = [code for code in found if self.status(code, on) is Status.VALID]
        return tuple(found[:limit])

    # inner workings

    def _at(self, code: str) -> int | None:
        at = self._number.get(code)
        if at is None:
            name = shape.normalise(self.system, code)
            return None if name is None else self._number.get(name)
        return at

    def _official(self, code: str) -> str | None:
        at = self._at(code)
        return None if at is None else self._codes[at]

    def _key(self, code: str) -> str:
        bare = shape.flat(code)
        return self._moved.get(bare[:3], bare[:3]) + bare[3:]

    def _range(self, at: int) -> tuple[int, int]:
        # headers sort directly before what they head, so what is below is one run of positions
        high = self._key(self._codes[at]) + UPPER
        return at, bisect_left(self._codes, high, lo=at, key=self._key) - 1

    def _spans_below(self, at: int) -> tuple[tuple[date, date], ...]:
        found = self._below.get(at)
        if found is None:
            first, last = self._range(at)
            numbers = {number for number in self._window[first + 1 : last + 1] if number >= 0}
            found = tuple(sorted({span for number in numbers for span in self._spans[number]}))
            self._below[at] = found
        return found

    def _is_extension(self, code: str) -> bool:
        bare = shape.flat(code)
        if len(bare) != 7 or self.system != shape.ICD10CM:
            return False
        above = self.parent(code)
        if above is None:
            return False
        return any(bare[6] == item.character for item in self.seventh_characters(above))

    def _sides(self, code: str) -> Families:
        above = self.parent(code) or code
        found = self._families.get(above)
        if found is None:
            wider = self.parent(above)
            near = () if wider is None else self.children(wider)
            found = Families(self._titled(self.children(above)), self._titled(near))
            self._families[above] = found
        return found

    def _titled(self, codes: tuple[str, ...]) -> list[tuple[str, str]]:
        return [(code, title) for code in codes if (title := self.title(code))]

    def _own_notes(self, at: int, kind: str | None) -> list[Note]:
        source = self._codes[at]
        return [
            Note(own, text, "code", source)
            for own, texts in self._notes.get(at, ())
            if kind is None or own == kind
            for text in texts
        ]

    def _head_notes(self, section: int, kind: str | None) -> list[Note]:
        if section < 0:
            return []
        own = self._heads[section]
        chapter = next(head for head in self._heads if head[:2] == ["chapter", own[3]])
        return [
            Note(found, text, head[0], head[1])
            for head in (own, chapter)
            for found, texts in head[4]
            if kind is None or found == kind
            for text in texts
        ]

    @cached_property
    def _notes(self) -> dict[int, list[list[Any]]]:
        return dict(self._raw_notes)

    @cached_property
    def _sevenths(self) -> dict[int, list[list[Any]]]:
        return dict(self._raw_sevenths)

    @cached_property
    def _converted(self) -> dict[int, list[tuple[int, str]]]:
        out: dict[int, list[tuple[int, str]]] = {}
        for old, new, day in self._conversions:
            out.setdefault(old, []).append((new, day))
        return out
