"""Service lines: pointers that follow, modifiers, ceilings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.settle import Settled
from codewarrant.engine.trace import LineResult
from codewarrant.engine.values import Code, Value

LINE = "line"


def pointers(line: Fact, settled: Settled, order: dict[Code, int]) -> tuple[Code, ...] | None:
    """The reported codes that a line points to in the end; None if it pointed to none.

    Replaced: the replacement. Omitted: the codes that cover it. Removed: dropped.
    """
    given = line.fields.get("pointers")
    if not isinstance(given, tuple) or not given:
        return None
    found: dict[Code, None] = {}
    for code in given:
        if isinstance(code, Code):
            for place in sorted(settled.places(code), key=lambda one: order.get(one, 0)):
                found[place] = None
    return tuple(found)


def changed(line: Fact, name: str, value: Value) -> Fact:
    """The same line (its id names the statement) with a field as it is now."""
    return replace(line, fields={**line.fields, name: value})


def modifiers(line: Fact, added: set[str]) -> tuple[str, ...]:
    """The line's own modifiers in order, then those added, sorted."""
    own = line.fields.get("modifiers")
    given = [str(item) for item in own] if isinstance(own, tuple) else []
    return (*given, *sorted(added - set(given)))


def ceiling(value: Value | None) -> int:
    """A ceiling for units. Raises :class:`EngineError` for what is not a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        try:
            whole = int(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            whole = None
        if whole is None or whole != value or isinstance(value, bool):
            raise EngineError("a limit of units is not a whole number")
        return whole
    return value


def results(
    lines: Sequence[Fact],
    given: Sequence[Fact],
    ceilings: Mapping[str, Collection[int]],
    firings: Mapping[str, Collection[int]],
) -> tuple[LineResult, ...]:
    """What became of each line; ``given`` are the lines as the chart states them, in one order.

    ``ceilings`` of units and ``firings`` that said something of a line, by its id.
    """
    made = []
    new = tuple.__new__  # half of what a call of the class takes, for every line of a chart
    for line, stated in zip(lines, given, strict=True):
        fields, id = line.fields, line.id
        if "pointers" in fields or "modifiers" in fields or id in firings:
            made.append(_result(line, stated, ceilings.get(id, ()), firings.get(id, ())))
        else:
            made.append(new(LineResult, (id, (), (), False, None, ())))
    return tuple(made)


def _result(
    line: Fact, given: Fact, ceilings: Collection[int], firings: Collection[int]
) -> LineResult:
    follows = line.fields.get("pointers")
    found = tuple(one for one in follows if isinstance(one, Code)) if follows else ()  # type: ignore[union-attr]
    return LineResult(
        line.id,
        modifiers(line, set()),
        found,
        bool(given.fields.get("pointers")) and not found,
        _lowest(ceilings),
        _sorted(firings),
    )


def _lowest(ceilings: Collection[int]) -> int | None:
    return min(ceilings) if ceilings else None


def _sorted(firings: Collection[int]) -> tuple[int, ...]:
    return tuple(sorted(firings)) if firings else ()
