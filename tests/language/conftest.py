"""What the tests of the whole language share with those of its parts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codewarrant.codesets import load
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.codeview import InstalledCodes

sys.path.insert(0, str(Path(__file__).parents[1] / "dsl"))


@pytest.fixture(scope="session")
def codes() -> InstalledCodes:
    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    return InstalledCodes(releases, CodeAttributes(releases))
