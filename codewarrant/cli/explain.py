"""``codewarrant explain``: the argument for a code, why one is absent, what a rule did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codewarrant.cli.coding import CannotCode, code_file, open_snapshot
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, issue_line, messages, results, write_json
from codewarrant.cli.pipeline import store_file
from codewarrant.coding.installed import cached_lexicon
from codewarrant.coding.snapshot import RulepacksBroken, Snapshot, SnapshotDamaged
from codewarrant.decision import read
from codewarrant.engine.canonical import plain
from codewarrant.engine.program import Program
from codewarrant.ledger.absence import UnknownRule, explain_absent, explain_rule
from codewarrant.ledger.errors import StoreError
from codewarrant.ledger.explain import NotReported, explain_all
from codewarrant.ledger.explain import explain as explain_code
from codewarrant.ledger.explain_text import render_absence, render_argument, render_rule
from codewarrant.ledger.store import Store


def run(
    chart: str,
    *,
    code: str,
    absent: str,
    rule: str,
    store: Path | None,
    payer: str,
    json: bool,
    rules: Sequence[Path],
) -> Exit:
    """Explain each decision of a bundle, or those a store finds under a name."""
    try:
        found = _stored(store, chart) if store else _coded(Path(chart), payer, rules)
    except (StoreError, SnapshotDamaged, RulepacksBroken) as error:
        return fail(f"store: {error}", Exit.STORE, json=json)
    except CannotCode as error:
        return fail(str(error), Exit.REFUSED, json=json)
    if not found:
        return fail(f"nothing is stored under {chart}", Exit.FINDINGS, json=json)
    out: list[Any] = []
    texts: list[str] = []
    missing = False
    for form, program in found:
        name = form["body"]["chart"]
        try:
            explained, text = _explain(form, program, code, absent, rule)
        except UnknownRule as error:
            missing = True
            explained, text = {"unknown_rule": str(error)}, str(error)
        except NotReported as error:
            missing = True
            explained, text = {"not_reported": str(error)}, f"{error}; try --not {code}"
        out.append({"chart": name, "explained": explained})
        texts.append(text if len(found) == 1 else f"{name}\n{text}")
    if json:
        write_json({"explanations": out})
    else:
        results().print("\n\n".join(texts), markup=False)
    return Exit.FINDINGS if missing else Exit.FINE


def _explain(
    form: dict[str, Any], program: Program, code: str, absent: str, rule: str
) -> tuple[Any, str]:
    if absent:
        absence = explain_absent(form, absent, program)
        return plain(absence), render_absence(absence)
    if rule:
        account = explain_rule(form, rule, program)
        return plain(account), render_rule(account)
    arguments = explain_code(form, code) if code else explain_all(form)
    return plain(arguments), "\n\n".join(render_argument(item) for item in arguments)


def _coded(path: Path, payer: str, rules: Sequence[Path]) -> list[tuple[dict[str, Any], Program]]:
    """The decisions of a bundle, made now. Raises :class:`CannotCode` if it is refused."""
    snapshot = open_snapshot(rules)
    coded = code_file(path, payer, snapshot)
    refused = "\n".join(issue_line(coded.name, issue) for issue in coded.refused)
    if refused and not coded.charts:
        raise CannotCode(refused)
    if refused:
        messages().print(refused, style="red", markup=False)
    return [(read(chart.decision.to_bytes()), snapshot.program) for chart in coded.charts]


def _stored(folder: Path, name: str) -> list[tuple[dict[str, Any], Program]]:
    """The decisions that a store holds under a name, with the rules they were made by."""
    with Store.open(store_file(folder), create=False, readonly=True) as store:
        out: list[tuple[dict[str, Any], Program]] = []
        for stored in store.find(name):
            lock, parts = store.snapshot_parts(stored.snapshot_sha256)
            program = Snapshot.from_parts(lock, parts, cached_lexicon).program
            out.append((read(store.read_decision(stored)), program))
        return out
