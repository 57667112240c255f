"""New packs and rules are correct at once: checked, laid out, tested both ways."""

from __future__ import annotations

import re

import pytest

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.examples import run_examples
from codewarrant.dsl.format import format_text
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource
from codewarrant.dsl.scaffold import BadName, check_name, new_pack, new_rule

BASE = PackSource(
    "base",
    {
        "pack.rules": b'pack base "Base" version 3.1\n'
        b"  effective from 2026-01-01 through 2026-12-31\n"
        b'source manual "Manual"\n'
    },
)


def source(files: dict[str, str]) -> PackSource:
    return PackSource("mine", {name: text.encode() for name, text in files.items()})


@pytest.mark.parametrize("payer", ["", "PLAN01"])
@pytest.mark.parametrize("extends", [(), (("base", "3.1"),)])
def test_a_new_pack_checks_clean_and_its_examples_show_every_condition(
    payer: str, extends: tuple[tuple[str, str], ...], codes: InstalledCodes
) -> None:
    files = new_pack("mine", 2026, extends, payer)
    checked = check_packs([source(files), *([BASE] if extends else [])], codes)
    assert checked.diagnostics == ()
    assert link(checked, codes).diagnostics == ()
    results = run_examples(checked, codes, ["mine"], coverage=True)
    assert results.ok, results.diagnostics
    assert results.without_example == ()
    (rule,) = results.coverage
    assert rule.covered == len(rule.atoms) >= 3


@pytest.mark.parametrize("of_lines", [False, True])
def test_a_new_rule_checks_clean_beside_the_pack(of_lines: bool, codes: InstalledCodes) -> None:
    files = new_pack("mine", 2026, payer="PLAN01" if of_lines else "")
    files["second.rules"] = new_rule("second", "manual", of_lines)
    checked = check_packs([source(files)], codes)
    assert checked.diagnostics == ()
    results = run_examples(checked, codes, coverage=True)
    assert results.ok, results.diagnostics
    assert all(rule.covered == len(rule.atoms) for rule in results.coverage)


@pytest.mark.parametrize("payer", ["", "PLAN01"])
def test_what_is_new_is_in_the_one_layout(payer: str) -> None:
    texts = [*new_pack("mine", 2026, (), payer).values(), new_rule("r", "manual", bool(payer))]
    for text in texts:
        assert format_text("new", text).text == text


def test_a_new_pack_bears_no_reminders() -> None:
    for text in (*new_pack("mine", 2026).values(), *new_pack("mine", 2026, (), "P").values()):
        assert not re.search(r"\b(todo|fixme|xxx)\b", text, re.I)
        assert "#" in text


@pytest.mark.parametrize("name", ["My Rule", "9lives", "a-", "", "x\ny", "x #", "Über"])
def test_a_name_that_the_language_refuses_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        check_name("rule", name)
    with pytest.raises(BadName):
        new_rule(name, "manual")


@pytest.mark.parametrize("name", ["visits", "visits-a-day", "x9", "a_b"])
def test_a_name_of_the_language_is_taken(name: str) -> None:
    check_name("rule", name)
    check_name("pack", name)


@pytest.mark.parametrize("payer", ['A"B', "A\nB", "{x}"])
def test_a_payer_id_that_cannot_stand_in_quotes_is_refused(payer: str) -> None:
    with pytest.raises(BadName, match="payer id"):
        new_pack("mine", 2026, (), payer)
