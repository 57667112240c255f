"""The trace of the reference evaluator: firings with all that was tested, and near misses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Because, Omit, Program, Remove, Replace, Rule
from codewarrant.engine.reference.conditions import Moment
from codewarrant.engine.reference.matches import (
    Binding,
    Judgement,
    excuse,
    judge,
    only_possible,
    reason,
)
from codewarrant.engine.reference.values import in_force
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Absence, Bound, Chart, Concluded, Firing, NearMiss, Tested
from codewarrant.engine.values import Value

LISTED = 20
"""Near misses of one kind listed for one rule; the rest is counted."""


@dataclass
class Fired:
    """A firing while the evaluation goes on: later stages add what they conclude from it."""

    firing: Firing
    rule: Rule
    binding: Binding
    actions: tuple[tuple[Any, tuple[Value | None, ...], str], ...]
    """Each action, the values of its terms, its reason."""
    covers: tuple[tuple[Fact, ...], ...]
    concluded: list[Concluded] = field(default_factory=list)
    defeated: str | None = None

    def grounds(self) -> list[Fact]:
        """The facts that the firing rests on."""
        bound = [one for one in self.binding.env.values() if isinstance(one, Fact)]
        return bound + [fact for group in self.covers for fact in group]


def _bound(binding: Binding, witnesses: Iterable[tuple[str, str, Fact | Row]]) -> tuple[Bound, ...]:
    binders = zip(binding.variant.rule.binders, binding.ids, strict=True)
    own = [(one.var, id, binding.env[one.var]) for one, id in binders]
    return tuple(
        Bound(var, id, _evidence(one) if isinstance(one, Fact) else ())
        for var, id, one in (*own, *witnesses)
    )


def _evidence(fact: Fact) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.ref for place in fact.evidence))


def firing(binding: Binding, seq: int, stratum: int, moment: Moment) -> Fired:
    """The full record of a binding that fires."""
    rule, env = binding.variant.rule, binding.env
    found = moment.truth(rule.when, env)
    judgement = judge(binding, moment)
    for one in rule.binders:
        if one.relation:
            # The question that found the row belongs to the record.
            list(moment.candidates(one, rule.when, env, True))

    def text(atom: int) -> str:
        return rule.atoms[atom] if 0 <= atom < len(rule.atoms) else ""

    tests = sorted((*found.tests, *judgement.tests), key=lambda item: item[0])
    return Fired(
        Firing(
            seq,
            stratum,
            binding.variant.stage,
            rule.id,
            _bound(binding, found.witnesses),
            tuple(Tested(atom, text(atom), truth, value) for atom, truth, value in tests),
            tuple(Absence(text(atom), stratum) for atom in sorted(found.absent)),
            tuple(excuse(one, truth, env, moment) for one, truth in judgement.excuses),
            (),
        ),
        rule,
        binding,
        tuple(
            (one, values, reason(_because(one), env, moment)) for one, values in judgement.actions
        ),
        found.covers,
    )


def _because(action: Any) -> Because:
    return getattr(action, "because", None) or getattr(action, "text", Because())


def near_miss(binding: Binding, judgement: Judgement, moment: Moment) -> NearMiss:
    """The record of a binding that does not fire.

    One that might remove, omit or replace, or whose rule is mandatory, goes to review by default.
    """
    rule, env, stage = binding.variant.rule, binding.env, binding.variant.stage
    found = moment.truth(rule.when, env)
    bound = _bound(binding, found.witnesses)
    if judgement.status == "excused":
        held = [
            excuse(one, truth, env, moment)
            for one, truth in judgement.excuses
            if truth and not one.instead
        ]
        by = ", ".join(one.override or one.name for one in held)
        because = " ".join(one.because for one in held if one.because)
        return NearMiss("excused", stage, rule.id, bound, by, because)
    missing = found.missing | judge(binding, moment).missing
    missing |= binding.variant.missing | only_possible(env, moment)
    # a row that is unknown although every key is known: it is the table itself that is wanting
    tables = {one.var: f"table {one.relation}" for one in rule.binders if one.relation}
    if missing and missing <= tables.keys():
        missing = frozenset(tables[var] for var in missing)
    if rule.if_unknown == "default":
        review = rule.mandatory or any(
            isinstance(one, Remove | Omit | Replace) for one, _ in judgement.actions
        )
    else:
        review = rule.if_unknown == "review"
    return NearMiss(
        "undetermined", stage, rule.id, bound, missing=tuple(sorted(missing)), review=review
    )


def suspended(program: Program, chart: Chart) -> list[tuple[tuple, NearMiss]]:
    """A near miss, with its place before all others, for each suspension in force."""
    return [
        (
            (-1, rule.id, (one.override,)),
            NearMiss("suspended", rule.stage, rule.id, by=one.override, because=one.because),
        )
        for rule in program.rules
        for one in rule.suspensions
        if in_force(one.window, chart.clocks.get(one.window.clock))
    ]


def bounded(misses: list[NearMiss]) -> tuple[NearMiss, ...]:
    """At most :data:`LISTED` of one kind for one rule; then one that counts the rest."""
    listed: list[NearMiss] = []
    more: dict[tuple[str, str], list[NearMiss]] = {}
    for one in misses:
        same = [other for other in listed if (other.rule, other.kind) == (one.rule, one.kind)]
        if len(same) < LISTED:
            listed.append(one)
        else:
            more.setdefault((one.rule, one.kind), []).append(one)
    for (rule, kind), rest in sorted(more.items()):
        stage = next(one.stage for one in listed if (one.rule, one.kind) == (rule, kind))
        review = any(one.review for one in rest)
        listed.append(
            NearMiss(kind, stage, rule, because=f"{len(rest)} more", review=review)
        )  # fmt: skip
    return tuple(listed)
