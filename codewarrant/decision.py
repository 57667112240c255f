"""The decision: what is claimed, on what grounds, by which rules, and where it goes.

Two parts. The header names the inputs by digest; the body is everything else and is the same for
the same chart whatever the order of the bundle's entries. Both have one canonical form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from codewarrant.engine.canonical import digest, dumps, sha256
from codewarrant.engine.facts import Fact
from codewarrant.engine.trace import Conflict, Firing, LookedUp, NearMiss, Standing
from codewarrant.engine.values import Code

Lane = Literal["autonomous", "review", "error"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a bundle: which encounter (or claim alone), for which payer.

    ``encounter`` is ``Encounter/7`` or ``Claim/7``; empty where the bundle holds exactly one.
    """

    encounter: str = ""
    payer: str = ""

    @property
    def sha256(self) -> str:
        return digest(self)


@dataclass(frozen=True, slots=True)
class Confidence:
    """Parts per million, and the points it was summed from."""

    ppm: int
    points: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedDiagnosis:
    """A reported code with its warrant. ``firings`` are numbers of ``trace.firings``."""

    sequence: int
    code: Code
    release: str
    title: str
    role: str
    present_on_admission: str | None
    grounds: tuple[str, ...]
    firings: tuple[int, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class ReportedLine:
    number: int
    code: Code
    modifiers: tuple[str, ...]
    units: int | None
    date: date | None
    provider: str | None
    place_of_service: str | None
    charge: str | None
    pointers: tuple[int, ...]
    """Sequence numbers of the diagnoses it points to, from 1."""
    grounds: tuple[str, ...]
    firings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """A denial, ceiling or other finding. ``target`` is a line number, ``claim`` or ``chart``."""

    kind: str
    target: str
    severity: str
    reason: str
    because: str
    rule: str
    firings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProviderQuery:
    text: str
    rule: str
    firings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    what: str
    target: str
    because: str
    rule: str
    firings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A candidate that is not reported. ``kind``: removed, omitted, replaced, negated, uncertain,
    historical, family, hypothetical, below threshold, not valid on the date, not billable,
    unmapped, not read, void, possible, resolved, …"""

    code: Code | None
    text: str
    kind: str
    because: str
    grounds: tuple[str, ...]
    firings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTo:
    lane: Lane
    reasons: tuple[str, ...]
    confidence: int
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class RuleUsed:
    """A rule that the trace names, so that the decision can be read without its packs."""

    id: str
    pack: str
    version: str
    sha256: str
    title: str
    cites: tuple[str, ...]
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Trace:
    firings: tuple[Firing, ...]
    near_misses: tuple[NearMiss, ...]
    lookups: tuple[LookedUp, ...]
    conflicts: tuple[Conflict, ...]
    rules: tuple[RuleUsed, ...]
    facts: tuple[Fact, ...]
    """Every fact that the body or the trace names, with its evidence."""
    levels: int
    standing: tuple[Standing, ...] = ()
    """Every code that held at the end of the code stage, and what became of it."""


@dataclass(frozen=True, slots=True)
class Body:
    chart: str
    clocks: Mapping[str, date | None]
    setting: str | None
    specialty: str | None
    payer: str | None
    diagnoses: tuple[ReportedDiagnosis, ...]
    lines: tuple[ReportedLine, ...]
    edits: tuple[Edit, ...]
    queries: tuple[ProviderQuery, ...]
    requirements: tuple[Requirement, ...]
    rejected: tuple[Rejected, ...]
    route: RouteTo
    trace: Trace


@dataclass(frozen=True, slots=True)
class Header:
    decision_id: str
    bundle_sha256: str
    request: Request
    snapshot_sha256: str
    semantics: str
    reader: str
    """Version of everything that turns bytes into facts: extractor, tokenizer, Unicode."""
    facts_sha256: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Decision:
    header: Header
    body: Body

    def to_bytes(self) -> bytes:
        """The canonical bytes: what is stored, hashed and compared."""
        return dumps(self)


def decision_id(bundle_sha256: str, request: Request, snapshot_sha256: str) -> str:
    """Names a decision by its inputs, so that a retry is the same decision."""
    return sha256(f"{bundle_sha256}\n{request.sha256}\n{snapshot_sha256}".encode())


def read(data: bytes) -> dict[str, Any]:
    """Parse stored decision bytes for display; digests are always taken of the bytes themselves."""
    import orjson

    return orjson.loads(data)
