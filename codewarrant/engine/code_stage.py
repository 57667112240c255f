"""The code stage: levels to the fixpoint, what holds and what is only possible.

In each level first the definite conclusions are drawn until nothing new holds; then, with what
holds fixed, undetermined rules say what else is possible. Positive patterns read what holds now;
``no``, ``every``, counts, sums and exceptions read the start of the level.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from codewarrant.engine.action_plan import Judgement, ReadyAction
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.judge import judge
from codewarrant.engine.match import Match, Matcher
from codewarrant.engine.plan import Group, Loaded
from codewarrant.engine.program import Assign, Replace
from codewarrant.engine.reading import Reading
from codewarrant.engine.record import Fired
from codewarrant.engine.standing import (
    adds_nothing,
    assigned,
    by_code,
    merged,
    possible,
    replaced,
)
from codewarrant.engine.values import Code, Intervals
from codewarrant.engine.views import View


@dataclass
class Held:
    """The state of the code stage."""

    loaded: Loaded
    documented: dict[Code, Fact]
    facts: dict[str, Fact]
    """What holds, by id: several facts of one code where replacements took over other fields."""
    maybe: dict[str, Fact] = field(default_factory=dict)
    bounds: dict[str, Intervals] = field(default_factory=dict)
    """For possible facts whose very code is unknown, what it could be."""
    added: dict[str, Fact] = field(default_factory=dict)
    """Of what holds, what rules concluded."""
    _made: dict[tuple[Code, str], Fact] = field(default_factory=dict)
    _view: View | None = None

    def concluded(self, action: ReadyAction, match: Match | Fired) -> Fact | None:
        """The fact that an assign or replace concludes; None for other actions."""
        kind = action.plan.action
        if not isinstance(kind, Assign | Replace):
            return None
        code = action.values[0]
        rule = match.plan.rule.id
        if not isinstance(code, Code):
            raise EngineError(f"`{rule}`: concludes a code from what is not a code")
        if not within(code, self.loaded.key(code), kind.writes):
            raise EngineError(
                f"`{rule}`: concludes {code}, which its action does not say that it may"
            )
        known = self.documented.get(code)
        if isinstance(kind, Assign):
            if known is None:
                known = self._made.get((code, kind.role))
            if known is None:
                known = assigned(self.loaded.program, code, kind.role)
                self._made[code, kind.role] = known
            return known
        old = match.env[kind.var]
        assert isinstance(old, Fact)
        if old.fields.get("code") == code:
            return old
        made = replaced(self.loaded.program, code, old)
        return known if known is not None and adds_nothing(made, known) else made

    def add(self, concluded: dict[str, Fact]) -> None:
        """What was concluded holds from now on."""
        self.facts.update(concluded)
        self.added.update(concluded)
        self._view = None

    def view(self, base: View, with_maybe: bool) -> View:
        """What rules read; ``base`` is what is documented, with the facts of other entities."""
        standing = self.loaded.program.standing
        if with_maybe and self.maybe:
            return base.with_facts(
                standing,
                (*self.facts.values(), *self.maybe.values()),
                frozenset(self.maybe),
                self.bounds,
            )
        if self._view is None:
            self._view = base.with_facts(standing, self.facts.values()) if self.added else base
        return self._view

    def merged(self) -> dict[Code, Fact]:
        """One fact for each code that holds."""
        new = {fact.fields.get("code") for fact in self.added.values()}
        if not new:
            return self.documented
        again = by_code(fact for fact in self.facts.values() if fact.fields.get("code") in new)
        return {**self.documented, **{code: merged(facts) for code, facts in again.items()}}

    def forget_what_holds(self) -> None:
        """A code that holds is no longer merely possible."""
        if not self.maybe:
            return
        codes = by_code(self.facts.values())
        for id in [id for id, fact in self.maybe.items() if fact.fields.get("code") in codes]:
            del self.maybe[id]


def within(code: Code, key: str, codes: Intervals) -> bool:
    """Whether a code lies in what an action says that it writes: the strata rest on it."""
    return any(one.system in ("*", code.system) and one.low <= key <= one.high for one in codes)


def level(
    held: Held, group: Group, matcher: Matcher, reading: Reading, base: View, count
) -> list[tuple[Match, Judgement]]:
    """Run one level; ``count`` is told how many matches there are.

    On return ``held`` and ``reading`` are as they are at the end of the level.
    """
    reading.start = held.view(base, True)
    verdicts: dict[tuple[int, tuple[str, ...]], tuple[Match, Judgement]] = {}
    reading.current = held.view(base, False)
    matcher.start(reading)
    while True:
        found = _judged(matcher, reading, verdicts)
        count(verdicts.values())
        fresh: dict[str, Fact] = {}
        for match, judgement in found:
            if judgement.status == "fires":
                for action in judgement.actions:
                    fact = held.concluded(action, match)
                    if fact is not None and fact.id not in held.facts:
                        fresh[fact.id] = fact
        if not fresh:
            break
        held.add(fresh)
        reading.current = held.view(base, False)
        matcher.add([fresh[id] for id in sorted(fresh)], reading)
    held.forget_what_holds()
    _possibilities(held, matcher, reading, base, verdicts, count)
    return list(verdicts.values())


def _judged(matcher: Matcher, reading: Reading, verdicts) -> list[tuple[Match, Judgement]]:
    out = []
    for match in matcher.matches(reading):
        mark = (match.plan.index, match.ids)
        known = verdicts.get(mark)
        if known is not None and (known[1].status != "undetermined" or match.truth is None):
            continue
        verdicts[mark] = (match, judge(match.plan, match.env, match.truth, reading))
        out.append(verdicts[mark])
    return out


def _possibilities(
    held: Held, matcher: Matcher, reading: Reading, base: View, verdicts, count
) -> None:
    """What undetermined rules might conclude, and what might follow from that."""
    new = dict(held.maybe)
    todo = [item for item in verdicts.values() if item[1].status == "undetermined"]
    if not new and not todo:
        return
    codes = set(by_code(held.facts.values()))
    while True:
        for match, judgement in todo:
            for action in judgement.actions:
                kind = action.plan.action
                if not isinstance(kind, Assign | Replace):
                    continue
                code = action.values[0]
                if isinstance(code, Code) and code in codes:
                    continue
                name = match.plan.rule.id
                known = code if isinstance(code, Code) else None
                fact = possible(held.loaded.program, known, name, kind.writes)
                if fact.id not in held.maybe:
                    held.maybe[fact.id] = new[fact.id] = fact
                    if known is None:
                        held.bounds[fact.id] = kind.writes
        if not new:
            break
        reading.current = held.view(base, True)
        facts = [new[id] for id in sorted(new)]
        matcher.add(facts, reading, possible=True, bounds=held.bounds)
        todo = _judged(matcher, reading, verdicts)
        count(verdicts.values())
        new = {}
    reading.current = held.view(base, True)
