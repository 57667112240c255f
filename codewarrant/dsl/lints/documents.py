"""Source documents that lie in a pack's folder as plain text, known by their digest."""

from __future__ import annotations

from pathlib import Path

from codewarrant.engine.canonical import sha256

KINDS = (".txt", ".md")
LARGEST = 64 * 1024 * 1024
"""Bytes of the largest document that is read."""


def attached(folder: Path) -> dict[str, str]:
    """The text of each document in a folder and below it, by the sha256 of its file.

    Files that are not UTF-8, too large, or outside the folder by a link are passed over. Raises
    ``OSError`` if one cannot be read.
    """
    if not folder.is_dir():
        return {}
    out: dict[str, str] = {}
    inside = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in KINDS or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        if not path.resolve().is_relative_to(inside):
            continue
        data = path.read_bytes()
        try:
            out[sha256(data)] = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
    return out
