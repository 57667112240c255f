"""What a run leaves behind: every firing, and every rule that nearly fired, in one total order.

The records are named tuples: a run makes thousands of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from codewarrant.engine.facts import Fact
from codewarrant.engine.relation import Relation
from codewarrant.engine.values import Code, Value


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a note, for conditions on words."""

    source: str
    begin: int
    end: int
    words: tuple[str, ...]
    section: str = ""
    """Kind of the section it stands in; empty under no known heading."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What a run reads besides the program."""

    facts: tuple[Fact, ...]
    clocks: Mapping[str, date | None]
    supplied: frozenset[str] = frozenset()
    """Open entities that this feed does supply, so that their absence means something."""
    relations: Mapping[str, Relation] | None = None
    sentences: tuple[Sentence, ...] = ()


class Bound(NamedTuple):
    """A variable and the fact (by id) or relation row (``name/row id``) it was bound to."""

    var: str
    fact: str
    evidence: tuple[str, ...] = ()


class Tested(NamedTuple):
    """An atom and what it came to; ``value`` is what the record said, ``truth`` None if unknown."""

    atom: int
    text: str
    truth: bool | None
    value: Value | None = None


class Absence(NamedTuple):
    """A search that found nothing, and the stratum whose start it was made at."""

    pattern: str
    stratum: int


class Excuse(NamedTuple):
    """An exception that was tried; ``held`` None: undetermined. ``because`` is set where held."""

    name: str
    held: bool | None
    because: str = ""
    override: str = ""


class Concluded(NamedTuple):
    """One action carried out. ``kind`` is the action's name in lower case: assign, omit, deny …

    ``target`` is the fact acted on, ``code`` the code concluded, ``fact`` the fact that came of it.
    """

    kind: str
    because: str
    target: str = ""
    code: Code | None = None
    fact: str = ""
    new: bool = False
    detail: Mapping[str, Any] | None = None
    """What the kind adds: modifier, reason, units, what, first, second, role."""


class Firing(NamedTuple):
    """A rule that fired on one match; ``seq`` numbers the firings of the run from 0."""

    seq: int
    stratum: int
    stage: str
    rule: str
    bound: tuple[Bound, ...]
    tests: tuple[Tested, ...]
    absent: tuple[Absence, ...]
    unless: tuple[Excuse, ...]
    concluded: tuple[Concluded, ...]
    defeated_by: str | None = None
    """Why its conclusion did not stand: a rule id, or ``conflict``."""


class NearMiss(NamedTuple):
    """A match that did not fire: ``excused`` (by an exception), ``undetermined`` (with what was
    missing), or ``suspended`` / ``not in force`` (the rule as a whole; nothing bound)."""

    kind: str
    stage: str
    rule: str
    bound: tuple[Bound, ...] = ()
    by: str = ""
    because: str = ""
    missing: tuple[str, ...] = ()
    """``var.field`` or what else was not known."""
    review: bool = False
    """Whether it sends the chart to review."""


class LookedUp(NamedTuple):
    """One question to a relation and the rows it gave; empty answers are kept too."""

    relation: str
    digest: str
    keys: Mapping[str, Value]
    rows: tuple[str, ...]


class Conflict(NamedTuple):
    """Rules that cannot all have their way: what was documented is reported, a person decides."""

    kind: str
    """``replacements``, ``omitted and assigned``, ``cover each other``, ``sequence``."""
    codes: tuple[Code, ...]
    rules: tuple[str, ...]


class Standing(NamedTuple):
    """One code at the end of the code stage.

    ``state``: reported, omitted, replaced, void (rested only on a voided conclusion) or possible
    (only an undetermined rule concluded it). ``by`` are the firings that decided the state,
    ``firings`` those that concluded the code, ``facts`` the statements it rests on, ``place`` what
    is reported in its place (itself, its replacement, or the codes that cover it).
    """

    code: Code
    state: str
    fact: str
    facts: tuple[str, ...] = ()
    firings: tuple[int, ...] = ()
    by: tuple[int, ...] = ()
    place: tuple[Code, ...] = ()
    documented: bool = False
    shaken: bool = False
    """Rests on a code whose replacement was voided by a conflict."""


class LineResult(NamedTuple):
    """A line after the line stage: modifiers added, pointers followed, units' ceiling."""

    fact: str
    modifiers: tuple[str, ...]
    pointers: tuple[Code, ...]
    lost_pointers: bool = False
    """It had pointers and none is left: a person must look."""
    ceiling: int | None = None
    firings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a run found. The order of every tuple is fixed by content."""

    facts: tuple[Fact, ...]
    """Facts concluded by rules; the chart's own are not repeated."""
    firings: tuple[Firing, ...]
    near_misses: tuple[NearMiss, ...]
    lookups: tuple[LookedUp, ...]
    standing: tuple[Standing, ...]
    removed: tuple[tuple[str, tuple[int, ...]], ...]
    """Statements removed in the admit stage, with the firings that removed them."""
    sequence: tuple[Code, ...]
    """The reported codes in order."""
    lines: tuple[LineResult, ...]
    conflicts: tuple[Conflict, ...]
    levels: int
    """How many levels the code stage had."""
