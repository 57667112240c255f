"""What an edition changes: new, ended, changed, retitled, renumbered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from release_files import UNITS, mue_text, opened
from test_releases_store import draft

from codewarrant.codesets.releases.delta import changes, counts
from codewarrant.codesets.releases.importing import import_drafts
from codewarrant.codesets.releases.store import Store

OLD = date(2025, 10, 1)
NEW = date(2026, 10, 1)


def code(
    name: str, title: str, billable: bool = True, short: str = "s", start: date = OLD
) -> tuple:
    return (name, title, billable, short, start, None)


def test_every_kind_of_change_is_told(tmp_path: Path) -> None:
    before = [
        code("X00.0", "stays"),
        code("X01.0", "ends"),
        code("X02.0", "moves"),
        code("X03.0", "old words"),
        code("X04", "divided"),
        code("X05.0", "twin"),
        code("X05.1", "twin"),
    ]
    after = [
        code("X00.0", "stays"),
        code("X02.9", "moves"),
        code("X03.0", "new words", short="t"),
        code("X04", "divided", billable=False),
        code("X04.1", "divided, one"),
        code("X05.2", "twin"),
        code("X09.0", "not before April", start=date(2027, 4, 1)),
    ]
    for edition, as_of, rows in (("2026", OLD, before), ("2027", NEW, after)):
        item = draft("icd10cm-order", edition, as_of, (as_of, None), rows)
        import_drafts(tmp_path / "s", [item])
    store = Store(tmp_path / "s")
    new, old = store.of("icd10cm-order")
    found = changes(store, old, new)
    assert [(change.kind, *change.key, *change.to) for change in found] == [
        ("ended", "X01.0"),
        ("renumbered", "X02.0", "X02.9"),
        ("retitled", "X03.0"),
        ("changed", "X04"),
        ("new", "X04.1"),
        ("ended", "X05.0"),
        ("ended", "X05.1"),
        ("new", "X05.2"),
    ]
    assert counts(found) == {"new": 2, "ended": 3, "changed": 1, "retitled": 1, "renumbered": 1}
    assert changes(store, new, new) == []


def test_an_edition_with_history_is_compared_on_its_first_day(tmp_path: Path) -> None:
    def pair(two: str, end: date | None) -> tuple:
        return ("X0001", two, 1, None, False, date(2020, 1, 1), end)

    cover = (date(1996, 1, 1), None)
    table = "ncci-ptp-hospital"
    first = [pair("X0002", None), pair("X0003", date(2021, 1, 1))]
    second = [pair("X0002", date(2026, 9, 30)), pair("X0003", date(2021, 1, 1))]
    import_drafts(tmp_path / "s", [draft(table, "2026Q3", date(2026, 7, 1), cover, first)])
    import_drafts(tmp_path / "s", [draft(table, "2026Q4", NEW, cover, second)])
    store = Store(tmp_path / "s")
    new, old = store.of(table)
    assert [(change.kind, change.key) for change in changes(store, old, new)] == [
        ("ended", ("X0001", "X0002"))
    ]


def test_two_tables_cannot_be_compared(tmp_path: Path) -> None:
    name = "MCR_MUE_Services_Eff_07-01-2026"
    files = {f"{name}.csv": mue_text(), f"{name}-dme.csv": mue_text("dme", UNITS[:1])}
    store = opened(tmp_path / "s", tmp_path / "in", files)
    with pytest.raises(ValueError, match="two tables"):
        changes(store, *store.releases)
