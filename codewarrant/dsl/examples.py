"""Run the examples and tests of packs through the engine: expected against got, as data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from codewarrant.dsl import syntax as s
from codewarrant.dsl.candidates import observe
from codewarrant.dsl.cases import Case
from codewarrant.dsl.check import Checked, CheckedPack
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.coverage import Collector, RuleCoverage
from codewarrant.dsl.diagnostics import Diagnostic, Span, fault
from codewarrant.dsl.explained import Account, explain
from codewarrant.dsl.link import Linked, link
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Concluded, Outcome


@dataclass(frozen=True, slots=True)
class Missed:
    """An expectation that did not hold, as written, what came instead, and why."""

    expected: str
    got: str
    span: Span
    why: tuple[Account, ...] = ()
    hint: str = ""

    @property
    def help(self) -> str:
        """For people: expected, got, and what became of the rules concerned."""
        lines = [f"expected: {self.expected}", f"got: {self.got}"]
        lines += [self.hint] if self.hint else []
        return "\n".join([*lines, *(line for one in self.why for line in one.lines)])


@dataclass(frozen=True)
class CaseResult:
    """One example or test. ``rule`` is empty for a test of its own."""

    pack: str
    rule: str
    title: str
    example: s.Example
    missed: tuple[Missed, ...]
    outcome: Outcome

    @property
    def passed(self) -> bool:
        return not self.missed


@dataclass(frozen=True)
class Results:
    cases: tuple[CaseResult, ...]
    without_example: tuple[str, ...]
    """Rules that no example shows firing, or none shows not firing."""
    coverage: tuple[RuleCoverage, ...] = ()
    """Empty unless asked for."""

    @property
    def ok(self) -> bool:
        return all(case.passed for case in self.cases)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """One for each expectation that does not hold, at its place."""
        return tuple(
            fault(
                "CW0801",
                item.span,
                f"{'the example' if case.rule else 'the test'} `{case.title}` fails",
                item.help,
            ).diagnostic
            for case in self.cases
            for item in case.missed
        )


def run_examples(
    checked: Checked,
    codes: CodeView,
    names: Collection[str] | None = None,
    coverage: bool = False,
) -> Results:
    """Run the examples of packs (all if ``names`` is None), each pack with those it builds on.

    ``coverage`` also works out what the examples show of every condition, which takes longer.
    Raises ``engine.errors.EngineError`` for a program that cannot be run: check and link first.
    """
    by_name = {pack.name: pack for pack in checked.packs}
    results: list[CaseResult] = []
    lacking: list[str] = []
    covered: list[RuleCoverage] = []
    for pack in checked.packs:
        if names is not None and pack.name not in names:
            continue
        parts = tuple(by_name[name] for name in (*pack.extends, pack.name))
        linked = link(replace(checked, packs=parts), codes, installed=False)
        if not linked.ok:
            continue
        loaded = load(linked.program)
        mine = [_run(case, pack, linked, loaded) for case in pack.cases]
        results += mine
        lacking += _without(pack, mine)
        if coverage:
            collector = Collector(pack, linked.program.rules)
            for case in pack.cases:
                collector.add(case, observe(loaded, _chart(case, linked)))
            covered += collector.result()
    return Results(tuple(results), tuple(lacking), tuple(covered))


def _chart(case: Case, linked: Linked) -> Chart:
    relations = {**linked.relations, **case.tables}
    return Chart(case.facts, case.clocks, case.supplied, relations, case.sentences)


def _run(case: Case, pack: CheckedPack, linked: Linked, loaded: Loaded) -> CaseResult:
    outcome = run(loaded, _chart(case, linked))
    example = case.example
    seen = _Seen(case, pack, outcome, linked)
    failed = [(item, got) for item in example.outcomes if (got := seen.differs(item)) is not None]
    missed = [Missed(item.text, got, item.span, (), _hint(example, item)) for item, got in failed]
    if missed and example.rule:
        verdict = seen.differs(s.Outcome("fires", (), "", example.span))
        if verdict is not None and verdict not in missed[-1].got:
            missed[-1] = replace(missed[-1], got=f"{missed[-1].got} ({verdict})")
    if missed:
        observed = observe(loaded, _chart(case, linked))
        own = f"{pack.name}/{example.rule}" if example.rule else ""
        missed = [
            replace(one, why=explain(item, case, observed, own, seen.named(item)))
            for one, (item, _) in zip(missed, failed, strict=True)
        ]
    return CaseResult(pack.name, example.rule, example.title, example, tuple(missed), outcome)


def _hint(example: s.Example, item: s.Outcome) -> str:
    """What an author may not know: that a given note is searched for words, and read no further."""
    coded = item.kind in ("reports", "reports_in_order", "code_is")
    if not coded or not example.given.notes:
        return ""
    return (
        "a given note is searched by `note mentions`, and no code is read from it: give the "
        "diagnosis, or try a vocabulary with a FHIR chart in the pack's tests/ folder"
    )


def _without(pack: CheckedPack, results: list[CaseResult]) -> Iterator[str]:
    fired: set[str] = set()
    silent: set[str] = set()
    for case in results:
        rules = {item.rule for item in case.outcome.firings}
        fired |= rules
        if case.rule and f"{pack.name}/{case.rule}" not in rules:
            silent.add(f"{pack.name}/{case.rule}")
    for rule in pack.rules:
        if rule.rule.id not in fired or rule.rule.id not in silent:
            yield rule.rule.id


class _Seen:
    """What a run came to, asked by the expectations of one case."""

    def __init__(self, case: Case, pack: CheckedPack, outcome: Outcome, linked: Linked) -> None:
        self.case = case
        self.pack = pack
        self.outcome = outcome
        self.rules = {rule.id: rule for rule in linked.program.rules}
        self.reported = [code.value for code in outcome.sequence]
        self.states: dict[str, set[str]] = {}
        for item in outcome.standing:
            self.states.setdefault(item.code.value, set()).add(item.state)
        removed = {fact for fact, _ in outcome.removed}
        for fact in case.facts:
            code = fact.get("code")
            if fact.id in removed and code is not None:
                self.states.setdefault(str(code), set()).add("removed")

    def differs(self, item: s.Outcome) -> str | None:
        """None where the expectation holds, else what came instead."""
        if item.kind.startswith("rule "):
            return self._rule(item.kind[5:], item.words)
        if item.kind in ("fires", "does_not_fire"):
            return self._rule(item.kind, (self.case.example.rule,))
        return CHECKS[item.kind](self, item.words)

    def named(self, item: s.Outcome) -> str:
        """The id of the rule that an expectation names; empty where it names none."""
        if item.kind in ("fires", "does_not_fire"):
            return self._id(self.case.example.rule)
        return self._id(item.words[0]) if item.kind.startswith("rule ") else ""

    # -- codes -------------------------------------------------------------------

    def _reports(self) -> str:
        return "reported " + (", ".join(self.reported) or "nothing")

    def same_codes(self, words: tuple[str, ...]) -> str | None:
        return None if sorted(self.reported) == sorted(words) else self._reports()

    def same_order(self, words: tuple[str, ...]) -> str | None:
        return None if self.reported == list(words) else self._reports()

    def nothing(self, words: tuple[str, ...]) -> str | None:
        return self._reports() if self.reported else None

    def _is(self, code: str, state: str) -> bool:
        if state == "reported":
            return code in self.reported
        return state in self.states.get(code, ())

    def code_is(self, words: tuple[str, ...]) -> str | None:
        code, state = words
        return None if self._is(code, state) else self._state(code)

    def code_is_not(self, words: tuple[str, ...]) -> str | None:
        code, state = words
        return self._state(code) if self._is(code, state) else None

    def _state(self, code: str) -> str:
        states = sorted(self.states.get(code, ()))
        return f"{code} is {' and '.join(states)}" if states else f"{code} is nowhere"

    def before(self, words: tuple[str, ...]) -> str | None:
        first, second = words
        both = first in self.reported and second in self.reported
        if both and self.reported.index(first) < self.reported.index(second):
            return None
        return self._reports()

    # -- rules -------------------------------------------------------------------

    def _id(self, name: str) -> str:
        if "/" in name:
            return name
        for pack in (self.pack.name, *reversed(self.pack.extends)):
            if f"{pack}/{name}" in self.rules:
                return f"{pack}/{name}"
        return f"{self.pack.name}/{name}"

    def _rule(self, verdict: str, words: tuple[str, ...]) -> str | None:
        id = self._id(words[0])
        fired = any(item.rule == id for item in self.outcome.firings)
        near = [item for item in self.outcome.near_misses if item.rule == id]
        undetermined = any(item.kind == "undetermined" for item in near)
        held = {
            "fires": fired,
            "does_not_fire": not fired and not undetermined,
            "undetermined": undetermined,
            "suspended": any(item.kind == "suspended" for item in near),
            "excused": any(
                item.kind == "excused" and words[-1] in self._exceptions(id, item.by)
                for item in near
            ),
        }[verdict]
        if held:
            return None
        said = ["it fires"] if fired else []
        for item in near:
            lacks = f", not known: {', '.join(item.missing)}" if item.missing else ""
            said.append(f"{item.kind}{f' by {item.by}' if item.by else ''}{lacks}")
        got = f"rule {words[0]}: " + ("; ".join(dict.fromkeys(said)) or "it does not fire")
        if verdict == "does_not_fire" and not fired:
            # nothing was tried where the record only says too little
            got += f"; give what is missing, or expect: rule {words[0]} is undetermined"
        return got

    def _exceptions(self, rule: str, by: str) -> set[str]:
        """The names of an exception as the trace gives it: its own, or who overrode the rule."""
        return {by} | {
            item.name
            for item in self.rules[rule].exceptions
            if item.override and item.override == by
        }

    # -- people ------------------------------------------------------------------

    def _concluded(self, kind: str) -> list[Concluded]:
        return [
            item
            for firing in self.outcome.firings
            if firing.defeated_by is None
            for item in firing.concluded
            if item.kind == kind
        ]

    def _reviews(self) -> list[str]:
        reasons = [item.because for item in self._concluded("route")]
        reasons += [
            f"{item.rule} is {item.kind}" for item in self.outcome.near_misses if item.review
        ]
        reasons += [f"conflict of {', '.join(item.rules)}" for item in self.outcome.conflicts]
        reasons += ["a line lost its diagnoses" for x in self.outcome.lines if x.lost_pointers]
        return reasons

    def review(self, words: tuple[str, ...]) -> str | None:
        return None if self._reviews() else "no review"

    def no_review(self, words: tuple[str, ...]) -> str | None:
        reasons = self._reviews()
        return f"review: {reasons[0]}" if reasons else None

    def conflict(self, words: tuple[str, ...]) -> str | None:
        return None if self.outcome.conflicts else "no conflict"

    def no_conflict(self, words: tuple[str, ...]) -> str | None:
        found = self.outcome.conflicts
        return f"conflict of {', '.join(found[0].rules)}" if found else None

    def asks(self, words: tuple[str, ...]) -> str | None:
        return None if self._concluded("query") else "no query"

    def no_query(self, words: tuple[str, ...]) -> str | None:
        found = self._concluded("query")
        return f"query: {found[0].because}" if found else None

    # -- lines -------------------------------------------------------------------

    def _on(self, name: str, kind: str) -> list[Concluded]:
        fact = self.case.named.get(name)
        return [] if fact is None else [x for x in self._concluded(kind) if x.target == fact.id]

    def denied(self, words: tuple[str, ...]) -> str | None:
        name, reason = words
        reasons = [str((item.detail or {}).get("reason")) for item in self._on(name, "deny")]
        if reason in reasons:
            return None
        return f"{name} is denied with {', '.join(reasons)}" if reasons else f"{name} is not denied"

    def not_denied(self, words: tuple[str, ...]) -> str | None:
        found = self._on(words[0], "deny")
        return f"{words[0]} is denied: {found[0].because}" if found else None

    def has_modifier(self, words: tuple[str, ...]) -> str | None:
        fact = self.case.named.get(words[0])
        for item in self.outcome.lines:
            if fact is not None and item.fact == fact.id:
                if words[1] in item.modifiers:
                    return None
                return f"its modifiers are: {', '.join(item.modifiers) or 'none'}"
        return f"there is no line {words[0]}"

    def limited(self, words: tuple[str, ...]) -> str | None:
        fact = self.case.named.get(words[0])
        for item in self.outcome.lines:
            if fact is not None and item.fact == fact.id and item.ceiling is not None:
                return None if item.ceiling == int(words[1]) else f"limited to {item.ceiling}"
        return f"{words[0]} is not limited"

    def points_to(self, words: tuple[str, ...]) -> str | None:
        fact = self.case.named.get(words[0])
        for item in self.outcome.lines:
            if fact is not None and item.fact == fact.id:
                found = [code.value for code in item.pointers]
                if sorted(found) == sorted(words[1:]):
                    return None
                return f"{words[0]} points to {', '.join(found) or 'nothing'}"
        return f"there is no line {words[0]}"

    def requires(self, words: tuple[str, ...]) -> str | None:
        found = [str((item.detail or {}).get("what")) for item in self._on(words[0], "require")]
        if words[1] in found:
            return None
        return f"required: {', '.join(found) or 'nothing'}"


CHECKS: Mapping[str, Callable[[_Seen, tuple[str, ...]], str | None]] = {
    "reports": _Seen.same_codes,
    "reports_in_order": _Seen.same_order,
    "reports_nothing": _Seen.nothing,
    "code_is": _Seen.code_is,
    "code_is_not": _Seen.code_is_not,
    "stands_before": _Seen.before,
    "review": _Seen.review,
    "no_review": _Seen.no_review,
    "conflict": _Seen.conflict,
    "no_conflict": _Seen.no_conflict,
    "asks": _Seen.asks,
    "no_query": _Seen.no_query,
    "denied": _Seen.denied,
    "not_denied": _Seen.not_denied,
    "has_modifier": _Seen.has_modifier,
    "limited": _Seen.limited,
    "requires": _Seen.requires,
    "points_to": _Seen.points_to,
}
