"""The end of the code stage for the reference evaluator, and the order of codes.

Every relation here is worked out by trying all codes until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from codewarrant.engine.trace import Conflict
from codewarrant.engine.values import Code

CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Step:
    """One conclusion of the code stage about ``code``.

    ``to`` is the replacement's code; ``covers`` are groups of codes, of each of which one must
    stand, that together cover an omitted code.
    """

    kind: str
    code: Code
    firing: int
    rule: str
    mandatory: bool
    to: Code | None = None
    covers: tuple[frozenset[Code], ...] = ()


@dataclass
class Settlement:
    states: dict[Code, str] = field(default_factory=dict)
    standing: list[Step] = field(default_factory=list)
    """Replacements and omissions that stand."""
    voided: list[Step] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    defeated: dict[int, str] = field(default_factory=dict)

    def steps(self, kind: str, code: Code | None = None) -> list[Step]:
        return [one for one in self.standing if one.kind == kind and code in (None, one.code)]

    def now(self, code: Code) -> Code | None:
        """What is reported for a code: itself, or the end of its replacement chain."""
        seen: set[Code] = set()
        while self.states.get(code) == "replaced" and code not in seen:
            seen.add(code)
            code = min(one.to for one in self.steps("replace", code) if one.to is not None)
        return code if self.states.get(code) == "reported" else None

    def places(self, code: Code, seen: frozenset[Code] = frozenset()) -> set[Code]:
        """What is reported in the place of a code: itself, its replacement, or what covers it."""
        if code in seen:
            return set()
        state = self.states.get(code)
        if state == "reported":
            return {code}
        nexts: set[Code] = set()
        if state == "replaced":
            nexts = {one.to for one in self.steps("replace", code) if one.to is not None}
        elif state == "omitted":
            for one in self.steps("omit", code):
                nexts.update(*one.covers)
        return set().union(*(self.places(one, seen | {code}) for one in nexts))


def settle(documented: Iterable[Code], steps: list[Step]) -> Settlement:
    """Settle what the code stage concluded. A step that replaces a code by itself says nothing."""
    grounded = set(documented) | {one.code for one in steps if one.kind == "assign"}
    holds = grounded | {one.code for one in steps} | {one.to for one in steps if one.to is not None}
    done = Settlement()
    done.standing = [one for one in steps if one.kind in ("replace", "omit") and one.to != one.code]
    _one_outcome(done)
    _omitted_and_assigned(done, [one for one in steps if one.kind == "assign"])
    while True:
        live = _live(done, grounded)
        settled = _settled(done, live)
        stuck = sorted({one.code for one in done.standing if one.code in live} - settled)
        if not stuck:
            break
        _void(done, "cover each other", tuple(stuck), stuck)
    done.standing = [
        one
        for one in done.standing
        if one.kind == "replace" or one.code not in settled or _covered(one, done, live, settled)
        or not any(_covered(other, done, live, settled) for other in done.steps("omit", one.code))
    ]  # fmt: skip
    for code in sorted(holds):
        if code not in live:
            done.states[code] = "void"
        elif code in settled:
            done.states[code] = "replaced" if done.steps("replace", code) else "omitted"
        else:
            done.states[code] = "reported"
    return done


def _void(done: Settlement, kind: str, codes: tuple[Code, ...], of: list[Code]) -> None:
    """A conflict: all that replaces or omits these codes is void."""
    gone = [one for one in done.standing if one.code in of]
    done.standing = [one for one in done.standing if one not in gone]
    done.voided += [one for one in gone if one.kind == "replace"]
    done.defeated |= {one.firing: CONFLICT for one in gone}
    done.conflicts.append(Conflict(kind, codes, tuple(sorted({one.rule for one in gone}))))


def _torn(done: Settlement) -> list[Code]:
    """Codes whose chains of replacements end in several codes, or run into a loop."""
    steps = done.steps("replace")
    torn = []
    for code in sorted({one.code for one in steps}):
        reached: set[Code] = {code}
        while (
            more := {one.to for one in steps if one.code in reached and one.to is not None}
            - reached
        ):
            reached |= more
        ends = {one for one in reached if not any(step.code == one for step in steps)}
        if len(ends) > 1 or any(_returns(one, steps) for one in reached):
            torn.append(code)
    return torn


def _returns(code: Code, steps: list[Step]) -> bool:
    reached = {one.to for one in steps if one.code == code and one.to is not None}
    while more := {one.to for one in steps if one.code in reached and one.to is not None} - reached:
        reached |= more
    return code in reached


def _one_outcome(done: Settlement) -> None:
    """Of several outcomes the one mandatory replacement is kept; what is torn then is void."""
    kept = []
    for code in _torn(done):
        binding = {one.to for one in done.steps("replace", code) if one.mandatory}
        if len(binding) == 1:
            kept.append((code, binding))
    for code, binding in kept:
        own = done.steps("replace", code)
        rule = min(one.rule for one in own if one.mandatory)
        gone = [one for one in own if one.to not in binding]
        done.standing = [one for one in done.standing if one not in gone]
        done.voided += gone
        done.defeated |= {one.firing: rule for one in gone}
    for code in [one for one in _torn(done) if one not in {code for code, _ in kept}]:
        own = done.steps("replace", code)
        codes = (code, *sorted({one.to for one in own if one.to is not None}))
        done.conflicts.append(
            Conflict("replacements", codes, tuple(sorted({one.rule for one in own})))
        )
        done.voided += own
        done.defeated |= {one.firing: CONFLICT for one in own}
        done.standing = [one for one in done.standing if one not in own]


def _omitted_and_assigned(done: Settlement, assigns: list[Step]) -> None:
    """Omit wins; a mandatory assign beats a plain omit; both mandatory is a conflict."""
    for code in sorted({one.code for one in done.steps("omit")}):
        binding = {one.rule for one in assigns if one.code == code and one.mandatory}
        if not binding:
            continue
        drops = done.steps("omit", code)
        by = min(binding)
        if any(one.mandatory for one in drops):
            rules = binding | {one.rule for one in drops}
            done.conflicts.append(Conflict("omitted and assigned", (code,), tuple(sorted(rules))))
            by = CONFLICT
        done.defeated |= {one.firing: by for one in drops}
        done.standing = [one for one in done.standing if one not in drops]


def _live(done: Settlement, grounded: set[Code]) -> set[Code]:
    """Documented, assigned, or what such a code was replaced by."""
    live = set(grounded)
    while (
        more := {one.to for one in done.steps("replace") if one.code in live and one.to is not None}
        - live
    ):
        live |= more
    return live


def _stands(code: Code, done: Settlement, live: set[Code], settled: set[Code]) -> bool:
    marked = any(one.code == code for one in done.standing)
    return code in live and (not marked or code in settled)


def _covered(one: Step, done: Settlement, live: set[Code], settled: set[Code]) -> bool:
    if one.to is not None:
        return _stands(one.to, done, live, settled)
    return all(any(_stands(code, done, live, settled) for code in group) for group in one.covers)


def _settled(done: Settlement, live: set[Code]) -> set[Code]:
    settled: set[Code] = set()
    while (
        more := {
            one.code
            for one in done.standing
            if one.code in live and _covered(one, done, live, settled)
        }
        - settled
    ):
        settled |= more
    return settled


# ---- sequence -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edge:
    """A rule's word that one reported code stands before another."""

    first: Code
    second: Code
    firing: int
    rule: str
    mandatory: bool


def sequence(
    codes: list[Code], edges: list[Edge], key: Callable[[Code], Any]
) -> tuple[tuple[Code, ...], list[Conflict], dict[int, str]]:
    """The codes in order, conflicts, and the firings whose edges did not count."""
    defeated: dict[int, str] = {}
    conflicts: list[Conflict] = []
    kept = list(edges)
    for cycle in _cycles(kept):
        inside = [one for one in edges if one.first in cycle and one.second in cycle]
        by = min((one.rule for one in inside if one.mandatory), default=CONFLICT)
        gone = [one for one in inside if not one.mandatory]
        defeated |= {one.firing: by for one in gone}
        kept = [one for one in kept if one not in gone]
    for cycle in _cycles(kept):
        inside = [one for one in kept if one.first in cycle and one.second in cycle]
        rules = tuple(sorted({one.rule for one in inside}))
        conflicts.append(Conflict("sequence", tuple(sorted(cycle)), rules))
        defeated |= {one.firing: CONFLICT for one in inside}
        kept = [one for one in kept if one not in inside]
    written: list[Code] = []

    def write(code: Code) -> None:
        for other in sorted({one.first for one in kept if one.second == code}, key=key):
            write(other)
        if code not in written:
            written.append(code)

    for code in sorted(codes, key=key):
        write(code)
    return tuple(written), conflicts, defeated


def _cycles(edges: list[Edge]) -> list[set[Code]]:
    """The sets of codes that must each stand before every other of the set."""

    def after(code: Code) -> set[Code]:
        reached = {one.second for one in edges if one.first == code}
        while more := {one.second for one in edges if one.first in reached} - reached:
            reached |= more
        return reached

    reach = {code: after(code) for one in edges for code in (one.first, one.second)}
    found: list[set[Code]] = []
    for code in sorted(reach):
        cycle = {other for other in reach[code] if code in reach[other]}
        if cycle and cycle not in found:
            found.append(cycle)
    return found
