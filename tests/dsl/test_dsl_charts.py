"""The 63 charts of the specification, in the language itself, and the loop that it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import render
from codewarrant.dsl.examples import CaseResult, run_examples
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource, load_pack_dir

CHARTS = Path(__file__).parent / "charts"
ERRORS = "row-59"
"""The one row whose expected result is errors: it cannot be run."""

LOOP = """\
error[CW0701]: three rules wait for each other
  severe-sepsis       asks for the absence of R65.21
  septic-shock        adds R65.21, needs A40-A41
  sepsis-unspecified  adds A41.9, needs R65.2*
  severe-sepsis       adds R65.20
"""
LOOP_HELP = """\
  help: if `sepsis-unspecified` means what the chart says, write
        `for each documented diagnosis s` in it
"""


def folders() -> list[Path]:
    return sorted(path for path in CHARTS.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def checked(codes: InstalledCodes) -> Checked:
    return check_packs([load_pack_dir(path) for path in folders() if path.name != ERRORS], codes)


@pytest.fixture(scope="module")
def results(checked: Checked, codes: InstalledCodes) -> list[CaseResult]:
    return list(run_examples(checked, codes).cases)


def row_of(case: CaseResult) -> int:
    found = re.match(r"\d\d ", case.title)
    assert found, case.title
    return int(found.group())


def test_the_packs_have_no_diagnostics(checked: Checked) -> None:
    assert not checked.diagnostics, [render(item, checked.files) for item in checked.diagnostics]


def test_all_63_rows_are_there_by_number(results: list[CaseResult]) -> None:
    rows = sorted({row_of(case) for case in results} | {int(ERRORS.removeprefix("row-"))})
    assert rows == list(range(1, 64))


def test_every_chart_comes_to_what_is_expected(results: list[CaseResult]) -> None:
    missed = {case.title: case.missed for case in results if not case.passed}
    assert not missed
    assert len(results) == 63, "row 63 is two charts, row 59 is none"
    assert all(case.example.outcomes for case in results)


def test_a_chart_that_expects_something_else_fails(codes: InstalledCodes) -> None:
    """Each kind of expectation, turned round, is missed: the tests above can fail."""
    pack = load_pack_dir(CHARTS / "semantics")
    text = pack.files["charts.rules"].decode()
    turned = re.sub(r"reported (in order )?([A-Z])", r"reported \1Z00.00, \2", text)
    turned = turned.replace("expect no review", "expect review").replace(
        "expect nothing reported", "expect reported Z00.00"
    )
    files = {**pack.files, "charts.rules": turned.encode()}
    found = run_examples(check_packs([PackSource(pack.name, files)], codes), codes)
    changed = {
        case.title
        for case in found.cases
        if re.search(r"Z00\.00", str(case.example.outcomes))
        or any(item.kind == "review" for item in case.example.outcomes)
    }
    failed = {case.title for case in found.cases if not case.passed}
    assert len(changed) > 40
    already = {case for case in changed - failed if case[:2] in ("10", "27", "45", "56")}
    assert changed - failed == already, "only charts that expected review before"


def test_the_rows_that_conflict_name_both_rules(results: list[CaseResult]) -> None:
    conflicts = {
        row_of(case): {rule.split("/")[1] for item in case.outcome.conflicts for rule in item.rules}
        for case in results
        if case.outcome.conflicts
    }
    assert conflicts == {
        30: {"integral-symptom", "mutual"},
        46: {"htn-ckd", "payer-i10"},
        48: {"there", "back"},
        54: {"payer-order", "chapter-15-first"},
    }


def test_row_59_two_swaps_and_the_suspension_of_a_mandatory_rule_are_errors(
    codes: InstalledCodes,
) -> None:
    packs = [load_pack_dir(CHARTS / name) for name in ("semantics", ERRORS)]
    checked = check_packs(packs, codes)
    found = [*checked.diagnostics, *link(checked, codes).diagnostics]
    assert [(item.code, item.message) for item in found] == [
        ("CW0602", "the rule `outpatient-uncertain` is mandatory and cannot be overridden"),
        ("CW0605", "the actions of `semantics/htn-hf` are overridden twice in one period"),
    ]


def test_the_loop_is_told_as_the_specification_prints_it(codes: InstalledCodes) -> None:
    pack = load_pack_dir(CHARTS / "semantics")
    text = pack.files["additions.rules"].decode()
    looping = text.replace("for each documented diagnosis s in", "for each diagnosis s in")
    assert looping != text
    files = {**pack.files, "additions.rules": looping.encode()}
    checked = check_packs([PackSource(pack.name, files)], codes)
    assert checked.ok
    (found,) = link(checked, codes).diagnostics
    told = render(found, checked.files) + "\n"
    assert told.startswith(LOOP)
    assert told.endswith(LOOP_HELP)


def test_rows_of_semantics_only_say_so() -> None:
    for number in (47, 49, 50):
        text = (CHARTS / f"row-{number}" / "pack.rules").read_text("utf-8")
        assert "# Semantics only" in text
    combinations = (CHARTS / "semantics" / "combinations.rules").read_text("utf-8")
    assert "# Semantics only" in combinations.split("rule septic-shock")[0][-120:]
