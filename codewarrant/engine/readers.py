"""Functions for the values of terms; None is unknown, and a record is told what was missing."""

from __future__ import annotations

from collections.abc import Callable

from codewarrant.engine.comparing import in_force, plus_or_minus
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.lookups import Keys
from codewarrant.engine.reading import Env, Reader, Reading, Scope
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Value


def field_reader(var: str, name: str, row: bool) -> Reader:
    """A field of a bound variable; ``row``: the variable is bound to a row."""
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


def parameter_reader(id: str, scope: Scope) -> Reader:
    """The value of a dated parameter that is in force."""
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


def clock_reader(name: str) -> Reader:
    """A named date of the chart."""

    def read(reading: Reading, env: Env) -> Value | None:
        day = reading.clocks.get(name)
        if day is None and reading.record is not None:
            reading.record.missing.append(name)
        return day

    return read


def arith_reader(op: str, left: Reader, right: Reader) -> Reader:
    """A sum or difference."""

    def read(reading: Reading, env: Env) -> Value | None:
        a = left(reading, env)
        b = right(reading, env)
        return None if a is None or b is None else plus_or_minus(a, op, b)

    return read


def lookup_reader(relation: str, wanted: Callable[..., Keys | None], column: str) -> Reader:
    """A column of the rows found by keys; unknown where they disagree or there are none."""

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
