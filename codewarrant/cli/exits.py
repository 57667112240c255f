"""Exit codes."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What an exit code means, the same for every command."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    REFUSED = 3
    STORE = 4
