"""Resources by name, and what a reference points to.

A resource is named ``Type/id``, or ``Type/sha-<16 hex>`` by the digest of its content where it has
no id: never by its position in the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import orjson

from codewarrant.engine.canonical import decimal_text, sha256
from codewarrant.engine.facts import Evidence
from codewarrant.fhir.errors import Issue, Refused
from codewarrant.fhir.gate import Entry
from codewarrant.fhir.resource_types import READ

NPI = ("http://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6")

_TAIL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?identifier=([^&]+)$")


@dataclass(frozen=True, eq=False)
class Record:
    """A resource with its name and the place in the record that evidence names."""

    name: str
    """``Condition/7``; a contained resource is ``Claim/7#payer``."""
    type: str
    resource: Mapping[str, Any]
    place: str = ""
    """Where it stands in the bundle, for messages only."""
    source: str = ""
    """The name of the resource that holds it: its own, or its container's."""
    root: str = ""
    """FHIRPath inside ``source``; empty unless it is contained."""
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    references: tuple[tuple[str, str], ...] = ()

    def within(self, path: str) -> str:
        """The FHIRPath inside ``source`` of an element of this resource."""
        return ".".join(part for part in (self.root, path) if part)

    def at(self, *paths: str) -> tuple[Evidence, ...]:
        """Evidence for elements of this resource."""
        return tuple(Evidence(self.source, self.within(path)) for path in paths)


def name_of(resource: Mapping[str, Any]) -> str:
    """``Type/id``, or ``Type/sha-…`` by content where there is no id."""
    kind, given = resource["resourceType"], resource.get("id")
    if given:
        return f"{kind}/{given}"
    content = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS, default=_spell)
    return f"{kind}/sha-{sha256(content)[:16]}"


def _spell(value: object) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(type(value).__name__)


class Index:
    """All resources that are read, sorted by name, and the ways to find one."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Raises :class:`Refused` where two different resources have one name."""
        self._by_name: dict[str, Record] = {}
        self._by_url: dict[str, Record] = {}
        self._by_identifier: dict[tuple[str, str, str], set[str]] = {}
        self._other_urls: set[str] = set()
        self._contained: dict[tuple[str, str], Record | None] = {}
        clashes: list[Issue] = []
        for entry in entries:
            kind = entry.resource["resourceType"]
            name = name_of(entry.resource)
            if kind not in READ:
                self._other_urls.update(url for url in (entry.full_url, name) if url)
                continue
            record = Record(
                name, kind, entry.resource, entry.place, name, "",
                entry.attachments, entry.references,
            )  # fmt: skip
            first = self._by_name.setdefault(name, record)
            if first is not record and first.resource != record.resource:
                message = f"{name} is in the bundle twice, with different content"
                clashes.append(Issue("error", "duplicate", entry.place, message))
            if entry.full_url:
                self._by_url[entry.full_url] = first
        if clashes:
            raise Refused(clashes)
        self.records = tuple(sorted(self._by_name.values(), key=lambda record: record.name))
        self._by_tail = {
            match[1]: self._by_url[url]
            for url in sorted(self._by_url)
            if (match := _TAIL.search(url))
        }
        for record in self.records:
            for system, value in identifiers(record.resource):
                for key in ((record.type, system, value), (record.type, "", value)):
                    self._by_identifier.setdefault(key, set()).add(record.name)

    def of(self, kind: str) -> tuple[Record, ...]:
        """All resources of a type, by name."""
        return tuple(record for record in self.records if record.type == kind)

    def resolve(self, holder: Record, reference: object) -> Record | None:
        """What a Reference of ``holder`` points to inside the bundle, or None.

        Contained (``#id``), ``urn:uuid:``, absolute, relative, conditional
        (``Type?identifier=system|value``) and logical (``identifier``) references.
        """
        if not isinstance(reference, Mapping):
            return None
        text = reference.get("reference")
        if isinstance(text, str) and text:
            return self.find(holder, text)
        wanted = reference.get("identifier")
        if isinstance(wanted, Mapping) and wanted.get("value") and reference.get("type"):
            return self._identified(reference["type"], wanted.get("system") or "", wanted["value"])
        return None

    def find(self, holder: Record, text: str) -> Record | None:
        """What a literal reference points to inside the bundle, or None."""
        if text.startswith("#"):
            return self._within(holder, text[1:])
        if found := self._by_url.get(text):
            return found
        if match := _CONDITIONAL.search(text):
            system, _, value = unquote(match[2]).rpartition("|")
            return self._identified(match[1], system, value)
        if match := _TAIL.search(text):
            tail = match[1]
            if tail == text or text.startswith(f"{tail}/_history/"):
                return self._by_name.get(tail) or self._by_tail.get(tail)
            # An absolute one whose target came without a fullUrl, or with a urn as fullUrl.
            found = self._by_name.get(tail)
            return found if found is not None and tail not in self._by_tail else None
        return None

    def known(self, holder: Record, text: str) -> bool:
        """Whether a literal reference points to anything in the bundle, of a type read or not."""
        if self.find(holder, text) is not None or text in self._other_urls:
            return True
        if text.startswith("#"):
            listed = holder.resource.get("contained") or ()
            return text == "#" or any(item.get("id") == text[1:] for item in listed)
        match = _TAIL.search(text)
        return match is not None and match[1] in self._other_urls

    def identity(self, holder: Record, reference: object) -> str | None:
        """A name by which two references to one thing can be told to be the same."""
        found = self.resolve(holder, reference)
        if found is not None:
            return found.name
        if not isinstance(reference, Mapping):
            return None
        text = reference.get("reference")
        if not isinstance(text, str) or not text:
            return None
        match = _TAIL.search(text)
        return match[1] if match else text

    def npi(self, holder: Record, reference: object) -> str | None:
        """The NPI of whom a reference names: of the resource, or written in the reference."""
        if not isinstance(reference, Mapping):
            return None
        found = self.resolve(holder, reference)
        pairs = list(identifiers(found.resource)) if found is not None else []
        wanted = reference.get("identifier")
        if isinstance(wanted, Mapping):
            pairs.append((wanted.get("system") or "", wanted.get("value") or ""))
        if match := _CONDITIONAL.search(str(reference.get("reference") or "")):
            system, _, value = unquote(match[2]).rpartition("|")
            pairs.append((system, value))
        return min((value for system, value in pairs if system in NPI and value), default=None)

    def contained(self, holder: Record) -> Iterator[tuple[str, Mapping[str, Any], Record | None]]:
        """What a resource contains: path, resource, and its Record if it is of a type read and can
        be referred to."""
        for i, item in enumerate(holder.resource.get("contained") or ()):
            id = item.get("id")
            found = self._within(holder, id) if id else None
            here = found if found is not None and found.resource is item else None
            yield f"contained[{i}]", item, here

    def _within(self, holder: Record, id: str) -> Record | None:
        container = self._by_name.get(holder.source)
        if container is None:
            return None
        key = (container.name, id)
        if key not in self._contained:
            self._contained[key] = None
            for i, item in enumerate(container.resource.get("contained") or ()):
                if item.get("id") == id and item["resourceType"] in READ:
                    self._contained[key] = Record(
                        f"{container.name}#{id}", item["resourceType"], item, container.place,
                        container.name, f"contained[{i}]",
                    )  # fmt: skip
                    break
        return self._contained[key]

    def _identified(self, kind: str, system: str, value: str) -> Record | None:
        names = self._by_identifier.get((kind, system, value), set())
        return self._by_name[next(iter(names))] if len(names) == 1 else None


def identifiers(resource: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The identifiers of a resource as (system, value)."""
    given = resource.get("identifier")
    listed = given if isinstance(given, list) else [given] if given else []
    return [(item.get("system") or "", item["value"]) for item in listed if item.get("value")]


def dangling(index: Index) -> list[Issue]:
    """One warning for each thing that is referred to and is not in the bundle."""
    first: dict[str, tuple[str, int]] = {}
    for record in index.records:
        for text, path in record.references:
            if text in first:
                first[text] = (first[text][0], first[text][1] + 1)
            elif not index.known(record, text):
                first[text] = (f"{record.name}.{path}", 1)
    return [
        Issue(
            "warning",
            "not-found",
            place,
            "refers to a resource that is not in the bundle"
            + (f" ({count} references to it)" if count > 1 else ""),
        )
        for place, count in sorted(first.values())
    ]
