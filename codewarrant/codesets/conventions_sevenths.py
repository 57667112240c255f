"""Whether a code has the 7th character it needs, the right one, and its placeholders.

A code that takes a 7th character and has fewer than six is filled up with ``X`` (Official
Guidelines, sections I.A.4 and I.A.5). What is judged is the code as written: it need not exist.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from codewarrant.codesets.columns import Columns
from codewarrant.codesets.shape import dotted, flat, normalise


class Seventh(Enum):
    """What is wrong with the 7th character of a code as written."""

    RIGHT = "right"
    NOT_USED = "not used"
    MISSING = "missing"
    WRONG = "wrong"
    """The last character is none of those that its category defines for it."""
    NO_PLACEHOLDER = "no placeholder"
    """The character is right but does not stand in the seventh place."""
    UNEXPECTED = "unexpected"
    """The code is complete without a 7th character."""


class SeventhCheck(NamedTuple):
    """The judgement of a code as written, the code without the character, and the right forms.

    ``forms`` are the full codes that the release has for ``base``: one where the character is known
    and only the placeholder lacks, all of them where the character is missing or wrong.
    """

    state: Seventh
    base: str
    forms: tuple[str, ...]


class SeventhRow(NamedTuple):
    """One code that takes a 7th character: which characters, and its placeholders.

    ``source`` is the code under which the characters are defined.
    """

    code: str
    source: str
    placeholders: int
    characters: str


class Sevenths:
    """The 7th characters of one release."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def check(self, text: str) -> SeventhCheck | None:
        """Judge a code as written; None where the release does not know what it begins with."""
        name = normalise(self._columns.system, text)
        if name is None:
            return None
        row = self._columns.row.get(name)
        if row is not None:
            if self._columns.has_seventh(row):
                return SeventhCheck(Seventh.RIGHT, self._base(name[:-1]), (name,))
            forms = self.forms(row)
            state = Seventh.MISSING if forms else Seventh.NOT_USED
            return SeventhCheck(state, name, forms)
        bare = flat(name)
        if len(bare) < 4:
            return None
        base = self._base(dotted(self._columns.system, bare[:-1]))
        at = self._columns.row.get(base)
        if at is None:
            return None
        forms = self.forms(at)
        if not forms:
            complete = len(bare) == 7 and self._columns.window[at] >= 0
            return SeventhCheck(Seventh.UNEXPECTED, base, (base,)) if complete else None
        right = tuple(form for form in forms if form[-1] == bare[-1])
        if right:
            return SeventhCheck(Seventh.NO_PLACEHOLDER, base, right)
        # a shorter code may go on with a character that the list does not have
        return SeventhCheck(Seventh.WRONG, base, forms) if len(bare) == 7 else None

    def forms(self, row: int) -> tuple[str, ...]:
        """The full codes that a code has with its 7th characters; empty where it takes none."""
        columns = self._columns
        bare = flat(columns.codes[row])
        if len(bare) > 6 or columns.has_seventh(row):
            return ()
        filled = bare.ljust(6, "X")
        whole = (dotted(columns.system, filled + item.character) for item in columns.sevenths(row))
        return tuple(code for code in whole if code in columns.row)

    def rows(self) -> tuple[SeventhRow, ...]:
        """Every code that takes a 7th character, in tabular order."""
        columns = self._columns
        out = []
        for row, code in enumerate(columns.codes):
            forms = self.forms(row) if len(code) < 8 else ()
            if forms:
                characters = "".join(form[-1] for form in forms)
                placeholders = 6 - len(flat(code))
                out.append(SeventhRow(code, self._defined_at(row), placeholders, characters))
        return tuple(out)

    def _defined_at(self, row: int) -> str:
        sevenths = self._columns.sevenths(row)
        last = row
        for at in self._columns.lineage(row):
            if self._columns.sevenths(at) != sevenths:
                break
            last = at
        return self._columns.codes[last]

    def _base(self, name: str) -> str:
        """The code without placeholders at its end, where the release has it only so."""
        bare = flat(name)
        whole = dotted(self._columns.system, bare)
        while whole not in self._columns.row and bare.endswith("X"):
            bare = bare[:-1]
            whole = dotted(self._columns.system, bare)
        return whole
