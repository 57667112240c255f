"""Windows, clocks, exceptions, suspensions and swaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from program_builder import (
    CLOCKS,
    Facts,
    assign,
    because,
    diagnosis,
    dx,
    field,
    icd,
    is_,
    no,
    omit,
    program,
    put,
    query,
    route,
    rule,
    some,
    unless,
)

from codewarrant.engine import conditions as c
from codewarrant.engine.conditions import Window
from codewarrant.engine.errors import EngineError
from codewarrant.engine.plan import load
from codewarrant.engine.program import Rule, Suspension, Swap
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Outcome

YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))
BEFORE = Window(None, date(2026, 1, 1))
BY_DISCHARGE = Window(date(2026, 1, 1), None, "discharge date")


def coded(*rules: Rule, codes: str = "I10", clocks=CLOCKS, **known) -> Outcome:
    facts = Facts()
    made = [diagnosis(facts, code, **known) for code in codes.split()]
    return run(load(program(*rules)), Chart(tuple(made), clocks))


def reported(outcome: Outcome) -> str:
    return " ".join(sorted(one.value for one in outcome.sequence))


BASE = rule("base", [dx("h", "I10")], [assign("Z71.89")])


def with_(**changes) -> Rule:
    return replace(BASE, **changes)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(date(2026, 3, 2), None), True),
        (Window(None, date(2026, 3, 2)), False),
        (Window(date(2026, 3, 3), None), False),
        (Window(date(2026, 3, 2), date(2026, 3, 3)), True),
    ],
)
def test_windows_are_half_open(window, expected):
    found = coded(with_(window=window))
    assert (reported(found) == "I10 Z71.89") is expected
    assert found.near_misses == ()


def test_a_rule_whose_clock_is_unknown_is_undetermined():
    found = coded(with_(window=BY_DISCHARGE))
    assert reported(found) == "I10"
    assert [(one.kind, one.missing) for one in found.near_misses] == [
        ("undetermined", ("discharge date",))
    ]
    assert [one.state for one in found.standing if one.code == icd("Z71.89")] == ["possible"]


def test_a_suspended_rule_says_by_whom_and_why():
    off = Suspension("acme/off", YEAR, "not here")
    found = coded(with_(suspensions=(off,)))
    assert reported(found) == "I10"
    assert [(one.kind, one.by, one.because) for one in found.near_misses] == [
        ("suspended", "acme/off", "not here")
    ]
    late = coded(with_(suspensions=(replace(off, window=BEFORE),)))
    assert (reported(late), late.near_misses) == ("I10 Z71.89", ())


def test_a_suspension_by_an_unknown_clock_is_undetermined():
    found = coded(with_(suspensions=(Suspension("o", BY_DISCHARGE, "x"),)))
    assert reported(found) == "I10"
    assert [one.kind for one in found.near_misses] == ["undetermined"]


def test_a_swap_puts_other_actions_in_place_for_its_period():
    swap = Swap("acme/swap", YEAR, (assign("Z72.0"),), "so here")
    assert reported(coded(with_(swaps=(swap,)))) == "I10 Z72.0"
    assert reported(coded(with_(swaps=(replace(swap, window=BEFORE),)))) == "I10 Z71.89"


def test_a_swap_may_move_a_rule_to_another_stage():
    found = coded(with_(swaps=(Swap("o", YEAR, (route(),), "ask"),)))
    assert reported(found) == "I10"
    assert [(one.stage, one.concluded[0].kind) for one in found.firings] == [("edit", "route")]


def test_a_swap_to_nothing_fires_and_concludes_nothing():
    found = coded(with_(swaps=(Swap("o", YEAR, (), "leave it"),)))
    assert reported(found) == "I10"
    assert [one.concluded for one in found.firings] == [()]


def test_a_swap_by_an_unknown_clock_is_undetermined_once():
    found = coded(with_(swaps=(Swap("o", BY_DISCHARGE, (assign("Z72.0"),), "x"),)))
    assert reported(found) == "I10"
    assert [one.kind for one in found.near_misses] == ["undetermined"]


def test_two_swaps_in_one_period_are_an_error():
    swaps = (Swap("o1", YEAR, (), "x"), Swap("o2", YEAR, (), "y"))
    with pytest.raises(EngineError, match="`o1` and `o2` both replace its actions"):
        load(program(with_(swaps=swaps)))
    apart = (swaps[0], replace(swaps[1], window=BEFORE))
    assert load(program(with_(swaps=apart)))


@pytest.mark.parametrize(
    "override",
    [
        {"suspensions": (Suspension("o", YEAR, "x"),)},
        {"swaps": (Swap("o", YEAR, (), "x"),)},
        {"exceptions": (unless("x", c.TRUE, override="o"),)},
    ],
)
def test_no_override_of_a_mandatory_rule(override):
    with pytest.raises(EngineError, match="mandatory, so `o` cannot override it"):
        load(program(with_(mandatory=True, **override)))


# ---- exceptions ---------------------------------------------------------------------

LEFT = is_("h", "side", "left")
OLD = is_("h", "category", "old")


def test_an_exception_excuses_one_match():
    one = rule(
        "r", [dx("h", "I10", "I11.0")], [omit("h")],
        exceptions=(unless("i10", is_("h", "code", icd("I10"))),),
    )  # fmt: skip
    found = coded(one, codes="I10 I11.0")
    assert reported(found) == "I10"
    assert [(miss.kind, miss.by) for miss in found.near_misses] == [("excused", "i10")]
    assert [(tried.name, tried.held) for tried in found.firings[0].unless] == [("i10", False)]


def test_an_undetermined_exception_leaves_the_match_undetermined():
    found = coded(with_(exceptions=(unless("left", LEFT),)))
    assert reported(found) == "I10"
    assert [(one.kind, one.missing) for one in found.near_misses] == [("undetermined", ("h.side",))]


def test_an_exception_that_holds_beats_one_that_is_undetermined():
    both = (unless("a-left", LEFT), unless("b-always", c.TRUE))
    found = coded(with_(exceptions=both))
    assert [(one.kind, one.by) for one in found.near_misses] == [("excused", "b-always")]


def test_an_exception_to_an_exception_withdraws_it():
    known = c.AllOf((c.Known(0, field("h", "category")), OLD))
    rules = with_(exceptions=(unless("left", LEFT), unless("old", known, to="left")))
    assert reported(coded(rules, side="left")) == "I10"
    assert reported(coded(rules, side="left", category="old")) == "I10 Z71.89"
    assert reported(coded(rules, side="right", category="old")) == "I10 Z71.89"


def test_exceptions_to_exceptions_to_exceptions():
    chain = (
        unless("a", c.TRUE),
        unless("b", c.TRUE, to="a"),
        unless("c", LEFT, to="b"),
    )
    assert reported(coded(with_(exceptions=chain), side="left")) == "I10"
    assert reported(coded(with_(exceptions=chain), side="right")) == "I10 Z71.89"
    assert coded(with_(exceptions=chain)).near_misses[0].kind == "undetermined"


def test_instead_puts_the_exceptions_own_actions_in_place():
    stage_5 = unless(
        "stage-5", some(dx("s", "N18.5")), instead=(put("h", "I12.0"),), because=because("stage 5")
    )
    one = rule("r", [dx("h", "I10"), dx("k", "N18*")], [put("h", "I12.9")], exceptions=(stage_5,))
    assert reported(coded(one, codes="I10 N18.4")) == "I12.9 N18.4"
    found = coded(one, codes="I10 N18.4 N18.5")
    excuses = {(one.name, one.held, one.because) for f in found.firings for one in f.unless}
    assert ("stage-5", True, "stage 5") in excuses


def test_a_plain_exception_beats_one_with_instead():
    both = (unless("instead", c.TRUE, instead=(assign("Z72.0"),)), unless("plain", c.TRUE))
    found = coded(with_(exceptions=both))
    assert reported(found) == "I10"
    assert [(one.kind, one.by) for one in found.near_misses] == [("excused", "plain")]


def test_instead_of_an_edit():
    one = rule(
        "r", [dx("h", "I10")], [route()], exceptions=(unless("x", LEFT, instead=(query("?"),)),)
    )
    assert coded(one, side="left").firings[0].concluded[0].kind == "query"
    assert coded(one, side="right").firings[0].concluded[0].kind == "route"


def test_a_narrowing_holds_in_its_period_only():
    narrowed = unless("acme", c.TRUE, override="acme/n", window=BEFORE)
    assert reported(coded(with_(exceptions=(narrowed,)))) == "I10 Z71.89"
    now = replace(narrowed, window=YEAR)
    found = coded(with_(exceptions=(now,)))
    assert [one.by for one in found.near_misses] == ["acme/n"]
    unknown = replace(narrowed, window=BY_DISCHARGE)
    assert coded(with_(exceptions=(unknown,))).near_misses[0].missing == ("discharge date",)


# ---- unknown ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "if_unknown", "mandatory", "review"),
    [
        (assign("Z71.89"), "default", False, False),
        (assign("Z71.89"), "default", True, True),
        (assign("Z71.89"), "review", False, True),
        (omit("h"), "default", False, True),
        (put("h", "I11.9"), "default", False, True),
        (put("h", "I11.9"), "ignore", False, False),
        (route(), "default", False, False),
    ],
)
def test_which_undetermined_rules_go_to_review(action, if_unknown, mandatory, review):
    one = rule("r", [dx("h", "I10")], [action], LEFT, if_unknown=if_unknown, mandatory=mandatory)
    assert [miss.review for miss in coded(one).near_misses] == [review]


def test_what_is_only_possible_makes_patterns_and_absences_undetermined():
    rules = (
        rule("a-maybe", [dx("h", "I10", where=(LEFT,))], [assign("F17.210")]),
        rule("b-reads", [dx("t", "F17*")], [assign("Z01.0")]),
        rule("c-absent", [dx("h", "I10")], [assign("Z72.0")], no(dx("t", "F17*"))),
    )
    found = coded(*rules)
    assert reported(found) == "I10"
    states = {one.code.value: one.state for one in found.standing}
    assert states == {
        "I10": "reported", "F17.210": "possible", "Z01.0": "possible", "Z72.0": "possible",
    }  # fmt: skip
    assert {one.rule: one.missing for one in found.near_misses} == {
        "a-maybe": ("h.side",),
        "b-reads": ("t is only possible",),
        "c-absent": ("t is only possible",),
    }


def test_what_holds_is_not_merely_possible():
    rules = (
        rule("a-maybe", [dx("h", "I10", where=(LEFT,))], [assign("F17.210")]),
        rule("b-sure", [dx("h", "I10")], [assign("F17.210")]),
        rule("c-absent", [dx("h", "I10")], [assign("Z72.0")], no(dx("t", "F17*"))),
    )
    found = coded(*rules)
    assert reported(found) == "F17.210 I10"
    assert [one.rule for one in found.near_misses] == ["a-maybe"]


def test_a_code_that_cannot_be_told_makes_all_that_it_may_be_possible():
    unknown = c.LookupTerm("sides", (("code", field("h", "code")),), "left")
    rules = (
        rule("a", [dx("h", "I10")], [put("h", unknown, "M17.11", "M17.12")]),
        rule("b", [dx("h", "I10")], [assign("Z72.0")], no(dx("m", "M17.12"))),
        rule("c", [dx("h", "I10")], [assign("Z73.0")], no(dx("m", "M18*"))),
    )
    found = coded(*rules)
    assert reported(found) == "I10 Z73.0"
    assert {one.rule: one.review for one in found.near_misses} == {"a": True, "b": False}


def test_possible_codes_do_not_reach_later_stages():
    rules = (
        rule("a", [dx("h", "I10", where=(LEFT,))], [assign("I50.9")]),
        rule("b", [dx("h", "I10")], [query("why?")], no(dx("f", "I50*"))),
    )
    assert [one.rule for one in coded(*rules).firings] == ["b"]
