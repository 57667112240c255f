"""Where a chart goes: to autonomy only under a certificate of its stratum, else to a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from codewarrant.coding.doubts import doubts
from codewarrant.coding.reading import Reading
from codewarrant.decision import (
    Edit,
    ProviderQuery,
    Rejected,
    ReportedDiagnosis,
    Requirement,
    RouteTo,
)
from codewarrant.engine.trace import LineResult, Outcome
from codewarrant.engine.values import Code

LOOK_AT = ("not valid on the date", "not billable", "possible", "void", "not read", "no rule")
"""Kinds of rejection that a person must see before the claim goes out."""

UNFIT = ("not valid on the date", "not billable")
"""Those of codes that cannot be billed on the date."""


def stratum(reading: Reading) -> str:
    """The group of charts that a certificate speaks of: specialty, setting, payer."""
    parts = (reading.specialty, reading.setting, reading.payer)
    return " / ".join(part or "unknown" for part in parts)


def route(
    reading: Reading,
    outcome: Outcome,
    diagnoses: Sequence[ReportedDiagnosis],
    rejected: Sequence[Rejected],
    edits: Sequence[Edit],
    queries: Sequence[ProviderQuery],
    requirements: Sequence[Requirement],
    asked: Iterable[str],
    undetermined: Iterable[str],
    edited: Collection[Code],
) -> RouteTo:
    """The lane with every reason for it, in a fixed order.

    ``asked`` are the reasons of rules that route to review, ``undetermined`` says which rules could
    not be judged. ``edited`` are the diagnoses of the claim that edits name: that such a code is
    none of the day is said once, by its edit. The chart is as certain as the least certain code on
    it; a chart without codes has no confidence.
    """
    reasons = list(doubts(reading, len(diagnoses)))
    if not diagnoses and not reading.claim_only:
        reasons.append("No diagnosis can be reported.")
    reasons += [
        f"Conflict ({item.kind}) at {', '.join(str(code) for code in item.codes)}: "
        f"{', '.join(item.rules)}."
        for item in outcome.conflicts
    ]
    reasons += undetermined
    reasons += [
        _seen(item)
        for item in rejected
        if item.kind in LOOK_AT and not (item.code in edited and item.kind in UNFIT)
    ]
    reasons += [_pointless(item) for item in outcome.lines if item.lost_pointers]
    reasons += [f"Edit {item.reason or item.kind}: {item.because}" for item in edits]
    reasons += [f"Query: {item.text}" for item in queries]
    reasons += [f"Required: {item.what}" for item in requirements]
    reasons += list(asked)
    reasons.append(f"No certificate for {stratum(reading)}.")
    confidence = min((item.confidence.ppm for item in diagnoses), default=0)
    return RouteTo("review", tuple(dict.fromkeys(reasons)), confidence)


def _seen(item: Rejected) -> str:
    name = str(item.code) if item.code is not None else item.text or "a document"
    return f"{name}, {item.kind}: {item.because}"


def _pointless(line: LineResult) -> str:
    return f"A line ({line.fact}) is left without a diagnosis."
