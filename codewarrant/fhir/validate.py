"""Full validation of the types that are read, against the R4B models of ``fhir.resources``.

R4B's elements equal R4's for every type read here. The models only judge: their values are never
used, because they rewrite dates and turn decimals into floats. A message says what is wrong with
which element and never repeats what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from codewarrant.fhir.errors import Issue
from codewarrant.fhir.gate import Entry, element_path
from codewarrant.fhir.resource_types import READ

_SAYS = {
    "missing": ("required", "is required and not there"),
    "model_field_validation.missing": ("required", "is required and not there"),
    "string_type": ("value", "must be text"),
    "list_type": ("structure", "must be an array"),
    "json_invalid": ("structure", "must be an object"),
    "model_type": ("structure", "must be an object"),
    "dict_type": ("structure", "must be an object"),
}
_DATE_ELEMENT = re.compile(r"(date|datetime|start|end|issued|authoredon|created|recorded|time)$")
_STEP = re.compile(r"[^.\[\]]+")


def issues(entries: Iterable[Entry]) -> list[Issue]:
    """What is wrong with the resources of the types that are read."""
    found: list[Issue] = []
    for entry in entries:
        kind = entry.resource["resourceType"]
        if kind in READ:
            found.extend(_check(entry, model(kind)))
    return found


@cache
def model(kind: str) -> type[BaseModel]:
    """The R4B model of a resource type, imported on first use."""
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(kind)


def warm() -> None:
    """Build the lazily built models now, so that the first bundle is as fast as the next."""
    for kind in sorted(READ):
        try:
            model(kind).model_validate({"resourceType": kind})
        except ValidationError:
            continue


def _check(entry: Entry, kind: type[BaseModel]) -> list[Issue]:
    try:
        value = kind.model_validate(entry.resource)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        listed = (_issue(entry.place, item["loc"], item["type"]) for item in found)
        return list(dict.fromkeys(listed))
    except (KeyError, TypeError, AttributeError, RecursionError):
        # Models of contained resources are looked up by name inside the validator.
        return [Issue("error", "structure", entry.place, "cannot be validated")]
    return [
        Issue("error", "structure", f"{entry.place}.{path}", message)
        for path in entry.doubtful
        if (message := _misread(_follow(entry.resource, path), _follow(value, path)))
    ]


def _misread(sent: object, read: object) -> str:
    """What is wrong where a model took a value for something else than the JSON says."""
    if isinstance(read, bool):
        return "" if isinstance(sent, bool) else "must be true or false"
    if isinstance(read, int | float | Decimal):
        return "must be a number, not text" if isinstance(sent, str | bool) else ""
    if read is None or isinstance(read, str):
        return ""
    return "must be an object, not text"


def _issue(place: str, location: tuple[Any, ...], kind: str) -> Issue:
    if kind == "extra_forbidden":
        # The key itself is not repeated: it may hold anything.
        path = element_path(place, location[:-1])
        return Issue("error", "structure", path, "holds something that is no element of this type")
    path = element_path(place, location)
    if kind in _SAYS:
        code, message = _SAYS[kind]
        return Issue("error", code, path, message)
    named = [str(step) for step in location if isinstance(step, str)]
    if named and _DATE_ELEMENT.search(named[-1].lower()):
        return Issue("error", "value", path, "is not a possible date")
    return Issue("error", "value", path, "has a value that its type does not allow")


def _follow(value: Any, path: str) -> Any:
    """The value, as sent or validated, at a path of the JSON.

    A model spells ``class`` as ``class_fhir``.
    """
    for step in _STEP.findall(path):
        if isinstance(value, list):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            value = getattr(value, step, getattr(value, f"{step}_fhir", None))
    return value
