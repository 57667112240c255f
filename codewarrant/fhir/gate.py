"""The cheap checks that every bundle passes before anything is built from it.

Size, JSON, what it is, types, nesting, attachments. Numbers with a fraction are read as
``Decimal``: money and quantities stay as written.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from codewarrant.fhir.element_names import BOOLEANS, NUMBERS, known_path
from codewarrant.fhir.errors import Issue, Refused, refuse
from codewarrant.fhir.resource_types import ENTRY_TYPES, KNOWN, READ

_DATES = frozenset(
    """
    abatementDateTime authored authoredOn birthDate created date dateAsserted effectiveDateTime
    end issued occurrenceDateTime onsetDateTime performedDateTime recorded recordedDate received
    servicedDate start timingDate
    """.split()  # noqa: SIM905
)
_ATTACHMENTS = ("attachment", "presentedForm")
_SPACE = re.compile(r"\s+")
_OBJECT = re.compile(r"\s*[{\[]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MOST_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted at most. Sizes in bytes; depth counts objects and lists."""

    max_bytes: int = 10_000_000
    max_entries: int = 1_000
    max_attachment: int = 1_048_576
    max_depth: int = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of the bundle, as sent."""

    place: str
    """``Bundle.entry[3].resource``."""
    full_url: str
    resource: Mapping[str, Any]
    references: tuple[tuple[str, str], ...]
    """Each literal reference with its FHIRPath inside the resource."""
    attachments: Mapping[str, bytes]
    """Decoded bytes by FHIRPath of the attachment."""
    doubtful: tuple[str, ...]
    """Paths of values that a lenient reader may take for something else: texts that look like JSON
    objects, texts and truth values where a number may stand, and the other way round."""


def parse(data: bytes, limits: Limits) -> dict[str, Any]:
    """The bundle as Python values. Raises :class:`Refused` if it is not JSON or not a Bundle."""
    if len(data) > limits.max_bytes:
        raise refuse(
            "too-long", "", f"{len(data):,} bytes; at most {limits.max_bytes:,} are accepted"
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] == b"<":
        raise refuse("not-supported", "", "this is XML; FHIR JSON is read")
    try:
        orjson.loads(data)
        value = json.loads(data, parse_float=_decimal)
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg or "recursion" in error.msg.lower():
            raise refuse(
                "too-costly", "", f"nested deeper than {limits.max_depth} levels (not read)"
            ) from None
        where = f"line {error.lineno}, column {error.colno}"
        raise refuse("structure", "", f"not JSON: {_reason(error.msg)} at {where}") from None
    except RecursionError:
        raise refuse(
            "too-costly", "", f"nested deeper than {limits.max_depth} levels (not read)"
        ) from None
    except ValueError:
        raise refuse("value", "", f"a number has more than {_MOST_DIGITS} digits") from None
    if not isinstance(value, dict):
        raise refuse("structure", "", f"not a FHIR Bundle: a JSON {_kind(value)}")
    return value


def _decimal(text: str) -> Decimal:
    # An exponent is a few bytes that would be written out as millions of digits.
    value = Decimal(text)
    if len(text) > _MOST_DIGITS or abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError("number out of bounds")
    return value


def _reason(message: str) -> str:
    return message.split(":")[0]


def _kind(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def entries(bundle: Mapping[str, Any], limits: Limits) -> tuple[Entry, ...]:
    """The resources of a bundle, each of a known type, within the limits, attachments decoded.

    Raises :class:`Refused` with every fault that was found. Entries without a resource (deletions
    in a history) are left out.
    """
    kind = bundle.get("resourceType")
    if kind != "Bundle":
        known = isinstance(kind, str) and kind in KNOWN
        found = f"found {kind}" if known else "an object without a known resourceType"
        raise refuse("structure", "", f"not a FHIR Bundle: {found}")
    issues: list[Issue] = []
    if str(bundle.get("type")) not in ENTRY_TYPES:
        issues.append(Issue("error", "code-invalid", "Bundle.type", "not a type of bundle"))
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise refuse("structure", "Bundle.entry", f"an array is expected, not a {_kind(listed)}")
    if len(listed) > limits.max_entries:
        raise refuse(
            "too-long",
            "Bundle.entry",
            f"{len(listed):,} entries; at most {limits.max_entries:,} are accepted",
        )
    out: list[Entry] = []
    for position, item in enumerate(listed):
        place = f"Bundle.entry[{position}]"
        if not isinstance(item, dict) or not isinstance(item.get("fullUrl", ""), str):
            issues.append(Issue("error", "structure", place, "not a bundle entry"))
            continue
        resource = item.get("resource")
        if resource is None:
            continue
        place += ".resource"
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            issues.append(Issue("error", "structure", place, "no resourceType"))
        elif resource["resourceType"] not in KNOWN:
            issues.append(
                Issue("error", "not-supported", f"{place}.resourceType", "unknown resourceType")
            )
        else:
            walked = _walk(resource, place, limits, issues)
            out.append(Entry(place, item.get("fullUrl", ""), resource, *walked))
    if issues:
        raise Refused([replace(issue, path=known_path(issue.path)) for issue in issues])
    return tuple(out)


def _walk(
    resource: dict[str, Any], place: str, limits: Limits, issues: list[Issue]
) -> tuple[tuple[tuple[str, str], ...], dict[str, bytes], tuple[str, ...]]:
    """One pass, level by level, over all of a resource."""
    read = resource["resourceType"] in READ
    references: list[tuple[str, str]] = []
    attachments: dict[str, bytes] = {}
    suspicious: list[str] = []
    longest = limits.max_attachment
    level: list[tuple[str, str, Any]] = [("", "", resource)]
    # The bundle, its list of entries and the entry itself are three levels.
    for _ in range(limits.max_depth - 3):
        below: list[tuple[str, str, Any]] = []
        for path, name, node in level:
            if type(node) is dict:
                if name == "contained" and str(node.get("resourceType")) not in KNOWN:
                    issues.append(
                        Issue(
                            "error",
                            "not-supported",
                            f"{place}.{path}.resourceType",
                            "unknown resourceType",
                        )
                    )
                for key, value in node.items():
                    kind = type(value)
                    if kind is dict or kind is list:
                        below.append((f"{path}.{key}" if path else key, key, value))
                    elif not read:
                        continue
                    elif kind is str:
                        if key == "reference":
                            references.append((value, f"{path}.reference"))
                        elif key == "data" and name in _ATTACHMENTS:
                            _attachment(value, path, place, limits, attachments, issues)
                        elif len(value) > longest:
                            where = ".".join(part for part in (place, path, key) if part)
                            issues.append(_too_long(where, len(value), limits))
                        elif key in NUMBERS or key in BOOLEANS or _OBJECT.match(value):
                            suspicious.append(f"{path}.{key}" if path else key)
                    elif value is not None and key in (NUMBERS if kind is bool else BOOLEANS):
                        suspicious.append(f"{path}.{key}" if path else key)
                    elif kind is not bool and value is not None and key in _DATES:
                        where = ".".join(part for part in (place, path, key) if part)
                        issues.append(
                            Issue("error", "value", where, "a date is text, not a number")
                        )
            else:
                for i, value in enumerate(node):
                    kind = type(value)
                    if kind is dict or kind is list:
                        below.append((f"{path}[{i}]", name, value))
                    elif read and (
                        (kind is str and (name in NUMBERS or _OBJECT.match(value)))
                        or (kind is bool and name in NUMBERS)
                    ):
                        suspicious.append(f"{path}[{i}]")
        if not below:
            return tuple(references), attachments, tuple(suspicious)
        level = below
    raise refuse("too-costly", place, f"nested deeper than {limits.max_depth} levels")


def _attachment(
    text: str,
    path: str,
    place: str,
    limits: Limits,
    attachments: dict[str, bytes],
    issues: list[Issue],
) -> None:
    compact = _SPACE.sub("", text)
    size = len(compact) * 3 // 4
    if size > limits.max_attachment + 2:
        issues.append(_too_long(f"{place}.{path}.data", size, limits))
        return
    # Checked here in full: how strict the decoder is differs between versions of Python.
    if len(compact) % 4 or not _BASE64.fullmatch(compact):
        issues.append(Issue("error", "value", f"{place}.{path}.data", "not valid base64"))
        return
    attachments[path] = binascii.a2b_base64(compact)


def _too_long(where: str, size: int, limits: Limits) -> Issue:
    return Issue(
        "error",
        "too-long",
        where,
        f"{size:,} bytes of content; at most {limits.max_attachment:,} are accepted",
    )


def element_path(place: str, steps: Iterator[Any] | tuple[Any, ...]) -> str:
    """A FHIRPath from a place and the keys and indices below it; odd keys are not repeated."""
    out = place
    for step in steps:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            out += f".{step}" if _NAME.fullmatch(str(step)) else ".?"
    return out
