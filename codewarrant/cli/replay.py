"""``codewarrant replay``: stored decisions made again and compared byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from codewarrant.cli.cross_check import CrossChecks
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, messages, results, write_json
from codewarrant.cli.pipeline import coder, store_file
from codewarrant.crosscheck.check import CrossCheck
from codewarrant.engine.canonical import plain
from codewarrant.ledger.errors import StoreError
from codewarrant.ledger.replay import Layer, Replay, replay_all
from codewarrant.ledger.store import Store


def run(names: Sequence[str], folder: Path, *, json: bool, cross_check: bool = False) -> Exit:
    """Replay the named decisions, or all of the store.

    ``cross_check``: the recorded firings are found again on durable-rules, too.
    """
    errors = messages()
    done: list[Replay] = []
    checked: dict[str, CrossCheck] = {}
    installed = coder()
    try:
        with Store.open(store_file(folder), create=False, readonly=True) as store:
            chosen = store.decisions()
            if names:
                found = [item for name in names for item in store.find(name)]
                for name in names:
                    if not store.find(name):
                        return fail(f"nothing is stored under {name}", Exit.FINDINGS, json=json)
                chosen = tuple({item.seq: item for item in found}.values())
            for result in track(
                replay_all(store, chosen, installed), "replaying", len(chosen),
                console=errors, transient=True, disable=len(chosen) < 2 or not errors.is_terminal,
            ):  # fmt: skip
                done.append(result)
            with CrossChecks() as checks:
                for item in chosen if cross_check else ():
                    checked[item.decision_id] = checks.of_stored(store, item, installed)
    except StoreError as error:
        return fail(f"store: {error}", Exit.STORE, json=json)
    if json:
        form: dict[str, list[dict[str, Any]]] = {
            "replays": [{"verdict": item.verdict, **plain(item)} for item in done]
        }
        if cross_check:
            form["cross_checks"] = [
                {"decision_id": name, **plain(found)} for name, found in checked.items()
            ]
        write_json(form)
    else:
        _show(results(), done)
    for name, found in checked.items():
        checks.show(errors if json else results(), name[:16], found)
    if any(item.damaged for item in done):
        return Exit.STORE
    same = all(item.verdict == "identical" for item in done)
    agreed = all(found.verdict != "disagree" for found in checked.values())
    return Exit.FINE if same and agreed else Exit.FINDINGS


def _show(console: Console, done: Sequence[Replay]) -> None:
    for item in done:
        style = "green" if item.verdict == "identical" else "red"
        console.print(
            f"{item.decision_id[:16]}  {item.chart}  {item.verdict}", style=style, markup=False
        )
        for name, layer in (("rules", item.rules), ("reading", item.reading)):
            _show_layer(console, name, layer)
    same = sum(item.verdict == "identical" for item in done)
    console.print(f"{same} of {len(done)} identical", style="bold")


def _show_layer(console: Console, name: str, layer: Layer) -> None:
    if layer.verdict == "identical":
        return
    console.print(f"  {name}: {layer.verdict}. {layer.reason}".rstrip(), markup=False)
    for difference in layer.differences:
        console.print(f"    {difference}", markup=False)
