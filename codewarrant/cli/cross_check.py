"""What ``--cross-check`` adds to ``code`` and ``replay``: the firings again, on durable-rules."""

from __future__ import annotations

from rich.console import Console

from codewarrant.cli.output import messages
from codewarrant.coding.reading import Reading
from codewarrant.coding.snapshot import Snapshot
from codewarrant.crosscheck.check import CrossCheck, cross_check
from codewarrant.crosscheck.process import SecondEngine
from codewarrant.crosscheck.recorded import Recorded, from_decision, from_trace
from codewarrant.decision import Decision, read
from codewarrant.engine.program import SEMANTICS
from codewarrant.engine.trace import Chart
from codewarrant.ledger.errors import StoreError
from codewarrant.ledger.exported import from_store
from codewarrant.ledger.replay import Coder
from codewarrant.ledger.store import Store, Stored

SHOWN = 10
"""Differences printed for one decision; ``--json`` has them all."""

WHERE = {
    "only here": "only in the decision",
    "only there": "only on durable-rules",
    "concludes otherwise": "concludes otherwise on durable-rules",
}


class CrossChecks:
    """Cross-checks of one command, in one process of durable-rules. Use it as a context."""

    def __init__(self) -> None:
        self._engine = SecondEngine()
        self._opened: tuple[str, Snapshot] | None = None
        self._named: set[str] = set()
        self.disagree = False
        """Whether any cross-check did."""

    def __enter__(self) -> CrossChecks:
        self._engine.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.__exit__()

    def of_decision(self, decision: Decision, facts: bytes, snapshot: Snapshot) -> CrossCheck:
        """A decision just made, from the stored form of its facts."""
        trace = decision.body.trace
        program = snapshot.program
        recorded = from_trace(program, trace.firings, trace.near_misses, trace.standing)
        return self._checked(facts, snapshot, recorded)

    def of_stored(self, store: Store, stored: Stored, coder: Coder) -> CrossCheck:
        """A stored decision, from the store alone; what cannot be opened makes it unavailable."""
        try:
            record = from_store(store, stored)
            form = read(record.decision)
            if form["header"]["semantics"] != SEMANTICS:
                found = form["header"]["semantics"]
                return CrossCheck(
                    "unavailable", f"decided under semantics {found}; this is {SEMANTICS}"
                )
            if self._opened is None or self._opened[0] != stored.snapshot_sha256:
                snapshot = coder.restore(record.lock, record.parts)
                self._opened = (stored.snapshot_sha256, snapshot)
            snapshot = self._opened[1]
            recorded = from_decision(snapshot.program, form["body"])
            return self._checked(record.facts, snapshot, recorded)
        except (StoreError, *coder.refusals) as error:
            return CrossCheck("unavailable", str(error))
        except (KeyError, TypeError, ValueError) as error:
            return CrossCheck("unavailable", f"not a decision to be read ({type(error).__name__})")

    def show(self, console: Console, name: str, found: CrossCheck) -> None:
        """One line, and the differences; that it is unavailable is said on standard error. A rule
        that is not expressed is named once a command."""
        if found.verdict == "unavailable":
            messages().print(
                f"{name}: cross-check unavailable: {found.reason}", style="yellow", markup=False
            )
            return
        said = found.rules - len(found.inexpressible)
        again = f"; asked again after {found.crashes} crashes" if found.crashes else ""
        console.print(
            f"{name}: cross-check {found.verdict}: {found.compared} firings compared, "
            f"{found.given} taken as given; durable-rules expresses {said} of {found.rules} rules "
            f"({100 * said // max(1, found.rules)} %){again}",
            style="green" if found.verdict == "agree" else "red",
            markup=False,
        )
        for rule, reason in found.inexpressible:
            if rule not in self._named:
                console.print(f"  not expressed: {rule} ({reason})", markup=False)
        self._named |= {rule for rule, _ in found.inexpressible}
        for one in found.differences[:SHOWN]:
            bound = ", ".join(one.bound)
            console.print(f"  {WHERE[one.found]}: {one.rule} on {bound}", style="red", markup=False)
        if len(found.differences) > SHOWN:
            console.print(f"  and {len(found.differences) - SHOWN} more differences")

    def _checked(self, facts: bytes, snapshot: Snapshot, recorded: Recorded) -> CrossCheck:
        reading = Reading.from_bytes(facts)
        chart = Chart(
            facts=reading.facts,
            clocks=reading.clocks,
            supplied=frozenset(reading.supplied),
            relations=snapshot.relations,
            sentences=reading.sentences,
        )
        found = cross_check(snapshot.program, chart, recorded, self._engine)
        self.disagree = self.disagree or found.verdict == "disagree"
        return found
