"""What the tests of the cross-check share: durable-rules, or the reason why it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from codewarrant.crosscheck.process import INSTALL, Limits, SecondEngine


@pytest.fixture(scope="session")
def second() -> Iterator[SecondEngine]:
    """One process of durable-rules for many questions."""
    if find_spec("durable_rules_engine") is None:
        pytest.skip(INSTALL)
    with SecondEngine(Limits(seconds=120)) as engine:
        yield engine
