"""The packs of the repository: laid out, and shown by examples, condition by condition."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dsl_golden import LANGUAGE_PAGE

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.examples import Results, run_examples
from codewarrant.dsl.format import format_text
from codewarrant.dsl.pack import load_pack_dir

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((*REPOSITORY.glob("rulepacks/*/*.rules"), *REPOSITORY.glob("examples/**/*.rules")))
BLOCKS = re.findall(r"```rules\n(.*?)```", LANGUAGE_PAGE.read_text("utf-8"), re.S)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_rule_files_are_laid_out(path: Path) -> None:
    text = path.read_text("utf-8")
    assert format_text(path.name, text).text == text, "run codewarrant fmt"


@pytest.mark.parametrize("text", BLOCKS, ids=[block.split("\n")[0][:40] for block in BLOCKS])
def test_blocks_of_the_reference_page_are_laid_out(text: str) -> None:
    assert format_text("language.md", text).text == text


@pytest.fixture(scope="module")
def results(codes: InstalledCodes) -> Results:
    packs = [load_pack_dir(path) for path in sorted((REPOSITORY / "rulepacks").iterdir())]
    return run_examples(check_packs(packs, codes), codes, coverage=True)


@pytest.mark.slow
def test_every_rule_has_an_example_that_fires_and_one_that_does_not(results: Results) -> None:
    assert results.ok, results.diagnostics
    assert results.without_example == ()


@pytest.mark.slow
def test_conditions_that_no_example_shows_are_those_that_none_can(results: Results) -> None:
    """Sets that only say where to look in a table, codes that every statement has, and conditions
    that another rule always meets first: ``conditions_not_shown.txt``, one a line."""
    hidden = [
        f"{rule.rule}: {atom.text}"
        for rule in results.coverage
        for atom in rule.atoms
        if not atom.covered
    ]
    known = Path(__file__).with_name("conditions_not_shown.txt").read_text("utf-8").splitlines()
    assert hidden == known
