"""A check with the memory of earlier ones says what a first check says, whatever is edited."""

from __future__ import annotations

import random

import pytest
from dsl_golden import good, page_packs
from test_language_fuzz import mutate

from codewarrant.dsl.cache import Memory, moved
from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource
from codewarrant.dsl.parse import parse_file


def facts_of(checked: Checked) -> list[object]:
    """All that a check says, without the identity of its nodes."""
    return [
        checked.diagnostics,
        checked.files,
        [
            (
                pack.name,
                pack.block,
                [(rule.rule, rule.block, rule.scope.names is pack.names) for rule in pack.rules],
                pack.changes,
                pack.cases,
                pack.extends,
                pack.broken,
            )
            for pack in checked.packs
        ],
    ]


@pytest.mark.parametrize("seed", range(12))
def test_a_check_after_edits_equals_a_first_check(seed: int, codes: InstalledCodes) -> None:
    rng = random.Random(seed)
    packs = rng.choice([good, page_packs])()
    memory = Memory()
    check_packs(packs, codes, memory)
    for _ in range(6):
        edited = list(packs)
        which = rng.randrange(len(edited))
        pack = edited[which]
        name = rng.choice(sorted(pack.files))
        text = pack.files[name].decode()
        changed = f"# a line\n\n{text}" if rng.random() < 0.3 else mutate(text, rng)
        edited[which] = PackSource(pack.name, {**pack.files, name: changed.encode()})
        warm, cold = check_packs(edited, codes, memory), check_packs(edited, codes)
        assert facts_of(warm) == facts_of(cold)
        if cold.ok:
            assert link(warm, codes).program.sha256 == link(cold, codes).program.sha256
        if rng.random() < 0.5:
            packs = edited


EDITS = {
    "a set": ('"CKD" of icd10cm is { N18.* }', '"CKD" of icd10cm is { N17.* }'),
    "a set in a set": ("is { E11.* }", "is { E13.* }"),
    "a parameter": ("from 2026-01-01 is 4", "from 2026-01-01 is 5"),
    "the pack's dates": ("through 2026-12-31", "through 2026-11-30"),
    "a source": ('source m "Manual"', 'source m "Handbook"'),
    "a definition": ('d.certainty is "probable"', 'd.certainty is "suspected"'),
    "when the pack applies": ('payer.id is "x"', 'payer.id is "y"'),
    "a line above": ("value set ckd", "\n\n# more\nvalue set ckd"),
}
PACK = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
  applies when payer.id is "x"
source m "Manual"
value set ckd "CKD" of icd10cm is { N18.* }
value set diabetes "Diabetes" of icd10cm is { E11.* }
value set chronic "Chronic" of icd10cm is { ckd, diabetes }
parameter most "Most" of integer
  from 2026-01-01 is 4
derive doubtful "Not certain" for diagnosis d when d.certainty is "probable"

rule one "One"
  cites m "1"
  for each diagnosis d in chronic
  when d.doubtful
  then remove d because "x"
  example "x" given diagnosis: code N18.6, certainty probable
    fires

rule two "Two"
  cites m "2"
  for each line l
  when l.units > most
  then deny l with reason "CO-151" because "x"
  example "x" given line l: code 99213, units 6
    fires
"""


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_rules_follow_what_they_name(edit: str, codes: InstalledCodes) -> None:
    old, new = EDITS[edit]
    assert old in PACK
    memory = Memory()
    first = check_packs([PackSource("p", {"p.rules": PACK.encode()})], codes, memory)
    assert first.ok, first.diagnostics
    source = PackSource("p", {"p.rules": PACK.replace(old, new).encode()})
    warm, cold = check_packs([source], codes, memory), check_packs([source], codes)
    assert facts_of(warm) == facts_of(cold)
    changed = [rule.rule for rule in warm.packs[0].rules] != [r.rule for r in first.packs[0].rules]
    assert changed == (edit not in ("a line above", "a parameter"))


def test_a_table_that_changes_is_read_again(codes: InstalledCodes) -> None:
    packs = good()
    memory = Memory()
    assert check_packs(packs, codes, memory).ok
    pack = next(item for item in packs if any(name.endswith(".csv") for name in item.files))
    name = next(name for name in sorted(pack.files) if name.endswith(".csv"))
    edited = [
        PackSource(pack.name, {**pack.files, name: pack.files[name] + b"\n"}) if it is pack else it
        for it in packs
    ]
    warm = check_packs(edited, codes, memory)
    assert facts_of(warm) == facts_of(check_packs(edited, codes))
    assert [item.code for item in warm.diagnostics] == ["CW0507"]


def test_other_code_sets_forget_everything(codes: InstalledCodes) -> None:
    memory = Memory()
    check_packs(good(), codes, memory)
    bare = InstalledCodes({})
    assert facts_of(check_packs(good(), bare, memory)) == facts_of(check_packs(good(), bare))


def test_a_moved_block_is_what_it_would_be_if_it_were_parsed_there() -> None:
    for pack in (*good(), *page_packs()):
        for name in pack.rule_files:
            data = pack.files[name]
            here, there = parse_file(name, data)[0], parse_file(name, b"\n\n\n" + data)[0]
            assert tuple(moved(node, 3) for node in here.blocks) == there.blocks
