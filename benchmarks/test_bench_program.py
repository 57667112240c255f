"""From checked rules to a program that is ready to run: 5,000 rules in the shapes of real packs.

Times are of the processor, so that what else the machine does is not counted.
"""

from __future__ import annotations

import gc
import time

import pytest
from language_pack import generated

from codewarrant.codesets import load
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.link import link
from codewarrant.engine.plan import Loaded
from codewarrant.engine.plan import load as load_program

RULES = 5000

pytestmark = pytest.mark.benchmark(group="a program of 5,000 rules", timer=time.process_time)


@pytest.fixture(scope="module")
def codes() -> InstalledCodes:
    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    return InstalledCodes(releases, CodeAttributes(releases))


@pytest.fixture(scope="module")
def checked(codes: InstalledCodes) -> Checked:
    return check_packs([generated(RULES)], codes)


def test_from_the_checked_tree(benchmark, checked, codes):
    """Linking and planning; reading and checking the text is measured with the language."""

    def ready() -> Loaded:
        linked = link(checked, codes)
        assert linked.ok
        return load_program(linked.program)

    gc.collect()
    gc.freeze()
    loaded = benchmark.pedantic(ready, rounds=5, warmup_rounds=1)
    assert len(loaded.program.rules) == RULES
