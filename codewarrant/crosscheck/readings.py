"""Conditions in their four two-valued readings, as formulas.

*True* and *false* are what three-valued logic knows; *maybe* is true or undetermined, *not true*
false or undetermined. ``not`` swaps them; a search that finds nothing for certain is one that could
not find anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from codewarrant.crosscheck.formula import (
    FALSE,
    IDENTITY,
    MIRRORED,
    NO,
    OPPOSITE,
    TRUE,
    UNKNOWN,
    YES,
    Formula,
    Inexpressible,
    Is,
    Join,
    Search,
    Side,
    State,
    Variable,
    both,
    either,
    guarded,
)
from codewarrant.crosscheck.terms import (
    IT,
    Asking,
    Equals,
    IsKnown,
    IsNoRow,
    IsPossible,
    Lies,
    MayLie,
    Ordered,
    Question,
    Terms,
    WorkedOut,
    renamed,
)
from codewarrant.engine import conditions as c
from codewarrant.engine.reference.found import conjuncts, free, searches
from codewarrant.engine.reference.values import in_force, kind_of
from codewarrant.engine.values import ANY_CODE, Duration, Value

Reading = Literal["true", "maybe", "false", "not true"]
NEGATED: dict[Reading, Reading] = {
    "true": "false", "false": "true", "maybe": "not true", "not true": "maybe",
}  # fmt: skip
MET: dict[Reading, frozenset[int]] = {
    "true": frozenset((TRUE,)),
    "maybe": frozenset((TRUE, UNKNOWN)),
    "false": frozenset((FALSE,)),
    "not true": frozenset((FALSE, UNKNOWN)),
}
"""What an atom comes to where a condition has this reading."""

KEY = "key "
"""Before the columns by which a row was asked for of which the table cannot know."""

Scope = Mapping[str, Variable]


@dataclass(frozen=True)
class Counted:
    """Formulas of one condition need fresh names; this counts them."""

    number: list[int]

    def name(self) -> str:
        self.number[0] += 1
        return f"a{self.number[0]}"


class Readings:
    """Reads the conditions of one rule in one stage."""

    def __init__(self, terms: Terms, clock: str) -> None:
        self.terms = terms
        self.clock = clock
        self._names = Counted([0])

    def variable(self, binder: c.Binder, state: State) -> Variable:
        """A variable of its own for a binder."""
        if binder.relation:
            return Variable(self._names.name(), f"table {binder.relation}", "n")
        standing = binder.entity == self.terms.program.standing
        if binder.documented and standing:
            state = "d"
        return Variable(self._names.name(), binder.entity, state)

    # ---- what a variable may be bound to ---------------------------------------------

    def candidate(
        self, binder: c.Binder, mine: Variable, where: c.Condition, scope: Scope, sure: bool
    ) -> Formula:
        """That a fact or row is a candidate at all; ``sure``: not only a possible one.

        ``scope`` holds the variables bound before, none of which may be the same thing.
        """
        if binder.relation:
            return self._row(binder, mine, where, scope, sure)
        parts: list[Formula] = []
        if sure:
            possible = self.terms.atom(mine.kind, IsPossible())
            parts.append(Is(mine.var, possible, frozenset((FALSE,))))
        if binder.codes != ANY_CODE:
            code = self.terms.term(mine.kind, IT, c.Field(IT, "code"))
            inside = self.terms.atom(mine.kind, MayLie(code, binder.codes))
            parts.append(Is(mine.var, inside, frozenset((TRUE,))))
        for other in scope.values():
            if other.kind == mine.kind:
                same = (Side(one.var, IDENTITY, IDENTITY) for one in (mine, other))
                parts.append(Join("!=", *same))
        return both(*parts)

    def _row(
        self, binder: c.Binder, mine: Variable, where: c.Condition, scope: Scope, sure: bool
    ) -> Formula:
        keys = row_keys(binder, where)
        self._ask(binder.relation, keys, scope)
        no_row = self.terms.atom(mine.kind, IsNoRow())
        real: list[Formula] = [Is(mine.var, no_row, frozenset((FALSE,)))]
        unasked: list[Formula] = []
        in_vain: list[Formula] = []
        missing = binder.relation not in (self.terms.chart.relations or {})
        for column, term in keys:
            real.append(self._compared("=", c.Field(binder.var, column), term,
                                       {**scope, binder.var: mine}, "true"))  # fmt: skip
            in_vain.append(self._compared("=", c.Field(binder.var, f"{KEY}{column}"), term,
                                          {**scope, binder.var: mine}, "true"))  # fmt: skip
            unasked.append(self._known(term, scope, False))
        found = NO if missing else both(*real)
        if sure:
            return found
        nothing = Is(mine.var, no_row, frozenset((TRUE,)))
        if missing:
            return nothing
        return either(found, both(nothing, *in_vain), both(nothing, either(*unasked)))

    def _ask(self, relation: str, keys: tuple[tuple[str, c.Term], ...], scope: Scope) -> None:
        """Note what the table is asked."""
        by_var: dict[str, list[tuple[str, int]]] = {}
        fixed: list[tuple[str, Value]] = []
        for column, term in keys:
            var = self._one(term)
            if var is not None:
                number = self.terms.term(scope[var].kind, var, term)
                by_var.setdefault(var, []).append((column, number))
            elif (value := self.terms.constant(term)) is not None:
                fixed.append((column, value))
        parts = [Asking(scope[var].kind, tuple(some)) for var, some in sorted(by_var.items())]
        self.terms.questions.add(Question(relation, (Asking("", tuple(fixed)), *parts)))

    def _known(self, term: c.Term, scope: Scope, known: bool) -> Formula:
        var = self._one(term)
        if var is None:
            return YES if (self.terms.constant(term) is not None) == known else NO
        atom = self._side(term, var, scope).known
        return Is(scope[var].var, atom, frozenset((TRUE,) if known else (FALSE,)))

    # ---- conditions ------------------------------------------------------------------

    def read(self, item: c.Condition, scope: Scope, reading: Reading, positive: bool) -> Formula:
        """A condition in one reading. ``positive``: not under ``not``, ``unless`` or a count."""
        match item:
            case c.AllOf(items):
                parts = [self.read(one, scope, reading, positive) for one in items]
                return (both if reading in ("true", "maybe") else either)(*parts)
            case c.AnyOf(items):
                parts = [self.read(one, scope, reading, positive) for one in items]
                return (either if reading in ("true", "maybe") else both)(*parts)
            case c.Not(part):
                return self.read(part, scope, NEGATED[reading], False)
            case c.Quantified():
                return self._quantified(item, scope, reading, positive)
        return self._atom(item, scope, reading)

    def _quantified(
        self, item: c.Quantified, scope: Scope, reading: Reading, positive: bool
    ) -> Formula:
        if item.kind == "every":
            raise Inexpressible("`every`")
        if item.kind == "no":
            reading = NEGATED[reading]
        least = item.least if item.kind == "at least" else 1
        unsupplied = (
            item.over.entity in self.terms.program.open_entities
            and item.over.entity not in self.terms.chart.supplied
        )
        if unsupplied and reading in ("maybe", "false"):
            return YES if reading == "maybe" else NO
        wanted: Reading = "true" if reading in ("true", "not true") else "maybe"
        found = reading in ("true", "maybe")
        if least > 1 and not found:
            raise Inexpressible("the absence of at least two")
        now = positive and item.kind == "some"
        return self._search(item, scope, wanted, found, now, least)

    def _search(
        self, item: c.Quantified, scope: Scope, wanted: Reading, found: bool, now: bool, least: int
    ) -> Formula:
        mine = self.variable(item.over, "n" if now else "s")
        inner = {**scope, item.over.var: mine}
        sure = wanted == "true"
        others = dict(scope)
        # a variable of the same name is out of sight inside, but nothing is bound twice
        if item.over.var in others:
            others[f"{item.over.var} outside"] = others.pop(item.over.var)
            inner |= {f"{item.over.var} outside": scope[item.over.var]}
        body = both(
            self.candidate(item.over, mine, item.where, others, sure),
            self.read(item.where, inner, wanted, now),
        )
        if least > 1:
            if item.over.relation:
                raise Inexpressible("at least two rows of a table")
            body = both(body, self._search(item, {**scope, f"#{least}": mine}, wanted, True,
                                           now, least - 1))  # fmt: skip
        return Search(found, mine, body)

    # ---- atoms -----------------------------------------------------------------------

    def _atom(self, item: c.Atom, scope: Scope, reading: Reading) -> Formula:
        if searches(item):
            raise Inexpressible("counts, sums, earliest and latest")
        match item:
            case c.Between(_, term, low, high):
                return self.read(
                    c.AllOf((c.Compare(0, ">=", term, low), c.Compare(0, "<=", term, high))),
                    scope, reading, False,
                )  # fmt: skip
            case c.Within(_, left, span, side, right):
                first = c.Arith("-", right, span) if side != "after" else right
                last = c.Arith("+", right, span) if side != "before" else right
                return self.read(
                    c.AllOf((c.Compare(0, ">=", left, first), c.Compare(0, "<=", left, last))),
                    scope, reading, False,
                )  # fmt: skip
            case c.Matches(_, var, _):
                # that its keys match made the row a candidate; only of no row is it unknown
                no_row = self.terms.atom(scope[var].kind, IsNoRow())
                met = {"true": (FALSE,), "maybe": (TRUE, FALSE), "not true": (TRUE,), "false": ()}
                return Is(scope[var].var, no_row, frozenset(met[reading]))
            case c.Compare(_, op, left, right):
                return self._compared(op, left, right, scope, reading)
        names = sorted(free(item))
        if not names:
            return YES if self.terms.truth(item, self.clock) in MET[reading] else NO
        if len(names) > 1:
            if isinstance(item, c.Contains):
                return self._contains(item, scope, reading)
            raise Inexpressible(f"`{type(item).__name__}` over two variables")
        mine = scope[names[0]]
        return Is(mine.var, self._numbered(item, names[0], mine.kind), MET[reading])

    def _numbered(self, item: c.Atom, var: str, kind: str) -> int:
        """An atom over one variable by its number; what durable-rules lacks is worked out."""
        match item:
            case c.Known(_, term):
                return self.terms.atom(kind, IsKnown(self.terms.term(kind, var, term)))
            case c.Holds(_, term):
                return self.terms.atom(kind, Equals(self.terms.term(kind, var, term), (True,)))
            case c.OneOf(_, term, values):
                return self.terms.atom(kind, Equals(self.terms.term(kind, var, term), values))
            case c.InSet(_, c.Field(_, "code") as term, _, versions):
                day = self.terms.chart.clocks.get(self.clock)
                for one in versions:
                    force = in_force(one.window, day)
                    if force is True:
                        number = self.terms.term(kind, var, term)
                        return self.terms.atom(kind, Lies(number, one.codes))
                    if force is None:
                        break
        plain = renamed(item, var, IT)
        clock = self.clock if isinstance(item, c.InSet) else ""
        return self.terms.atom(kind, WorkedOut(plain, clock))

    def _one(self, term: c.Term) -> str | None:
        """The variable of a term, if it has one."""
        if searches(term):
            raise Inexpressible("counts, sums, earliest and latest")
        names = free(term)
        if len(names) > 1:
            raise Inexpressible("a term over two variables")
        return next(iter(names), None)

    def _side(self, term: c.Term, var: str, scope: Scope) -> Side:
        mine = scope[var]
        number = self.terms.term(mine.kind, var, term)
        return Side(mine.var, number, self.terms.atom(mine.kind, IsKnown(number)))

    def _compared(
        self, op: str, left: c.Term, right: c.Term, scope: Scope, reading: Reading
    ) -> Formula:
        first, second = self._one(left), self._one(right)
        if first is None and second is None:
            item = c.Compare(0, op, left, right)  # type: ignore[arg-type]
            return YES if self.terms.truth(item, self.clock) in MET[reading] else NO
        if first is None:
            return self._compared(MIRRORED[op], right, left, scope, reading)
        mine = scope[first]
        if second == first:
            item = c.Compare(0, op, left, right)  # type: ignore[arg-type]
            return Is(mine.var, self._numbered(item, first, mine.kind), MET[reading])
        if second is None:
            return self._against(op, left, first, right, mine, reading)
        join = Join(op, self._side(left, first, scope), self._side(right, second, scope))
        if reading in ("false", "not true"):
            join = Join(OPPOSITE[op], join.left, join.right)
        if reading in ("true", "false"):
            return guarded(join)
        unknown = [
            Is(side.var, side.known, frozenset((FALSE,))) for side in (join.left, join.right)
        ]
        return either(*unknown, guarded(join))

    def _against(
        self, op: str, left: c.Term, var: str, right: c.Term, mine: Variable, reading: Reading
    ) -> Formula:
        """A term of one variable against a constant."""
        value = self.terms.constant(right)
        if value is None:
            return YES if reading in ("maybe", "not true") else NO
        if op == "!=":
            return self._against("=", left, var, right, mine, NEGATED[reading])
        number = self.terms.term(mine.kind, var, left)
        months = isinstance(value, Duration) and value.months
        if op == "=":
            atom = self.terms.atom(mine.kind, Equals(number, (value,)))
        elif kind_of(value) in ("number", "date", "duration") and not months:
            atom = self.terms.atom(mine.kind, Ordered(number, op, value))
        else:
            item = c.Compare(0, op, left, c.Const(value))  # type: ignore[arg-type]
            atom = self.terms.atom(mine.kind, WorkedOut(renamed(item, var, IT), ""))
        return Is(mine.var, atom, MET[reading])

    def _contains(self, item: c.Contains, scope: Scope, reading: Reading) -> Formula:
        """A list of one fact contains a value of another: some item of it equals the value."""
        if item.values or item.item is None:
            raise Inexpressible("`Contains` over two variables, with constants")
        owner, other = self._one(item.term), self._one(item.item)
        if owner is None or other is None or not isinstance(item.term, c.Field):
            raise Inexpressible("`Contains` over something else than a field")
        mine = scope[owner]
        entry = Variable(self._names.name(), f"item {mine.kind}.{item.term.name}", "n")
        inner = {**scope, entry.var: entry}
        same = both(
            self._compared("=", c.Field(entry.var, "of"), c.Field(owner, ""), inner, "true"),
            self._compared("=", c.Field(entry.var, "value"), item.item, inner, "true"),
        )
        known = both(self._known(item.term, scope, True), self._known(item.item, scope, True))
        unknown = either(self._known(item.term, scope, False), self._known(item.item, scope, False))
        found = reading in ("true", "maybe")
        met = both(known, Search(found, entry, same))
        return met if reading in ("true", "false") else either(unknown, met)


def row_keys(binder: c.Binder, where: c.Condition) -> tuple[tuple[str, c.Term], ...]:
    """The columns by which the rows of a variable are found."""
    found = [
        key
        for part in conjuncts(where)
        if isinstance(part, c.Matches) and part.var == binder.var
        for key in part.keys
    ]
    return tuple(dict(found).items())
