"""The cross-check of one chart: what durable-rules finds against what the record says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codewarrant.crosscheck.process import Limits, SecondEngine, Unavailable
from codewarrant.crosscheck.recorded import Recorded
from codewarrant.crosscheck.stages import Fired, Prepared, Run, prepare
from codewarrant.crosscheck.values import Unsayable
from codewarrant.engine.errors import EngineError
from codewarrant.engine.program import Program
from codewarrant.engine.trace import Chart

Verdict = Literal["agree", "disagree", "unavailable"]


@dataclass(frozen=True, slots=True)
class Unshared:
    """A firing that only one of the two engines has, or that concludes otherwise."""

    found: Literal["only here", "only there", "concludes otherwise"]
    """Here is the record, there is durable-rules."""
    stratum: int
    rule: str
    bound: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """What came of a cross-check.

    ``rules`` may apply to the chart by their dates; ``inexpressible`` are those of them that
    durable-rules cannot say, with the reason. ``compared`` firings are those of all others,
    ``given`` those that were taken from the record. ``asked`` and ``worked_out`` count the atoms
    that durable-rules tested itself, and those that it was told. ``crashes`` of durable-rules were
    got over by asking again in another order, unless the verdict says otherwise.
    """

    verdict: Verdict
    reason: str = ""
    compared: int = 0
    given: int = 0
    differences: tuple[Unshared, ...] = ()
    rules: int = 0
    inexpressible: tuple[tuple[str, str], ...] = ()
    asked: int = 0
    worked_out: int = 0
    crashes: int = 0


def cross_check(
    program: Program, chart: Chart, recorded: Recorded, engine: SecondEngine | None = None
) -> CrossCheck:
    """Run the program on durable-rules and compare the firings with the record.

    ``engine`` is one that is open already; its time limit starts anew. Never raises for what
    durable-rules does: that is a verdict.
    """
    if engine is None:
        with SecondEngine(Limits()) as own:
            return cross_check(program, chart, recorded, own)
    engine.restart_clock()
    crashes = engine.crashes
    prepared = None
    try:
        prepared = prepare(program, chart)
        run = Run(program, chart, recorded, prepared, engine)
        run.stages()
    except (Unavailable, Unsayable, EngineError) as error:
        return _about(prepared, "unavailable", str(error), engine.crashes - crashes)
    expressed = [one for one in recorded.firings if one.rule not in prepared.inexpressible]
    mine = {Fired(one.stratum, one.rule, one.bound): set(one.concluded) for one in expressed}
    differences = [
        *(Unshared("only here", *_key(one)) for one in mine.keys() - run.fired.keys()),
        *(Unshared("only there", *_key(one)) for one in run.fired.keys() - mine.keys()),
        *(
            Unshared("concludes otherwise", *_key(one))
            for one in mine.keys() & run.fired.keys()
            if mine[one] != run.fired[one]
        ),
    ]
    found = _about(prepared, "disagree" if differences else "agree", "", engine.crashes - crashes)
    return CrossCheck(
        found.verdict,
        "",
        len(expressed),
        len(recorded.firings) - len(expressed),
        tuple(sorted(differences, key=lambda one: (one.stratum, one.rule, one.bound, one.found))),
        found.rules,
        found.inexpressible,
        found.asked,
        found.worked_out,
        found.crashes,
    )


def _key(one: Fired) -> tuple[int, str, tuple[str, ...]]:
    return one.stratum, one.rule, one.bound


def _about(prepared: Prepared | None, verdict: Verdict, reason: str, crashes: int) -> CrossCheck:
    if prepared is None:
        return CrossCheck(verdict, reason, crashes=crashes)
    return CrossCheck(
        verdict,
        reason,
        rules=len(prepared.rules),
        inexpressible=tuple(sorted(prepared.inexpressible.items())),
        asked=prepared.terms.asked,
        worked_out=prepared.terms.worked_out,
        crashes=crashes,
    )
