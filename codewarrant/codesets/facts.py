"""The tables of facts that ship with the package: validity, flags, ages, successors.

They are written by ``scripts/build_validity.py``; ``data/PROVENANCE.json`` says from what.
"""

from __future__ import annotations

import gzip
import hashlib
from importlib import resources

import orjson

from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.shape import ICD9CM, ICD10CM

Span = tuple[str, str]
"""First and last day, both included, as ISO dates."""
Validity = tuple[tuple[Span, ...], tuple[tuple[str, Span], ...]]
"""The windows of a code, and its flags each with the days it was set."""


def packed(name: str) -> bytes:
    """The bytes of a shipped table as they lie in the package."""
    return (resources.files("codewarrant.codesets") / "data" / name).read_bytes()


def table_names(system: str) -> tuple[str, ...]:
    """The shipped tables that a release of ``system`` is compiled from."""
    if system == ICD10CM:
        return "windows_icd10cm.tsv.gz", "ages.tsv.gz", "conversions_icd10cm.tsv.gz"
    return "windows_icd9cm.tsv.gz", "ages.tsv.gz", "headers_icd9cm.tsv"


def sha256(system: str) -> str:
    """One digest over all shipped tables of a system."""
    whole = hashlib.sha256()
    for name in table_names(system):
        whole.update(hashlib.sha256(packed(name)).digest())
    return whole.hexdigest()


def rows(name: str) -> list[list[str]]:
    """The cells of a shipped table. Raises ``CodeSetError`` where it is damaged."""
    data = packed(name)
    try:
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CodeSetError(f"the shipped table `{name}` is damaged") from error
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def iso(day: str) -> str:
    """``20151001`` as ``2015-10-01``."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def validity(system: str) -> dict[str, Validity]:
    """By code without dot: its windows, and its flags each with the days it was set."""
    out = {}
    for bare, spell, marks in rows(f"windows_{system}.tsv.gz"):
        windows = tuple(_span(part) for part in spell.split())
        flags = []
        for mark in marks.split():
            name, _, days = mark.partition(":")
            flags += [(name, _span(days))] if days else [(name, window) for window in windows]
        out[bare] = (windows, tuple(sorted(flags)))
    return out


def horizon(system: str) -> str:
    """The last day that the shipped windows know of; cheap, unlike :func:`validity`."""
    described = orjson.loads(packed("PROVENANCE.json"))["tables"][f"windows_{system}.tsv.gz"]
    return iso(str(described["last_day"]))


def age_ranges() -> list[tuple[str, str, str, int, int]]:
    """Flag, first day, last day, youngest and oldest age in years."""
    return [
        (name, iso(start), iso(end), int(low), int(high))
        for name, start, end, low, high in rows("ages.tsv.gz")
    ]


def conversions() -> list[tuple[str, str, str]]:
    """Older code, newer code (ICD-10-CM, without dots), first day of the newer."""
    return [(old, new, iso(day)) for old, new, day in rows("conversions_icd10cm.tsv.gz")]


def header_titles() -> dict[str, str]:
    """Titles of our own wording for ICD-9-CM codes that were later subdivided, by bare code."""
    return dict(rows(f"headers_{ICD9CM}.tsv"))


def _span(text: str) -> Span:
    start, _, end = text.partition("-")
    return iso(start), iso(end)
