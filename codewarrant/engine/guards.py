"""What a program must keep to before it is run; the language's checker says the same, better."""

from __future__ import annotations

from collections.abc import Iterator

from codewarrant.engine import conditions as c
from codewarrant.engine.conditions import Window
from codewarrant.engine.errors import EngineError
from codewarrant.engine.program import (
    STAGE_OF,
    STAGES,
    Action,
    Assign,
    Omit,
    Program,
    Remove,
    Replace,
    Rule,
)
from codewarrant.engine.reads import actions_of, atom_terms, terms_of
from codewarrant.engine.values import Duration


def check(program: Program, rules: tuple[Rule, ...]) -> None:
    """Raise :class:`EngineError` for the first fault, by rule id."""
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise EngineError(f"two rules are called `{rule.id}`")
        seen.add(rule.id)
        fault = next(_faults(rule, program), None)
        if fault is not None:
            raise EngineError(f"`{rule.id}`: {fault}")


def _faults(rule: Rule, program: Program) -> Iterator[str]:
    actions = actions_of(rule)
    if not rule.actions:
        yield "no action"
    names = [one.var for one in rule.binders]
    if len(set(names)) != len(names):
        yield "two variables have one name"
    if any(isinstance(one, Remove) for one in actions) and any(
        isinstance(one, Assign | Omit | Replace) for one in actions
    ):
        yield "a rule that removes may not also assign, omit or replace"
    standing = {one.var for one in rule.binders if one.entity == program.standing}
    for action in actions:
        if isinstance(action, Remove | Omit | Replace) and action.var not in standing:
            yield f"`{action.var}` is not a {program.standing}"
        elif getattr(action, "var", None) not in (None, *names):
            yield f"no variable `{getattr(action, 'var', '')}`"
    first = max((stage_of(rule.actions), *(stage_of(one.actions) for one in rule.swaps)))
    for one in rule.exceptions:
        if one.instead and stage_of(one.instead) < first:
            yield f"what `{one.name}` does instead belongs to an earlier stage than the rule"
    yield from _override_faults(rule)
    yield from _exception_faults(rule)
    months = {
        one.id
        for one in program.parameters
        if any(isinstance(value, Duration) and value.months for _, value in one.values)
    }
    for item in (rule.when, *(one.when for one in rule.exceptions)):
        yield from _duration_faults(item, months)
    for action in actions:
        for term in terms_of(action):
            yield from _term_faults(term, months)


def stage_of(actions: tuple[Action, ...]) -> int:
    """The number of the earliest stage of some actions; the first stage if there are none."""
    return min((STAGES.index(STAGE_OF[type(one)]) for one in actions), default=0)


def _override_faults(rule: Rule) -> Iterator[str]:
    if rule.mandatory:
        by = [one.override for one in (*rule.suspensions, *rule.swaps)]
        by += [one.override for one in rule.exceptions if one.override]
        if by:
            yield f"mandatory, so `{min(by)}` cannot override it"
    swaps = sorted(rule.swaps, key=lambda one: one.override)
    for at, one in enumerate(swaps):
        for other in swaps[at + 1 :]:
            if windows_meet(one.window, other.window):
                yield f"`{one.override}` and `{other.override}` both replace its actions"


def windows_meet(left: Window, right: Window) -> bool:
    """Whether a day can lie in both windows; windows of different clocks may always meet."""
    if left.clock != right.clock:
        return True
    return (left.start is None or right.end is None or left.start < right.end) and (
        right.start is None or left.end is None or right.start < left.end
    )


def _exception_faults(rule: Rule) -> Iterator[str]:
    to: dict[str, set[str]] = {}
    for one in rule.exceptions:
        to.setdefault(one.name, set()).add(one.to)
    for name in sorted(to):
        reached, open_ = set(), [name]
        while open_:
            for above in to.get(open_.pop(), ()):
                if above and above not in to:
                    yield f"no exception `{above}` for `{name}` to be an exception to"
                elif above == name:
                    yield f"`{name}` is an exception to itself"
                elif above and above not in reached:
                    reached.add(above)
                    open_.append(above)


def _duration_faults(item: c.Condition, months: set[str]) -> Iterator[str]:
    match item:
        case c.AllOf(items) | c.AnyOf(items):
            for part in items:
                yield from _duration_faults(part, months)
        case c.Not(part):
            yield from _duration_faults(part, months)
        case c.Quantified():
            yield from _duration_faults(item.where, months)
            if item.has is not None:
                yield from _duration_faults(item.has, months)
        case c.Compare() | c.Between():
            terms = atom_terms(item)
            if any(_has_months(term, months) for term in terms):
                yield "durations with months compare only from a date: use `within`"
            for term in terms:
                yield from _term_faults(term, months)
        case _:
            for term in atom_terms(item):
                yield from _term_faults(term, months)


def _term_faults(item: c.Term, months: set[str]) -> Iterator[str]:
    match item:
        case c.Aggregate():
            yield from _duration_faults(item.where, months)
        case c.Arith():
            yield from _term_faults(item.left, months)
            yield from _term_faults(item.right, months)


def _has_months(item: c.Term, months: set[str]) -> bool:
    match item:
        case c.Const(Duration(count, _)):
            return count != 0
        case c.Param(id):
            return id in months
    return False
