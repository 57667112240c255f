"""Why an expectation of an example did not hold: what became of the rules that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from codewarrant.dsl import syntax as s
from codewarrant.dsl.atoms import atoms_of, turned, unwanted
from codewarrant.dsl.candidates import Candidate, Observed, candidates, may_lie
from codewarrant.dsl.cases import Case
from codewarrant.engine.comparing import text_of
from codewarrant.engine.facts import Fact
from codewarrant.engine.plan import Loaded, RulePlan
from codewarrant.engine.program import Assign, Deny, LimitUnits, Replace, Require, Route, Rule
from codewarrant.engine.program import Query as QueryAction
from codewarrant.engine.reading import Truth
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Concluded, Firing
from codewarrant.engine.values import Code
from codewarrant.schema import SINGLE

MOST_RULES = 4
"""Rules told of for one expectation."""
MOST_MATCHES = 3
"""Matches told of for one rule."""

_ON_LINE = ("denied", "not_denied", "limited", "requires", "has_modifier")
_ORDER = ("fires", "excused", "undetermined", "does not fire")
_WORD: dict[Truth, str] = {True: "true", False: "false", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one rule on one chart, on one way to bind its variables.

    ``tests`` are its atoms with their truth and the value that the record had, as text.
    """

    rule: str
    verdict: str
    bound: tuple[tuple[str, str], ...] = ()
    tests: tuple[tuple[str, Truth, str], ...] = ()
    missing: tuple[str, ...] = ()
    concluded: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """For people: a small tree."""
        out = [f"rule {self.rule} {self.verdict}"]
        if self.bound:
            out.append("  with " + ", ".join(f"{var} = {what}" for var, what in self.bound))
        for text, truth, value in self.tests:
            said = f"   (it is {value})" if value and truth is not None else ""
            out.append(f"    {_WORD[truth]:<8} {text}{said}")
        if self.missing:
            out.append(f"    not known: {', '.join(self.missing)}")
        out += [f"    so: {item}" for item in self.concluded]
        return tuple(out)

    def to_json(self) -> dict[str, Any]:
        """Plain values, keys in a fixed order."""
        return {
            "rule": self.rule,
            "verdict": self.verdict,
            "bound": dict(self.bound),
            "tests": [
                {"text": text, "truth": _WORD[truth], "value": value}
                for text, truth, value in self.tests
            ],
            "missing": list(self.missing),
            "concluded": list(self.concluded),
        }


def explain(
    item: s.Outcome, case: Case, observed: Observed, rule: str, named: str
) -> tuple[Account, ...]:
    """Accounts of the rules that an expectation speaks of, or that brought what came instead.

    ``rule`` is the id of the rule whose example it is (empty for a test), ``named`` of the rule
    that the expectation names.
    """
    ids = [named] if named else [*([rule] if rule else []), *_concerned(item, case, observed)]
    out: list[Account] = []
    line = case.named.get(item.words[0]) if item.kind in _ON_LINE else None
    for id in list(dict.fromkeys(ids))[:MOST_RULES]:
        out += _accounts(id, case, observed, line)
    return tuple(out)


# ---- which rules ----------------------------------------------------------------


def _concerned(item: s.Outcome, case: Case, observed: Observed) -> Iterator[str]:
    reported = [code.value for code in observed.outcome.sequence]
    match item.kind:
        case "reports" | "reports_in_order" | "nothing":
            codes = set(item.words) ^ set(reported)
            yield from _about_codes(codes, observed)
            if not codes:
                yield from _that(observed, "sequence")
        case "code_is" | "code_is_not":
            yield from _about_codes({item.words[0]}, observed)
        case "stands_before":
            yield from _that(observed, "sequence")
            yield from _about_codes(set(item.words) - set(reported), observed)
        case "denied" | "not_denied":
            yield from _on_line(item, case, observed, "deny", Deny)
        case "limited":
            yield from _on_line(item, case, observed, "limit units", LimitUnits)
        case "requires":
            yield from _on_line(item, case, observed, "require", Require)
        case "has_modifier":
            yield from _on_line(item, case, observed, "add modifier", None)
        case "asks" | "no_query":
            yield from _that(observed, "query")
            yield from _with(observed, QueryAction)
        case "review" | "no_review":
            yield from _that(observed, "route")
            yield from (one.rule for one in observed.outcome.near_misses if one.review)
            yield from _with(observed, Route)
        case "conflict" | "no_conflict":
            for conflict in observed.outcome.conflicts:
                yield from conflict.rules


def _about_codes(codes: set[str], observed: Observed) -> Iterator[str]:
    """Rules that concluded something of these codes, then those that could have reported them."""
    for firing in observed.outcome.firings:
        if firing.stage in ("admit", "code") and codes & _codes_of(firing, observed):
            yield firing.rule
    missing = codes - {code.value for code in observed.outcome.sequence}
    for rule in observed.loaded.program.rules:
        for action in rule.actions:
            if isinstance(action, Assign | Replace) and any(
                _writes(action, code, observed) for code in missing
            ):
                yield rule.id


def _writes(action: Assign | Replace, value: str, observed: Observed) -> bool:
    """Whether an action names this code, not merely some code of a wide range."""
    for one in action.writes:
        if one.system == "*":
            continue
        key = observed.loaded.key(Code(one.system, value))
        if one.low == one.high and one.low == key:
            return True
    return False


def _codes_of(firing: Firing, observed: Observed) -> set[str]:
    facts = {fact.id: fact for fact in (*observed.chart.facts, *observed.outcome.facts)}
    found = {one.code.value for one in firing.concluded if one.code is not None}
    for one in firing.concluded:
        fact = facts.get(one.target)
        if fact is not None and fact.get("code") is not None:
            found.add(text_of(fact.get("code")))
    return found


def _that(observed: Observed, kind: str) -> Iterator[str]:
    for firing in observed.outcome.firings:
        if any(one.kind == kind for one in firing.concluded):
            yield firing.rule


def _with(observed: Observed, kind: type) -> Iterator[str]:
    for rule in observed.loaded.program.rules:
        if any(isinstance(action, kind) for action in rule.actions):
            yield rule.id


def _on_line(
    item: s.Outcome, case: Case, observed: Observed, kind: str, action: type | None
) -> Iterator[str]:
    fact = case.named.get(item.words[0])
    for firing in observed.outcome.firings:
        if any(
            one.kind == kind and fact is not None and one.target == fact.id
            for one in firing.concluded
        ):
            yield firing.rule
    if action is not None:
        wanted = item.words[-1]
        for rule in observed.loaded.program.rules:
            if any(
                isinstance(one, action)
                and (not isinstance(one, Deny) or one.reason == wanted)
                and (not isinstance(one, Require) or one.what == wanted)
                for one in rule.actions
            ):
                yield rule.id


# ---- what became of a rule --------------------------------------------------------


def _accounts(id: str, case: Case, observed: Observed, line: Fact | None) -> list[Account]:
    """What became of a rule; where it can be bound to the line that is meant, only of that."""
    plans = [plan for plan in observed.loaded.plans if plan.rule.id == id]
    if not plans:
        return []
    active = [plan for plan in plans if observed.in_force(plan)]
    if not active:
        return [Account(id, idle(plans[0].rule, observed))]
    found = [one for plan in active for one in candidates(observed, plan)]
    if not found:
        return [Account(id, f"does not fire: {unbound(active[0], observed)}")]
    if line is not None:
        found = [one for one in found if _binds(one, line)] or found
    near = [one for one in found if one.verdict != "does not fire"]
    if not near:
        near = [nearest(found, observed)]
    near.sort(key=lambda one: _ORDER.index(one.verdict))
    return [_account(one, case, observed) for one in near[:MOST_MATCHES]]


def _binds(one: Candidate, fact: Fact) -> bool:
    return any(isinstance(bound, Fact) and bound.id == fact.id for bound in one.env.values())


def nearest(found: list[Candidate], observed: Observed) -> Candidate:
    """The candidate that meets most of its rule's tests, unknown ones counting least against it;
    of several the one whose codes are written most like those that the rule means, then the first
    by the ids of what is bound."""
    against = unwanted(found[0].rule)
    loaded = observed.loaded
    return min(
        found,
        key=lambda one: (*_distance(one, against, loaded), -_likeness(one, loaded), *_bound(one)),
    )


def _bound(one: Candidate) -> tuple[str, ...]:
    return tuple(one.env[item.var].id for item in one.rule.binders if item.var in one.env)


def _likeness(one: Candidate, loaded: Loaded) -> int:
    """How many characters the codes bound have in common with the beginnings of those meant."""
    total = 0
    for item in one.rule.binders:
        bound = one.env.get(item.var)
        code = bound.get("code") if isinstance(bound, Fact) else None
        if isinstance(code, Code):
            key = loaded.key(code)
            lows = [part.low for part in item.codes if part.system == code.system]
            total += max((_alike(key, low) for low in lows), default=0)
    return total


def _alike(left: str, right: str) -> int:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))
    return sum(1 for _ in pairs)


def _distance(one: Candidate, against: frozenset[int], loaded: Loaded) -> tuple[int, int]:
    """Tests that are not met; then those that are unknown. Without a row of a table the tests are
    not made: then whatever has a code that the rule cannot mean counts instead."""
    truths = [
        truth if truth is None else truth != (atom in against) for atom, truth, _ in one.tests
    ]
    missing = [item for item in one.rule.binders if item.var not in one.env]
    if missing:
        for item in one.rule.binders:
            bound = one.env.get(item.var)
            truths.append(not isinstance(bound, Fact) or may_lie(bound, item.codes, loaded))
    return len(missing) + truths.count(False), truths.count(None)


def _account(one: Candidate, case: Case, observed: Observed) -> Account:
    verdict = one.verdict
    if one.verdict == "excused":
        verdict = f"is excused by {', '.join(one.excused_by)}"
    elif one.verdict == "undetermined":
        verdict = "is undetermined"
    return Account(
        one.rule.id,
        verdict,
        tuple((var, _what(bound, case)) for var, bound in one.env.items() if var not in SINGLE),
        tuple(told(one)),
        one.missing if one.verdict == "undetermined" else (),
        tuple(_conclusions(one, observed)) if one.verdict == "fires" else (),
    )


def told(one: Candidate) -> Iterator[tuple[str, Truth, str]]:
    """The atoms as they are written, those of exceptions about an encounter, claim … included."""
    rule = one.rule
    listed = {
        atom
        for part in (rule.when, *(other.when for other in rule.exceptions))
        for atom, inside in atoms_of(part)
        if not inside
    }
    tests = dict.fromkeys(one.inside, None) | {(atom, truth): x for atom, truth, x in one.tests}
    flipped = turned(rule)
    for (atom, truth), value in sorted(tests.items(), key=lambda item: item[0][0]):
        if atom in listed:
            shown = (not truth) if atom in flipped and truth is not None else truth
            yield rule.atoms[atom], shown, "" if value is None else text_of(value)


def _what(one: Fact | Row, case: Case) -> str:
    if isinstance(one, Row):
        return "a row that is not known" if one.id == "?" else f"row {one.id}"
    code = one.get("code")
    if code is not None:
        return text_of(code)
    names = [name for name, fact in case.named.items() if fact.id == one.id]
    return f"the {one.entity}" if not names or names[0] == one.entity else names[0]


def _conclusions(one: Candidate, observed: Observed) -> Iterator[str]:
    facts = {fact.id: fact for fact in (*observed.chart.facts, *observed.outcome.facts)}
    wanted = {(var, bound.id) for var, bound in one.env.items() if isinstance(bound, Fact)}
    for firing in observed.outcome.firings:
        if firing.rule != one.rule.id or not wanted <= {(x.var, x.fact) for x in firing.bound}:
            continue
        for item in firing.concluded:
            yield _conclusion(item, facts)
        if firing.defeated_by:
            yield f"it did not stand: {firing.defeated_by}"
        return


def _conclusion(item: Concluded, facts: dict[str, Fact]) -> str:
    detail = dict(item.detail or {})
    target = facts.get(item.target)
    on = "" if target is None else text_of(target.get("code") or target.entity)
    match item.kind:
        case "replace":
            said = f"{on} is replaced with {item.code.value if item.code else 'unknown'}"
        case "assign":
            said = f"{item.code.value if item.code else 'unknown'} is assigned"
        case "omit":
            said = f"{on} is omitted"
        case "remove":
            said = f"{on} is removed"
        case "sequence":
            said = f"{text_of(detail['first'])} stands before {text_of(detail['second'])}"
        case "deny":
            said = f"{on} is denied with {detail.get('reason')}"
        case "add modifier":
            said = f"{on} takes modifier {detail.get('modifier')}"
        case "limit units":
            said = f"{on} is limited to {detail.get('units')} units"
        case "require":
            said = f"{on} requires {detail.get('what')}"
        case "query":
            said = "the provider is asked"
        case _:
            said = "the chart goes to review"
    return f"{said}: {item.because}" if item.because else said


def idle(rule: Rule, observed: Observed) -> str:
    """Why no plan of a rule is in force."""
    for one in observed.outcome.near_misses:
        if one.rule == rule.id and one.kind == "suspended":
            return f"is suspended by {one.by}"
    day = observed.chart.clocks.get(rule.window.clock)
    start, end = rule.window.start, rule.window.end
    span = " ".join(
        part for part in (f"from {start}" if start else "", f"until {end}" if end else "") if part
    )
    return (
        f"is not in force: the {rule.window.clock} is {text_of(day)}, the rule's dates are {span}"
    )


def unbound(plan: RulePlan, observed: Observed) -> str:
    """What the chart lacks for a rule's variables to be bound at all."""
    reading = observed.reading(plan)
    counts: dict[str, int] = {}
    for one in plan.rule.binders:
        if one.relation:
            continue
        counts[one.entity] = counts.get(one.entity, 0) + 1
        view = reading.documented if one.documented else reading.current
        there = len({reading.identity(fact) for fact in view.all(one.entity)})
        if there < counts[one.entity]:
            few = f"{counts[one.entity]} of kind {one.entity}" if there else f"a {one.entity}"
            return f"it needs {few}; the chart has {there or 'none'} at that point"
    return "nothing can be bound to its variables"
