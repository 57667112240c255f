"""Workers forked from a process that has a program loaded, and that program from stored bytes.

The memory of a worker is its own (USS: private pages, shared ones not counted) after 1,000 charts.
"""

from __future__ import annotations

import gc
import multiprocessing
import re
import time
from pathlib import Path
from queue import Queue

import pytest
from forward_codewarrant import chart_of, checked_pack, linked_program
from forward_workload import chart, rule_set

from codewarrant.codesets import load as load_release
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.run import run
from codewarrant.engine.stored import from_bytes, to_bytes
from codewarrant.engine.trace import Chart

RULES = 5000
FACTS = 100
CHARTS = 1000
WORKERS = 2
ROLLUP = Path("/proc/self/smaps_rollup")

pytestmark = pytest.mark.benchmark(group="5,000 rules in workers", timer=time.process_time)


@pytest.fixture(scope="module")
def stored() -> bytes:
    releases = {name: load_release(name) for name in ("icd10cm", "icd9cm")}
    codes = InstalledCodes(releases, CodeAttributes(releases))
    return to_bytes(load(linked_program(checked_pack(rule_set(RULES), codes), codes)), "")


def own_megabytes() -> float:
    """Private pages of this process, clean and dirty."""
    found = re.findall(r"^Private_\w+:\s+(\d+) kB", ROLLUP.read_text(), re.MULTILINE)
    return sum(int(one) for one in found) / 1024


def work(loaded: Loaded, charts: list[Chart], answers: Queue[tuple[int, float]]) -> None:
    firings = 0
    for number in range(CHARTS):
        firings += len(run(loaded, charts[number % len(charts)]).firings)
    answers.put((firings, own_megabytes()))


def test_from_the_startup_cache(benchmark, stored):
    gc.collect()
    gc.freeze()
    loaded = benchmark.pedantic(from_bytes, (stored, ""), rounds=5, warmup_rounds=1)
    assert len(loaded.program.rules) == RULES


@pytest.mark.skipif(not ROLLUP.exists(), reason="the system does not tell the memory of a process")
def test_memory_of_workers(benchmark, stored):
    loaded = from_bytes(stored, "")
    charts = [chart_of(chart(rule_set(RULES), FACTS + extra)) for extra in range(10)]
    expected = sum(len(run(loaded, one).firings) for one in charts) * (CHARTS // len(charts))
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def together() -> list[tuple[int, float]]:
        # what is frozen is never written by the collector, so its pages stay shared
        gc.collect()
        gc.freeze()
        workers = [
            context.Process(target=work, args=(loaded, charts, answers)) for _ in range(WORKERS)
        ]
        for one in workers:
            one.start()
        found = [answers.get(timeout=300) for _ in workers]
        for one in workers:
            one.join()
        return found

    found = benchmark.pedantic(together, rounds=1)
    assert [firings for firings, _ in found] == [expected] * WORKERS
    largest = max(memory for _, memory in found)
    benchmark.extra_info["largest USS MB"] = largest
    print(f"memory of its own of each of {WORKERS} workers after {CHARTS:,} charts:", end=" ")
    print(", ".join(f"{memory:.1f} MB" for _, memory in found))
