"""The start of ``codewarrant code``: a claim alone, in a process of its own, cold and warm.

Cold, the code sets are compiled and the rulepacks are not; warm, both lie in the cache folder.
Times are of the processor, for the whole process, reading and showing the claim included.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from codewarrant.codesets.cache import cache_folder
from codewarrant.coding.compiled import (
    CompiledPacks,
    PackInputs,
    compile_packs,
    from_bytes,
    to_bytes,
)
from codewarrant.coding.installed import installed_release, installed_snapshot
from codewarrant.coding.snapshot import Snapshot
from codewarrant.evaluation.charts import ChartForm, to_bundle

RUN = "from codewarrant.cli import main; main()"
ROUNDS = 5
CLAIM = {
    "id": "c",
    "date": "2026-03-02",
    "setting": "professional",
    "claim": {"lines": [{"code": "99213", "date": "2026-03-02", "units": 1}]},
}


def spent() -> float:
    """Seconds of the processor that ended child processes have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a claim and a cache that holds the compiled code sets only."""
    for system in ("icd10cm", "icd9cm"):
        installed_release(system)
    folder = tmp_path_factory.mktemp("start")
    (folder / "codesets").mkdir()
    for path in cache_folder().glob("icd*.zst"):
        (folder / "codesets" / path.name).symlink_to(path)
    (folder / "claim.json").write_bytes(to_bundle(ChartForm.model_validate(CLAIM)))
    return folder


def code(place: Path) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "code", "--json", str(place / "claim.json")],
        env={**os.environ, "CODEWARRANT_CACHE": str(place)},
        capture_output=True,
        check=True,
    )
    return done.stdout


def forget(place: Path) -> None:
    for path in (place / "codesets").glob("program-*"):
        path.unlink()


@pytest.mark.benchmark(group="start of one claim", timer=spent)
def test_start_without_kept_packs(benchmark, place):
    benchmark.pedantic(code, (place,), setup=lambda: forget(place), rounds=ROUNDS)
    assert list((place / "codesets").glob("program-*"))


@pytest.mark.benchmark(group="start of one claim", timer=spent)
def test_start_with_kept_packs(benchmark, place):
    forget(place)
    cold = code(place)
    warm = benchmark.pedantic(code, (place,), rounds=ROUNDS)
    assert warm == cold
    assert len(json.loads(warm)["decisions"]) == 1


@pytest.mark.benchmark(group="the installed rulepacks made ready")
@pytest.mark.parametrize("kept", [False, True], ids=["compiled", "from the cache"])
def test_packs_made_ready(benchmark, kept):
    given: list[PackInputs] = []

    def noting(inputs: PackInputs) -> CompiledPacks:
        given.append(inputs)
        return compile_packs(inputs)

    installed = installed_snapshot()
    snapshot = Snapshot.from_parts(installed.lock, installed.parts, compiler=noting)
    data = to_bytes(snapshot.compiled, given[0], "key")
    if kept:
        found = benchmark.pedantic(from_bytes, (data, given[0], "key"), rounds=ROUNDS)
    else:
        found = benchmark.pedantic(compile_packs, (given[0],), rounds=ROUNDS)
    assert found.loaded.program == snapshot.program
