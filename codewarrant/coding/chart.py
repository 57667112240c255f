"""One chart: bytes, a request and a snapshot in, a decision out. Pure from end to end.

No clock, no randomness, no environment, no I/O: the same three give the same bytes on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from codewarrant import schema
from codewarrant.coding.body import body
from codewarrant.coding.findings import record_findings
from codewarrant.coding.reading import Reading
from codewarrant.coding.snapshot import Snapshot, reader_version
from codewarrant.coding.statements import diagnosis_system, state
from codewarrant.decision import Body, Decision, Header, Request, decision_id
from codewarrant.engine.canonical import dumps, sha256
from codewarrant.engine.program import SEMANTICS
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart
from codewarrant.extract.read import Reading as Said
from codewarrant.fhir.read import OpenedBundle, open_bundle
from codewarrant.schema import Finding, Medication


def code_chart(bundle: bytes, request: Request, snapshot: Snapshot) -> Decision:
    """Code one encounter (or claim alone) of a bundle.

    Raises ``fhir.errors.Refused`` where the bundle cannot be read or holds no such encounter.
    """
    return code_opened(open_bundle(bundle), request, snapshot).decision


@dataclass(frozen=True, slots=True)
class CodedChart:
    """A decision with the stored form of the reading it was made from."""

    decision: Decision
    facts: bytes


def code_opened(opened: OpenedBundle, request: Request, snapshot: Snapshot) -> CodedChart:
    """Like :func:`code_chart`, for a bundle opened before: a whole patient's holds many charts."""
    reading = read_chart(opened, request, snapshot)
    facts = reading.to_bytes()
    found = decide(reading, snapshot)
    decision = Decision(
        Header(
            decision_id=decision_id(opened.sha256, request, snapshot.sha256),
            bundle_sha256=opened.sha256,
            request=request,
            snapshot_sha256=snapshot.sha256,
            semantics=SEMANTICS,
            reader=reader_version(),
            facts_sha256=sha256(facts),
            body_sha256=sha256(dumps(found)),
        ),
        found,
    )
    return CodedChart(decision, facts)


def read_chart(opened: OpenedBundle, request: Request, snapshot: Snapshot) -> Reading:
    """From the bundle to everything that rules read."""
    chart = opened.chart(request)
    on = chart.clocks.get("date of service")
    said, recorded = _said(chart, snapshot, on)
    entities = (*chart.entities, *recorded, *said.findings)
    stated = state(entities, said.mentions, chart.unread, snapshot.releases, on)
    return Reading(
        chart=chart.id,
        clocks=chart.clocks,
        setting=chart.setting,
        specialty=chart.specialty,
        payer=chart.payer,
        claim_only=chart.claim_only,
        supplied=tuple(sorted(chart.supplied)),
        facts=stated.facts,
        kept=stated.kept,
        rejected=stated.rejected,
        sentences=said.sentences,
    )


def _said(
    chart: schema.Chart, snapshot: Snapshot, on: date | None
) -> tuple[Said, tuple[Finding, ...]]:
    """What notes and displays say, and what the record establishes.

    The lexicon takes seconds to open: it stays closed for a claim alone, which has no words.
    """
    words = chart.notes or any(item.display for item in chart.unread)
    if not words and not any(isinstance(one, Medication) for one in chart.entities):
        return Said((), (), ()), record_findings(chart.entities, None)
    reader = snapshot.reader(diagnosis_system(on), on)
    recorded = record_findings(chart.entities, reader.known.medications)
    return reader.read(chart.notes, chart.unread), recorded


def rules_read(reading: Reading, snapshot: Snapshot) -> Chart:
    """The reading as the engine takes it, with the tables of the snapshot."""
    return Chart(
        facts=reading.facts,
        clocks=reading.clocks,
        supplied=frozenset(reading.supplied),
        relations=snapshot.relations,
        sentences=reading.sentences,
    )


def decide(reading: Reading, snapshot: Snapshot) -> Body:
    """From the reading to the body of the decision."""
    outcome = run(snapshot.loaded, rules_read(reading, snapshot))
    return body(
        reading,
        outcome,
        snapshot.program,
        snapshot.releases,
        snapshot.scorecard,
        snapshot.joins,
        snapshot.relations,
    )
