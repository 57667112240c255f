"""Conditions, typed and lowered: each test becomes a numbered atom of the engine's program."""

from __future__ import annotations

from typing import Literal

from codewarrant.dsl import syntax as s
from codewarrant.dsl.bounds import bounds
from codewarrant.dsl.diagnostics import Fault, did_you_mean, fault
from codewarrant.dsl.installed_tables import JOINABLE
from codewarrant.dsl.lower_comparisons import (
    between,
    choice,
    comparable,
    comparison,
    containment,
    nearness,
    not_a_fact,
)
from codewarrant.dsl.lower_terms import column_type, expanded, lower_term
from codewarrant.dsl.scope import Scope, Variable
from codewarrant.dsl.sets import ValueSet
from codewarrant.dsl.types import NUMBERS, Type, fields_of
from codewarrant.dsl.words import known_section, words_of
from codewarrant.engine import conditions as c

MOST_WORDS = 20
"""Words of the longest passage that a condition looks for in notes."""


def lower_condition(node: s.ConditionNode, scope: Scope) -> c.Condition:
    """A condition. Each faulty part of an ``and`` or ``or`` is reported by itself.

    Raises ``Fault`` for a single faulty test.
    """
    match node:
        case s.Junction(op, items):
            found = tuple(_guarded(item, scope) for item in items)
            return c.AllOf(found) if op == "and" else c.AnyOf(found)
        case s.Negation(item):
            return c.Not(lower_condition(item, scope))
        case s.Quantifier():
            return _quantifier(node, scope)
        case s.Comparison():
            return comparison(node, scope)
        case s.Membership():
            return _membership(node, scope)
        case s.Choice():
            return choice(node, scope)
        case s.Range():
            return between(node, scope)
        case s.Knowledge(term, known, text):
            lowered, found_type = lower_term(term, scope)
            not_a_fact(found_type, term)
            test = c.Known(scope.atom(text), lowered)
            return test if known else c.Not(test)
        case s.Containment():
            return containment(node, scope)
        case s.Nearness():
            return nearness(node, scope)
        case s.RowMatch():
            return _row_match(node, scope)
        case s.NoteMention():
            return _mention(node, scope)
    return _truth(node, scope)


def _guarded(node: s.ConditionNode, scope: Scope) -> c.Condition:
    """One part of a junction; its fault is kept, and the other parts are still checked."""
    try:
        return lower_condition(node, scope)
    except Fault as error:
        scope.faults.append(error.diagnostic)
        return c.TRUE


def _membership(node: s.Membership, scope: Scope) -> c.Condition:
    term, found = lower_term(node.term, scope)
    not_a_fact(found, node.term)
    if node.many and not found.many:
        raise fault("CW0307", node.span, f"{found.a} contains nothing", "write `in` for one value")
    if found.many and not node.many:
        raise fault(
            "CW0307",
            node.span,
            f"{found.a} is not in a set as a whole",
            "write `contains any of`",
        )
    if found.kind == "text":
        return _coded_text(node, term, found, scope)
    if found.kind != "code":
        raise fault("CW0303", node.span, f"{found.a} is not a code", "only codes are in sets")
    used = scope.sets.used(node.within, found.systems, node.text)
    if found.systems and not set(found.systems) & set(used.systems):
        raise fault(
            "CW0304",
            node.span,
            f"{found.a} is never in a set of {' and '.join(used.systems)} codes",
        )
    test = in_set(term, used, node.text, scope)
    return c.Not(test) if node.negated else test


def in_set(term: c.Term, used: ValueSet, text: str, scope: Scope) -> c.Condition:
    """Membership in a resolved set as one atom."""
    return c.InSet(scope.atom(text), term, used.id, used.versions)


def _coded_text(node: s.Membership, term: c.Term, found: Type, scope: Scope) -> c.Condition:
    """Modifiers and places of service are texts written like codes."""
    items = node.within.items if isinstance(node.within, s.CodeSet) else (node.within,)
    excepts = node.within.excepts if isinstance(node.within, s.CodeSet) else ()
    values: list[str] = []
    for item in items:
        if item.kind == "set":
            used = scope.sets.used(item, ())
            exact = all(code.low == code.high for code in used.codes)
            if not set(used.systems) <= {"modifier", "pos", "revenue"} or not exact:
                raise fault("CW0304", item.span, f"`{item.first}` is no list of single such values")
            values += [code.low for code in used.codes]
        elif item.kind == "code":
            values.append(item.first)
        else:
            helps = "such as `{ 21, 22, 23 }`: they have no order, and no stems"
            raise fault("CW0310", item.span, "list these values one by one", helps)
    away = {item.first for item in excepts}
    kept = tuple(dict.fromkeys(value for value in values if value not in away))
    number = scope.atom(node.text)
    test: c.Condition = (
        c.Contains(number, term, kept) if found.many else c.OneOf(number, term, kept)
    )
    return c.Not(test) if node.negated else test


def _row_match(node: s.RowMatch, scope: Scope) -> c.Condition:
    first = node.row.parts[0]
    variable = scope.vars.get(first.text)
    if variable is None or variable.table is None or len(node.row.parts) > 1:
        raise fault(
            "CW0310",
            node.row.span,
            f"`{node.row.text}` is no row of a table",
            "bind one: `for each …, row r of TABLE`",
        )
    keys = []
    for name, value in node.keys:
        column = column_type(variable.table, name)
        term, found = lower_term(value, scope, column)
        not_a_fact(found, value)
        comparable(s.Comparison("=", node.row, value, node.text, value.span), column, found)
        keys.append((name.text, term))
    return c.Matches(scope.atom(node.text), variable.name, tuple(keys))


def _mention(node: s.NoteMention, scope: Scope) -> c.Condition:
    words = tuple(words_of(node.words.text))
    if not words:
        raise fault("CW0310", node.words.span, "no words are given to look for")
    if len(words) > MOST_WORDS:
        raise fault(
            "CW0310",
            node.words.span,
            f"{len(words)} words are too many to look for",
            f"at most {MOST_WORDS}; name those that matter",
        )
    for section in node.sections:
        known_section(section)
    near = None
    if node.near is not None:
        near = c.Field(scope.variable(node.near).name, "")
    sections = tuple(dict.fromkeys(section.text for section in node.sections))
    return c.Mentions(scope.atom(node.text), words, near, sections)


def _truth(node: s.Truth, scope: Scope) -> c.Condition:
    parts = node.ref.parts
    if len(parts) == 2:
        variable = scope.variable(parts[0])
        derived = scope.names.derived.get((variable.entity, parts[1].text))
        if derived is not None and derived.when is not None and variable.table is None:
            return lower_condition(derived.when, expanded(derived, variable, parts[1], scope))
    term, found = lower_term(node.ref, scope)
    not_a_fact(found, node.ref)
    if found.kind != "boolean" or found.many:
        raise fault(
            "CW0305",
            node.span,
            f"`{node.ref.text}` is {found.a}, not true or false",
            "say what it should be: `is …`, `in …`, `is known`",
        )
    return c.Holds(scope.atom(node.text), term)


# ---- quantifiers and aggregates -----------------------------------------------


def enter(node: s.Scope, scope: Scope) -> tuple[Scope, Variable, list[c.Condition]]:
    """The scope inside a quantifier or aggregate, its variable, and the test of ``in``."""
    name = node.var or s.Name(f"{node.entity}_{len(scope.vars) + len(scope.atoms)}", node.span)
    variable = Variable(name.text, node.entity)
    inner = scope.bind(name, variable)
    tests: list[c.Condition] = []
    if node.within is not None:
        ref = s.Ref((name, s.Name("code", node.within.span)), node.span)
        if "code" not in fields_of(node.entity):
            raise fault("CW0303", node.span, f"a {node.entity} has no code", "leave `in` out")
        text = f"{name.text}.code in {set_text(node.within)}"
        tests.append(
            lower_condition(s.Membership(ref, node.within, False, False, text, node.span), inner)
        )
    return inner, variable, tests


def set_text(node: s.CodeSet | s.SetItem) -> str:
    """A set as it was written."""
    if isinstance(node, s.SetItem):
        forms = {
            "range": f"{node.first} to {node.last}",
            "star": f"{node.first}*" if "." in node.first else f"{node.first}.*",
            "descendants": f"descendants of {node.first}",
        }
        return forms.get(node.kind, node.first)
    text = "{ " + ", ".join(map(set_text, node.items)) + " }"
    if node.excepts:
        text += " except { " + ", ".join(map(set_text, node.excepts)) + " }"
    return text


def together(tests: list[c.Condition]) -> c.Condition:
    """All of them, without needless nesting."""
    flat: list[c.Condition] = []
    for item in tests:
        flat += item.items if isinstance(item, c.AllOf) else (item,)
    return flat[0] if len(flat) == 1 else c.AllOf(tuple(flat))


def _quantifier(node: s.Quantifier, scope: Scope) -> c.Condition:
    number = scope.atom(node.text)
    if isinstance(node.scope, s.RowScope):
        return _some_row(number, node, node.scope, scope)
    inner, variable, tests = enter(node.scope, scope)
    if node.scope.where is not None:
        tests.append(lower_condition(node.scope.where, inner))
    where = together(tests)
    has = lower_condition(node.has, inner) if node.has is not None else None
    kind: Literal["some", "no", "at least", "every"] = node.kind  # type: ignore[assignment]
    return c.Quantified(
        number, kind, binder(variable, node.scope, where, scope), where, node.least, has
    )


def _some_row(number: int, node: s.Quantifier, over: s.RowScope, scope: Scope) -> c.Condition:
    inner, variable = enter_rows(over.row, scope)
    where = lower_condition(over.where, inner)
    keyed(over.row, variable, where)
    assert variable.table is not None
    kind: Literal["some", "no"] = node.kind  # type: ignore[assignment]
    return c.Quantified(
        number, kind, c.Binder(variable.name, relation=variable.table.name), where, 1, None
    )


def enter_rows(node: s.RowBinder, scope: Scope) -> tuple[Scope, Variable]:
    """The scope in which a row of a table is bound. Raises ``Fault`` for an unknown table."""
    table = scope.names.tables.get(node.table.text)
    if table is None:
        raise fault(
            "CW0207",
            node.table.span,
            f"there is no table `{node.table.text}`",
            did_you_mean(node.table.text, scope.names.tables),
        )
    variable = Variable(node.var.text, table=table)
    return scope.bind(node.var, variable), variable


def keyed(node: s.RowBinder, variable: Variable, where: c.Condition) -> None:
    """Raises ``Fault`` where a row of an installed table is not found by the table's key: millions
    of rows would have to be gone through."""
    table = variable.table
    if table is None or not table.release:
        return
    first = JOINABLE[table.release].key[0]
    parts = where.items if isinstance(where, c.AllOf) else (where,)
    found = {
        column
        for part in parts
        if isinstance(part, c.Matches) and part.var == variable.name
        for column, _ in part.keys
    }
    if first not in found:
        raise fault(
            "CW0512",
            node.var.span,
            f"the rows of `{node.table.text}` are found by `{first}`, which nothing gives",
            f"join it: {node.var.text} matches ({first}: …)",
        )


def binder(variable: Variable, node: s.Scope, where: c.Condition, scope: Scope) -> c.Binder:
    """A binder with the bounds that its condition sets on the code."""
    return c.Binder(
        variable.name,
        node.entity,
        documented=node.documented,
        codes=bounds(where, variable.name, scope.codes),
    )


def lower_aggregate(node: s.Aggregation, scope: Scope) -> tuple[c.Term, Type]:
    """``sum``, ``count``, ``earliest``, ``latest``. Raises ``Fault``."""
    inner, variable, tests = enter(node.scope, scope)
    if node.scope.where is not None:
        tests.append(lower_condition(node.scope.where, inner))
    where = together(tests)
    over = binder(variable, node.scope, where, scope)
    if node.of is None:
        return c.Aggregate("count", None, over, where), Type("integer")
    term, found = lower_term(node.of, inner)
    not_a_fact(found, node.of)
    wanted = (*NUMBERS, "money") if node.func == "sum" else ("date",)
    if found.kind not in wanted or found.many:
        raise fault(
            "CW0310",
            node.of.span,
            f"the {node.func} of {found.a} has no meaning",
            "sum numbers or money; earliest and latest are for dates",
        )
    func: Literal["sum", "count", "earliest", "latest"] = node.func  # type: ignore[assignment]
    return c.Aggregate(func, term, over, where), found
