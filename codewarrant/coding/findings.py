"""Findings that structured records establish: long-term medicines and former smoking.

The same table of names serves here and in the reading of notes. A record that was only given once
(an administration) says nothing of what is taken at home; it counts for the treatment of a cancer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codewarrant.engine.values import Code
from codewarrant.extract.medications import TREATMENT, Medications
from codewarrant.schema import Entity, Finding, Medication, Observation

TAKEN = frozenset({"active"})
"""Statuses of an order or statement that is in force; "on-hold" and "completed" are not."""

GIVEN = frozenset({"in-progress", "completed"})
"""Statuses of an administration that took place."""

ADMINISTRATION = "MedicationAdministration/"
TOBACCO_STATUS = Code("loinc", "72166-2")
FORMER = frozenset({"former smoker", "ex-smoker", "former smoker (finding)", "ex-smoker (finding)"})


def record_findings(entities: Iterable[Entity], known: Medications | None) -> tuple[Finding, ...]:
    """What the medicines and the smoking status of a chart establish, in the chart's order.

    ``known`` may be None for a chart without medicines.
    An order for a limited course is temporary, a continuous one is not; where the order does not
    say, neither does the finding.
    """
    out: list[Finding] = []
    for entity in entities:
        if isinstance(entity, Medication) and known is not None:
            out.extend(_of_medication(entity, known))
        elif isinstance(entity, Observation) and _former_smoker(entity):
            out.append(Finding(kind="former-smoker", evidence=entity.evidence, order=entity.order))
    return tuple(out)


def _of_medication(entity: Medication, known: Medications) -> Iterator[Finding]:
    given = any(place.source.startswith(ADMINISTRATION) for place in entity.evidence)
    if entity.name is None or entity.status not in (GIVEN if given else TAKEN):
        return
    for kind in known.classes_of(entity.name):
        if given and kind != TREATMENT:
            continue
        yield Finding(
            kind=kind,
            temporary=None if entity.long_term is None else not entity.long_term,
            evidence=entity.evidence,
            order=entity.order,
        )


def _former_smoker(entity: Observation) -> bool:
    return entity.code == TOBACCO_STATUS and (entity.text or "").strip().lower() in FORMER
