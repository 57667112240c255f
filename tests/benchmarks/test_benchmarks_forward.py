"""The workload of the forward-chaining benchmark: what is expected to fire does, everywhere."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from forward_codewarrant import chart_of, firings_of, loaded_rules
from forward_durable import Crashed, DurableRules, TimedOut, bucket, rule_sets
from forward_floors import explained_firings, plain_python, small_chainer
from forward_workload import Firing, Lines, Rules, chart, rule_set

from codewarrant.codesets import load
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.engine.plan import Loaded
from codewarrant.engine.reference import evaluate
from codewarrant.engine.run import run

RULES = 20
LINES = 60


@pytest.fixture(scope="module")
def rules() -> Rules:
    return rule_set(RULES)


@pytest.fixture(scope="module")
def given(rules: Rules) -> Lines:
    return chart(rules, LINES)


@pytest.fixture(scope="module")
def loaded(rules: Rules) -> Loaded:
    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    return loaded_rules(rules, InstalledCodes(releases, CodeAttributes(releases)))


def by_definition(rules: Rules, given: Lines) -> list[Firing]:
    """Every rule tried on every line and pair of lines."""
    found: list[Firing] = [
        (rule.number, line.number)
        for rule in rules.one
        for line in given.lines
        if line.code == rule.code and line.units > rule.limit
    ]
    found += [
        (rule.number, first.number, second.number)
        for rule in rules.two
        for first in given.lines
        for second in given.lines
        if (first.code, second.code) == (rule.first, rule.second) and first.date == second.date
    ]
    return sorted(found)


def test_expected_firings_are_those_of_the_definition(rules, given):
    assert by_definition(rules, given) == sorted(given.firings)


def test_codewarrant_fires_as_expected(loaded, given):
    facts = chart_of(given)
    assert sorted(firings_of(run(loaded, facts), facts)) == sorted(given.firings)


def test_the_reference_evaluator_gives_the_same_outcome(loaded, given):
    facts = chart_of(given)
    assert evaluate(loaded.program, facts).firings == run(loaded, facts).firings


def test_plain_python_fires_as_expected(rules, given):
    assert sorted(plain_python(rules)(given.lines)) == sorted(given.firings)


def test_small_chainer_fires_as_expected_and_says_why(rules, given):
    fired = small_chainer(rules)(given.lines)
    assert sorted(explained_firings(fired)) == sorted(given.firings)
    for one in fired:
        lines = [given.lines[number] for number in one.lines]
        codes = [test.value for test in one.tests if test.text == "code"]
        assert codes == [line.code for line in lines]


@pytest.mark.parametrize("count", [50, 500])
def test_firings_do_not_depend_on_the_number_of_rules(count):
    rules = rule_set(count)
    drawn = chart(rules, 200)
    assert len(drawn.firings) == 60
    assert len(drawn.lines) == 200
    kinds = [len(one) for one in drawn.firings]
    assert kinds.count(2) == 40
    assert kinds.count(3) == 20


def test_each_rule_has_codes_of_its_own():
    rules = rule_set(500)
    codes = [one.code for one in rules.one]
    codes += [code for two in rules.two for code in (two.first, two.second)]
    assert len({*codes, *rules.unnamed}) == len(codes) + len(rules.unnamed)
    assert len(rules) == 500


def test_the_workload_is_the_same_every_time():
    assert rule_set(50) == rule_set(50)
    assert chart(rule_set(50), 100) == chart(rule_set(50), 100)
    assert chart(rule_set(50), 100) != chart(rule_set(50), 100, seed=1)


def test_no_rule_set_of_durable_rules_reaches_its_limits():
    """At most 4,096 rules in a set and 511 constants on one field, the code behind its bucket."""
    rules = rule_set(5000)
    sets = rule_sets(
        {
            "one": [[one.number, one.code, one.limit] for one in rules.one],
            "two": [[two.number, two.first, two.second] for two in rules.two],
        },
        [],
    )
    assert sum(len(one) for one in sets) == 5000 + len(sets)
    assert all(len(one) <= 4096 for one in sets)
    codes = [one.code for one in rules.one] + [
        code for two in rules.two for code in (two.first, two.second)
    ]
    counts: dict[int, int] = {}
    for code in codes:
        counts[bucket(code)] = counts.get(bucket(code), 0) + 1
    assert max(counts.values()) <= 511


def test_durable_rules_fires_as_expected_or_says_that_it_could_not_start(rules, given):
    """Its process answers, or ends with the reason: nothing is ever taken for agreement."""
    if find_spec("durable") is None:
        with pytest.raises(Crashed, match="durable"):
            DurableRules(rules, 60)
        return
    engine = DurableRules(rules, 60)
    engine.chart(given, 60)
    _, fired = engine.run(60)
    engine.close()
    assert sorted(fired) == sorted(given.firings)
    assert engine.ended


def test_a_process_that_takes_too_long_is_ended(rules):
    with pytest.raises(TimedOut):
        DurableRules(rules, 0)


def test_a_process_that_dies_is_told_from_one_that_answers(rules, monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Crashed, match="ended with 1"):
        DurableRules(rules, 60)
