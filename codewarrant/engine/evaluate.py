"""Terms and conditions turned into functions, once per program.

One evaluation serves two uses. Matching wants an answer fast and stops early. Recording (a
``Record`` in the reading) visits every part and notes each atom's truth and value, what was
missing, which facts a ``some`` rests on, and which searches found nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from codewarrant.engine import atoms
from codewarrant.engine import conditions as c
from codewarrant.engine.lookups import Keys
from codewarrant.engine.quantify import (
    Candidates,
    aggregate,
    fact_candidates,
    quantified,
    row_candidates,
)
from codewarrant.engine.readers import (
    arith_reader,
    clock_reader,
    field_reader,
    lookup_reader,
    parameter_reader,
)
from codewarrant.engine.reading import Env, Reader, Reading, Scope, Test


def term(item: c.Term, scope: Scope) -> Reader:
    """A function for the term's value; None is unknown."""
    match item:
        case c.Const(value):
            return lambda reading, env: value
        case c.Field(var, name):
            mark = (var, name, var in scope.rows)
            known = scope.fields.get(mark)
            if known is None:
                known = scope.fields[mark] = field_reader(*mark)
            return known
        case c.Param(id):
            return parameter_reader(id, scope)
        case c.Clock(name):
            return clock_reader(name)
        case c.Arith(op, left, right):
            return arith_reader(op, term(left, scope), term(right, scope))
        case c.LookupTerm(relation, keys, column):
            return lookup_reader(relation, keys_of(keys, scope), column)
        case c.Aggregate():
            return _aggregate(item, scope)


def keys_of(keys: tuple[tuple[str, c.Term], ...], scope: Scope) -> Callable[..., Keys | None]:
    """A function for the columns and values of a question; None if any value is unknown."""
    readers = tuple((name, term(item, scope)) for name, item in sorted(keys, key=lambda k: k[0]))

    def read(reading: Reading, env: Env) -> Keys | None:
        found = tuple((name, reader(reading, env)) for name, reader in readers)
        if any(value is None for _, value in found):
            return None
        return found  # type: ignore[return-value]

    return read


def _aggregate(item: c.Aggregate, scope: Scope) -> Reader:
    inside = scope.inside(item.over).negative()
    return aggregate(
        item,
        _candidates(item.over, item.where, scope, positive=False),
        condition(item.where, inside),
        term(item.term, inside) if item.term is not None else None,
        scope,
    )


def condition(item: c.Condition, scope: Scope) -> Test:
    """A function for the condition's truth; None is undetermined."""
    match item:
        case c.AllOf(items):
            return atoms.all_of([condition(part, scope) for part in items])
        case c.AnyOf(items):
            return atoms.any_of([condition(part, scope) for part in items])
        case c.Not(part):
            return atoms.negated(condition(part, scope.negative()))
        case c.Quantified():
            return _quantified(item, scope)
        case c.Matches():
            readers = tuple((name, term(part, scope)) for name, part in item.keys)
            return atoms.noted(item.atom, atoms.matches(item.var, readers), None)
        case c.Mentions():
            return atoms.noted(item.atom, atoms.mentions(item), None)
    decide, shown = _atom(item, scope)
    return atoms.noted(item.atom, decide, shown)


def _atom(
    item: c.Compare | c.InSet | c.OneOf | c.Between | c.Known | c.Holds | c.Contains | c.Within,
    scope: Scope,
) -> tuple[Test, Reader]:
    match item:
        case c.Compare(_, op, left, right):
            value = term(left, scope)
            return atoms.comparison(op, value, term(right, scope)), value
        case c.InSet(_, subject, _, versions):
            value = term(subject, scope)
            return atoms.in_set(value, versions, scope), value
        case c.OneOf(_, subject, values):
            value = term(subject, scope)
            return atoms.one_of(value, values), value
        case c.Between(_, subject, low, high):
            value, bottom, top = (term(part, scope) for part in (subject, low, high))
            tests = [atoms.comparison(">=", value, bottom), atoms.comparison("<=", value, top)]
            return atoms.all_of(tests), value
        case c.Known(_, subject):
            value = term(subject, scope)
            return lambda reading, env: value(reading, env) is not None, value
        case c.Holds(_, subject):
            value = term(subject, scope)
            return atoms.holds(value), value
        case c.Contains(_, subject, values, element):
            value = term(subject, scope)
            wanted = term(element, scope) if element is not None else None
            return atoms.contains(value, values, wanted), value
        case c.Within(_, left, span, side, right):
            day, width, anchor = (term(part, scope) for part in (left, span, right))
            return atoms.within(day, width, side, anchor), day


def conjuncts(item: c.Condition) -> list[c.Condition]:
    """The parts of a condition that must all hold."""
    if isinstance(item, c.AllOf):
        return [part for inner in item.items for part in conjuncts(inner)]
    return [item]


def _candidates(over: c.Binder, where: c.Condition, scope: Scope, positive: bool) -> Candidates:
    if not over.relation:
        return fact_candidates(over, _equality(where, over.var, scope), scope, positive)
    keys = {
        name: item
        for part in conjuncts(where)
        if isinstance(part, c.Matches) and part.var == over.var
        for name, item in part.keys
    }
    return row_candidates(over, keys_of(tuple(keys.items()), scope))


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
    return quantified(
        item,
        _candidates(item.over, item.where, scope, positive),
        condition(item.where, inside),
        condition(item.has, inside) if item.has is not None else None,
        scope,
    )
