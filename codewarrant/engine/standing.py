"""Standing facts: one diagnosis a code, and what becomes of one that a rule concludes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from codewarrant.engine.canonical import dumps_typed
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.program import Program
from codewarrant.engine.values import Code, Intervals, Value

STRONGEST: dict[str, tuple[str, ...]] = {
    "role": ("principal", "first-listed", "admitting", "secondary"),
    "certainty": ("confirmed", "probable", "suspected", "ruled out"),
}
"""Fields of which a merged fact takes the strongest value; the first is the strongest."""

EARLIEST = ("rank",)
"""Fields of which a merged fact takes the lowest value."""

FIRST_ROLES = ("principal", "first-listed")

TAKEN_OVER = ("role", "present_on_admission")
"""What a replacement takes over from what it replaces, besides its place and pointers."""


def order_key(order: tuple[int | str, ...]) -> tuple:
    """Sorts orders of documentation; one that is not known comes last."""
    if not order:
        return (1,)
    # numbers before texts, each marked, so that the two are never compared
    return (0, *[part for item in order for part in (isinstance(item, str), item)])


def by_code(facts: Iterable[Fact]) -> dict[Code, list[Fact]]:
    """Facts of each code, ordered by id; facts whose code is unknown are left out."""
    found: dict[Code, list[Fact]] = {}
    for fact in sorted(facts, key=attrgetter("id")):
        code = fact.fields.get("code")
        if type(code) is Code:
            known = found.get(code)
            if known is None:
                found[code] = [fact]
            else:
                known.append(fact)
    return found


def merged(facts: list[Fact]) -> Fact:
    """One fact of several of one code.

    Order and role take the strongest, certainty the firmest; lists are united; any other field
    that disagrees becomes unknown. The evidence of all is kept.
    """
    if len(facts) == 1:
        return facts[0]
    fields: dict[str, Value | None] = {}
    for name in sorted({name for fact in facts for name in fact.fields}):
        values = [fact.fields[name] for fact in facts if name in fact.fields]
        fields[name] = _one(name, values)
    evidence = sorted(
        {place for fact in facts for place in fact.evidence}, key=lambda item: dumps_typed(item)
    )
    known = [fact.order for fact in facts if fact.order]
    return make_fact(
        facts[0].entity, fields, tuple(evidence), min(known, key=order_key, default=())
    )


def _one(name: str, values: list[Value]) -> Value | None:
    if all(value == values[0] for value in values):
        return values[0]
    if name in STRONGEST:
        ranks = {value: at for at, value in enumerate(STRONGEST[name])}
        return min(values, key=lambda value: (ranks.get(str(value), len(ranks)), str(value)))
    if name in EARLIEST:
        return min(values)  # type: ignore[type-var]
    if all(isinstance(value, tuple) for value in values):
        items: set[Any] = {item for value in values if isinstance(value, tuple) for item in value}
        return tuple(sorted(items, key=dumps_typed))
    return None


def assigned(program: Program, code: Code, role: str) -> Fact:
    """The fact that ``assign`` concludes: the program's assigned fields, the rest unknown."""
    return make_fact(program.standing, {**dict(program.assigned), "code": code, "role": role})


def replaced(program: Program, code: Code, old: Fact) -> Fact:
    """The fact that ``replace`` concludes: it takes over role and present on admission."""
    taken: Mapping[str, Value | None] = {name: old.fields.get(name) for name in TAKEN_OVER}
    return make_fact(program.standing, {**dict(program.assigned), **taken, "code": code})


def adds_nothing(new: Fact, documented: Fact) -> bool:
    """Whether a documented fact already says all that a conclusion of its code would."""
    return all(documented.fields.get(name) == value for name, value in new.fields.items())


def possible(program: Program, code: Code | None, rule: str, writes: Intervals) -> Fact:
    """What an undetermined rule might conclude. Without a code, one for each rule and bounds."""
    fields: dict[str, Value | None] = {**dict(program.assigned), "code": code}
    if code is None:
        fields["possible"] = rule
        fields["among"] = tuple(f"{one.system} {one.low}-{one.high}" for one in writes)
    made = make_fact(program.standing, fields)
    return Fact(f"?{made.id}", made.entity, made.fields)


def united(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The short forms of places, each once, in order."""
    refs = [place.ref for place in evidence]
    return tuple(refs) if len(refs) == 1 else tuple(dict.fromkeys(refs))
