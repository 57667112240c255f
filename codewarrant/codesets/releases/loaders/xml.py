"""The official XML documents: which one a file is, and its root element."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source

_START = re.compile(r"<([A-Za-z][^\s/>]*)")


def begins_with(source: Source, root: str) -> bool:
    """Whether the first element of a file has that name."""
    text = source.head[:4096].decode("utf-8", "replace").lstrip("\ufeff").lstrip()
    if not text.startswith("<"):
        return False
    found = _START.search(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    return found is not None and found[1] == root


def root_of(source: Source, data: bytes, root: str) -> ElementTree.Element:
    """The parsed document. Raises ``ReleaseError`` with the line where it is not well-formed."""
    try:
        element = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise ReleaseError(
            "is no well-formed XML from here on: the file is cut or damaged",
            source.name,
            error.position[0],
        ) from error
    if element.tag != root:
        raise ReleaseError(f"begins with `{element.tag}`, not `{root}`", source.name)
    return element


def words(text: str | None) -> str:
    """Text with single spaces."""
    return " ".join((text or "").split())
