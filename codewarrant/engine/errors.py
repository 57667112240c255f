"""What the engine refuses: programs it cannot run, and runs that grow without end."""

from __future__ import annotations


class EngineError(Exception):
    """A program or chart that the engine cannot run; the text names the rule, never a patient."""


class FiringLimit(EngineError):
    """More matches than a chart of any use can have: most likely a join without a condition."""

    def __init__(self, limit: int, rule: str, count: int) -> None:
        super().__init__(
            f"more than {limit} matches, {count} of them of `{rule}`:"
            " does it join without a condition?"
        )
        self.limit = limit
        self.rule = rule
