"""A program kept as bytes runs like the one that was planned; other bytes are refused."""

from __future__ import annotations

import hashlib
import marshal
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from random import Random

import pytest
from charts_under_test import ROWS
from program_builder import CLOCKS, Facts, program
from rules_under_test import RULES, relations

from codewarrant.engine.canonical import digest
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.run import run
from codewarrant.engine.stored import Damaged, from_bytes, to_bytes
from codewarrant.engine.trace import Chart

LOADED = load(program(*RULES))
DATA = to_bytes(LOADED, "key")
CHARTS = [Chart(tuple(row.facts(Facts())), CLOCKS, row.supplied, relations()) for row in ROWS]


def digests(loaded: Loaded) -> list[str]:
    return [digest(run(loaded, chart)) for chart in CHARTS]


def digest_of(number: int) -> str:
    """Runs in a worker process, on what its parent had loaded."""
    return digest(run(LOADED, CHARTS[number]))


def test_what_is_read_back_is_equal_and_runs_the_same():
    found = from_bytes(DATA, "key")
    assert found.program == LOADED.program
    assert found.program.sha256 == LOADED.program.sha256
    assert found.layout == LOADED.layout
    assert digests(found) == digests(LOADED)


def test_equal_programs_have_equal_bytes():
    shuffled = Random(3).sample(RULES, len(RULES))
    assert to_bytes(load(LOADED.program), "key") == DATA
    assert to_bytes(from_bytes(DATA, "key"), "key") == DATA
    assert load(program(*shuffled)).layout == LOADED.layout


@pytest.mark.parametrize("at", [0, 31, 32, len(DATA) // 2, len(DATA) - 1])
def test_one_changed_byte_is_refused(at):
    spoiled = DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :]
    with pytest.raises(Damaged, match="damaged"):
        from_bytes(spoiled, "key")


@pytest.mark.parametrize("data", [b"", DATA[:40], DATA[:-1]], ids=["empty", "head", "cut"])
def test_a_part_of_a_file_is_refused(data):
    with pytest.raises(Damaged):
        from_bytes(data, "key")


def test_another_programs_bytes_are_refused():
    with pytest.raises(Damaged, match="another one"):
        from_bytes(DATA, "other")


@pytest.mark.parametrize(
    "form",
    [(), 7, ("0", "key", (), (), 0), (*marshal.loads(DATA[32:])[:2], (), ((3, 9),), 0)],
    ids=["nothing", "a number", "another format", "parts that are not there"],
)
def test_whole_bytes_of_something_else_are_refused(form):
    body = marshal.dumps(form)
    with pytest.raises(Damaged):
        from_bytes(hashlib.sha256(body).digest() + body, "key")


def test_threads_share_a_program_from_its_first_chart_on():
    """Plans of rules are worked out while several threads ask for them."""
    alone = digests(LOADED)
    for _ in range(5):
        fresh = from_bytes(DATA, "key")
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda chart, own=fresh: digest(run(own, chart)), CHARTS))
        assert together == alone


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the system cannot fork"
)
def test_forked_workers_share_a_program():
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(digest_of, range(len(CHARTS)), chunksize=8)) == digests(LOADED)
