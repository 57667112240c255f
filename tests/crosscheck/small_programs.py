"""Small programs and charts, and the cross-check of what the engine makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from codewarrant.crosscheck.check import CrossCheck, cross_check
from codewarrant.crosscheck.process import SecondEngine
from codewarrant.crosscheck.recorded import Recorded, from_trace
from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.facts import Fact, make_fact
from codewarrant.engine.plan import load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart
from codewarrant.engine.values import Code, CodeOrder, Value

ORDER = CodeOrder("icd10cm")
DAY = date(2026, 3, 2)


def icd(value: str) -> Code:
    return Code("icd10cm", value)


def one_of(var: str, *codes: str) -> c.Condition:
    return c.OneOf(0, c.Field(var, "code"), tuple(icd(code) for code in codes))


def diagnosis(var: str, *codes: str) -> c.Binder:
    return c.Binder(var, "diagnosis", codes=tuple(ORDER.exactly(code) for code in codes))


def compare(left: c.Term, op: str, right: c.Term) -> c.Condition:
    return c.Compare(0, op, left, right)  # type: ignore[arg-type]


def rule(
    name: str,
    binders: Iterable[c.Binder],
    when: Iterable[c.Condition],
    assigns: str = "",
    exceptions: tuple[p.Unless, ...] = (),
) -> p.Rule:
    """A rule that assigns a code, or asks the provider."""
    so = p.Because(("so",))
    action = (
        p.Assign(c.Const(icd(assigns)), (ORDER.exactly(assigns),), so) if assigns else p.Query(so)
    )
    return p.Rule(
        f"pack/{name}", "pack", "1", "", name, tuple(binders), c.AllOf(tuple(when)), (action,),
        ("asked",), exceptions=exceptions,
    )  # fmt: skip


def program(*rules: p.Rule) -> p.Program:
    return p.Program(rules, (ORDER,))


def fact(entity: str, **fields: Value) -> Fact:
    return make_fact(entity, fields)


def chart(*facts: Fact) -> Chart:
    return Chart(facts, {"date of service": DAY})


def record(made: p.Program, on: Chart) -> Recorded:
    """What the engine records."""
    out = run(load(made), on)
    return from_trace(made, out.firings, out.near_misses, out.standing)


def checked(made: p.Program, on: Chart, second: SecondEngine) -> CrossCheck:
    """The engine's record, checked by durable-rules."""
    return cross_check(made, on, record(made, on), second)


def agrees(made: p.Program, on: Chart, second: SecondEngine) -> int:
    """The number of firings that both engines find; fails where they disagree."""
    found = checked(made, on, second)
    assert (found.verdict, found.reason, found.differences) == ("agree", "", ())
    assert found.inexpressible == ()
    assert found.given == 0
    return found.compared


def without_first(recorded: Recorded) -> Recorded:
    return replace(recorded, firings=recorded.firings[1:])
