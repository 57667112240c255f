"""How codes of each system are written: where the dot goes, what a category is, what sorts first.

ICD-10-CM puts the dot after three characters. ICD-9-CM does so too, except that its external-cause
codes (E800-E999) have four before the dot.
"""

from __future__ import annotations

import re

ICD10CM = "icd10cm"
ICD9CM = "icd9cm"
SYSTEMS = (ICD10CM, ICD9CM)

_SHAPES = {
    ICD10CM: re.compile(r"([A-Z][0-9][0-9A-Z])\.?([0-9A-Z]{0,4})"),
    ICD9CM: re.compile(r"(E[0-9]{3})\.?([0-9]?)|(V[0-9]{2}|[0-9]{3})\.?([0-9]{0,2})"),
}


def normalise(system: str, text: str) -> str | None:
    """The code in upper case with its dot (``e119`` gives ``E11.9``), or None if not code-shaped.

    A dot in the wrong place is not moved: which character is wrong cannot be known.
    """
    found = _SHAPES[system].fullmatch(text.strip().upper())
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

    ``categories`` come in the order of the list. The longest increasing run stays where it is;
    each of the others takes its predecessor's key and ``~``, so that keys sort as text: after
    everything that starts with the predecessor, before the category that follows.
    """
    best: list[tuple[int, int]] = []
    for at, name in enumerate(categories):
        longest = max(((best[i][0], -i) for i in range(at) if categories[i] < name), default=(0, 1))
        best.append((longest[0] + 1, -longest[1]))
    at = max(range(len(best)), key=lambda i: (best[i][0], -i), default=-1)
    stays = set()
    while at >= 0:
        stays.add(at)
        at = best[at][1]
    moved: list[tuple[str, str]] = []
    key = ""
    for at, name in enumerate(categories):
        key = name if at in stays else key + "~"
        if at not in stays:
            moved.append((name, key))
    return tuple(sorted(moved))
