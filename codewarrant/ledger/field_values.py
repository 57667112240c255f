"""Values that give a test of a field the truth that is wanted of it."""

from __future__ import annotations

from codewarrant.dsl.types import fields_of
from codewarrant.engine import conditions as c
from codewarrant.engine.facts import Fact
from codewarrant.engine.reading import Env
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Value

NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
"""Each comparison and the one that holds where it does not."""
TURNED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""Each comparison with its sides exchanged."""


def compared(
    entity: str, name: str, op: str, value: Value | None
) -> tuple[str, Value | None] | None:
    """A field with a value for which a comparison with ``value`` holds."""
    if value is None:
        return None
    if op in ("=", "<=", ">="):
        return name, value
    if op == "!=":
        return with_value(name, other_value(entity, name, (value,)))
    if isinstance(value, int) and not isinstance(value, bool):
        return name, value - 1 if op == "<" else value + 1
    return None


def with_value(name: str, value: Value | None) -> tuple[str, Value | None] | None:
    """A field with its value, None where no value is known that would do."""
    return None if value is None else (name, value)


def constant(item: c.Term, env: Env) -> Value | None:
    """The value of a constant or of a field of something bound."""
    match item:
        case c.Const(value):
            return value
        case c.Field(var, name) if var in env and isinstance(env[var], Fact):
            return env[var].get(name)  # type: ignore[union-attr]
        case c.Field(var, name) if isinstance(env.get(var), Row):
            return env[var].columns.get(name)  # type: ignore[union-attr]
    return None


def any_value(entity: str, name: str) -> Value | None:
    """Some value of a field, where it has few."""
    known = fields_of(entity).get(name)
    if known is None or known.many:
        return None
    return False if known.kind == "boolean" else known.values[0] if known.values else None


def other_value(entity: str, name: str, values: tuple[Value, ...]) -> Value | None:
    """Another value of a field, where it has few; None leaves it unknown."""
    known = fields_of(entity).get(name)
    if known is None:
        return None
    rest = [item for item in known.values if item not in values]
    return rest[0] if rest else None
