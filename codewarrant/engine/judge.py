"""Whether a match fires: rule in force, suspensions and swaps, exceptions, values of actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from codewarrant.engine.action_plan import ActionPlan, ExceptionPlan, Judgement, ReadyAction
from codewarrant.engine.comparing import in_force, text_of
from codewarrant.engine.reading import Env, Reader, Reading, Truth
from codewarrant.engine.rule_plan import RulePlan
from codewarrant.engine.trace import Excuse


@dataclass(frozen=True, slots=True)
class Activity:
    """Whether a rule applies to this chart at all; None: a date that decides it is unknown."""

    truth: Truth
    missing: tuple[str, ...] = ()


def activity(plan: RulePlan, clocks: Mapping[str, date | None]) -> Activity:
    """By the rule's window, its suspensions and its swaps."""
    rule = plan.rule
    truth: Truth = True
    missing: set[str] = set()

    def holds(window) -> Truth:
        found = in_force(window, clocks.get(window.clock))
        if found is None:
            missing.add(window.clock)
        return found

    own = holds(rule.window)
    if own is False:
        return Activity(False)
    if own is None:
        truth = None
    off = [holds(one.window) for one in rule.suspensions]
    if True in off:
        return Activity(False)
    if None in off:
        truth = None
    if plan.swap is not None:
        swapped = holds(plan.swap.window)
        # Where it is unknown whether a swap applies, the rule's own plan says so, once.
        return Activity(truth, tuple(sorted(missing))) if swapped else Activity(False)
    swaps = [holds(one.window) for one in rule.swaps]
    if True in swaps:
        return Activity(False)
    if None in swaps:
        truth = None
    return Activity(truth, tuple(sorted(missing)) if truth is None else ())


def judge(plan: RulePlan, env: Env, truth: Truth, reading: Reading) -> Judgement:
    """Judge a match whose conditions are true or undetermined.

    A plain exception that holds excuses the match. One with ``instead`` puts its own actions in
    place of the rule's. An exception that is undetermined leaves the match undetermined.
    """
    if plan.settled is not None:
        return plan.settled if truth is True else plan.settled._replace(status="undetermined")
    if not plan.exceptions:
        return _acting(plan.actions, (), truth, env, reading)
    excuses = tuple([(one, _held(one, env, reading)) for one in plan.exceptions])
    if any(held is True and not one.instead for one, held in excuses):
        return Judgement("excused", (), excuses)
    instead = [action for one, held in excuses if held is True for action in one.instead]
    unsure = [action for one, held in excuses if held is None for action in one.instead]
    sure = all(held is not None for _, held in excuses)
    chosen = (*(instead or plan.actions), *unsure)
    return _acting(chosen, excuses, truth if sure else None, env, reading)


def _acting(
    chosen: tuple[ActionPlan, ...],
    excuses: tuple[tuple[ExceptionPlan, Truth], ...],
    truth: Truth,
    env: Env,
    reading: Reading,
) -> Judgement:
    """The actions with their values; a match whose conditions are true fires if all are known."""
    actions = tuple(
        [
            ReadyAction(
                one, tuple([reader(reading, env) for reader in one.terms]) if one.terms else ()
            )
            for one in chosen
        ]
    )
    known = all(value is not None for action in actions for value in action.values)
    return Judgement("fires" if truth is True and known else "undetermined", actions, excuses)


def _held(one: ExceptionPlan, env: Env, reading: Reading) -> Truth:
    """Whether an exception holds in the end; once that is known, nothing is missing for it."""
    mark = len(reading.record.missing) if reading.record is not None else 0
    truth = _holds(one, env, reading)
    if truth is not None and reading.record is not None:
        del reading.record.missing[mark:]
    return truth


def _holds(one: ExceptionPlan, env: Env, reading: Reading) -> Truth:
    """Its condition, and no exception to it."""
    force = in_force(one.window, reading.clocks.get(one.window.clock))
    if force is None and reading.record is not None:
        reading.record.missing.append(one.window.clock)
    held = False if force is False else one.when(reading, env)
    if held is False:
        return False
    truth: Truth = None if force is None or held is None else True
    for other in one.withdrawn_by:
        found = _held(other, env, reading)
        if found is True:
            truth = False
        if found is None and truth is True:
            truth = None
    return truth


def excuse_of(one: ExceptionPlan, held: Truth, env: Env, reading: Reading) -> Excuse:
    """The trace's word on one exception."""
    because = fill(one.because, env, reading) if held else ""
    return Excuse(one.name, held, because, one.override)


def fill(parts: tuple[str | Reader, ...], env: Env, reading: Reading) -> str:
    """A reason with its values filled in; an unknown one prints as ``unknown``."""
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    record, reading.record = reading.record, None
    text = ""
    try:
        for part in parts:
            text += part if type(part) is str else text_of(part(reading, env))  # type: ignore[operator]
    finally:
        reading.record = record
    return text
