"""Agree, disagree, unavailable: and a crash is never agreement, nor a failed chart."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from small_programs import (
    chart,
    checked,
    diagnosis,
    fact,
    icd,
    one_of,
    program,
    record,
    rule,
    without_first,
)

from codewarrant.coding.snapshot import Snapshot
from codewarrant.crosscheck import process
from codewarrant.crosscheck.check import cross_check
from codewarrant.crosscheck.process import Limits, SecondEngine
from codewarrant.crosscheck.stages import prepare
from codewarrant.engine import conditions as c
from codewarrant.engine.trace import Chart

PROGRAM = program(
    rule("first", [diagnosis("d", "A00")], [one_of("d", "A00")], "B10"),
    rule("second", [diagnosis("d", "B10")], [one_of("d", "B10")], "C20"),
)
CHART = chart(fact("diagnosis", code=icd("A00")), fact("finding", n=1))


def test_both_find_the_same(second: SecondEngine):
    found = checked(PROGRAM, CHART, second)
    assert (found.verdict, found.compared, found.given, found.rules) == ("agree", 2, 0, 2)
    assert found.asked > 0


def test_a_firing_that_the_record_lacks_is_found(second: SecondEngine):
    found = cross_check(PROGRAM, CHART, without_first(record(PROGRAM, CHART)), second)
    assert found.verdict == "disagree"
    assert [(one.found, one.rule) for one in found.differences] == [("only there", "pack/first")]


def test_a_firing_that_the_record_made_up_is_found(second: SecondEngine):
    recorded = record(PROGRAM, CHART)
    added = replace(recorded.firings[0], bound=("f:nowhere",))
    recorded = replace(recorded, firings=(*recorded.firings, added))
    found = cross_check(PROGRAM, CHART, recorded, second)
    assert found.verdict == "disagree"
    assert [(one.found, one.bound) for one in found.differences] == [("only here", ("f:nowhere",))]


def test_a_conclusion_that_the_record_changed_is_found(second: SecondEngine):
    recorded = record(PROGRAM, CHART)
    kind, target, _ = recorded.firings[0].concluded[0]
    changed = replace(recorded.firings[0], concluded=((kind, target, icd("B99")),))
    recorded = replace(recorded, firings=(changed, *recorded.firings[1:]))
    found = cross_check(PROGRAM, CHART, recorded, second)
    assert found.verdict == "disagree"
    assert [one.found for one in found.differences] == ["concludes otherwise"]


def test_firings_of_rules_that_cannot_be_expressed_are_taken_as_given(second: SecondEngine):
    every = c.Quantified(
        0, "every", c.Binder("f", "finding"), c.TRUE, has=c.Known(0, c.Field("f", "n"))
    )
    made = program(
        rule("every", [diagnosis("d", "A00")], [one_of("d", "A00"), every], "B10"),
        PROGRAM.rules[1],
    )
    found = checked(made, CHART, second)
    assert (found.verdict, found.compared, found.given) == ("agree", 1, 1)
    assert found.inexpressible == (("pack/every", "`every`"),)


# ---- unavailable ------------------------------------------------------------------------


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a script in the place of the process that runs durable-rules."""

    def put(script: str) -> None:
        path = tmp_path / "worker.py"
        path.write_text(script)
        monkeypatch.setattr(process, "WORKER", path)

    return put


READY = "import json, os, signal, sys, time\nprint(json.dumps({'ready': True}), flush=True)\n"


def test_a_process_that_is_killed_gives_no_verdict(worker):
    worker(READY + "sys.stdin.readline()\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with SecondEngine() as engine:
        found = checked(PROGRAM, CHART, engine)
    assert found.verdict == "unavailable"
    assert found.reason == "durable-rules crashed 4 times: SIGKILL"
    assert found.crashes == 4
    assert found.compared == 0


def test_a_process_that_hangs_is_ended(worker):
    worker(READY + "time.sleep(600)\n")
    with SecondEngine(Limits(seconds=0.5)) as engine:
        found = checked(PROGRAM, CHART, engine)
    assert (found.verdict, found.reason) == ("unavailable", "no answer within 0.5 seconds")


def test_a_crash_that_asking_again_gets_over_is_counted(
    worker, tmp_path: Path, second: SecondEngine
):
    mark = tmp_path / "crashed"
    worker(
        "import os, pathlib, runpy, signal\n"
        f"mark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists():\n"
        "    mark.touch()\n"
        "    os.kill(os.getpid(), signal.SIGSEGV)\n"
        f"runpy.run_path({str(Path(process.__file__).with_name('worker.py'))!r}, "
        "run_name='__main__')\n"
    )
    with SecondEngine() as engine:
        found = checked(PROGRAM, CHART, engine)
    assert (found.verdict, found.crashes) == ("agree", 1)


def test_without_the_extra_it_is_said_how_to_install_it(worker):
    worker("print('{\"missing\": \"No module named \\'durable\\'\"}', flush=True)\n")
    with SecondEngine() as engine:
        found = checked(PROGRAM, CHART, engine)
    assert found.verdict == "unavailable"
    assert "pip install 'codewarrant[crosscheck]'" in found.reason


def test_a_build_that_cannot_be_imported_is_told_from_none(worker):
    worker('print(\'{"missing": "undefined symbol: PyEval_CallObject"}\', flush=True)\n')
    with SecondEngine() as engine:
        found = checked(PROGRAM, CHART, engine)
    assert found.verdict == "unavailable"
    assert "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject" in found.reason
    assert "cannot be imported" in found.reason


def test_the_process_may_not_take_more_memory_than_it_is_given():
    script = (
        "import runpy, sys\n"
        f"worker = runpy.run_path({str(process.WORKER)!r})\n"
        "worker['limit'](256, 60)\n"
        "try:\n"
        "    bytearray(512 * 1024 * 1024)\n"
        "except MemoryError:\n"
        "    sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 7, done.stderr


# ---- the shipped rules --------------------------------------------------------------------


def test_more_than_nine_tenths_of_the_shipped_rules_can_be_expressed(
    installed: Snapshot, record_property
):
    """Counted on charts in whose time the rules are in force."""
    clocks = {
        name: date(2026, 3, 2)
        for name in ("date of service", "discharge date", "received date", "admission date")
    }
    empty = Chart((), clocks, relations=installed.relations)
    ready = prepare(installed.program, empty)
    said = len(ready.rules) - len(ready.inexpressible)
    record_property(
        "said",
        f"durable-rules expresses {said} of {len(ready.rules)} shipped rules "
        f"({100 * said / len(ready.rules):.1f} %)",
    )
    assert len(ready.rules) > 100
    assert said > 0.9 * len(ready.rules), ready.inexpressible
