"""The hard edits of a set of codes, and how often they fire on what coders assigned."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from codewarrant.codesets import CodeSet
from codewarrant.codesets.conventions_edits import HardEdit

SHARED = os.environ.get("CODEWARRANT_SHARED", "")
CHARTS = Path(SHARED) / "corpora" / "mdace" / "dev_codesets.jsonl"
SINCE, UNTIL = date(2015, 10, 1), date(2022, 9, 30)


def hard(icd10: CodeSet, *codes: str) -> tuple[HardEdit, ...]:
    return icd10.conventions.hard_edits(codes, SINCE, UNTIL)


def test_a_sound_set_has_no_hard_edit(icd10: CodeSet) -> None:
    assert hard(icd10, "E11.22", "N18.30", "I12.9", "Z79.4", "S52.501A", "R05") == ()


def test_a_code_valid_on_no_day_of_the_period_is_invalid(icd10: CodeSet) -> None:
    """A header, a code of another year, one that does not exist, and none at all."""
    edits = hard(icd10, "E11", "C88.21", "E11.99", "hello")
    assert [(item.edit, item.codes) for item in edits] == [
        ("invalid", ("C88.21",)),
        ("invalid", ("E11",)),
        ("invalid", ("E11.99",)),
        ("invalid", ("hello",)),
    ]
    assert icd10.conventions.hard_edits(["C88.21"]) == ()


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("S52.501", "S52.501A"),
        ("S52501Z", "S52.501A"),
        ("S01.01A", "S01.01XA"),
        ("T36.0X1", "T36.0X1A"),
        ("M8000A", "M80.00XA"),
        ("I10XXXA", "I10"),
    ],
)
def test_a_7th_character_out_of_form_is_told_with_the_right_forms(
    icd10: CodeSet, code: str, first: str
) -> None:
    (edit,) = hard(icd10, code)
    assert edit.edit == "seventh"
    assert edit.right[0] == first


def test_a_pair_is_told_once_with_its_note(icd10: CodeSet) -> None:
    (edit,) = hard(icd10, "E11.9", "E10.9")
    assert edit.edit == "excludes1"
    assert edit.codes == ("E10.9", "E11.9")
    assert edit.note is not None
    assert (edit.note.source, edit.note.text) == ("E10", "type 2 diabetes mellitus (E11.-)")


def test_an_excludes1_in_doubt_is_no_hard_edit(icd10: CodeSet) -> None:
    assert hard(icd10, "K57.30", "K92.2") == ()
    assert [item.codes for item in hard(icd10, "K57.31", "K92.2")] == [("K92.2", "K57.31")]


@pytest.mark.skipif(not CHARTS.is_file(), reason="CODEWARRANT_SHARED is not set: no coded charts")
def test_hard_edits_fire_on_at_most_two_percent_of_what_coders_assigned(
    icd10: CodeSet,
) -> None:
    """282 charts, 920 notes, in no order and without dates; ``-s`` shows the table."""
    notes = assigned = 0
    fired: Counter[str] = Counter()
    about: Counter[str] = Counter()
    soft: Counter[str] = Counter()
    touched = literal = 0
    shares = 0.0
    for line in CHARTS.read_text().splitlines():
        for note in json.loads(line)["notes"]:
            codes = {item["code"] for item in note["codes"] if item["system"] == "ICD-10-CM"}
            notes += 1
            assigned += len(codes)
            edits = icd10.conventions.hard_edits(codes, SINCE, UNTIL)
            fired.update(item.edit for item in edits)
            for item in edits:
                about[item.edit] += len(item.codes)
            here = len({code for item in edits for code in item.codes})
            touched += here
            shares += here / len(codes) if codes else 0.0
            excluding = icd10.conventions.exclusions(codes) or ()
            firsts = [item for item in excluding if item.kind == "excludes1"]
            literal += len({code for item in firsts for code in (item.code, item.other)})
            pairs = {frozenset((item.code, item.other)): item.soft for item in firsts if item.soft}
            soft.update(reason for reasons in pairs.values() for reason in reasons)
    lines = [f"{notes} notes, {assigned} codes"]
    for edit in ("invalid", "seventh", "excludes1"):
        share = about[edit] / assigned
        lines.append(f"{edit:10} {fired[edit]:4} edits on {about[edit]:4} codes ({share:.2%})")
    lines.append(f"all        {sum(fired.values()):4} edits on {touched:4} codes")
    lines.append(f"share of the codes with a hard edit: {touched / assigned:.2%}")
    lines.append(f"mean over the notes: {shares / notes:.2%}")
    lines.append(f"share of the codes in any Excludes1: {literal / assigned:.2%}")
    lines.append(f"Excludes1 pairs held back, by reason: {dict(sorted(soft.items()))}")
    print("\n" + "\n".join(lines))
    assert notes == 920
    assert assigned > 5_000
    assert fired["excludes1"] > 0
    assert touched / assigned <= 0.02 < literal / assigned
    assert shares / notes <= 0.02
