"""A quarter of NCCI at national scale: importing it, and asking it for a claim.

The tables lie in ``CODEWARRANT_SHARED`` in a flat form; they are written in the official layout
first (``ncci_files.py``), all 2.5 million edits of the quarter, of which 1.67 million are active.
Peers: reading the same files line by line without keeping anything, and a dictionary of the active
edits in memory, which answers for one day only.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from ncci_files import write_pairs, write_units

from codewarrant.codesets import load
from codewarrant.codesets.releases.store import Store

SHARED = os.environ.get("CODEWARRANT_SHARED")
TABLES = Path(SHARED or ".") / "codesets" / "ncci_2024q3"
PTP = "ncci-ptp-practitioner"
DAY = date(2024, 8, 1)
LINES = 25
PEAK = """
def peak():
    # the high-water mark of this process alone; getrusage would tell that of whoever started it
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
"""
IMPORT = (
    PEAK
    + """
import json, sys, time
from pathlib import Path
from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_files
start = time.process_time()
done = import_files(Path(sys.argv[1]), [Path(sys.argv[2])], Asked())
print(json.dumps({
    "seconds": time.process_time() - start,
    "resident MB": peak(),
    "rows": {item.release.table: item.release.rows for item in done.imported},
}))
"""
)

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc"),
    pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED names no folder of tables"),
    pytest.mark.benchmark(group="NCCI at national scale", timer=time.process_time),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ncci")
    write_pairs(TABLES / "ncci_ptp_prac_flat.csv.gz", folder)
    write_units(TABLES / "ncci_mue_prac.csv", folder)
    return folder


@pytest.fixture(scope="module")
def imported(files: Path) -> tuple[Path, dict]:
    """The store, and what importing it took in a process of its own."""
    import json

    store = files.parent / "releases.sqlite"
    command = [sys.executable, "-c", IMPORT, str(store), str(files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return store, json.loads(done.stdout)


@pytest.fixture(scope="module")
def store(imported: tuple[Path, dict]) -> Store:
    return Store(imported[0])


@pytest.fixture(scope="module")
def active(files: Path) -> dict[tuple[str, str], str]:
    """The edits in force on the day: modifier indicator by pair."""
    day = DAY.strftime("%Y%m%d")
    return {
        (one, two): indicator
        for one, two, _, start, end, indicator, _ in lines(files)
        if start <= day and (end == "*" or day <= end) and start != end
    }


def lines(files: Path) -> Iterator[list[str]]:
    for path in sorted(files.glob("*.TXT")):
        with path.open(encoding="cp1252") as file:
            for number, line in enumerate(file):
                if number > 2:
                    yield line.rstrip("\n").split("\t")


@pytest.fixture(scope="module")
def claims(active: dict[tuple[str, str], str]) -> list[list[dict[str, str]]]:
    """All ordered pairs of the lines of fifty claims."""
    codes = sorted({code for pair in active for code in pair})
    chance = random.Random(20240801)
    out = []
    for _ in range(50):
        billed = chance.sample(codes, LINES)
        out.append([{"column1": a, "column2": b} for a in billed for b in billed if a != b])
    return out


def test_peer_reads_every_line(benchmark, files: Path) -> None:
    total = benchmark.pedantic(lambda: sum(1 for _ in lines(files)), rounds=1)
    assert total > 1_669_820


def test_import(benchmark, imported: tuple[Path, dict]) -> None:
    """Measured in a process of its own: the figures are in its extra information."""
    store, figures = imported
    benchmark.extra_info.update(figures)
    benchmark.extra_info["file MB"] = store.stat().st_size / 1e6
    benchmark.pedantic(lambda: Store(store), rounds=1)
    assert figures["rows"]["mue-practitioner"] == 14_677
    assert figures["resident MB"] < 300
    assert benchmark.extra_info["file MB"] < 200


def test_edits_in_force(benchmark, store: Store) -> None:
    counted = benchmark.pedantic(lambda: store.in_force(store.of(PTP)[0], DAY), rounds=3)
    assert counted == 1_669_820


def test_peer_dictionary_of_one_day(benchmark, active, claims) -> None:
    """Six hundred pairs, looked up in memory."""

    def asked() -> list:
        return [[active.get((key["column1"], key["column2"])) for key in keys] for keys in claims]

    benchmark.pedantic(asked, rounds=20, warmup_rounds=2)
    benchmark.extra_info["ms a claim"] = 1000 * benchmark.stats.stats.median / len(claims)


def test_pairs_of_a_claim(benchmark, store: Store, active, claims) -> None:
    """The same pairs in one lookup a claim."""
    found = benchmark.pedantic(
        lambda: [store.lookup(PTP, keys, DAY) for keys in claims], rounds=20, warmup_rounds=2
    )
    benchmark.extra_info["ms a claim"] = 1000 * benchmark.stats.stats.median / len(claims)
    for keys, answers in zip(claims, found, strict=True):
        told = [str(rows[0].columns["modifier_indicator"]) if rows else None for rows in answers]
        assert told == [active.get((key["column1"], key["column2"])) for key in keys]


def test_units_of_a_claim(benchmark, store: Store, claims) -> None:
    keys = [{"code": key["column1"]} for key in claims[0][:: LINES - 1]]
    assert len(keys) == LINES
    benchmark(lambda: store.lookup("mue-practitioner", keys, DAY))


def test_status_of_diagnoses_by_date(benchmark) -> None:
    """Ten thousand codes of the built-in release on a day."""
    codes = load("icd10cm")
    asked = sorted(codes.codes(DAY))[::7][:10_000]
    benchmark.pedantic(
        lambda: [codes.status(code, DAY) for code in asked], rounds=20, warmup_rounds=2
    )
    benchmark.extra_info["us a code"] = 1e6 * benchmark.stats.stats.median / len(asked)


def test_peer_dictionary_of_codes(benchmark) -> None:
    codes = load("icd10cm")
    asked = sorted(codes.codes(DAY))[::7][:10_000]
    known = dict.fromkeys(codes.codes(DAY), True)
    benchmark.pedantic(lambda: [known.get(code) for code in asked], rounds=20, warmup_rounds=2)


def test_first_use_of_an_installed_set(benchmark, imported: tuple[Path, dict]) -> None:
    """Opened and asked once, in a process of its own that has loaded the code."""
    program = (
        PEAK
        + """
import sys, time
from datetime import date
from pathlib import Path
from codewarrant.codesets.releases.store import Store
start = time.perf_counter()
Store(Path(sys.argv[1])).lookup(sys.argv[2], [{"column1": "99213", "column2": "36415"}],
                                date(2024, 8, 1))
print(time.perf_counter() - start, peak())
"""
    )
    command = [sys.executable, "-c", program, str(imported[0]), PTP]

    def opened() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    seconds, resident = (float(part) for part in benchmark.pedantic(opened, rounds=3).split())
    benchmark.extra_info.update({"seconds": seconds, "resident MB": resident})
