"""``codewarrant code``: encounters in, warranted claims out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import Progress

from codewarrant.cli.app import Exit
from codewarrant.cli.claim_view import show_decision
from codewarrant.cli.coding import CodedBundle, code_file
from codewarrant.coding.installed import installed_snapshot
from codewarrant.coding.snapshot import Snapshot
from codewarrant.engine.canonical import plain
from codewarrant.fhir.errors import Issue
from codewarrant.fhir.write import to_json, write_decision


def run(
    bundles: Sequence[Path],
    *,
    json: bool,
    fhir: bool,
    payer: str,
    store: Path | None,
    rules: Sequence[Path],
) -> Exit:
    """Code the bundles one after the other; a refused one does not stop the rest."""
    snapshot = installed_snapshot(rules)
    errors = Console(stderr=True)
    out = Console(highlight=False)
    collected: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    exit_code = Exit.FINE
    keeper = _Keeper(store, snapshot)
    with Progress(console=errors, transient=True, disable=len(bundles) < 2) as progress:
        task = progress.add_task("coding", total=len(bundles))
        for path in bundles:
            coded = code_file(path, payer, snapshot)
            progress.advance(task)
            problem = keeper.keep(coded)
            if problem:
                errors.print(f"store: {problem}", style="bold red", markup=False)
                return Exit.STORE
            if coded.refused:
                exit_code = Exit.REFUSED
                refused.append(
                    {"file": coded.name, "issues": [plain(item) for item in coded.refused]}
                )
                if not json:
                    _show_issues(errors, coded.name, coded.refused)
            for chart in coded.charts:
                if json:
                    collected.append(plain(chart.decision))
                elif fhir:
                    collected.append(write_decision(chart.decision))
                else:
                    show_decision(out, chart.decision, coded.name)
            if coded.opened is not None and not json:
                _show_issues(errors, coded.name, coded.opened.warnings)
    if json:
        _write({"decisions": collected, "refused": refused})
    elif fhir:
        written = collected[0] if len(collected) == 1 else _together(collected)
        sys.stdout.buffer.write(to_json(written) + b"\n")
    return exit_code


def _together(bundles: Sequence[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": item} for item in bundles]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _write(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


def _show_issues(console: Console, name: str, issues: Sequence[Issue]) -> None:
    for issue in issues:
        place = f" at {issue.path}" if issue.path else ""
        style = "red" if issue.severity in ("error", "fatal") else "yellow"
        console.print(f"{name}: {issue.message}{place}", style=style, markup=False)


class _Keeper:
    """Keeps decisions in a store, if there is one."""

    def __init__(self, folder: Path | None, snapshot: Snapshot) -> None:
        self._folder = folder
        self._snapshot = snapshot

    def keep(self, coded: CodedBundle) -> str:
        """Record the decisions of one bundle; the message of what went wrong, or empty."""
        if self._folder is None or not coded.charts:
            return ""
        from codewarrant.ledger.errors import StoreError
        from codewarrant.cli.pipeline import store_file
        from codewarrant.ledger.store import Entry, Store

        try:
            with Store.open(store_file(self._folder)) as store:
                store.append_all(
                    [
                        Entry(chart.decision, coded.data, chart.facts, self._snapshot)
                        for chart in coded.charts
                    ]
                )
        except StoreError as error:
            return str(error)
        return ""
