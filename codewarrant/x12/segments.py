"""An X12 interchange as segments, each with its number and place, its envelopes checked.

Layout of the envelopes: ASC X12 005010, X12.5 (interchange control structures) and X12.6
(application control structures). ISA is the one segment of fixed width: its fourth character
separates elements, ISA11 repetitions, ISA16 components, and what follows ISA16 ends segments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codewarrant.engine.canonical import sha256

MOST_BYTES = 50_000_000
VERSION = "00501"
"""ISA12 of 5010, the version that HIPAA names (45 CFR 162.1102)."""

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_ISA_LENGTH = 106
_ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
_LINE_END = "\r\n"
_ID = re.compile(r"[A-Z][A-Z0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a segment; never what it says. ``segment`` counts from 1 (ISA); 0 and an
    empty ``id`` stand for the file as a whole."""

    segment: int
    id: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    @property
    def place(self) -> str:
        return f"segment {self.segment} ({self.id})" if self.segment else ""


class X12Error(Exception):
    """The file, a transaction or a claim cannot be read, for the reason in :attr:`fault`."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that an interchange says it is written with."""

    element: str
    repetition: str
    component: str
    terminator: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its number in the file from 1, its id, its elements from 01 on."""

    number: int
    id: str
    elements: tuple[str, ...]
    separators: Separators

    def element(self, at: int) -> str:
        """Element 01, 02, … without padding; empty where the segment ends before it."""
        return self.elements[at - 1].strip() if at <= len(self.elements) else ""

    def components(self, at: int) -> tuple[str, ...]:
        """The components of an element; one that is not there has none."""
        value = self.element(at)
        return tuple(value.split(self.separators.component)) if value else ()

    def error(self, message: str) -> X12Error:
        """The error that this segment is wrong."""
        return X12Error(Fault(self.number, self.id, message))


@dataclass(frozen=True, slots=True)
class Transaction:
    """From ST to SE, without these two, with the control numbers around it."""

    kind: str
    """ST01: ``837``."""
    guide: str
    """ST03, else GS08: ``005010X222A1``."""
    interchange: str
    """ISA13."""
    group: str
    """GS06."""
    control: str
    """ST02."""
    opened: Segment
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Interchanges:
    """A file: the digest of its bytes, its transactions in order."""

    sha256: str
    transactions: tuple[Transaction, ...]


def is_x12(data: bytes) -> bool:
    """Whether a file begins as an X12 interchange does."""
    return data.removeprefix(_BOM).lstrip(_BLANK).startswith(b"ISA")


def read_interchanges(data: bytes) -> Interchanges:
    """The transactions of a file of one or more interchanges.

    Raises :class:`X12Error` with the first segment that is wrong: a truncated file, an envelope
    that is missing or not closed, control numbers or counts that differ, another version.
    """
    if len(data) > MOST_BYTES:
        raise _whole(f"{len(data):,} bytes; at most {MOST_BYTES:,} are accepted")
    text = _decoded(data.removeprefix(_BOM).lstrip(_BLANK))
    if not text.startswith("ISA"):
        raise _whole("no X12 interchange: ISA does not come first")
    segments = list(_split(text))
    found: list[Transaction] = []
    at = 0
    while at < len(segments):
        at = _interchange(segments, at, found)
    return Interchanges(sha256(data), tuple(found))


def _whole(message: str) -> X12Error:
    return X12Error(Fault(0, "", message))


def _decoded(data: bytes) -> str:
    """UTF-8, else Latin-1: X12 does not say, and nothing that is read goes beyond ASCII."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _split(text: str) -> Iterator[Segment]:
    """All segments. Line ends after a terminator are no part of the next segment."""
    number, at, separators = 0, 0, None
    while at < len(text):
        number += 1
        if text.startswith("ISA", at) or separators is None:
            separators = _separators(text, at, number)
        end = text.find(separators.terminator, at)
        if end < 0:
            name = _id(text[at:].split(separators.element)[0])
            raise X12Error(Fault(number, name, "the file ends inside this segment"))
        name, *elements = text[at:end].split(separators.element)
        segment = Segment(number, _id(name), tuple(elements), separators)
        if not _ID.fullmatch(name):
            raise segment.error("does not begin with the id of a segment")
        # separators may themselves be control characters, which are gone by now but for components
        allowed = (separators.component, separators.repetition)
        if any(ord(sign) < 32 and sign not in allowed for item in elements for sign in item):
            raise segment.error("holds a line end or another control character")
        yield segment
        at = end + 1
        while at < len(text) and text[at] in _LINE_END:
            at += 1
        if not text[at:].strip():
            return


def _id(name: str) -> str:
    """A segment's id for messages: what is no id may be anything, and is not repeated."""
    return name if _ID.fullmatch(name) else "?"


def _separators(text: str, at: int, number: int) -> Separators:
    isa = text[at : at + _ISA_LENGTH]
    if len(isa) < _ISA_LENGTH:
        raise X12Error(Fault(number, "ISA", "the file ends inside this segment"))
    mark = isa[3]
    if any(isa[place] != mark for place in _ISA_SEPARATORS) or isa.count(mark) != 16:
        raise X12Error(Fault(number, "ISA", "its elements do not have their fixed widths"))
    found = Separators(mark, isa[82], isa[104], isa[105])
    signs = (found.element, found.component, found.terminator)
    if len(set(signs)) < 3 or any(sign.isalnum() or sign == " " for sign in signs):
        raise X12Error(Fault(number, "ISA", "its separators are not three different signs"))
    return found


def _interchange(segments: Sequence[Segment], at: int, found: list[Transaction]) -> int:
    """Read one interchange from its ISA; where the next begins."""
    isa = segments[at]
    if isa.id != "ISA":
        raise isa.error("stands outside ISA and IEA")
    if isa.element(12) != VERSION:
        raise isa.error(f"ISA12 is another version of X12; {VERSION} is read")
    groups = 0
    at += 1
    while (segment := _next(segments, at, "IEA", isa)).id != "IEA":
        if segment.id == "TA1":  # acknowledges an interchange received earlier
            at += 1
        elif segment.id == "GS":
            at = _group(segments, at, isa, found)
            groups += 1
        else:
            raise segment.error("stands outside GS and GE")
    _closed(segment, isa, isa.element(13), groups, "functional groups")
    return at + 1


def _group(segments: Sequence[Segment], at: int, isa: Segment, found: list[Transaction]) -> int:
    gs = segments[at]
    count = 0
    at += 1
    while (segment := _next(segments, at, "GE", gs)).id != "GE":
        if segment.id != "ST":
            raise segment.error("stands outside ST and SE")
        at = _transaction(segments, at, isa, gs, found)
        count += 1
    _closed(segment, gs, gs.element(6), count, "transactions")
    return at + 1


def _transaction(
    segments: Sequence[Segment], at: int, isa: Segment, gs: Segment, found: list[Transaction]
) -> int:
    st = segments[at]
    end = at + 1
    while (segment := _next(segments, end, "SE", st)).id != "SE":
        if segment.id in ("ISA", "IEA", "GS", "GE", "ST"):
            raise segment.error(f"comes before SE closes the ST of segment {st.number}")
        end += 1
    _closed(segment, st, st.element(2), end - at + 1, "segments")
    found.append(
        Transaction(
            kind=st.element(1),
            guide=st.element(3) or gs.element(8),
            interchange=isa.element(13),
            group=gs.element(6),
            control=st.element(2),
            opened=st,
            segments=tuple(segments[at + 1 : end]),
        )
    )
    return end + 1


def _next(segments: Sequence[Segment], at: int, closing: str, opened: Segment) -> Segment:
    if at >= len(segments):
        last = segments[-1]
        raise last.error(f"the file ends without {closing} for segment {opened.number}")
    return segments[at]


def _closed(closing: Segment, opened: Segment, control: str, count: int, what: str) -> None:
    if closing.element(2) != control:
        raise closing.error(f"its control number is not that of segment {opened.number}")
    said = closing.element(1)
    if not (said.isascii() and said.isdigit() and len(said) <= 10) or int(said) != count:
        raise closing.error(f"its count is wrong: there are {count} {what}")
