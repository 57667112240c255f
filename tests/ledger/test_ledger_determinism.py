"""What is written of one decision has the same bytes in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from example_decisions import body, decide, snapshot
from codewarrant.decision import Request, read
from codewarrant.engine.canonical import sha256
from codewarrant.fhir.write import to_json, write_decision
from codewarrant.ledger.absence import explain_absent
from codewarrant.ledger.explain import explain_all
from codewarrant.ledger.explain_text import render_absence, render_argument
decision = decide(b"x", Request("Encounter/5", "demo"), snapshot())
form = read(decision.to_bytes())
parts = [to_json(write_decision(decision)).decode()]
parts += [render_argument(item) for item in explain_all(form)]
parts += [render_absence(explain_absent(form, code)) for code in ("I10", "N18.4", "Z79.4")]
print(sha256("".join(parts).encode()))
"""


ASKED = """
import sys
sys.path.insert(0, {folder!r})
from codewarrant.engine.canonical import sha256
from test_ledger_explain_rules import coded, dumps, installed_snapshot, plain
chart = coded(installed_snapshot(), "I10", "E11.9", "N18.30")
found = [chart.if_code(code) for code in ("I10", "I12.0", "I13.0", "E11.9")]
found.append(chart.if_rule("icd10cm/tobacco-use"))
found.append(chart.rule("icd10cm/sepsis-organism"))
print(sha256(dumps(plain(found))))
"""


@pytest.mark.parametrize("program", [PROGRAM, ASKED])
def test_fhir_and_explanations_do_not_depend_on_the_hash_seed(program: str):
    code = program.format(folder=str(Path(__file__).parent))
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64
