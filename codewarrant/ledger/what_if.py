"""What would have to be different for an absent code to be reported, or for a rule to fire.

A search from few changes to many. Candidates come from the rules that could conclude the code, and
from what kept it off; whether one does it is decided by running the rules on the changed facts.
The answer is a smallest set among these candidates: no part of it can be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from codewarrant.codesets.answers import Status
from codewarrant.codesets.codeset import CodeSet
from codewarrant.dsl.candidates import Observed, observe
from codewarrant.engine import conditions as c
from codewarrant.engine.errors import EngineError
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.plan import RulePlan
from codewarrant.engine.program import Assign, Replace, Rule
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Outcome, Standing
from codewarrant.engine.values import Code, CodeOrder, Interval, Intervals
from codewarrant.ledger.absence import could_give
from codewarrant.ledger.code_samples import CodeSamples
from codewarrant.ledger.repairs import NEAREST, Plan, Repairs, Wish
from codewarrant.ledger.suppose import Change, supposed, usual

MOST_CHANGES = 3
"""Changes that are made together."""
MOST_RUNS = 300
"""Runs of the rules in one search."""
SHOWN = 3
"""Smallest sets that are shown; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Supposition:
    """One hypothetical change, never of the record; ``fields`` are plain values."""

    kind: str
    entity: str
    text: str
    fields: Mapping[str, object]
    facts: tuple[str, ...]
    hypothetical: bool = True


@dataclass(frozen=True, slots=True)
class RuleThen:
    """A rule that would conclude the code, with its citations."""

    rule: str
    version: str
    title: str
    backing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A set of changes with what the rules made of it.

    ``rules`` would conclude the code; ``stopped`` are those that kept it off, and no longer would.
    ``displaced``: codes that would no longer be reported; ``added``: further ones that would.
    """

    changes: tuple[Supposition, ...]
    reached: bool
    rules: tuple[RuleThen, ...]
    stopped: tuple[str, ...]
    displaced: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer. ``stated``: the record saying the code itself, which no other set does.

    ``found`` are smallest sets in total order, at most :data:`SHOWN` of ``of``; ``note`` says why
    there is none, or that the search was cut short.
    """

    goal: str
    stated: Trial | None
    found: tuple[Trial, ...]
    of: int
    runs: int
    note: str


def what_if_code(observed: Observed, code: Code, releases: Mapping[str, CodeSet]) -> WhatIf:
    """What would have to be different for a diagnosis code to be reported."""
    on = observed.chart.clocks.get("date of service")
    release = releases.get(code.system)
    if release is not None:
        status = release.status(code.value, on)
        if status in _UNFIT:
            note = f"{code} cannot be reported on the date of service: it is {_UNFIT[status]}."
            return WhatIf(str(code), None, (), 0, 0, note)
    search = _Search(observed, releases, code, "")
    already = [fact for fact in observed.chart.facts if _states(observed, fact, code)]
    stated = None
    if not already:
        entity = observed.loaded.program.standing
        fields = sorted({**usual(entity), "code": code}.items())
        stated = search.trial((Change("add", entity, tuple(fields)),))
    return search.answer(str(code), stated)


def what_if_rule(observed: Observed, rule: str, releases: Mapping[str, CodeSet]) -> WhatIf:
    """What would have to be different for a rule to fire."""
    return _Search(observed, releases, None, rule).answer(rule, None)


def _states(observed: Observed, fact, code: Code) -> bool:
    return fact.entity == observed.loaded.program.standing and fact.get("code") == code


_UNFIT = {
    Status.HEADER: "a header that needs more characters",
    Status.ENDED: "no longer in the code set",
    Status.NOT_YET: "not yet in the code set",
    Status.UNKNOWN: "not in the code set",
}


class _Search:
    def __init__(
        self, observed: Observed, releases: Mapping[str, CodeSet], code: Code | None, rule: str
    ) -> None:
        self._observed = observed
        self._loaded = observed.loaded
        self._code = code
        self._rule = rule
        self._on = observed.chart.clocks.get("date of service")
        self._samples = CodeSamples(releases, observed.loaded, self._on)
        self._runs = 0
        self._before = {str(item) for item in observed.outcome.sequence}
        self._rules: dict[str, Rule] = {item.id: item for item in self._loaded.program.rules}
        self._goals = list(self._goal_plans())

    def answer(self, goal: str, stated: Trial | None) -> WhatIf:
        """Run the search. Sets of one size are tried together, and the best of them is taken."""
        found: dict[frozenset[Change], Trial] = {}
        heap: list[tuple[int, int, Plan]] = [(0, 0, ())]
        seen: set[frozenset[Change]] = {frozenset()}
        serial, size, cut = 0, MOST_CHANGES, False
        while heap:
            count, _, changes = heappop(heap)
            if count > size:
                break
            if self._runs >= MOST_RUNS:
                cut = True
                break
            observed = self._run(changes)
            if observed is None:
                continue
            if changes and self._reached(observed.outcome):
                smallest = self._smallest(changes)
                found[frozenset(smallest)] = self._trial(smallest)
                size = min(size, len(smallest))
                continue
            for plan in self._plans(observed, size - count):
                further = tuple(sorted({*changes, *plan}, key=lambda item: item.order))
                key = frozenset(further)
                if len(further) <= size and key not in seen:
                    seen.add(key)
                    serial += 1
                    heappush(heap, (len(further), serial, further))
        sets = [item for item in found if len(item) == size]
        sets.sort(key=lambda item: sorted(change.order for change in item))
        note = ""
        if cut:
            note = f"The search stopped after {self._runs} runs of the rules."
        elif not sets and stated is not None and not self._concluded():
            note = "No rule concludes it from anything else."
        elif not sets:
            note = f"No {MOST_CHANGES} or fewer changes that the rules ask for would do it."
        return WhatIf(
            goal, stated, tuple(found[item] for item in sets[:SHOWN]), len(sets), self._runs, note
        )

    def _concluded(self) -> bool:
        """Whether some rule gives the code from something other than the code itself."""
        assert self._code is not None
        own = Wish((self._exactly(self._code),))
        return any(own not in wishes.values() for _, wishes in self._goals)

    # ---- running -------------------------------------------------------------------

    def _run(self, changes: Plan) -> Observed | None:
        """A run on the changed facts; None where the rules cannot be run on them."""
        if not changes:
            return self._observed
        self._runs += 1
        chart = self._observed.chart
        try:
            return observe(self._loaded, replace(chart, facts=supposed(chart.facts, changes)))
        except EngineError:
            return None

    def _reached(self, outcome: Outcome) -> bool:
        if self._code is None:
            return any(firing.rule == self._rule for firing in outcome.firings)
        place = self._standing(outcome)
        # what no rule says to report is not reported, however well it stands
        return place is not None and place.state == "reported" and bool(place.firings)

    def _standing(self, outcome: Outcome) -> Standing | None:
        return next((item for item in outcome.standing if item.code == self._code), None)

    def _smallest(self, changes: Plan) -> Plan:
        """The changes without those that are not needed."""
        for change in changes:
            fewer = tuple(item for item in changes if item != change)
            observed = self._run(fewer) if fewer else None
            if observed is not None and self._reached(observed.outcome):
                return self._smallest(fewer)
        return changes

    def trial(self, changes: Plan) -> Trial | None:
        """One set of changes tried by itself."""
        return None if self._run(changes) is None else self._trial(changes)

    def _trial(self, changes: Plan) -> Trial:
        observed = self._run(changes)
        assert observed is not None
        outcome = observed.outcome
        if self._code is None:
            names = [self._rule]
        else:
            place = self._standing(outcome)
            numbers = place.firings if place is not None else ()
            names = list(dict.fromkeys(outcome.firings[seq].rule for seq in numbers))
        after = {str(item) for item in outcome.sequence}
        return Trial(
            tuple(
                Supposition(item.kind, item.entity, item.text, dict(item.fields), item.facts)
                for item in changes
            ),
            self._reached(outcome),
            tuple(self._named(name) for name in names),
            tuple(sorted(self._against(self._observed) - self._against(observed))),
            tuple(sorted(self._before - after)),
            tuple(sorted(after - self._before - {str(self._code)})),
        )

    def _named(self, name: str) -> RuleThen:
        rule = self._rules[name]
        cites = tuple(cite.label for cite in rule.cites)
        return RuleThen(rule.id, rule.version, rule.title, cites)

    # ---- what to try next --------------------------------------------------------------

    def _plans(self, observed: Observed, most: int) -> Iterator[Plan]:
        """Changes, at most ``most`` together, that may bring the goal nearer in one state."""
        if most <= 0:
            return
        repairs = Repairs(observed, self._samples, self._code)
        outcome = observed.outcome
        place = self._standing(outcome)
        for seq in self._kept_off(observed):
            yield from repairs.stopping(outcome.firings[seq], most)
        if place is None or place.state in ("possible", "void") or not place.firings:
            for plan, wishes in self._goals:
                if observed.in_force(plan):
                    yield from repairs.firing(plan, wishes, most)

    def _kept_off(self, observed: Observed) -> list[int]:
        """The firings that keep the code off: by what they made of it, or of its statements."""
        outcome = observed.outcome
        place = self._standing(outcome)
        found = list(place.by) if place is not None and place.state != "possible" else []
        facts = {fact.id: fact for fact in observed.chart.facts}
        for name, numbers in outcome.removed:
            if self._code is not None and facts[name].get("code") == self._code:
                found += numbers
        return list(dict.fromkeys(found))

    def _against(self, observed: Observed) -> set[str]:
        return {observed.outcome.firings[seq].rule for seq in self._kept_off(observed)}

    def _goal_plans(self) -> Iterator[tuple[RulePlan, Mapping[str, Wish]]]:
        """The rules that could reach the goal, each with what it would have to bind for it."""
        for plan in sorted(self._loaded.plans, key=lambda item: (item.rule.id, item.index)):
            if self._code is None:
                if plan.rule.id == self._rule:
                    yield plan, {}
                continue
            actions = list(plan.rule.actions if plan.swap is None else plan.swap.actions)
            actions += [item for one in plan.rule.exceptions for item in one.instead]
            for action in actions:
                if isinstance(action, Assign | Replace) and could_give(
                    action, self._code.value, self._loaded.program
                ):
                    for wishes in self._wishes(plan.rule, action):
                        yield plan, wishes

    def _wishes(self, rule: Rule, action: Assign | Replace) -> Iterator[Mapping[str, Wish]]:
        """What the variables have to be for an action to give the code that is asked for."""
        assert self._code is not None
        relations = {item.var: item.relation for item in rule.binders if item.relation}
        match action.code:
            case c.Field(var, column) if var in relations:
                relation = (self._observed.chart.relations or {}).get(relations[var])
                if relation is not None:
                    for row in (relation.lookup([{column: self._code}], self._on)[0] or ())[
                        :NEAREST
                    ]:
                        yield self._row_wishes(rule, var, row)
            case c.Field(var, "code"):
                # it reports what the record states
                yield {var: Wish((self._exactly(self._code),))}
            case c.LookupTerm(_, ((_, c.Field(var, "code")),), column):
                codes = self._samples.with_sibling(column, self._code)
                if codes:
                    yield {var: Wish(tuple(self._exactly(code) for code in codes))}
            case _:
                yield {}

    def _row_wishes(self, rule: Rule, var: str, row: Row) -> Mapping[str, Wish]:
        codes: dict[str, Intervals] = {}
        fields: dict[str, dict] = {}
        for part in conjuncts(rule.when):
            if not isinstance(part, c.Matches) or part.var != var:
                continue
            for column, term in part.keys:
                value = row.columns.get(column)
                match term:
                    case c.Field(name, "code") if isinstance(value, Code):
                        codes[name] = (self._exactly(value),)
                    case c.LookupTerm(_, ((_, c.Field(name, "code")),), "category") if isinstance(
                        value, Code
                    ):
                        order = self._loaded.orders.get(value.system) or CodeOrder(value.system)
                        codes[name] = (order.under(value.value),)
                    case c.Field(name, found) if value is not None:
                        fields.setdefault(name, {})[found] = value
        return {
            name: Wish(codes.get(name), fields.get(name, {})) for name in sorted({*codes, *fields})
        }

    def _exactly(self, code: Code) -> Interval:
        key = self._loaded.key(code)
        return Interval(code.system, key, key)
