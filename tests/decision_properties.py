"""What must hold of every decision, checked against the bundle itself, read here a second time.

Nothing of the product's own reading is used: references, paths and attachments are followed in
the parsed JSON, so that a fault there is not repeated here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from codewarrant.decision import Decision
from codewarrant.engine.facts import Evidence, Fact
from codewarrant.fhir.read import OpenedBundle
from codewarrant.schema import Chart

Json = dict[str, Any]
STEP = re.compile(r"(\w+)(?:\[(\d+)\])?$")
CONTAINED = re.compile(r"contained\[(\d+)\]")


class Record:
    """A bundle as plain JSON: its resources by ``Type/id``."""

    def __init__(self, data: bytes) -> None:
        self.bundle: Json = orjson.loads(data)
        self.entries = [item for item in self.bundle.get("entry", []) if item.get("resource")]
        self.named = {
            f"{item['resource']['resourceType']}/{item['resource']['id']}": item["resource"]
            for item in self.entries
            if item["resource"].get("id")
        }
        self._urls = {
            item["fullUrl"]: f"{item['resource']['resourceType']}/{item['resource'].get('id')}"
            for item in self.entries
            if item.get("fullUrl")
        }

    def of(self, kind: str) -> list[Json]:
        return [one["resource"] for one in self.entries if one["resource"]["resourceType"] == kind]

    def encounters(self) -> set[str]:
        """Names of the encounters that count."""
        return {
            f"Encounter/{item['id']}"
            for item in self.of("Encounter")
            if item.get("status") != "entered-in-error"
        }

    def conditions(self, encounter: str) -> set[str]:
        """Names of the Conditions that refer to an encounter."""
        found = set()
        for item in self.of("Condition"):
            said = item.get("encounter", {}).get("reference", "")
            if self._urls.get(said, said) == encounter:
                found.add(f"Condition/{item['id']}")
        return found


def evidence_holds(record: Record, chart: Chart, evidence: Evidence) -> bool:
    """Whether a place exists, and holds the text that is claimed of it."""
    resource = record.named.get(evidence.source)
    if resource is None:
        # Resources without an id are named by the digest of their content.
        return "/sha-" in evidence.source
    if evidence.begin is None:
        return not evidence.path or at_path(resource, evidence.path) is not None
    return _passage(resource, chart, evidence) == evidence.text


def at_path(value: Any, path: str) -> Any:
    """The element at a simple FHIRPath: names and indices, and names without their type's tail."""
    for step in path.split("."):
        found = STEP.match(step)
        if found is None or not isinstance(value, dict):
            return None
        name, index = found.group(1), found.group(2)
        value = value.get(name)
        if index is not None:
            if not isinstance(value, list) or int(index) >= len(value):
                return None
            value = value[int(index)]
        elif isinstance(value, list) and value:
            value = value[0]
    return value


def _passage(resource: Json, chart: Chart, evidence: Evidence) -> str | None:
    """The characters from begin to end: of the attachment where it is plain text, decoded here;
    of the note as read where markup was stripped or the text is an element."""
    element = at_path(resource, evidence.path)
    if isinstance(element, dict) and "attachment" in element:
        element = element["attachment"]
    plain = isinstance(element, dict) and str(element.get("contentType", "")).startswith(
        "text/plain"
    )
    if plain and "data" in element:
        data = base64.b64decode(element["data"])
        if evidence.attachment != hashlib.sha256(data).hexdigest():
            return None
        return data.decode("utf-8-sig")[evidence.begin : evidence.end]
    if isinstance(element, str):
        return element[evidence.begin : evidence.end]
    for note in chart.notes:
        if (note.source, note.path) == (evidence.source, evidence.path):
            return note.text[evidence.begin : evidence.end]
    return None


def faults(data: bytes, opened: OpenedBundle, decision: Decision) -> Iterator[str]:
    """Everything that is wrong with a decision, in words; nothing for a sound one."""
    record = Record(data)
    chart = opened.chart(decision.header.request)
    body = decision.body
    facts = {fact.id: fact for fact in body.trace.facts}
    rules = {rule.id: rule for rule in body.trace.rules}
    if [firing.seq for firing in body.trace.firings] != list(range(len(body.trace.firings))):
        yield "firings are not numbered from 0 in order"
    if [item.sequence for item in body.diagnoses] != list(range(1, len(body.diagnoses) + 1)):
        yield "diagnoses are not numbered from 1 in order"
    if len({item.code for item in body.diagnoses}) != len(body.diagnoses):
        yield "a code is reported twice"
    for item in body.diagnoses:
        grounds = [facts[name] for name in item.grounds if name in facts]
        if not grounds or len(grounds) < len(item.grounds):
            yield f"{item.code}: a ground is missing or not in the trace"
        if not any(fact.evidence for fact in grounds):
            yield f"{item.code}: no ground has a place in the record"
        fired = [body.trace.firings[seq] for seq in item.firings]
        if not any(rules[firing.rule].cites for firing in fired):
            yield f"{item.code}: no firing with a citation"
    for line in body.lines:
        if not all(name in facts for name in line.grounds) or not line.grounds:
            yield f"line {line.number}: a ground is missing"
        if not set(line.pointers) <= {item.sequence for item in body.diagnoses}:
            yield f"line {line.number}: points to no diagnosis"
    for item in body.rejected:
        if not item.because:
            yield f"{item.code} is rejected without a reason"
        if not all(name in facts for name in item.grounds):
            yield f"{item.code}: a ground of a rejected candidate is not in the trace"
    for fact in facts.values():
        for evidence in fact.evidence:
            if not evidence_holds(record, chart, evidence):
                yield f"{fact.entity}: {evidence.ref} ({evidence.path}) does not hold"
    known = {*facts, *(f"{one.relation}/{row}" for one in body.trace.lookups for row in one.rows)}
    for firing in body.trace.firings:
        if not rules[firing.rule].cites:
            yield f"{firing.rule} has no citation"
        if not all(bound.fact in known for bound in firing.bound):
            yield f"{firing.rule} binds what is not in the trace"
    yield from _conditions(record, decision, facts)


def _conditions(record: Record, decision: Decision, facts: dict[str, Fact]) -> Iterator[str]:
    """Every Condition of the encounter is a ground of a diagnosis or of a rejected candidate."""
    body = decision.body
    coded = _sources((name for item in body.diagnoses for name in item.grounds), facts)
    turned_down = _sources((name for item in body.rejected for name in item.grounds), facts)
    expected = record.conditions(body.chart)
    for name in sorted(expected - coded - turned_down):
        yield f"{name} is neither coded nor rejected"
    # The counts add up: coded, or rejected alone, and no third.
    if len(expected) != len(expected & coded) + len((expected & turned_down) - coded):
        yield "the counts of conditions do not add up"


def _sources(names: Iterator[str], facts: dict[str, Fact]) -> set[str]:
    return {evidence.source for name in names if name in facts for evidence in facts[name].evidence}
