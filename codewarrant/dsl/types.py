"""Types of the rule language, from the chart schema: one source for fields and their values."""

from __future__ import annotations

import re
import types
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from codewarrant.engine.values import Code
from codewarrant.schema import CODE_ATTRIBUTES, ENTITIES


@dataclass(frozen=True, slots=True)
class Type:
    """The kind of a value: text, integer, decimal, money, boolean, date, duration, code or fact.

    ``systems`` are a code's possible systems, the likeliest first (empty: any). ``values`` are the
    words that a text field allows (empty: any). ``unit`` is what an integer counts. ``many``: a
    list of such values.
    """

    kind: str
    systems: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    unit: str = ""
    many: bool = False

    @property
    def spoken(self) -> str:
        """The type in a message."""
        name = self.kind
        if self.kind == "code" and self.systems:
            name = f"{' or '.join(self.systems)} code"
        elif self.unit:
            name = f"number of {self.unit}s"
        elif self.kind in ("integer", "decimal"):
            name = "number"
        elif self.kind == "boolean":
            name = "yes-or-no value"
        elif self.kind == "money":
            name = "amount of money"
        return f"list of {name}s" if self.many else name

    @property
    def a(self) -> str:
        """The type with its article."""
        spoken = self.spoken
        return f"{'an' if spoken[0] in 'aeiou' else 'a'} {spoken}"


TEXT = Type("text")
INTEGER = Type("integer")
DECIMAL = Type("decimal")
MONEY = Type("money")
BOOLEAN = Type("boolean")
DATE = Type("date")
DURATION = Type("duration")
NUMBERS = ("integer", "decimal")

_DIAGNOSES = ("icd10cm", "icd9cm")
_SERVICES = ("cpt", "hcpcs")
SYSTEMS_OF = {
    ("diagnosis", "code"): _DIAGNOSES,
    ("diagnosis", "due_to"): _DIAGNOSES,
    ("diagnosis", "unrelated_to"): _DIAGNOSES,
    ("claim diagnosis", "code"): _DIAGNOSES,
    ("mention", "code"): _DIAGNOSES,
    ("finding", "about"): _DIAGNOSES,
    ("finding", "due_to"): _DIAGNOSES,
    ("procedure", "code"): (*_SERVICES, "icd10pcs"),
    ("line", "code"): _SERVICES,
    ("line", "pointers"): _DIAGNOSES,
    ("authorization", "code"): _SERVICES,
}
"""Which systems a code field holds; others hold any."""

UNITS = {
    ("patient", "age_years"): "year",
    ("patient", "age_days"): "day",
    ("line", "units"): "unit",
}
MONEY_FIELDS = {("line", "charge"), ("claim", "total")}


@cache
def fields_of(entity: str) -> dict[str, Type]:
    """The fields of an entity and their types."""
    out = {}
    for name, info in ENTITIES[entity].model_fields.items():
        if name not in ("evidence", "order"):
            out[name] = _type(entity, name, info.annotation)
    return out


def _type(entity: str, name: str, annotation: Any) -> Type:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [item for item in get_args(annotation) if item is not type(None)]
        return _type(entity, name, inner[0])
    if origin is Literal:
        return Type("text", values=tuple(map(str, get_args(annotation))))
    if origin is tuple:
        item = _type(entity, name, get_args(annotation)[0])
        return Type(item.kind, item.systems, item.values, item.unit, True)
    if annotation is Code:
        return Type("code", SYSTEMS_OF.get((entity, name), ()))
    if annotation is Decimal:
        return MONEY if (entity, name) in MONEY_FIELDS else DECIMAL
    if annotation is int:
        return Type("integer", unit=UNITS.get((entity, name), ""))
    return {str: TEXT, bool: BOOLEAN, date: DATE}[annotation]


ATTRIBUTE_VALUES = {
    "laterality": ("left", "right", "bilateral", "unspecified"),
    "seventh_character": (
        "missing",
        "present",
        "not used",
        "wrong",
        "no placeholder",
        "unexpected",
    ),
}


def attribute_type(name: str, systems: tuple[str, ...]) -> Type:
    """The type of an attribute of a code."""
    kind = CODE_ATTRIBUTES[name][0]
    if kind == "code":
        return Type("code", systems)
    return Type(kind, values=ATTRIBUTE_VALUES.get(name, ()))


def named_type(name: str) -> Type:
    """The type that a parameter or column declares."""
    if name in ("integer", "decimal", "money", "duration", "date", "boolean", "text"):
        return Type(name)
    if name == "cpt-hcpcs":
        return Type("code", _SERVICES)
    if name in ("modifier", "pos", "revenue"):
        return TEXT
    return Type("code", (name,))


SHAPES = {
    "icd10cm": re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?"),
    "icd9cm": re.compile(r"(\d{3}|V\d{2})(\.\d{1,2})?|E\d{3}(\.\d)?"),
    "icd10pcs": re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    "cpt": re.compile(r"\d{5}|\d{4}[FTUM]"),
    "hcpcs": re.compile(r"[A-V]\d{4}"),
    "modifier": re.compile(r"[A-Z0-9]{2}"),
    "pos": re.compile(r"\d{2}"),
    "revenue": re.compile(r"\d{3,4}"),
}
STEMS = {
    "icd10pcs": re.compile(r"[0-9A-HJ-NP-Z]{1,7}"),
    "cpt": re.compile(r"\d{1,5}|\d{4}[FTUM]"),
    "hcpcs": re.compile(r"[A-V]\d{0,4}"),
    "icd10cm": re.compile(r"[A-Z][0-9]?[0-9A-Z]?(\.[0-9A-Z]{0,4})?"),
}


ICD10_BEGAN = date(2015, 10, 1)


def by_date(systems: tuple[str, ...], on: date | None) -> tuple[str, ...]:
    """The systems with the one that was in use on a day first: ICD-9-CM before October 2015."""
    if on is not None and on < ICD10_BEGAN and "icd9cm" in systems:
        return ("icd9cm", *(item for item in systems if item != "icd9cm"))
    return systems


def system_of(text: str, systems: tuple[str, ...]) -> str:
    """The first of these systems that writes its codes so, or an empty text."""
    for system in systems or tuple(SHAPES):
        if SHAPES[system].fullmatch(text):
            return system
    return ""
