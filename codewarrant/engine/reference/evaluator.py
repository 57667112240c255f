"""The reference evaluator: one chart through one program, as plainly as it can be said.

It exists to be believed, not to be fast: nested loops over facts, every level repeated until
nothing new holds, recursion over conditions. It shares the data types with the engine and nothing
else, and says the same of every program and chart; a decision is verified by running it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import (
    AddModifier,
    Assign,
    Deny,
    LimitUnits,
    Omit,
    Program,
    Query,
    Remove,
    Replace,
    Require,
    Route,
    Rule,
    Sequence,
    Stage,
)
from codewarrant.engine.reference.concluded import conclusion, steps
from codewarrant.engine.reference.conditions import Moment
from codewarrant.engine.reference.diagnoses import (
    code_of,
    grouped,
    one_diagnosis,
    possibility,
)
from codewarrant.engine.reference.found import NOTHING, State, codes_key
from codewarrant.engine.reference.matches import (
    Binding,
    Judgement,
    Variant,
    bindings,
    judge,
    stage_of,
    variants,
)
from codewarrant.engine.reference.record import Fired, bounded, firing, near_miss, suspended
from codewarrant.engine.reference.results import (
    by_id,
    line_result,
    modified,
    places,
    pointed,
    standing,
    whole,
)
from codewarrant.engine.reference.settle import Edge, Settlement, sequence, settle
from codewarrant.engine.reference.strata import levels
from codewarrant.engine.trace import (
    Chart,
    Concluded,
    LookedUp,
    NearMiss,
    Outcome,
    Standing,
)
from codewarrant.engine.values import Code, Intervals, Value

_NAMES: dict[type, str] = {
    Remove: "remove", Omit: "omit", Assign: "assign", Replace: "replace", Sequence: "sequence",
    AddModifier: "add modifier", Deny: "deny", LimitUnits: "limit units", Require: "require",
    Query: "query", Route: "route",
}  # fmt: skip


def evaluate(program: Program, chart: Chart) -> Outcome:
    """Evaluate a program that the engine accepts on a chart; equal to ``engine.run`` throughout.

    Only ``lookups`` may hold less: the questions that the firings and near misses listed rest on.
    Raises :class:`EngineError` where rules wait for each other, or compare what cannot be compared.
    """
    return _Evaluation(program, chart).outcome()


class _Evaluation:
    def __init__(self, program: Program, chart: Chart) -> None:
        self.program = program
        self.chart = chart
        self.entity = program.standing
        self.given: dict[str, tuple[Fact, ...]] = {}
        for fact in sorted({one.id: one for one in chart.facts}.values(), key=lambda one: one.id):
            self.given[fact.entity] = (*self.given.get(fact.entity, ()), fact)
        for name, digest in program.relations:
            table = (chart.relations or {}).get(name)
            if table is not None and table.digest != digest:
                raise EngineError(f"table `{name}` is not the one that the program was linked with")
        rules = sorted(program.rules, key=lambda one: one.id)
        coded = [one for one in rules if self._in_code(one)]
        self.levels = levels(coded, program)
        self.count = max(self.levels.values(), default=0) + 1
        self.variants = [one for rule in rules for one in variants(rule, chart)]
        self.fired: list[Fired] = []
        self.misses: list[tuple[tuple, NearMiss]] = []
        self.asked: dict = {}
        self.documented: dict[Code, Fact] = {}
        self.statements: tuple[Fact, ...] = ()
        """What is documented: one diagnosis a code, and what has no code."""
        self.held: dict[str, Fact] = {}
        self.maybe: dict[str, Fact] = {}
        self.bounds: dict[str, Intervals] = {}

    def _in_code(self, rule: Rule) -> bool:
        swaps = [one.actions or rule.actions for one in rule.swaps]
        return "code" in {stage_of(actions) for actions in (rule.actions, *swaps)}

    # ---- matching --------------------------------------------------------------

    def _moment(self, variant: Variant, now: State, start: State, asked: dict) -> Moment:
        documented = State({self.entity: self.statements})
        by_code = variant.stage != "admit"
        clock = variant.rule.window.clock
        return Moment(
            self.program, self.chart, clock, now, start, documented, by_code, asked
        )  # fmt: skip

    def _verdicts(
        self, chosen: Iterable[Variant], now: State, start: State
    ) -> list[tuple[Binding, Judgement]]:
        found = []
        for variant in chosen:
            moment = self._moment(variant, now, start, {})
            try:
                for binding in bindings(variant, moment):
                    found.append((binding, judge(binding, moment)))
            except EngineError as error:
                raise EngineError(f"`{variant.rule.id}`: {error}") from None
        return found

    def _record(
        self, verdicts: list[tuple[Binding, Judgement]], stratum: int, now: State, start: State
    ) -> list[Fired]:
        """Firings and near misses of a stage or level, in the order of rules and what is bound."""

        def about(binding: Binding, moment: Moment) -> tuple:
            bound = [binding.env[one.var] for one in binding.variant.rule.binders]
            return (binding.variant.rule.id, *(moment.identity(one) for one in bound))

        new: list[Fired] = []
        missed: list[tuple[tuple, tuple, NearMiss]] = []
        done: set[tuple] = set()
        for binding, judgement in sorted(
            verdicts,
            key=lambda item: (
                item[0].variant.rule.id,
                item[0].ids,
                item[0].variant.number,
            ),
        ):
            moment = self._moment(binding.variant, now, start, self.asked)
            mark = about(binding, moment)
            if judgement.status == "fires":
                done.add(mark)
                seq = len(self.fired) + len(new)
                new.append(firing(binding, seq, stratum, moment))
            else:
                place = (stratum, binding.variant.rule.id, binding.ids)
                missed.append((place, mark, near_miss(binding, judgement, moment)))
        self.misses += [(place, miss) for place, mark, miss in missed if mark not in done]
        self.fired += new
        return new

    # ---- stages ----------------------------------------------------------------

    def outcome(self) -> Outcome:
        self.statements = self.given.get(self.entity, ())
        self._stage("admit", 0, State(self.given))
        removed: dict[str, list[int]] = {}
        for one, action, _, because in self._actions(Remove):
            target = one.binding.env[action.var]
            removed.setdefault(target.id, []).append(one.firing.seq)
            one.concluded.append(Concluded("remove", because, target.id, code_of(target)))
        admitted = [one for one in self.statements if one.id not in removed]
        statements = grouped(admitted)
        self.documented = {code: one_diagnosis(facts) for code, facts in statements.items()}
        uncoded = [one for one in admitted if code_of(one) is None]
        self.statements = by_id([*self.documented.values(), *uncoded])
        self.held = {one.id: one for one in self.statements}
        for level in range(self.count):
            self._level(level)
        settled = settle(self.documented, steps(self.fired, self.entity))
        for seq, by in settled.defeated.items():
            self.fired[seq].defeated = by
        facts = {code: one_diagnosis(items) for code, items in grouped(self.held.values()).items()}
        reported = [code for code, state in sorted(settled.states.items()) if state == "reported"]
        world = {
            **self.given,
            self.entity: by_id(facts[code] for code in reported),
            "line": tuple(pointed(line, settled) for line in self.given.get("line", ())),
        }
        self._stage("sequence", self.count + 1, State(world))
        codes, conflicts = self._sequence(reported, settled)
        self._stage("line", self.count + 2, State(world))
        added: dict[str, set[str]] = {}
        for one, action, _, because in self._actions(AddModifier):
            detail = {"modifier": action.modifier}
            target = one.binding.env[action.var].id
            added.setdefault(target, set()).add(action.modifier)
            one.concluded.append(Concluded("add modifier", because, target, detail=detail))
        world["line"] = tuple(modified(line, added.get(line.id, set())) for line in world["line"])
        self._stage("edit", self.count + 3, State(world))
        self._edits()
        return Outcome(
            self._new_facts(facts),
            tuple(
                one.firing._replace(concluded=tuple(one.concluded), defeated_by=one.defeated)
                for one in self.fired
            ),
            self._near_misses(),
            tuple(
                LookedUp(
                    name,
                    (self.chart.relations or {})[name].digest,
                    dict(keys),
                    tuple(row.id for row in rows),
                )
                for (name, keys), rows in self.asked.items()
            ),
            self._standing(settled, facts, statements),
            tuple(sorted((id, tuple(seqs)) for id, seqs in removed.items())),
            codes,
            tuple(
                line_result(line, given, self.fired)
                for line, given in zip(world["line"], self.given.get("line", ()), strict=True)
            ),
            tuple(
                sorted(
                    [*settled.conflicts, *conflicts],
                    key=lambda one: (one.kind, one.codes, one.rules),
                )
            ),
            self.count,
        )

    def _actions(self, kind: type) -> list[tuple[Fired, Any, tuple[Value | None, ...], str]]:
        return [
            (one, action, values, because)
            for one in self.fired
            for action, values, because in one.actions
            if isinstance(action, kind)
        ]

    def _stage(self, stage: Stage, stratum: int, state: State) -> None:
        chosen = [one for one in self.variants if one.stage == stage]
        self._record(self._verdicts(chosen, state, state), stratum, state, state)

    def _state(self, with_maybe: bool) -> State:
        facts = [*self.held.values(), *(self.maybe.values() if with_maybe else ())]
        possible = frozenset(self.maybe) if with_maybe else NOTHING
        return State({**self.given, self.entity: by_id(facts)}, possible, dict(self.bounds))

    def _level(self, level: int) -> None:
        """Definite conclusions until nothing new holds; then what else is possible."""
        chosen = [
            one
            for one in self.variants
            if one.stage == "code" and self.levels[one.rule.id] == level
        ]
        start = self._state(True)
        seen = set(self.held)
        while True:
            fresh = {}
            for binding, judgement in self._verdicts(chosen, self._state(False), start):
                if judgement.status == "fires":
                    for action, values in judgement.actions:
                        fact = self._concluded(action, values, binding)
                        if fact is not None and fact.id not in self.held:
                            fresh[fact.id] = fact
            if not fresh:
                break
            self.held |= fresh
        codes = set(grouped(self.held.values()))
        self.maybe = {id: one for id, one in self.maybe.items() if code_of(one) not in codes}
        while True:
            state = self._state(True)
            verdicts = self._verdicts(chosen, state, start)
            before = len(self.maybe)
            for binding, judgement in verdicts:
                if judgement.status == "undetermined":
                    self._possibilities(binding, judgement, codes)
            if len(self.maybe) == before:
                break
        for one in self._record(verdicts, level + 1, state, start):
            self._code_conclusions(one, seen)

    def _possibilities(self, binding: Binding, judgement: Judgement, codes: set[Code]) -> None:
        for action, values in judgement.actions:
            if not isinstance(action, Assign | Replace):
                continue
            code = values[0] if isinstance(values[0], Code) else None
            if code in codes:
                continue
            fact = possibility(self.program, code, binding.variant.rule.id, action.writes)
            self.maybe[fact.id] = fact
            if code is None:
                self.bounds[fact.id] = action.writes

    def _concluded(
        self, action: Any, values: tuple[Value | None, ...], binding: Binding
    ) -> Fact | None:
        return conclusion(self.program, self.documented, action, values, binding)

    def _code_conclusions(self, one: Fired, seen: set[str]) -> None:
        for action, values, because in one.actions:
            target = one.binding.env[action.var] if isinstance(action, Omit | Replace) else None
            if isinstance(action, Omit) and target is not None:
                one.concluded.append(Concluded("omit", because, target.id, code_of(target)))
            fact = self._concluded(action, values, one.binding)
            code = values[0] if values else None
            if fact is None or not isinstance(code, Code):
                continue
            one.concluded.append(
                Concluded(
                    _NAMES[type(action)],
                    because,
                    target.id if target is not None else "",
                    code,
                    fact.id,
                    fact.id not in seen,
                    {"role": action.role} if isinstance(action, Assign) else None,
                )
            )
            seen.add(fact.id)

    def _sequence(self, reported: list[Code], settled: Settlement) -> tuple[tuple[Code, ...], list]:
        edges = []
        for one, action, values, because in self._actions(Sequence):
            given = list(values)
            ends: list[Code | None] = []
            for end in (action.first, action.second):
                code = code_of(one.binding.env[end]) if isinstance(end, str) else given.pop(0)
                ends.append(settled.now(code) if isinstance(code, Code) else None)
            first, second = ends
            if first is None or second is None or first == second:
                continue
            rule = one.rule
            edges.append(Edge(first, second, one.firing.seq, rule.id, rule.mandatory))
            detail = {"first": first, "second": second}
            one.concluded.append(Concluded("sequence", because, detail=detail))

        def key(code: Code) -> str:
            return codes_key(self.program, code)

        place = places(self.documented, self.fired, settled, self.entity, key)
        codes, conflicts, defeated = sequence(reported, edges, place)
        for seq, by in defeated.items():
            self.fired[seq].defeated = by
        return codes, conflicts

    def _edits(self) -> None:
        for one in self.fired:
            for action, values, because in one.actions:
                name = _NAMES[type(action)]
                if isinstance(action, Query | Route):
                    one.concluded.append(Concluded(name, because))
                    continue
                match action:
                    case Deny(reason=reason):
                        detail: dict[str, Any] = {"reason": reason}
                    case LimitUnits():
                        detail = {"units": whole(values[0])}
                    case Require(what=what):
                        detail = {"what": what}
                    case _:
                        continue
                target = one.binding.env[action.var]
                one.concluded.append(
                    Concluded(name, because, target.id, code_of(target), detail=detail)
                )

    # ---- results ---------------------------------------------------------------

    def _standing(
        self, settled: Settlement, facts: dict[Code, Fact], statements: dict[Code, list[Fact]]
    ) -> tuple[Standing, ...]:
        out = standing(settled, self.documented, facts, statements, self.fired, self.entity)
        for fact in self.maybe.values():
            code = code_of(fact)
            if code is not None:
                out.append(Standing(code, "possible", fact.id))
        return tuple(sorted(out, key=lambda one: (one.code, one.state)))

    def _near_misses(self) -> tuple[NearMiss, ...]:
        placed = [*self.misses, *suspended(self.program, self.chart)]
        return bounded([miss for _, miss in sorted(placed, key=lambda item: item[0])])

    def _new_facts(self, merged: dict[Code, Fact]) -> tuple[Fact, ...]:
        """All facts that the chart does not state itself."""
        given = {one.id for one in self.chart.facts}
        made = (*self.held.values(), *self.maybe.values(), *merged.values())
        return by_id(one for one in made if one.id not in given)
