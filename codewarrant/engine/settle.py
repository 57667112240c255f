"""Settling the code stage: what is reported, what stands in the place of what is not.

Once, at the end of the code stage:

1. The outcomes of a code are the ends of its replacement chains. More than one, or a loop: if
   exactly one of its replacements is mandatory that one is kept, else it is a conflict and all
   its replacements are void.
2. Omit against assign: omit wins; a mandatory assign beats a plain omit; both mandatory is a
   conflict, and the code is kept.
3. A replaced or omitted code is settled once its replacement, or the cover of some omission, is
   itself unmarked or settled, and not void. Marked codes that never settle cover each other: a
   conflict, kept.
4. Reported is what holds and is not settled, if it is documented, assigned, or reached by a
   replacement that stands from a code that is itself so grounded; the rest is void.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codewarrant.engine.graphs import components
from codewarrant.engine.trace import Conflict
from codewarrant.engine.values import Code

CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Assigned:
    code: Code
    firing: int
    rule: str
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Replaced:
    old: Code
    new: Code
    firing: int
    rule: str
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Omitted:
    """``covers``: of each set some code must stand, all sets together cover the code."""

    code: Code
    covers: tuple[frozenset[Code], ...]
    firing: int
    rule: str
    mandatory: bool = False


@dataclass
class Settled:
    """How each code that holds ends."""

    states: dict[Code, str]
    """reported, replaced, omitted or void; in the order of the codes."""
    replacements: dict[Code, list[Replaced]]
    """The replacements that stand."""
    omissions: dict[Code, list[Omitted]]
    """The omissions that stand."""
    voided: dict[Code, list[Replaced]]
    conflicts: list[Conflict] = field(default_factory=list)
    defeated: dict[int, str] = field(default_factory=dict)
    """Firings whose conclusion did not stand, and by which rule, or by conflict."""

    def now(self, code: Code) -> Code | None:
        """What is reported for a code: itself, or the end of its replacement chain."""
        seen: set[Code] = set()
        while self.states.get(code) == "replaced" and code not in seen:
            seen.add(code)
            code = min(one.new for one in self.replacements[code])
        return code if self.states.get(code) == "reported" else None

    def places(self, code: Code) -> tuple[Code, ...]:
        """What is reported in a code's place: itself, its replacement, or what covers it."""
        if self.states.get(code) == "reported":
            return (code,)
        found: set[Code] = set()
        seen: set[Code] = set()
        open_ = [code]
        while open_:
            one = open_.pop()
            if one in seen:
                continue
            seen.add(one)
            match self.states.get(one):
                case "reported":
                    found.add(one)
                case "replaced":
                    open_ += [step.new for step in self.replacements[one]]
                case "omitted":
                    open_ += [
                        other
                        for step in self.omissions[one]
                        for group in step.covers
                        for other in group
                    ]
        return tuple(sorted(found))


def settle(
    documented: Iterable[Code],
    assigned: Iterable[Assigned],
    replaced: Iterable[Replaced],
    omitted: Iterable[Omitted],
) -> Settled:
    """Settle the conclusions of the code stage."""
    grounded = set(documented)
    assigns: dict[Code, list[Assigned]] = {}
    for one in assigned:
        assigns.setdefault(one.code, []).append(one)
    replacements: dict[Code, list[Replaced]] = {}
    holds = grounded | set(assigns)
    for step in replaced:
        holds |= {step.old, step.new}
        if step.old != step.new:
            replacements.setdefault(step.old, []).append(step)
    omissions: dict[Code, list[Omitted]] = {}
    for drop in omitted:
        holds.add(drop.code)
        omissions.setdefault(drop.code, []).append(drop)
    out = Settled({}, replacements, omissions, {})
    if not replacements and not omissions:
        out.states = dict.fromkeys(sorted(holds), "reported")
        return out
    _one_outcome(out)
    _omit_or_assign(out, assigns)
    grounded |= set(assigns)
    settled, live = _cover(out, grounded)
    for code in sorted(holds):
        if code not in live:
            out.states[code] = "void"
        elif code in settled:
            out.states[code] = "replaced" if code in replacements else "omitted"
        else:
            out.states[code] = "reported"
    return out


def _ends(replacements: Mapping[Code, list[Replaced]]) -> dict[Code, tuple[frozenset[Code], bool]]:
    """The ends of each code's chains, and whether a chain runs into a loop."""
    names = sorted(
        {code for steps in replacements.values() for one in steps for code in (one.old, one.new)}
    )
    number = {code: at for at, code in enumerate(names)}
    graph = [sorted({number[one.new] for one in replacements.get(code, ())}) for code in names]
    ends: dict[Code, tuple[frozenset[Code], bool]] = {}
    for members in components(graph):
        if len(members) > 1:
            for at in members:
                ends[names[at]] = (frozenset(), True)
            continue
        at = members[0]
        if not graph[at]:
            ends[names[at]] = (frozenset((names[at],)), False)
            continue
        parts = [ends[names[other]] for other in graph[at]]
        ends[names[at]] = (
            frozenset().union(*(part[0] for part in parts)),
            any(part[1] for part in parts),
        )
    return ends


def _torn(end: tuple[frozenset[Code], bool]) -> bool:
    return end[1] or len(end[0]) > 1


def _one_outcome(out: Settled) -> None:
    kept: set[Code] = set()
    ends = _ends(out.replacements)
    for code in sorted(out.replacements):
        if not _torn(ends[code]):
            continue
        binding = {one.new for one in out.replacements[code] if one.mandatory}
        if len(binding) != 1:
            continue
        kept.add(code)
        by = min(one.rule for one in out.replacements[code] if one.mandatory)
        for one in out.replacements[code]:
            if one.new not in binding:
                out.defeated[one.firing] = by
                out.voided.setdefault(code, []).append(one)
        out.replacements[code] = [one for one in out.replacements[code] if one.new in binding]
    ends = _ends(out.replacements)
    for code in sorted(out.replacements):
        if code in kept or not _torn(ends[code]):
            continue
        steps = out.replacements[code]
        out.conflicts.append(
            Conflict(
                "replacements",
                (code, *sorted({one.new for one in steps})),
                tuple(sorted({one.rule for one in steps})),
            )
        )
        for one in steps:
            out.defeated[one.firing] = CONFLICT
        out.voided.setdefault(code, []).extend(steps)
    for conflict in out.conflicts:
        del out.replacements[conflict.codes[0]]


def _omit_or_assign(out: Settled, assigns: Mapping[Code, list[Assigned]]) -> None:
    for code in sorted(out.omissions):
        binding = [one for one in assigns.get(code, ()) if one.mandatory]
        if not binding:
            continue
        drops = out.omissions.pop(code)
        if any(one.mandatory for one in drops):
            rules = {one.rule for one in binding} | {one.rule for one in drops}
            out.conflicts.append(Conflict("omitted and assigned", (code,), tuple(sorted(rules))))
            by = CONFLICT
        else:
            by = min(one.rule for one in binding)
        for one in drops:
            out.defeated[one.firing] = by


def _cover(out: Settled, grounded: set[Code]) -> tuple[set[Code], set[Code]]:
    """The codes that are settled, and those that are live: grounded, or what such a code became.

    A void code covers nothing. Codes that nothing live covers but each other are kept, as a
    conflict; since that voids replacements, it is worked out anew until nothing is left to keep.
    """
    while True:
        live = _live(out, grounded)
        settled = _settled(out, live)
        stuck = sorted(((set(out.replacements) | set(out.omissions)) & live) - settled)
        if not stuck:
            break
        rules: set[str] = set()
        for code in stuck:
            for one in (*out.replacements.pop(code, ()), *out.omissions.pop(code, ())):
                rules.add(one.rule)
                out.defeated[one.firing] = CONFLICT
                if isinstance(one, Replaced):
                    out.voided.setdefault(code, []).append(one)
        out.conflicts.append(Conflict("cover each other", tuple(stuck), tuple(sorted(rules))))
    for code in settled & set(out.omissions):
        # Pointers follow the covers that stand.
        good = [one for one in out.omissions[code] if _covered(one, out, live, settled)]
        out.omissions[code] = good or out.omissions[code]
    return settled, live


def _covered(one: Omitted, out: Settled, live: set[Code], settled: set[Code]) -> bool:
    return all(any(_stands(other, out, live, settled) for other in group) for group in one.covers)


def _stands(code: Code, out: Settled, live: set[Code], settled: set[Code]) -> bool:
    marked = code in out.replacements or code in out.omissions
    return code in live and (not marked or code in settled)


def _live(out: Settled, grounded: set[Code]) -> set[Code]:
    live = set(grounded)
    open_ = sorted(live)
    while open_:
        for step in out.replacements.get(open_.pop(), ()):
            if step.new not in live:
                live.add(step.new)
                open_.append(step.new)
    return live


def _settled(out: Settled, live: set[Code]) -> set[Code]:
    marked = set(out.replacements) | set(out.omissions)
    settled: set[Code] = set()

    while new := {
        code
        for code in (marked & live) - settled
        if any(_stands(one.new, out, live, settled) for one in out.replacements.get(code, ()))
        or any(_covered(one, out, live, settled) for one in out.omissions.get(code, ()))
    }:
        settled |= new
    return settled
