"""A national pack and a payer's pack on it: clean, in the one layout, each rule shown both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.examples import Results, run_examples
from codewarrant.dsl.format import format_text
from codewarrant.dsl.link import link
from codewarrant.dsl.overrides import RuleChange
from codewarrant.dsl.pack import load_pack_dir

PACKS = Path(__file__).parent / "packs"
CHARTS = Path(__file__).parent / "charts"
FORMS = Path(__file__).parent / "forms"


@pytest.fixture(scope="module")
def checked(codes: InstalledCodes) -> Checked:
    return check_packs([load_pack_dir(path) for path in sorted(PACKS.iterdir())], codes)


@pytest.fixture(scope="module")
def results(checked: Checked, codes: InstalledCodes) -> Results:
    return run_examples(checked, codes)


def test_they_have_no_diagnostics(checked: Checked, codes: InstalledCodes) -> None:
    assert [pack.name for pack in checked.packs] == ["us-national", "acme-commercial"]
    assert not checked.diagnostics
    assert not link(checked, codes).diagnostics


def test_every_example_and_test_comes_to_what_it_says(results: Results) -> None:
    assert len(results.cases) > 50
    assert {case.title: case.missed for case in results.cases if not case.passed} == {}


def test_every_rule_is_shown_firing_and_not_firing(results: Results) -> None:
    assert results.without_example == ()


@pytest.mark.parametrize(
    "path",
    sorted(file for root in (PACKS, CHARTS, FORMS) for file in root.rglob("*.rules")),
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_every_file_has_the_one_layout(path: Path) -> None:
    text = path.read_text("utf-8")
    assert format_text(path.name, text).text == text


def test_hypertension_has_a_code_for_each_company_it_keeps(results: Results) -> None:
    """I11.0, I12.0, I12.9, I13.0 and I13.2 all come of some example."""
    reported = {code.value for case in results.cases for code in case.outcome.sequence}
    assert {"I11.0", "I12.0", "I12.9", "I13.0", "I13.2"} <= reported


def test_no_rule_tests_the_order_that_rules_decide(checked: Checked) -> None:
    for name, text in checked.files.items():
        assert ".sequence" not in text, name


def test_every_form_of_the_language_runs_as_its_examples_say(codes: InstalledCodes) -> None:
    """Aggregates, money, months, notes, exceptions, dated sets and tables, all overrides."""
    checked = check_packs([load_pack_dir(path) for path in sorted(FORMS.iterdir())], codes)
    assert not checked.diagnostics
    results = run_examples(checked, codes)
    assert {case.title: case.missed for case in results.cases if not case.passed} == {}
    assert results.without_example == ()
    assert {
        change.kind
        for pack in checked.packs
        for change in pack.changes
        if isinstance(change, RuleChange)
    } == {"suspend", "narrow", "swap"}
