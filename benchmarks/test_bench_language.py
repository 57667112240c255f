"""Checking a generated pack of 5,000 rules: cold, after an edit of one rule, and its memory.

Times are of the processor, so that what else the machine does is not counted.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from language_pack import generated

from codewarrant.codesets import load
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.cache import Memory
from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.format import format_text
from codewarrant.dsl.pack import PackSource
from codewarrant.dsl.parse import machine

RULES = 5000
EDITED = "rules-010.rules"

pytestmark = pytest.mark.benchmark(group="a pack of 5,000 rules", timer=time.process_time)


@pytest.fixture(scope="module")
def codes() -> InstalledCodes:
    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    machine()
    return InstalledCodes(releases, CodeAttributes(releases))


@pytest.fixture(scope="module")
def pack() -> PackSource:
    return generated(RULES)


def edited(pack: PackSource, old: bytes, new: bytes) -> PackSource:
    """The pack with the first such words in one of its files changed."""
    data = pack.files[EDITED]
    assert old in data
    return PackSource(pack.name, {**pack.files, EDITED: data.replace(old, new, 1)})


def test_cold_check(benchmark, pack, codes):
    checked = benchmark.pedantic(check_packs, ([pack], codes), rounds=3)
    assert checked.ok
    assert len(checked.packs[0].rules) == RULES


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system has no /proc")
def test_peak_memory_of_a_cold_check(benchmark):
    """Peak of a process of its own, code sets included, in MiB as ``extra_info``."""
    script = (
        "import re, sys; sys.path.insert(0, sys.argv[1])\n"
        "from language_pack import generated\n"
        "from codewarrant.codesets import load\n"
        "from codewarrant.coding.relations import CodeAttributes\n"
        "from codewarrant.dsl.check import check_packs\n"
        "from codewarrant.dsl.codeview import InstalledCodes\n"
        "releases = {name: load(name) for name in ('icd10cm', 'icd9cm')}\n"
        "codes = InstalledCodes(releases, CodeAttributes(releases))\n"
        f"assert check_packs([generated({RULES})], codes).ok\n"
        "status = open('/proc/self/status').read()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent)]
    done = benchmark.pedantic(
        subprocess.run, (command,), {"capture_output": True, "text": True}, rounds=1
    )
    peak = int(done.stdout)
    benchmark.extra_info["peak MiB"] = peak
    assert peak < 350


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"is not billed", b"is never billed"), (b"rule ", b"# a new line\n\nrule ")],
    ids=["a word", "lines above 250 rules"],
)
def test_warm_check_after_an_edit(benchmark, pack, codes, old, new):
    memory = Memory()
    check_packs([pack], codes, memory)
    turns = [edited(pack, old, new), pack]

    def check():
        turns.reverse()
        return check_packs([turns[0]], codes, memory)

    checked = benchmark.pedantic(check, rounds=10, warmup_rounds=1)
    assert checked.ok
    assert len(checked.packs[0].rules) == RULES


def test_format(benchmark, pack):
    texts = {name: pack.files[name].decode() for name in pack.rule_files}

    def format_all():
        return [format_text(name, text) for name, text in texts.items()]

    assert len(benchmark.pedantic(format_all, rounds=1)) == len(texts)
