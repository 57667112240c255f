"""What the record of a run says, as a cross-check reads it: from a trace, or a stored decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from codewarrant.engine.program import Program
from codewarrant.engine.trace import Firing, NearMiss, Standing
from codewarrant.engine.values import Code


@dataclass(frozen=True, slots=True)
class RecordedFiring:
    """``bound`` are the rule's own variables; ``concluded`` are kind, target and code of what it
    removed, assigned, replaced or omitted, ``roles`` the role of each that has one."""

    stratum: int
    rule: str
    bound: tuple[str, ...]
    concluded: tuple[tuple[str, str, Code | None], ...]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedMatch:
    """A match that was left undetermined; ``bound`` is empty where the record only counts it."""

    rule: str
    bound: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Firings, what was undetermined, and how the code stage was settled."""

    firings: tuple[RecordedFiring, ...]
    undetermined: tuple[RecordedMatch, ...]
    reported: tuple[Code, ...]
    places: Mapping[Code, tuple[Code, ...]]
    """What is reported in the place of each code."""


COMPARED = frozenset(("remove", "assign", "replace", "omit"))


def from_trace(
    program: Program,
    firings: Iterable[Firing],
    near_misses: Iterable[NearMiss],
    standing: Iterable[Standing],
) -> Recorded:
    """The record of a run of the engine, or of a decision that was just made."""
    own = {rule.id: len(rule.binders) for rule in program.rules}
    states = tuple(standing)
    return Recorded(
        tuple(
            RecordedFiring(
                one.stratum,
                one.rule,
                tuple(bound.fact for bound in one.bound[: own.get(one.rule, 0)]),
                tuple(
                    (done.kind, done.target, done.code)
                    for done in one.concluded
                    if done.kind in COMPARED
                ),
                tuple(
                    str((done.detail or {}).get("role", ""))
                    for done in one.concluded
                    if done.kind in COMPARED
                ),
            )
            for one in firings
        ),
        tuple(
            RecordedMatch(
                one.rule, tuple(bound.fact for bound in one.bound[: own.get(one.rule, 0)])
            )
            for one in near_misses
            if one.kind == "undetermined"
        ),
        tuple(one.code for one in states if one.state == "reported"),
        {one.code: one.place for one in states},
    )


def from_decision(program: Program, body: Mapping[str, Any]) -> Recorded:
    """The record of a stored decision's body. Raises ``KeyError``, ``TypeError`` for anything
    that is none."""
    trace = body["trace"]
    own = {rule.id: len(rule.binders) for rule in program.rules}

    def code(form: Any) -> Code | None:
        return None if form is None else Code(form["system"], form["code"])

    def bound(one: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(item["fact"] for item in one["bound"][: own.get(one["rule"], 0)])

    states = [(code(one["code"]), one) for one in trace["standing"]]
    return Recorded(
        tuple(
            RecordedFiring(
                one["stratum"],
                one["rule"],
                bound(one),
                tuple(
                    (done["kind"], done["target"], code(done["code"]))
                    for done in one["concluded"]
                    if done["kind"] in COMPARED
                ),
                tuple(
                    (done["detail"] or {}).get("role", "")
                    for done in one["concluded"]
                    if done["kind"] in COMPARED
                ),
            )
            for one in trace["firings"]
        ),
        tuple(
            RecordedMatch(one["rule"], bound(one))
            for one in trace["near_misses"]
            if one["kind"] == "undetermined"
        ),
        tuple(name for name, one in states if name is not None and one["state"] == "reported"),
        {
            name: tuple(place for item in one["place"] if (place := code(item)) is not None)
            for name, one in states
            if name is not None
        },
    )
