"""One part of a bundle to one chart: entities, notes, and what was not read.

The result depends on content alone. Resources are taken by name, and everything is sorted by what
it is, its place in the order of documentation, and where it stands in the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codewarrant.fhir.documents import documents
from codewarrant.fhir.normalise_authorizations import authorizations, supplied
from codewarrant.fhir.normalise_claims import billed, claim, received
from codewarrant.fhir.normalise_clinical import medications, observations, procedures
from codewarrant.fhir.normalise_diagnoses import diagnoses
from codewarrant.fhir.normalise_people import (
    Case,
    clocks,
    encounter,
    open_case,
    patient,
    payer,
    practitioners,
    specialty,
)
from codewarrant.fhir.partition import Part
from codewarrant.fhir.references import Index
from codewarrant.schema import NAMES, Chart, Entity, Note, Payer, Unread


def normalise(bundle: Mapping[str, Any], index: Index, part: Part, wanted_payer: str) -> Chart:
    """The chart of one encounter, or of one claim alone."""
    billing, others = billed(index, part)
    case = open_case(index, part, billing)
    said = specialty(case)
    pays = payer(case, wanted_payer)
    found: list[Entity | Note | Unread] = [encounter(case, said), *others]
    found += [one for one in (patient(case), pays) if one is not None]
    found += _contents(case)
    return Chart(
        id=part.head.name,
        entities=tuple(sorted((one for one in found if isinstance(one, Entity)), key=_by_place)),
        notes=tuple(sorted((one for one in found if isinstance(one, Note)), key=_by_date)),
        unread=tuple(sorted((one for one in found if isinstance(one, Unread)), key=_by_source)),
        clocks=clocks(case, received(billing)[0]),
        setting=case.setting,
        specialty=said,
        payer=_name(pays),
        supplied=supplied(case, bundle),
        claim_only=part.claim_only,
    )


def _contents(case: Case) -> Iterator[Entity | Note | Unread]:
    yield from practitioners(case)
    yield from diagnoses(case)
    yield from procedures(case)
    yield from observations(case)
    yield from medications(case)
    yield from claim(case)
    yield from authorizations(case)
    yield from documents(case.index, case.part)


def _name(pays: Payer | None) -> str | None:
    return (pays.id or pays.name) if pays is not None else None


def _by_place(entity: Entity) -> tuple[Any, ...]:
    where = tuple((one.source, one.path) for one in entity.evidence)
    return NAMES[type(entity)], entity.order, where


def _by_date(note: Note) -> tuple[str, str, str, str]:
    return note.date.isoformat() if note.date else "9999-12-31", note.kind, note.source, note.path


def _by_source(unread: Unread) -> tuple[str, str, str]:
    return unread.source, unread.path, unread.reason
