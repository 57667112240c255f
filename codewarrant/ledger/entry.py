"""What is recorded of one decision: its bytes, checked against its header, and the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from codewarrant.decision import Decision, decision_id
from codewarrant.engine.canonical import dumps, sha256
from codewarrant.ledger.errors import DecisionMismatch


class SnapshotParts(Protocol):
    """What a decision depends on besides the bundle: a lock file and the bytes it lists."""

    @property
    def sha256(self) -> str: ...
    @property
    def lock(self) -> bytes: ...
    @property
    def parts(self) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision with the bytes it was made from."""

    decision: Decision
    bundle: bytes
    facts: bytes
    snapshot: SnapshotParts


def checked_bytes(entry: Entry) -> bytes:
    """The decision's bytes, after checking that its header names what comes with it."""
    header = entry.decision.header
    data = entry.decision.to_bytes()
    head, tail = b'{"body":', b',"header":' + dumps(header) + b"}"
    body = data[len(head) : -len(tail)]
    assert head + body + tail == data, "the canonical form of a decision has these two keys"
    wanted = (
        ("bundle", sha256(entry.bundle), header.bundle_sha256),
        ("facts", sha256(entry.facts), header.facts_sha256),
        ("snapshot lock", sha256(entry.snapshot.lock), header.snapshot_sha256),
        ("snapshot", entry.snapshot.sha256, header.snapshot_sha256),
        ("body", sha256(body), header.body_sha256),
        (
            "decision id",
            decision_id(header.bundle_sha256, header.request, header.snapshot_sha256),
            header.decision_id,
        ),
    )
    for what, found, named in wanted:
        if found != named:
            raise DecisionMismatch(
                f"decision {header.decision_id}: its {what} is not the one named"
            )
    return data


def record_bytes(seq: int, decision: Decision, decision_sha256: str) -> bytes:
    """The canonical bytes of one ledger record: digests and names, no content of the chart."""
    header = decision.header
    return dumps(
        {
            "seq": seq,
            "decision_id": header.decision_id,
            "chart": decision.body.chart,
            "lane": decision.body.route.lane,
            "decision_sha256": decision_sha256,
            "bundle_sha256": header.bundle_sha256,
            "facts_sha256": header.facts_sha256,
            "snapshot_sha256": header.snapshot_sha256,
            "request": header.request,
        }
    )


def decision_names(decision: Decision) -> list[str]:
    """The chart, the encounter asked for, and each claim that the decision's facts come from."""
    names = {decision.body.chart, decision.header.request.encounter}
    for fact in decision.body.trace.facts:
        if fact.entity == "claim":
            names |= {item.source for item in fact.evidence}
    return sorted(names - {""})
