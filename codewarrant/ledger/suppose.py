"""Suppositions: hypothetical changes of a chart's facts, each in words and as it is tried.

Nothing here is in the record: an added fact has no place there and says so, and what a supposition
leads to is only ever found by running the rules on the changed facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from codewarrant.dsl.types import fields_of
from codewarrant.engine.comparing import text_of
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.standing import order_key
from codewarrant.engine.values import Code, Duration, Value

USUAL: Mapping[str, Mapping[str, Value]] = {
    "diagnosis": {"certainty": "confirmed", "status": "active"},
    "mention": {
        "polarity": "affirmed", "certainty": "confirmed", "temporality": "current",
        "experiencer": "patient",
    },
}  # fmt: skip
"""What a supposed fact says where no test asks for something else."""

HYPOTHETICAL = Evidence("Hypothetical")


@dataclass(frozen=True, slots=True)
class Change:
    """One supposition: ``add`` a fact with these fields, ``set`` fields of facts, or ``remove``
    facts.

    Facts that are set or removed are named by ``facts``, the ids in the chart. ``about`` is what
    they are in words; a value of None means that the field is not known. ``wide`` says for what an
    added code was chosen where others would do as well.
    """

    kind: Literal["add", "set", "remove"]
    entity: str
    fields: tuple[tuple[str, Value | None], ...] = ()
    facts: tuple[str, ...] = ()
    about: str = ""
    wide: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """The supposition in words."""
        if self.kind == "remove":
            return f"no {self.about} in the record"
        if self.kind == "set":
            said = [f"{name} {_shown(value)}" for name, value in self.fields]
            return f"{self.about} with {', '.join(said)}"
        said = [
            f"{name} {_shown(value)}"
            for name, value in self.fields
            if name != "code" and value != ()
        ]
        code = dict(self.fields).get("code")
        name = f"a further {self.entity}" + (f" {text_of(code)}" if code is not None else "")
        name += f" ({', '.join(said)})" if said else ""
        return f"{name}, or another {self.wide}" if self.wide else name

    @property
    def order(self) -> tuple[str, ...]:
        """Total order of suppositions, by content: what becomes known before what is added."""
        rank = str(("set", "add", "remove").index(self.kind))
        return (rank, self.entity, self.about, repr(self.fields), *self.facts)


def _shown(value: Value | None) -> str:
    if value is None:
        return "not known"
    if isinstance(value, tuple) and not isinstance(value, Code | Duration):
        return ", ".join(text_of(item) for item in value) or "empty"
    return text_of(value)


def supposed(facts: Iterable[Fact], changes: Iterable[Change]) -> tuple[Fact, ...]:
    """The facts of a chart with changes made; added ones come last in order of documentation."""
    kept = list(facts)
    last = max((fact.order for fact in kept), key=order_key, default=())
    made = sorted(changes, key=lambda item: item.order)
    removed = {name for item in made if item.kind == "remove" for name in item.facts}
    fields: dict[str, dict[str, Value | None]] = {}
    for item in made:
        if item.kind == "set":
            for name in item.facts:
                fields.setdefault(name, {}).update(item.fields)
    out: list[Fact] = []
    for fact in kept:
        if fact.id in fields and fact.id not in removed:
            changed = {**fact.fields, **fields[fact.id]}
            out.append(make_fact(fact.entity, changed, fact.evidence, fact.order))
        elif fact.id not in removed:
            out.append(fact)
    out += [
        make_fact(item.entity, dict(item.fields), (HYPOTHETICAL,), (*last, place))
        for place, item in enumerate(made)
        if item.kind == "add"
    ]
    return tuple(out)


def usual(entity: str) -> dict[str, Value]:
    """The fields of a supposed fact: its lists are empty, as where a record says nothing."""
    lists = {name: () for name, known in fields_of(entity).items() if known.many}
    return {**lists, **USUAL.get(entity, {})}


def named(fact: Fact) -> str:
    """A fact of the chart in a few words: ``diagnosis N18.30``, ``finding (kind smoker)``."""
    code = fact.get("code")
    if isinstance(code, Code):
        return f"{fact.entity} {text_of(code)}"
    kind = fact.get("kind") or fact.get("name")
    return f"{fact.entity} ({text_of(kind)})" if kind else fact.entity
