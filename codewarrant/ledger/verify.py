"""Verification: the reference evaluator derives a decision again from its facts and its rules.

Everything is checked that digests can check, then the firings are derived anew by an evaluator that
shares nothing with the engine but the data, and the whole body that follows is compared. It needs
no store: a record, and something that opens a snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import orjson

from codewarrant.coding.body import body
from codewarrant.coding.reading import Reading
from codewarrant.coding.recorded_answers import RecordedTable
from codewarrant.coding.recorded_answers import record as record_answers
from codewarrant.coding.release_tables import ReleaseTable
from codewarrant.coding.snapshot import ANSWERS, Snapshot, SnapshotDamaged, read_lock
from codewarrant.decision import Request, decision_id
from codewarrant.engine.canonical import dumps, plain, sha256
from codewarrant.engine.facts import Fact, make_fact
from codewarrant.engine.program import SEMANTICS
from codewarrant.engine.reference import evaluate
from codewarrant.engine.relation import Relation
from codewarrant.engine.trace import Chart, LookedUp
from codewarrant.engine.values import Code, Value
from codewarrant.ledger.difference import Difference, decision_differences
from codewarrant.ledger.exported import Record

Restore = Callable[[bytes, Mapping[str, bytes]], Snapshot]
"""Opens a snapshot from its lock and parts."""


@dataclass(frozen=True, slots=True)
class TableChecked:
    """One table that the trace asked. ``complete``: the snapshot holds it, so that its answers,
    empty ones too, were asked again; otherwise they were taken from the trace."""

    name: str
    digest: str
    questions: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification found.

    ``problems`` are digests and identifiers that do not match; ``differences`` are places of the
    body where the reference evaluator finds otherwise; ``firings`` is how many it derived.
    """

    verdict: Literal["verified", "differs", "cannot"]
    decision_id: str = ""
    chart: str = ""
    reason: str = ""
    problems: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    tables: tuple[TableChecked, ...] = ()
    firings: int = 0


class _Cannot(Exception):
    """Verification cannot go on; the message is fit to show."""


def verify(
    record: Record, restore: Restore, refusals: tuple[type[Exception], ...] = ()
) -> Verified:
    """Verify one decision. Never raises for what the record holds: that is a verdict.

    ``refusals`` are the exceptions of ``restore`` whose message may be shown.
    """
    try:
        form = orjson.loads(record.decision)
        header, found = form["header"], form["body"]
        name, chart = str(header["decision_id"]), str(found["chart"])
        request = Request(**header["request"])
        problems = [*_digests(record, form, request)]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return Verified("cannot", reason="the decision is not one that can be read")
    out = Verified("cannot", name, chart, problems=tuple(problems))
    try:
        if header["semantics"] != SEMANTICS:
            raise _Cannot(
                f"decided under semantics {header['semantics']}; this installation runs {SEMANTICS}"
            )
        again = _derive(record, found, restore, refusals)
    except _Cannot as error:
        # What digests already refute is refuted, whatever else cannot be done.
        return replace(out, verdict="differs" if problems else "cannot", reason=str(error))
    differences = ()
    if dumps(again.body) != dumps(found):
        differences = tuple(decision_differences(found, plain(again.body)))
        if not differences:
            problems.append("the body differs from the one derived")
    problems += again.problems
    return replace(
        out,
        verdict="differs" if problems or differences else "verified",
        problems=tuple(problems),
        differences=differences,
        tables=again.tables,
        firings=again.firings,
    )


# ---- digests --------------------------------------------------------------------


def _digests(record: Record, form: Mapping[str, Any], request: Request) -> Iterable[str]:
    header = form["header"]
    if dumps(form) != record.decision:
        yield "the decision is not in canonical form"
    for name, data in (
        ("bundle_sha256", record.bundle),
        ("facts_sha256", record.facts),
        ("snapshot_sha256", record.lock),
        ("body_sha256", dumps(form["body"])),
    ):
        if header[name] != sha256(data):
            yield f"{name} is not that of the bytes"
    named = decision_id(header["bundle_sha256"], request, header["snapshot_sha256"])
    if header["decision_id"] != named:
        yield "decision_id does not follow from bundle, request and snapshot"
    try:
        listed = {f"{one['kind']}/{one['name']}": one["sha256"] for one in read_lock(record.lock)}
    except SnapshotDamaged as error:
        yield str(error)
        return
    answered = {name.removeprefix(ANSWERS) for name in record.parts if name.startswith(ANSWERS)}
    for name in sorted({*listed, *record.parts}):
        if name.startswith(ANSWERS):
            continue
        table = name.removeprefix("release/").partition("@")[0]
        if name not in record.parts:
            if not (name.startswith("release/") and table in answered):
                yield f"part {name} is missing"
        elif name not in listed:
            yield f"part {name} is not in the lock"
        elif listed[name] != sha256(record.parts[name]):
            yield f"part {name} is not the one that the lock names"


def _misnamed(facts: Iterable[Fact]) -> Iterable[str]:
    """Facts are named by the digest of what they say."""
    for one in facts:
        if one.id != make_fact(one.entity, one.fields, one.evidence, one.order).id:
            yield f"fact {one.id} is not named by its content"


# ---- derivation -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Derived:
    body: Any
    problems: tuple[str, ...]
    tables: tuple[TableChecked, ...]
    firings: int


def _derive(
    record: Record,
    found: Mapping[str, Any],
    restore: Restore,
    refusals: tuple[type[Exception], ...],
) -> _Derived:
    """The body that the reference evaluator gives, from the stored facts and rules alone."""

    def step(what: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except (*refusals, SnapshotDamaged) as error:
            raise _Cannot(f"{what} failed: {error}") from None
        except Exception as error:
            raise _Cannot(f"{what} failed ({type(error).__name__})") from None

    snapshot: Snapshot = step("opening the snapshot", lambda: restore(record.lock, record.parts))
    reading: Reading = step("reading the facts", lambda: Reading.from_bytes(record.facts))
    program = step("linking the rules", lambda: snapshot.program)
    chart = Chart(
        facts=reading.facts,
        clocks=reading.clocks,
        supplied=frozenset(reading.supplied),
        relations=snapshot.relations,
        sentences=reading.sentences,
    )
    outcome = step("deriving the firings", lambda: evaluate(program, chart))
    on = reading.date_of_service
    lookups, tables = step(
        "asking the tables", lambda: _asked_again(found["trace"]["lookups"], snapshot.relations, on)
    )
    derived = step(
        "deriving the body",
        lambda: body(
            reading,
            replace(outcome, lookups=lookups),
            program,
            snapshot.releases,
            snapshot.scorecard,
            snapshot.joins,
            snapshot.relations,
        ),
    )
    problems = tuple(_misnamed((*reading.facts, *reading.kept)))
    return _Derived(derived, problems, tables, len(outcome.firings))


def _asked_again(
    recorded: Iterable[Mapping[str, Any]], relations: Mapping[str, Relation], on: date | None
) -> tuple[tuple[LookedUp, ...], tuple[TableChecked, ...]]:
    """Every question of the trace with the answer that the snapshot's tables give."""
    answers: list[LookedUp] = []
    counts: dict[tuple[str, str], int] = {}
    for one in recorded:
        name = one["relation"]
        table = relations.get(name)
        counts[name, one["digest"]] = counts.get((name, one["digest"]), 0) + 1
        if table is None:
            answers.append(LookedUp(name, one["digest"], one["keys"], tuple(one["rows"])))
            continue
        keys = {column: _typed(form, table.columns[column]) for column, form in one["keys"].items()}
        (rows,) = table.lookup([keys], on)
        ids = ("?",) if rows is None else tuple(row.id for row in rows)  # once it could answer
        answers.append(LookedUp(name, table.digest, keys, ids))
    return tuple(answers), tuple(
        TableChecked(name, digest, count, _complete(relations.get(name), digest))
        for (name, digest), count in sorted(counts.items())
    )


def _complete(table: Relation | None, digest: str) -> bool:
    return table is not None and table.digest == digest and not isinstance(table, RecordedTable)


def _typed(form: Any, kind: str) -> Value:
    """A value of a column read back from its plain form. Raises ``ValueError``."""
    match kind, form:
        case "code", {"system": str(system), "code": str(value)}:
            return Code(system, value)
        case "date", str():
            return date.fromisoformat(form)
        case "decimal", str():
            try:
                return Decimal(form)
            except InvalidOperation as error:
                raise ValueError("not a decimal") from error
        case ("text", str()) | ("integer", int()) | ("boolean", bool()) | ("decimal", int()):
            return form
    raise ValueError(f"no {kind} in a question to a table")


def with_answers(record: Record, restore: Restore) -> Record:
    """The record with the answers of installed tables in place of their whole text.

    National tables are large and often licensed; what leaves the house are the rows that the
    decision rests on. Raises what ``restore`` raises, and ``ValueError`` for a trace that asks what
    no table has.
    """
    if not any(name.startswith("release/") for name in record.parts):
        return record
    relations = restore(record.lock, record.parts).relations
    found = orjson.loads(record.decision)["body"]
    on = Reading.from_bytes(record.facts).date_of_service
    questions: dict[str, list[tuple[Mapping[str, Value], date | None]]] = {}
    tables = {one.name: one for one in relations.values() if isinstance(one, ReleaseTable)}
    for one in found["trace"]["lookups"]:
        table = relations.get(one["relation"])
        if isinstance(table, ReleaseTable):
            key = {name: _typed(form, table.columns[name]) for name, form in one["keys"].items()}
            questions.setdefault(table.name, []).append((key, on))
    kept = {name: data for name, data in record.parts.items() if not name.startswith("release/")}
    answers = {
        ANSWERS + name: record_answers(table, questions.get(name, ()))
        for name, table in tables.items()
    }
    return replace(record, parts={**kept, **answers})
