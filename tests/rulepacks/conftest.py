"""The shipped rulepacks, checked, linked and run once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from codewarrant import codesets
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.examples import Results, run_examples
from codewarrant.dsl.link import Linked, link
from codewarrant.dsl.pack import load_pack_dir
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.plan import load
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart, Outcome

PACKS = Path(__file__).parents[2] / "rulepacks"
NAMES = ("icd10cm", "ncci", "demo-payer", "icd9cm-radiology")


@pytest.fixture(scope="session")
def codes() -> InstalledCodes:
    releases = {system: codesets.load(system) for system in codesets.SYSTEMS}
    return InstalledCodes(releases, CodeAttributes(releases))


@pytest.fixture(scope="session")
def checked(codes: InstalledCodes) -> Checked:
    return check_packs([load_pack_dir(PACKS / name) for name in NAMES], codes)


@pytest.fixture(scope="session")
def linked(checked: Checked, codes: InstalledCodes) -> Linked:
    return link(checked, codes)


@pytest.fixture(scope="session")
def results(checked: Checked, codes: InstalledCodes) -> Results:
    return run_examples(checked, codes)


Coder = Callable[..., Outcome]


@pytest.fixture(scope="session")
def code(linked: Linked) -> Coder:
    """Run all packs on facts, by default as an outpatient chart of 2026-02-03."""
    program = load(linked.program)

    def coded(
        *facts: Fact, setting: str | None = "outpatient", on: date = date(2026, 2, 3)
    ) -> Outcome:
        clocks: Mapping[str, date | None] = {
            "date of service": on, "discharge date": on, "admission date": on,
            "received date": None,
        }  # fmt: skip
        visit = make_fact("encounter", {"setting": setting}, (Evidence("Encounter/1"),))
        return run(program, Chart((visit, *facts), clocks, relations=linked.relations))

    return coded
