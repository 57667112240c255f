"""What became of every code that ever held or was possible: the entries of ``Outcome.standing``."""

from __future__ import annotations

from collections.abc import Mapping

from codewarrant.engine.code_stage import Held
from codewarrant.engine.facts import Fact
from codewarrant.engine.record import Fired, code_of
from codewarrant.engine.settle import Settled
from codewarrant.engine.trace import Standing
from codewarrant.engine.values import Code


def standing(
    settled: Settled,
    held: Held,
    facts: Mapping[Code, Fact],
    statements: Mapping[Code, tuple[str, ...]],
    fired: list[Fired],
) -> tuple[Standing, ...]:
    """One entry a code, ordered by code."""
    concluding: dict[Code, list[Fired]] = {}
    for one in fired:
        for item in one.concluded:
            if item.kind in ("assign", "replace") and item.code is not None:
                concluding.setdefault(item.code, []).append(one)
    entity = held.loaded.program.standing
    rests = _leaves(statements, concluding, entity) if concluding else statements
    shaken = _shaken(settled, concluding, set(held.documented), entity) if concluding else set()
    out = []
    for code, state in settled.states.items():
        if state == "reported" and code not in concluding:
            ids = statements.get(code, ())
            shaky = bool(shaken) and code in shaken
            out.append(
                Standing(code, state, facts[code].id, ids, (), (), (code,), bool(ids), shaky)
            )
            continue
        made = tuple(sorted({one.seq for one in concluding.get(code, ())}))
        match state:
            case "replaced":
                by = {one.firing for one in settled.replacements[code]}
            case "omitted":
                by = {one.firing for one in settled.omissions[code]}
            case "void":
                by = {
                    step.firing
                    for steps in settled.voided.values()
                    for step in steps
                    if step.new == code
                } or set(made)
            case _:
                by = set(made)
        out.append(
            Standing(
                code,
                state,
                facts[code].id,
                tuple(sorted(rests.get(code, ()))),
                made,
                tuple(sorted(by)),
                settled.places(code),
                code in held.documented,
                code in shaken,
            )
        )
    if not held.maybe:
        return tuple(out)
    for fact in held.maybe.values():
        code = code_of(fact)
        if code is not None:
            out.append(Standing(code, "possible", fact.id))
    return tuple(sorted(out, key=lambda one: (one.code, one.state)))


def _leaves(
    statements: Mapping[Code, tuple[str, ...]],
    concluding: Mapping[Code, list[Fired]],
    entity: str,
) -> dict[Code, set[str]]:
    """The chart's own facts that each code rests on, through any number of firings."""
    found: dict[Code, set[str]] = {code: set(ids) for code, ids in statements.items()}
    changed = True
    while changed:
        changed = False
        for code, firings in concluding.items():
            own = found.setdefault(code, set())
            before = len(own)
            for one in firings:
                for fact in one.grounds():
                    other = code_of(fact)
                    if fact.entity != entity or other is None:
                        own.add(fact.id)
                    else:
                        own |= found.get(other, set())
            changed = changed or len(own) > before
    return found


def _shaken(
    settled: Settled,
    concluding: Mapping[Code, list[Fired]],
    documented: set[Code],
    entity: str,
) -> set[Code]:
    """Codes that only a voided code speaks for, or that only a voided code covers."""

    def grounds(one: Fired) -> set[Code]:
        return {
            code
            for fact in one.grounds()
            if fact.entity == entity and (code := code_of(fact)) is not None
        }

    firm = set(documented)
    spreading = True
    while spreading:
        new = {
            code
            for code, firings in concluding.items()
            if code not in firm
            and settled.states.get(code) != "void"
            and any(one.defeated is None and grounds(one) <= firm for one in firings)
        }
        firm |= new
        spreading = bool(new)
    return {code for code, state in settled.states.items() if state != "void" and code not in firm}
