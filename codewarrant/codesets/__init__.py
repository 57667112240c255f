"""What a diagnosis code means on a date: validity, place, titles, notes and flags."""

from codewarrant.codesets.answers import (
    UNTITLED,
    Heading,
    Note,
    SeventhCharacter,
    SeventhState,
    Status,
    Term,
    Window,
)
from codewarrant.codesets.cache import load
from codewarrant.codesets.codeset import CodeSet
from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.shape import ICD9CM, ICD10CM, SYSTEMS

__all__ = [
    "ICD9CM",
    "ICD10CM",
    "SYSTEMS",
    "UNTITLED",
    "CodeSet",
    "CodeSetError",
    "Heading",
    "Note",
    "SeventhCharacter",
    "SeventhState",
    "Status",
    "Term",
    "Window",
    "load",
]
