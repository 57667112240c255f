"""A whole quarter of NCCI, answered as a plain scan of its files answers."""

from __future__ import annotations

import os
import random
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from ncci_files import write_pairs

from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_files
from codewarrant.codesets.releases.store import Store

SHARED = os.environ.get("CODEWARRANT_SHARED")
FLAT = Path(SHARED or ".") / "codesets" / "ncci_2024q3" / "ncci_ptp_prac_flat.csv.gz"
PTP = "ncci-ptp-practitioner"
PAIRS = 100_000
FIRST, LAST = date(1996, 1, 1), date(2024, 9, 30)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED names no folder of tables"),
]


def scanned(files: Path, asked: list[tuple[str, str, date]]) -> list[str | None]:
    """The modifier indicator of each pair on its day, from reading every line."""
    wanted: dict[tuple[str, str], list[int]] = {}
    for at, (one, two, _) in enumerate(asked):
        wanted.setdefault((one, two), []).append(at)
    days = [day.strftime("%Y%m%d") for _, _, day in asked]
    told: list[str | None] = [None] * len(asked)
    for path in sorted(files.glob("*.TXT")):
        for line in path.read_text(encoding="cp1252").splitlines()[3:]:
            one, two, _, start, end, indicator, _ = line.split("\t")
            for at in wanted.get((one, two), ()):
                if start <= days[at] and (end == "*" or days[at] <= end) and start != end:
                    assert told[at] is None
                    told[at] = indicator
    return told


def test_a_hundred_thousand_pairs_are_answered_as_a_scan_answers(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    assert write_pairs(FLAT, files) > 2_500_000
    import_files(tmp_path / "store", [files], Asked())
    store = Store(tmp_path / "store")
    chance = random.Random(5)
    there = [row.id.partition("@")[0].split("|") for row in store.rows(store.of(PTP)[0])]
    codes = sorted({code for pair in there for code in pair})
    asked = []
    for at in range(PAIRS):
        one, two = chance.choice(there) if at % 2 else (chance.choice(codes), chance.choice(codes))
        day = FIRST + timedelta(days=chance.randrange((LAST - FIRST).days + 1))
        asked.append((one, two, day))
    del there
    keys = [{"column1": one, "column2": two} for one, two, _ in asked]
    answers = store.lookup(PTP, keys, [day for _, _, day in asked])
    told = [None if not rows else str(rows[0].columns["modifier_indicator"]) for rows in answers]
    assert all(rows is not None and len(rows) < 2 for rows in answers)
    assert told == scanned(files, asked)
    assert 10_000 < sum(item is not None for item in told) < PAIRS
