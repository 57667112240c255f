"""What a code set answers with."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import NamedTuple

UNTITLED = "title not installed"
"""What stands for the title of a code whose text no installed source gives."""


class Status(Enum):
    """What a code is on a date."""

    VALID = "valid"
    """In force and complete: may be billed."""
    HEADER = "header"
    """In the list, but only what stands below it may be billed."""
    NOT_YET = "not yet in force"
    ENDED = "ended"
    UNDETERMINED = "undetermined"
    """Outside what the release knows."""
    UNKNOWN = "unknown"
    """Not in the release on any date."""


class SeventhState(Enum):
    """Whether a code has the 7th character that it needs."""

    PRESENT = "present"
    MISSING = "missing"
    NOT_USED = "not used"


class Window(NamedTuple):
    """Days on which a code was valid, both included; ``end`` None means: not known after."""

    start: date
    end: date | None


class Note(NamedTuple):
    """A note with the level (chapter, section, code) and the place it comes from."""

    kind: str
    text: str
    level: str
    source: str


class SeventhCharacter(NamedTuple):
    """A 7th character, what it means, and what else it includes."""

    character: str
    meaning: str
    includes: tuple[str, ...] = ()


class Heading(NamedTuple):
    """A chapter (``name`` is its number) or a section (``name`` is its range, ``A00-A09``)."""

    level: str
    name: str
    title: str


class Term(NamedTuple):
    """A text that stands for a code: ``title``, ``inclusionTerm`` or ``includes``."""

    code: str
    kind: str
    text: str
