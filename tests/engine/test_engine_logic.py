"""Terms and conditions: three-valued logic, comparisons, dates, quantifiers, aggregates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from program_builder import (
    CLOCKS,
    DAY,
    Facts,
    each,
    field,
    icd,
    is_,
    no,
    program,
    route,
    row,
    rule,
    some,
)

from codewarrant.engine import conditions as c
from codewarrant.engine.comparing import compare, plus_or_minus, same, text_of
from codewarrant.engine.conditions import Window
from codewarrant.engine.errors import EngineError
from codewarrant.engine.plan import load
from codewarrant.engine.program import Parameter
from codewarrant.engine.relation import MemoryRelation, RowsOnDay
from codewarrant.engine.relation import Row as TableRow
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Outcome, Sentence
from codewarrant.engine.values import Code, Duration

T, F, U = is_("e", "t", "yes"), is_("e", "t", "no"), is_("e", "absent", "yes")
TRUTHS = {"T": T, "F": F, "U": U}
WORD = {"T": True, "F": False, "U": None}


def outcome(condition: c.Condition, facts=(), *, patterns=(), known=None, **chart) -> Outcome:
    """Run one rule over an encounter; ``known`` are the encounter's fields."""
    made = Facts()
    encounter = made.make("encounter", t="yes", **(known or {}))
    given = [make(made) for make in facts]
    more = {"relations": (), "parameters": (), **chart}
    parameters = more.pop("parameters")
    more["relations"] = {one.name: one for one in more["relations"]} or None
    one = rule("r", [each("encounter", "e"), *patterns], [route()], condition)
    loaded = load(program(one, parameters=parameters))
    clocks = more.pop("clocks", CLOCKS)
    return run(loaded, Chart((encounter, *given), clocks, **more))


def truth(condition: c.Condition, facts=(), **more) -> bool | None:
    """What a condition comes to, as a rule of a program would find."""
    found = outcome(condition, facts, **more)
    assert len(found.firings) + len(found.near_misses) <= 1
    if found.firings:
        return True
    return None if found.near_misses else False


def fact(entity: str, **fields):
    return lambda facts: facts.make(entity, **fields)


AND = {"TT": "T", "TF": "F", "TU": "U", "FF": "F", "FU": "F", "UU": "U"}
OR = {"TT": "T", "TF": "T", "TU": "T", "FF": "F", "FU": "U", "UU": "U"}


@pytest.mark.parametrize("pair", AND)
def test_and_and_or_follow_kleene(pair: str):
    for left, right in (pair, pair[::-1]):
        both = (TRUTHS[left], TRUTHS[right])
        assert truth(c.AllOf(both)) is WORD[AND[pair]]
        assert truth(c.AnyOf(both)) is WORD[OR[pair]]


@pytest.mark.parametrize(("given", "expected"), [("T", "F"), ("F", "T"), ("U", "U")])
def test_not_follows_kleene(given: str, expected: str):
    assert truth(c.Not(TRUTHS[given])) is WORD[expected]


def test_known_is_never_undetermined():
    assert truth(c.Known(0, field("e", "t"))) is True
    assert truth(c.Known(0, field("e", "absent"))) is False
    assert truth(c.Not(c.Known(0, field("e", "absent")))) is True


def test_presumed_unless_denied():
    presumed = c.AnyOf(
        (
            c.Not(c.Known(0, field("e", "due"))),
            c.Compare(0, "!=", field("e", "due"), c.Const("no")),
        )
    )
    assert truth(presumed) is True
    assert truth(presumed, known={"due": "yes"}) is True
    assert truth(presumed, known={"due": "no"}) is False


def test_a_true_or_names_nothing_as_missing():
    found = outcome(c.AllOf((c.AnyOf((T, U)), is_("e", "other", 1))))
    assert found.near_misses[0].missing == ("e.other",)


@pytest.mark.parametrize(
    ("left", "right"),
    [(True, 1), (False, 0), (icd("I10"), "I10"), ("1", 1), (Duration(0, 1), 1)],
)
def test_unlike_kinds_are_not_equal(left, right):
    assert not same(left, right)
    assert truth(c.Compare(0, "=", c.Const(left), c.Const(right))) is False
    assert truth(c.Compare(0, "!=", c.Const(left), c.Const(right))) is True
    assert truth(c.OneOf(0, c.Const(left), (right,))) is False


def test_codes_of_two_systems_are_not_equal():
    assert not same(Code("icd9cm", "V10.3"), Code("icd10cm", "V10.3"))


def test_numbers_compare_across_integer_and_decimal():
    assert same(1, Decimal("1.0"))
    assert compare(Decimal("2.5"), 2) == 1


@pytest.mark.parametrize(("left", "right"), [(True, 1), ("a", 1), (icd("I10"), icd("I11"))])
def test_order_between_what_has_none_is_an_error_that_names_the_rule(left, right):
    with pytest.raises(EngineError, match="`r`: no order between"):
        truth(c.Compare(0, "<", c.Const(left), c.Const(right)))


def test_a_comparison_with_months_is_refused_at_load():
    span = c.Arith("-", c.Clock("received date"), c.Clock("date of service"))
    with pytest.raises(EngineError, match="within"):
        truth(c.Compare(0, "<=", span, c.Const(Duration(3, 0))))
    assert truth(c.Compare(0, "<=", span, c.Const(Duration(0, 30)))) is True
    assert truth(c.Compare(0, "<", span, c.Const(Duration(0, 30)))) is False


@pytest.mark.parametrize(
    ("day", "op", "span", "expected"),
    [
        (date(2026, 1, 31), "+", Duration(1, 0), date(2026, 2, 28)),
        (date(2024, 1, 31), "+", Duration(1, 0), date(2024, 2, 29)),
        (date(2026, 3, 31), "-", Duration(1, 0), date(2026, 2, 28)),
        (date(2024, 2, 29), "+", Duration(12, 0), date(2025, 2, 28)),
        (date(2026, 1, 31), "+", Duration(1, 1), date(2026, 3, 1)),
        (date(9999, 12, 31), "+", Duration(0, 1), None),
    ],
)
def test_dates_and_durations_keep_to_the_end_of_the_month(day, op, span, expected):
    assert plus_or_minus(day, op, span) == expected


def test_date_minus_date_is_days():
    assert plus_or_minus(date(2026, 3, 1), "-", date(2026, 2, 1)) == Duration(0, 28)


@pytest.mark.parametrize(
    ("day", "side", "expected"),
    [
        (date(2025, 12, 2), "before", True),
        (date(2025, 12, 1), "before", False),
        (DAY, "before", True),
        (date(2026, 3, 3), "before", False),
        (date(2026, 6, 2), "after", True),
        (date(2026, 6, 3), "after", False),
        (date(2025, 12, 2), "either", True),
        (date(2026, 6, 2), "either", True),
        (None, "either", None),
    ],
)
def test_within_counts_calendar_months_from_the_anchor(day, side, expected):
    condition = c.Within(
        0, field("e", "day"), c.Const(Duration(3, 0)), side, c.Clock("date of service")
    )
    assert truth(condition, known={"day": day}) is expected


def test_a_clock_that_is_unknown_is_undetermined():
    condition = c.Compare(0, "<", c.Clock("discharge date"), c.Const(DAY))
    found = outcome(condition)
    assert found.near_misses[0].missing == ("discharge date",)


def test_between_includes_both_ends_and_decides_early():
    between = c.Between(0, field("e", "n"), c.Const(2), c.Const(4))
    assert [truth(between, known={"n": n}) for n in (1, 2, 4, 5, None)] == [
        False, True, True, False, None,
    ]  # fmt: skip
    half = c.Between(0, field("e", "n"), field("e", "low"), c.Const(4))
    assert truth(half, known={"n": 5}) is False


def test_contains_looks_into_lists():
    named = c.Contains(0, field("e", "list"), ("a",), field("e", "item"))
    assert truth(named, known={"list": ("b", "a")}) is True
    assert truth(named, known={"list": ("b",), "item": "b"}) is True
    assert truth(named, known={"list": ("b",), "item": "c"}) is False
    assert truth(named, known={"list": ("b",)}) is None
    assert truth(named) is None


def test_a_set_takes_the_version_in_force_by_the_rules_clock():
    old = c.SetVersion(Window(None, date(2026, 1, 1)), (c.ANY_CODE[0],))
    new = c.SetVersion(Window(date(2026, 1, 1), None), ())
    inset = c.InSet(0, field("e", "code"), "s", (old, new))
    assert truth(inset, known={"code": icd("I10")}) is False
    assert truth(inset, known={"code": icd("I10")}, clocks={"date of service": date(2025, 5, 1)})
    assert truth(inset, known={"code": icd("I10")}, clocks={}) is None


def test_a_set_tests_any_code_of_a_list():
    inset = c.InSet(0, field("e", "codes"), "s", (c.SetVersion(c.ALWAYS, c.ANY_CODE),))
    assert truth(inset, known={"codes": (icd("I10"),)}) is True
    assert truth(inset, known={"codes": ()}) is False


def test_parameters_are_dated():
    limits = Parameter(
        "p/limit",
        ((Window(None, date(2026, 1, 1)), 5), (Window(date(2026, 1, 1), date(2026, 6, 1)), 9)),
    )
    over = c.Compare(0, ">", field("e", "n"), c.Param("p/limit"))
    assert truth(over, known={"n": 7}, parameters=(limits,)) is False
    late = {"date of service": date(2026, 7, 1)}
    assert truth(over, known={"n": 7}, parameters=(limits,), clocks=late) is None


# ---- quantifiers ------------------------------------------------------------------

SMOKER = each("finding", "f", is_("f", "kind", "smoker"))
YES, OTHER, VAGUE = fact("finding", kind="smoker"), fact("finding", kind="x"), fact("finding", n=1)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [((), False), ((OTHER,), False), ((VAGUE,), None), ((YES,), True), ((VAGUE, YES), True)],
)
def test_some_and_no_are_opposites(facts, expected):
    assert truth(some(SMOKER), facts) is expected
    assert truth(no(SMOKER), facts) is (None if expected is None else not expected)
    assert truth(c.Not(some(SMOKER)), facts) is (None if expected is None else not expected)


def quantified(kind: str, least: int = 1, has: c.Condition | None = None) -> c.Quantified:
    return c.Quantified(0, kind, SMOKER.binder, SMOKER.condition, least, has)  # type: ignore[arg-type]


def test_at_least_counts_what_is_sure_and_what_may_be():
    two = quantified("at least", 2)
    again = fact("finding", kind="smoker", n=2)
    assert truth(two, (YES,)) is False
    assert truth(two, (YES, VAGUE)) is None
    assert truth(two, (YES, again)) is True


def test_every_is_true_of_nothing_and_false_of_one_exception():
    packs = quantified("every", has=is_("f", "packs", 2))
    assert truth(packs) is True
    assert truth(packs, (fact("finding", kind="smoker", packs=2), OTHER)) is True
    assert truth(packs, (fact("finding", kind="smoker", packs=1), VAGUE)) is False
    assert truth(packs, (YES,)) is None
    assert truth(packs, (fact("finding", packs=2),)) is True


@pytest.mark.parametrize("supplied", [False, True])
def test_an_open_family_is_unknown_unless_supplied(supplied):
    leave = each("authorization", "a", is_("a", "status", "approved"))
    chart = {"supplied": frozenset(("authorization",)) if supplied else frozenset()}
    assert truth(no(leave), **chart) is (True if supplied else None)
    assert truth(some(leave), **chart) is (False if supplied else None)
    granted = (fact("authorization", status="approved"),)
    assert truth(some(leave), granted, **chart) is True
    assert truth(no(leave), granted, **chart) is False
    count = c.Aggregate("count", None, leave.binder, leave.condition)
    assert truth(c.Compare(0, "=", count, c.Const(0)), **chart) is (True if supplied else None)


def test_two_variables_of_one_entity_never_bind_the_same_fact():
    other = each("finding", "g", is_("g", "kind", "smoker"))
    assert outcome(c.TRUE, (YES,), patterns=(SMOKER, other)).firings == ()
    assert truth(no(other), (YES,), patterns=(SMOKER,)) is True
    nested = c.Quantified(0, "some", SMOKER.binder, c.AllOf((SMOKER.condition, some(other))))
    assert truth(nested, (YES,)) is False
    assert truth(nested, (YES, fact("finding", kind="smoker", n=2))) is True


# ---- aggregates -------------------------------------------------------------------


def lines(func: str, name: str | None = None) -> c.Aggregate:
    over = each("line", "l", is_("l", "kind", "x"))
    term = field("l", name) if name else None
    return c.Aggregate(func, term, over.binder, over.condition)  # type: ignore[arg-type]


def equals(term: c.Term, value) -> c.Condition:
    return c.Compare(0, "=", term, c.Const(value))


UNITS = (
    fact("line", kind="x", units=2, day=date(2026, 1, 5)),
    fact("line", kind="x", units=3, day=date(2026, 1, 2)),
    fact("line", kind="y", units=9, day=date(2025, 1, 1)),
)


def test_sum_count_earliest_latest():
    assert truth(equals(lines("sum", "units"), 5), UNITS) is True
    assert truth(equals(lines("count"), 2), UNITS) is True
    assert truth(equals(lines("earliest", "day"), date(2026, 1, 2)), UNITS) is True
    assert truth(equals(lines("latest", "day"), date(2026, 1, 5)), UNITS) is True


def test_equal_facts_from_two_places_are_both_counted():
    twice = (fact("line", kind="x", units=2), fact("line", kind="x", units=2))
    assert truth(equals(lines("sum", "units"), 4), twice) is True


def test_aggregates_over_nothing():
    assert truth(equals(lines("sum", "units"), 0)) is True
    assert truth(equals(lines("count"), 0)) is True
    assert truth(equals(lines("earliest", "day"), DAY)) is None


def test_an_aggregate_with_an_unknown_part_is_unknown():
    assert truth(equals(lines("sum", "units"), 5), (*UNITS, fact("line", kind="x"))) is None
    assert truth(equals(lines("count"), 2), (*UNITS, fact("line", units=1))) is None


# ---- tables and words ----------------------------------------------------------------

PAIRS = MemoryRelation(
    "pairs",
    "d1",
    {"a": "text", "b": "text"},
    [TableRow("1", {"a": "x", "b": "p"}), TableRow("2", {"a": "x", "b": "q"})],
)


def test_rows_are_bound_one_by_one_and_recorded():
    found = outcome(
        c.TRUE, patterns=(row("r", "pairs", a=field("e", "k")),), known={"k": "x"},
        relations=(PAIRS,),
    )  # fmt: skip
    assert [one.bound[1].fact for one in found.firings] == ["pairs/1", "pairs/2"]
    assert [(one.relation, one.keys, one.rows) for one in found.lookups] == [
        ("pairs", {"a": "x"}, ("1", "2"))
    ]


def test_empty_answers_are_recorded():
    pattern = (row("r", "pairs", a=field("e", "k")),)
    found = outcome(c.TRUE, patterns=pattern, known={"k": "z"}, relations=(PAIRS,))
    assert found.firings == ()
    assert found.lookups[0].rows == ()


def test_an_unknown_key_is_undetermined_and_asks_nothing():
    pattern = (row("r", "pairs", a=field("e", "k")),)
    found = outcome(c.TRUE, patterns=pattern, relations=(PAIRS,))
    assert found.near_misses[0].missing == ("e.k", "r")
    assert found.lookups == ()


def test_a_table_that_is_not_there_is_undetermined():
    found = outcome(c.TRUE, patterns=(row("r", "pairs", a=field("e", "t")),))
    assert [one.kind for one in found.near_misses] == ["undetermined"]


class Until2025(MemoryRelation):
    """A table that covers no day after 2025."""

    def lookup(self, keys, on):
        known = on is not None and on.year <= 2025
        return super().lookup(keys, on) if known else [None for _ in keys]


def test_a_table_that_does_not_cover_the_day_is_undetermined():
    table = Until2025("pairs", "d1", PAIRS.columns, PAIRS.rows)
    pattern = (row("r", "pairs", a=field("e", "k")),)
    asked = {"known": {"k": "x"}, "patterns": pattern, "relations": (table,)}
    late = outcome(c.TRUE, **asked, clocks={"date of service": date(2026, 1, 1)})
    assert [(one.kind, one.missing) for one in late.near_misses] == [
        ("undetermined", ("table pairs",))
    ]
    assert late.lookups == ()
    early = outcome(c.TRUE, **asked, clocks={"date of service": date(2025, 12, 31)})
    assert len(early.firings) == 2


def test_a_key_may_bring_its_own_day():
    dated = MemoryRelation(
        "pairs",
        "d2",
        {"a": "text", "start": "date", "end": "date"},
        [TableRow("1", {"a": "x", "start": date(2024, 1, 1), "end": date(2025, 1, 1)})],
        ("start", "end"),
    )
    pattern = (row("r", "pairs", a=field("e", "k"), on=field("e", "day")),)
    for day, fired in ((date(2024, 6, 1), 1), (date(2025, 1, 1), 0)):
        found = outcome(
            c.TRUE, patterns=pattern, known={"k": "x", "day": day}, relations=(RowsOnDay(dated),)
        )
        assert len(found.firings) == fired


def test_no_row_of_a_table():
    pattern = row("r", "pairs", a=field("e", "k"))
    assert truth(no(pattern), known={"k": "z"}, relations=(PAIRS,)) is True
    assert truth(no(pattern), known={"k": "x"}, relations=(PAIRS,)) is False
    assert truth(no(pattern), relations=(PAIRS,)) is None


def test_a_column_is_unknown_where_rows_disagree():
    column = c.LookupTerm("pairs", (("a", field("e", "k")),), "b")
    both = c.LookupTerm("pairs", (("a", field("e", "k")), ("b", c.Const("q"))), "a")
    assert truth(equals(column, "p"), known={"k": "x"}, relations=(PAIRS,)) is None
    assert truth(equals(both, "x"), known={"k": "x"}, relations=(PAIRS,)) is True


def test_words_in_order_whole_and_near():
    said = Sentence("Note/1", 10, 40, ("Not", "due", "to", "hypertension"))
    near = c.Mentions(0, ("due", "to"), c.Field("e", ""))
    assert truth(c.Mentions(0, ("not", "due")), sentences=(said,)) is True
    assert truth(c.Mentions(0, ("to", "due")), sentences=(said,)) is False
    assert truth(c.Mentions(0, ("hyper",)), sentences=(said,)) is False
    assert truth(near, sentences=(said,)) is False


def test_text_of_values():
    assert text_of(None) == "unknown"
    assert text_of(Decimal("2.50")) == "2.5"
    assert text_of(Duration(1, 2)) == "1 month 2 days"
    assert text_of((icd("I10"), icd("I11.0"))) == "I10, I11.0"
