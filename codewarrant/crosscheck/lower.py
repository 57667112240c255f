"""Rules as alternatives that durable-rules can match: when a rule fires, and when it might."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from codewarrant.crosscheck.formula import (
    FALSE,
    NO,
    TRUE,
    UNKNOWN,
    YES,
    Clause,
    Formula,
    Inexpressible,
    Variable,
    both,
    clauses,
    either,
)
from codewarrant.crosscheck.readings import MET, NEGATED, Reading, Readings
from codewarrant.crosscheck.terms import Terms
from codewarrant.engine.program import Action, Assign, Replace, Rule, Unless
from codewarrant.engine.reference.found import searches
from codewarrant.engine.reference.matches import Variant
from codewarrant.engine.reference.strata import all_actions, needed
from codewarrant.engine.reference.values import in_force
from codewarrant.engine.trace import Chart

MOST_PATTERNS = 15
"""durable-rules binds up to 16 facts in a match."""
MOST_JOINS = 24
"""Comparisons of one pattern: it keeps 32 expressions, its own brackets among them."""
MOST_INSTEAD = 3


@dataclass(frozen=True)
class Matching:
    """One way in which a variant of a rule matches, with what it then does.

    ``sure``: it fires on such a match; otherwise it might, so that what it would conclude is
    possible. ``variables`` are the rule's own, in their order.
    """

    variant: Variant
    sure: bool
    actions: tuple[Action, ...]
    variables: tuple[Variable, ...]
    clauses: tuple[Clause, ...]


def matchings(variant: Variant, terms: Terms) -> list[Matching]:
    """How durable-rules matches a variant. Raises :class:`Inexpressible`."""
    rule = variant.rule
    for action in all_actions(rule):
        if searches(needed(action)):
            raise Inexpressible("counts, sums, earliest and latest")
    found = list(_matchings(variant, terms, True)) if variant.truth is True else []
    if any(isinstance(one, Assign | Replace) for one in all_actions(rule)):
        found += _matchings(variant, terms, False)
    return found


def _matchings(variant: Variant, terms: Terms, sure: bool) -> Iterator[Matching]:
    rule = variant.rule
    readings = Readings(terms, rule.window.clock)
    scope = {one.var: readings.variable(one, "n") for one in rule.binders}
    variables = tuple(scope.values())
    parts: list[Formula] = []
    before: dict[str, Variable] = {}
    for one in rule.binders:
        seen = scope if one.relation else before
        parts.append(readings.candidate(one, scope[one.var], rule.when, seen, sure))
        before[one.var] = scope[one.var]
    parts.append(readings.read(rule.when, scope, "true" if sure else "maybe", True))
    own = sorted(
        (one for one in rule.exceptions if not one.to), key=lambda one: (one.name, one.override)
    )
    for one in own:
        if not one.instead:
            reading: Reading = "false" if sure else "not true"
            parts.append(_held(one, rule, readings, scope, terms.chart, reading))
    swaps = [one for one in own if one.instead]
    if len(swaps) > MOST_INSTEAD:
        raise Inexpressible(f"more than {MOST_INSTEAD} exceptions with `instead`")
    for truths in product((TRUE, FALSE) if sure else (TRUE, FALSE, UNKNOWN), repeat=len(swaps)):
        more = [
            _comes_to(one, rule, readings, scope, terms.chart, truth)
            for one, truth in zip(swaps, truths, strict=True)
        ]
        instead = [
            action
            for one, truth in zip(swaps, truths, strict=True)
            if truth == TRUE
            for action in one.instead
        ]
        maybe = [
            action
            for one, truth in zip(swaps, truths, strict=True)
            if truth == UNKNOWN
            for action in one.instead
        ]
        actions = (*(instead or variant.actions), *maybe)
        taken = clauses(both(*parts, *more))
        for clause in taken:
            _fits(clause, variables)
        if taken:
            yield Matching(variant, sure, actions, variables, tuple(taken))


def _comes_to(
    one: Unless,
    rule: Rule,
    readings: Readings,
    scope: dict[str, Variable],
    chart: Chart,
    truth: int,
) -> Formula:
    if truth == TRUE:
        return _held(one, rule, readings, scope, chart, "true")
    if truth == FALSE:
        return _held(one, rule, readings, scope, chart, "false")
    return both(
        _held(one, rule, readings, scope, chart, "maybe"),
        _held(one, rule, readings, scope, chart, "not true"),
    )


def _held(
    one: Unless,
    rule: Rule,
    readings: Readings,
    scope: dict[str, Variable],
    chart: Chart,
    reading: Reading,
) -> Formula:
    """An exception in one reading: in force, its condition, and no exception to it."""
    force = in_force(one.window, chart.clocks.get(one.window.clock))
    number = UNKNOWN if force is None else TRUE if force else FALSE
    parts: list[Formula] = [
        YES if number in MET[reading] else NO,
        readings.read(one.when, scope, reading, False),
    ]
    for other in rule.exceptions:
        if other.to == one.name:
            parts.append(_held(other, rule, readings, scope, chart, NEGATED[reading]))
    return (both if reading in ("true", "maybe") else either)(*parts)


def _fits(clause: Clause, variables: tuple[Variable, ...]) -> None:
    """Within what durable-rules takes."""
    over = [*variables, *clause.over]
    if len(over) > MOST_PATTERNS:
        raise Inexpressible(f"more than {MOST_PATTERNS} variables")
    for one in over:
        if sum(one.var in (join.left.var, join.right.var) for join in clause.joins) > MOST_JOINS:
            raise Inexpressible(f"more than {MOST_JOINS} comparisons of one variable")
    if any(len(one.joins) > MOST_JOINS for one in clause.missing):
        raise Inexpressible(f"more than {MOST_JOINS} comparisons of one variable")
