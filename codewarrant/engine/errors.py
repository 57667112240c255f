"""What the engine refuses: programs it cannot run, and runs that grow without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codewarrant.engine.strata import Loop


class EngineError(Exception):
    """A program or chart that the engine cannot run; the text names the rule, never a patient."""


class LoopError(EngineError):
    """Rules wait for each other. ``loops`` are the cycles as data."""

    def __init__(self, loops: tuple[Loop, ...]) -> None:
        super().__init__("\n".join(loop.message for loop in loops))
        self.loops = loops


class FiringLimit(EngineError):
    """More matches than a chart of any use can have: most likely a join without a condition."""

    def __init__(self, limit: int, rule: str, count: int) -> None:
        super().__init__(
            f"more than {limit} matches, {count} of them of `{rule}`:"
            " does it join without a condition?"
        )
        self.limit = limit
        self.rule = rule
