"""Terms and conditions turned into functions, once per program.

One evaluation serves two uses. Matching wants an answer fast and stops early. Recording (a
``Record`` in the reading) visits every part and notes each atom's truth and value, what was
missing, which facts a ``some`` rests on, and which searches found nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from codewarrant.engine import conditions as c
from codewarrant.engine.comparing import compare, in_force, plus_or_minus, same
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.lookups import UNKNOWN_ROW, Keys, Lookups
from codewarrant.engine.program import Parameter
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import ANY_CODE, Code, Duration, Intervals, Membership, Value
from codewarrant.engine.views import View

Truth: TypeAlias = bool | None
Env: TypeAlias = dict[str, Fact | Row]


@dataclass(slots=True)
class Record:
    """What one evaluation of a match came across."""

    tests: list[tuple[int, Truth, Value | None]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    witnesses: list[tuple[str, Fact | Row]] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    covers: list[list[Fact]] = field(default_factory=list)
    """For each ``some`` that holds, the facts that make it hold."""
    depth: int = 0
    """Above 0 inside a quantifier: its candidates' atoms are not listed one by one."""


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
    rows: frozenset[str] = frozenset()
    """Variables bound to rows."""
    positive: bool = True
    """Whether a ``some`` here is a positive pattern: not under ``not``, ``unless`` or a count."""

    def inside(self, binder: c.Binder) -> Scope:
        rows = self.rows | {binder.var} if binder.relation else self.rows - {binder.var}
        return self._with(rows, self.positive)

    def negative(self) -> Scope:
        return self._with(self.rows, False)

    def _with(self, rows: frozenset[str], positive: bool) -> Scope:
        return Scope(
            self.parameters, self.standing, self.open_entities, self.clock, self.memberships,
            rows, positive,
        )  # fmt: skip

    def membership(self, codes: Intervals) -> Membership:
        found = self.memberships.get(codes)
        if found is None:
            found = self.memberships[codes] = Membership(codes)
        return found


# ---- terms ----------------------------------------------------------------------


def term(item: c.Term, scope: Scope) -> Reader:
    """A function for the term's value; None is unknown."""
    match item:
        case c.Const(value):
            return lambda reading, env: value
        case c.Field(var, name):
            return _field(var, name, var in scope.rows)
        case c.Param(id):
            return _parameter(id, scope)
        case c.Clock(name):
            return _clock(name)
        case c.Arith(op, left, right):
            return _arith(op, term(left, scope), term(right, scope))
        case c.LookupTerm(relation, keys, column):
            return _lookup(relation, keys, column, scope)
        case c.Aggregate():
            return _aggregate(item, scope)


def _field(var: str, name: str, row: bool) -> Reader:
    label = f"{var}.{name}"

    def of_fact(reading: Reading, env: Env) -> Value | None:
        fact = env.get(var)
        value = fact.fields.get(name) if type(fact) is Fact else None
        if value is None and reading.record is not None:
            reading.record.missing.append(label)
        return value

    def of_row(reading: Reading, env: Env) -> Value | None:
        bound = env.get(var)
        value = bound.columns.get(name) if type(bound) is Row else None
        if value is None and reading.record is not None:
            reading.record.missing.append(label)
        return value

    if name == "":
        return lambda reading, env: env[var].id
    return of_row if row else of_fact


def _parameter(id: str, scope: Scope) -> Reader:
    parameter = scope.parameters.get(id)
    if parameter is None:
        raise EngineError(f"no parameter `{id}`")
    values = parameter.values

    def read(reading: Reading, env: Env) -> Value | None:
        for window, value in values:
            if in_force(window, reading.clocks.get(window.clock)):
                return value
        if reading.record is not None:
            reading.record.missing.append(f"parameter {id}")
        return None

    return read


def _clock(name: str) -> Reader:
    def read(reading: Reading, env: Env) -> Value | None:
        day = reading.clocks.get(name)
        if day is None and reading.record is not None:
            reading.record.missing.append(name)
        return day

    return read


def _arith(op: str, left: Reader, right: Reader) -> Reader:
    def read(reading: Reading, env: Env) -> Value | None:
        a = left(reading, env)
        b = right(reading, env)
        return None if a is None or b is None else plus_or_minus(a, op, b)

    return read


def keys_of(keys: tuple[tuple[str, c.Term], ...], scope: Scope) -> Callable[..., Keys | None]:
    """A function for the columns and values of a question; None if any value is unknown."""
    readers = tuple((name, term(item, scope)) for name, item in sorted(keys, key=lambda k: k[0]))

    def read(reading: Reading, env: Env) -> Keys | None:
        found = []
        for name, reader in readers:
            value = reader(reading, env)
            if value is None:
                return None
            found.append((name, value))
        return tuple(found)

    return read


def _lookup(
    relation: str, keys: tuple[tuple[str, c.Term], ...], column: str, scope: Scope
) -> Reader:
    wanted = keys_of(keys, scope)

    def read(reading: Reading, env: Env) -> Value | None:
        asked = wanted(reading, env)
        if asked is None:
            return None
        rows = reading.lookups.rows(relation, asked)
        values = [row.columns.get(column) for row in rows or ()]
        if values and values[0] is not None and all(value == values[0] for value in values):
            return values[0]
        if reading.record is not None:
            reading.record.missing.append(
                f"table {relation}" if rows is None else f"{relation}.{column}"
            )
        return None

    return read


def _aggregate(item: c.Aggregate, scope: Scope) -> Reader:
    inside = scope.inside(item.over).negative()
    candidates = _candidates(item.over, item.where, scope, positive=False)
    where = condition(item.where, inside)
    value_of = term(item.term, inside) if item.term is not None else None
    func, entity = item.func, item.over.entity
    is_open = entity in scope.open_entities

    def read(reading: Reading, env: Env) -> Value | None:
        values: dict[object, Value | None] = {}
        record = reading.record
        if record is not None:
            record.depth += 1
        unknown = is_open and entity not in reading.supplied
        if unknown and record is not None:
            record.missing.append(entity)
        for one, env2, possible in candidates(reading, env):
            truth = where(reading, env2)
            if truth is False:
                continue
            if truth is None or possible:
                unknown = True
                continue
            value = value_of(reading, env2) if value_of else True
            mark = reading.identity(one) if type(one) is Fact else one.id
            if value is None or (mark in values and values[mark] != value):
                unknown = True
            values[mark] = value
        if record is not None:
            record.depth -= 1
        if unknown:
            return None
        return _combined(func, list(values.values()))

    return read


def _combined(func: str, values: list[Value | None]) -> Value | None:
    if func == "count":
        return len(values)
    if func == "sum":
        total: Value = 0
        for at, value in enumerate(values):
            assert value is not None
            sum_ = value if at == 0 else plus_or_minus(total, "+", value)
            assert sum_ is not None
            total = sum_
        return total
    best: Value | None = None
    for value in values:
        assert value is not None
        if best is None or compare(value, best) == (-1 if func == "earliest" else 1):
            best = value
    return best


# ---- conditions -----------------------------------------------------------------


def condition(item: c.Condition, scope: Scope) -> Test:
    """A function for the condition's truth; None is undetermined."""
    match item:
        case c.AllOf(items):
            return _all([condition(part, scope) for part in items])
        case c.AnyOf(items):
            return _any([condition(part, scope) for part in items])
        case c.Not(part):
            return _not(condition(part, scope.negative()))
        case c.Quantified():
            return _quantified(item, scope)
        case c.Matches():
            return _matches(item, scope)
        case c.Mentions():
            return _mentions(item)
    decide, shown = _atom(item, scope)
    return _noted(item.atom, decide, shown)


def _noted(atom: int, decide: Test, shown: Reader | None) -> Test:
    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        if record is None:
            return decide(reading, env)
        mark = len(record.missing)
        truth = decide(reading, env)
        if record.depth == 0:
            record.tests.append((atom, truth, shown(reading, env) if shown else None))
        if truth is not None:
            del record.missing[mark:]
        return truth

    return test


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        mark = len(record.missing) if record is not None else 0
        truth: Truth = True
        for part in tests:
            found = part(reading, env)
            if found is False:
                truth = False
                if record is None:
                    return False
            elif found is None and truth is True:
                truth = None
        if record is not None and truth is not None:
            del record.missing[mark:]
        return truth

    return test


def _any(tests: list[Test]) -> Test:
    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        mark = len(record.missing) if record is not None else 0
        truth: Truth = False
        for part in tests:
            found = part(reading, env)
            if found is True:
                truth = True
                if record is None:
                    return True
            elif found is None and truth is False:
                truth = None
        if record is not None and truth is not None:
            del record.missing[mark:]
        return truth

    return test


def _not(test: Test) -> Test:
    def negated(reading: Reading, env: Env) -> Truth:
        found = test(reading, env)
        return None if found is None else not found

    return negated


_ORDER: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def _atom(
    item: c.Compare | c.InSet | c.OneOf | c.Between | c.Known | c.Holds | c.Contains | c.Within,
    scope: Scope,
) -> tuple[Test, Reader]:
    match item:
        case c.Compare(_, op, left, right):
            return _compare(op, term(left, scope), term(right, scope)), term(left, scope)
        case c.InSet(_, subject, _, versions):
            return _in_set(term(subject, scope), versions, scope), term(subject, scope)
        case c.OneOf(_, subject, values):
            return _one_of(term(subject, scope), values), term(subject, scope)
        case c.Between(_, subject, low, high):
            value, bottom, top = (term(part, scope) for part in (subject, low, high))
            tests = [_compare(">=", value, bottom), _compare("<=", value, top)]
            return _all(tests), value
        case c.Known(_, subject):
            value = term(subject, scope)
            return lambda reading, env: value(reading, env) is not None, value
        case c.Holds(_, subject):
            value = term(subject, scope)
            return _holds(value), value
        case c.Contains(_, subject, values, element):
            value = term(subject, scope)
            wanted = term(element, scope) if element is not None else None
            return _contains(value, values, wanted), value
        case c.Within(_, left, span, side, right):
            day, width, anchor = (term(part, scope) for part in (left, span, right))
            return _within(day, width, side, anchor), day


def _compare(op: str, left: Reader, right: Reader) -> Test:
    ordered = _ORDER.get(op)

    def test(reading: Reading, env: Env) -> Truth:
        a = left(reading, env)
        b = right(reading, env)
        if a is None or b is None:
            return None
        if ordered is not None:
            return ordered(compare(a, b))
        return same(a, b) if op == "=" else not same(a, b)

    return test


def _in_set(subject: Reader, versions: tuple[c.SetVersion, ...], scope: Scope) -> Test:
    clock = scope.clock
    contents = [(version.window, scope.membership(version.codes)) for version in versions]

    def holds(member: Membership, value: Value, reading: Reading) -> bool:
        if type(value) is Code:
            return member.contains(value.system, reading.key(value))
        items = value if isinstance(value, tuple) else ()
        return any(
            type(item) is Code and member.contains(item.system, reading.key(item)) for item in items
        )

    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        if value is None:
            return None
        truth: Truth = False
        for window, member in contents:
            force = in_force(window, reading.clocks.get(clock))
            if force is True:
                return holds(member, value, reading)
            if force is None and holds(member, value, reading):
                truth = None
        if truth is None and reading.record is not None:
            reading.record.missing.append(clock)
        return truth

    return test


def _one_of(subject: Reader, values: tuple[Value, ...]) -> Test:
    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        return None if value is None else any(same(value, item) for item in values)

    return test


def _holds(subject: Reader) -> Test:
    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        return None if value is None else value is True

    return test


def _contains(subject: Reader, values: tuple[Value, ...], wanted: Reader | None) -> Test:
    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        if value is None:
            return None
        items = value if type(value) is tuple else (value,)
        if any(same(item, other) for item in items for other in values):
            return True
        if wanted is None:
            return False
        other = wanted(reading, env)
        return None if other is None else any(same(item, other) for item in items)

    return test


def _within(left: Reader, span: Reader, side: str, right: Reader) -> Test:
    def test(reading: Reading, env: Env) -> Truth:
        day, width, anchor = left(reading, env), span(reading, env), right(reading, env)
        if day is None or width is None or anchor is None:
            return None
        if not isinstance(day, date) or not isinstance(anchor, date):
            raise EngineError("`within` compares two dates")
        if type(width) is not Duration:
            raise EngineError("`within` needs a length of time")
        first = plus_or_minus(anchor, "-", width) if side in ("before", "either") else anchor
        last = plus_or_minus(anchor, "+", width) if side in ("after", "either") else anchor
        if first is None or last is None:
            return None
        return compare(first, day) <= 0 and compare(day, last) <= 0

    return test


def _matches(item: c.Matches, scope: Scope) -> Test:
    readers = tuple((name, term(part, scope)) for name, part in item.keys)
    var = item.var

    def decide(reading: Reading, env: Env) -> Truth:
        row = env.get(var)
        if type(row) is not Row or row is UNKNOWN_ROW:
            for _, reader in readers:
                reader(reading, env)
            return None
        truth: Truth = True
        for name, reader in readers:
            value = reader(reading, env)
            if value is None:
                truth = None
                continue
            # A column that a row does not repeat was matched by the look-up that found the row.
            if not same(row.columns.get(name, value), value):
                return False
        return truth

    return _noted(item.atom, decide, None)


def _mentions(item: c.Mentions) -> Test:
    words = tuple(word.casefold() for word in item.words)
    near = item.near

    def said(sentence: Sentence) -> bool:
        spoken = tuple(word.casefold() for word in sentence.words)
        return any(
            spoken[at : at + len(words)] == words for at in range(len(spoken) - len(words) + 1)
        )

    def decide(reading: Reading, env: Env) -> Truth:
        if near is None:
            return any(said(sentence) for sentence in reading.sentences)
        fact = env.get(near.var)
        places = fact.evidence if type(fact) is Fact else ()
        return any(
            said(sentence)
            for sentence in reading.sentences
            if any(
                place.source == sentence.source
                and place.begin is not None
                and place.end is not None
                and place.begin < sentence.end
                and sentence.begin < place.end
                for place in places
            )
        )

    return _noted(item.atom, decide, None)


# ---- quantifiers ----------------------------------------------------------------


def conjuncts(item: c.Condition) -> list[c.Condition]:
    """The parts of a condition that must all hold."""
    if isinstance(item, c.AllOf):
        return [part for inner in item.items for part in conjuncts(inner)]
    return [item]


def _candidates(over: c.Binder, where: c.Condition, scope: Scope, positive: bool):
    """A function for the facts or rows that a quantifier must look at, each in its environment."""
    var, entity = over.var, over.entity
    if over.relation:
        asked = [
            part for part in conjuncts(where) if isinstance(part, c.Matches) and part.var == var
        ]
        keys = tuple({name: item for part in asked for name, item in part.keys}.items())
        return _row_candidates(over, keys_of(keys, scope))
    documented = over.documented and entity == scope.standing
    member = scope.membership(over.codes) if over.codes != ANY_CODE else None
    join = _equality(where, var, scope)

    def of_facts(reading: Reading, env: Env):
        held = reading.current if positive else reading.start
        view = reading.documented if documented else held
        taken = [
            reading.identity(fact)
            for fact in env.values()
            if type(fact) is Fact and fact.entity == entity
        ]
        if member is not None:
            pool = view.coded(entity, over.codes, member, reading.key)
        else:
            pool = view.all(entity)
            if join is not None:
                value = join[1](reading, env)
                if value is not None:
                    pool = view.equal(entity, join[0], value)
        for fact in pool:
            if not taken or reading.identity(fact) not in taken:
                yield fact, {**env, var: fact}, fact.id in view.possible

    return of_facts


def _row_candidates(over: c.Binder, keys: Callable[..., Keys | None]):
    def of_rows(reading: Reading, env: Env):
        asked = keys(reading, env)
        rows = None if asked is None else reading.lookups.rows(over.relation, asked)
        if rows is None:
            if asked is not None and reading.record is not None:
                reading.record.missing.append(f"table {over.relation}")
            yield UNKNOWN_ROW, {**env, over.var: UNKNOWN_ROW}, True
            return
        for row in rows:
            yield row, {**env, over.var: row}, False

    return of_rows


def _equality(where: c.Condition, var: str, scope: Scope) -> tuple[str, Reader] | None:
    """A field of ``var`` that must equal a term without ``var``: what an index can answer."""
    for part in conjuncts(where):
        if not isinstance(part, c.Compare) or part.op != "=":
            continue
        for mine, other in ((part.left, part.right), (part.right, part.left)):
            if (
                isinstance(mine, c.Field)
                and mine.var == var
                and mine.name
                and isinstance(other, c.Const | c.Field | c.Param | c.Clock)
                and not (isinstance(other, c.Field) and other.var == var)
            ):
                return mine.name, term(other, scope)
    return None


def _quantified(item: c.Quantified, scope: Scope) -> Test:
    positive = item.kind == "some" and scope.positive
    inside = scope.inside(item.over) if positive else scope.inside(item.over).negative()
    candidates = _candidates(item.over, item.where, scope, positive)
    where = condition(item.where, inside)
    has = condition(item.has, inside) if item.has is not None else None
    entity, var, atom, kind = item.over.entity, item.over.var, item.atom, item.kind
    is_open = bool(entity) and entity in scope.open_entities
    polarity = scope.positive
    least = item.least if kind == "at least" else 1

    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        mark = len(record.missing) if record is not None else 0
        if record is not None:
            record.depth += 1
        unknown = is_open and entity not in reading.supplied
        if unknown and record is not None:
            record.missing.append(entity)
        found: list[Fact | Row] = []
        if kind == "every":
            truth = _every(candidates(reading, env), where, has, reading, unknown)
        else:
            found, maybe = _found(candidates(reading, env), where, reading, least)
            sure, most = len({_mark(one, reading) for one in found}), 0
            most = sure + len(maybe)
            enough = True if sure >= least else (None if unknown or most >= least else False)
            truth = (None if enough is None else not enough) if kind == "no" else enough
        if record is not None:
            record.depth -= 1
            if truth is not None:
                del record.missing[mark:]
            if record.depth == 0:
                _note(record, atom, kind, truth, polarity, var, found)
        return truth

    return test


def _mark(one: Fact | Row, reading: Reading) -> object:
    return reading.identity(one) if type(one) is Fact else one.id


def _found(items, where: Test, reading: Reading, least: int):
    """Those that surely meet the condition, and the identities of further ones that may."""
    found: list[Fact | Row] = []
    maybe: set[object] = set()
    sure: set[object] = set()
    for one, env, possible in items:
        truth = where(reading, env)
        if truth is False:
            continue
        if truth is None or possible:
            maybe.add(_mark(one, reading))
            continue
        found.append(one)
        sure.add(_mark(one, reading))
        if reading.record is None and len(sure) >= least:
            break
    return found, maybe - sure


def _every(items, where: Test, has: Test | None, reading: Reading, unknown: bool) -> Truth:
    truth: Truth = None if unknown else True
    for _, env, possible in items:
        applies = where(reading, env)
        if applies is False:
            continue
        met = True if has is None else has(reading, env)
        if met is True:
            continue
        if met is False and applies is True and not possible:
            return False
        truth = None
    return truth


def _note(
    record: Record, atom: int, kind: str, truth: Truth, positive: bool, var: str,
    found: list[Fact | Row],
) -> None:  # fmt: skip
    record.tests.append((atom, truth, None))
    if kind == "no" and truth is True and positive:
        record.absent.append(atom)
    if kind in ("some", "at least") and truth is True and positive:
        record.witnesses.extend((var, one) for one in found)
        record.covers.append([one for one in found if type(one) is Fact])
