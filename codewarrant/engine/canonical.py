"""One spelling for every value: sorted keys, UTF-8, no floats.

Two forms. *Plain* is for readers: a code is an object with ``system`` and ``code``, dates and
decimals are text. *Typed* keeps apart what plain JSON would confuse (a date and a text that looks
like one, two classes with the same fields) and can be read back; digests of facts and programs are
taken of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import orjson

from codewarrant.engine.values import Code, Duration, Interval


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros: equal numbers, equal text."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


_AS_IT_IS = frozenset((str, bool, int, type(None)))


def plain(value: Any) -> Any:
    """The form for readers. Raises ``TypeError`` for floats and other types without a spelling."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is Code:
        return {"system": value.system, "code": value.value}
    if kind is Duration:
        return f"P{value.months}M{value.days}D"
    if kind is Decimal:
        return decimal_text(value)
    if kind is date:
        return value.isoformat()
    return _contents(value, plain, "")


def typed(value: Any) -> Any:
    """The form that keeps types apart. Raises ``TypeError`` like :func:`plain`."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is Code:
        return {"@": "code", "v": [value.system, value.value]}
    if kind is Duration:
        return {"@": "duration", "v": [value.months, value.days]}
    if kind is Decimal:
        return {"@": "decimal", "v": decimal_text(value)}
    if kind is date:
        return {"@": "date", "v": value.isoformat()}
    return _contents(value, typed, "@")


def _contents(value: Any, form: Any, tag: str) -> Any:
    kind = type(value)
    if kind is tuple or kind is list or kind is Interval:
        return [form(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): form(item) for key, item in value.items()}
    if kind is frozenset:
        return sorted(form(item) for item in value)
    names = _compared(kind)
    if names is not None:
        out = {name: form(getattr(value, name)) for name in names}
        if tag:
            out[tag] = kind.__name__
        return out
    raise TypeError(f"no canonical form for {kind.__name__}")


@cache
def _compared(kind: type) -> tuple[str, ...] | None:
    """The fields that make two records equal; None for a type that is no record."""
    if is_dataclass(kind):
        return tuple(item.name for item in fields(kind) if item.compare)
    return getattr(kind, "_fields", None) if issubclass(kind, tuple) else None


def value_of(form: Any) -> Any:
    """Read back a field value in typed form (scalars and lists of them)."""
    if isinstance(form, list):
        return tuple(value_of(item) for item in form)
    if isinstance(form, dict):
        body = form["v"]
        match form["@"]:
            case "code":
                return Code(*body)
            case "duration":
                return Duration(*body)
            case "decimal":
                return Decimal(body)
            case "date":
                return date.fromisoformat(body)
            case other:
                raise ValueError(f"unknown value type {other}")
    return form


def dumps(value: Any) -> bytes:
    """Canonical bytes of the plain form."""
    return orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS)


def dumps_typed(value: Any) -> bytes:
    """Canonical bytes of the typed form."""
    return orjson.dumps(typed(value), option=orjson.OPT_SORT_KEYS)


def sha256(data: bytes) -> str:
    """The digest by which bytes are addressed everywhere."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """sha256 of the canonical bytes of the typed form."""
    return sha256(dumps_typed(value))
