"""What became of a rule in a decision: fired, excused, defeated, undetermined, or false.

The trace names the matches that fired or nearly did. Of a rule that was plainly false it says
nothing: its conditions are looked at again, over what its rules read in a run of the stored facts
with the stored program, and the nearest match is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from codewarrant.dsl.atoms import turned, unwanted
from codewarrant.dsl.candidates import MOST, Candidate, Observed, candidates
from codewarrant.dsl.diagnostics import did_you_mean
from codewarrant.dsl.explained import idle, nearest, unbound
from codewarrant.engine.canonical import plain
from codewarrant.engine.comparing import in_force, text_of
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Rule
from codewarrant.ledger.absence import Reason, near_miss
from codewarrant.ledger.explain import Form, Ground, TraceReader, Warrant
from codewarrant.ledger.unmet import unmet


@dataclass(frozen=True, slots=True)
class Told:
    """A condition as it is written: true, false or unknown, and the value that the record has."""

    text: str
    truth: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class NearestMatch:
    """The way to bind a rule's variables that meets most of its conditions.

    ``of``: how many ways there are; of more than :data:`dsl.candidates.MOST` the rest were not
    looked at.
    """

    bound: tuple[Ground, ...]
    unmet: tuple[tuple[Told, ...], ...]
    """What is false or unknown; of several alternatives in one place, one would do."""
    met: tuple[Told, ...]
    of: int


@dataclass(frozen=True, slots=True)
class RuleAccount:
    """What became of one rule in a decision.

    ``state``: fired, excused, suspended, undetermined, not in force, or false. ``nearest`` is set
    where it is false and something could be bound to its variables.
    """

    rule: str
    version: str
    title: str
    backing: tuple[str, ...]
    state: str
    firings: tuple[Warrant, ...]
    reasons: tuple[Reason, ...]
    nearest: NearestMatch | None = None


class UnknownRule(Exception):
    """The decision (and the program, where given) has no such rule, or several by that name."""


def explain_rule(decision: Form, rule: str, observed: Observed | None = None) -> RuleAccount:
    """How often a rule fired and on what, and every match that did not fire with its reason.

    ``rule`` is ``pack/name``, or the name alone where only one pack has it. ``observed`` is a run
    of the stored facts with the stored program: without it a rule that left no trace is not known.
    Raises :class:`UnknownRule`.
    """
    reader = TraceReader(decision)
    trace = reader.body["trace"]
    lowered = {item.id: item for item in observed.loaded.program.rules} if observed else {}
    name = _full_name(rule, {*reader.rules, *lowered, *(x["rule"] for x in trace["near_misses"])})
    base = lowered.get(name)
    seen: set[int] = set()
    fired = tuple(
        reader.warrant(firing["seq"], seen) for firing in trace["firings"] if firing["rule"] == name
    )
    misses = [item for item in trace["near_misses"] if item["rule"] == name]
    reasons = [near_miss(reader, item, base) for item in misses]
    near: NearestMatch | None = None
    if observed is not None and base is not None:
        reasons += _swapped(base, observed)
        if not fired and not misses:
            near, reason = _not_met(reader, base, observed)
            reasons.append(reason)
    elif not fired and not misses:
        reasons.append(Reason("false", "Nothing in the chart met its conditions."))
    used = reader.rules.get(name, {})
    return RuleAccount(
        name,
        used.get("version") or (base.version if base else ""),
        used.get("title") or (base.title if base else ""),
        tuple(used.get("cites") or ([cite.label for cite in base.cites] if base else [])),
        "fired" if fired else next(x.kind for x in reasons if x.kind != "other actions"),
        fired,
        tuple(reasons),
        near,
    )


def _full_name(rule: str, known: set[str]) -> str:
    matching = sorted(name for name in known if name == rule or name.endswith(f"/{rule}"))
    if rule in matching:
        return rule
    if len(matching) > 1:
        raise UnknownRule(f"{rule}: several packs have it: {', '.join(matching)}")
    if matching:
        return matching[0]
    named = sorted(known) if "/" in rule else sorted({name.split("/")[-1] for name in known})
    advice = did_you_mean(rule, named)
    raise UnknownRule(f"{rule}: no such rule in this decision" + (f"; {advice}" if advice else ""))


def _swapped(rule: Rule, observed: Observed) -> Iterator[Reason]:
    """Overrides that put other actions in place of the rule's own on this chart."""
    for swap in rule.swaps:
        if in_force(swap.window, observed.chart.clocks.get(swap.window.clock)):
            text = f"{swap.override} puts other actions in place of its own. {swap.because}"
            cites = tuple(cite.label for cite in swap.cites)
            yield Reason("other actions", text.strip(), backing=cites)


def _not_met(
    reader: TraceReader, rule: Rule, observed: Observed
) -> tuple[NearestMatch | None, Reason]:
    """Why a rule left no trace: not in force, nothing to bind, or false on every match."""
    plans = [plan for plan in observed.loaded.plans if plan.rule.id == rule.id]
    active = [plan for plan in plans if observed.in_force(plan)]
    if not active:
        return None, Reason("not in force", f"It {idle(rule, observed)}.")
    found = [one for plan in active for one in islice(candidates(observed, plan), MOST)]
    if not found:
        said = unbound(active[0], observed)
        return None, Reason("false", f"{said[:1].upper()}{said[1:]}.")
    best = nearest(found, observed)
    near = NearestMatch(_bound(reader, best, observed), *_told(best), len(found))
    ways = "the only match" if near.of == 1 else f"the nearest of {near.of} matches"
    if near.of >= MOST:
        ways = f"the nearest of the first {MOST} matches"
    return near, Reason("false", f"Its conditions are not met; this is {ways}.")


def _told(one: Candidate) -> tuple[tuple[tuple[Told, ...], ...], tuple[Told, ...]]:
    """The conditions that are not met, and those that are."""
    values = {atom: value for atom, _, value in one.tests}
    truths = {atom: truth for atom, truth, _ in one.tests}
    flipped = turned(one.rule)

    def tell(atom: int) -> Told:
        truth = truths[atom]
        if truth is not None and atom in flipped:
            truth = not truth
        value = values[atom]
        word = {True: "true", False: "false", None: "unknown"}[truth]
        return Told(one.rule.atoms[atom], word, "" if value is None else text_of(value))

    groups = unmet(one.rule.when, truths)
    lacking = tuple(
        tuple(tell(part.atom) for part in group if part.atom in truths) for group in groups
    )
    missing = {part.atom for group in groups for part in group}
    against = unwanted(one.rule)
    met = tuple(
        tell(atom)
        for atom in sorted(truths)
        if atom not in missing and truths[atom] is (atom not in against)
    )
    return tuple(group for group in lacking if group), met


def _bound(reader: TraceReader, one: Candidate, observed: Observed) -> tuple[Ground, ...]:
    """What a candidate binds, as grounds; facts that the decision does not name are added."""
    relations = {binder.var: binder.relation for binder in one.rule.binders}
    bound: list[dict[str, Any]] = []
    for binder in one.rule.binders:
        item = one.env.get(binder.var)
        if item is None:
            continue
        if isinstance(item, Fact):
            reader.facts.setdefault(item.id, plain(item))
            bound.append({"var": binder.var, "fact": item.id})
        else:
            table = relations[binder.var]
            row = f"a row of {table} that is not known" if item.id == "?" else f"{table}/{item.id}"
            bound.append({"var": binder.var, "fact": row})
    merged = {name for item in bound for name in reader.statements_of(item["fact"])}
    for fact in observed.chart.facts:  # the statements of a diagnosis, for its passages
        if fact.id in merged:
            reader.facts.setdefault(fact.id, plain(fact))
    return reader.grounds(bound, set())
