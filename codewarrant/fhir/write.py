"""A decision as FHIR R4: one collection Bundle that a record system can take in.

Every resource is checked by the model of ``fhir.resources`` (R4B, whose elements equal R4's here)
before it leaves. What is written is our own JSON, not the model's dump: the dump turns exact
amounts into floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any

import orjson

from codewarrant.decision import Decision
from codewarrant.engine.canonical import decimal_text, plain
from codewarrant.fhir.write_claim import claim
from codewarrant.fhir.write_elements import BASE, Json, Written
from codewarrant.fhir.write_provenance import provenances
from codewarrant.fhir.write_tasks import issues, outcome, queries, task


def write_decision(
    decision: Decision | Mapping[str, Any], subject: Mapping[str, str] | None = None
) -> Json:
    """The Bundle for a decision, or for one parsed from its stored bytes.

    ``subject`` names references that the caller knows better: ``patient``, ``provider``,
    ``coverage``, ``insurer``; whatever neither it nor the decision knows is marked as unknown.
    Amounts are ``Decimal``; :func:`to_json` spells them. Raises ``pydantic.ValidationError`` only
    if a value of the decision cannot stand in FHIR.
    """
    form = plain(decision)
    trace = form["body"]["trace"]
    written = Written(
        form["header"],
        form["body"],
        {fact["id"]: fact for fact in trace["facts"]},
        {rule["id"]: rule for rule in trace["rules"]},
        {firing["seq"]: firing for firing in trace["firings"]},
        {item["fact"]: item["facts"] for item in trace["standing"] if item["fact"]},
        dict(subject or {}),
    )
    resources = [claim(written), *provenances(written)]
    resources += [item for item in (task(written),) if item]
    resources += [*queries(written), *issues(written)]
    resources += [item for item in (outcome(written),) if item]
    bundle: Json = {
        "resourceType": "Bundle",
        "id": written.id("Bundle"),
        "identifier": {"system": f"{BASE}/decision", "value": form["header"]["decision_id"]},
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
            for resource in resources
        ],
    }
    check(bundle)
    return bundle


def check(resource: Mapping[str, Any]) -> None:
    """Validate a resource against its R4B model. Raises ``pydantic.ValidationError``."""
    kind = resource["resourceType"]
    model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    model.model_validate(dict(resource))


def to_json(resource: Mapping[str, Any]) -> bytes:
    """Bytes with sorted keys; a Decimal becomes a JSON number with the digits it has."""
    return orjson.dumps(resource, default=_number, option=orjson.OPT_SORT_KEYS)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(decimal_text(value))
    raise TypeError(f"no JSON form for {type(value).__name__}")
