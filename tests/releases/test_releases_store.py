"""Looking rows up by day: what is in force, what is not there, and what cannot be known."""

from __future__ import annotations

import os
import pickle
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_files import opened, ptp_text

from codewarrant.codesets.releases.draft import Draft, Line
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.importing import import_drafts
from codewarrant.codesets.releases.store import Found, Store
from codewarrant.codesets.releases.tables import TABLES

PTP = "ncci-ptp-practitioner"
NAME = "ccipra-v322r0-f1.TXT"
DAY = date(2026, 8, 1)
FIRST = date(2026, 1, 1)


def draft(table: str, edition: str, as_of: date, cover: tuple, rows: list[tuple]) -> Draft:
    """A draft over rows in memory."""

    def lines():
        for number, cells in enumerate(rows, 1):
            yield Line("rows", number, cells)

    return Draft(TABLES[table], edition, as_of, *cover, (), lines)


def units(edition: str, as_of: date, cover: tuple, amount: int) -> Draft:
    rows = [("X0001", amount, 1, None, as_of, None)]
    return draft("mue-dme", edition, as_of, cover, rows)


def test_a_table_that_is_not_installed_cannot_be_known(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    assert store.lookup("mue-dme", [{"code": "X0001"}], DAY) == [None]
    with pytest.raises(KeyError):
        store.lookup("no-such-table", [{"code": "X0001"}], DAY)
    with pytest.raises(KeyError):
        store.lookup(PTP, [{"code": "X0001"}], DAY)


def test_keys_have_one_day_each_or_all_the_same(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    keys = [{"column1": "X0001", "column2": "X0003"}] * 4
    days = [date(2019, 1, 1), date(2020, 1, 1), None, DAY]
    one_by_one = [store.lookup(PTP, [key], day)[0] for key, day in zip(keys, days, strict=True)]
    assert store.lookup(PTP, keys, days) == one_by_one
    assert [rows if not rows else len(rows) for rows in one_by_one] == [1, (), None, 1]
    assert store.lookup(PTP, [], DAY) == []
    with pytest.raises(ValueError, match="4 keys with 1 days"):
        store.lookup(PTP, keys, [DAY])
    with pytest.raises(ValueError, match="same columns"):
        store.lookup(PTP, [keys[0], {"column1": "X0001"}], DAY)


def test_a_part_of_the_key_finds_all_rows_in_order(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    (rows,) = store.lookup(PTP, [{"column1": "X0001"}], DAY)
    assert [row.id for row in rows or ()] == ["X0001|X0002@2024-01-01", "X0001|X0003@2026-07-01"]
    (rows,) = store.lookup(PTP, [{"column2": "X0003"}], DAY)
    assert [row.id for row in rows or ()] == ["X0001|X0003@2026-07-01"]


def test_the_newest_edition_that_covers_the_day_speaks(tmp_path: Path) -> None:
    path = tmp_path / "s"
    july, october = date(2026, 7, 1), date(2026, 10, 1)
    import_drafts(
        path,
        [
            units("b", october, (FIRST, date(2026, 12, 31)), 2),
            units("a", FIRST, (FIRST, None), 1),
            units("a-r2", FIRST, (FIRST, date(2026, 6, 30)), 3),
        ],
    )
    store = Store(path)
    assert [release.edition for release in store.of("mue-dme")] == ["b", "a", "a-r2"]
    said = {day: store.speaks("mue-dme", day) for day in (july, date(2027, 1, 1), date(2025, 1, 1))}
    assert [item and item.edition for item in said.values()] == ["b", "a", None]
    # the edition that speaks holds a row that begins later: nothing is in force, and that is known
    assert store.lookup("mue-dme", [{"code": "X0001"}], july) == [()]


def test_a_correction_speaks_instead_of_what_it_corrects(tmp_path: Path) -> None:
    cover = (FIRST, date(2026, 3, 31))
    import_drafts(tmp_path / "s", [units("2026Q1", FIRST, cover, 1)])
    import_drafts(tmp_path / "s", [units("2026Q1-r2", FIRST, cover, 4)])
    store = Store(tmp_path / "s")
    (rows,) = store.lookup("mue-dme", [{"code": "X0001"}], FIRST)
    assert [row.columns["units"] for row in rows or ()] == [4]
    assert len(store.history("mue-dme", {"code": "X0001"})) == 2


def test_threads_and_other_processes_open_the_file_for_themselves(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    key = [{"column1": "X0001", "column2": "X0002"}]
    here = store.lookup(PTP, key, DAY)
    with ThreadPoolExecutor(4) as pool:
        there = list(pool.map(lambda _: store.lookup(PTP, key, DAY), range(40)))
    assert there == [here] * 40
    assert pickle.loads(pickle.dumps(store)).lookup(PTP, key, DAY) == here
    child = os.fork()
    if child == 0:
        os._exit(0 if store.lookup(PTP, key, DAY) == here else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_reader_goes_on_with_what_it_opened(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    later = opened(tmp_path / "s", tmp_path / "x", {"ccioph-v322r0-f1.TXT": ptp_text()})
    assert len(store.releases) == 1
    assert len(later.releases) == 2
    assert store.lookup(PTP, [{"column1": "X0001", "column2": "X0002"}], DAY) != [()]


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    for name, data in {"text": b"no store at all" * 100, "other": b""}.items():
        path = tmp_path / name
        path.write_bytes(data)
        if name == "other":
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE t (x)")
        with pytest.raises(ReleaseError):
            Store(path)
    with pytest.raises(ReleaseError):
        Store(tmp_path / "not-there")


days = st.dates(date(2020, 1, 1), date(2020, 3, 1))


@st.composite
def windows(draw) -> list[tuple[str, str, int, date | None, date | None]]:
    """Pairs with days that do not overlap: bounds in order, taken two by two."""
    out = []
    for pair in draw(st.lists(st.sampled_from("ABCD"), unique=True, max_size=4)):
        for other in draw(st.lists(st.sampled_from("ABCD"), unique=True, max_size=3)):
            bounds = sorted(draw(st.sets(days, max_size=5)))
            for at in range(0, len(bounds), 2):
                last = bounds[at + 1] - timedelta(days=1) if at + 1 < len(bounds) else None
                out.append((f"X000{pair}", f"X000{other}", at % 2, bounds[at], last))
    return out


@settings(max_examples=50)
@given(windows(), st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD"), days)))
def test_lookups_say_what_a_plain_scan_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list, asked: list
) -> None:
    path = tmp_path_factory.mktemp("scan") / "s"
    cells = [(one, two, number, None, False, start, end) for one, two, number, start, end in rows]
    cover = (date(2020, 1, 10), date(2020, 2, 20))
    if not cells:
        return
    import_drafts(path, [draft(PTP, "e", date(2020, 1, 10), cover, cells)])

    def scanned(one: str, two: str, on: date) -> list | None:
        if not cover[0] <= on <= cover[1]:
            return None
        return [
            (start, end)
            for first, second, _, start, end in rows
            if (first, second) == (one, two) and start <= on and (end is None or on <= end)
        ]

    def told(found: Found) -> list | None:
        return None if found is None else [(row.effective_from, row.effective_to) for row in found]

    keys = [{"column1": f"X000{one}", "column2": f"X000{two}"} for one, two, _ in asked]
    answers = Store(path).lookup(PTP, keys, [on for _, _, on in asked])
    assert [told(item) for item in answers] == [
        scanned(f"X000{one}", f"X000{two}", on) for one, two, on in asked
    ]
