"""``codewarrant replay``: stored decisions made again and compared byte for byte."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import track

from codewarrant.cli.app import Exit
from codewarrant.cli.pipeline import coder, store_file
from codewarrant.engine.canonical import plain
from codewarrant.ledger.errors import StoreError
from codewarrant.ledger.replay import Layer, Replay, replay_all
from codewarrant.ledger.store import Store


def run(names: Sequence[str], folder: Path, *, json: bool) -> Exit:
    """Replay the named decisions, or all of the store."""
    errors = Console(stderr=True)
    results: list[Replay] = []
    try:
        with Store.open(store_file(folder), create=False, readonly=True) as store:
            chosen = store.decisions()
            if names:
                found = [item for name in names for item in store.find(name)]
                for name in names:
                    if not store.find(name):
                        errors.print(f"nothing is stored under {name}", style="red", markup=False)
                        return Exit.FINDINGS
                chosen = tuple({item.seq: item for item in found}.values())
            for result in track(
                replay_all(store, chosen, coder()), "replaying", len(chosen),
                console=errors, transient=True, disable=len(chosen) < 2,
            ):  # fmt: skip
                results.append(result)
    except StoreError as error:
        errors.print(f"store: {error}", style="red", markup=False)
        return Exit.STORE
    if json:
        form = {"replays": [{"verdict": item.verdict, **plain(item)} for item in results]}
        sys.stdout.buffer.write(orjson.dumps(form, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _show(Console(highlight=False, soft_wrap=True), results)
    if any(item.damaged for item in results):
        return Exit.STORE
    return Exit.FINE if all(item.verdict == "identical" for item in results) else Exit.FINDINGS


def _show(console: Console, results: Sequence[Replay]) -> None:
    for item in results:
        style = "green" if item.verdict == "identical" else "red"
        console.print(
            f"{item.decision_id[:16]}  {item.chart}  {item.verdict}", style=style, markup=False
        )
        for name, layer in (("rules", item.rules), ("reading", item.reading)):
            _show_layer(console, name, layer)
    same = sum(item.verdict == "identical" for item in results)
    console.print(f"{same} of {len(results)} identical", style="bold")


def _show_layer(console: Console, name: str, layer: Layer) -> None:
    if layer.verdict == "identical":
        return
    console.print(f"  {name}: {layer.verdict}. {layer.reason}".rstrip(), markup=False)
    for difference in layer.differences:
        console.print(f"    {difference}", markup=False)
