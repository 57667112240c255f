"""The diagnosis edits that hold without an order, a date or a note: hard edits of a set of codes.

A code that was valid on no day of a period, a 7th character that is missing, wrong or out of place,
and an Excludes1 that leaves no doubt (see :mod:`conventions_excludes`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from codewarrant.codesets.conventions_excludes import Exclusion
from codewarrant.codesets.conventions_sevenths import Seventh

if TYPE_CHECKING:
    from codewarrant.codesets.codeset import CodeSet

_OUT_OF_FORM = (Seventh.MISSING, Seventh.WRONG, Seventh.NO_PLACEHOLDER, Seventh.UNEXPECTED)


class HardEdit(NamedTuple):
    """One edit: ``invalid``, ``seventh`` or ``excludes1``, and the codes it is about.

    ``right`` has the full codes that a 7th character would give, in force in the period; ``note``
    is the note of an exclusion.
    """

    edit: str
    codes: tuple[str, ...]
    right: tuple[str, ...] = ()
    note: Exclusion | None = None


def hard_edits(
    release: CodeSet, codes: Iterable[str], since: date, until: date
) -> tuple[HardEdit, ...]:
    """The hard edits of some codes, in any order, used on unknown days of a period.

    Codes as written come first, in character order, then pairs in tabular order. A pair is reported
    once, with the first of its notes.
    """
    written = sorted(set(codes))
    out: list[HardEdit] = []
    for code in written:
        edit = _of_one(release, code, since, until)
        if edit is not None:
            out.append(edit)
    seen: set[frozenset[str]] = set()
    for found in release.conventions.exclusions(written) or ():
        pair = frozenset((found.code, found.other))
        if found.hard and pair not in seen:
            seen.add(pair)
            out.append(HardEdit("excludes1", (found.code, found.other), note=found))
    return tuple(out)


def _of_one(release: CodeSet, code: str, since: date, until: date) -> HardEdit | None:
    if _in_force(release, code, since, until):
        return None
    found = release.conventions.seventh(code)
    if found is not None and found.state in _OUT_OF_FORM:
        right = tuple(form for form in found.forms if _in_force(release, form, since, until))
        if right:
            return HardEdit("seventh", (code,), right)
    return HardEdit("invalid", (code,))


def _in_force(release: CodeSet, code: str, since: date, until: date) -> bool:
    return any(
        start <= until and (end is None or since <= end) for start, end in release.windows(code)
    )
