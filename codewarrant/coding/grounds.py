"""What a code rests on: from its firings back to the statements of the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from codewarrant.coding.confidence import Scorecard
from codewarrant.decision import Confidence
from codewarrant.engine.facts import Fact
from codewarrant.engine.trace import Firing, Outcome, Standing
from codewarrant.engine.values import Code


class Grounds:
    """Answers for one outcome; ``facts`` are the chart's facts by id, kept ones too."""

    def __init__(self, facts: Mapping[str, Fact], outcome: Outcome, scorecard: Scorecard) -> None:
        self.facts = {**facts, **{fact.id: fact for fact in outcome.facts}}
        self._chart = facts
        self._firings: Mapping[int, Firing] = {item.seq: item for item in outcome.firings}
        self._standing: Mapping[Code, Standing] = {item.code: item for item in outcome.standing}
        self._by_code = _statements_by_code(facts.values())
        self._removed = {statement for statement, _ in outcome.removed}
        self._mentions = {
            tuple(item.ref for item in fact.evidence): fact
            for fact in facts.values()
            if fact.entity == "mention"
        }
        self._scorecard = scorecard
        self._known: dict[Code, Confidence] = {}

    def statements(self, code: Code) -> tuple[Fact, ...]:
        """The statements of the record that give this very code and were not removed."""
        return tuple(f for f in self._by_code.get(code, ()) if f.id not in self._removed)

    def of(self, code: Code) -> tuple[str, ...]:
        """Ids of the statements and other facts of the record that a code rests on, sorted.

        A code that the record states rests on its statements; another on what its shortest
        derivations bound. Longer derivations are in the trace and add nothing here.
        """
        own = self.statements(code)
        if own:
            return tuple(sorted(fact.id for fact in own))
        found: set[str] = set()
        for firing in self._shortest(code):
            for fact in self._bound(firing):
                below = _code_of(fact)
                if below is not None:
                    found.update(self.of(below))
                elif fact.id in self._chart:
                    found.add(fact.id)
        return tuple(sorted(found))

    def confidence(self, code: Code) -> Confidence:
        """Of its own statements if it has any; else of its best derivation's weakest ground."""
        if code not in self._known:
            self._known[code] = self._confidence(code)
        return self._known[code]

    def _confidence(self, code: Code) -> Confidence:
        own = self.statements(code)
        if own:
            return self._scorecard.documented(own, self._mentions)
        standing = self._standing.get(code)
        shaken = standing is not None and standing.shaken
        ways = [
            self._scorecard.concluded(self._weights(firing), 1, shaken)
            for firing in self._shortest(code)
        ]
        nothing = self._scorecard.concluded((), 0, shaken)
        return max(ways, key=lambda item: (item.ppm, item.points), default=nothing)

    def _weights(self, firing: Firing) -> list[Confidence]:
        """The confidence of each thing that a firing rests on."""
        out: list[Confidence] = []
        for fact in self._bound(firing):
            below = _code_of(fact)
            if below is not None:
                out.append(self.confidence(below))
            elif fact.entity in self._scorecard.ground:
                out.append(self._scorecard.documented([fact], self._mentions))
        return out

    def _shortest(self, code: Code) -> list[Firing]:
        """The firings that concluded a code in the fewest steps from the record."""
        depths = self._depths
        ways = [
            (depth, firing)
            for firing in self._concluding(code)
            if (depth := self._depth(firing, depths)) is not None
        ]
        least = min((depth for depth, _ in ways), default=0)
        return [firing for depth, firing in ways if depth == least]

    def _concluding(self, code: Code) -> list[Firing]:
        standing = self._standing.get(code)
        return [] if standing is None else [self._firings[seq] for seq in standing.firings]

    @cached_property
    def _depths(self) -> Mapping[Code, int]:
        """Steps from the record to each code: 0 where the record states it."""
        depths = {code: 0 for code in self._by_code if self.statements(code)}
        waiting = [code for code in self._standing if code not in depths]
        while waiting:
            reached = {
                code: min(ways)
                for code in waiting
                if (
                    ways := [
                        depth
                        for firing in self._concluding(code)
                        if (depth := self._depth(firing, depths)) is not None
                    ]
                )
            }
            if not reached:
                break
            depths |= reached
            waiting = [code for code in waiting if code not in depths]
        return depths

    def _depth(self, firing: Firing, depths: Mapping[Code, int]) -> int | None:
        """One more than the deepest code that a firing bound; None if one is not reached yet."""
        deepest = 0
        for fact in self._bound(firing):
            below = _code_of(fact)
            if below is not None:
                if below not in depths:
                    return None
                deepest = max(deepest, depths[below])
        return deepest + 1

    def _bound(self, firing: Firing) -> list[Fact]:
        return [self.facts[item.fact] for item in firing.bound if item.fact in self.facts]


def _code_of(fact: Fact) -> Code | None:
    code = fact.get("code")
    return code if fact.entity == "diagnosis" and isinstance(code, Code) else None


def _statements_by_code(facts: Iterable[Fact]) -> dict[Code, list[Fact]]:
    out: dict[Code, list[Fact]] = {}
    for fact in facts:
        code = fact.get("code")
        if fact.entity == "diagnosis" and isinstance(code, Code):
            out.setdefault(code, []).append(fact)
    return out
