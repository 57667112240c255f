"""The key by which codes stand where no rule orders them.

Principal or first-listed first, then order of documentation, then the code. A replacement takes
the place of what it replaces; an assigned code stands just after its earliest ground.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codewarrant.engine.facts import Fact
from codewarrant.engine.record import Fired, code_of
from codewarrant.engine.settle import Settled
from codewarrant.engine.standing import FIRST_ROLES, order_key
from codewarrant.engine.values import Code


def places(
    documented: Mapping[Code, Fact],
    fired: list[Fired],
    settled: Settled,
    entity: str,
    key: Callable[[Code], str],
) -> Callable[[Code], Any]:
    """A sort key for codes. ``entity`` is the standing one, ``key`` a code's place in its order."""
    first = {code for code, fact in documented.items() if fact.fields.get("role") in FIRST_ROLES}
    order = {code: (order_key(fact.order), 0) for code, fact in documented.items()}
    steps = [one for items in settled.replacements.values() for one in items]
    grounds = [
        (item.code, one)
        for one in fired
        for item in one.concluded
        if item.kind == "assign" and item.code is not None and item.code not in documented
    ]
    changed = True
    while changed:
        changed = False
        for step in steps:
            if step.old in first and step.new not in first:
                first.add(step.new)
                changed = True
            if step.old in order and order[step.old] < order.get(step.new, _LAST):
                order[step.new] = order[step.old]
                changed = True
        for code, one in grounds:
            found = _earliest(one, order, entity)
            if found is not None and found < order.get(code, _LAST):
                order[code] = found
                changed = True
    if not first:
        return lambda code: (True, order.get(code, _LAST), code[0], key(code))
    return lambda code: (code not in first, order.get(code, _LAST), code[0], key(code))


_LAST = ((2,), 0)


def _earliest(one: Fired, order: Mapping[Code, tuple], entity: str) -> tuple | None:
    """Just after the earliest standing ground; without one, after the earliest other ground."""
    grounds = one.grounds()
    own = [code for fact in grounds if fact.entity == entity and (code := code_of(fact))]
    if own:
        known = [order[code] for code in own if code in order]
    else:
        known = [
            (order_key(fact.order), 0) for fact in grounds if fact.entity != entity and fact.order
        ]
    best = min(known, default=None)
    return None if best is None else (best[0], best[1] + 1)
