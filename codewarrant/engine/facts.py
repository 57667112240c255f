"""Facts: immutable, typed, named by the digest of what they say and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codewarrant.engine.canonical import digest
from codewarrant.engine.values import Value


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in the record; ``begin`` and ``end`` count code points of the decoded text."""

    source: str
    """The resource, ``Condition/7``: never its position in the bundle."""
    path: str = ""
    """FHIRPath inside the resource."""
    attachment: str | None = None
    """sha256 of the attachment's bytes, where the passage stands in one."""
    begin: int | None = None
    end: int | None = None
    text: str | None = None

    @property
    def ref(self) -> str:
        """The short form: ``Condition/7.code`` or ``DocumentReference/7#120-141``."""
        if self.begin is not None:
            return f"{self.source}#{self.begin}-{self.end}"
        return f"{self.source}.{self.path}" if self.path else self.source


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement of the chart. A field that is absent is unknown."""

    id: str
    entity: str
    fields: Mapping[str, Value]
    evidence: tuple[Evidence, ...] = ()
    order: tuple[int | str, ...] = ()
    """Order of documentation, from content: rank, note date, section, offset. Lower is earlier."""

    def get(self, name: str) -> Value | None:
        return self.fields.get(name)


def make_fact(
    entity: str,
    fields: Mapping[str, Value | None],
    evidence: tuple[Evidence, ...] = (),
    order: tuple[int | str, ...] = (),
) -> Fact:
    """Build a fact; ``None`` fields are left out, the id is the digest of the rest."""
    known = {name: value for name, value in sorted(fields.items()) if value is not None}
    content = {"entity": entity, "fields": known, "evidence": evidence, "order": order}
    return Fact(f"f:{digest(content)[:24]}", entity, known, evidence, order)
