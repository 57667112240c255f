"""Diagnoses of the reference evaluator: statements of one code merged, and what rules conclude."""

from __future__ import annotations

from collections.abc import Iterable

from codewarrant.engine.canonical import dumps_typed
from codewarrant.engine.facts import Fact, make_fact
from codewarrant.engine.program import Program
from codewarrant.engine.values import Code, Intervals, Value

STRENGTH: dict[str, tuple[str, ...]] = {
    "role": ("principal", "first-listed", "admitting", "secondary"),
    "certainty": ("confirmed", "probable", "suspected", "ruled out"),
}
"""Order and role take the strongest, certainty the firmest."""


def code_of(fact: object) -> Code | None:
    """The code of a fact, where it has one."""
    value = fact.fields.get("code") if isinstance(fact, Fact) else None
    return value if isinstance(value, Code) else None


def grouped(facts: Iterable[Fact]) -> dict[Code, list[Fact]]:
    """Facts of each code, ordered by id; without those whose code is unknown."""
    found: dict[Code, list[Fact]] = {}
    for fact in sorted(facts, key=lambda one: one.id):
        code = code_of(fact)
        if code is not None:
            found.setdefault(code, []).append(fact)
    return found


def documentation(order: tuple[int | str, ...]) -> tuple:
    """Sorts orders of documentation: numbers before texts, and what is not known last."""
    return (not order, tuple((isinstance(one, str), one) for one in order))


def one_diagnosis(facts: list[Fact]) -> Fact:
    """Statements of one code as one diagnosis: fields that disagree become unknown, lists are
    united, the earliest place in the record counts, and the evidence of all is kept."""
    if len(facts) == 1:
        return facts[0]
    names = {name for fact in facts for name in fact.fields}
    fields = {
        name: _agreed(name, [fact.fields[name] for fact in facts if name in fact.fields])
        for name in names
    }
    places = {place for fact in facts for place in fact.evidence}
    orders = [fact.order for fact in facts if fact.order]
    return make_fact(
        facts[0].entity,
        fields,
        tuple(sorted(places, key=dumps_typed)),
        min(orders, key=documentation) if orders else (),
    )


def _agreed(name: str, values: list[Value]) -> Value | None:
    if all(value == values[0] for value in values):
        return values[0]
    if name in STRENGTH:
        ranked = [one for one in STRENGTH[name] if one in values]
        return ranked[0] if ranked else min(values, key=str)
    if name == "rank":
        return min(values)  # type: ignore[type-var]
    if all(isinstance(value, tuple) for value in values):
        items = {item for value in values for item in value}  # type: ignore[union-attr]
        return tuple(sorted(items, key=dumps_typed))
    return None


def assigned(program: Program, code: Code, role: str) -> Fact:
    """Confirmed and active, in this role; everything else is unknown."""
    return make_fact(program.standing, {**dict(program.assigned), "code": code, "role": role})


def replacement(program: Program, code: Code, old: Fact) -> Fact:
    """Confirmed and active, with role and present on admission of what it replaces."""
    taken = {name: old.fields.get(name) for name in ("role", "present_on_admission")}
    return make_fact(program.standing, {**dict(program.assigned), **taken, "code": code})


def possibility(program: Program, code: Code | None, rule: str, writes: Intervals) -> Fact:
    """What an undetermined rule might conclude; without a code, one for each rule and bounds."""
    fields: dict[str, Value | None] = {**dict(program.assigned), "code": code}
    if code is None:
        fields["possible"] = rule
        fields["among"] = tuple(f"{one.system} {one.low}-{one.high}" for one in writes)
    made = make_fact(program.standing, fields)
    return Fact(f"?{made.id}", made.entity, made.fields)
