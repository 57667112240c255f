"""The bytes of a rulepack, and the one place that reads them from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from codewarrant.engine.canonical import digest, sha256

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read."""


@dataclass(frozen=True)
class PackSource:
    """A pack as bytes: file names relative to its folder, with ``/``, to their contents."""

    name: str
    files: Mapping[str, bytes]

    @cached_property
    def digest(self) -> str:
        """sha256 over the names and contents of all files."""
        return digest({name: sha256(data) for name, data in self.files.items()})

    @property
    def rule_files(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.files if name.endswith(".rules")))


def load_pack_dir(path: Path | str) -> PackSource:
    """Read the rule files and tables of a folder and of the folders below it.

    Raises ``FileNotFoundError`` if it is not there, and ``ValueError`` for a file that is too large
    or a link that leads out of it.
    """
    root = Path(path)
    if root.is_file():
        return PackSource(root.stem, {root.name: _read(root)})
    if not root.is_dir():
        raise FileNotFoundError(f"no rulepack at {root}")
    inside = root.resolve()
    files: dict[str, bytes] = {}
    for item in sorted(root.rglob("*")):
        if item.suffix not in (".rules", ".csv") or not item.is_file():
            continue
        if not item.resolve().is_relative_to(inside):
            raise ValueError(f"{item} leads out of the rulepack")
        files[item.relative_to(root).as_posix()] = _read(item)
    return PackSource(inside.name, files)


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is larger than {LARGEST} bytes")
    return path.read_bytes()
