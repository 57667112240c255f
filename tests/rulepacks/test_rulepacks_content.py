"""What every shipped rule must have: a source, dates, examples both ways, codes that exist."""

from __future__ import annotations

import csv
import os
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from codewarrant import codesets
from codewarrant.codesets import Status
from codewarrant.dsl.check import Checked
from codewarrant.dsl.examples import Results
from codewarrant.dsl.link import Linked
from codewarrant.engine.conditions import Const
from codewarrant.engine.program import STAGES, Assign, Replace, Rule
from codewarrant.engine.reads import actions_of
from codewarrant.engine.values import Code

PACKS = Path(__file__).parents[2] / "rulepacks"

WRONG = {
    ("I.C.21.c.1", "Z68"),
    ("I.C.21.c.15", "Z79"),
    ("I.C.18.a", "A41"),
    ("I.C.15.b.1", "O10"),
    ("I.C.4.a.6", "E11.22"),
}
"""Citations in circulation that are wrong: the section and what it does not speak of."""


def shipped(linked: Linked) -> list[Rule]:
    return list(linked.program.rules)


def test_packs_check_and_link_without_a_word(checked: Checked, linked: Linked) -> None:
    """No error, no warning, no rules that wait for each other."""
    said = [f"{d.span.file}:{d.span.line} {d.message}" for d in checked.diagnostics]
    said += [d.message for d in linked.diagnostics]
    assert said == []


def test_examples_and_tests_pass(results: Results) -> None:
    """Every example under a rule and every test of whole charts comes out as written."""
    failed = [
        f"{case.pack}/{case.rule} `{case.title}`: {case.missed}"
        for case in results.cases
        if not case.passed
    ]
    assert failed == []
    assert len(results.cases) > 300


def test_each_rule_is_shown_firing_and_not_firing(results: Results, linked: Linked) -> None:
    """A rule's own examples show both, so that its handbook page does."""
    fired, silent = set(), set()
    for case in results.cases:
        if case.rule:
            id = f"{case.pack}/{case.rule}"
            (fired if any(f.rule == id for f in case.outcome.firings) else silent).add(id)
    ids = {rule.id for rule in shipped(linked)}
    assert ids - fired == set()
    assert ids - silent == set()


def test_each_rule_has_a_source_and_dates(linked: Linked) -> None:
    bare = [r.id for r in shipped(linked) if not r.cites or r.window.start is None]
    assert bare == []


def test_there_are_enough_rules(linked: Linked) -> None:
    """The first cut covers conventions, section IV and the chapter rules of the card."""
    count: dict[str, int] = defaultdict(int)
    for rule in shipped(linked):
        count[rule.pack] += 1
    assert count["icd10cm"] >= 35
    assert min(count.values()) >= 3


def test_known_wrong_citations_are_not_copied(linked: Linked) -> None:
    for rule in shipped(linked):
        concluded = [
            action.code.value.value
            for action in actions_of(rule)
            if isinstance(action, Assign | Replace)
            and isinstance(action.code, Const)
            and isinstance(action.code.value, Code)
        ]
        for cite in rule.cites:
            for section, stem in WRONG:
                wrong = cite.section == section and any(c.startswith(stem) for c in concluded)
                assert not wrong, f"{rule.id} cites {section} for {stem}"


def test_cited_sections_are_known_sections(linked: Linked) -> None:
    """Each guideline section that a rule cites stands in the outline of the guidelines."""
    shared = os.environ.get("CODEWARRANT_SHARED")
    if shared is None:
        pytest.skip("CODEWARRANT_SHARED is not set: the outline of the guidelines is not at hand")
    outline = Path(shared) / "design" / "guidelines" / "guideline-sections.csv"
    with outline.open(newline="", encoding="utf-8") as lines:
        known = {row["id"] for row in csv.DictReader(lines)}
    cited = {
        cite.section
        for rule in shipped(linked)
        for cite in (*rule.cites, *(c for one in rule.exceptions for c in one.cites))
        if cite.source == "icd10cm/ocg"
    }
    assert cited - known == set()


def test_concluded_codes_are_reportable(linked: Linked) -> None:
    """A code that a rule names in an action is complete on some date, never a header."""
    releases = {system: codesets.load(system) for system in codesets.SYSTEMS}
    for rule in shipped(linked):
        for action in actions_of(rule):
            if not isinstance(action, Assign | Replace) or not isinstance(action.code, Const):
                continue
            code = action.code.value
            assert isinstance(code, Code)
            assert releases[code.system].windows(code.value), f"{rule.id} concludes {code.value}"


CODE_SHAPE = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?")


@pytest.mark.parametrize("path", sorted((PACKS / "icd10cm").rglob("*.csv")), ids=lambda p: p.stem)
def test_table_codes_exist(path: Path) -> None:
    """Every code in a table is or was a code or a header; the rows are sorted and unique."""
    release = codesets.load("icd10cm")
    with path.open(newline="", encoding="utf-8") as lines:
        header, *rows = list(csv.reader(lines))
    assert header
    assert len({tuple(row) for row in rows}) == len(rows)
    cells = {cell for row in rows for cell in row if CODE_SHAPE.fullmatch(cell)}
    unknown = {c for c in cells if release.status(c, None) is Status.UNKNOWN}
    assert unknown == set()


def test_the_payer_concludes_no_diagnosis(linked: Linked) -> None:
    """A payer's pack edits claims; what is diagnosed follows the national rules."""
    late = STAGES[STAGES.index("line") :]
    assert {r.stage for r in shipped(linked) if r.pack == "demo-payer"} <= set(late)


CONCLUDED = {
    "diabetic_complications": "combination",
    "sepsis_organisms": "code",
    "pneumonia_organisms": "code",
    "organism_codes": "code",
    "pregnancy_conditions": "code",
    "trimesters": "code",
    "seventh_characters": "code",
    "bmi_codes": "code",
    "gestation_weeks": "code",
    "history_codes": "code",
    "family_history_codes": "code",
}
"""Tables whose codes rules assign, and the column that holds them."""


@pytest.mark.parametrize("name", sorted(CONCLUDED))
def test_assigned_table_codes_are_complete_throughout(name: str) -> None:
    """The tables have no dates, so their codes must be reportable from the pack's first day to the
    last fiscal year that the release knows."""
    release = codesets.load("icd10cm")
    path = PACKS / "icd10cm" / "tables" / f"{name}.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        given = {row[CONCLUDED[name]] for row in csv.DictReader(lines)}
    for on in (date(2015, 10, 1), date(2026, 9, 30)):
        assert {code for code in given if release.status(code, on) is not Status.VALID} == set()
