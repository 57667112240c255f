"""Rules on one moment, for the reference evaluator: every binding is tried, then judged.

A binding that a test already fails is given up before its other variables are tried; nothing else
is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from codewarrant.engine import conditions as c
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import (
    STAGE_OF,
    STAGES,
    Action,
    Because,
    Rule,
    Stage,
    Swap,
    Unless,
)
from codewarrant.engine.reference.conditions import Moment
from codewarrant.engine.reference.found import (
    NOTHING,
    UNKNOWN_ROW,
    Env,
    Found,
    Valued,
    conjuncts,
    free,
    searches,
)
from codewarrant.engine.reference.strata import needed
from codewarrant.engine.reference.values import Truth, all_true, in_force, spelled
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Chart, Excuse
from codewarrant.engine.values import Value

Status = Literal["fires", "undetermined", "excused"]


@dataclass(frozen=True)
class Variant:
    """A rule with its own actions, or with those of a swap, as it applies to one chart."""

    rule: Rule
    number: int
    """0 for the rule's own actions, then the swaps."""
    actions: tuple[Action, ...]
    stage: Stage
    truth: Truth
    """Whether it applies at all, by its dates."""
    missing: frozenset[str]
    parts: tuple[tuple[c.Condition, frozenset[str], bool], ...]
    """The conjuncts of the condition, their variables, and whether they look through facts."""


def variants(rule: Rule, chart: Chart) -> list[Variant]:
    """The rule and its swaps, without those that surely do not apply to this chart."""
    found = []
    names = {one.var for one in rule.binders}
    parts = tuple((one, free(one) & names, searches(one)) for one in conjuncts(rule.when))
    for number, swap in enumerate((None, *rule.swaps)):
        truth, missing = _applies(rule, swap, chart)
        if truth is not False:
            actions = rule.actions if swap is None else swap.actions
            stage = stage_of(actions or rule.actions)
            found.append(Variant(rule, number, actions, stage, truth, missing, parts))
    return found


def stage_of(actions: tuple[Action, ...]) -> Stage:
    """A rule is matched once, in the stage of its earliest action."""
    stages: list[Stage] = [STAGE_OF[type(one)] for one in actions]
    return min(stages, key=STAGES.index)


def _applies(rule: Rule, swap: Swap | None, chart: Chart) -> tuple[Truth, frozenset[str]]:
    def force(window: c.Window) -> Truth:
        day: date | None = chart.clocks.get(window.clock)
        return in_force(window, day)

    def opposite(truth: Truth) -> Truth:
        return None if truth is None else not truth

    windows = [rule.window, *(one.window for one in rule.suspensions)]
    truths = [force(rule.window), *(opposite(force(one.window)) for one in rule.suspensions)]
    if swap is not None:
        # Where it is not known whether a swap applies, the rule itself says so, once.
        truths.append(force(swap.window) is True)
    else:
        windows += [one.window for one in rule.swaps]
        truths += [opposite(force(one.window)) for one in rule.swaps]
    truth = all_true(truths)
    if truth is not None:
        return truth, NOTHING
    return None, frozenset(one.clock for one in windows if force(one) is None)


@dataclass(frozen=True)
class Binding:
    """A variant with its variables bound; its condition is true, or undetermined."""

    variant: Variant
    env: Env
    ids: tuple[str, ...]
    truth: Truth


def bindings(variant: Variant, moment: Moment) -> Iterator[Binding]:
    """All bindings that the condition does not exclude."""
    binders = list(variant.rule.binders)
    for env, truth in _bind(variant, binders, {}, variant.truth, moment):
        truths = [truth]
        for part, _, looks in variant.parts:
            if looks:
                truths.append(moment.truth(part, env).truth)
                if truths[-1] is False:
                    break
        if False not in truths:
            yield Binding(variant, env, identifiers(variant.rule, env), all_true(truths))


def identifiers(rule: Rule, env: Env) -> tuple[str, ...]:
    """What each variable is bound to: a fact's id, or the table and row."""
    return tuple(
        f"{one.relation}/{env[one.var].id}" if one.relation else env[one.var].id
        for one in rule.binders
    )


def _bind(
    variant: Variant, left: list[c.Binder], env: Env, truth: Truth, moment: Moment
) -> Iterator[tuple[Env, Truth]]:
    if not left:
        # Conjuncts without variables have not been asked yet where nothing is bound.
        plain = [moment.truth(one, env).truth for one, own, looks in variant.parts
                 if not own and not looks]  # fmt: skip
        if False not in plain:
            yield env, all_true([truth, *plain])
        return
    chosen = next((one for one in left if _ready(one, variant.rule, env)), None)
    if chosen is None:
        raise EngineError(f"`{variant.rule.id}`: the keys of its rows read each other")
    rest = [one for one in left if one is not chosen]
    names = {*env, chosen.var}
    tests = [
        part
        for part, own, looks in variant.parts
        if chosen.var in own and own <= names and not looks
    ]
    for _, inner, possible, _ in moment.candidates(chosen, variant.rule.when, env, True):
        truths = [truth, None if possible else True]
        for part in tests:
            truths.append(moment.truth(part, inner).truth)
            if truths[-1] is False:
                break
        if False not in truths:
            yield from _bind(variant, rest, inner, all_true(truths), moment)


def _ready(one: c.Binder, rule: Rule, env: Env) -> bool:
    """A row can be asked for once what its keys read is bound."""
    if not one.relation:
        return True
    keys = [
        key
        for part in conjuncts(rule.when)
        if isinstance(part, c.Matches) and part.var == one.var
        for key in part.keys
    ]
    return free(tuple(dict(keys).values())) <= set(env)


# ---- judgement ------------------------------------------------------------------


@dataclass(frozen=True)
class Judgement:
    status: Status
    actions: tuple[tuple[Action, tuple[Value | None, ...]], ...]
    """Those to carry out, with the values of their terms; if undetermined, those that might be."""
    excuses: tuple[tuple[Unless, Truth], ...]
    missing: frozenset[str]
    """What the exceptions and actions did not know."""
    tests: tuple[tuple[int, Truth, Value | None], ...]


def judge(binding: Binding, moment: Moment) -> Judgement:
    """A plain exception excuses the match; one with ``instead`` puts its own actions in place.

    An exception that is undetermined leaves the match undetermined.
    """
    rule, env = binding.variant.rule, binding.env
    own = [one for one in _sorted(rule) if one.to == ""]
    tried = [(one, held(one, rule, env, moment)) for one in own]
    truths = [found.truth for _, found in tried]
    if any(found.truth is True and not one.instead for one, found in tried):
        chosen: list[Action] = []
    else:
        instead = [action for one, found in tried if found.truth for action in one.instead]
        maybe = [action for one, found in tried if found.truth is None for action in one.instead]
        chosen = [*(instead or binding.variant.actions), *maybe]
    valued = [(one, [moment.value(term, env) for term in needed(one)]) for one in chosen]
    values = [value for _, items in valued for value in items]
    if any(found.truth is True and not one.instead for one, found in tried):
        status: Status = "excused"
    elif binding.truth is None or None in truths or any(value.value is None for value in values):
        status = "undetermined"
    else:
        status = "fires"
    return Judgement(
        status,
        tuple((one, tuple(item.value for item in items)) for one, items in valued),
        tuple((one, found.truth) for one, found in tried),
        NOTHING.union(*(found.missing for _, found in tried), *(item.missing for item in values)),
        tuple(test for _, found in tried for test in found.tests),
    )


def _sorted(rule: Rule) -> list[Unless]:
    return sorted(rule.exceptions, key=lambda one: (one.name, one.override))


def held(one: Unless, rule: Rule, env: Env, moment: Moment) -> Found:
    """Whether an exception holds in the end: in force, its condition, and no exception to it."""
    force = in_force(one.window, moment.chart.clocks.get(one.window.clock))
    if force is False:
        return Found(False)
    found = moment.truth(one.when, env, positive=False)
    if found.truth is False:
        return Found(False, tests=found.tests)
    above = [held(other, rule, env, moment) for other in _sorted(rule) if other.to == one.name]
    stays = [None if other.truth is None else not other.truth for other in above]
    truth = all_true([force, found.truth, *stays])
    tests = (*found.tests, *(test for other in above for test in other.tests))
    if truth is not None:
        return Found(truth, tests=tests)
    clock = frozenset((one.window.clock,)) if force is None else NOTHING
    missing = clock.union(found.missing, *(other.missing for other in above))
    return Found(None, missing, tests)


def excuse(one: Unless, truth: Truth, env: Env, moment: Moment) -> Excuse:
    """The trace's word on one exception."""
    because = reason(one.because, env, moment) if truth else ""
    return Excuse(one.name, truth, because, one.override)


def reason(because: Because, env: Env, moment: Moment) -> str:
    """A reason with its values filled in."""
    quiet = replace(moment, asked={})
    parts = [
        Valued(part) if isinstance(part, str) else quiet.value(part, env) for part in because.parts
    ]
    return "".join(spelled(part.value) for part in parts)


def only_possible(env: Env, moment: Moment) -> frozenset[str]:
    """What a binding rests on that may not be there."""
    facts = {
        f"{var} is only possible"
        for var, one in env.items()
        if isinstance(one, Fact) and one.id in moment.now.possible
    }
    return frozenset(
        facts | {var for var, one in env.items() if isinstance(one, Row) and one is UNKNOWN_ROW}
    )
