"""Which rules wait for which, and the loop that is told when they wait for each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from program_builder import (
    among,
    assign,
    codes,
    dx,
    each,
    field,
    is_,
    no,
    omit,
    program,
    put,
    remove,
    route,
    rule,
    some,
    unless,
)
from rules_under_test import COMPLETE, RULES, SEPSIS

from codewarrant.engine import conditions as c
from codewarrant.engine.errors import EngineError
from codewarrant.engine.graphs import components
from codewarrant.engine.intervals import IntervalIndex
from codewarrant.engine.plan import load
from codewarrant.engine.program import Rule
from codewarrant.engine.strata import LoopError, strata
from codewarrant.engine.values import Interval

SEPSIS_RULES = {
    one.id: one
    for one in (
        rule("severe-sepsis", [dx("s", "A40-A41")], [assign("R65.20")], no(dx("x", "R65.21"))),
        rule("septic-shock", [dx("s", "A40-A41"), dx("y", "R57.9")], [put("y", "R65.21")]),
        rule("sepsis-unspecified", [dx("s", "R65.2*")], [assign("A41.9")], no(dx("o", "A40-A41"))),
    )
}

LOOP = """\
three rules wait for each other
  severe-sepsis       asks for the absence of R65.21
  septic-shock        adds R65.21, needs A40-A41
  sepsis-unspecified  adds A41.9, needs R65.2*
  severe-sepsis       adds R65.20
help: if `sepsis-unspecified` means what the chart says, write
      `for each documented diagnosis s` in it"""


def levels(*rules: Rule) -> dict[str, int]:
    found = strata(rules, program(*rules))
    assert found.loops == ()
    return found.levels


def waits(reader: Rule, writer: Rule) -> bool:
    found = levels(reader, writer)
    return found[reader.id] > found[writer.id]


def test_the_loop_is_told_with_rules_codes_and_help():
    with pytest.raises(LoopError) as error:
        load(program(*SEPSIS_RULES.values()))
    (loop,) = error.value.loops
    assert loop.message == LOOP
    assert loop.rules == ("severe-sepsis", "sepsis-unspecified", "septic-shock")
    assert [edge.waits for edge in loop.edges] == [False, False, True]
    assert loop.codes == ("R65.20", "A41.9", "R65.21")


def test_the_loop_is_the_same_in_any_order_of_rules():
    rules = list(SEPSIS_RULES.values())
    told = {
        strata(tuple(order), program(*order)).loops[0].message
        for order in (rules, rules[::-1], [rules[1], rules[2], rules[0]])
    }
    assert told == {LOOP}


def test_documented_breaks_the_loop():
    documented = next(one for one in COMPLETE if one.id == "sepsis-unspecified")
    rules = SEPSIS_RULES | {documented.id: documented}
    assert levels(*rules.values())["severe-sepsis"] == 1


def test_the_whole_rule_set_has_three_levels():
    code = tuple(one for one in RULES if one.stage == "code")
    found = strata(code, program(*code))
    assert found.count == 3
    assert found.loops == ()


WRITER = rule("w", [dx("a", "A00.0")], [assign("I50.9")])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (no(dx("x", "I50*")), True),
        (no(dx("x", "I51*")), False),
        (no(dx("x", "I50*", documented=True)), False),
        (some(dx("x", "I50*")), False),
        (c.Not(some(dx("x", "I50*"))), True),
        (c.Quantified(0, "every", dx("x", "I50*").binder, c.TRUE), True),
        (c.Quantified(0, "at least", dx("x", "I50*").binder, c.TRUE, 2), True),
        (
            c.Compare(
                0, ">", c.Aggregate("count", None, dx("x", "I50*").binder, c.TRUE), c.Const(1)
            ),
            True,
        ),
        (no(dx("x", "I50*", where=(is_("x", "certainty", "probable"),))), False),
        (no(dx("x", "I50*", where=(is_("x", "certainty", "confirmed"),))), True),
        (no(dx("x", "I50*", where=(among("x", "status", "resolved", "inactive"),))), False),
        (no(dx("x", "I50*", where=(is_("x", "side", "left"),))), True),
    ],
)
def test_what_waits(condition, expected):
    reader = rule("r", [dx("b", "B00.0")], [assign("Z00.0")], condition)
    assert waits(reader, WRITER) is expected


def test_exceptions_wait():
    reader = rule(
        "r", [dx("b", "B00.0")], [assign("Z00.0")],
        exceptions=(unless("heart-failure", some(dx("x", "I50*"))),),
    )  # fmt: skip
    assert waits(reader, WRITER)


def test_swapped_and_alternative_actions_write_too():
    instead = unless("other", is_("b", "side", "left"), instead=(assign("I50.9"),))
    writer = rule("w", [dx("b", "A00.0")], [assign("Z01.0")], exceptions=(instead,))
    reader = rule("r", [dx("b", "B00.0")], [assign("Z00.0")], no(dx("x", "I50*")))
    assert waits(reader, writer)


def test_taking_away_makes_no_dependency():
    reader = rule("r", [dx("b", "B00.0")], [assign("Z00.0")], no(dx("x", "I50*")))
    for writer in (
        rule("w", [dx("x", "I50*")], [omit("x")]),
        rule("w", [dx("x", "I50.9")], [put("x", "Z99.0")]),
    ):
        assert not waits(reader, writer)


def test_specifying_what_is_there_does_not_change_an_absence():
    reader = rule("r", [dx("b", "R65.2*")], [assign("Z00.0")], no(dx("x", *SEPSIS)))
    specify = rule("w", [dx("s", "A41.9")], [put("s", "A41.51")])
    assert not waits(reader, specify)
    narrower = rule("r", [dx("b", "R65.2*")], [assign("Z00.0")], no(dx("x", "A41.5*")))
    assert waits(narrower, specify)


def test_specifying_does_change_an_absence_of_others():
    """A reader that has itself bound the diagnosis does not see it, but sees what comes of it."""
    reader = rule("r", [dx("b", "A41.9")], [assign("Z00.0")], no(dx("x", *SEPSIS)))
    specify = rule("w", [dx("s", "A41.9")], [put("s", "A41.51")])
    assert waits(reader, specify)


def test_specifying_does_change_an_absence_that_asks_for_more():
    asks = dx("x", *SEPSIS, where=(is_("x", "side", "left"),))
    reader = rule("r", [dx("b", "R65.2*")], [assign("Z00.0")], no(asks))
    assert waits(reader, rule("w", [dx("s", "A41.9")], [put("s", "A41.51")]))


def test_a_guard_against_oneself_is_no_loop():
    guard = rule("r", [dx("b", "B00.0")], [assign("I50.9")], no(dx("x", "I50.9")))
    assert levels(guard) == {"r": 0}


def test_a_set_with_two_versions_is_no_exact_read():
    versions = (
        c.SetVersion(c.ALWAYS, codes("A41*")),
        c.SetVersion(c.ALWAYS, codes("A40*")),
    )
    absent = c.Quantified(
        0, "no", dx("x", *SEPSIS).binder, c.InSet(0, field("x", "code"), "s", versions)
    )
    reader = rule("r", [dx("b", "R65.2*")], [assign("Z00.0")], absent)
    assert waits(reader, rule("w", [dx("s", "A41.9")], [put("s", "A41.51")]))


def test_components_come_successors_first_and_without_recursion():
    chain = [[at + 1] for at in range(5000)] + [[]]
    assert components(chain)[0] == [5000]
    assert components([[1], [2], [0], [0]]) == [[0, 1, 2], [3]]


def test_interval_index_finds_what_a_scan_finds():
    items = [(Interval("s", f"{a:03}", f"{a + b:03}"), a * 10 + b) for a in range(90) for b in (0, 3, 40)]  # fmt: skip # noqa: E501
    index = IntervalIndex(items)
    for low, high in ((0, 0), (5, 5), (10, 30), (89, 200), (500, 600)):
        wanted = Interval("s", f"{low:03}", f"{high:03}")
        scan = {n for one, n in items if one.low <= wanted.high and wanted.low <= one.high}
        assert index.overlapping(wanted) == scan
    assert index.overlapping(Interval("t", "000", "999")) == set()
    assert index.overlapping(Interval("*", "000", "000")) == index.holding("s", "000")


# ---- what a program must keep to ----------------------------------------------------

REMOVES = rule("a", [dx("d", "A00.0")], [remove("d")])


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        ([REMOVES, REMOVES], "two rules are called `a`"),
        (
            [replace(REMOVES, actions=(*REMOVES.actions, assign("B00.0")))],
            "removes may not also assign",
        ),
        ([replace(REMOVES, actions=())], "no action"),
        ([rule("a", [each("line", "d")], [remove("d")])], "`d` is not a diagnosis"),
        ([rule("a", [dx("d")], [omit("x")])], "`x` is not a diagnosis"),
        (
            [replace(REMOVES, exceptions=(unless("x", c.TRUE, to="y"),))],
            "no exception `y`",
        ),
        (
            [replace(REMOVES, exceptions=(unless("x", c.TRUE, to="x"),))],
            "`x` is an exception to itself",
        ),
        (
            [
                rule(
                    "a",
                    [dx("d")],
                    [route()],
                    exceptions=(unless("x", c.TRUE, instead=(assign("A00.0"),)),),
                )
            ],
            "what `x` does instead belongs to an earlier stage",
        ),
        (
            [rule("a", [dx("d")], [omit("d")], c.Holds(0, c.Param("p/x")))],
            "no parameter `p/x`",
        ),
    ],
)
def test_a_faulty_program_is_refused(faulty, message):
    with pytest.raises(EngineError, match=message):
        load(program(*faulty))
