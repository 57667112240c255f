"""Joins find what trying every combination finds, in one round or over many."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_builder import (
    CLOCKS,
    Facts,
    assign,
    diagnosis,
    dx,
    each,
    field,
    no,
    program,
    route,
    rule,
    some,
)

from codewarrant.engine import conditions as c
from codewarrant.engine.plan import load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart

NUMBER = st.one_of(st.none(), st.integers(0, 2))
ROW = st.tuples(st.sampled_from("xy"), NUMBER, NUMBER)
KNOWN_ROW = ROW.filter(lambda row: row[2] is not None)
FACTS = st.lists(ROW, max_size=14)


def equal(a: str, b: str) -> c.Condition:
    return c.Compare(0, "=", field(a, "k"), field(b, "k"))


def less(a: str, b: str) -> c.Condition:
    return c.Compare(0, "<", field(a, "n"), field(b, "n"))


def kleene(truths) -> bool | None:
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def compare(a, b, op) -> bool | None:
    return None if a is None or b is None else op(a, b)


def is_equal(a, b) -> bool:
    return a == b


def is_less(a, b) -> bool:
    return a < b


def by_hand(entities: str, rows, conditions) -> tuple[set, set]:
    """All bindings that are true, and all that are undetermined, by trying each."""
    true, unknown = set(), set()
    for chosen in permutations(range(len(rows)), len(entities)):
        if any(rows[at][0] != one for at, one in zip(chosen, entities, strict=True)):
            continue
        truth = kleene(condition([rows[at] for at in chosen]) for condition in conditions)
        if truth is not False:
            (true if truth else unknown).add(chosen)
    return true, unknown


def by_engine(one, rows) -> tuple[set, set]:
    facts = Facts()
    made = [facts.make(entity, k=k, n=n) for entity, k, n in rows]
    place = {fact.id: at for at, fact in enumerate(made)}
    found = run(load(program(one)), Chart(tuple(made), CLOCKS))
    matches = [found.firings, [miss for miss in found.near_misses if miss.bound]]
    true, unknown = (
        {tuple(place[bound.fact] for bound in match.bound) for match in part} for part in matches
    )
    return true, unknown


@settings(max_examples=80, deadline=None)
@given(st.lists(ROW, max_size=8))
def test_two_variables_joined_on_a_field_that_may_be_unknown(rows):
    one = rule("r", [each("x", "a"), each("y", "b")], [route()], equal("a", "b"), less("a", "b"))
    conditions = [
        lambda bound: compare(bound[0][1], bound[1][1], is_equal),
        lambda bound: compare(bound[0][2], bound[1][2], is_less),
    ]
    assert by_engine(one, rows) == by_hand("xy", rows, conditions)


@pytest.mark.parametrize("firsts", [1, 2, 3, 9])
@pytest.mark.parametrize("seconds", [0, 1, 2, 3, 8, 9])
@pytest.mark.parametrize("entities", ["xy", "xx"])
def test_two_variables_with_few_and_with_many_facts_on_either_side(entities, firsts, seconds):
    """Pairs are joined in one way or another by how many facts there are; all find the same."""
    first, second = entities
    one = rule(
        "r",
        [each(first, "a"), each(second, "b")],
        [route()],
        c.Compare(0, "<", field("a", "n"), c.Const(20)),
        equal("a", "b"),
    )
    keys = (0, 1, None)
    rows = [(first, keys[at % 3], at) for at in range(firsts)]
    rows += [(second, keys[at % 3], 20 + at) for at in range(seconds)]
    conditions = [
        lambda bound: compare(bound[0][2], 20, is_less),
        lambda bound: compare(bound[0][1], bound[1][1], is_equal),
    ]
    true, unknown = by_hand(entities, rows, conditions)
    found = by_engine(one, rows)
    assert found[0] == true
    assert found[1] == unknown or len(unknown) > 20


@settings(max_examples=40, deadline=None)
@given(st.lists(KNOWN_ROW, min_size=3, max_size=6))
def test_three_variables_two_of_one_entity(rows):
    one = rule(
        "r",
        [each("x", "a"), each("y", "b"), each("x", "c")],
        [route()],
        less("a", "c"),
        equal("c", "b"),
    )
    conditions = [
        lambda bound: compare(bound[0][2], bound[2][2], is_less),
        lambda bound: compare(bound[2][1], bound[1][1], is_equal),
    ]
    true, unknown = by_hand("xyx", rows, conditions)
    found = by_engine(one, rows)
    assert found[0] == true
    assert len(unknown) > 20 or found[1] == unknown


@settings(max_examples=60, deadline=None)
@given(FACTS)
def test_a_quantifier_with_an_index_answers_like_a_scan(rows):
    """More facts than are scanned, some with the joined field unknown."""
    search = each("y", "b", equal("b", "a"), less("a", "b"))
    found = by_engine(rule("r", [each("x", "a")], [route()], no(search)), rows)
    true, unknown = set(), set()
    for at, (entity, k, n) in enumerate(rows):
        if entity != "x":
            continue
        others = [
            kleene([compare(other[1], k, is_equal), compare(n, other[2], is_less)])
            for other in rows
            if other[0] == "y"
        ]
        if True not in others:
            (unknown if None in others else true).add((at,))
    assert found == (true, unknown)


def test_a_join_over_conclusions_of_several_rounds_is_found_once():
    """Each code is concluded one round later than the one before."""
    rules = [rule(f"r{n}", [dx("d", f"A0{n}.0")], [assign(f"A0{n + 1}.0")]) for n in range(4)]
    triple = [dx("x", "A01.0"), dx("y", "A03.0"), dx("z", "A04.0")]
    rules.append(rule("triple", triple, [assign("Z00.0")]))
    reactive = rule(
        "reactive", [dx("x", "A01.0")], [assign("Z01.0")], some(dx("y", "A04.0")),
        some(dx("z", "Z00.0")),
    )  # fmt: skip
    found = run(load(program(*rules, reactive)), Chart((diagnosis(Facts(), "A00.0"),), CLOCKS))
    assert [one.rule for one in found.firings] == [
        "r0", "r1", "r2", "r3", "reactive", "triple",
    ]  # fmt: skip
    assert len(found.sequence) == 7
