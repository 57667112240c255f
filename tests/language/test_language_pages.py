"""Every diagnostic has a page; its wrong snippet gives that diagnostic, its right one none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dsl_golden import PAGES, diagnose, page_parts, sources

from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import CODES

FOUND = sorted(PAGES.glob("CW*.md"))


def test_no_code_is_without_a_page_and_no_page_without_a_code() -> None:
    assert [path.stem for path in FOUND] == sorted(CODES)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_a_page_says_what_happened_why_it_matters_and_how_it_is_written(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.stem}: {CODES[path.stem]}\n\n")
    assert re.findall(r"^## (.+)", text, re.M) == ["Why it matters", "Wrong", "Right"]
    for part in re.split(r"^#.*\n", text, flags=re.M)[1:]:
        assert len(part.strip()) >= 20


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_the_wrong_snippet_gives_its_code_only(path: Path, codes: InstalledCodes) -> None:
    wrong, said, _ = page_parts(path)
    found, text = diagnose(sources(wrong), codes)
    assert [item.code for item in found] == [path.stem]
    assert text == said


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_the_right_snippet_gives_nothing(path: Path, codes: InstalledCodes) -> None:
    found, text = diagnose(sources(page_parts(path)[2]), codes)
    assert not found, text
