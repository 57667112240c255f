"""Terms: fields, literals, parameters, arithmetic and aggregates, typed and lowered."""

from __future__ import annotations

import re
from decimal import Decimal

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Fault, Span, did_you_mean, fault, one_of
from codewarrant.dsl.scope import Scope, TableInfo, Variable
from codewarrant.dsl.sets import check_code, misspelt
from codewarrant.dsl.types import (
    BOOLEAN,
    DATE,
    DECIMAL,
    DURATION,
    INTEGER,
    MONEY,
    NUMBERS,
    TEXT,
    Type,
    attribute_type,
    by_date,
    fields_of,
    system_of,
)
from codewarrant.engine import conditions as c
from codewarrant.engine.program import Because
from codewarrant.engine.values import Code, Duration, Value
from codewarrant.schema import CODE_ATTRIBUTES, CODES

LITERALS = (
    s.Number, s.DateValue, s.Quoted, s.Quantity, s.Money, s.CodeValue, s.Boolean,
)  # fmt: skip
WIDEST = 12


def lower_term(node: s.TermNode, scope: Scope, expected: Type | None = None) -> tuple[c.Term, Type]:
    """A term and its type; ``expected`` says how a literal is meant. Raises ``Fault``."""
    match node:
        case s.Ref():
            return _ref(node, scope, expected)
        case s.ClockValue(name):
            return c.Clock(name), DATE
        case s.Arithmetic(op, left, right):
            return _arithmetic(node, op, left, right, scope)
        case s.Aggregation():
            from codewarrant.dsl.lower_conditions import lower_aggregate

            return lower_aggregate(node, scope)
    value, found = constant(node, scope, expected)
    return c.Const(value), found


def constant(node: s.TermNode, scope: Scope, expected: Type | None) -> tuple[Value, Type]:
    """The value of a literal as the place needs it. Raises ``Fault``."""
    match node:
        case s.Number(text, _):
            return _number(node, text, scope, expected)
        case s.CodeValue():
            return _code(node, scope, expected)
        case s.Quoted(text, _):
            if expected and expected.kind == "code":
                raise fault(
                    "CW0303", node.span, "a code is needed here, not a text", "leave out the quotes"
                )
            if expected and expected.kind == "text":
                check_word(text, node.span, expected)
                return text, expected
            return text, TEXT
        case s.DateValue(value, _):
            return value, DATE
        case s.Money(value, _):
            return value, MONEY
        case s.Boolean(value, _):
            return value, BOOLEAN
        case s.Quantity(count, unit, _):
            return _quantity(node, count, unit, expected)
    raise fault("CW0310", node.span, "a plain value is needed here")


def _number(node: s.Number, text: str, scope: Scope, expected: Type | None) -> tuple[Value, Type]:
    if expected and expected.kind == "code":
        return _code(s.CodeValue(text, "", node.span), scope, expected)
    if expected and expected.kind == "text":
        return text, expected
    if len(text) > WIDEST:
        raise fault("CW0310", node.span, "the number is too long", f"at most {WIDEST} digits")
    if "." in text:
        return Decimal(text), DECIMAL
    if expected and expected.kind == "integer":
        return int(text), expected
    return int(text), INTEGER


def _code(node: s.CodeValue, scope: Scope, expected: Type | None) -> tuple[Value, Type]:
    if expected and expected.kind == "text":
        return node.text, expected
    if expected and expected.kind != "code":
        raise fault("CW0303", node.span, f"`{node.text}` is a code; {expected.a} is needed here")
    systems = expected.systems if expected else ()
    if node.system:
        if systems and node.system not in systems:
            raise fault(
                "CW0304",
                node.span,
                f"a {node.system} code cannot stand here",
                f"codes of {' or '.join(systems)} are needed",
            )
        systems = (node.system,)
    system = system_of(node.text, by_date(systems, scope.names.on))
    if not system:
        raise misspelt(node.text, systems or ("a known system",), node)
    check_code(scope.codes, system, node.text, scope.names.on, node)
    return Code(system, node.text), Type("code", (system,))


def _quantity(node: s.Quantity, count: int, unit: str, expected: Type | None) -> tuple[Value, Type]:
    if expected and expected.kind == "integer" and expected.unit:
        if unit == expected.unit:
            return count, expected
        if unit == "week" and expected.unit == "day":
            return count * 7, expected
        raise fault("CW0301", node.span, f"{unit}s cannot be compared with {expected.a}")
    if unit == "unit":
        return count, Type("integer", unit="unit")
    months = {"month": count, "year": 12 * count}.get(unit, 0)
    days = {"day": count, "week": 7 * count}.get(unit, 0)
    return Duration(months, days), Type("duration", unit="month" if months else "")


def check_word(text: str, span: Span, expected: Type) -> None:
    """Refuse a word that the field can never hold. Raises ``Fault``."""
    if expected.values and text not in expected.values:
        raise fault(
            "CW0302",
            span,
            f"`{text}` is not one of the values of this field",
            did_you_mean(text, expected.values) or f"it is {one_of(expected.values)}",
        )


def _ref(node: s.Ref, scope: Scope, expected: Type | None) -> tuple[c.Term, Type]:
    first, *rest = node.parts
    if not rest and first.text not in scope.vars:
        found = scope.names.parameters.get(first.text)
        if found is not None:
            unit = "month" if found.months else ""
            kind = found.type if not unit else Type(found.type.kind, unit=unit)
            return c.Param(found.parameter.id), kind
        if expected and first.text in expected.values:
            return c.Const(first.text), expected
        if expected and expected.values:
            check_word(first.text, first.span, expected)
        raise scope.unknown(first, _as_text(first.text) if expected == TEXT else "")
    variable = scope.variable(first)
    if not rest:
        return c.Field(variable.name, ""), Type("fact", unit=variable.entity)
    term, found_type = _field(variable, rest[0], scope)
    for part in rest[1:]:
        term, found_type = _attribute(term, found_type, part)
    return term, found_type


def _as_text(word: str) -> str:
    """How to write a word that is meant as a text, or as one of the codes that are texts."""
    if re.fullmatch(r"[a-z][a-z0-9]", word):
        return f"modifiers have capitals: `{word.upper()}`"
    return f'a text stands in quotation marks, `"{word}"`; a place of service is a number: `21`'


def column_type(table: TableInfo, name: s.Name) -> Type:
    """The type of a table's column. Raises ``Fault`` where it has none of that name."""
    found = table.columns.get(name.text)
    if found is None:
        columns = list(table.columns)
        raise fault(
            "CW0208",
            name.span,
            f"the table has no column `{name.text}`",
            did_you_mean(name.text, columns) or f"its columns: {', '.join(columns)}",
        )
    return found


def _field(variable: Variable, name: s.Name, scope: Scope) -> tuple[c.Term, Type]:
    if variable.table is not None:
        return c.Field(variable.name, name.text), column_type(variable.table, name)
    known = fields_of(variable.entity)
    if name.text in known:
        return c.Field(variable.name, name.text), known[name.text]
    derived = scope.names.derived.get((variable.entity, name.text))
    if derived is None:
        raise scope.no_field(variable.entity, name)
    if derived.term is None:
        raise fault(
            "CW0305",
            name.span,
            f"`{name.text}` is true or false, not a value",
            f"use it as a condition by itself: `{name.text}`",
        )
    return lower_term(derived.term, expanded(derived, variable, name, scope))


def expanded(derived: s.DeriveBlock, variable: Variable, name: s.Name, scope: Scope) -> Scope:
    """The scope of a definition's own text, its variable standing for the one it is used on."""
    key = (derived.entity, derived.name.text)
    if key in scope.expanding:
        raise fault("CW0210", name.span, f"`{name.text}` is defined by itself")
    return Scope(
        scope.names,
        {derived.var.text: variable},
        scope.atoms,
        scope.faults,
        scope.singles,
        (*scope.expanding, key),
    )


def _attribute(term: c.Term, of: Type, name: s.Name) -> tuple[c.Term, Type]:
    if of.kind != "code" or of.many:
        raise fault("CW0208", name.span, f"{of.a} has no field `{name.text}`", "only codes have")
    if name.text not in CODE_ATTRIBUTES:
        raise fault(
            "CW0208",
            name.span,
            f"a code has no attribute `{name.text}`",
            did_you_mean(name.text, CODE_ATTRIBUTES)
            or f"its attributes: {', '.join(CODE_ATTRIBUTES)}",
        )
    return (
        c.LookupTerm(CODES, (("code", term),), name.text),
        attribute_type(name.text, of.systems),
    )


def _arithmetic(
    node: s.Arithmetic, op: str, left: s.TermNode, right: s.TermNode, scope: Scope
) -> tuple[c.Term, Type]:
    a, a_type = lower_term(left, scope)
    b, b_type = lower_term(right, scope)
    found: Type | None = None
    kinds = (a_type.kind, b_type.kind)
    if a_type.many or b_type.many:
        found = None
    elif a_type.kind in NUMBERS and b_type.kind in NUMBERS:
        units = {item.unit for item in (a_type, b_type) if item.unit}
        if len(units) < 2:
            kind = "decimal" if "decimal" in kinds else "integer"
            found = Type(kind, unit=units.pop() if units else "")
    elif kinds == ("money", "money"):
        found = MONEY
    elif kinds == ("date", "duration") or (kinds == ("duration", "date") and op == "+"):
        found = DATE
    elif kinds == ("date", "date") and op == "-":
        found = DURATION
    elif kinds == ("duration", "duration"):
        found = Type("duration", unit=a_type.unit or b_type.unit)
    if found is None:
        verb = "added to" if op == "+" else "taken from"
        first, second = (b_type, a_type) if op == "-" else (a_type, b_type)
        raise fault(
            "CW0306",
            node.span,
            f"{first.a} cannot be {verb} {second.a}",
            "a date and a duration give a date; two dates give the days between them",
        )
    return c.Arith("+" if op == "+" else "-", a, b), found


FILL = re.compile(r"\{([^{}]*)\}")


def template(text: s.Quoted | None, scope: Scope, default: str = "") -> Because:
    """A reason with its ``{…}`` parts as terms. Raises ``Fault``."""
    if text is None:
        return Because((default,) if default else ())
    parts: list[str | c.Term] = []
    at = 0
    for hit in FILL.finditer(text.text):
        if hit.start() > at:
            parts.append(text.text[at : hit.start()])
        parts.append(_filled(hit.group(1).strip(), text, scope))
        at = hit.end()
    rest = text.text[at:]
    if "{" in rest or "}" in rest:
        raise fault("CW0313", text.span, "a brace stands alone in this text", "write `{d.code}`")
    if rest:
        parts.append(rest)
    return Because(tuple(parts))


def _filled(inner: str, text: s.Quoted, scope: Scope) -> c.Term:
    words = inner.split(".")
    if not all(re.fullmatch(r"[a-z][a-z0-9_-]*", word) for word in words):
        raise fault(
            "CW0313", text.span, f"`{{{inner}}}` cannot be filled in", "write a field: `{d.code}`"
        )
    ref = s.Ref(tuple(s.Name(word, text.span) for word in words), text.span)
    try:
        term, found = lower_term(ref, scope)
    except Fault as error:
        raise fault(
            "CW0313",
            text.span,
            f"`{{{inner}}}` cannot be filled in: {error.diagnostic.message}",
            error.diagnostic.help,
        ) from None
    if found.kind == "fact":
        raise fault(
            "CW0313", text.span, f"`{{{inner}}}` names no field", f"write `{{{inner}.code}}`"
        )
    return term
