"""The reference page: every fenced snippet says how it is checked, and is."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from dsl_golden import LANGUAGE_PAGE, page_packs

from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import render
from codewarrant.dsl.examples import run_examples
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.canonical import sha256

PAGE = LANGUAGE_PAGE.read_text("utf-8")
FENCE = re.compile(
    r"(?:<!-- (?P<marker>(?:(?!-->).)*?) ?-->\n)?```(?P<tag>\w*)\n(?P<text>.*?)```", re.S
)
KINDS = ("pack", "blocks", "given", "expect", "conditions", "actions")

BINDERS = "for each diagnosis d, diagnosis k, line l, finding f, authorization a"


@dataclass(frozen=True)
class Snippet:
    kind: str
    name: str
    files: dict[str, bytes]
    text: str
    line: int


def snippets() -> list[Snippet]:
    out = []
    for hit in FENCE.finditer(PAGE):
        line = PAGE.count("\n", 0, hit.start()) + 1
        head, _, rest = (hit["marker"] or "").partition("; ")
        kind, _, name = head.partition(": ")
        files = {}
        if rest:
            path, _, rows = rest.partition(": ")
            files[path] = f"{rows.strip()}\n".encode()
        text = hit["text"]
        for data in files.values():
            text = text.replace("SHA256", sha256(data))
        out.append(Snippet(kind, name, files, text, line))
    return out


def of(kind: str) -> list[Snippet]:
    return [item for item in snippets() if item.kind == kind]


def lines(kind: str) -> list[str]:
    (one,) = of(kind)
    return [line.split("  #")[0].rstrip() for line in one.text.splitlines() if line.strip()]


def checked(text: str, codes: InstalledCodes, files: dict[str, bytes] | None = None) -> Checked:
    """The page's national pack and, on it, a pack of the given text."""
    head = (
        'pack snippet "S" version 1.0\n  extends sample-national at 2026.1\n'
        "  effective from 2025-10-01 through 2026-09-30\n"
        'parameter filing-limit "Days" of duration\n  from 2025-10-01 is 90 days\n'
    )
    (national,) = (pack for pack in page_packs() if pack.name == "national")
    source = PackSource("snippet", {**(files or {}), "pack.rules": (head + text).encode()})
    return check_packs([national, source], codes)


def told(found: Checked) -> str:
    return "\n".join(render(item, found.files) for item in found.diagnostics)


def test_every_fenced_snippet_says_how_it_is_checked() -> None:
    assert PAGE.count("```") == 2 * len(snippets())
    unknown = [item.line for item in snippets() if item.kind not in KINDS]
    assert not unknown, f"lines without a marker: {unknown}"
    assert len(of("blocks")) >= 7


@pytest.mark.parametrize("item", of("blocks"), ids=lambda item: f"line-{item.line}")
def test_blocks_are_read_in_a_pack_on_the_national_one(
    item: Snippet, codes: InstalledCodes
) -> None:
    found = checked(item.text, codes, item.files)
    assert found.ok, told(found)
    linked = link(found, codes)
    assert linked.ok, linked.diagnostics
    results = run_examples(found, codes)
    mine = [case for case in results.cases if case.pack == "snippet"]
    assert {case.title: case.missed for case in mine if not case.passed} == {}


def test_all_packs_of_the_page_are_clean_and_their_examples_hold(codes: InstalledCodes) -> None:
    packs = page_packs()
    assert len(packs) == len(of("pack")) == 4
    found = check_packs(packs, codes)
    assert not found.diagnostics, told(found)
    assert not link(found, codes).diagnostics
    results = run_examples(found, codes)
    assert {case.title: case.missed for case in results.cases if not case.passed} == {}


@pytest.mark.parametrize("condition", lines("conditions"))
def test_each_condition_is_read_and_typed(condition: str, codes: InstalledCodes) -> None:
    found = checked(
        f'rule r "R"\n  cites ocg26 "1"\n  {BINDERS}\n  when {condition}\n'
        '  then route to review because "x"\n',
        codes,
    )
    assert found.ok, told(found)


@pytest.mark.parametrize("action", lines("actions"))
def test_each_action_is_read_and_typed(action: str, codes: InstalledCodes) -> None:
    found = checked(f'rule r "R"\n  cites ocg26 "1"\n  {BINDERS}\n  then {action}\n', codes)
    assert found.ok, told(found)


@pytest.mark.parametrize("given", lines("given"))
def test_each_given_line_is_read(given: str, codes: InstalledCodes) -> None:
    found = checked(
        f'test "t" on 2026-02-03\n  given {given}\n        diagnosis x: code R05.9\n'
        "  expect no conflict\n",
        codes,
    )
    assert found.ok, told(found)
    results = run_examples(found, codes)
    assert [case.passed for case in results.cases if case.pack == "snippet"] == [True]


@pytest.mark.parametrize("outcome", lines("expect"))
def test_each_expectation_is_read_and_answered(outcome: str, codes: InstalledCodes) -> None:
    found = checked(
        'test "t" on 2026-02-03\n  given claim: kind "professional"\n'
        f"        line l: code 93306\n  expect {outcome}\n",
        codes,
    )
    assert found.ok, told(found)
    (case,) = [item for item in run_examples(found, codes).cases if item.pack == "snippet"]
    assert case.passed or case.missed[0].expected == outcome


def test_the_generated_part_is_that_of_the_schema() -> None:
    path = Path(__file__).parents[2] / "scripts" / "build_language_reference.py"
    spec = importlib.util.spec_from_file_location("build_language_reference", path)
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.with_reference(PAGE) == PAGE, "run scripts/build_language_reference.py"
    assert script.main(["--check"]) == 0
