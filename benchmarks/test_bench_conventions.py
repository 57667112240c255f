"""Every exclusion among the 25 diagnoses of a claim, beside reading the notes of each pair.

The peer is what one would write without an index: for each ordered pair of codes, the notes that
bear on the first, and in their text the codes that name the second. Both find the same pairs, which
is checked before anything is timed. Times are of the processor.
"""

from __future__ import annotations

import random
import time
from datetime import date

import pytest

from codewarrant.codesets import ICD10CM, load
from codewarrant.codesets.conventions_references import read

pytestmark = pytest.mark.benchmark(
    group="exclusions among 25 diagnoses", warmup=True, min_rounds=5, timer=time.process_time
)
ON = date(2026, 7, 1)


@pytest.fixture(scope="module")
def release():
    return load(ICD10CM)


@pytest.fixture(scope="module")
def claim(release):
    return random.Random(5).sample(list(release.codes(ON)), 25)


def by_reading(release, claim):
    found = set()
    for code in claim:
        own = release.position(code)
        for note in (*release.notes(code, "excludes1"), *release.notes(code, "excludes2")):
            reference = read(note.text)
            named = [
                other
                for other in claim
                if any(
                    release.interval(first)[0]
                    <= release.position(other)
                    <= release.interval(last)[1]
                    for first, last in reference.spans
                    if first in release and last in release
                )
                and (
                    reference.narrowing is None
                    or reference.narrowing.admits(other.replace(".", ""))
                )
            ]
            if all(release.position(other) != own for other in named):
                found |= {(code, other) for other in named}
    return found


def test_notes_read_pair_by_pair(benchmark, release, claim):
    indexed = release.conventions.exclusions(claim, ON)
    assert by_reading(release, claim) == {(item.code, item.other) for item in indexed}
    benchmark(by_reading, release, claim)


def test_notes_indexed(benchmark, release, claim):
    assert benchmark(release.conventions.exclusions, claim, ON)
