"""``codewarrant check --watch``: check again whenever a file of the packs has changed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from codewarrant.cli.exits import Exit
from codewarrant.engine.canonical import sha256

PAUSE = 0.3
"""Seconds between two looks at the files."""
ENDINGS = (".rules", ".csv")
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


class Watched:
    """The files of some folders: whether they are as they were when last asked.

    A file is read only if its time or size has changed, and has changed only if its content has:
    an editor that saves the same text again causes no check.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._digests: dict[Path, str] = {}
        self._asked = False

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self._digests)

    def changed(self) -> bool:
        """Whether any file came, went or changed since the last call; true at the first."""
        stamps = dict(self._look())
        digests = {
            path: known if stamps[path] == self._stamps.get(path) and known else _digest(path)
            for path in stamps
            for known in (self._digests.get(path, ""),)
        }
        different = digests != self._digests or not self._asked
        self._stamps, self._digests, self._asked = stamps, digests, True
        return different

    def _look(self) -> list[tuple[Path, tuple[int, int]]]:
        found = []
        for folder in self._folders:
            paths = [folder] if folder.is_file() else sorted(folder.rglob("*"))
            for path in paths:
                if path.suffix not in ENDINGS:
                    continue
                try:
                    stat = path.stat()
                except OSError:  # gone since it was listed
                    continue
                found.append((path, (stat.st_mtime_ns, stat.st_size)))
        return found


def _digest(path: Path) -> str:
    """An empty text for a file that cannot be read: the check says so."""
    try:
        return sha256(path.read_bytes())
    except OSError:
        return ""


def watch(
    folders: Sequence[Path],
    check: Callable[[], object],
    wait: Callable[[float], object] = time.sleep,
) -> Exit:
    """Check now and after every change, until the user interrupts, which is no failure."""
    watched = Watched(folders)
    try:
        while True:
            if watched.changed():
                print(CLEAR if sys.stdout.isatty() else "", end="")
                check()
                print(f"watching {watched.count} files; Ctrl-C ends", flush=True)
            wait(PAUSE)
    except KeyboardInterrupt:
        print()
        return Exit.FINE
