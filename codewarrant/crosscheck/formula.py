"""What must hold for a match, in two-valued logic: the form between rules and durable-rules.

A three-valued condition has four two-valued readings: it is true, it may be true (true or
undetermined), and the opposites of both. Each becomes a formula without negation over tests of one
fact, joins of two, and searches that find something or nothing; :func:`clauses` takes it apart into
alternatives, each of which one rule of durable-rules can say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

TRUE, FALSE, UNKNOWN = 1, 0, 2
"""What an atom comes to on one fact."""

MOST_CLAUSES = 64
"""Alternatives of one rule; a rule with more is not expressed."""

State = Literal["n", "s", "d"]
"""What a variable ranges over: what holds now, at the start of the level, or documented."""

OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


class Inexpressible(Exception):
    """durable-rules cannot say this; the message says what."""


@dataclass(frozen=True, slots=True)
class Is:
    """An atom, by number, comes to one of these on the fact of a variable."""

    var: str
    atom: int
    among: frozenset[int]


@dataclass(frozen=True, slots=True)
class Side:
    """A term, by number, of one variable; ``known`` is the atom that it has a value."""

    var: str
    term: int
    known: int


IDENTITY = -1
"""In place of a term: what counts as one thing, a code or a fact; every fact has it."""


@dataclass(frozen=True, slots=True)
class Join:
    """Two terms of two variables compared; both are known wherever this is asked."""

    op: str
    left: Side
    right: Side


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a rule under a name that occurs once; ``kind`` is its entity or table."""

    var: str
    kind: str
    state: State


@dataclass(frozen=True, slots=True)
class Search:
    """Some fact meets the body, or (``found`` False) none does."""

    found: bool
    over: Variable
    body: Formula


@dataclass(frozen=True, slots=True)
class All:
    items: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Any:
    items: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Tests:
    """A formula over tests of one variable, kept whole."""

    var: str
    tree: Formula


@dataclass(frozen=True, slots=True)
class Missing:
    """No fact passes these tests and joins: one negated pattern."""

    over: Variable
    tree: Formula
    joins: tuple[Join, ...]


Formula: TypeAlias = Is | Join | Search | All | Any | Tests | Missing

YES = All(())
NO = Any(())


def both(*items: Formula) -> Formula:
    """All of these; what is known to hold is left out, and tests of one variable are joined."""
    return _combined(All, NO, items)


def either(*items: Formula) -> Formula:
    """One of these; what is known to fail is left out, and tests of one variable are joined."""
    return _combined(Any, YES, items)


def _combined(
    kind: type[All] | type[Any], deciding: Formula, items: tuple[Formula, ...]
) -> Formula:
    """``deciding`` is the formula that settles the whole by itself."""
    parts = _flat(kind, items)
    if deciding in parts:
        return deciding
    tests: dict[str, list[Formula]] = {}
    rest: list[Formula] = []
    for one in parts:
        if isinstance(one, Is | Tests):
            tests.setdefault(one.var, []).append(_tree(one))
        else:
            rest.append(one)
    whole = [Tests(var, _joined(kind, trees)) for var, trees in tests.items()]
    found = [*whole, *dict.fromkeys(rest)]
    return found[0] if len(found) == 1 else kind(tuple(found))


def _flat(kind: type[All] | type[Any], items: Iterable[Formula]) -> list[Formula]:
    """The formulas, those of the same kind replaced by what they hold."""
    parts: list[Formula] = []
    for one in items:
        parts += one.items if isinstance(one, kind) else (one,)
    return parts


def _tree(one: Is | Tests) -> Formula:
    return one.tree if isinstance(one, Tests) else one


def _joined(kind: type[All] | type[Any], trees: list[Formula]) -> Formula:
    parts = list(dict.fromkeys(_flat(kind, trees)))
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def guarded(join: Join) -> Formula:
    """The join where both its sides are known."""
    known = frozenset((TRUE,))
    return both(
        Is(join.left.var, join.left.known, known),
        Is(join.right.var, join.right.known, known),
        join,
    )


def opposite(one: Formula) -> Formula:
    """What holds where a formula without searches does not.

    Joins are told apart only where both sides are known: they stand beside the tests that say so.
    """
    match one:
        case Is(var, atom, among):
            return Is(var, atom, frozenset((TRUE, FALSE, UNKNOWN)) - among)
        case Tests(_, tree):
            return opposite(tree)
        case All(items):
            return either(*(opposite(item) for item in items))
        case Any(items):
            return both(*(opposite(item) for item in items))
        case Join(op, left, right):
            return guarded(Join(OPPOSITE[op], left, right))
    raise Inexpressible("a search inside a search for an absence")


@dataclass
class Clause:
    """One alternative: what each variable is tested for, joins, further variables, absences."""

    tests: dict[str, Formula] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    over: list[Variable] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def __and__(self, other: Clause) -> Clause:
        tests = dict(self.tests)
        for var, tree in other.tests.items():
            mine = tests.get(var)
            tests[var] = tree if mine is None else _joined(All, [mine, tree])
        return Clause(
            tests,
            list(dict.fromkeys([*self.joins, *other.joins])),
            self.over + [one for one in other.over if one not in self.over],
            list(dict.fromkeys([*self.missing, *other.missing])),
        )


def clauses(one: Formula) -> list[Clause]:
    """The alternatives of a formula. Raises :class:`Inexpressible`."""
    match one:
        case Tests(var, tree):
            return [Clause({var: tree})]
        case Is():
            return [Clause({one.var: one})]
        case Join():
            return [Clause(joins=[one])]
        case Missing():
            return [Clause(missing=[one])]
        case Any(items):
            return _few([clause for item in items for clause in clauses(item)])
        case All(items):
            found = [Clause()]
            for item in items:
                found = _few([mine & more for more in clauses(item) for mine in found])
            return found
        case Search(True, over, body):
            return [Clause(over=[over]) & inner for inner in clauses(body)]
        case Search(False, over, body):
            return clauses(both(*(_absence(over, inner) for inner in clauses(body))))
    raise Inexpressible("a formula of an unknown kind")


def _few(found: list[Clause]) -> list[Clause]:
    """Without what says the same twice, or the contrary of itself."""
    found = [
        one
        for at, one in enumerate(found)
        if one not in found[:at] and not any(_contrary(join) in one.joins for join in one.joins)
    ]
    if len(found) > MOST_CLAUSES:
        raise Inexpressible(f"more than {MOST_CLAUSES} alternatives")
    return found


def _contrary(join: Join) -> Join:
    return Join(OPPOSITE[join.op], join.left, join.right)


def _absence(over: Variable, inner: Clause) -> Formula:
    """That no fact makes a clause true: the parts that are not about it do not hold, or none
    passes those that are."""
    if inner.over or inner.missing:
        raise Inexpressible("a search inside a search for an absence")
    own = [one for one in inner.joins if over.var in (one.left.var, one.right.var)]
    outside = [opposite(one) for one in inner.joins if one not in own]
    outside += [opposite(tree) for var, tree in inner.tests.items() if var != over.var]
    sides = [side for one in own for side in (one.left, one.right) if side.var != over.var]
    # a comparison with what is not known is an error in durable-rules, not false
    known = [
        Is(side.var, side.known, frozenset((TRUE,))) for side in sides if side.term != IDENTITY
    ]
    none = Missing(over, inner.tests.get(over.var, YES), tuple(own))
    return either(*outside, both(*known, none))
