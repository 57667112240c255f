"""Bad packs and their golden diagnostics; the register of codes; the two forms of output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dsl_golden import BAD, diagnose, sources

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import CODES, Diagnostic, Span, render
from codewarrant.dsl.pack import PackSource

CASES = sorted(BAD.glob("*.pack"))
SEVERAL = {
    "three-of-three": 3, "two-in-one-rule": 2, "0801-failing-example": 2,
    "0508-dictionary-line": 2, "0508-dictionary-many-lines": 12,
}  # fmt: skip


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_bad_pack_has_its_golden_diagnostics(path: Path, codes: InstalledCodes) -> None:
    found, text = diagnose(sources(path.read_text("utf-8")), codes)
    assert text == path.with_suffix(".txt").read_text("utf-8")
    assert len(found) == SEVERAL.get(path.stem, 1), "one cause, one message"
    for item in found:
        assert item.message[0].islower() or item.message[0] in "`0123456789"
        assert not item.message.endswith(".")


def test_every_registered_code_has_a_bad_pack() -> None:
    shown = "".join(path.read_text("utf-8") for path in BAD.glob("*.txt"))
    assert {code for code in CODES if code not in shown} == set()


def test_there_are_enough_broken_packs() -> None:
    assert len(CASES) >= 120


def test_every_golden_file_has_its_pack() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in CASES}


def test_a_broken_rule_does_not_hide_the_others(codes: InstalledCodes) -> None:
    packs = sources((BAD / "three-of-three.pack").read_text("utf-8"))
    checked = check_packs(packs, codes)
    assert [item.span.line for item in checked.diagnostics] == [9, 15, 17]
    assert [rule.rule.id for rule in checked.packs[0].rules] == ["p/fine"]


def test_a_broken_value_set_is_reported_once_and_not_where_it_is_used(
    codes: InstalledCodes,
) -> None:
    text = """pack p "P" version 1.0
  effective from 2026-01-01
source m "M"
value set bad "Bad" of icd10cm is { I10, , }
rule r "R"
  cites m "1"
  for each diagnosis d in bad
  when no diagnosis in bad
  then remove d because "x"
"""
    checked = check_packs([PackSource("p", {"p.rules": text.encode()})], codes)
    assert [item.code for item in checked.diagnostics] == ["CW0101"]


def test_a_file_that_is_not_text_is_named_with_its_line(codes: InstalledCodes) -> None:
    data = b'pack p "P" version 1.0\n  effective from 2026-01-01\n# \xff\n'
    (found,) = [
        item
        for item in check_packs([PackSource("p", {"p.rules": data})], codes).diagnostics
        if item.code == "CW0109"
    ]
    assert found.span.line == 3


def test_json_form_is_plain_and_complete() -> None:
    item = Diagnostic("CW0205", Span("a.rules", 3, 5, 3, 9), "there is no value set `x`", "help")
    form = json.loads(json.dumps(item.to_json()))
    assert form["place"] == {
        "file": "a.rules",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 9,
    }
    assert form["code"] == "CW0205"


def test_an_unregistered_code_is_refused() -> None:
    with pytest.raises(ValueError, match="unregistered"):
        Diagnostic("CW9999", Span("a", 1, 1, 1, 1), "x")


def test_the_caret_stands_under_the_fault() -> None:
    item = Diagnostic("CW0205", Span("a", 1, 9, 1, 12), "message")
    assert render(item, {"a": "d.code in ckd"}).splitlines()[2:] == [
        "  1 | d.code in ckd",
        "    |         ^^^",
    ]
