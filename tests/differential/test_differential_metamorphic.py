"""What must not matter does not: order, the cut into packs, names of variables; and what always
holds of the end of a run."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from random import Random

import pytest
from cases import Case, by_engine, by_reference, case
from random_charts import CODES

from codewarrant.engine.canonical import dumps_typed
from codewarrant.engine.facts import Fact
from codewarrant.engine.trace import Outcome

SEEDS = range(10_000, 10_150)
EVALUATORS = pytest.mark.parametrize("evaluator", [by_engine, by_reference])


@cache
def cases() -> tuple[Case, ...]:
    return tuple(case(Random(seed)) for seed in SEEDS)


@cache
def outcomes(evaluator) -> tuple[Outcome | None, ...]:
    return tuple(evaluator(one) for one in cases())


def pairs(evaluator):
    """Each case with its outcome and a source of chance."""
    for seed, one, found in zip(SEEDS, cases(), outcomes(evaluator), strict=True):
        yield seed, one, found, Random(seed)


@EVALUATORS
def test_the_order_of_facts_does_not_matter(evaluator):
    for seed, one, found, rng in pairs(evaluator):
        facts = tuple(rng.sample(one.chart.facts, len(one.chart.facts)))
        chart = replace(one.chart, facts=(*facts, *facts[:2]))
        assert evaluator(replace(one, chart=chart)) == found, seed


@EVALUATORS
def test_the_order_of_rules_and_overrides_does_not_matter(evaluator):
    for seed, one, found, rng in pairs(evaluator):
        rules = [
            replace(rule, exceptions=tuple(rng.sample(rule.exceptions, len(rule.exceptions))))
            for rule in rng.sample(one.program.rules, len(one.program.rules))
        ]
        program = replace(one.program, rules=tuple(rules))
        assert evaluator(replace(one, program=program)) == found, seed


def renamed(item, name):
    """The same with every variable called otherwise."""
    if isinstance(item, tuple) and not hasattr(item, "_fields"):
        return tuple(renamed(part, name) for part in item)
    if isinstance(item, str):
        return name(item) if re.fullmatch(r"v\d+", item) else item
    if not is_dataclass(item) or isinstance(item, type):
        return item
    changes = {one.name: renamed(getattr(item, one.name), name) for one in fields(item)}
    return replace(item, **changes)


@EVALUATORS
def test_the_names_of_variables_do_not_matter(evaluator):
    for seed, one, found, _ in pairs(evaluator):
        if found is None:
            continue
        program = replace(
            one.program,
            rules=tuple(renamed(rule, lambda name: f"{name}0") for rule in one.program.rules),
        )
        again = evaluator(replace(one, program=program))
        assert again is not None
        expected = re.sub(rb'"(v\d+)(\.| is only|")', rb'"\g<1>0\2', dumps_typed(found))
        assert dumps_typed(again) == expected, seed


@EVALUATORS
def test_a_pack_cut_in_two_concludes_the_same(evaluator):
    """Only what follows the names of rules may change: numbers, order, who is named first."""
    for seed, one, found, _ in pairs(evaluator):
        if found is None:
            continue
        program = replace(
            one.program,
            rules=tuple(
                replace(rule, id=rule.id.replace("pack/", "a-pack/"), pack="a-pack")
                if number % 2
                else rule
                for number, rule in enumerate(one.program.rules)
            ),
        )
        again = evaluator(replace(one, program=program))
        assert again is not None
        assert conclusions(again) == conclusions(found), seed


def conclusions(found: Outcome) -> tuple:
    """What a run found, without the names of packs and what is sorted or numbered by them."""

    def short(rule: str) -> str:
        return rule.split("/")[-1]

    by_fact = {
        one.id: {name: value for name, value in one.fields.items() if name != "possible"}
        for one in found.facts
    }

    def shown(id: str) -> str:
        return dumps_typed(by_fact[id]).decode() if id in by_fact else id

    firings = sorted(
        (
            short(one.rule),
            [(bound.var, shown(bound.fact)) for bound in one.bound],
            [(done.kind, str(done.code), shown(done.fact)) for done in one.concluded],
            one.defeated_by is None,
        )
        for one in found.firings
    )
    # Of more than are listed, which ones are listed follows the ids of possible facts.
    many = {(one.rule, one.kind) for one in found.near_misses if one.because.endswith(" more")}
    misses = sorted(
        (short(one.rule), one.kind, one.missing, one.review, one.because)
        for one in found.near_misses
        if (one.rule, one.kind) not in many or one.because.endswith(" more")
    )
    standing = [(one.code, one.state, one.facts, one.place, one.shaken) for one in found.standing]
    conflicts = sorted(
        (one.kind, one.codes, sorted(map(short, one.rules))) for one in found.conflicts
    )
    lines = [(one.fact, one.modifiers, one.pointers, one.ceiling) for one in found.lines]
    return firings, misses, standing, conflicts, lines, found.sequence, found.levels


# ---- what holds of every outcome ---------------------------------------------------


def coded(found: Outcome, one: Case) -> dict[str, str]:
    """The code of each diagnosis by the id of its fact."""
    facts: tuple[Fact, ...] = (*one.chart.facts, *found.facts)
    return {
        fact.id: fact.fields["code"]
        for fact in facts
        if fact.entity == "diagnosis" and "code" in fact.fields
    }


def lonely(found: Outcome, codes: dict[str, str]) -> bool:
    """Whether some omission names no other diagnosis: it needs no cover."""
    return any(
        done.kind == "omit"
        and not {codes[bound.fact] for bound in firing.bound if bound.fact in codes} - {done.code}
        for firing in found.firings
        for done in firing.concluded
    )


def test_each_code_stands_once_and_what_holds_leads_to_what_is_reported():
    held = 0
    for seed, one, found, _ in pairs(by_engine):
        if found is None:
            continue
        states = {item.code: item for item in found.standing}
        assert len(states) == len(found.standing), seed
        reported = {item.code for item in found.standing if item.state == "reported"}
        assert len(found.sequence) == len(reported), seed
        assert set(found.sequence) == reported, seed
        codes = coded(found, one)
        if lonely(found, codes):
            continue
        for item in found.standing:
            if item.state != "possible":
                held += 1
                assert leads_to_reported(item.code, found, states, codes), (seed, item.code)
    assert held > 200


def leads_to_reported(code, found: Outcome, states, codes) -> bool:
    """Follow, from a code, the firings that decided its state."""
    seen, left = set(), [code]
    while left:
        one = left.pop()
        if one in seen or one not in states:
            continue
        seen.add(one)
        if states[one].state == "reported":
            return True
        for seq in states[one].by:
            firing = found.firings[seq]
            left += [codes[bound.fact] for bound in firing.bound if bound.fact in codes]
            left += [done.code for done in firing.concluded if done.code is not None]
    return False


def test_codes_of_every_family_are_reported_somewhere():
    seen = {code.value for found in outcomes(by_engine) if found for code in found.sequence}
    assert seen == set(CODES)
