"""What rules read at one moment, what is recorded of it, and what names mean in a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from codewarrant.engine.conditions import Binder
from codewarrant.engine.facts import Fact
from codewarrant.engine.lookups import Lookups
from codewarrant.engine.program import Parameter
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import Code, Intervals, Membership, Value
from codewarrant.engine.views import View

Truth: TypeAlias = bool | None
Env: TypeAlias = dict[str, Fact | Row]


@dataclass(slots=True)
class Record:
    """What one evaluation of a match came across."""

    tests: list[tuple[int, Truth, Value | None]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    witnesses: list[tuple[str, str, Fact | Row]] = field(default_factory=list)
    """For each ``some`` that holds: its variable, and what it found with its name in the trace."""
    absent: list[int] = field(default_factory=list)
    covers: list[list[Fact]] = field(default_factory=list)
    """For each ``some`` that holds, the facts that make it hold."""
    depth: int = 0
    """Above 0 inside a quantifier: its candidates' atoms are not listed one by one."""
    inside: list[tuple[int, Truth]] | None = None
    """The atoms inside quantifiers, once for each candidate, where a list is given for them."""

    def grounds(self) -> tuple[int, int, int]:
        """A mark to come back to."""
        return len(self.witnesses), len(self.absent), len(self.covers)

    def forget_grounds(self, mark: tuple[int, int, int]) -> None:
        """Drop what was noted since: the condition that it was part of does not hold."""
        witnesses, absent, covers = mark
        del self.witnesses[witnesses:], self.absent[absent:], self.covers[covers:]


@dataclass(slots=True)
class Reading:
    """What rules read at one moment of a run."""

    current: View
    """What positive patterns read."""
    start: View
    """What ``no``, ``every``, counts, sums and exceptions read."""
    documented: View
    by_code: bool
    """Two standing facts of one code are one diagnosis (everywhere but in the admit stage)."""
    standing: str
    clocks: Mapping[str, date | None]
    lookups: Lookups
    sentences: tuple[Sentence, ...]
    supplied: frozenset[str]
    key: Callable[[Code], str]
    record: Record | None = None

    def identity(self, fact: Fact) -> object:
        """What counts as one fact for two variables and for counts."""
        if self.by_code and fact.entity == self.standing:
            return fact.fields.get("code", fact.id)
        return fact.id


Test: TypeAlias = Callable[[Reading, Env], Truth]
Reader: TypeAlias = Callable[[Reading, Env], "Value | None"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean while one rule is turned into functions."""

    parameters: Mapping[str, Parameter]
    standing: str
    open_entities: frozenset[str]
    clock: str
    memberships: dict[Intervals, Membership]
    fields: dict[tuple[str, str, bool], Reader]
    """Functions for fields, shared by all rules."""
    rows: frozenset[str] = frozenset()
    """Variables bound to rows."""
    positive: bool = True
    """Whether a ``some`` here is a positive pattern: not under ``not``, ``unless`` or a count."""

    def inside(self, binder: Binder) -> Scope:
        rows = self.rows | {binder.var} if binder.relation else self.rows - {binder.var}
        return self._with(rows, self.positive)

    def negative(self) -> Scope:
        return self._with(self.rows, False)

    def _with(self, rows: frozenset[str], positive: bool) -> Scope:
        return replace(self, rows=rows, positive=positive)

    def membership(self, codes: Intervals) -> Membership:
        found = self.memberships.get(codes)
        if found is None:
            found = self.memberships[codes] = Membership(codes)
        return found
