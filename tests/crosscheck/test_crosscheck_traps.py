"""One test for each way in which durable-rules is known to hang, crash or go wrong unasked."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from small_programs import (
    DAY,
    agrees,
    chart,
    checked,
    compare,
    diagnosis,
    fact,
    icd,
    one_of,
    program,
    rule,
)

from codewarrant.crosscheck.process import WORKER, SecondEngine
from codewarrant.crosscheck.rulesets import check_facts, fnv, packed
from codewarrant.crosscheck.values import Unsayable, measured, spelled
from codewarrant.engine import conditions as c
from codewarrant.engine.program import Because, Unless
from codewarrant.engine.values import Duration

D = c.Binder("d", "diagnosis")
F, G = c.Binder("f", "finding"), c.Binder("g", "finding")


def field(var: str, name: str) -> c.Field:
    return c.Field(var, name)


# ---- the network ------------------------------------------------------------------


def test_six_hundred_constants_of_one_field_do_not_hang(second: SecondEngine):
    """With 512 equality tests after one, compiling a ruleset never ends."""
    codes = [f"A{at // 10:02}.{at % 10}" for at in range(600)]
    made = program(rule("one", [D], [one_of("d", *codes)]))
    on = chart(*(fact("diagnosis", code=icd(code)) for code in ("A00.3", "A59.9", "B00.0")))
    assert agrees(made, on, second) == 2


def test_a_fact_may_pass_more_tests_than_wait_in_the_network(second: SecondEngine):
    """More than 64 tests passed at once are an error of the assertion."""
    made = program(
        *(rule(f"r{at}", [D, F], [compare(field("d", "n"), ">", c.Const(at))]) for at in range(100))
    )
    on = chart(fact("diagnosis", code=icd("A00"), n=1000), fact("finding", kind="x"))
    assert agrees(made, on, second) == 100


def test_comparisons_with_one_pattern_of_many_rules_do_not_overflow(second: SecondEngine):
    """Every comparison of two facts is a node of its own, shared by no other rule."""
    made = program(
        *(
            rule(f"r{at}", [F, D], [compare(field("d", "n"), "<", field("f", f"n{at}"))])
            for at in range(90)
        )
    )
    on = chart(fact("diagnosis", code=icd("A00"), n=1), fact("finding", n7=2, n8=0))
    assert agrees(made, on, second) == 1


def test_rules_are_dealt_into_rulesets_of_less_than_4096():
    rules = [(f"r{at}", [("m", [{"a": at % 400}, {"b": at}])]) for at in range(9_000)]
    dealt = packed(rules)
    assert sum(len(one.rules) for one in dealt) == 9_000
    assert max(len(one.rules) for one in dealt) < 4_096
    assert len(dealt) >= 3


def test_a_rule_of_too_many_variables_is_named_as_inexpressible(second: SecondEngine):
    """A match binds 16 facts."""
    binders = [c.Binder(f"v{at}", "finding") for at in range(17)]
    found = checked(program(rule("many", binders, [])), chart(), second)
    assert found.inexpressible == (("pack/many", "more than 15 variables"),)
    assert found.verdict == "agree"


# ---- sessions and threads -----------------------------------------------------------


def test_charts_that_match_nothing_leave_the_process_alive(second: SecondEngine):
    """Deleting a session whose facts all matched nothing is a segmentation fault."""
    made = program(rule("one", [D], [one_of("d", "A00")]))
    before = second.crashes
    for at in range(30):
        assert agrees(made, chart(fact("finding", n=at)), second) == 0
    assert second.crashes == before


@pytest.mark.parametrize("op", ["=", "<", "<=", ">", ">="])
def test_a_comparison_that_fails_last_reads_nothing_behind_the_pattern(
    op: str, second: SecondEngine
):
    """Its end was looked for in whatever memory follows: the crash in ordinary joins."""
    made = program(
        rule("one", [F, G], [compare(field("f", "a"), op, field("g", "b"))]),
        rule(
            "two",
            [F, G, D],
            [
                compare(field("f", "a"), op, field("g", "b")),
                compare(field("d", "n"), op, field("g", "b")),
                compare(field("d", "n"), "!=", field("f", "a")),
            ],
        ),
    )
    on = chart(
        *(fact("finding", a=at) for at in (1, 5)),
        *(fact("finding", b=at) for at in (0, 2, 5)),
        *(fact("diagnosis", code=icd("A00"), n=at) for at in (1, 2, 3)),
    )
    before = second.crashes
    assert agrees(made, on, second) > 0
    assert second.crashes == before


def test_a_pattern_with_a_comparison_has_two_ends():
    """Whether reading on crashes depends on what lies there: so the form is looked at, too."""
    joined = {"$lt": {"r1": {"a0": "r1"}}}
    (made,) = packed([("lt", [("a0", [{"p": 1}]), ("a1", [{"q": 1}, joined])])])
    assert made.rules["lt"] == [
        {"a0": {"$and": [{"p": 1}]}},
        {"a1": {"$and": [{"q": 1}, joined, {"$and": [{"q": 1}]}]}},
    ]


def test_no_thread_runs_and_no_definition_is_changed(second: SecondEngine):
    """A host starts two threads that crash it; a ruleset takes its actions out of what it is
    given; an action of two parameters stops the session."""
    script = (
        "import runpy, threading, copy\n"
        f"worker = runpy.run_path({str(WORKER)!r})\n"
        "rules = {'one': [{'a': {'$and': [{'x': 1}]}}]}\n"
        "kept = copy.deepcopy(rules)\n"
        "sets = worker['Rulesets']()\n"
        "sets.load('r', rules)\n"
        "found = sets.matches('r', [{'id': str(n), 'x': n % 2} for n in range(6)])\n"
        "assert found == [['one', {'a': n}] for n in ('1', '3', '5')], found\n"
        "assert rules == kept\n"
        "assert threading.active_count() == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# ---- absence ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_what_must_be_absent_is_there_before_the_rule_can_fire(seed: int, second: SecondEngine):
    """``none()`` fires before the negated fact arrives, and is never undone."""
    absent = c.Quantified(0, "no", diagnosis("e", "B10"), one_of("e", "B10"))
    made = program(
        rule("lonely", [diagnosis("d", "A00")], [one_of("d", "A00"), absent]),
        rule("nothing", [F], [absent]),
    )
    facts = [
        fact("diagnosis", code=icd("A00"), n=seed),
        fact("finding", n=seed),
        *(fact("diagnosis", code=icd("B10"), n=at) for at in range(seed % 2)),
    ]
    assert agrees(made, chart(*facts), second) == (0 if seed % 2 else 2)


def test_what_a_level_concludes_is_absent_only_to_its_own_level(second: SecondEngine):
    """One ruleset a level: a later one finds what an earlier one concluded."""
    absent = c.Quantified(0, "no", diagnosis("e", "B10"), one_of("e", "B10"))
    made = program(
        rule("first", [diagnosis("d", "A00")], [one_of("d", "A00")], "B10"),
        rule("then", [diagnosis("d", "A00")], [one_of("d", "A00"), absent], "C20"),
        rule("chain", [diagnosis("d", "B10")], [one_of("d", "B10")], "D30"),
    )
    assert agrees(made, chart(fact("diagnosis", code=icd("A00"))), second) == 2


def test_an_absence_compared_with_an_unknown_field_is_no_error(second: SecondEngine):
    """A comparison with a property that is not there is an error, not false."""
    same = compare(field("g", "n"), "=", field("d", "n"))
    absent = c.Quantified(0, "no", G, same)
    made = program(rule("one", [D], [absent]))
    known, unknown = fact("diagnosis", code=icd("A00"), n=1), fact("diagnosis", code=icd("B10"))
    assert agrees(made, chart(known, unknown), second) == 2
    assert agrees(made, chart(known, unknown, fact("finding", n=1)), second) == 0
    assert agrees(made, chart(known, unknown, fact("finding", kind="x")), second) == 0


def test_two_searches_of_a_rule_may_find_the_same_fact(second: SecondEngine):
    """By itself durable-rules never binds one fact twice in a match."""
    some = [
        c.Quantified(at, "some", diagnosis(f"e{at}", *codes), one_of(f"e{at}", *codes))
        for at, codes in enumerate((("B10", "B11"), ("B10", "B12")))
    ]
    made = program(rule("one", [diagnosis("d", "A00")], [one_of("d", "A00"), *some]))
    both = chart(fact("diagnosis", code=icd("A00")), fact("diagnosis", code=icd("B10")))
    assert agrees(made, both, second) == 1
    one = chart(fact("diagnosis", code=icd("A00")), fact("diagnosis", code=icd("B11")))
    assert agrees(made, one, second) == 0


def test_two_variables_of_a_rule_never_bind_one_diagnosis(second: SecondEngine):
    """Two statements of one code are one diagnosis, two findings alike are two."""
    made = program(
        rule("two", [D, c.Binder("e", "diagnosis")], [one_of("d", "A00"), one_of("e", "A00")]),
        rule("alike", [F, G], [compare(field("f", "n"), "=", field("g", "n"))]),
    )
    stated = [fact("diagnosis", code=icd("A00"), k=at) for at in range(2)]
    found = [fact("finding", n=1, k=at) for at in range(2)]
    assert agrees(made, chart(*stated), second) == 0
    assert agrees(made, chart(*found), second) == 2


# ---- values ----------------------------------------------------------------------------


def test_a_number_and_its_text_are_never_equal(second: SecondEngine):
    """``{v: 1}`` and ``{v: "1"}`` count as one fact and as equal."""
    made = program(
        rule("joined", [F, G], [compare(field("f", "a"), "=", field("g", "b"))]),
        rule("constant", [F], [compare(field("f", "a"), "=", c.Const("1"))]),
    )
    text, number = fact("finding", b="1"), fact("finding", a=1)
    assert agrees(made, chart(text, number), second) == 0
    assert agrees(made, chart(text, fact("finding", a="1")), second) == 2


def test_equal_numbers_join_however_they_are_written(second: SecondEngine):
    """A join of 1 with 1.0 fails."""
    made = program(rule("joined", [F, G], [compare(field("f", "a"), "=", field("g", "b"))]))
    on = chart(fact("finding", a=1), fact("finding", b=Decimal("1.0")))
    assert agrees(made, on, second) == 1


def test_decimals_and_dates_keep_their_order(second: SecondEngine):
    """Compared as texts 10 comes before 9; 1e-7 cannot be parsed."""
    made = program(
        rule("smaller", [F, G], [compare(field("f", "a"), "<", field("g", "b"))]),
        rule("tiny", [F], [compare(field("f", "a"), "<", c.Const(Decimal("0.0000001")))]),
        rule("earlier", [F, G], [compare(field("f", "day"), "<", field("g", "other"))]),
    )
    on = chart(
        fact("finding", a=Decimal("9.5"), day=date(999, 12, 31)),
        fact("finding", b=10, other=DAY),
        fact("finding", a=Decimal("0.00000005")),
    )
    assert agrees(made, on, second) == 4


def test_months_are_counted_by_the_calendar(second: SecondEngine):
    within = c.Within(0, field("f", "day"), c.Const(Duration(1, 0)), "after", field("g", "other"))
    made = program(rule("soon", [F, G], [within]))
    for days, expected in ((28, 1), (29, 0)):
        start = date(2026, 1, 31)
        on = chart(fact("finding", day=start + timedelta(days)), fact("finding", other=start))
        assert agrees(made, on, second) == expected


def test_a_text_that_would_be_compared_past_its_end_is_refused(second: SecondEngine):
    """Lengths of texts are kept in 16 bits."""
    made = program(rule("one", [F, G], [compare(field("f", "a"), "=", field("g", "b"))]))
    on = chart(fact("finding", a="x" * 70_000), fact("finding", b="y"))
    found = checked(made, on, second)
    assert found.verdict == "unavailable"
    assert "70002 characters" in found.reason


def test_a_number_with_too_many_digits_is_refused():
    with pytest.raises(Unsayable):
        measured(Decimal("0.0000000000001"))
    with pytest.raises(Unsayable):
        measured(10**12)


def test_values_of_two_kinds_have_two_spellings():
    values = [1, True, "1", "True", date(2026, 1, 1), "2026-01-01", icd("1"), Decimal("1.5")]
    assert len({spelled(value) for value in values}) == len(values)
    assert spelled(Decimal("1.50")) == spelled(Decimal("1.5"))
    assert spelled(100) == spelled(Decimal("1E+2"))


# ---- names -----------------------------------------------------------------------------


def test_names_are_hashed_as_durable_rules_does():
    """The hash of ``$lt`` stands in its source."""
    assert fnv("$lt") == 542787579
    assert fnv("costarring") == fnv("liquid")


def test_two_facts_of_one_hash_are_refused():
    """Facts are known by 32 bits of their ids: the second would count as seen before."""
    check_facts([{"id": "costarring"}, {"id": "liquids"}])
    with pytest.raises(Unsayable, match="one hash"):
        check_facts([{"id": "costarring"}, {"id": "liquid"}])
    with pytest.raises(Unsayable, match="one id"):
        check_facts([{"id": "liquid"}, {"id": "liquid"}])


def test_two_properties_of_one_hash_are_refused():
    with pytest.raises(Unsayable, match="one hash"):
        packed([("r", [("m", [{"costarring": 1}, {"liquid": 1}])])])


def test_a_fact_with_more_properties_than_it_takes_is_refused():
    with pytest.raises(Unsayable, match="properties"):
        check_facts([{"id": "f", **{f"p{at}": 1 for at in range(300)}}])


def test_a_list_contains_what_another_fact_says(second: SecondEngine):
    """The language joins no lists: their items are facts of their own."""
    about = c.Contains(0, field("f", "about"), (), field("d", "code"))
    made = program(rule("with", [F, D], [about]), rule("without", [F, D], [c.Not(about)]))
    on = chart(
        fact("diagnosis", code=icd("A00")),
        fact("diagnosis", n=3),
        fact("finding", about=(icd("B10"), icd("A00"))),
        fact("finding", about=()),
        fact("finding", n=1),
    )
    assert agrees(made, on, second) == 2


def test_an_exception_withdrawn_by_another_lets_the_rule_fire(second: SecondEngine):
    small = Unless("small", compare(field("d", "n"), "<", c.Const(5)), Because(()))
    known = replace(small, name="known", when=c.Known(0, field("d", "k")), to="small")
    made = program(rule("one", [D], [], exceptions=(small, known)))
    on = chart(
        fact("diagnosis", code=icd("A00"), n=9),
        fact("diagnosis", code=icd("B10"), n=1),
        fact("diagnosis", code=icd("C20"), n=1, k=1),
        fact("diagnosis", code=icd("D30")),
    )
    assert agrees(made, on, second) == 2
