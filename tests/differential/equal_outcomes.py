"""Where two outcomes of one program and chart differ, field by field."""

from __future__ import annotations

from dataclasses import fields

from codewarrant.engine.canonical import dumps_typed
from codewarrant.engine.trace import Outcome


def differences(left: Outcome, right: Outcome) -> list[str]:
    """Every field that differs, as text; ``right`` may have asked the tables less."""
    out = []
    for one in fields(Outcome):
        a, b = getattr(left, one.name), getattr(right, one.name)
        if one.name == "lookups":
            asked = {dumps_typed(item) for item in a}
            out += [f"lookups: only one has {item}" for item in b if dumps_typed(item) not in asked]
        elif isinstance(a, tuple):
            if len(a) != len(b):
                out.append(f"{one.name}: {len(a)} and {len(b)}")
            out += [f"{one.name}:\n  {x}\n  {y}" for x, y in zip(a, b, strict=False) if x != y]
            out += [f"{one.name}: only one has {x}" for x in (*a[len(b) :], *b[len(a) :])]
        elif a != b:
            out.append(f"{one.name}: {a} and {b}")
    return out
