"""The canonical text: the same digest whatever the way, and read back without loss."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from release_files import imported, opened, ptp_text
from test_releases_store import draft

from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.importing import import_drafts
from codewarrant.codesets.releases.store import Store

NAME = "ccipra-v322r0-f1.TXT"
FIRST = date(2026, 1, 1)


def test_the_text_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    (release,) = store.releases
    text = b"".join(store.text(release))
    assert hashlib.sha256(text).hexdigest() == release.digest
    header, first, *_ = text.decode().splitlines()
    assert header == (
        '{"codewarrant_release":1,"as_of":"2026-07-01","columns":["column1","column2",'
        '"effective_from","effective_to","modifier_indicator","rationale","before_1996"],'
        '"covers_from":"1996-01-01","covers_to":"2026-09-30","edition":"2026Q3","rows":5,'
        '"table":"ncci-ptp-practitioner"}'
    )
    assert first == "X0001\tX0002\t2024-01-01\t\t1\tMisuse\tfalse"


@pytest.mark.parametrize("packed", [True, False])
def test_an_exported_release_is_imported_as_it_was(tmp_path: Path, packed: bool) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    (release,) = store.releases
    data = store.blob(release) if packed else b"".join(store.text(release))
    result = imported(tmp_path / "t", tmp_path / "out", {"any-name": data})
    assert result.imported[0].release.digest == release.digest
    other = Store(tmp_path / "t")
    assert [row[2:] for row in other.rows(other.releases[0])] == [
        row[2:] for row in store.rows(release)
    ]
    assert imported(tmp_path / "s", tmp_path / "out", {"any-name": data}).imported[0].known


def damaged(data: bytes) -> dict[str, bytes]:
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    turned = bytearray(data)
    turned[len(data) // 2] ^= 0x55
    return {
        "cut": data[:-10],
        "turned": bytes(turned),
        "lines missing": b"\n".join(plain.splitlines()[:-2]) + b"\n",
        "cells missing": plain.replace(b"\tfalse", b"", 1),
        "another table": plain.replace(b'"ncci-ptp-practitioner"', b'"ncci-other"', 1),
    }


@pytest.mark.parametrize(
    "how", ["cut", "turned", "lines missing", "cells missing", "another table"]
)
def test_a_damaged_export_is_refused(tmp_path: Path, how: str) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    data = damaged(store.blob(store.releases[0]))[how]
    with pytest.raises(ReleaseError):
        imported(tmp_path / "t", tmp_path / "out", {"export": data})
    assert not (tmp_path / "t").exists()


def test_rows_changed_behind_the_store_are_found_out(tmp_path: Path) -> None:
    import sqlite3

    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    (release,) = store.releases
    with sqlite3.connect(tmp_path / "s") as connection:
        connection.execute("UPDATE rows_ncci_ptp_practitioner SET modifier_indicator = 0")
    with pytest.raises(ReleaseError, match="no longer those imported"):
        Store(tmp_path / "s").blob(release)


def test_documents_are_kept_byte_for_byte(tmp_path: Path) -> None:
    content = b"<?xml version='1.0'?>\n<a>\xff\x00\t</a>\r\n"
    rows = [("tabular", content, FIRST, None)]
    import_drafts(tmp_path / "s", [draft("icd10cm-tabular", "2026", FIRST, (FIRST, None), rows)])
    store = Store(tmp_path / "s")
    (found,) = store.lookup("icd10cm-tabular", [{"document": "tabular"}], FIRST)
    assert found
    assert found[0].columns["content"] == content
    data = store.blob(store.releases[0])
    again = imported(tmp_path / "t", tmp_path / "out", {"x": data}).imported[0].release
    assert again.digest == store.releases[0].digest


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(lambda t: t.strip())
optional = st.none() | texts


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(texts, optional, st.booleans(), st.none() | st.dates()),
        unique_by=lambda row: row[0],
        min_size=1,
        max_size=6,
    )
)
def test_any_text_day_and_number_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list
) -> None:
    folder = tmp_path_factory.mktemp("any")
    cells = [
        (f"X{at:04}", title, flag, text, None, "A", day, None, FIRST, None)
        for at, (text, title, flag, day) in enumerate(rows)
    ]
    import_drafts(folder / "s", [draft("hcpcs", "2026Q1", FIRST, (None, None), cells)])
    store = Store(folder / "s")
    data = b"".join(store.text(store.releases[0]))
    again = imported(folder / "t", folder / "out", {"x": data}).imported[0].release
    assert again.digest == store.releases[0].digest
    other = Store(folder / "t")
    assert [row.columns for row in other.rows(again)] == [
        row.columns for row in store.rows(store.releases[0])
    ]
    keys = [{"code": cell[0]} for cell in cells]
    found = [answer[0].columns for answer in store.lookup("hcpcs", keys, FIRST) if answer]
    names = ("code", "title", "billable", "short_title", "action", "added")
    assert [tuple(row[name] for name in names) for row in found] == [
        (*cell[:4], cell[5], cell[6]) for cell in cells
    ]


def test_decimals_keep_their_digits(tmp_path: Path) -> None:
    cells = ("X0001", None, "A", None, Decimal("1.10"), Decimal("1E+2"), *[None] * 7, FIRST, None)
    item = draft("physician-fee-schedule", "2026", FIRST, (FIRST, None), [cells])
    import_drafts(tmp_path / "s", [item])
    store = Store(tmp_path / "s")
    (row,) = store.rows(store.releases[0])
    assert (str(row.columns["work_rvu"]), str(row.columns["total_rvu_nonfacility"])) == (
        "1.10",
        "100",
    )
