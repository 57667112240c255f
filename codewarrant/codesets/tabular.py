"""Read the official ICD-10-CM tabular XML: titles, notes by kind, and 7th characters.

The tables of visual impairment under H54 are the only part of the file that is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

from codewarrant.codesets.errors import CodeSetError

NOTE_KINDS = (
    "includes",
    "inclusionTerm",
    "excludes1",
    "excludes2",
    "codeFirst",
    "useAdditionalCode",
    "codeAlso",
    "notes",
    "sevenChrNote",
)
"""The kinds of note, named as the official file names them."""

Seventh = tuple[str, str, tuple[str, ...]]
"""A 7th character, what it means, and what else it includes."""


@dataclass(slots=True)
class Entry:
    """A chapter, section or code as it stands in the file, without what stands below it."""

    level: str
    name: str
    title: str
    leaf: bool = False
    notes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    sevenths: tuple[Seventh, ...] = ()
    chapter: str = ""
    section: str = ""
    extension_of: str = ""


def read(data: bytes) -> list[Entry]:
    """Every chapter, section and code in tabular order, 7th characters spelt out.

    A code that takes a 7th character is followed by its full codes, with ``X`` in the places that
    have no character of their own; which of them exist is for the validity table to say. Raises
    ``CodeSetError`` where the bytes are not such a file.
    """
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        line = error.position[0]
        raise CodeSetError(f"the tabular list is not well-formed XML (line {line})") from error
    if root.tag != "ICD10CM.tabular":
        raise CodeSetError(f"expected root element `ICD10CM.tabular`, found `{root.tag}`")
    out: list[Entry] = []
    for chapter in root.findall("chapter"):
        head = _entry(chapter, "chapter", _text(chapter.find("name")))
        out.append(head)
        for section in chapter.findall("section"):
            part = _entry(section, "section", section.get("id", ""))
            part.chapter = head.name
            out.append(part)
            for diag in section.findall("diag"):
                _diagnosis(diag, part, (), out)
    if not out:
        raise CodeSetError("the tabular list holds no chapter")
    return out


def _diagnosis(
    element: ElementTree.Element, section: Entry, sevenths: tuple[Seventh, ...], out: list[Entry]
) -> None:
    entry = _entry(element, "code", _text(element.find("name")))
    entry.chapter, entry.section = section.chapter, section.name
    sevenths = entry.sevenths or sevenths
    children = element.findall("diag")
    entry.leaf = not children
    out.append(entry)
    for child in children:
        _diagnosis(child, section, sevenths, out)
    if not children and sevenths:
        bare = entry.name.replace(".", "").ljust(6, "X")
        for character, meaning, _ in sevenths:
            out.append(
                Entry(
                    "code",
                    f"{bare[:3]}.{bare[3:]}{character}",
                    f"{entry.title}, {meaning}",
                    leaf=True,
                    chapter=section.chapter,
                    section=section.name,
                    extension_of=entry.name,
                )
            )


def _entry(element: ElementTree.Element, level: str, name: str) -> Entry:
    entry = Entry(level, name, _text(element.find("desc")))
    for part in element:
        if part.tag in NOTE_KINDS:
            texts = tuple(text for note in part.findall("note") if (text := _text(note)))
            if texts:
                entry.notes.append((part.tag, texts))
        elif part.tag == "sevenChrDef":
            entry.sevenths = _sevenths(part)
    return entry


def _sevenths(element: ElementTree.Element) -> tuple[Seventh, ...]:
    """A note after an extension says what else that character includes."""
    out: list[Seventh] = []
    for part in element:
        if part.tag == "extension":
            out.append((part.get("char", ""), _text(part), ()))
        elif part.tag == "note" and out:
            character, meaning, also = out[-1]
            out[-1] = (character, meaning, (*also, _text(part)))
    return tuple(out)


def _text(element: ElementTree.Element | None) -> str:
    if element is None or element.text is None:
        return ""
    return " ".join(element.text.split())
