"""Functions for quantifiers and aggregates: what looks through facts or rows itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from codewarrant.engine.comparing import compare, plus_or_minus
from codewarrant.engine.conditions import Aggregate, Binder, Quantified
from codewarrant.engine.facts import Fact
from codewarrant.engine.lookups import UNKNOWN_ROW, Keys
from codewarrant.engine.reading import Env, Reader, Reading, Record, Scope, Test, Truth
from codewarrant.engine.relation import Row
from codewarrant.engine.values import ANY_CODE, Value

Candidate: TypeAlias = tuple[Fact | Row, Env, bool]
"""What a quantifier's variable is bound to, the environment with it, whether only possible."""
Candidates: TypeAlias = Callable[[Reading, Env], Iterator[Candidate]]


def fact_candidates(
    over: Binder, join: tuple[str, Reader] | None, scope: Scope, positive: bool
) -> Candidates:
    """The facts that may be meant, except those that another variable is bound to.

    ``positive``: read what holds now, not the start of the level. ``join`` is a field with the
    value that it must have.
    """
    var, entity = over.var, over.entity
    documented = over.documented and entity == scope.standing
    member = scope.membership(over.codes) if over.codes != ANY_CODE else None

    def facts(reading: Reading, env: Env) -> Iterator[Candidate]:
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
            value = _quietly(join[1], reading, env) if join is not None else None
            if join is not None and value is not None:
                pool = view.equal(entity, join[0], value)
        for fact in pool:
            if not taken or reading.identity(fact) not in taken:
                yield fact, {**env, var: fact}, fact.id in view.possible

    return facts


def _quietly(reader: Reader, reading: Reading, env: Env) -> Value | None:
    """A value that only says where to look: the condition itself says what is missing."""
    record, reading.record = reading.record, None
    try:
        return reader(reading, env)
    finally:
        reading.record = record


def row_candidates(over: Binder, keys: Callable[..., Keys | None]) -> Candidates:
    """The rows that keys find; with an unknown key, one unknown row."""

    def rows(reading: Reading, env: Env) -> Iterator[Candidate]:
        asked = keys(reading, env)
        found = None if asked is None else reading.lookups.rows(over.relation, asked)
        if found is None:
            if asked is not None and reading.record is not None:
                reading.record.missing.append(f"table {over.relation}")
            yield UNKNOWN_ROW, {**env, over.var: UNKNOWN_ROW}, True
            return
        for row in found:
            yield row, {**env, over.var: row}, False

    return rows


def quantified(
    item: Quantified, candidates: Candidates, where: Test, has: Test | None, scope: Scope
) -> Test:
    """``some``, ``no``, ``at least`` and ``every``, three-valued."""
    entity, var, kind = item.over.entity, item.over.var, item.kind
    is_open = bool(entity) and entity in scope.open_entities
    positive = scope.positive
    least = item.least if kind == "at least" else 1

    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        mark = _enter(record)
        unknown = is_open and entity not in reading.supplied
        if unknown and record is not None:
            record.missing.append(entity)
        found: list[Fact | Row] = []
        if kind == "every":
            truth = _every(candidates(reading, env), where, has, reading, unknown, var)
        else:
            found, maybe = _found(candidates(reading, env), where, reading, least, var)
            sure = len({_mark(one, reading) for one in found})
            open_ = unknown or sure + len(maybe) >= least
            enough = True if sure >= least else (None if open_ else False)
            truth = (None if enough is None else not enough) if kind == "no" else enough
        if record is not None:
            record.depth -= 1
            if truth is not None:
                del record.missing[mark:]
            if record.depth == 0:
                _note(record, item, truth, positive, var, found)
            elif record.inside is not None:
                record.inside.append((item.atom, truth))
        return truth

    return test


def _enter(record: Record | None) -> int:
    if record is None:
        return 0
    record.depth += 1
    return len(record.missing)


def _mark(one: Fact | Row, reading: Reading) -> object:
    return reading.identity(one) if type(one) is Fact else one.id


def _may_be(reading: Reading, var: str, one: Fact | Row, possible: bool) -> None:
    """Note that what a search came upon may not be there."""
    if possible and reading.record is not None and type(one) is Fact:
        reading.record.missing.append(f"{var} is only possible")


def _found(
    items: Iterable[Candidate], where: Test, reading: Reading, least: int, var: str
) -> tuple[list[Fact | Row], set[object]]:
    """Those that surely meet the condition, and the identities of further ones that may."""
    found: list[Fact | Row] = []
    maybe: set[object] = set()
    sure: set[object] = set()
    for one, env, possible in items:
        truth = where(reading, env)
        if truth is False:
            continue
        _may_be(reading, var, one, possible)
        if truth is None or possible:
            maybe.add(_mark(one, reading))
            continue
        found.append(one)
        sure.add(_mark(one, reading))
        if reading.record is None and len(sure) >= least:
            break
    return found, maybe - sure


def _every(
    items: Iterable[Candidate],
    where: Test,
    has: Test | None,
    reading: Reading,
    unknown: bool,
    var: str,
) -> Truth:
    answers: dict[object, Truth] = {}
    for one, env, possible in items:
        applies = where(reading, env)
        if applies is False:
            continue
        _may_be(reading, var, one, possible)
        mark = _mark(one, reading)
        met = True if has is None else has(reading, env)
        known = answers.get(mark, False)
        if met is True or known is True:
            answers[mark] = True
        elif met is False and applies is True and not possible:
            answers[mark] = known
        else:
            answers[mark] = None
    if False in answers.values():
        return False
    return None if unknown or None in answers.values() else True


def _note(
    record: Record,
    item: Quantified,
    truth: Truth,
    positive: bool,
    var: str,
    found: list[Fact | Row],
) -> None:
    record.tests.append((item.atom, truth, None))
    if truth is not True or not positive:
        return
    if item.kind == "no":
        record.absent.append(item.atom)
    if item.kind in ("some", "at least"):
        relation = item.over.relation
        record.witnesses.extend(
            (var, f"{relation}/{one.id}" if relation else one.id, one) for one in found
        )
        record.covers.append([one for one in found if type(one) is Fact])


def aggregate(
    item: Aggregate, candidates: Candidates, where: Test, value_of: Reader | None, scope: Scope
) -> Reader:
    """Sum, count, earliest, latest; unknown if any fact's condition or term is."""
    func, entity = item.func, item.over.entity
    is_open = bool(entity) and entity in scope.open_entities

    def read(reading: Reading, env: Env) -> Value | None:
        record = reading.record
        mark = _enter(record)
        unknown = is_open and entity not in reading.supplied
        if unknown and record is not None:
            record.missing.append(entity)
        values: dict[object, Value] = {}
        maybe: set[object] = set()
        for one, env2, possible in candidates(reading, env):
            truth = where(reading, env2)
            if truth is False:
                continue
            _may_be(reading, item.over.var, one, possible)
            name = _mark(one, reading)
            value = value_of(reading, env2) if value_of is not None else True
            if truth is None or possible or value is None:
                maybe.add(name)
            elif name in values and values[name] != value:
                unknown = True
            else:
                values[name] = value
        unknown = unknown or bool(maybe - set(values))
        if record is not None:
            record.depth -= 1
            if not unknown:
                del record.missing[mark:]
        return None if unknown else _combined(func, list(values.values()))

    return read


def _combined(func: str, values: list[Value]) -> Value | None:
    if func == "count":
        return len(values)
    if func == "sum":
        total: Value | None = values[0] if values else 0
        for value in values[1:]:
            assert total is not None
            total = plus_or_minus(total, "+", value)
        return total
    best: Value | None = None
    for value in values:
        if best is None or compare(value, best) == (-1 if func == "earliest" else 1):
            best = value
    return best
