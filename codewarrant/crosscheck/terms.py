"""Terms and atoms of one variable, numbered; what durable-rules asks itself and what is worked out.

durable-rules asks for itself: whether a field is known, equality with constants, order against
constants, membership of a code in a set (by the bounds of its intervals), and every comparison of
two facts. Terms are worked out before, by the reference evaluator: look-ups in a table by the
fact's own fields, sums and differences of dates, parameters, clocks. So are whole atoms that its
language lacks: words of notes, lists that contain a constant, sets over lists, sets whose version
is uncertain, and comparisons of two fields of one fact. :attr:`Terms.worked_out` names those.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from codewarrant.crosscheck.formula import FALSE, TRUE, UNKNOWN
from codewarrant.engine import conditions as c
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Program
from codewarrant.engine.reference.conditions import Moment
from codewarrant.engine.reference.found import Env, State
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Chart
from codewarrant.engine.values import Intervals, Value, merge

IT = "it"
"""The one variable of a numbered term or atom."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The term has one of these values."""

    term: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """The term stands in this order to a number, date or length of time."""

    term: int
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class Lies:
    """The code lies in one of these intervals."""

    term: int
    codes: Intervals


@dataclass(frozen=True, slots=True)
class IsKnown:
    """The term has a value; this is never unknown itself."""

    term: int


@dataclass(frozen=True, slots=True)
class MayLie:
    """What a pattern's bounds leave: a known code lies in them, an unknown one might."""

    term: int
    codes: Intervals


@dataclass(frozen=True, slots=True)
class IsPossible:
    """Only an undetermined rule concludes the fact."""


@dataclass(frozen=True, slots=True)
class IsNoRow:
    """Stands for the rows of a question that could not be asked."""


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """Whatever the reference evaluator finds for a condition, by the dates of one clock."""

    condition: c.Condition
    clock: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Columns of a question whose values come from one fact of a kind; without a kind from none.

    ``keys`` are columns with the number of a term, or with a value where there is no kind.
    """

    kind: str
    keys: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a table is asked: every combination of what its parts give."""

    relation: str
    parts: tuple[Asking, ...]


Atom = Equals | Ordered | Lies | IsKnown | MayLie | IsPossible | IsNoRow | WorkedOut


def renamed(item: Any, old: str, new: str) -> Any:
    """A term or condition with a variable renamed, and atoms without their numbers."""
    if isinstance(item, tuple) and not hasattr(item, "_fields"):
        return tuple(renamed(part, old, new) for part in item)
    if not is_dataclass(item) or isinstance(item, type):
        return item
    changed: dict[str, Any] = {}
    for one in fields(item):
        value = getattr(item, one.name)
        if one.name == "var":
            changed["var"] = new if value == old else value
        elif one.name == "atom":
            changed["atom"] = 0
        else:
            changed[one.name] = renamed(value, old, new)
    return replace(item, **changed)


class Terms:
    """The numbered terms and atoms of a program on one chart, and their values on facts."""

    def __init__(self, program: Program, chart: Chart) -> None:
        self.program = program
        self.chart = chart
        self.terms: list[tuple[str, c.Term]] = []
        """The kind of fact, and the term over :data:`IT`."""
        self.atoms: list[tuple[str, Atom]] = []
        self.questions: set[Question] = set()
        self._term_numbers: dict[tuple[str, c.Term], int] = {}
        self._atom_numbers: dict[tuple[str, Atom], int] = {}

    def term(self, kind: str, var: str, term: c.Term) -> int:
        """The number of a term over a variable of this kind."""
        key = (kind, renamed(term, var, IT))
        if key not in self._term_numbers:
            self._term_numbers[key] = len(self.terms)
            self.terms.append(key)
        return self._term_numbers[key]

    def atom(self, kind: str, atom: Atom) -> int:
        """The number of an atom on facts of this kind."""
        if isinstance(atom, Lies | MayLie):
            atom = replace(atom, codes=merge(atom.codes))
        key = (kind, atom)
        if key not in self._atom_numbers:
            self._atom_numbers[key] = len(self.atoms)
            self.atoms.append(key)
        return self._atom_numbers[key]

    @property
    def worked_out(self) -> int:
        """How many atoms durable-rules does not ask itself."""
        return sum(isinstance(atom, WorkedOut) for _, atom in self.atoms)

    @property
    def asked(self) -> int:
        """How many atoms durable-rules asks itself."""
        return sum(isinstance(atom, Equals | Ordered | Lies | IsKnown) for _, atom in self.atoms)

    def constant(self, term: c.Term) -> Value | None:
        """The value of a term without variables."""
        return self.valued(term, {})

    def truth(self, condition: c.Condition, clock: str) -> int:
        """What a condition without variables comes to."""
        return _as_number(self._moment(clock).truth(condition, {}).truth)

    def value(self, number: int, fact: Fact | Row) -> Value | None:
        """A term on a fact; None if it is unknown, or what the reference evaluator refuses."""
        return self.valued(self.terms[number][1], {IT: fact})

    def valued(self, term: c.Term, env: Env) -> Value | None:
        """A term that does not search, on bound variables; None if it is unknown or refused."""
        try:
            return self._moment("").value(term, env).value
        except EngineError:
            return None

    def worked(self, atom: WorkedOut, fact: Fact | Row) -> int:
        """A worked-out atom on a fact; unknown where the reference evaluator refuses it."""
        try:
            found = self._moment(atom.clock).truth(atom.condition, {IT: fact}, False)
        except EngineError:
            return UNKNOWN
        return _as_number(found.truth)

    def _moment(self, clock: str) -> Moment:
        nothing = State({})
        return Moment(self.program, self.chart, clock, nothing, nothing, nothing, True, {})


def _as_number(truth: bool | None) -> int:
    return UNKNOWN if truth is None else TRUE if truth else FALSE
