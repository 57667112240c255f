"""One release of one code system, asked by date.

A release is an immutable value opened from its exchange bytes; nothing else is needed to answer.
Dates are days of service. Three things are kept apart: what was *not in force* (``NOT_YET``,
``ENDED``), what the release *cannot know* (``UNDETERMINED``: after its horizon, before its first
day where the system is older, or with no date at all), and codes it *does not hold* (``UNKNOWN``).

ICD-10-CM came into force on 2015-10-01, the first day of its table: earlier days are ``NOT_YET``.
ICD-9-CM was in force until 2015-09-30, the last day of its table: later days are ``ENDED``. Its
table begins on 1985-10-01, the system in 1979: earlier days are ``UNDETERMINED``.

Read-only use from several threads is safe: what is computed late is the same whoever computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cached_property

import zstandard

from codewarrant.codesets import shape
from codewarrant.codesets.answers import (
    UNTITLED,
    Heading,
    Note,
    SeventhCharacter,
    SeventhState,
    Status,
    Term,
    Window,
)
from codewarrant.codesets.columns import Columns
from codewarrant.codesets.conventions import Conventions
from codewarrant.codesets.sides import Laterality
from codewarrant.codesets.spelling import similar


class CodeSet:
    """One release of one system. Open it with :meth:`from_bytes`.

    Codes are accepted in any case, with or without their dot, and always given back in official
    form. Lists come in tabular order of categories; inside a category, in character order.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._laterality = Laterality(columns)
        self.system = columns.system
        """``icd10cm`` or ``icd9cm``."""
        self.release = columns.release
        """The name of the release, after the edition of its text."""
        self.digest = columns.digest
        """sha256 of :attr:`data`."""
        self.packed = columns.packed
        """The exchange bytes compressed with Zstandard, for disk."""
        self.horizon = columns.horizon
        """The last day the release knows of."""
        self.known_from = columns.known_from
        """The first day the release knows of."""
        self.sources = columns.sources
        """What the release was compiled from: names and values of each source."""

    @classmethod
    def from_bytes(cls, data: bytes) -> CodeSet:
        """Open exchange bytes, plain or compressed. Raises ``CodeSetError`` where they are none."""
        return cls(Columns(data))

    @property
    def data(self) -> bytes:
        """The canonical exchange bytes: what a store keeps, and what :attr:`digest` is taken of."""
        return zstandard.ZstdDecompressor().decompress(self.packed)

    def __repr__(self) -> str:
        return f"CodeSet({self.release}, {self.digest[:12]})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodeSet) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Callable[[bytes], CodeSet], tuple[bytes]]:
        return CodeSet.from_bytes, (self.packed,)

    def __len__(self) -> int:
        return len(self._columns.codes)

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self._columns.find(code) is not None

    # validity

    def status(self, code: str, on: date | None) -> Status:
        """What the code is on a day. A header that was never billable needs no day."""
        row = self._columns.find(code)
        return Status.UNKNOWN if row is None else self._status(row, on)

    def knows(self, on: date | None) -> bool:
        """Whether the release can tell which codes were in force on a day."""
        columns = self._columns
        if on is None or (on > columns.horizon and not columns.retired):
            return False
        return on >= columns.known_from or not columns.older_than_known

    def billable(self, code: str, on: date | None) -> bool | None:
        """Whether the code may be billed on a day; None where the release cannot know."""
        status = self.status(code, on)
        return None if status is Status.UNDETERMINED else status is Status.VALID

    def windows(self, code: str) -> tuple[Window, ...]:
        """When the code itself was valid; empty for headers and unknown codes."""
        row = self._columns.find(code)
        if row is None:
            return ()
        open_end = None if self._columns.retired else self.horizon
        return tuple(
            Window(start, None if end == open_end else end) for start, end in self._columns.own(row)
        )

    def epoch(self, on: date | None) -> date:
        """The first day of the period around a day in which the same codes are in force.

        Days outside what is known take the nearest period, and None the last one: what is made for
        a period (a lexicon, say) then serves all of its days.
        """
        day = min(max(on or self.horizon, self.known_from), self.horizon)
        changes = {start for spans in self._columns.windows for start, _ in spans}
        changes |= {end + timedelta(days=1) for spans in self._columns.windows for _, end in spans}
        return max((item for item in changes if item <= day), default=self.known_from)

    def codes(self, on: date) -> Iterator[str]:
        """Every code that may be billed on the day, in order. Empty outside what is known."""
        hit = {
            number
            for number, spans in enumerate(self._columns.windows)
            if any(start <= on <= end for start, end in spans)
        }
        for code, number in zip(self._columns.codes, self._columns.window, strict=True):
            if number in hit:
                yield code

    def successors(self, code: str) -> tuple[str, ...]:
        """The codes that took over from an ended code on the day after its end, where known.

        From the official conversion table; failing that, what stands below a code since
        subdivided. Empty for codes that have not ended.
        """
        columns = self._columns
        row = columns.find(code)
        windows = self.windows(code)
        if row is None or not windows or windows[-1].end is None:
            return ()
        after = windows[-1].end + timedelta(days=1)
        found = columns.converted(row, after) or range(row + 1, columns.last(row) + 1)
        return tuple(
            columns.codes[other]
            for other in sorted(found)
            if self._status(other, after) is Status.VALID
        )

    def _status(self, row: int, on: date | None) -> Status:
        columns = self._columns
        own = columns.own(row)
        if on is None:
            return Status.UNDETERMINED if own else Status.HEADER
        for start, end in own:
            if start <= on <= end:
                return Status.VALID
        if on > columns.horizon and not columns.retired:
            return Status.UNDETERMINED
        if on < columns.known_from and columns.older_than_known:
            return Status.UNDETERMINED
        below = columns.below(row)
        if any(start <= on <= end for start, end in below):
            return Status.HEADER
        first = min((*own, *below), default=None)
        if first is None:
            return Status.UNDETERMINED
        return Status.NOT_YET if on < first[0] else Status.ENDED

    # flags of the Medicare Code Editor

    def flags(self, code: str, on: date | None) -> tuple[str, ...] | None:
        """The flags of a code on a day, by name; None where that cannot be known.

        Names are the editor's: ``manifestation``, ``unacceptable``, ``ecodepdx``, ``unspecified``,
        ``male``, ``female``, ``newborn``, ``pediatric``, ``maternity``, ``adult``, ``qadm``,
        ``wrngproc`` and others.
        """
        columns = self._columns
        row = columns.find(code)
        if row is None or on is None or self._status(row, on) is Status.UNDETERMINED:
            return None
        if on > columns.flags_until and not columns.retired:
            return None
        if columns.flag[row] < 0:
            return ()
        day = on.isoformat()
        marks = columns.flags[columns.flag[row]]
        return tuple(name for name, (start, end) in marks if start <= day <= end)

    def manifestation(self, code: str, on: date | None) -> bool | None:
        """Whether the code may never come first, because its etiology does."""
        return self._flagged("manifestation", code, on)

    def unacceptable_principal(self, code: str, on: date | None) -> bool | None:
        """Whether Medicare's editor refuses the code as principal diagnosis."""
        return self._flagged("unacceptable", code, on)

    def external_cause(self, code: str, on: date | None) -> bool | None:
        """Whether the code tells an external cause, which is never principal."""
        return self._flagged("ecodepdx", code, on)

    def poa_exempt(self, code: str, on: date | None) -> bool | None:
        """Whether no indicator is reported of whether the condition was present on admission.

        None where no imported list speaks of the day, where the code is not valid on it, and where
        the code came into force after the list.
        """
        row = self._columns.find(code)
        if row is None or on is None or self._status(row, on) is not Status.VALID:
            return None
        for first, last, exempt in reversed(self._columns.exempt):
            if first <= on <= last:
                known = row in exempt or self._status(row, first) is Status.VALID
                return row in exempt if known else None
        return None

    def age_range(self, flag: str, on: date) -> tuple[int, int] | None:
        """Youngest and oldest age in years that an age flag allows on a day."""
        day = on.isoformat()
        for name, start, end, low, high in self._columns.ages:
            if name == flag and start <= day <= end:
                return low, high
        return None

    def _flagged(self, flag: str, code: str, on: date | None) -> bool | None:
        flags = self.flags(code, on)
        return None if flags is None else flag in flags

    # text

    def title(self, code: str) -> str | None:
        """The official title; None where the code is unknown or its title not installed."""
        row = self._columns.find(code)
        return None if row is None else self._columns.titles[row]

    def title_text(self, code: str) -> str:
        """The title, or words that say it is not installed."""
        return self.title(code) or UNTITLED

    def notes(self, code: str, kind: str | None = None, inherited: bool = True) -> tuple[Note, ...]:
        """The notes that bear on a code, nearest first, each with where it stands.

        ``kind`` is one of ``tabular.NOTE_KINDS``. Notes are inherited from every level above.
        Inclusion terms are not: they name the code they stand under, and are passed on only to its
        forms with a 7th character.
        """
        columns = self._columns
        row = columns.find(code)
        if row is None:
            return ()
        out = columns.notes_at(row, kind)
        if inherited:
            form = columns.has_seventh(row)
            for number, above in enumerate(columns.lineage(row)):
                own = form and number == 0
                found = columns.notes_at(above, kind)
                out += [note for note in found if own or note.kind != "inclusionTerm"]
            out += columns.notes_over(row, kind)
        return tuple(out)

    def terms(self, on: date, headers: bool = True) -> Iterator[Term]:
        """Titles, inclusion terms and includes notes of the codes in force on a day, in order.

        With ``headers``, also those of codes that need more characters on that day.
        """
        columns = self._columns
        live = bytearray(len(columns.codes))
        for code in self.codes(on):
            row: int | None = columns.row[code]
            while row is not None and not live[row]:
                live[row] = 1
                row = columns.above(row) if headers else None
        for row, code in enumerate(columns.codes):
            if live[row]:
                title = columns.titles[row]
                if title is not None:
                    yield Term(code, "title", title)
                for kind, text in columns.included(row):
                    yield Term(code, kind, text)

    @cached_property
    def conventions(self) -> Conventions:
        """What the notes say of codes used together; read as it is asked."""
        return Conventions(self, self._columns)

    # place

    def normalise(self, text: str) -> str | None:
        """The code in official form, or None if the text has not the shape of one."""
        return shape.normalise(self.system, text)

    def category(self, code: str) -> str | None:
        """The first three characters (four for the E codes of ICD-9-CM); None if not code-shaped.

        The code need not be in the release.
        """
        name = self.normalise(code)
        return None if name is None else name.partition(".")[0]

    def parent(self, code: str) -> str | None:
        """The code that stands directly above, or None for a category."""
        row = self._columns.find(code)
        above = None if row is None else self._columns.above(row)
        return None if above is None else self._columns.codes[above]

    def parents(self, code: str) -> tuple[str, ...]:
        """All codes above, nearest first, up to the category."""
        row = self._columns.find(code)
        return () if row is None else self._named(self._columns.lineage(row))

    def children(self, code: str) -> tuple[str, ...]:
        """The codes directly below, on any date."""
        row = self._columns.find(code)
        return () if row is None else self._named(self._columns.children(row))

    def descendants(self, code: str) -> tuple[str, ...]:
        """All codes below, headers included, on any date."""
        found = self.interval(code)
        return () if found is None else tuple(self._columns.codes[found[0] + 1 : found[1] + 1])

    def position(self, code: str) -> int | None:
        """The place in the release, from 0; None for unknown codes."""
        return self._columns.find(code)

    def interval(self, code: str) -> tuple[int, int] | None:
        """The positions of the code and of the last one below it."""
        row = self._columns.find(code)
        return None if row is None else (row, self._columns.last(row))

    def moved(self) -> tuple[tuple[str, str], ...]:
        """The categories that do not stand in character order, each with its sort key."""
        return tuple(sorted(self._columns.moved.items()))

    def section(self, code: str) -> Heading | None:
        """The section (block) of a code, where the text gives one."""
        row = self._columns.find(code)
        return None if row is None else self._columns.heading(row, "section")

    def chapter(self, code: str) -> Heading | None:
        """The chapter of a code, where the text gives one."""
        row = self._columns.find(code)
        return None if row is None else self._columns.heading(row, "chapter")

    def _named(self, rows: list[int]) -> tuple[str, ...]:
        return tuple(self._columns.codes[row] for row in rows)

    # forms of a code

    def laterality(self, code: str) -> str | None:
        """``left``, ``right``, ``bilateral`` or ``unspecified``; None where sides play no part."""
        row = self._columns.find(code)
        return None if row is None else self._laterality.side(row)

    def sibling(self, code: str, side: str) -> str | None:
        """The same condition on another side; None where there is none, or more than one.

        Raises ``ValueError`` where ``side`` is none of the four. The code given back need not be in
        force on the same days.
        """
        row = self._columns.find(code)
        found = None if row is None else self._laterality.sibling(row, side)
        return None if found is None else self._columns.codes[found]

    def unspecified(self, code: str) -> bool | None:
        """Whether the title says ``unspecified``; None where no title is installed."""
        title = self.title(code)
        return None if title is None else "unspecified" in title.lower()

    def seventh_characters(self, code: str) -> tuple[SeventhCharacter, ...]:
        """The 7th characters defined for a code, by itself or the nearest level above."""
        row = self._columns.find(code)
        return () if row is None else self._columns.sevenths(row)

    def seventh_character(self, code: str, on: date | None = None) -> SeventhState:
        """Whether the code has the 7th character it needs. A code valid on ``on`` lacks none.

        Raises ``KeyError`` for a code that the release does not hold.
        """
        row = self._columns.find(code)
        if row is None:
            raise KeyError(code)
        if self._columns.has_seventh(row):
            return SeventhState.PRESENT
        if not self._columns.sevenths(row) or self._status(row, on) is Status.VALID:
            return SeventhState.NOT_USED
        return SeventhState.MISSING

    def complete(self, code: str, seventh: str) -> str | None:
        """The code with its 7th character, ``X`` put into empty places; None if there is none."""
        columns = self._columns
        row = columns.find(code)
        bare = "" if row is None else shape.flat(columns.codes[row])
        if not 3 <= len(bare) <= 6:
            return None
        whole = shape.dotted(self.system, bare.ljust(6, "X") + seventh.upper())
        found = columns.row.get(whole)
        return whole if found is not None and columns.has_seventh(found) else None

    def suggest(self, text: str, on: date | None = None, limit: int = 5) -> tuple[str, ...]:
        """Codes that the text may have been meant as, likeliest first; with a day, those valid."""
        found = similar(self.system, text, self._columns.row)
        if on is not None:
            found = [code for code in found if self.status(code, on) is Status.VALID]
        return tuple(found[:limit])
