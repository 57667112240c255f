"""``codewarrant explain``: the argument for a code, why one is absent, what a rule did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from codewarrant.cli.coding import CannotCode, code_file, open_snapshot
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, issue_line, messages, results, write_json
from codewarrant.cli.pipeline import store_file
from codewarrant.coding.chart import rules_read
from codewarrant.coding.installed import cached_lexicon, restored_store
from codewarrant.coding.reading import Reading
from codewarrant.coding.snapshot import RulepacksBroken, Snapshot, SnapshotDamaged
from codewarrant.coding.statements import diagnosis_system
from codewarrant.decision import read
from codewarrant.dsl.candidates import Observed, observe
from codewarrant.engine.canonical import plain
from codewarrant.engine.values import Code
from codewarrant.ledger.absence import explain_absent
from codewarrant.ledger.errors import StoreError
from codewarrant.ledger.explain import NotReported, explain_all, flat, same_code
from codewarrant.ledger.explain import explain as explain_code
from codewarrant.ledger.explain_rule import UnknownRule, explain_rule
from codewarrant.ledger.explain_text import render_absence, render_argument, render_rule
from codewarrant.ledger.store import Store
from codewarrant.ledger.what_if import WhatIf, what_if_code, what_if_rule
from codewarrant.ledger.what_if_text import render_what_if

SERVICE = re.compile(r"\d{4}[0-9A-Z]|[A-Z]\d{4}")
"""The shape of codes of services: five characters without a dot."""


@dataclass(frozen=True)
class Made:
    """A decision with what it was made from."""

    form: dict[str, Any]
    facts: bytes
    snapshot: Snapshot

    @cached_property
    def observed(self) -> Observed:
        """The rules run again on the stored facts, with what they read. Raises ``EngineError``."""
        reading = Reading.from_bytes(self.facts)
        return observe(self.snapshot.loaded, rules_read(reading, self.snapshot))


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
    worst = Exit.FINE
    for made in found:
        name = made.form["body"]["chart"]
        try:
            explained, text = _explain(made, code, absent, rule)
        except UnknownRule as error:
            return fail(str(error), Exit.USAGE, json=json)
        except UnknownCode as error:
            return fail(str(error), Exit.USAGE, json=json)
        except NotReported as error:
            worst = Exit.FINDINGS
            explained, text = {"not_reported": str(error)}, f"{error}; try --not {code}"
        out.append({"chart": name, "explained": explained})
        texts.append(text if len(found) == 1 else f"{name}\n{text}")
    if json:
        write_json({"explanations": out})
    else:
        results().print("\n\n".join(texts), markup=False)
    return worst


def _explain(made: Made, code: str, absent: str, rule: str) -> tuple[Any, str]:
    form = made.form
    if code or absent:
        check_code(code or absent, form, made.snapshot)
    if absent:
        absence = explain_absent(form, absent, made.snapshot.program)
        coded = _diagnosis(absent, form, made.snapshot)
        supposed = (
            what_if_code(made.observed, coded, made.snapshot.releases)
            if coded is not None and not absence.reported
            else None
        )
        return _with(absence, render_absence(absence), supposed)
    if rule:
        account = explain_rule(form, rule, made.observed)
        supposed = (
            what_if_rule(made.observed, account.rule, made.snapshot.releases)
            if account.state in ("false", "undetermined", "excused")
            else None
        )
        return _with(account, render_rule(account), supposed)
    arguments = explain_code(form, code) if code else explain_all(form)
    return plain(arguments), "\n\n".join(render_argument(item) for item in arguments)


def _with(explained: Any, text: str, supposed: WhatIf | None) -> tuple[Any, str]:
    """An explanation with what would have to be different, where that was asked of the rules."""
    form = plain(explained) | {"what_if": plain(supposed)}
    return form, text if supposed is None else f"{text}\n{render_what_if(supposed)}"


def _diagnosis(asked: str, form: dict[str, Any], snapshot: Snapshot) -> Code | None:
    """The code of the diagnosis code set in force, written as it is there; None if it has none."""
    day = form["body"]["clocks"]["date of service"]
    system = diagnosis_system(date.fromisoformat(day) if day else None)
    release = snapshot.releases.get(system)
    name = release.normalise(asked) if release is not None else None
    return Code(system, name) if release is not None and name is not None else None


class UnknownCode(Exception):
    """No code set and nothing in the decision has this code."""


def check_code(asked: str, form: dict[str, Any], snapshot: Snapshot) -> None:
    """Raise :class:`UnknownCode` for a code that nothing knows.

    Services are not looked up: their code sets are licensed, and need not be installed.
    """
    if SERVICE.fullmatch(flat(asked)) or any(same_code(asked, item) for item in _named(form)):
        return
    releases = [snapshot.releases[name] for name in sorted(snapshot.releases)]
    if any((release.normalise(asked) or asked) in release for release in releases):
        return
    near = [f"`{item}`" for release in releases for item in release.suggest(asked, limit=1)]
    advice = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UnknownCode(f"{asked}: no code set has such a code{advice}")


def _named(form: dict[str, Any]) -> Iterator[Any]:
    """The codes that a decision speaks of."""
    body = form["body"]
    for item in (*body["diagnoses"], *body["lines"], *body["rejected"], *body["trace"]["standing"]):
        yield item["code"]


def _coded(path: Path, payer: str, rules: Sequence[Path]) -> list[Made]:
    """The decisions of a file, made now. Raises :class:`CannotCode` if all of it is refused."""
    snapshot = open_snapshot(rules)
    coded = list(code_file(path, payer, snapshot))
    charts = [chart for one in coded for chart in one.charts]
    refused = "\n".join(issue_line(one.name, issue) for one in coded for issue in one.refused)
    if refused and not charts:
        raise CannotCode(refused)
    if refused:
        messages().print(refused, style="red", markup=False)
    return [Made(read(chart.decision.to_bytes()), chart.facts, snapshot) for chart in charts]


def _stored(folder: Path, name: str) -> list[Made]:
    """The decisions that a store holds under a name, with the rules they were made by."""
    with Store.open(store_file(folder), create=False, readonly=True) as store:
        out: list[Made] = []
        for stored in store.find(name):
            lock, parts = store.snapshot_parts(stored.snapshot_sha256)
            snapshot = Snapshot.from_parts(lock, parts, cached_lexicon, restored_store)
            facts = store.get_blob(stored.facts_sha256)
            out.append(Made(read(store.read_decision(stored)), facts, snapshot))
        return out
