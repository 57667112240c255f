"""``codewarrant data diff`` and ``data export``: editions compared, and written to files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from codewarrant.cli.data import release_form
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, results, write_json
from codewarrant.codesets.cache import write_whole
from codewarrant.codesets.releases.delta import Change, changes, counts
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.installed import installed_store
from codewarrant.codesets.releases.layout import layout
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Store

SHOWN = 200
"""Changes that are shown for people; JSON has all."""


def run_diff(before: str, after: str, *, json: bool) -> Exit:
    """What one edition of a table changes against another."""
    try:
        store = _store()
        one = _named(store, before, "")
        other = _named(store, after, one.table)
        if one.table != other.table:
            raise ReleaseError(f"{one.table} and {other.table} are two tables")
        found = changes(store, one, other)
    except ReleaseError as error:
        return fail(str(error), Exit.REFUSED, json=json)
    if json:
        write_json(
            {
                "before": release_form(one),
                "after": release_form(other),
                "counts": counts(found),
                "changes": [_form(change) for change in found],
            }
        )
        return Exit.FINE
    console = results()
    for change in found[:SHOWN]:
        console.print(_line(change), markup=False)
    if len(found) > SHOWN:
        console.print(f"… {len(found) - SHOWN:,} more; --json has all")
    words = [f"{number:,} {kind}" for kind, number in counts(found).items() if number]
    console.print(f"{one.table} {one.edition} to {other.edition}: {', '.join(words) or 'the same'}")
    return Exit.FINE


def run_export(name: str, to: Path, *, json: bool) -> Exit:
    """Write a release: its canonical text, compressed if the name ends so, or a CSV file."""
    try:
        store = _store()
        release = _named(store, name, "")
        if to.suffix == ".csv":
            data = _csv(store, release)
        elif to.suffix == ".zst":
            data = store.blob(release)
        else:
            data = b"".join(store.text(release))
        write_whole(to, data)
    except ReleaseError as error:
        return fail(str(error), Exit.REFUSED, json=json)
    except OSError as error:
        return fail(f"{to} cannot be written: {error.strerror}", Exit.REFUSED, json=json)
    if json:
        write_json({**release_form(release), "file": str(to), "bytes": len(data)})
    else:
        results().print(f"{to}: {release.rows:,} rows, {len(data):,} bytes", markup=False)
    return Exit.FINE


def _store() -> Store:
    store = installed_store()
    if store is None:
        raise ReleaseError("nothing is installed; `codewarrant data import` does that")
    return store


def _named(store: Store, name: str, table: str) -> Release:
    """The release that ``table@edition`` names; with a ``table``, an edition alone will do."""
    given, _, edition = name.rpartition("@")
    chosen = given or table
    release = store.get(chosen, edition)
    if release is not None:
        return release
    if not chosen:
        raise ReleaseError(f"`{name}` names no release; write it as table@edition")
    there = ", ".join(item.edition for item in store.of(chosen))
    raise ReleaseError(
        f"{chosen} {edition} is not installed; "
        + (f"installed are {there}" if there else f"no edition of {chosen} is")
    )


def _csv(store: Store, release: Release) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(layout(release.table).names)
    for row in store.rows(release):
        cells: dict[str, Any] = {
            **row.columns,
            "effective_from": row.effective_from,
            "effective_to": row.effective_to,
        }
        writer.writerow([_plain(cells[name]) for name in layout(release.table).names])
    return out.getvalue().encode()


def _plain(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"({len(cell)} bytes)" if isinstance(cell, bytes) else str(cell)


def _form(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "key": [_plain(cell) for cell in change.key],
        "to": [_plain(cell) for cell in change.to] or None,
        "before": _cells(change.before),
        "after": _cells(change.after),
    }


def _cells(cells: Any) -> dict[str, str | None] | None:
    if cells is None:
        return None
    return {name: None if cell is None else _plain(cell) for name, cell in cells.items()}


def _line(change: Change) -> str:
    key = " ".join(_plain(cell) for cell in change.key if cell is not None)
    if change.kind == "renumbered":
        return f"{change.kind}  {key} to {' '.join(_plain(cell) for cell in change.to)}"
    if change.before is None or change.after is None:
        cells = change.after or change.before or {}
        rest = [_plain(cell) for name, cell in cells.items() if _plain(cell) not in key.split()]
        return f"{change.kind}  {key}  {', '.join(item for item in rest if item)}"
    parts = [
        f"{name} {_plain(cell) or '-'} to {_plain(change.after[name]) or '-'}"
        for name, cell in change.before.items()
        if cell != change.after[name]
    ]
    return f"{change.kind}  {key}  {'; '.join(parts)}"
