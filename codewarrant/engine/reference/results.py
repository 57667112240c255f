"""The results of the reference evaluator: what became of each code, its place, and lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.reference.diagnoses import code_of, documentation
from codewarrant.engine.reference.record import Fired
from codewarrant.engine.reference.settle import Settlement
from codewarrant.engine.trace import LineResult, Standing
from codewarrant.engine.values import Code, Value

LAST = (2, (), 0)
"""The place of what was never placed: after all that was."""


def concluding(fired: list[Fired]) -> dict[Code, list[Fired]]:
    """The firings that concluded each code."""
    found: dict[Code, list[Fired]] = {}
    for one in fired:
        for item in one.concluded:
            if item.kind in ("assign", "replace") and item.code is not None:
                found.setdefault(item.code, []).append(one)
    return found


def standing(
    settled: Settlement,
    documented: Mapping[Code, Fact],
    facts: Mapping[Code, Fact],
    statements: Mapping[Code, list[Fact]],
    fired: list[Fired],
    entity: str,
) -> list[Standing]:
    """One entry for each code that held."""
    by_code = concluding(fired)
    rests = _rests(statements, by_code, entity)
    firm = _firm(set(documented), by_code, settled, entity)
    out = []
    for code, state in settled.states.items():
        made = {one.firing.seq for one in by_code.get(code, ())}
        if state in ("replaced", "omitted"):
            kind = "replace" if state == "replaced" else "omit"
            by = {one.firing for one in settled.steps(kind, code)}
        elif state == "void":
            by = {one.firing for one in settled.voided if one.to == code} or made
        else:
            by = made
        out.append(
            Standing(
                code,
                state,
                facts[code].id,
                tuple(sorted(rests.get(code, ()))),
                tuple(sorted(made)),
                tuple(sorted(by)),
                tuple(sorted(settled.places(code))),
                code in documented,
                state != "void" and code not in firm,
            )
        )
    return out


def _rests(
    statements: Mapping[Code, list[Fact]], by_code: Mapping[Code, list[Fired]], entity: str
) -> dict[Code, set[str]]:
    """The chart's own facts that each code rests on, through any number of firings."""
    rests = {code: {one.id for one in facts} for code, facts in statements.items()}
    while True:
        new = {code: set(ids) for code, ids in rests.items()}
        for code, firings in by_code.items():
            for fact in (fact for one in firings for fact in one.grounds()):
                other = code_of(fact)
                own = new.setdefault(code, set())
                own |= rests.get(other, set()) if fact.entity == entity and other else {fact.id}
        if new == rests:
            return rests
        rests = new


def _firm(
    documented: set[Code], by_code: Mapping[Code, list[Fired]], settled: Settlement, entity: str
) -> set[Code]:
    """Codes that are documented, or concluded by a firing that stands on firm codes alone."""
    firm = set(documented)
    while (
        more := {
            code
            for code, firings in by_code.items()
            if settled.states.get(code) != "void"
            for one in firings
            if one.defeated is None
            and {code_of(fact) for fact in one.grounds() if fact.entity == entity and code_of(fact)}
            <= firm
        }
        - firm
    ):
        firm |= more
    return firm


def places(
    documented: Mapping[Code, Fact],
    fired: list[Fired],
    settled: Settlement,
    entity: str,
    key: Callable[[Code], str],
) -> Callable[[Code], Any]:
    """Principal or first-listed, order of documentation, code.

    A replacement has the place of what it replaces; an assigned code stands just after the earliest
    diagnosis that it rests on, or if it rests on none, after the earliest other fact.
    """
    leading = ("principal", "first-listed")
    first = {code for code, fact in documented.items() if fact.fields.get("role") in leading}
    place: dict[Code, tuple] = {
        code: (*documentation(fact.order), 0) for code, fact in documented.items()
    }
    grounds = [
        (item.code, one.grounds())
        for one in fired
        for item in one.concluded
        if item.kind == "assign" and item.code is not None and item.code not in documented
    ]
    while True:
        before = (set(first), dict(place))
        for one in settled.steps("replace"):
            if one.to is not None:
                first |= {one.to} if one.code in first else set()
                place[one.to] = min(place.get(one.to, LAST), place.get(one.code, LAST))
        for code, facts in grounds:
            own = [code_of(fact) for fact in facts if fact.entity == entity]
            others = [documentation(one.order) for one in facts if one.entity != entity]
            if any(own):
                known = [place.get(one, LAST) for one in own if one is not None]
            else:
                known = [(*one, 0) for one in others if not one[0]]
            earliest = min(known, default=LAST)
            if earliest != LAST:
                after = (*earliest[:2], earliest[2] + 1)
                place[code] = min(place.get(code, LAST), after)
        if before == (first, place):
            break
    return lambda code: (code not in first, place.get(code, LAST), code.system, key(code))


def pointed(line: Fact, settled: Settlement) -> Fact:
    """The line with its pointers where they lead: replaced, covered, or dropped."""
    given = line.fields.get("pointers")
    if not isinstance(given, tuple) or not given:
        return line
    found: dict[Code, None] = {}
    for code in given:
        if isinstance(code, Code):
            found |= dict.fromkeys(sorted(settled.places(code)))
    return replace(line, fields={**line.fields, "pointers": tuple(found)})


def modified(line: Fact, added: set[str]) -> Fact:
    """The line with its own modifiers and, after them, those added, each once."""
    if not added:
        return line
    own = line.fields.get("modifiers")
    given = [str(item) for item in own] if isinstance(own, tuple) else []
    return replace(
        line, fields={**line.fields, "modifiers": (*given, *sorted(added - set(given)))}
    )  # fmt: skip


def whole(value: Value | None) -> int:
    """A ceiling for units."""
    if value is None or isinstance(value, bool | str | tuple) or value != int(value):  # type: ignore[arg-type]
        raise EngineError("a limit of units is not a whole number")
    return int(value)  # type: ignore[arg-type]


def line_result(line: Fact, given: Fact, fired: list[Fired]) -> LineResult:
    """What became of a line; the lowest ceiling wins."""
    follows, own = line.fields.get("pointers"), line.fields.get("modifiers")
    pointers = tuple(one for one in follows or () if isinstance(one, Code))  # type: ignore[union-attr]
    ceilings, firings = [], set()
    for one in fired:
        for item in one.concluded:
            if item.target == line.id and item.kind in ("limit units", "add modifier"):
                firings.add(one.firing.seq)
                if item.kind == "limit units" and item.detail:
                    ceilings.append(item.detail["units"])
    return LineResult(
        line.id,
        tuple(str(item) for item in own) if isinstance(own, tuple) else (),
        pointers,
        bool(given.fields.get("pointers")) and not pointers,
        min(ceilings, default=None),
        tuple(sorted(firings)),
    )


def by_id(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts ordered by id, each once."""
    found = {one.id: one for one in facts}
    return tuple(found[id] for id in sorted(found))
