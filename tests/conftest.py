"""Settings for all tests, and what those of the whole path share.

Property tests draw the same examples on every machine. The installed snapshot is opened once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from typer.testing import CliRunner

from codewarrant.cli.app import app
from codewarrant.coding.installed import installed_snapshot
from codewarrant.coding.snapshot import Snapshot

# a folder that is not there: what this machine's user imported plays no part in tests
os.environ["CODEWARRANT_DATA"] = str(Path(__file__).parent / "nothing-imported")

settings.register_profile(
    "same-everywhere",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same-everywhere")


@pytest.fixture(scope="session")
def installed() -> Snapshot:
    """The snapshot of this installation, opened once, its rules ready to run."""
    snapshot = installed_snapshot()
    assert snapshot.loaded
    return snapshot


@pytest.fixture
def command(installed: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Run ``codewarrant`` in this process; an exception that escapes it fails the test."""

    def snapshot(rules: list[Path]) -> Snapshot:
        return installed_snapshot(rules) if rules else installed

    monkeypatch.setattr("codewarrant.cli.coding.installed_snapshot", snapshot)

    def run(*words: object, input: bytes | None = None) -> object:
        return CliRunner().invoke(
            app, [str(word) for word in words], input=input, catch_exceptions=False
        )

    return run


def pytest_terminal_summary(terminalreporter) -> None:
    """Print what tests have to say besides passing: shares and counts, recorded as ``said``."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "said" and report.when == "call":
                    terminalreporter.write_line(value)
