"""Replay: the recorded decision again, from what the store alone holds, compared byte for byte.

Two layers. *Rules*: from the stored facts (mentions included) to the body; guaranteed under every
release of the same semantics. *Reading*: from the bundle to the facts; guaranteed while the reader
(extractor, tokenizer, Unicode version) is the one that the header names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from codewarrant.decision import Request, read
from codewarrant.engine.canonical import dumps, plain, sha256
from codewarrant.ledger.difference import Difference, decision_differences, differences
from codewarrant.ledger.errors import NotStored, StoreDamaged
from codewarrant.ledger.store import Store, Stored

Verdict = Literal["identical", "differs", "cannot"]


@dataclass(frozen=True)
class Coder:
    """The parts of the coding pipeline that replay runs, as they are installed here.

    ``restore(lock, parts)`` opens a snapshot; ``read_facts(bundle, request, snapshot)`` gives the
    facts blob; ``decide_facts(facts, request, snapshot)`` gives the body. ``refusals`` are the
    exceptions of theirs whose message may be shown.
    """

    semantics: str
    reader: str
    restore: Callable[[bytes, Mapping[str, bytes]], Any]
    read_facts: Callable[[bytes, Request, Any], bytes]
    decide_facts: Callable[[bytes, Request, Any], Any]
    refusals: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """How one layer compared. ``reason`` says why not, or what to know about a difference."""

    verdict: Verdict
    reason: str = ""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """One decision replayed. ``damaged``: the store's bytes are not those recorded."""

    decision_id: str
    chart: str
    rules: Layer
    reading: Layer
    damaged: bool = False

    @property
    def verdict(self) -> Verdict:
        """``differs`` if either layer does, else ``cannot`` if either could not be run."""
        verdicts = (self.rules.verdict, self.reading.verdict)
        for verdict in ("differs", "cannot"):
            if verdict in verdicts:
                return verdict
        return "identical"


def replay(store: Store, stored: Stored, coder: Coder) -> Replay:
    """Replay one recorded decision. Never raises for what the store holds: that is a verdict."""
    return next(replay_all(store, (stored,), coder))


def replay_all(store: Store, chosen: Iterable[Stored], coder: Coder) -> Iterator[Replay]:
    """Replay decisions one after the other; a snapshot is opened once for a run of decisions."""
    opened: tuple[str, Any] | None = None
    for stored in chosen:
        try:
            header, data, bundle, facts = _load(store, stored)
            if opened is None or opened[0] != stored.snapshot_sha256:
                opened = (stored.snapshot_sha256, _restore(store, stored, coder))
        except (StoreDamaged, NotStored) as error:
            yield _neither(stored, str(error), damaged=True)
            continue
        except _Cannot as error:
            yield _neither(stored, str(error))
            continue
        yield Replay(
            stored.decision_id,
            stored.chart,
            _replay_rules(stored, header, data, facts, opened[1], coder),
            _replay_reading(stored, header, bundle, facts, opened[1], coder),
        )


class _Cannot(Exception):
    """A step of the replay could not be run; the message is fit to show."""


def _neither(stored: Stored, reason: str, damaged: bool = False) -> Replay:
    layer = Layer("cannot", reason)
    return Replay(stored.decision_id, stored.chart, layer, layer, damaged)


def _load(store: Store, stored: Stored) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    data = store.read_decision(stored)
    header = read(data)["header"]
    for name in ("decision_id", "bundle_sha256", "facts_sha256", "snapshot_sha256"):
        if header[name] != getattr(stored, name):
            raise StoreDamaged(f"record {stored.seq}: the decision names another {name}")
    return header, data, store.get_blob(stored.bundle_sha256), store.get_blob(stored.facts_sha256)


def _restore(store: Store, stored: Stored, coder: Coder) -> Any:
    lock, parts = store.snapshot_parts(stored.snapshot_sha256)
    listed = _digests(lock)
    found = {sha256(content) for content in parts.values()}
    if listed != found:
        lost = ", ".join(sorted(digest[:12] for digest in listed ^ found))
        raise StoreDamaged(
            f"snapshot {stored.snapshot_sha256[:12]}: lock and parts differ ({lost})"
        )
    return _run(coder, "opening the snapshot", lambda: coder.restore(lock, parts))


def _digests(lock: bytes) -> set[str]:
    """Every ``sha256`` that a lock file lists."""
    out: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("sha256"), str):
                out.add(value["sha256"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    try:
        walk(tomllib.loads(lock.decode()))
    except ValueError:
        raise _Cannot("the snapshot's lock is not a lock file") from None
    return out


def _run(coder: Coder, what: str, step: Callable[[], Any]) -> Any:
    """Run a step of an installation that may be years younger than the decision."""
    try:
        return step()
    except coder.refusals as error:
        raise _Cannot(f"{what} failed: {error}") from None
    except Exception as error:
        raise _Cannot(f"{what} failed ({type(error).__name__})") from None


def _replay_rules(
    stored: Stored, header: dict[str, Any], data: bytes, facts: bytes, snapshot: Any, coder: Coder
) -> Layer:
    if header["semantics"] != coder.semantics:
        return Layer(
            "cannot",
            f"decided under semantics {header['semantics']}; this installation runs "
            f"{coder.semantics}",
        )
    try:
        body = _run(coder, "deciding", lambda: coder.decide_facts(facts, stored.request, snapshot))
    except _Cannot as error:
        return Layer("cannot", str(error))
    again = dumps({"header": header | {"body_sha256": sha256(dumps(body))}, "body": body})
    if again == data:
        return Layer("identical")
    found = decision_differences(read(data)["body"], plain(body))
    if not found:
        found = [Difference("header.body_sha256", "changed", header["body_sha256"],
                            sha256(dumps(body)))]  # fmt: skip
    return Layer("differs", "the rules decide otherwise from the same facts", tuple(found))


def _replay_reading(
    stored: Stored, header: dict[str, Any], bundle: bytes, facts: bytes, snapshot: Any, coder: Coder
) -> Layer:
    try:
        again = _run(coder, "reading", lambda: coder.read_facts(bundle, stored.request, snapshot))
    except _Cannot as error:
        return Layer("cannot", str(error))
    if again == facts:
        return Layer("identical")
    found = tuple(
        item
        for item in differences(orjson.loads(facts), orjson.loads(again))
        if item.path != "reader"
    )
    if not found:
        return Layer("identical", "the reader changed, and reads the same")
    count = _facts_that_differ(found)
    if header["reader"] == coder.reader:
        reason = f"the same reader reads {count} facts otherwise"
    else:
        reason = (
            f"reader changed: {count} facts differ; installed {coder.reader}; "
            f"the decision is reproduced with {header['reader']}"
        )
    return Layer("differs", reason, found)


def _facts_that_differ(found: tuple[Difference, ...]) -> int:
    """Facts that are gone or new; a fact is named by its content, so none is merely changed."""
    lists = ("facts[", "kept[")
    return len({item.path.split("]")[0] for item in found if item.path.startswith(lists)})
