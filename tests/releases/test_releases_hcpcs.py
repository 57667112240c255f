"""The HCPCS Level II file as text and as workbook, and its codes by date."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import date
from pathlib import Path

import pytest
from official_layouts import cells, drafts, hcpcs_line, refused, rows, source, workbook

from codewarrant.codesets import Status
from codewarrant.codesets.code_list import CodeList
from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_files
from codewarrant.codesets.releases.store import Store

OLD, NEW = date(1996, 1, 1), date(2026, 10, 1)
LINES = [
    hcpcs_line("A1", 100, 7, "A first modifier, the text of which", "First", date(2002, 7, 1)),
    hcpcs_line("A1", 200, 8, "goes on"),
    hcpcs_line("A0001", 100, 3, "Carriage by handcart, per mile of", "Handcart", OLD),
    hcpcs_line("A0001", 200, 4, "paved road, with one patient"),
    hcpcs_line("A0001", 300, 4, "on it"),
    hcpcs_line("G0002", 100, 3, "Ended", "Ended", OLD, date(2026, 9, 30), "D", "I"),
    hcpcs_line("V9990", 100, 3, "New this quarter", "New", NEW, action="A"),
]
NAME = "HCPC2026_OCT_ANWEB.txt"


def text(*lines: str) -> str:
    return "".join(line + "\r\n" for line in lines or LINES)


def test_codes_and_modifiers_are_two_tables_with_their_days():
    codes, modifiers = drafts(source(NAME, text()))
    assert (codes.kind.name, modifiers.kind.name) == ("hcpcs", "hcpcs-modifiers")
    assert (codes.edition, codes.as_of, codes.covers_to) == ("2026Q4", NEW, date(2026, 12, 31))
    first, ended, new = cells(codes)
    assert first["title"] == "Carriage by handcart, per mile of paved road, with one patient on it"
    assert (first["short_title"], first["coverage"], first["action"]) == ("Handcart", "C", "N")
    assert (first["effective_from"], first["effective_to"]) == (OLD, None)
    assert (ended["effective_to"], ended["coverage"]) == (date(2026, 9, 30), "I")
    assert new["added"] == NEW
    (modifier,) = cells(modifiers)
    assert modifier["code"] == "A1"
    assert modifier["title"] == "A first modifier, the text of which goes on"


HEADER = ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "COV", "ADD DT"]
HEADER += ["ACT EFF DT", "TERM DT", "ACTION CD"]


def sheet(*lines: str) -> bytes:
    banners = [["2026 Alpha-Numeric HCPCS"], ["A notice of the publisher,\nin two lines"], []]
    records = [
        [
            line[:5].strip(),
            line[5:10],
            line[10],
            line[11:91].strip(),
            line[91:119].strip(),
            line[229].strip(),
            line[268:276].strip(),
            line[276:284].strip(),
            line[284:292].strip(),
            line[292].strip(),
        ]
        for line in lines or LINES
    ]
    return workbook([*banners, HEADER, *records])


def test_the_workbook_says_the_same_below_its_banners():
    plain = drafts(source(NAME, text()))
    book = drafts(source("HCPC2026_OCT_ANWEB.xlsx", sheet()))
    for one, other in zip(plain, book, strict=True):
        assert [line.cells for line in rows(one)] == [line.cells for line in rows(other)]
        assert (one.edition, one.as_of) == (other.edition, other.as_of)


def test_of_text_and_workbook_together_one_is_read():
    found = drafts(source(NAME, text()), source("HCPC2026_OCT_ANWEB.xlsx", sheet()))
    assert [draft.kind.name for draft in found] == ["hcpcs", "hcpcs-modifiers"]
    assert "was not read" in found[0].remarks[0]


def test_a_workbook_without_its_header_is_no_such_file():
    refused("no known format", source("book.xlsx", workbook([["HCPC", "PRICE"], ["A0001", 1]])))


def test_a_sequence_that_is_no_number_is_refused():
    spoilt = [line[:5] + "first" + line[10:] for line in LINES]
    refused("`first` is no sequence number", source("HCPC2026_OCT_ANWEB.xlsx", sheet(*spoilt)))


def test_the_quarter_comes_from_the_name_or_the_caller():
    nameless = source("codes.txt", text())
    refused("--edition", nameless)
    assert drafts(nameless, edition="2026Q4")[0].as_of == NEW
    assert drafts(nameless, effective=date(2026, 11, 5))[0].as_of == NEW
    correction = drafts(nameless, edition="2026Q4-r2")[0]
    assert (correction.edition, correction.as_of) == ("2026Q4-r2", NEW)


def test_the_wrong_quarter_is_refused():
    refused("added on 2026-10-01, after the quarter", source("HCPC2026_JUL_ANWEB.txt", text()))


def test_a_cut_file_is_refused():
    error = refused("the file is cut here", source(NAME, text()[:-60]))
    assert error.line == len(LINES)
    refused("begins with V", source(NAME, text(*LINES[:-1])))


def test_continuations_out_of_order_are_refused():
    swapped = [*LINES[:3], LINES[4], LINES[3], *LINES[5:]]
    assert refused("out of its order", source(NAME, text(*swapped))).line == 4
    orphan = [*LINES[:5], hcpcs_line("A0002", 200, 4, "lost"), *LINES[5:]]
    assert refused("out of its order", source(NAME, text(*orphan))).line == 6


def test_bad_lines_and_dates_are_refused():
    refused("is no line of", source(NAME, text(*LINES, "Totals: 4")))
    wrong = LINES[-1][:268] + "20261301" + LINES[-1][276:]
    assert refused("`20261301` is no date", source(NAME, text(*LINES[:-1], wrong))).line == 7


def test_an_end_of_file_mark_is_no_line():
    assert len(rows(drafts(source(NAME, text() + "\x1a"))[0])) == 3


# by date


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """October 2026 and, after a quarter without import, April 2027."""
    folder = tmp_path_factory.mktemp("hcpcs")
    (folder / NAME).write_text(text())
    spring = [*LINES[:5], hcpcs_line("V9991", 100, 3, "Spring", "Spring", date(2027, 1, 1))]
    (folder / "HCPC2027_APR_ANWEB.txt").write_text(text(*spring))
    import_files(folder / "releases.sqlite", [folder], Asked())
    return Store(folder / "releases.sqlite")


@pytest.mark.parametrize(
    ("code", "on", "status"),
    [
        ("A0001", date(2026, 10, 1), Status.VALID),
        ("A0001", date(2010, 1, 1), Status.VALID),
        ("A0001", date(1995, 12, 31), Status.NOT_YET),
        ("A0001", date(2027, 7, 1), Status.UNDETERMINED),
        ("A0001", None, Status.UNDETERMINED),
        ("G0002", date(2026, 9, 30), Status.VALID),
        ("G0002", date(2026, 10, 1), Status.ENDED),
        ("G0002", date(2027, 4, 1), Status.ENDED),
        ("G0002", date(2027, 7, 1), Status.ENDED),
        ("V9990", date(2026, 9, 30), Status.NOT_YET),
        ("V9990", date(2026, 10, 1), Status.VALID),
        ("V9990", date(2027, 4, 1), Status.ENDED),
        ("V9990", date(2027, 2, 1), Status.UNDETERMINED),
        ("V9991", date(2026, 12, 31), Status.NOT_YET),
        ("V9991", date(2027, 2, 1), Status.VALID),
        ("A0009", date(2026, 10, 1), Status.UNKNOWN),
        ("A0009", date(2010, 1, 1), Status.UNDETERMINED),
        ("99999", date(2026, 10, 1), Status.UNDETERMINED),
        ("D9999", date(2026, 10, 1), Status.UNDETERMINED),
    ],
)
def test_a_code_on_a_day(store: Store, code: str, on: date | None, status: Status):
    assert CodeList(store, "hcpcs").status(code, on) is status


def test_titles_and_modifiers(store: Store):
    codes, modifiers = CodeList(store, "hcpcs"), CodeList(store, "hcpcs-modifiers")
    assert codes.title("V9990", date(2026, 10, 1)) == "New this quarter"
    assert codes.title("V9990", None) == "New this quarter"
    assert codes.title("A0009", None) is None
    assert modifiers.status("A1", NEW) is Status.VALID
    assert modifiers.status("ZZ", NEW) is Status.UNKNOWN


SHARED = os.environ.get("CODEWARRANT_SHARED")


@pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED is not set")
def test_the_lines_of_a_real_file_are_put_back_into_their_columns():
    """A copy that was split at the wrong columns is rebuilt; what it lost are the last dates."""
    path = Path(SHARED or "") / "codesets" / "HCPC2025_OCT_ANWEB.csv.gz"
    lines = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key, record = row["Code"][:-6], int(row["Code"][-1])
            added = None
            if row["Unknown4"].strip():
                digits = row["Unknown4"].strip()[-12:-4]
                added = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            sequence = int(row["Code"][-6:-1])
            short = row["Description2"][:28]
            lines.append(hcpcs_line(key, sequence, record, row["Description1"], short, added))
    codes, modifiers = drafts(source("HCPC2025_OCT_ANWEB.txt", text(*lines)))
    assert (len(rows(codes)), len(rows(modifiers))) == (8_463, 383)
