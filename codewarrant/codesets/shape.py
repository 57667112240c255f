"""How codes of each system are written: where the dot goes, what a category is, what sorts first.

ICD-10-CM puts the dot after three characters. ICD-9-CM does so too, except that its external-cause
codes (E800-E999) have four before the dot. The second character of an ICD-10-CM code is a digit,
or a letter with a digit after it (QA0).
"""

from __future__ import annotations

import re

ICD10CM = "icd10cm"
ICD9CM = "icd9cm"
SYSTEMS = (ICD10CM, ICD9CM)

_SHAPES = {
    ICD10CM: re.compile(r"([A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9]))\.?([0-9A-Z]{0,4})"),
    ICD9CM: re.compile(r"(E[0-9]{3})\.?([0-9]?)|(V[0-9]{2}|[0-9]{3})\.?([0-9]{0,2})"),
}


def normalise(system: str, text: str) -> str | None:
    """The code in upper case with its dot (``e119`` gives ``E11.9``), or None if not code-shaped.

    A dot in the wrong place is not moved: which character is wrong cannot be known.
    """
    trimmed = text.strip()
    # letters of other scripts may become ASCII in upper case (a dotless i becomes I)
    found = _SHAPES[system].fullmatch(trimmed.upper()) if trimmed.isascii() else None
    if found is None:
        return None
    head, tail = (part for part in found.groups() if part is not None)
    return f"{head}.{tail}" if tail else head


def flat(code: str) -> str:
    """The code without its dot."""
    return code.replace(".", "")


def dotted(system: str, bare: str) -> str:
    """Put the dot into a code that has none."""
    width = category_width(system, bare)
    return f"{bare[:width]}.{bare[width:]}" if len(bare) > width else bare


def category_width(system: str, code: str) -> int:
    """Characters of the category: three, four for the E codes of ICD-9-CM."""
    return 4 if system == ICD9CM and code.startswith("E") else 3


def moved_keys(categories: list[str]) -> tuple[tuple[str, str], ...]:
    """The categories whose place in the list is not that of their characters, each with its key.

    ``categories`` come in the order of the list. The first one and the longest increasing run after
    it stay where they are; each of the others takes its predecessor's key and ``~``, so that keys
    sort as text: after everything that starts with the predecessor, before what follows.
    """
    # by place: length of the longest run that starts at the first category and ends here, and the
    # place before it in that run
    runs: list[tuple[int, int]] = [(1, -1)]
    for at in range(1, len(categories)):
        before = [i for i in range(at) if runs[i][0] and categories[i] < categories[at]]
        best = max(before, key=lambda i: (runs[i][0], -i), default=-1)
        runs.append((runs[best][0] + 1, best) if best >= 0 else (0, -1))
    at = max(range(len(categories)), key=lambda i: (runs[i][0], -i), default=-1)
    stays = set()
    while at >= 0:
        stays.add(at)
        at = runs[at][1]
    moved: list[tuple[str, str]] = []
    key = ""
    for at, name in enumerate(categories):
        key = name if at in stays else key + "~"
        if at not in stays:
            moved.append((name, key))
    return tuple(sorted(moved))
