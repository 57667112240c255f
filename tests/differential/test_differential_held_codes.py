"""Nothing that holds is lost: what is not reported leads, by its firings, to what is, or a firing
took it away by name. Of programs made by chance, and of the decisions on the examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cases import Case, by_engine, case
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from codewarrant.engine.canonical import plain
from codewarrant.engine.trace import Outcome

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted((ROOT / "tests" / "examples" / "golden").glob("*.json"))
CASES = st.randoms(use_true_random=False).map(case)
QUICK = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
Form = Mapping[str, Any]
Key = tuple[str, str]


def key(code: Form) -> Key:
    return code["system"], code["code"]


def coded(trace: Form) -> Mapping[str, Key]:
    """The code of each diagnosis by the id of its fact."""
    return {
        fact["id"]: key(fact["fields"]["code"])
        for fact in trace["facts"]
        if fact["entity"] == "diagnosis" and isinstance(fact["fields"].get("code"), Mapping)
    }


def lost(trace: Form) -> Iterator[str]:
    """Every code that holds and is gone without a firing that says to where."""
    codes = coded(trace)
    states = {key(item["code"]): item for item in trace["standing"]}
    for code, item in states.items():
        if item["state"] != "possible" and not leads(code, trace["firings"], states, codes):
            yield f"{code[1]} is {item['state']} and leads nowhere"


def leads(
    code: Key, firings: Sequence[Form], states: Mapping[Key, Form], codes: Mapping[str, Key]
) -> bool:
    """Whether a code is reported, or its firings lead to one that is; or one took it away alone."""
    seen: set[Key] = set()
    left = [code]
    while left:
        one = left.pop()
        if one in seen or one not in states:
            continue
        seen.add(one)
        item = states[one]
        if item["state"] == "reported":
            return True
        for number in item["by"]:
            further = list(onward(one, item["state"], firings[number], codes))
            if not further:
                return True  # an omission that names no other diagnosis needs no cover
            left += further
    return False


def onward(one: Key, state: str, firing: Form, codes: Mapping[str, Key]) -> Iterator[Key]:
    """The codes that a firing puts in the place of one: only those that its own action names."""
    bound = [codes[item["fact"]] for item in firing["bound"] if item["fact"] in codes]
    for done in firing["concluded"]:
        if state == "replaced" and done["kind"] == "replace" and codes[done["target"]] == one:
            yield key(done["code"])
        elif (state == "omitted" and done["kind"] == "omit" and key(done["code"]) == one) or (
            state == "void" and done["kind"] in ("assign", "replace")
        ):
            yield from (other for other in bound if other != one)


def traced(one: Case, found: Any) -> Form:
    """An outcome in the form of a decision's trace."""
    form = plain(found)
    return {**form, "facts": [*plain(one.chart.facts), *form["facts"]]}


def test_what_holds_leads_to_what_is_reported():
    """Held codes by their firings, statements by what rests on them or by who removed them; and
    where something holds, something is reported, each code once."""
    seen = {"replaced": 0, "omitted": 0, "removed": 0}

    @QUICK
    @given(CASES)
    def holds(one: Case):
        found = by_engine(one)
        assume(found is not None)
        assert found is not None
        trace = traced(one, found)
        assert list(lost(trace)) == []
        assert len(set(found.sequence)) == len(found.sequence)
        held = [item for item in found.standing if item.state != "possible"]
        if held and not alone(trace):
            assert found.sequence
        for item in held:
            seen[item.state] = seen.get(item.state, 0) + 1
        seen["removed"] += statements_kept_or_removed(one, found)

    holds()
    assert all(seen[state] >= 5 for state in ("replaced", "omitted", "removed")), seen


def alone(trace: Form) -> bool:
    """Whether some omission names no other diagnosis."""
    codes = coded(trace)
    return any(
        done["kind"] == "omit"
        and not {codes[item["fact"]] for item in firing["bound"] if item["fact"] in codes}
        - {key(done["code"])}
        for firing in trace["firings"]
        for done in firing["concluded"]
    )


def statements_kept_or_removed(one: Case, found: Outcome) -> int:
    """How many statements were removed: each that no code rests on, by a firing that says so."""
    rested = {name for item in found.standing for name in item.facts}
    removed = dict(found.removed)
    for fact in one.chart.facts:
        if fact.entity != "diagnosis" or "code" not in fact.fields or fact.id in rested:
            continue
        assert removed[fact.id]
        for number in removed[fact.id]:
            kinds = [(done.kind, done.target) for done in found.firings[number].concluded]
            assert ("remove", fact.id) in kinds
    return len(removed)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_on_the_examples_every_held_code_leads_to_one_that_is_reported(path: Path):
    trace = json.loads(path.read_text())["trace"]
    assert trace["standing"] or not trace["firings"] or "claim" in path.stem
    assert list(lost(trace)) == []


def test_codes_that_lead_nowhere_are_found():
    """Two that cover each other, and one whose replacement is not there, are lost."""

    def code(value: str) -> Form:
        return {"system": "icd10cm", "code": value}

    def standing(value: str, state: str, *by: int) -> Form:
        return {"code": code(value), "state": state, "by": list(by)}

    def omit(value: str, other: str) -> Form:
        bound = [{"fact": f"f:{value}"}, {"fact": f"f:{other}"}]
        return {"bound": bound, "concluded": [{"kind": "omit", "code": code(value)}]}

    facts = [
        {"id": f"f:{value}", "entity": "diagnosis", "fields": {"code": code(value)}}
        for value in ("A00.0", "B00.0", "C00.0", "D00.0")
    ]
    away = {"kind": "replace", "target": "f:C00.0", "code": code("Z99.9")}
    trace = {
        "facts": facts,
        "firings": [
            omit("A00.0", "B00.0"),
            omit("B00.0", "A00.0"),
            {"bound": [{"fact": "f:C00.0"}, {"fact": "f:D00.0"}], "concluded": [away]},
        ],
        "standing": [
            standing("A00.0", "omitted", 0),
            standing("B00.0", "omitted", 1),
            standing("C00.0", "replaced", 2),
            standing("D00.0", "reported"),
        ],
    }
    assert [item.split()[0] for item in lost(trace)] == ["A00.0", "B00.0", "C00.0"]
