"""What goes wrong with code sets."""

from __future__ import annotations


class CodeSetError(Exception):
    """A code set cannot be read, or an installed source is missing or altered."""
