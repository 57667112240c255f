"""Examples and tests as charts: the given facts, checked against the schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Diagnostic, Fault, did_you_mean, fault
from codewarrant.dsl.installed_tables import given_rows
from codewarrant.dsl.lower_terms import check_word, constant
from codewarrant.dsl.scope import Names, Scope
from codewarrant.dsl.types import NUMBERS, Type, by_date, fields_of, system_of
from codewarrant.dsl.words import known_section, words_of
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.relation import ON, Relation
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import Code, Value
from codewarrant.schema import CLOCKS, ENTITIES, OPEN, SINGLE, age, to_fact

USUAL: dict[str, dict[str, Any]] = {
    "diagnosis": {"origin": "condition", "certainty": "confirmed", "status": "active"},
    "mention": {
        "phrase": "", "polarity": "affirmed", "certainty": "confirmed",
        "temporality": "current", "experiencer": "patient",
    },
    "practitioner": {"id": "practitioner"},
}  # fmt: skip
"""What a given fact says where the example does not."""

AS_SENT = frozenset({"claim diagnosis"})
"""Entities with codes as sent: an example may give one that does not exist."""

CLOCK_FIELDS = {
    "received date": ("claim", "received"),
    "admission date": ("encounter", "start"),
    "discharge date": ("encounter", "end"),
}
"""Clocks that follow from a given fact; the date of service is the date of the example."""


@dataclass(frozen=True)
class Case:
    """An example ready to run. ``named`` are the facts by their variable or, where there is one
    of its kind, by its entity."""

    example: s.Example
    facts: tuple[Fact, ...]
    named: Mapping[str, Fact]
    clocks: Mapping[str, date | None]
    supplied: frozenset[str]
    sentences: tuple[Sentence, ...]
    tables: Mapping[str, Relation]
    """The installed tables with the rows that the example gives, by pack and name."""


def lower_case(
    example: s.Example, names: Names, on: date | None, faults: list[Diagnostic]
) -> Case | None:
    """The chart of an example; ``on`` is the date where it names none. None if it has faults."""
    before = len(faults)
    day = example.on or on
    scope = Scope(names, faults=faults)
    nodes = list(example.given.facts)
    fields: list[dict[str, Any]] = []
    faulty: set[int] = set()
    for node in nodes:
        found = len(faults)
        fields.append(_fields(node, scope, faults))
        if len(faults) > found:
            faulty.add(len(fields) - 1)
    clocks: dict[str, date | None] = dict.fromkeys(CLOCKS, day)
    for clock, (entity, field) in CLOCK_FIELDS.items():
        for node, values in zip(nodes, fields, strict=True):
            if node.entity == entity and isinstance(values.get(field), date):
                clocks[clock] = values[field]
    clocks.update(example.given.clocks)
    for node, values in zip(nodes, fields, strict=True):
        if node.entity == "patient":
            values.update(_age(values, clocks["date of service"]))
    sentences, places = _notes(example.given.notes, nodes, faults)
    given = {node.entity for node in nodes}
    facts: list[Fact] = []
    named: dict[str, Fact] = {}
    for at, (node, values) in enumerate(zip(nodes, fields, strict=True)):
        evidence = (Evidence(f"Given/{at + 1}"), *places.get(at, ()))
        # what is missing because its value was refused has been said
        fact = None if at in faulty else _fact(node, values, evidence, (at,), faults)
        if fact is None:
            continue
        facts.append(fact)
        if node.var is not None:
            named[node.var.text] = fact
        elif node.entity in SINGLE:
            named[node.entity] = fact
    for entity, values in _implied(names, given).items():
        fact = to_fact(ENTITIES[entity](**values, evidence=(Evidence(f"Given/{entity}"),)))
        facts.append(fact)
        named[entity] = fact
    for entity in example.given.supplied:
        if entity not in OPEN:
            faults.append(
                fault(
                    "CW0802",
                    example.span,
                    f"a chart always says which {entity} facts it has",
                    f"`supplied` is for: {', '.join(OPEN)}",
                ).diagnostic
            )
    tables = _tables(example.given.rows, scope, faults)
    if len(faults) > before:
        return None
    return Case(
        example, tuple(facts), named, clocks, frozenset(example.given.supplied), sentences, tables
    )


def _tables(
    rows: tuple[s.RowNode, ...], scope: Scope, faults: list[Diagnostic]
) -> dict[str, Relation]:
    """Every installed table that the pack can join, with the rows given of it."""
    installed = {name: one for name, one in scope.names.tables.items() if one.release}
    given: dict[str, list[Mapping[str, Value]]] = {name: [] for name in installed}
    for node in rows:
        name = node.table.text
        if name not in installed:
            file = name in scope.names.tables
            faults.append(
                fault(
                    "CW0802" if file else "CW0207",
                    node.table.span,
                    f"the rows of `{name}` stand in its file"
                    if file
                    else f"there is no table `{name}`",
                    did_you_mean(name, installed),
                ).diagnostic
            )
            continue
        known = {column: kind for column, kind in installed[name].columns.items() if column != ON}
        values = _read(node, name, known, scope, faults)
        given[name].append({key: value for key, value in values.items() if value is not None})
    return {one.name: given_rows(one, given[name]) for name, one in installed.items()}


def _fields(node: s.FactNode, scope: Scope, faults: list[Diagnostic]) -> dict[str, Any]:
    values: dict[str, Any] = dict(USUAL.get(node.entity, {}))
    return values | _read(node, node.entity, fields_of(node.entity), scope, faults)


def _read(
    node: s.FactNode | s.RowNode,
    what: str,
    known: Mapping[str, Type],
    scope: Scope,
    faults: list[Diagnostic],
) -> dict[str, Any]:
    """The values of the fields as written."""
    values: dict[str, Any] = {}
    seen: set[str] = set()
    for name, items, many in node.fields:
        try:
            found = known.get(name.text)
            if found is None:
                raise fault(
                    "CW0208",
                    name.span,
                    f"`{what}` has no field `{name.text}`",
                    did_you_mean(name.text, known) or f"its fields: {', '.join(sorted(known))}",
                )
            if name.text in seen:
                raise fault("CW0110", name.span, f"`{name.text}` is given twice")
            seen.add(name.text)
            if many and not found.many:
                raise fault("CW0307", name.span, f"`{name.text}` holds one value, not a list")
            read = [
                _as_sent(item, found, scope) if what in AS_SENT else _value(item, found, scope)
                for item in items
            ]
            values[name.text] = tuple(read) if found.many and read != [None] else read[0]
        except Fault as error:
            faults.append(error.diagnostic)
    return values


def _age(values: Mapping[str, Any], on: date | None) -> dict[str, int]:
    """The age by the date of birth, as on real charts, where the example does not give it."""
    born = values.get("birth_date")
    found = age(born, on) if isinstance(born, date) and on is not None else None
    ages = zip(("age_years", "age_days"), found or (), strict=False)
    return {name: value for name, value in ages if name not in values}


def _as_sent(node: s.Literal_ | s.Word, found: Type, scope: Scope) -> Value | None:
    """The value of a field that has codes as sent: what has the form of one is taken."""
    if isinstance(node, s.CodeValue) and found.kind == "code":
        systems = by_date(found.systems, scope.names.on)
        if node.system:
            systems = (node.system,) if node.system in systems else ()
        system = system_of(node.text, systems) if systems else ""
        if system:
            return Code(system, node.text)
    return _value(node, found, scope)


def _value(node: s.Literal_ | s.Word, found: Type, scope: Scope) -> Value | None:
    single = Type(found.kind, found.systems, found.values, found.unit)
    if isinstance(node, s.Word):
        if node.text == "unknown":
            return None
        if single.kind != "text":
            raise fault("CW0310", node.span, f"{single.a} is needed here")
        check_word(node.text, node.span, single)
        return node.text
    value, kind = constant(node, scope, single)
    numbers = kind.kind in NUMBERS and single.kind in (*NUMBERS, "money")
    if kind.kind != single.kind and not (numbers and single.kind != "integer"):
        raise fault("CW0310", node.span, f"{single.a} is needed here, not {kind.a}")
    return value


def _fact(
    node: s.FactNode,
    values: Mapping[str, Any],
    evidence: tuple[Evidence, ...],
    order: tuple[int | str, ...],
    faults: list[Diagnostic],
) -> Fact | None:
    # a field set to unknown that the schema requires is as good as missing
    given = {name: value for name, value in values.items() if value is not None}
    try:
        fact = to_fact(ENTITIES[node.entity](**given, evidence=evidence, order=order))
    except ValidationError as error:
        lacking = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
        faults.append(
            fault(
                "CW0802",
                node.span,
                f"this {node.entity} needs {' and '.join(f'`{item}`' for item in lacking)}",
                f"write {node.entity}: {lacking[0]} …" if lacking else "",
            ).diagnostic
        )
        return None
    # an empty list says that there are none; one that is unknown does not
    known = {name: value for name, value in fact.fields.items() if values.get(name, "") is not None}
    return make_fact(fact.entity, known, evidence, order)


def _notes(
    notes: tuple[s.NoteNode, ...], nodes: list[s.FactNode], faults: list[Diagnostic]
) -> tuple[tuple[Sentence, ...], dict[int, list[Evidence]]]:
    """The sentences of given notes; a fact named by ``near`` has its evidence in each of them."""
    sentences: list[Sentence] = []
    places: dict[int, list[Evidence]] = {}
    by_var = {node.var.text: at for at, node in enumerate(nodes) if node.var is not None}
    for number, note in enumerate(notes, start=1):
        source = f"Note/{number}"
        spans = []
        section = ""
        if note.section is not None:
            try:
                known_section(note.section)
                section = note.section.text
            except Fault as error:
                faults.append(error.diagnostic)
        for hit in re.finditer(r"[^.!?]+[.!?]*", note.text):
            words = tuple(words_of(hit.group()))
            if words:
                sentences.append(Sentence(source, hit.start(), hit.end(), words, section))
                spans.append((hit.start(), hit.end()))
        for name in note.near:
            at = by_var.get(name.text)
            if at is None:
                faults.append(
                    fault(
                        "CW0206",
                        name.span,
                        f"no given fact is called `{name.text}`",
                        did_you_mean(name.text, by_var),
                    ).diagnostic
                )
                continue
            places.setdefault(at, []).extend(
                Evidence(source, begin=begin, end=end) for begin, end in spans
            )
    return tuple(sentences), places


def _implied(names: Names, given: set[str]) -> dict[str, dict[str, Any]]:
    """Single entities that an example need not repeat: every chart has a patient and an encounter,
    lines and a claim's diagnoses stand on a claim, and what the pack's ``applies when`` asks of a
    payer or claim holds."""
    out: dict[str, dict[str, Any]] = {}
    for entity in ("patient", "encounter"):
        if entity not in given:
            out[entity] = {}
    if "claim" not in given and given & {"line", "claim diagnosis"}:
        out["claim"] = {}
    node = names.applies
    items = node.items if isinstance(node, s.Junction) and node.op == "and" else (node,)
    for item in items:
        match item:
            case s.Comparison("=", s.Ref((entity, field)), s.Quoted(text)) if (
                entity.text in SINGLE and entity.text not in given
            ):
                out.setdefault(entity.text, {})[field.text] = text
    return out
