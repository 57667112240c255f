"""``codewarrant data show``: all that is installed on one code, on a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, messages, results, write_json
from codewarrant.codesets import SYSTEMS, CodeSet, CodeSetError, Status, load
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.installed import installed_store
from codewarrant.codesets.releases.store import Row, Store
from codewarrant.codesets.releases.tables import KINDS, TableKind

SHOWN = 12
"""Rows of one table that are shown; of more, the number."""

SERVICE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
"""The shape of CPT and HCPCS codes."""


def run_show(code: str, on: date, *, json: bool) -> Exit:
    """Title, validity, notes, edits and history of a code."""
    try:
        store = installed_store()
        sets = [load(system) for system in SYSTEMS]
    except (ReleaseError, CodeSetError) as error:
        return fail(str(error), Exit.STORE, json=json)
    systems = [form for codes in sets if (form := _in_set(codes, code, on)) is not None]
    tables = [form for kind in KINDS if store for form in _in_table(store, kind, code, on)]
    if not systems and not tables:
        near = [item for codes in sets for item in codes.suggest(code, on)]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        if SERVICE.fullmatch(code.strip().upper()) and not (store and store.of("hcpcs")):
            hint = "; no list of service codes is installed (`codewarrant data import`)"
        return fail(f"`{code}` is in no installed table{hint}", Exit.FINDINGS, json=json)
    if json:
        write_json({"code": code, "on": on, "systems": systems, "tables": tables})
        return Exit.FINE
    for form in systems:
        _show_set(form, on)
    for form in tables:
        _show_table(form, on)
    return Exit.FINE


def _in_set(codes: CodeSet, text: str, on: date) -> dict[str, Any] | None:
    code = codes.normalise(text)
    if code is None or code not in codes:
        return None
    section, chapter = codes.section(code), codes.chapter(code)
    return {
        "system": codes.system,
        "release": codes.release,
        "code": code,
        "title": codes.title(code),
        "status": codes.status(code, on).value,
        "windows": [{"from": item.start, "to": item.end} for item in codes.windows(code)],
        "parents": list(codes.parents(code)),
        "section": section.name if section else None,
        "chapter": chapter.name if chapter else None,
        "notes": [note._asdict() for note in codes.notes(code)],
    }


def _in_table(store: Store, kind: TableKind, text: str, on: date) -> list[dict[str, Any]]:
    """What a table says of a code, for each of its columns of codes in which the code stands."""
    editions = store.of(kind.name)
    if not editions:
        return []
    speaks = store.speaks(kind.name, on)
    out = []
    for column in kind.columns:
        if column.kind != "code":
            continue
        value = _spelt(text, column.systems)
        if value is None:
            continue
        leads = column.name == kind.key[0]
        history = store.history(kind.name, {column.name: value}) if leads else ()
        rows: Sequence[Row] | None = None
        number: int | None = None
        if speaks is not None:
            number = store.in_force(speaks, on, {column.name: value})
            if leads and number <= SHOWN:
                rows = store.lookup(kind.name, [{column.name: value}], on)[0]
        if number or history:
            out.append(
                {
                    "table": kind.name,
                    "what": kind.what,
                    "column": column.name,
                    "edition": speaks.edition if speaks else None,
                    "in_force": number,
                    "rows": None if rows is None else [_row(row) for row in rows],
                    "history": [_row(row) for row in history] if len(history) <= SHOWN else None,
                }
            )
    return out


def _spelt(text: str, systems: Sequence[str]) -> str | None:
    """The text as the columns of these systems write codes."""
    from codewarrant.codesets.shape import SYSTEMS as DOTTED
    from codewarrant.codesets.shape import normalise

    for system in systems:
        if system in DOTTED:
            found = normalise(system, text)
            if found is not None:
                return found
        else:
            return text.strip().upper() if "." not in text else None
    return None


def _row(row: Row) -> dict[str, Any]:
    cells = {
        name: cell if isinstance(cell, str | int | bool | date | None) else str(cell)
        for name, cell in row.columns.items()
        if not isinstance(cell, bytes)
    }
    return {
        "id": row.id,
        "edition": row.release.edition,
        **cells,
        "effective_from": row.effective_from,
        "effective_to": row.effective_to,
    }


def _show_set(form: dict[str, Any], on: date) -> None:
    console = results()
    console.print(f"{form['code']}  {form['title'] or 'title not installed'}", markup=False)
    windows = ", ".join(f"{item['from']} to {item['to'] or '…'}" for item in form["windows"])
    valid = f"; valid {windows}" if windows else ""
    console.print(
        f"  {form['system']} {form['release']}: {form['status']} on {on}{valid}", markup=False
    )
    if form["status"] == Status.UNDETERMINED.value:
        messages().print(f"  the release cannot speak of {on}", style="yellow", markup=False)
    place = [f"chapter {form['chapter']}"] if form["chapter"] else []
    place += [form["section"]] if form["section"] else []
    if place:
        console.print(f"  {', '.join([*place, *reversed(form['parents'])])}", markup=False)
    for note in form["notes"]:
        where = f"{note['level']} {note['source']}"
        console.print(f"  {note['kind']} ({where}): {note['text']}", markup=False)


def _show_table(form: dict[str, Any], on: date) -> None:
    console = results()
    known = "cannot be known" if form["in_force"] is None else f"{form['in_force']:,} in force"
    edition = f" {form['edition']}" if form["edition"] else ""
    console.print(
        f"{form['what']} ({form['table']}{edition}), as {form['column']}: {known} on {on}",
        markup=False,
    )
    shown = form["rows"] or []
    for row in shown:
        console.print(f"  {_words(row)}", markup=False)
    past = [row for row in form["history"] or [] if row not in shown]
    for row in past:
        console.print(f"  {row['edition']}: {_words(row)}", markup=False, style="dim")


def _words(row: dict[str, Any]) -> str:
    hidden = ("id", "edition", "effective_from", "effective_to")
    cells = [
        f"{name} {cell}" for name, cell in row.items() if name not in hidden and cell is not None
    ]
    return f"{', '.join(cells)}; {row['effective_from'] or '…'} to {row['effective_to'] or '…'}"
