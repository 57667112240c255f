"""The element names of FHIR, so that a message never repeats a key that somebody made up.

A key of a JSON object may hold anything, a patient's name too. Only names that FHIR defines are
repeated; a path ends before the first other one.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from functools import cache

from codewarrant.fhir.resource_types import READ

NUMBERS = frozenset(
    """
    allowedUnsignedInt altitude careTeamSequence count countMax detailSequence diagnosisSequence
    dimensions duration durationMax factor factorOverride frequency frequencyMax informationSequence
    itemSequence latitude limit longitude lowerLimit min multipleBirthInteger noteNumber number
    numberOfRepeatsAllowed offset order period periodMax precedence procedureSequence rank sequence
    size subDetailSequence subdetailSequence upperLimit usedUnsignedInt value valueDecimal
    valueInteger valuePositiveInt valueUnsignedInt
    """.split()  # noqa: SIM905
)
"""Elements that are a JSON number in some type that is read; some are something else in others."""

BOOLEANS = frozenset(
    """
    active allDay allowedBoolean asNeededBoolean deceasedBoolean doNotPerform excluded focal
    isActive multipleBirthBoolean preferred reportedBoolean responsible subrogation userSelected
    valueBoolean
    """.split()  # noqa: SIM905
)
"""Elements that are true or false in some type that is read."""

_STEP = re.compile(r"([A-Za-z_]\w*)(\[\d+\])*", re.ASCII)


def known_path(path: str) -> str:
    """As much of a path from the bundle on as consists of names that FHIR defines."""
    kept: list[str] = []
    for step in path.split("."):
        match = _STEP.fullmatch(step)
        if match is None or match[1] not in _all_names():
            break
        kept.append(step)
    return ".".join(kept)


@cache
def element_types() -> dict[str, frozenset[str]]:
    """Every element name of the types that are read, with the types its values may have."""
    from fhir.resources.R4B import get_fhir_model_class

    found: dict[str, set[str]] = {}
    seen: set[str] = set()
    waiting: list[str] = sorted(READ)
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        for name, field in get_fhir_model_class(kind).model_fields.items():
            here = found.setdefault(field.alias or name, set())
            for leaf in _leaves(field.annotation):
                here.add(leaf)
                if leaf.endswith("Type") and leaf not in ("NoneType", "FHIRPrimitiveExtensionType"):
                    waiting.append(leaf.removesuffix("Type"))
    return {name: frozenset(kinds) for name, kinds in found.items()}


def _leaves(annotation: typing.Any) -> Iterator[str]:
    inner = typing.get_args(annotation)
    if not inner:
        yield getattr(annotation, "__name__", "")
    for one in inner:
        yield from _leaves(one)


@cache
def _all_names() -> frozenset[str]:
    return frozenset(element_types()) | {"Bundle", "entry", "resource", "type", "resourceType"}
