"""Facts as the readers of a chart give them."""

from __future__ import annotations

from typing import Any

from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.values import Code


def statement(place: int, code: str, **fields: Any) -> Fact:
    """A diagnosis, confirmed and active unless it says otherwise; ``None`` leaves a field open."""
    known = {
        "code": Code("icd10cm", code),
        "certainty": "confirmed",
        "status": "active",
        "origin": "condition",
        "due_to": (),
        "unrelated_to": (),
        **fields,
    }
    return make_fact("diagnosis", known, (Evidence(f"Condition/{place}", "code"),), (place,))


def finding(place: int, kind: str, **fields: Any) -> Fact:
    known = {"kind": kind, "due_to": (), **fields}
    return make_fact("finding", known, (Evidence(f"Observation/{place}", "value"),), (place,))
