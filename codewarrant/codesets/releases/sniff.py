"""Which loader reads a file: found out from its content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from codewarrant.codesets.releases.draft import Asked, Draft, Loader
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source

MODULES: tuple[str, ...] = (
    "exported",
    "ncci_ptp",
    "ncci_mue",
    "ncci_add_on",
    "icd10cm_tabular",
    "icd10cm_index",
    "poa_exempt",
    "code_lists",
    "addenda",
    "hcpcs",
    "coverage",
    "fee_schedule",
    "editor_flags",
    "place_of_service",
)
"""Modules of ``releases.loaders``, each with a tuple ``LOADERS``; the first that recognises a file
reads it."""


def loaders() -> Iterator[Loader]:
    """All loaders, in the order in which they are asked."""
    for module in MODULES:
        yield from import_module(f"codewarrant.codesets.releases.loaders.{module}").LOADERS


def drafts(sources: Sequence[Source], asked: Asked) -> tuple[list[Draft], list[Source]]:
    """The drafts of all files that some loader recognises, and the files that none does.

    Raises ``ReleaseError`` where no file is recognised, and what the loaders raise.
    """
    found: dict[str, tuple[Loader, list[Source]]] = {}
    unread = []
    known = tuple(loaders())
    for source in sources:
        for loader in known:
            if loader.recognises(source):
                found.setdefault(loader.name, (loader, []))[1].append(source)
                break
        else:
            unread.append(source)
    if not found:
        names = ", ".join(source.name for source in unread[:5]) or "no file"
        formats = "; ".join(loader.what for loader in known)
        raise ReleaseError(f"no known format ({names}); known are: {formats}")
    out: list[Draft] = []
    for loader, given in found.values():
        out += loader.drafts(given, asked)
    return out, unread
