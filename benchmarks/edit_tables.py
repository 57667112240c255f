"""Installed tables for benchmarks of claim edits: a national quarter, and what goes with it.

The flat tables lie in ``CODEWARRANT_SHARED``; nothing of them is kept. Those that have no official
file there (add-on codes, places, fee schedule, Level II codes, an article) become releases as they
stand, in force from the first day of 2016.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson
from ncci_files import write_pairs, write_units

from codewarrant.codesets.releases.draft import Asked, Cell, Draft, Line
from codewarrant.codesets.releases.importing import import_drafts, import_files
from codewarrant.codesets.releases.tables import TABLES

FIRST = date(2016, 1, 1)


def national_store(shared: Path, folder: Path) -> Path:
    """A store of every table that the edits of a professional claim join."""
    tables = shared / "codesets"
    files = folder / "files"
    files.mkdir()
    write_pairs(tables / "ncci_2024q3" / "ncci_ptp_prac_flat.csv.gz", files)
    write_units(tables / "ncci_2024q3" / "ncci_mue_prac.csv", files)
    store = folder / "releases.sqlite"
    import_files(store, [files], Asked())
    import_drafts(
        store,
        [
            _draft("add-on-codes", _add_ons(tables / "ncci_2024q3" / "ncci_aoc.csv")),
            _draft("place-of-service", _places(tables / "ncci_2024q3" / "pos_codes.csv")),
            _draft("physician-fee-schedule", _fees(tables / "pfs_2026_status.json.gz")),
            _draft("hcpcs", _level_two(tables / "ncci_2024q3" / "hcpcs_lvl2.csv")),
            _draft("coverage-article-services", [("A0", 1, "93306", 1)]),
            _draft("coverage-article-diagnoses", [("A0", 1, 1, "I50.9", True)]),
            _draft("poa-exempt", [("Z79.4", None)]),
        ],
    )
    return store


def _draft(table: str, rows: Iterable[tuple[Cell, ...]]) -> Draft:
    kept = list(dict.fromkeys(rows))

    def lines() -> Iterator[Line]:
        for number, cells in enumerate(kept, start=1):
            yield Line("benchmark", number, (*cells, FIRST, None))

    made: Callable[[], Iterator[Line]] = lines
    return Draft(TABLES[table], "2024Q3", FIRST, FIRST, None, (), made)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _add_ons(path: Path) -> Iterator[tuple[Cell, ...]]:
    for row in _rows(path):
        listed = row["primary_code"] != "CCCCC"
        primary = row["primary_code"] if listed else None
        yield row["add_on_code"], primary, int(row["aoc_edit_type"]), not listed


def _places(path: Path) -> Iterator[tuple[Cell, ...]]:
    for row in _rows(path):
        if row["pos_code"].isdigit():
            yield row["pos_code"].zfill(2), row["pos_type"] or None, None


def _level_two(path: Path) -> Iterator[tuple[Cell, ...]]:
    for row in _rows(path):
        code = next(iter(row.values()))
        if len(code) == 5 and code[0].isalpha():
            yield code, None, True, None, None, None, None, None


def _fees(path: Path) -> Iterator[tuple[Cell, ...]]:
    seen: set[str] = set()
    for row in orjson.loads(gzip.decompress(path.read_bytes())):
        if row["code"] not in seen:
            seen.add(row["code"])
            work = row.get("workRvu")
            yield (
                row["code"], None, row["status"] or "?", row.get("globalPeriod") or None,
                None if work is None else Decimal(str(work)), *[None] * 8,
            )  # fmt: skip
