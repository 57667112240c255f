"""What the engine runs: an immutable, digest-addressed program, lowered from checked rules.

The program says what rules mean and nothing of how to match them fast; matching plans are worked
out from it when it is loaded. Every class here is a frozen dataclass and has one canonical form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from codewarrant.engine.canonical import digest
from codewarrant.engine.conditions import ALWAYS, Binder, Condition, Term, Window
from codewarrant.engine.values import CodeOrder, Intervals, Value

SEMANTICS = "1"
"""Version of what rules mean: old decisions replay under theirs."""

STAGES = ("admit", "code", "sequence", "line", "edit")
Stage: TypeAlias = Literal["admit", "code", "sequence", "line", "edit"]


# ---- actions ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Because:
    """A reason with values filled in: text parts and terms."""

    parts: tuple[str | Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Remove:
    """Admit stage: the chart does not support this statement."""

    var: str
    because: Because


@dataclass(frozen=True, slots=True)
class Omit:
    """Code stage: true, but covered by another code."""

    var: str
    because: Because


@dataclass(frozen=True, slots=True)
class Assign:
    """Code stage: this code holds. ``writes`` bounds what the term can give."""

    code: Term
    writes: Intervals
    because: Because
    role: str = "secondary"


@dataclass(frozen=True, slots=True)
class Replace:
    """Code stage: the new code holds and takes the place of the old one."""

    var: str
    code: Term
    writes: Intervals
    because: Because


@dataclass(frozen=True, slots=True)
class Sequence:
    """Sequence stage: what is reported for ``first`` stands before what is for ``second``."""

    first: str | Term
    second: str | Term
    because: Because
    """A ``str`` is a variable; a term gives a code."""


@dataclass(frozen=True, slots=True)
class AddModifier:
    """Line stage."""

    var: str
    modifier: str
    because: Because


@dataclass(frozen=True, slots=True)
class Deny:
    """Edit stage; ``var`` is a line or the claim, ``reason`` a claim adjustment reason."""

    var: str
    reason: str
    because: Because


@dataclass(frozen=True, slots=True)
class LimitUnits:
    """Edit stage: a ceiling for the units of a line; the lowest wins."""

    var: str
    to: Term
    because: Because


@dataclass(frozen=True, slots=True)
class Require:
    """Edit stage: something that must be there before the claim goes out."""

    what: str
    var: str
    because: Because


@dataclass(frozen=True, slots=True)
class Query:
    """Edit stage: a question to the provider."""

    text: Because


@dataclass(frozen=True, slots=True)
class Route:
    """Edit stage: a person must look."""

    because: Because


Action: TypeAlias = (
    Remove
    | Omit
    | Assign
    | Replace
    | Sequence
    | AddModifier
    | Deny
    | LimitUnits
    | Require
    | Query
    | Route
)

STAGE_OF: dict[type, Stage] = {
    Remove: "admit", Omit: "code", Assign: "code", Replace: "code", Sequence: "sequence",
    AddModifier: "line", Deny: "edit", LimitUnits: "edit", Require: "edit", Query: "edit",
    Route: "edit",
}  # fmt: skip


# ---- rules --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule comes from: ``label`` as printed, ``section`` and the source's id."""

    source: str
    section: str
    label: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Unless:
    """Excuses one match. ``to`` names the exception it withdraws; ``override`` who added it."""

    name: str
    when: Condition
    because: Because
    cites: tuple[Citation, ...] = ()
    window: Window = ALWAYS
    to: str = ""
    instead: tuple[Action, ...] = ()
    override: str = ""


@dataclass(frozen=True, slots=True)
class Suspension:
    """An override that switches a rule off for a period."""

    override: str
    window: Window
    because: str
    cites: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Swap:
    """An override that puts other actions in place of a rule's own for a period."""

    override: str
    window: Window
    actions: tuple[Action, ...]
    because: str
    cites: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    """``pack/name``."""
    pack: str
    version: str
    sha256: str
    """Digest of the rule's text."""
    title: str
    binders: tuple[Binder, ...]
    when: Condition
    actions: tuple[Action, ...]
    atoms: tuple[str, ...] = ()
    """The text of each numbered atom, for explanations; an atom's number is its place here."""
    cites: tuple[Citation, ...] = ()
    window: Window = ALWAYS
    mandatory: bool = False
    severity: str = "warning"
    if_unknown: Literal["default", "review", "ignore"] = "default"
    exceptions: tuple[Unless, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    swaps: tuple[Swap, ...] = ()

    @property
    def stage(self) -> Stage:
        """The stage of the earliest action: a rule is matched once, there."""
        stages: list[Stage] = [STAGE_OF[type(item)] for item in self.actions]
        return min(stages, key=STAGES.index)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated value; ``values`` are windows with the value in force in each."""

    id: str
    values: tuple[tuple[Window, Value], ...]


@dataclass(frozen=True)
class Program:
    """All rules of a snapshot, linked: overrides applied, sets resolved, entities declared."""

    rules: tuple[Rule, ...]
    orders: tuple[CodeOrder, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    standing: str = "diagnosis"
    """The entity that admit and code stages speak of."""
    assigned: tuple[tuple[str, Value], ...] = (("certainty", "confirmed"), ("status", "active"))
    """Fields that a concluded fact of the standing entity has; all others are unknown."""
    open_entities: tuple[str, ...] = ("authorization",)
    """Families that a feed may not supply: their absence is unknown unless the chart says so."""
    relations: tuple[tuple[str, str], ...] = ()
    """Name and digest of each relation that the rules join."""
    semantics: str = field(default=SEMANTICS)

    @cached_property
    def sha256(self) -> str:
        return digest(self)
