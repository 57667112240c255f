"""``codewarrant data import`` and ``data list``: official files imported, and what is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, messages, results, write_json
from codewarrant.codesets import ICD10CM, SYSTEMS, CodeSet, CodeSetError, facts, load
from codewarrant.codesets import imported as extension
from codewarrant.codesets.releases import importing
from codewarrant.codesets.releases.delta import changes, counts
from codewarrant.codesets.releases.draft import Asked, Draft
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.installed import installed_store, store_file
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Store
from codewarrant.codesets.releases.tables import TABLES


def run_import(
    paths: Sequence[Path], *, edition: str, effective: date | None, table: str, json: bool
) -> Exit:
    """Import files, archives and folders: all that is in them, or nothing."""
    if table and table not in TABLES:
        known = ", ".join(sorted(TABLES))
        return fail(f"no table is called `{table}`; there are {known}", Exit.USAGE, json=json)
    asked = Asked(edition, effective, table)
    try:
        with _progress() as report:
            done = importing.import_files(store_file(), paths, asked, report)
        store = Store(store_file())
        if any(item.release.table in extension.TABLES for item in done.imported):
            load(ICD10CM)  # compiled now, so that no chart waits for it
    except ReleaseError as error:
        return fail(str(error), Exit.REFUSED, json=json)
    except CodeSetError as error:
        return fail(str(error), Exit.STORE, json=json)
    except OSError as error:
        return fail(f"the store cannot be written: {error.strerror}", Exit.STORE, json=json)
    forms = [_imported(store, item) for item in done.imported]
    waiting = extension.beyond_a_gap(store, facts.horizon(ICD10CM))
    if json:
        names = [f"{release.table} {release.edition}" for release in waiting]
        write_json({"imported": forms, "unread": list(done.unread), "waiting": names})
        return Exit.FINE
    for item, form in zip(done.imported, forms, strict=True):
        _show_imported(item, form)
    for release in waiting:
        messages().print(
            f"{release.table} {release.edition} has no effect yet: nothing is known of the days"
            f" before {release.as_of}. Import the edition before it; where that brought no change,"
            " import the one that stayed in force again, with --effective and its first day",
            style="yellow",
            markup=False,
        )
    if done.unread:
        messages().print(f"not read: {escape(', '.join(done.unread))}")
    return Exit.FINE


def run_list(on: date, *, json: bool) -> Exit:
    """What is installed: editions, what they cover, and what is in force on a day."""
    try:
        store = installed_store()
        sets = [load(system) for system in SYSTEMS]
    except (ReleaseError, CodeSetError) as error:
        return fail(str(error), Exit.STORE, json=json)
    built_in = [_built_in(codes, on) for codes in sets]
    installed = [_listed(store, release, on) for release in store.releases] if store else []
    if json:
        write_json({"on": on, "store": str(store_file()), "releases": [*built_in, *installed]})
        return Exit.FINE
    for form in (*built_in, *installed):
        results().print(_list_line(form, on), markup=False)
    return Exit.FINE


def _list_line(form: dict[str, Any], on: date) -> str:
    name = f"{form['table']} {form['edition']}" + (" (built in)" if form["built_in"] else "")
    parts = [cover(form["covers_from"], form["covers_to"]), f"{form['rows']:,} rows"]
    if form["in_force"] is None:
        parts.append(f"does not speak of {on}")
    else:
        parts.append(f"{form['in_force']:,} in force on {on}")
        if form["billable"] is not None:
            parts.append(f"{form['billable']:,} billable")
        if not form["speaks"]:
            parts.append("a newer edition speaks")
    return f"{name}: {', '.join(parts)} ({form['digest'][:12]})"


def cover(start: object, end: object) -> str:
    """The days that an edition speaks of."""
    return f"{start or '…'} to {end or '…'}"


def release_form(release: Release) -> dict[str, Any]:
    """A release in JSON."""
    return {
        "table": release.table,
        "edition": release.edition,
        "as_of": release.as_of,
        "covers_from": release.covers_from,
        "covers_to": release.covers_to,
        "rows": release.rows,
        "digest": release.digest,
    }


def _listed(store: Store | None, release: Release, on: date) -> dict[str, Any]:
    assert store is not None
    known = release.covers(on)
    billable = {release.kind.billable: True} if release.kind.billable else None
    return {
        **release_form(release),
        "built_in": False,
        "in_force": store.in_force(release, on) if known else None,
        "billable": store.in_force(release, on, billable) if known and billable else None,
        "speaks": store.speaks(release.table, on) == release,
        "sources": [{"name": item.name, "sha256": item.sha256} for item in release.origins],
    }


def _built_in(codes: CodeSet, on: date) -> dict[str, Any]:
    known = codes.known_from <= on <= codes.horizon
    billable = sum(1 for _ in codes.codes(on)) if known else None
    return {
        "table": codes.system,
        "edition": codes.release,
        "as_of": None,
        "covers_from": codes.known_from,
        "covers_to": codes.horizon,
        "rows": len(codes),
        "digest": codes.digest,
        "built_in": True,
        "in_force": billable,
        "billable": billable,
        "speaks": known,
        "sources": list(codes.sources),
    }


def _imported(store: Store, item: importing.Imported) -> dict[str, Any]:
    release = item.release
    form: dict[str, Any] = {
        **release_form(release),
        "new": not item.known,
        "remarks": list(item.remarks),
        "sources": [{"name": origin.name, "sha256": origin.sha256} for origin in release.origins],
        "against": None,
        "delta": None,
    }
    older = _older(store, release)
    if older is not None and not item.known:
        form["against"] = older.edition
        form["delta"] = counts(changes(store, older, release))
    return form


def _older(store: Store, release: Release) -> Release | None:
    """The edition before: releases of a table come newest first."""
    editions = store.of(release.table)
    after = editions[editions.index(release) + 1 :]
    return after[0] if after else None


def _show_imported(item: importing.Imported, form: dict[str, Any]) -> None:
    release = item.release
    console = results()
    said = "was installed already, nothing changed" if item.known else "imported"
    console.print(
        f"{release.table} {release.edition}: {release.rows:,} rows, "
        f"{cover(release.covers_from, release.covers_to)}, {said} ({release.digest[:12]})",
        markup=False,
    )
    if form["delta"] is not None:
        parts = [f"{number:,} {kind}" for kind, number in form["delta"].items() if number]
        words = ", ".join(parts) or "nothing changed"
        console.print(f"  against {form['against']}: {words}", markup=False)
    for remark in item.remarks:
        messages().print(f"  {remark}", style="yellow", markup=False)


@contextmanager
def _progress() -> Iterator[importing.Progress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[read]:,} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=messages(), transient=True) as progress:
        tasks: dict[int, Any] = {}

        def report(draft: Draft, rows: int) -> None:
            total = sum(source.size for source in draft.sources)
            task = tasks.get(id(draft))
            if task is None:
                name = f"{draft.kind.name} {draft.edition}"
                task = tasks[id(draft)] = progress.add_task(name, total=total, read=0)
            done = sum(source.position for source in draft.sources)
            progress.update(task, completed=done, read=rows)

        yield report
