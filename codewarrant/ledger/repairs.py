"""What a rule lacks to fire, or what would keep one from firing, as suppositions to try.

Only a search for candidates: whether one does what it is meant for is found by running the rules.
What needs words of a note, a date or a sum is not supposed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from codewarrant.dsl.candidates import Candidate, Observed, candidates, may_lie
from codewarrant.dsl.types import fields_of
from codewarrant.engine import conditions as c
from codewarrant.engine.evaluate import conjuncts
from codewarrant.engine.facts import Fact
from codewarrant.engine.plan import RulePlan
from codewarrant.engine.program import Rule
from codewarrant.engine.reading import Env
from codewarrant.engine.trace import Firing
from codewarrant.engine.values import Code, Intervals, Value
from codewarrant.ledger.code_samples import CodeSamples
from codewarrant.ledger.field_values import (
    NEGATED,
    TURNED,
    any_value,
    compared,
    constant,
    other_value,
    with_value,
)
from codewarrant.ledger.suppose import Change, named, usual
from codewarrant.ledger.unmet import Part, unmet

NEAREST = 6
"""Matches of one rule, and rows of one table, that are looked at in one state of the chart."""
SAMPLES = 2
"""Codes tried where a rule takes any of many."""
Plan = tuple[Change, ...]


@dataclass(frozen=True)
class Wish:
    """What a variable's fact has to be for a rule to give the code that is asked for."""

    codes: Intervals | None = None
    fields: dict[str, Value] = field(default_factory=dict)


class Repairs:
    """Suppositions for one run of the rules; ``asked`` is the code that is never supposed."""

    def __init__(self, observed: Observed, samples: CodeSamples, asked: Code | None) -> None:
        self._observed = observed
        self._loaded = observed.loaded
        self._samples = samples
        self._asked = asked
        self._standing = observed.loaded.program.standing

    # ---- making a rule fire ------------------------------------------------------

    def firing(self, plan: RulePlan, wishes: Mapping[str, Wish], most: int) -> Iterator[Plan]:
        """Changes, at most ``most`` together, after which a rule may fire: for its nearest matches
        what they lack, and for each variable the fact that is not there."""
        found = [
            one
            for one in candidates(self._observed, plan, near=True)
            if one.verdict != "fires" and self._granted(one.env, wishes)
        ]
        lacking = [(self._lacking(one), one) for one in found]
        lacking.sort(key=lambda item: len(item[0]))
        for groups, one in lacking[:NEAREST]:
            yield from self._together(plan.rule, groups, one.env, most)
        yield from self._further(plan, wishes, most)

    def _lacking(self, one: Candidate) -> list[list[Part]]:
        truths = {atom: truth for atom, truth, _ in one.tests}
        groups = unmet(one.rule.when, truths)
        if one.verdict in ("excused", "undetermined"):
            for other in one.rule.exceptions:
                if not other.instead and (
                    other.name in one.excused_by or one.verdict == "undetermined"
                ):
                    groups += unmet(other.when, truths, False)
        return groups

    def _together(
        self, rule: Rule, groups: list[list[Part]], env: Env, most: int
    ) -> Iterator[Plan]:
        """One change for each group of alternatives."""
        if not groups or len(groups) > most:
            return
        choices = [
            [
                (isinstance(part.test, c.Known), change)
                for part in group
                for change in self.changing(rule, part, env)
            ]
            for group in groups
        ]
        for chosen in islice(product(*choices), NEAREST * NEAREST):
            # a field that only has to be known takes the value that another test asks of it
            firm = _merged([change for some, change in chosen if not some])
            if firm is not None:
                said = {(item.facts, name) for item in firm for name, _ in item.fields}
                loose = [
                    change
                    for some, change in chosen
                    if some and (change.facts, change.fields[0][0]) not in said
                ]
                yield tuple(dict.fromkeys((*firm, *loose)))

    def _granted(self, env: Env, wishes: Mapping[str, Wish]) -> bool:
        for var, wish in wishes.items():
            fact = env.get(var)
            if isinstance(fact, Fact) and wish.codes is not None:
                code = fact.get("code")
                if isinstance(code, Code) and not may_lie(fact, wish.codes, self._loaded):
                    return False
        return True

    def _further(self, plan: RulePlan, wishes: Mapping[str, Wish], most: int) -> Iterator[Plan]:
        """Facts that a rule binds and that are not there, beside those that are."""
        rule = plan.rule
        binders = [one for one in rule.binders if not one.relation]
        pools = [self._pool(one, wishes.get(one.var), plan.stage) for one in binders]
        lacks = [binder for binder, pool in zip(binders, pools, strict=True) if not pool]
        # where every variable has something to bind, any one of them may want another fact
        for absent in [lacks] if lacks else [[one] for one in binders]:
            if len(absent) > most:
                continue
            env: Env = {
                binder.var: pool[0]
                for binder, pool in zip(binders, pools, strict=True)
                if binder not in absent
            }
            choices = [list(self.facts_for(rule, rule.when, one, wishes, env)) for one in absent]
            for chosen in islice(product(*choices), NEAREST):
                yield tuple(dict.fromkeys(chosen))

    def _pool(self, binder: c.Binder, wish: Wish | None, stage: str) -> list[Fact]:
        """What a variable may be bound to in a stage: the later ones see what is reported."""
        codes = binder.codes if wish is None or wish.codes is None else wish.codes
        unseen = {
            one.fact
            for one in self._observed.outcome.standing
            if (binder.documented and not one.documented)
            or (stage not in ("admit", "code") and one.state != "reported")
        }
        return [
            fact
            for fact in self._now(binder.entity)
            if fact.id not in unseen
            and may_lie(fact, codes, self._loaded)
            and may_lie(fact, binder.codes, self._loaded)
        ]

    def _now(self, entity: str) -> list[Fact]:
        """The facts of an entity as they stand: of diagnoses, those that hold."""
        outcome, chart = self._observed.outcome, self._observed.chart
        facts = {fact.id: fact for fact in (*chart.facts, *outcome.facts)}
        if entity != self._standing:
            return sorted(
                (fact for fact in chart.facts if fact.entity == entity), key=lambda fact: fact.id
            )
        held = [one.fact for one in outcome.standing if one.state != "possible"]
        removed = {name for name, _ in outcome.removed}
        return [facts[name] for name in held if name in facts] + [
            fact
            for fact in chart.facts
            if fact.entity == entity and fact.id not in {*held, *removed}
        ]

    def facts_for(
        self,
        rule: Rule,
        where: c.Condition,
        binder: c.Binder,
        wishes: Mapping[str, Wish],
        env: Env,
    ) -> Iterator[Change]:
        """Facts to suppose for a variable, with the fields that its own tests ask for."""
        wish = wishes.get(binder.var, Wish())
        fields: dict[str, Value] = usual(binder.entity)
        wide = ""
        for part in _decided(where):
            test, wanted = (part.item, False) if isinstance(part, c.Not) else (part, True)
            if isinstance(test, c.InSet) and test.term == c.Field(binder.var, "code"):
                wide = f"for which: {rule.atoms[test.atom]}"
                continue
            found = self._value(test, wanted, binder.var, binder.entity, env)
            if found is not None and found[1] is not None:
                fields[found[0]] = found[1]
        fields |= wish.fields
        known = fields_of(binder.entity)
        codes = binder.codes if wish.codes is None else wish.codes
        if "code" in fields or not known.get("code") or any(x.system == "*" for x in codes):
            if binder.entity != self._standing or "code" in fields:
                yield Change("add", binder.entity, tuple(sorted(fields.items())), wide="")
            return
        if wish.codes is not None:
            wide = ""
        for code in self._samples.within(codes, SAMPLES, without=self._asked):
            if wish.codes is not None and not self._lies(code, binder.codes):
                continue
            whole = {**fields, "code": code}
            many = len(self._samples.within(codes, SAMPLES, without=self._asked)) > 1
            yield Change(
                "add", binder.entity, tuple(sorted(whole.items())), wide=wide if many else ""
            )

    def _lies(self, code: Code, codes: Intervals) -> bool:
        key = self._loaded.key(code)
        return any(x.system in ("*", code.system) and x.low <= key <= x.high for x in codes)

    # ---- keeping a rule from firing -------------------------------------------------

    def stopping(
        self, firing: Firing, most: int, seen: frozenset[int] = frozenset()
    ) -> Iterator[Plan]:
        """Changes after which a firing may no longer come about."""
        match = self._match(firing)
        if match is None:
            return
        truths = {atom: truth for atom, truth, _ in match.tests}
        for group in unmet(match.rule.when, truths, False):
            for part in group:
                for change in self.changing(match.rule, part, match.env):
                    yield (change,)
        for other in match.rule.exceptions:
            if not other.instead:
                yield from self._together(match.rule, unmet(other.when, truths), match.env, most)
        for bound in firing.bound:
            fact = self._fact(bound.fact)
            if fact is None:
                continue
            yield from ((change,) for change in self._without(fact))
            for seq in self._concluding(fact) - seen - {firing.seq}:
                deeper = self._observed.outcome.firings[seq]
                yield from self.stopping(deeper, most, seen | {firing.seq, seq})

    def _match(self, firing: Firing) -> Candidate | None:
        bound = {(item.var, item.fact) for item in firing.bound}
        for plan in self._loaded.plans:
            if plan.rule.id == firing.rule and self._observed.in_force(plan):
                for one in candidates(self._observed, plan, near=True):
                    if one.verdict == "fires" and all(
                        (var, fact.id) in bound
                        for var, fact in one.env.items()
                        if isinstance(fact, Fact)
                    ):
                        return one
        return None

    def _fact(self, id: str) -> Fact | None:
        outcome, chart = self._observed.outcome, self._observed.chart
        return next((one for one in (*chart.facts, *outcome.facts) if one.id == id), None)

    def _concluding(self, fact: Fact) -> set[int]:
        """The firings that concluded a code that the record does not state."""
        return {
            seq
            for one in self._observed.outcome.standing
            if fact.entity == self._standing and one.code == fact.get("code") and not one.documented
            for seq in one.firings
        }

    def _without(self, fact: Fact) -> Iterator[Change]:
        """The record without a fact, all its statements with it."""
        if fact.entity == self._standing and fact.get("code") == self._asked:
            return
        facts = self._stated(fact)
        if facts and fact.entity in ("diagnosis", "finding", "mention", "medication"):
            yield Change("remove", fact.entity, (), facts, named(fact))

    def _stated(self, fact: Fact) -> tuple[str, ...]:
        """The chart's own facts that say this: of a diagnosis every statement of its code."""
        chart = self._observed.chart.facts
        if fact.entity == self._standing and fact.get("code") is not None:
            return tuple(
                sorted(
                    one.id
                    for one in chart
                    if one.entity == fact.entity and one.get("code") == fact.get("code")
                )
            )
        return (fact.id,) if any(one.id == fact.id for one in chart) else ()

    # ---- one test --------------------------------------------------------------------

    def changing(self, rule: Rule, part: Part, env: Env) -> Iterator[Change]:
        """Changes after which a test may have the truth that is wanted of it."""
        test, wanted = part.test, part.wanted
        if isinstance(test, c.Quantified):
            if (test.kind in ("some", "at least")) == wanted and test.kind != "every":
                if not test.over.relation and test.has is None:
                    for change in self.facts_for(rule, test.where, test.over, {}, env):
                        says = "for which" if wanted else "that makes false"
                        wide = change.wide and f"{says}: {rule.atoms[test.atom]}"
                        yield Change(change.kind, change.entity, change.fields, wide=wide)
            elif test.kind in ("some", "no"):
                for fact in self._now(test.over.entity):
                    if may_lie(fact, test.over.codes, self._loaded) and self._plainly(test, fact):
                        yield from self._without(fact)
            return
        if isinstance(test, c.InSet) and not wanted:
            match test.term:
                case c.Field(var, "code") if isinstance(env.get(var), Fact):
                    yield from self._without(env[var])  # type: ignore[arg-type]
            return
        for var, fact in env.items():
            if not isinstance(fact, Fact):
                continue
            found = self._value(test, wanted, var, fact.entity, env)
            facts = self._stated(fact)
            if found is not None and facts and fact.get(found[0]) != found[1]:
                yield Change("set", fact.entity, (found,), facts, named(fact))

    def _plainly(self, test: c.Quantified, fact: Fact) -> bool:
        """Whether a fact may be one that a search finds, by the plain tests of its fields."""
        for part in conjuncts(test.where):
            match part:
                case c.Compare(_, "=", c.Field(var, name), c.Const(value)) if var == test.over.var:
                    if fact.get(name) not in (value, None):
                        return False
        return True

    def _codes_in(self, codes: Intervals) -> list[Code]:
        """A code in intervals: one that holds in the chart, failing that a sample."""
        held = sorted(self._observed.outcome.standing, key=lambda item: not item.documented)
        found = [item.code for item in held if self._lies(item.code, codes)]
        return found[:1] or self._samples.within(codes, 1)

    def _value(
        self, test: c.Condition, wanted: bool, var: str, entity: str, env: Env
    ) -> tuple[str, Value | None] | None:
        """A field of a variable with a value that gives a test the truth wanted."""
        match test:
            case c.Holds(_, c.Field(name, found)) if name == var:
                return found, wanted
            case c.Known(_, c.Field(name, found)) if name == var:
                return with_value(found, any_value(entity, found)) if wanted else (found, None)
            case c.OneOf(_, c.Field(name, found), values) if name == var:
                return with_value(
                    found, values[0] if wanted else other_value(entity, found, values)
                )
            case c.Between(_, c.Field(name, found), low, _) if name == var and wanted:
                return with_value(found, constant(low, env))
            case c.Contains(_, c.Field(name, found), values, item) if name == var:
                fact = env.get(var)
                listed = fact.get(found) if isinstance(fact, Fact) else ()
                listed = listed if isinstance(listed, tuple) else ()
                one = values[0] if values else constant(item, env) if item else None
                if wanted and one is not None and not isinstance(one, tuple):
                    return found, (*listed, one)
                return (found, ()) if not wanted else None
            case c.InSet(_, c.Field(name, found), _, versions) if (
                name == var and found != "code" and wanted
            ):
                codes = self._codes_in(versions[-1].codes) if versions else []
                many = bool(fields_of(entity).get(found) and fields_of(entity)[found].many)
                return (found, (codes[0],) if many else codes[0]) if codes else None
            case c.Compare(_, op, c.Field(name, found), right) if name == var:
                return compared(entity, found, op if wanted else NEGATED[op], constant(right, env))
            case c.Compare(_, op, left, c.Field(name, found)) if name == var:
                turned = TURNED[op] if wanted else NEGATED[TURNED[op]]
                return compared(entity, found, turned, constant(left, env))
        return None


def _merged(changes: list[Change]) -> list[Change] | None:
    """The changes, or None where two of them set one field to different values."""
    values: dict[tuple[tuple[str, ...], str], Value | None] = {}
    for item in changes:
        for name, value in item.fields if item.kind == "set" else ():
            if values.setdefault((item.facts, name), value) != value:
                return None
    return changes


def _decided(item: c.Condition) -> Iterator[c.Condition]:
    """The tests that must hold, the first alternative of each ``or``."""
    for part in conjuncts(item):
        if isinstance(part, c.AnyOf):
            yield from _decided(part.items[0])
        else:
            yield part
