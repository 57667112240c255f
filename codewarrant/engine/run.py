"""One chart through one program: admit → code → sequence → line → edit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

from codewarrant.engine import lines as service_lines
from codewarrant.engine.action_plan import Judgement
from codewarrant.engine.code_stage import Held, level
from codewarrant.engine.comparing import in_force
from codewarrant.engine.errors import EngineError, FiringLimit
from codewarrant.engine.facts import Fact
from codewarrant.engine.judge import Activity, activity, judge
from codewarrant.engine.lookups import Lookups
from codewarrant.engine.match import Match, Matcher
from codewarrant.engine.places import places
from codewarrant.engine.plan import Group, Loaded
from codewarrant.engine.program import (
    AddModifier,
    Assign,
    Deny,
    LimitUnits,
    Omit,
    Query,
    Remove,
    Replace,
    Require,
    Route,
)
from codewarrant.engine.program import Sequence as SequenceAction
from codewarrant.engine.reading import Reading
from codewarrant.engine.record import Fired, bounded, code_of, fired, missed
from codewarrant.engine.rule_plan import RulePlan
from codewarrant.engine.sequence import Before, Ordered, sequence
from codewarrant.engine.settle import Assigned, Omitted, Replaced, Settled, settle
from codewarrant.engine.standing import by_code, merged
from codewarrant.engine.statement import standing
from codewarrant.engine.trace import Chart, Concluded, LineResult, NearMiss, Outcome
from codewarrant.engine.values import Code
from codewarrant.engine.views import View

LIMIT = 100_000
"""Matches of one run."""

KIND: dict[type, str] = {
    Remove: "remove", Omit: "omit", Assign: "assign", Replace: "replace",
    SequenceAction: "sequence", AddModifier: "add modifier", Deny: "deny",
    LimitUnits: "limit units", Require: "require", Query: "query", Route: "route",
}  # fmt: skip
"""What :class:`trace.Concluded` calls each action."""


Watch: TypeAlias = Callable[[Group, Reading], None]
"""Called with each group of rules once it is matched, and with what its rules read."""


def run(loaded: Loaded, chart: Chart, limit: int = LIMIT, watch: Watch | None = None) -> Outcome:
    """Run a program on a chart. Pure: equal content gives an equal outcome.

    Raises :class:`FiringLimit` beyond ``limit`` matches, :class:`EngineError` where a rule
    compares what cannot be compared or a table is not the one that the program was linked with.
    """
    return _Run(loaded, chart, limit, watch).outcome()


class _Run:
    def __init__(self, loaded: Loaded, chart: Chart, limit: int, watch: Watch | None) -> None:
        self.loaded = loaded
        self.program = loaded.program
        self.chart = chart
        self.limit = limit
        self.watch = watch
        self.matched = 0
        relations = chart.relations or {}
        for name, digest in self.program.relations:
            if name in relations and relations[name].digest != digest:
                raise EngineError(f"table `{name}` is not the one that the program was linked with")
        self.lookups = Lookups(relations, chart.clocks.get("date of service"))
        self.fired: list[Fired] = []
        self.misses: list[tuple[tuple, NearMiss]] = []
        self._activities: dict[int, Activity] = {}
        facts = {fact.id: fact for fact in chart.facts}
        self.ids = facts.keys()
        self.given = View.of(facts.values())
        self._prefetch()

    # ---- matching --------------------------------------------------------------

    def _prefetch(self) -> None:
        for entity, name, relation, column in self.loaded.layout.prefetch:
            values = [fact.fields.get(name) for fact in self.given.all(entity)]
            self.lookups.prefetch(
                relation, [((column, value),) for value in values if value is not None]
            )

    def _activity(self, plan: RulePlan) -> Activity:
        known = self._activities.get(plan.window)
        if known is None:
            known = self._activities[plan.window] = activity(plan, self.chart.clocks)
        return known

    def _matcher(self, group: Group) -> Matcher:
        return Matcher(self.loaded, group, self._activity, self.limit)

    def _reading(self, world: View, documented: View, by_code: bool) -> Reading:
        return Reading(
            world,
            world,
            documented,
            by_code,
            self.program.standing,
            self.chart.clocks,
            self.lookups,
            self.chart.sentences,
            self.chart.supplied,
            self.loaded.key,
        )

    def _count(self, verdicts: Collection[tuple[Match, Judgement]]) -> None:
        if self.matched + len(verdicts) > self.limit:
            counts = _counted(match for match, _ in verdicts)
            if self.matched + sum(counts.values()) <= self.limit:
                return
            worst = max(sorted(counts), key=lambda rule: counts[rule])
            raise FiringLimit(self.limit, worst, counts[worst])

    def _stage(self, group: Group, world: View, documented: View, by_code: bool) -> list[Fired]:
        """Match the rules of a stage that reads one state; returns the new firings."""
        reading = self._reading(world, documented, by_code)
        matcher = self._matcher(group)
        matcher.start(reading)
        verdicts = [
            (match, judge(match.plan, match.env, match.truth, reading))
            for match in matcher.matches(reading)
        ]
        self._count(verdicts)
        return self._keep(group, verdicts, reading)

    def _keep(
        self, group: Group, verdicts: list[tuple[Match, Judgement]], reading: Reading
    ) -> list[Fired]:
        """Record firings and near misses of a group, in the order of content."""
        if group.stage == "sequence":
            self.matched += sum(_counted(match for match, _ in verdicts).values())
        else:
            self.matched += len(verdicts)
        ordered = verdicts
        if len(verdicts) > 1:
            ordered = sorted(verdicts, key=_content)
        new: list[Fired] = []
        nearly = [item for item in ordered if item[1].status != "fires"]
        done: set[tuple] = set()
        for match, judgement in ordered:
            if judgement.status == "fires":
                seq = len(self.fired) + len(new)
                new.append(fired(match, judgement, seq, group.stratum, reading))
                if nearly:
                    done.add(_mark(match, reading))
        for match, judgement in nearly:
            if _mark(match, reading) not in done:
                dates = self._activity(match.plan).missing
                place = (group.stratum, match.plan.rule.id, match.ids)
                self.misses.append((place, missed(match, judgement, dates, reading)))
        self.fired += new
        if self.watch is not None:
            self.watch(group, reading)
        return new

    # ---- stages ----------------------------------------------------------------

    def outcome(self) -> Outcome:
        groups = self.loaded.groups
        entity = self.program.standing
        admit = next(group for group in groups if group.stage == "admit")
        self._stage(admit, self.given, self.given, by_code=False)
        removed = self._removed()
        given = self.given.all(entity)
        statements = [fact for fact in given if fact.id not in removed] if removed else given
        coded = by_code(statements)
        documented = {
            code: facts[0] if len(facts) == 1 else merged(facts) for code, facts in coded.items()
        }
        uncoded = [fact for fact in statements if code_of(fact) is None]
        docs = self.given
        if len(documented) + len(uncoded) < len(given):
            docs = docs.with_facts(entity, [*documented.values(), *uncoded])
        held = Held(
            self.loaded,
            documented,
            {fact.id: fact for fact in (*documented.values(), *uncoded)},
        )
        self._code(held, docs)
        settled = self._settle(documented)
        facts = held.merged()
        reported = [code for code, state in settled.states.items() if state == "reported"]
        world = docs
        if held.added or uncoded or len(reported) < len(documented):
            world = self.given.with_facts(entity, [facts[code] for code in reported])
        if any("pointers" in line.fields for line in self.given.all(service_lines.LINE)):
            pointed = self._pointed(settled, dict.fromkeys(reported, 0))
            world = world.with_facts(service_lines.LINE, pointed)
        self._later("sequence", world, docs)
        ordered = self._sequence(reported, settled, documented)
        self._later("line", world, docs)
        world = self._modified(world)
        self._later("edit", world, docs)
        self._edits()
        statements_of = {
            code: (items[0].id,) if len(items) == 1 else tuple(fact.id for fact in items)
            for code, items in coded.items()
        }
        return Outcome(
            self._facts(held, facts),
            tuple(one.firing() for one in self.fired),
            self._near_misses(),
            self.lookups.recorded(),
            standing(settled, held, facts, statements_of, self.fired),
            tuple(sorted((id, tuple(seqs)) for id, seqs in removed.items())),
            ordered.codes,
            self._lines(world),
            tuple(
                sorted(
                    (*settled.conflicts, *ordered.conflicts),
                    key=lambda one: (one.kind, one.codes, one.rules),
                )
            ),
            self.loaded.layout.count,
        )

    def _removed(self) -> dict[str, list[int]]:
        removed: dict[str, list[int]] = {}
        for one in self.fired:
            for action, because in one.actions:
                kind = action.plan.action
                if isinstance(kind, Remove):
                    target = one.env[kind.var]
                    removed.setdefault(target.id, []).append(one.seq)
                    one.concluded.append(Concluded("remove", because, target.id, code_of(target)))
        return removed

    def _code(self, held: Held, docs: View) -> None:
        seen = {fact.id for fact in held.facts.values()}
        for group in self.loaded.group("code"):
            reading = self._reading(docs, docs, by_code=True)
            verdicts = level(held, group, self._matcher(group), reading, docs, self._count)
            for one in self._keep(group, verdicts, reading):
                for action, because in one.actions:
                    kind = action.plan.action
                    if isinstance(kind, Omit):
                        target = one.env[kind.var]
                        one.concluded.append(Concluded("omit", because, target.id, code_of(target)))
                    fact = held.concluded(action, one)
                    if fact is None:
                        continue
                    target = one.env[kind.var].id if isinstance(kind, Replace) else ""
                    detail = {"role": kind.role} if isinstance(kind, Assign) else None
                    code = action.values[0]
                    assert isinstance(code, Code)
                    new = fact.id not in seen
                    seen.add(fact.id)
                    one.concluded.append(
                        Concluded(KIND[type(kind)], because, target, code, fact.id, new, detail)
                    )

    def _settle(self, documented: Mapping[Code, Fact]) -> Settled:
        assigns: list[Assigned] = []
        replacements: list[Replaced] = []
        omissions: list[Omitted] = []
        for one in self.fired:
            rule = one.plan.rule
            for item in one.concluded:
                if item.code is None:
                    continue
                if item.kind == "assign":
                    assigns.append(Assigned(item.code, one.seq, rule.id, rule.mandatory))
                elif item.kind == "replace":
                    old = next(
                        code_of(fact)
                        for fact in one.env.values()
                        if type(fact) is Fact and fact.id == item.target
                    )
                    if old is not None:
                        replacements.append(
                            Replaced(old, item.code, one.seq, rule.id, rule.mandatory)
                        )
                elif item.kind == "omit":
                    covers = self._covers(one, item.code)
                    omissions.append(Omitted(item.code, covers, one.seq, rule.id, rule.mandatory))
        settled = settle(documented, assigns, replacements, omissions)
        for seq, by in settled.defeated.items():
            self.fired[seq].defeated = by
        return settled

    def _covers(self, one: Fired, code: Code) -> tuple[frozenset[Code], ...]:
        entity = self.program.standing
        groups = [[fact] for fact in one.env.values()] + [list(group) for group in one.witnesses]
        covers = []
        for group in groups:
            codes = {
                other
                for fact in group
                if type(fact) is Fact
                and fact.entity == entity
                and (other := code_of(fact)) is not None
            }
            if codes - {code}:
                covers.append(frozenset(codes - {code}))
        return tuple(covers)

    def _later(self, stage, world: View, docs: View) -> None:
        for group in self.loaded.group(stage):
            self._stage(group, world, docs, by_code=True)

    def _sequence(
        self, reported: list[Code], settled: Settled, documented: Mapping[Code, Fact]
    ) -> Ordered:
        edges: list[Before] = []
        for one in self.fired:
            for action, because in one.actions:
                kind = action.plan.action
                if not isinstance(kind, SequenceAction):
                    continue
                values = list(action.values)
                ends = [
                    settled.now(code) if isinstance(code, Code) else None
                    for code in (
                        code_of(one.env[end]) if isinstance(end, str) else values.pop(0)
                        for end in (kind.first, kind.second)
                    )
                ]
                first, second = ends
                if first is None or second is None or first == second:
                    continue
                rule = one.plan.rule
                edges.append(Before(first, second, one.seq, rule.id, rule.mandatory))
                one.concluded.append(
                    Concluded("sequence", because, detail={"first": first, "second": second})
                )
        key = places(documented, self.fired, settled, self.program.standing, self.loaded.key)
        ordered = sequence(reported, edges, key)
        for edge, by in ordered.yielded.items():
            self.fired[edge.firing].defeated = by
        return ordered

    def _pointed(self, settled: Settled, order: dict[Code, int]) -> list[Fact]:
        out = []
        for line in self.given.all(service_lines.LINE):
            found = service_lines.pointers(line, settled, order)
            out.append(line if found is None else service_lines.changed(line, "pointers", found))
        return out

    def _modified(self, world: View) -> View:
        added: dict[str, set[str]] = {}
        for one in self.fired:
            for action, because in one.actions:
                kind = action.plan.action
                if isinstance(kind, AddModifier):
                    target = one.env[kind.var]
                    added.setdefault(target.id, set()).add(kind.modifier)
                    one.concluded.append(
                        Concluded(
                            "add modifier", because, target.id, detail={"modifier": kind.modifier}
                        )
                    )
        if not added:
            return world
        lines = [
            service_lines.changed(line, "modifiers", service_lines.modifiers(line, added[line.id]))
            if line.id in added
            else line
            for line in world.all(service_lines.LINE)
        ]
        return world.with_facts(service_lines.LINE, lines)

    def _edits(self) -> None:
        for one in self.fired:
            for action, because in one.actions:
                kind = action.plan.action
                detail: dict[str, Any] | None = None
                match kind:
                    case Deny():
                        detail = {"reason": kind.reason}
                    case LimitUnits():
                        detail = {"units": service_lines.ceiling(action.values[0])}
                    case Require():
                        detail = {"what": kind.what}
                    case Query() | Route():
                        one.concluded.append(Concluded(KIND[type(kind)], because))
                        continue
                    case _:
                        continue
                target = one.env[kind.var]
                made = (KIND[type(kind)], because, target.id, code_of(target), "", False, detail)
                one.concluded.append(tuple.__new__(Concluded, made))

    # ---- results ---------------------------------------------------------------

    def _lines(self, world: View) -> tuple[LineResult, ...]:
        ceilings: dict[str, list[int]] = {}
        firings: dict[str, set[int]] = {}
        for one in self.fired:
            for item in one.concluded:
                if item.kind == "limit units" and item.detail:
                    ceilings.setdefault(item.target, []).append(item.detail["units"])
                if item.kind in ("limit units", "add modifier"):
                    firings.setdefault(item.target, set()).add(one.seq)
        # what became of lines keeps their ids, and so their order
        now, given = world.all(service_lines.LINE), self.given.all(service_lines.LINE)
        return service_lines.results(now, given, ceilings, firings)

    def _near_misses(self) -> tuple[NearMiss, ...]:
        for rule in self.loaded.suspended:
            for one in rule.suspensions:
                if in_force(one.window, self.chart.clocks.get(one.window.clock)):
                    miss = NearMiss(
                        "suspended", rule.stage, rule.id, by=one.override, because=one.because
                    )
                    self.misses.append(((-1, rule.id, (one.override,)), miss))
        ordered = [miss for _, miss in sorted(self.misses, key=lambda item: item[0])]
        return tuple(bounded(ordered))

    def _facts(self, held: Held, facts: Mapping[Code, Fact]) -> tuple[Fact, ...]:
        made = {
            fact.id: fact
            for fact in (*held.facts.values(), *held.maybe.values(), *facts.values())
            if fact.id not in self.ids
        }
        return tuple(made[id] for id in sorted(made))


def _content(item: tuple[Match, Judgement]) -> tuple[str, tuple[str, ...], int]:
    match = item[0]
    plan = match.plan
    return plan.rule.id, match.ids, plan.index


def _counted(matches: Iterable[Match]) -> dict[str, int]:
    """How many matches of each rule count against the limit.

    A rule that only orders says of one set of codes that it stands before another: its pairs are as
    many as the product of both, and no sign of a join without a condition. Of it not the pairs are
    counted but what they are made of.
    """
    counts: dict[str, int] = {}
    ordered: dict[str, set[tuple[str, str]]] = {}
    for match in matches:
        rule = match.plan.rule.id
        if match.plan.orders:
            ordered.setdefault(rule, set()).update(zip(match.plan.names, match.ids, strict=True))
        else:
            counts[rule] = counts.get(rule, 0) + 1
    return {**counts, **{rule: len(found) for rule, found in ordered.items()}}


def _mark(match: Match, reading: Reading) -> tuple:
    """What a match is about: the rule and, for each variable, the diagnosis or other fact."""
    bound = (match.env[one.var] for one in match.plan.rule.binders)
    return (
        match.plan.rule.id,
        tuple(reading.identity(one) if type(one) is Fact else one.id for one in bound),
    )
