"""The packs of the repository and the blocks of the reference page are in the one layout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dsl_golden import LANGUAGE_PAGE

from codewarrant.dsl.format import format_text

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
