"""Code sets for the language tests, opened once."""

from __future__ import annotations

import pytest

from codewarrant.codesets import load
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.codeview import InstalledCodes


@pytest.fixture(scope="session")
def codes() -> InstalledCodes:
    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    return InstalledCodes(releases, CodeAttributes(releases))
