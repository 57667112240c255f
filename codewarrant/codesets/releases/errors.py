"""What goes wrong with releases."""

from __future__ import annotations


class ReleaseError(Exception):
    """A file is not what it should be, or the store of releases cannot be used.

    ``file`` is the name of the file (inside its archive, if it lies in one), ``line`` its line or
    row, counted from 1; "" and 0 where the error has no such place.
    """

    def __init__(self, message: str, file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message
