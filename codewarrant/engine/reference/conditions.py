"""What a condition comes to on one binding: plain recursion, every part looked at every time.

``when``, and ``some`` in it, read what holds *now*; ``no``, ``every``, counts, sums, ``unless`` and
whatever stands under ``not`` read the *start* of the level; ``documented`` reads the statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codewarrant.engine import conditions as c
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Program
from codewarrant.engine.reference.found import (
    NOTHING,
    UNKNOWN_ROW,
    Env,
    Found,
    Keys,
    State,
    Valued,
    atomic,
    codes_key,
    combined,
    compared,
    conjuncts,
    joined,
    named,
    stands_in,
    with_covers,
)
from codewarrant.engine.reference.values import (
    Truth,
    added,
    all_true,
    any_true,
    equal,
    in_force,
    kind_of,
    lies_in,
    order,
)
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Chart
from codewarrant.engine.values import Code, Duration, Intervals, Value, overlap


@dataclass(frozen=True)
class Moment:
    """What rules read at one moment of the evaluation."""

    program: Program
    chart: Chart
    clock: str
    """By which date the sets of the rule at hand are chosen."""
    now: State
    start: State
    documented: State
    by_code: bool
    """Two standing facts of one code are one diagnosis: everywhere but in the admit stage."""
    asked: dict[tuple[str, Keys], tuple[Row, ...]]
    """Every question to a table and its answer."""

    def identity(self, one: Fact | Row) -> object:
        """What counts as one thing for two variables and for counts."""
        if isinstance(one, Fact) and self.by_code and one.entity == self.program.standing:
            return one.fields.get("code", one.id)
        return one.id

    # ---- terms -----------------------------------------------------------------

    def value(self, item: c.Term, env: Env) -> Valued:
        match item:
            case c.Const(value):
                return Valued(value)
            case c.Field(var, ""):
                return Valued(env[var].id)
            case c.Field(var, name):
                bound = env[var]
                known = bound.columns if isinstance(bound, Row) else bound.fields
                return named(known.get(name), f"{var}.{name}")
            case c.Param(id):
                return named(self._parameter(id), f"parameter {id}")
            case c.Clock(name):
                return named(self.chart.clocks.get(name), name)
            case c.Arith(op, left, right):
                parts = [self.value(left, env), self.value(right, env)]
                if parts[0].value is None or parts[1].value is None:
                    return Valued(None, parts[0].missing | parts[1].missing)
                return Valued(added(parts[0].value, op, parts[1].value))
            case c.LookupTerm(relation, keys, column):
                return self._looked_up(relation, keys, column, env)
            case c.Aggregate():
                return self._aggregate(item, env)

    def _parameter(self, id: str) -> Value | None:
        for one in self.program.parameters:
            if one.id == id:
                for window, value in one.values:
                    if in_force(window, self.chart.clocks.get(window.clock)):
                        return value
        return None

    def _looked_up(
        self, relation: str, keys: tuple[tuple[str, c.Term], ...], column: str, env: Env
    ) -> Valued:
        rows, missing = self.rows(relation, keys, env)
        if rows is None:
            return Valued(None, missing)
        values = [row.columns.get(column) for row in rows]
        if values and values[0] is not None and all(value == values[0] for value in values):
            return Valued(values[0])
        return Valued(None, frozenset((f"{relation}.{column}",)))

    def rows(
        self, relation: str, keys: tuple[tuple[str, c.Term], ...], env: Env
    ) -> tuple[tuple[Row, ...] | None, frozenset[str]]:
        """The rows for these keys; None, and what is missing, if that cannot be asked."""
        found = [(name, self.value(item, env)) for name, item in sorted(keys, key=lambda k: k[0])]
        wanted = tuple((name, one.value) for name, one in found if one.value is not None)
        if len(wanted) < len(found):
            return None, NOTHING.union(*(one.missing for _, one in found))
        table = (self.chart.relations or {}).get(relation)
        if table is None:
            return None, frozenset((f"table {relation}",))
        on = self.chart.clocks.get("date of service")
        answer = table.lookup([dict(wanted)], on)[0]
        if answer is None:  # the day lies outside what the table covers
            return None, frozenset((f"table {relation}",))
        rows = tuple(answer)
        self.asked[relation, wanted] = rows
        return rows, NOTHING

    def _aggregate(self, item: c.Aggregate, env: Env) -> Valued:
        unknown = self._open(item.over)
        missing = {item.over.entity} if unknown else set()
        values: dict[object, Value] = {}
        maybe: set[object] = set()
        for one, inner, possible, why in self.candidates(item.over, item.where, env, False):
            where = self.truth(item.where, inner, False)
            if where.truth is False:
                continue
            term = Valued(True) if item.term is None else self.value(item.term, inner)
            missing |= where.missing | term.missing | why
            name = self.identity(one)
            if where.truth is None or possible or term.value is None:
                maybe.add(name)
            elif name in values and values[name] != term.value:
                unknown = True
            else:
                values[name] = term.value
        if unknown or maybe - set(values):
            return Valued(None, frozenset(missing))
        return Valued(combined(item.func, list(values.values())))

    def _open(self, over: c.Binder) -> bool:
        """Whether facts of this entity may exist that the chart does not supply."""
        entity = over.entity
        return entity in self.program.open_entities and entity not in self.chart.supplied

    # ---- candidates --------------------------------------------------------------

    def candidates(
        self, over: c.Binder, where: c.Condition, env: Env, positive: bool
    ) -> Iterator[tuple[Fact | Row, Env, bool, frozenset[str]]]:
        """What a variable may be bound to; whether it is only possible, and what is missing then.

        Two variables of one entity never bind the same fact.
        """
        if over.relation:
            keys = [
                key
                for part in conjuncts(where)
                if isinstance(part, c.Matches) and part.var == over.var
                for key in part.keys
            ]
            rows, missing = self.rows(over.relation, tuple(dict(keys).items()), env)
            if rows is None:
                yield UNKNOWN_ROW, {**env, over.var: UNKNOWN_ROW}, True, missing
            for row in rows or ():
                yield row, {**env, over.var: row}, False, NOTHING
            return
        state = self.now if positive else self.start
        if over.documented and over.entity == self.program.standing:
            state = self.documented
        taken = {
            self.identity(one)
            for one in env.values()
            if isinstance(one, Fact) and one.entity == over.entity
        }
        for fact in state.facts.get(over.entity, ()):
            if self.identity(fact) in taken:
                continue
            if not self._may_have_code(fact, state, over.codes):
                continue
            possible = fact.id in state.possible
            why = frozenset((f"{over.var} is only possible",)) if possible else NOTHING
            yield fact, {**env, over.var: fact}, possible, why

    def _may_have_code(self, fact: Fact, state: State, codes: Intervals) -> bool:
        """Whether the code of a fact, as far as it is known, lies within a pattern's bounds."""
        code = fact.fields.get("code")
        if isinstance(code, Code):
            return lies_in(code, codes_key(self.program, code), codes)
        return fact.id not in state.bounds or overlap(state.bounds[fact.id], codes)

    # ---- conditions ----------------------------------------------------------------

    def truth(self, item: c.Condition, env: Env, positive: bool = True) -> Found:
        """``positive``: not under ``not``, ``unless`` or a count."""
        match item:
            case c.AllOf(items):
                parts = [self.truth(one, env, positive) for one in items]
                return joined(all_true([one.truth for one in parts]), parts)
            case c.AnyOf(items):
                parts = [self.truth(one, env, positive) for one in items]
                found = joined(any_true([one.truth for one in parts]), parts)
                if len(found.covers) > 1:
                    together = tuple(fact for group in found.covers for fact in group)
                    return with_covers(found, (together,))
                return found
            case c.Not(part):
                inner = self.truth(part, env, False)
                opposite = None if inner.truth is None else not inner.truth
                return Found(opposite, inner.missing, inner.tests)
            case c.Quantified():
                return self._quantified(item, env, positive)
        return self._atom(item, env)

    def _quantified(self, item: c.Quantified, env: Env, positive: bool) -> Found:
        now = positive and item.kind == "some"
        unknown = self._open(item.over)
        missing = {item.over.entity} if unknown else set()
        sure: list[Fact | Row] = []
        maybe: set[object] = set()
        met: dict[object, list[Truth]] = {}
        for one, inner, possible, why in self.candidates(item.over, item.where, env, now):
            where = self.truth(item.where, inner, now)
            if where.truth is False:
                continue
            has = Found(True) if item.has is None else self.truth(item.has, inner, False)
            missing |= where.missing | why
            name = self.identity(one)
            applies = where.truth is True and not possible
            if item.kind == "every":
                missing |= has.missing
                met.setdefault(name, []).append(has.truth if applies or has.truth is True else None)
            elif applies:
                sure.append(one)
            else:
                maybe.add(name)
        names = {self.identity(one) for one in sure}
        least = item.least if item.kind == "at least" else 1
        if item.kind == "every":
            # Several facts of one code are one diagnosis: it has what one of them has.
            each = [any_true(truths) for truths in met.values()]
            truth = all_true([*each, None] if unknown else each)
        elif len(names) >= least:
            truth = True
        else:
            truth = None if unknown or len(names | maybe) >= least else False
        if item.kind == "no":
            truth = None if truth is None else not truth
        tests = ((item.atom, truth, None),)
        if truth is None:
            return Found(None, frozenset(missing), tests)
        if truth and positive and item.kind == "no":
            return Found(True, tests=tests, absent=(item.atom,))
        if truth and positive and item.kind in ("some", "at least"):
            relation = item.over.relation
            return Found(
                True,
                tests=tests,
                witnesses=tuple(
                    (item.over.var, f"{relation}/{one.id}" if relation else one.id, one)
                    for one in sure
                ),
                covers=(tuple(one for one in sure if isinstance(one, Fact)),),
            )
        return Found(truth, tests=tests)

    def _atom(self, item: c.Atom, env: Env) -> Found:
        match item:
            case c.Matches():
                found = self._matches(item, env)
                return atomic(item, found, None)
            case c.Mentions():
                return atomic(item, (self._mentions(item, env), NOTHING), None)
            case c.Compare(_, op, left, right):
                shown = self.value(left, env)
                return atomic(item, compared(op, shown, self.value(right, env)), shown)
            case c.Between(_, subject, low, high):
                shown = self.value(subject, env)
                parts = [
                    compared(">=", shown, self.value(low, env)),
                    compared("<=", shown, self.value(high, env)),
                ]
                truth = all_true([one for one, _ in parts])
                return atomic(item, (truth, parts[0][1] | parts[1][1]), shown)
            case c.Within():
                shown = self.value(item.left, env)
                return atomic(item, self._within(item, shown, env), shown)
        shown = self.value(item.term, env)
        return atomic(item, self._about(item, shown, env), shown)

    def _about(
        self, item: c.InSet | c.OneOf | c.Known | c.Holds | c.Contains, shown: Valued, env: Env
    ) -> tuple[Truth, frozenset[str]]:
        value = shown.value
        if isinstance(item, c.Known):
            return value is not None, NOTHING
        if value is None:
            return None, shown.missing
        match item:
            case c.InSet(versions=versions):
                return self._in_set(value, versions)
            case c.OneOf(values=values):
                return any(equal(value, one) for one in values), NOTHING
            case c.Holds():
                return value is True, NOTHING
        items = value if kind_of(value) == "list" else (value,)
        wanted = [Valued(one) for one in item.values]
        wanted += [self.value(item.item, env)] if item.item is not None else []
        truths = [
            None if one.value is None else any(equal(part, one.value) for part in items)  # type: ignore[union-attr]
            for one in wanted
        ]
        return any_true(truths), NOTHING.union(*(one.missing for one in wanted))

    def _in_set(
        self, value: Value, versions: tuple[c.SetVersion, ...]
    ) -> tuple[Truth, frozenset[str]]:
        """By the version in force; if no date says which, by those that may be."""
        day = self.chart.clocks.get(self.clock)
        items = value if kind_of(value) == "list" else (value,)
        codes = [one for one in items if isinstance(one, Code)]  # type: ignore[union-attr]
        maybe = False
        for one in versions:
            holds = any(lies_in(code, codes_key(self.program, code), one.codes) for code in codes)
            force = in_force(one.window, day)
            if force is True:
                return holds, NOTHING
            maybe = maybe or (force is None and holds)
        return (None, frozenset((self.clock,))) if maybe else (False, NOTHING)

    def _within(self, item: c.Within, day: Valued, env: Env) -> tuple[Truth, frozenset[str]]:
        span, anchor = self.value(item.span, env), self.value(item.right, env)
        if day.value is None or span.value is None or anchor.value is None:
            return None, day.missing | span.missing | anchor.missing
        if kind_of(day.value) != "date" or kind_of(anchor.value) != "date":
            raise EngineError("`within` compares two dates")
        if not isinstance(span.value, Duration):
            raise EngineError("`within` needs a length of time")
        first = last = anchor.value
        if item.side in ("before", "either"):
            first = added(anchor.value, "-", span.value)
        if item.side in ("after", "either"):
            last = added(anchor.value, "+", span.value)
        if first is None or last is None:
            return None, NOTHING
        return order("<=", first, day.value) and order("<=", day.value, last), NOTHING

    def _matches(self, item: c.Matches, env: Env) -> tuple[Truth, frozenset[str]]:
        row = env[item.var]
        truths: list[Truth] = []
        missing: set[str] = set()
        for name, term in item.keys:
            wanted = self.value(term, env)
            missing |= wanted.missing
            if row is UNKNOWN_ROW or wanted.value is None or not isinstance(row, Row):
                truths.append(None)
            else:
                # A column that a row does not repeat was matched by the question that found it.
                truths.append(equal(row.columns.get(name, wanted.value), wanted.value))
        if row is UNKNOWN_ROW:
            truths.append(None)
        return all_true(truths), frozenset(missing)

    def _mentions(self, item: c.Mentions, env: Env) -> bool:
        words = [word.casefold() for word in item.words]
        fact = env[item.near.var] if item.near is not None else None
        for one in self.chart.sentences:
            spoken = [word.casefold() for word in one.words]
            said = any(spoken[at : at + len(words)] == words for at in range(len(spoken) + 1))
            said = said and (not item.sections or one.section in item.sections)
            if item.sections and one.section not in item.sections:
                continue
            if said and (item.near is None or (isinstance(fact, Fact) and stands_in(fact, one))):
                return True
        return False
