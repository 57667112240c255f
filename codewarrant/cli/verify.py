"""``codewarrant verify`` and ``export``: decisions derived again by the reference evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, messages, results, write_json
from codewarrant.cli.pipeline import coder, store_file
from codewarrant.engine.canonical import plain
from codewarrant.ledger.errors import StoreError
from codewarrant.ledger.exported import NotExported, Record, export, from_store, read_export
from codewarrant.ledger.replay import Coder
from codewarrant.ledger.store import Store, Stored
from codewarrant.ledger.verify import Verified, verify, with_answers

SHOWN = 20
"""Differences printed for one decision; ``--json`` has them all."""


def run(names: Sequence[str], folder: Path | None, *, json: bool) -> Exit:
    """Verify decisions of a store, all if none is named; or files, each with one decision."""
    installed = coder()
    done: list[tuple[str, Verified]] = []
    refused = 0
    if folder is None:
        for name in names:
            try:
                record = read_export(Path(name).read_bytes())
            except (OSError, NotExported) as error:
                text = error.strerror if isinstance(error, OSError) else str(error)
                messages().print(f"{name}: {text}", style="red", markup=False)
                refused += 1
                continue
            done.append((name, _verify(record, installed)))
    else:
        try:
            for stored, record in _records(names, folder):
                done.append((stored.chart, _verify(record, installed)))
        except StoreError as error:
            return fail(f"store: {error}", Exit.STORE, json=json)
        except _NotThere as error:
            return fail(str(error), Exit.FINDINGS, json=json)
    if json:
        write_json({"verified": [{"name": name, **plain(item)} for name, item in done]})
    else:
        _show(results(), done)
    if any(item.verdict != "verified" for _, item in done):
        return Exit.FINDINGS
    return Exit.REFUSED if refused else Exit.FINE


def run_export(name: str, folder: Path, to: Path) -> Exit:
    """Write one stored decision, with all that it rests on, to one file."""
    try:
        found = list(_records([name], folder))
    except StoreError as error:
        return fail(f"store: {error}", Exit.STORE, json=False)
    except _NotThere as error:
        return fail(str(error), Exit.FINDINGS, json=False)
    if len(found) > 1:
        ids = ", ".join(stored.decision_id[:16] for stored, _ in found)
        return fail(f"{name} names several decisions: {ids}", Exit.USAGE, json=False)
    installed = coder()
    try:
        record = with_answers(found[0][1], installed.restore)
    except (*installed.refusals, ValueError) as error:
        return fail(f"{name}: {error}", Exit.FINDINGS, json=False)
    try:
        to.write_bytes(export(record))
    except OSError as error:
        return fail(f"{to}: {error.strerror}", Exit.REFUSED, json=False)
    return Exit.FINE


class _NotThere(Exception):
    """Nothing is stored under a name."""


def _records(names: Sequence[str], folder: Path) -> Iterator[tuple[Stored, Record]]:
    with Store.open(store_file(folder), create=False, readonly=True) as store:
        chosen = {item.seq: item for item in (() if names else store.decisions())}
        for name in names:
            found = store.find(name)
            if not found:
                raise _NotThere(f"nothing is stored under {name}")
            chosen |= {item.seq: item for item in found}
        for stored in chosen.values():
            yield stored, from_store(store, stored)


def _verify(record: Record, installed: Coder) -> Verified:
    return verify(record, installed.restore, installed.refusals)


def _show(console: Console, done: Sequence[tuple[str, Verified]]) -> None:
    for name, item in done:
        style = "green" if item.verdict == "verified" else "red"
        console.print(
            f"{item.decision_id[:16]}  {name}  {item.verdict}, {item.firings} firings derived",
            style=style, markup=False,
        )  # fmt: skip
        for line in (*((item.reason,) if item.reason else ()), *item.problems):
            console.print(f"  {line}", markup=False)
        for one in item.tables:
            if not one.complete:
                console.print(
                    f"  table {one.name} is not at hand: {one.questions} answers not checked",
                    markup=False,
                )
        for difference in item.differences[:SHOWN]:
            console.print(f"  {difference}", markup=False)
        if len(item.differences) > SHOWN:
            console.print(f"  and {len(item.differences) - SHOWN} more differences")
    good = sum(item.verdict == "verified" for _, item in done)
    console.print(f"{good} of {len(done)} verified", style="bold")
