"""What a rule does once it is matched, and what excuses it, as functions of the match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from codewarrant.engine.conditions import Window
from codewarrant.engine.evaluate import condition, term
from codewarrant.engine.program import Action, Because, Rule
from codewarrant.engine.reading import Reader, Scope, Test, Truth
from codewarrant.engine.reads import terms_of
from codewarrant.engine.values import Value

Status = Literal["fires", "undetermined", "excused"]


@dataclass(frozen=True, slots=True)
class ActionPlan:
    action: Action
    terms: tuple[Reader, ...]
    """The terms that it needs a value of, in the order of :func:`reads.terms_of`."""
    because: tuple[str | Reader, ...]


class ReadyAction(NamedTuple):
    """An action with the values of its terms; None: unknown."""

    plan: ActionPlan
    values: tuple[Value | None, ...]


@dataclass(frozen=True, slots=True)
class ExceptionPlan:
    name: str
    window: Window
    when: Test
    because: tuple[str | Reader, ...]
    instead: tuple[ActionPlan, ...]
    override: str
    withdrawn_by: tuple[ExceptionPlan, ...]
    """The exceptions to this exception."""


class Judgement(NamedTuple):
    status: Status
    actions: tuple[ReadyAction, ...]
    """Those to carry out if it fires; those that it might carry out if undetermined."""
    excuses: tuple[tuple[ExceptionPlan, Truth], ...]
    """The exceptions that were tried, and whether each held in the end."""


def action_plan(action: Action, scope: Scope) -> ActionPlan:
    """The plan of one action."""
    because = getattr(action, "because", None) or getattr(action, "text", Because())
    return ActionPlan(
        action,
        tuple(term(item, scope) for item in terms_of(action)),
        _because(because, scope),
    )


def _because(because: Because, scope: Scope) -> tuple[str | Reader, ...]:
    return tuple(part if isinstance(part, str) else term(part, scope) for part in because.parts)


def exception_plans(rule: Rule, to: str, scope: Scope) -> tuple[ExceptionPlan, ...]:
    """The exceptions of a rule, or of its exception named ``to``, in the order of their names."""
    return tuple(
        ExceptionPlan(
            one.name,
            one.window,
            condition(one.when, scope.negative()),
            _because(one.because, scope),
            tuple(action_plan(action, scope) for action in one.instead),
            one.override,
            exception_plans(rule, one.name, scope),
        )
        for one in sorted(rule.exceptions, key=lambda one: (one.name, one.override))
        if one.to == to
    )


def settled_judgement(
    actions: tuple[ActionPlan, ...], exceptions: tuple[ExceptionPlan, ...]
) -> Judgement | None:
    """The judgement of every true match of a rule without exceptions whose actions need no
    values; None for other rules."""
    if exceptions or any(one.terms for one in actions):
        return None
    return Judgement("fires", tuple(ReadyAction(one, ()) for one in actions), ())
