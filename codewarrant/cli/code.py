"""``codewarrant code``: encounters in, warranted claims out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress

from codewarrant.cli.claim_view import show_decision
from codewarrant.cli.coding import CannotCode, CodedBundle, code_file, open_snapshot
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, issue_line, messages, results, write_fhir, write_json
from codewarrant.coding.snapshot import Snapshot
from codewarrant.engine.canonical import plain
from codewarrant.fhir.errors import Issue, operation_outcome
from codewarrant.fhir.write import write_decision

if TYPE_CHECKING:
    from codewarrant.cli.cross_check import CrossChecks


def run(
    bundles: Sequence[Path],
    *,
    json: bool,
    fhir: bool,
    payer: str,
    store: Path | None,
    rules: Sequence[Path],
    cross_check: bool = False,
) -> Exit:
    """Code the files one after the other; what is refused of them does not stop the rest.

    With a store nothing is shown before it is kept. ``cross_check``: the firings of every decision
    are found again on durable-rules.
    """
    try:
        snapshot = open_snapshot(rules)
    except CannotCode as error:
        return fail(str(error), Exit.REFUSED, json=json)
    errors = messages()
    out = results(soft_wrap=False)
    form: dict[str, list[Any]] = {"decisions": [], "refused": [], "warnings": []}
    written: list[dict[str, Any]] = []
    problem = ""
    keeper = _Keeper(store, snapshot)
    quiet = len(bundles) < 2 or not errors.is_terminal
    checks: CrossChecks | None = None
    with ExitStack() as stack, Progress(console=errors, transient=True, disable=quiet) as progress:
        if cross_check:
            from codewarrant.cli.cross_check import CrossChecks

            checks = stack.enter_context(CrossChecks())
            form["cross_checks"] = []
        files = progress.track(bundles, description="coding")
        for coded in (one for path in files for one in code_file(path, payer, snapshot)):
            problem = keeper.keep(coded)
            if problem:
                break
            warnings = coded.opened.warnings if coded.opened is not None else ()
            _show_issues(errors, coded.name, (*coded.refused, *warnings))
            if coded.refused:
                form["refused"].append(_issues(coded.name, coded.refused))
                written.append(operation_outcome(coded.refused))
            if warnings:
                form["warnings"].append(_issues(coded.name, warnings))
            for chart in coded.charts:
                if json:
                    form["decisions"].append(plain(chart.decision))
                elif fhir:
                    written.append(write_decision(chart.decision))
                else:
                    show_decision(out, chart.decision, coded.name)
                if checks is not None:
                    found = checks.of_decision(chart.decision, chart.facts, snapshot)
                    name = chart.decision.header.decision_id
                    form["cross_checks"].append({"decision_id": name, **plain(found)})
                    checks.show(errors if json or fhir else out, coded.name, found)
    if json:
        write_json({**form, "error": problem} if problem else form)
    elif fhir and written:
        write_fhir(written[0] if len(written) == 1 else _together(written))
    if problem:
        errors.print(problem, style="red", markup=False)
        return Exit.STORE
    if checks is not None and checks.disagree:
        return Exit.FINDINGS
    return Exit.REFUSED if form["refused"] else Exit.FINE


def _together(bundles: Sequence[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": item} for item in bundles]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _issues(name: str, issues: Sequence[Issue]) -> dict[str, Any]:
    return {"file": name, "issues": [plain(item) for item in issues]}


def _show_issues(console: Console, name: str, issues: Sequence[Issue]) -> None:
    for issue in issues:
        style = "red" if issue.severity in ("error", "fatal") else "yellow"
        console.print(issue_line(name, issue), style=style, markup=False)


class _Keeper:
    """Keeps decisions in a store, if there is one."""

    def __init__(self, folder: Path | None, snapshot: Snapshot) -> None:
        self._folder = folder
        self._snapshot = snapshot

    def keep(self, coded: CodedBundle) -> str:
        """Record the decisions of one bundle; the message of what went wrong, or empty."""
        if self._folder is None or not coded.charts:
            return ""
        from codewarrant.cli.pipeline import store_file
        from codewarrant.ledger.errors import StoreError
        from codewarrant.ledger.store import Entry, Store

        try:
            with Store.open(store_file(self._folder, make=True)) as store:
                store.append_all(
                    [
                        Entry(chart.decision, coded.data, chart.facts, self._snapshot)
                        for chart in coded.charts
                    ]
                )
        except StoreError as error:
            return f"store: {error}"
        return ""
