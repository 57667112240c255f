"""Terms and conditions: what a rule reads, three-valued (Kleene): true, false, undetermined.

An absent field is unknown; an atom with an unknown operand is undetermined. Every class is a
frozen dataclass with one canonical form. ``atom`` numbers a condition inside its rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from codewarrant.engine.values import ANY_CODE, Intervals, Value


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open: ``start`` is in, ``end`` is out; None is open. ``clock`` says by which date."""

    start: date | None = None
    end: date | None = None
    clock: str = "date of service"


ALWAYS = Window()


# ---- terms: what has a value -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    value: Value


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a bound variable; ``Field("k", "")`` is the fact itself, by its id."""

    var: str
    name: str


@dataclass(frozen=True, slots=True)
class Param:
    """A dated parameter, ``pack/name``."""

    id: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A named clock of the chart: date of service, discharge, received or admission date."""

    name: str


@dataclass(frozen=True, slots=True)
class Arith:
    """Sum or difference of numbers, durations, dates with durations; date minus date gives days."""

    op: Literal["+", "-"]
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class LookupTerm:
    """A column of the row that ``relation`` has for these key columns on the chart's date.

    Unknown where a key is unknown, no row matches, or rows disagree.
    """

    relation: str
    keys: tuple[tuple[str, Term], ...]
    column: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``sum count earliest latest`` of a term over the facts of a binder that meet a condition.

    Count has no term. Undetermined if any fact's condition or term is; sum over nothing is 0,
    earliest and latest over nothing are unknown.
    """

    func: Literal["sum", "count", "earliest", "latest"]
    term: Term | None
    over: Binder
    where: Condition


Term: TypeAlias = Const | Field | Param | Clock | Arith | LookupTerm | Aggregate


# ---- conditions ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Binder:
    """A variable over the facts of one entity, or over the rows of one relation.

    ``codes`` bounds what the ``code`` field of a matching fact can be. It only says where to look
    and what waits for what: the condition still tests the code itself.
    """

    var: str
    entity: str = ""
    relation: str = ""
    documented: bool = False
    codes: Intervals = ANY_CODE


@dataclass(frozen=True, slots=True)
class Compare:
    atom: int
    op: Literal["=", "!=", "<", "<=", ">", ">="]
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class InSet:
    """The code in ``term`` (for a list: any of its codes) is in a set; ``set_id`` for explanation.

    ``versions`` are the set's dated contents; the one in force by the rule's clock applies.
    """

    atom: int
    term: Term
    set_id: str
    versions: tuple[SetVersion, ...]


@dataclass(frozen=True, slots=True)
class SetVersion:
    window: Window
    codes: Intervals


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these."""

    atom: int
    term: Term
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends included."""

    atom: int
    term: Term
    low: Term
    high: Term


@dataclass(frozen=True, slots=True)
class Known:
    """Never undetermined itself."""

    atom: int
    term: Term


@dataclass(frozen=True, slots=True)
class Holds:
    """A boolean field is true."""

    atom: int
    term: Term


@dataclass(frozen=True, slots=True)
class Contains:
    """A list field contains any of these values, or the value of a term."""

    atom: int
    term: Term
    values: tuple[Value, ...] = ()
    item: Term | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """``left`` is at most ``span`` before, after, or either side of ``right``; dates."""

    atom: int
    left: Term
    span: Term
    side: Literal["before", "after", "either"]
    right: Term


@dataclass(frozen=True, slots=True)
class Matches:
    """The row bound to ``var`` has these values in these columns."""

    atom: int
    var: str
    keys: tuple[tuple[str, Term], ...]


@dataclass(frozen=True, slots=True)
class Mentions:
    """Some note has these whole words in order; ``near``: in a sentence with evidence of it.

    ``sections``: only in sections of these kinds; none named means in any.
    """

    atom: int
    words: tuple[str, ...]
    near: Field | None = None
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Condition


@dataclass(frozen=True, slots=True)
class Quantified:
    """``some``, ``no``, or at least ``least`` facts of the binder meet the condition.

    Two variables of one entity never bind the same fact, quantified ones included. For an open
    entity that the chart does not supply, the answer is undetermined unless enough facts are there.
    """

    atom: int
    kind: Literal["some", "no", "at least", "every"]
    over: Binder
    where: Condition
    least: int = 1
    has: Condition | None = None


Atom: TypeAlias = (
    Compare | InSet | OneOf | Between | Known | Holds | Contains | Within | Matches | Mentions
)
Condition: TypeAlias = Atom | AllOf | AnyOf | Not | Quantified

TRUE: Condition = AllOf(())
