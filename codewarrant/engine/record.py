"""From matches to the trace: firings with all their tests, and near misses."""

from __future__ import annotations

from dataclasses import dataclass, field

from codewarrant.engine.action_plan import Judgement, ReadyAction
from codewarrant.engine.facts import Fact
from codewarrant.engine.judge import excuse_of, fill, judge
from codewarrant.engine.match import Match
from codewarrant.engine.program import Omit, Remove, Replace, Rule
from codewarrant.engine.reading import Env, Reading, Record
from codewarrant.engine.relation import Row
from codewarrant.engine.rule_plan import RulePlan, text_of_atom
from codewarrant.engine.standing import united
from codewarrant.engine.trace import Absence, Bound, Concluded, Excuse, Firing, NearMiss, Tested
from codewarrant.engine.values import Code

LISTED = 20
"""Near misses of one kind listed for one rule; the rest is counted."""


_new = tuple.__new__
"""Makes a named tuple of all its fields in half of the time that its own call takes."""


@dataclass(slots=True)
class Fired:
    """A firing while the run goes on: later stages add what they conclude from it."""

    seq: int
    stratum: int
    plan: RulePlan
    env: Env
    bound: tuple[Bound, ...]
    witnesses: tuple[tuple[Fact, ...], ...]
    """For each ``some`` that holds, the facts that make it hold."""
    tests: tuple[Tested, ...]
    absent: tuple[Absence, ...]
    unless: tuple[Excuse, ...]
    actions: tuple[tuple[ReadyAction, str], ...]
    """Each action with its reason, values filled in."""
    concluded: list[Concluded] = field(default_factory=list)
    defeated: str | None = None

    def grounds(self) -> list[Fact]:
        """The facts that the firing rests on."""
        found = [one for one in self.env.values() if type(one) is Fact]
        return found + [one for group in self.witnesses for one in group]

    def firing(self) -> Firing:
        made = (
            self.seq,
            self.stratum,
            self.plan.stage,
            self.plan.rule.id,
            self.bound,
            self.tests,
            self.absent,
            self.unless,
            tuple(self.concluded),
            self.defeated,
        )
        return _new(Firing, made)


def _variables(match: Match) -> list[Bound]:
    found = []
    env = match.env
    for var, id in zip(match.plan.names, match.ids, strict=True):
        bound = env[var]
        if type(bound) is Fact and bound.evidence:
            found.append(Bound(var, id, united(bound.evidence)))
        else:
            found.append(_new(Bound, (var, id, ())))
    return found


def _plainly(match: Match, judged: Judgement, seq: int, stratum: int, reading: Reading) -> Fired:
    """The record of a match of plain atoms alone: all of them are true, nothing else was asked."""
    plan, env = match.plan, match.env
    tests = []
    for atom, text, var, name, read in plan.shown or ():
        value = None
        if var:
            value = env[var].fields.get(name)  # type: ignore[union-attr]
        elif read is not None:
            value = read(reading, env)
        tests.append(_new(Tested, (atom, text, True, value)))
    if len(judged.actions) == 1:
        action = judged.actions[0]
        actions = ((action, fill(action.plan.because, env, reading)),)
    else:
        actions = tuple([(one, fill(one.plan.because, env, reading)) for one in judged.actions])
    bound = tuple(_variables(match))
    return Fired(seq, stratum, plan, env, bound, (), tuple(tests), (), (), actions)


def _bound(match: Match, record: Record) -> tuple[Bound, ...]:
    found = _variables(match)
    for var, name, witness in record.witnesses:
        places = united(witness.evidence) if type(witness) is Fact else ()
        found.append(Bound(var, name, places))
    return tuple(found)


def _recorded(match: Match, reading: Reading) -> tuple[Record, Judgement]:
    record = reading.record = Record()
    try:
        truth = match.plan.whole(reading, match.env)
        judgement = judge(match.plan, match.env, truth, reading)
    finally:
        reading.record = None
    return record, judgement


def _excuses(match: Match, judgement: Judgement, reading: Reading) -> tuple[Excuse, ...]:
    return tuple(excuse_of(one, held, match.env, reading) for one, held in judgement.excuses)


def fired(match: Match, judged: Judgement, seq: int, stratum: int, reading: Reading) -> Fired:
    """The full record of a match that was judged to fire."""
    if match.plan.shown is not None and not match.plan.exceptions:
        return _plainly(match, judged, seq, stratum, reading)
    record, judgement = _recorded(match, reading)
    rule = match.plan.rule
    tests = tuple(
        Tested(atom, text_of_atom(rule, atom), truth, value)
        for atom, truth, value in sorted(record.tests, key=lambda item: item[0])
    )
    return Fired(
        seq,
        stratum,
        match.plan,
        match.env,
        _bound(match, record),
        tuple(tuple(group) for group in record.covers),
        tests,
        tuple(Absence(text_of_atom(rule, atom), stratum) for atom in sorted(record.absent)),
        _excuses(match, judgement, reading),
        tuple(
            (action, fill(action.plan.because, match.env, reading)) for action in judgement.actions
        ),
    )


def missed(
    match: Match, judgement: Judgement, dates: tuple[str, ...], reading: Reading
) -> NearMiss:
    """The record of a match that does not fire. ``dates``: clocks that were needed and unknown."""
    record, _ = _recorded(match, reading)
    rule = match.plan.rule
    if judgement.status == "excused":
        held = [
            excuse_of(one, truth, match.env, reading)
            for one, truth in judgement.excuses
            if truth is True and not one.instead
        ]
        return NearMiss(
            "excused",
            match.plan.stage,
            rule.id,
            _bound(match, record),
            ", ".join(one.override or one.name for one in held),
            " ".join(one.because for one in held if one.because),
        )
    missing = {*record.missing, *dates}
    for var, one in match.env.items():
        if type(one) is Fact and one.id in reading.current.possible:
            missing.add(f"{var} is only possible")
        elif type(one) is Row and one.id == "?":
            missing.add(var)
    # where every key was known, it is the table itself that is wanting
    tables = {one.var: f"table {one.relation}" for one in match.plan.rows}
    if missing and missing <= tables.keys():
        missing = {tables[var] for var in missing}
    return NearMiss(
        "undetermined",
        match.plan.stage,
        rule.id,
        _bound(match, record),
        missing=tuple(sorted(missing)),
        review=to_review(rule, judgement),
    )


def to_review(rule: Rule, judgement: Judgement) -> bool:
    """Whether an undetermined match sends the chart to a person.

    One that might remove, omit or replace, or whose rule is mandatory, does so by default.
    """
    if rule.if_unknown != "default":
        return rule.if_unknown == "review"
    return rule.mandatory or any(
        isinstance(action.plan.action, Remove | Omit | Replace) for action in judgement.actions
    )


def bounded(misses: list[NearMiss]) -> list[NearMiss]:
    """At most :data:`LISTED` of one kind for one rule; the last says how many more there were."""
    out: list[NearMiss] = []
    counts: dict[tuple[str, str], int] = {}
    for one in misses:
        mark = (one.rule, one.kind)
        counts[mark] = counts.get(mark, 0) + 1
        if counts[mark] <= LISTED:
            out.append(one)
    for (rule, kind), count in sorted(counts.items()):
        if count > LISTED:
            last = next(one for one in out if (one.rule, one.kind) == (rule, kind))
            rest = [one for one in misses if (one.rule, one.kind) == (rule, kind)][LISTED:]
            out.append(
                NearMiss(
                    kind,
                    last.stage,
                    rule,
                    because=f"{count - LISTED} more",
                    review=any(one.review for one in rest),
                )
            )
    return out


def code_of(fact: Fact | Row | None) -> Code | None:
    """The code of a bound fact, where it has one."""
    value = fact.fields.get("code") if type(fact) is Fact else None
    return value if type(value) is Code else None
