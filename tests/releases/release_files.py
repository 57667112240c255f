"""Small files in the exact layout of the official ones, with invented codes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl

from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import Import, import_files
from codewarrant.codesets.releases.store import Store

PTP_HEADER = (
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\tDeletion Date *=no data\t"
    "Modifier 0=not allowed 1=allowed 9=not applicable\tPTP Edit Rationale"
)
NOTICE = "A notice of the owner of the codes \xa9 with a cp1252 quote: \x93so\x94."
Pair = Sequence[str]
"""Column 1, column 2, mark, first day, last day, indicator, rationale."""

PAIRS = (
    ("X0001", "X0002", "", "20240101", "*", "1", "Misuse"),
    ("X0001", "X0003", "*", "19960101", "20191231", "0", "Standards"),
    ("X0001", "X0003", "", "20260701", "*", "1", "Standards"),
    ("X0002", "X0001", "", "20260101", "20260630", "0", "Misuse"),
    ("X0004", "X0001", "", "20200101", "20200101", "9", "Standards"),
)


def ptp_text(pairs: Sequence[Pair] = PAIRS, banner: int = 3) -> bytes:
    """A part of the procedure-to-procedure edits, with as many lines above the header."""
    lines = [NOTICE, "Column1/Column2 Edits", "", "Another notice", "", ""][:banner]
    lines += [PTP_HEADER, *("\t".join(pair) for pair in pairs)]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def ptp_book(pairs: Sequence[Pair] = PAIRS) -> bytes:
    """The same as a workbook, whose header goes on over three more rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["A notice of the owner of the codes"])
    sheet.append(["Column1/Column2 Edits"])
    sheet.append(
        ["Column 1", "Column 2", "*=in existence prior to 1996", "Effective Date", "Deletion Date",
         "Modifier", "PTP Edit Rationale"]
    )  # fmt: skip
    for words in ((None, None, "0=not allowed"), (None, "*=no data", "1=allowed"), ("", "", "9")):
        sheet.append([None, None, None, *words, None])
    for one, two, mark, start, end, indicator, rationale in pairs:
        days = [int(day) if day.isdigit() else day for day in (start, end)]
        sheet.append([one, two, mark or None, *days, int(indicator), rationale])
    return _saved(book)


def _saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


MUE_WORDS = {
    "practitioner": "Practitioner Services MUE Values",
    "outpatient": "Outpatient Hospital Services MUE Values",
    "dme": "DME Supplier Services MUE Values",
}
UNITS = (
    ("X0001", "2", "3 Date of Service Edit: Clinical", "Clinical: Data"),
    ("X0002", "0", "1 Line Edit", "CMS Policy"),
    ("X0003", "1", "2 Date of Service Edit: Policy", "Nature of Service"),
)


def mue_text(service: str = "practitioner", rows: Sequence[Sequence[str]] = UNITS) -> bytes:
    """Medically unlikely edits: a quoted notice of several lines, a line end in the header."""
    lines = [
        '"A notice of the owner,\r\nin several lines, with a ""quoted"" word.",,,\r\n',
        f'"HCPCS/\nCPT Code",{MUE_WORDS[service]},MUE Adjudication Indicator,MUE Rationale\r\n',
    ]
    lines += [",".join(row) + "\r\n" for row in rows]
    return "".join(lines).encode("cp1252")


def medicaid_text() -> bytes:
    """Medicaid's table: other values, no adjudication indicator."""
    header = '"HCPCS/\nCPT Code",Practitioner Services MUE Values,MUE Rationale\r\n'
    return (header + "X0001,9,Clinical: Data\r\n").encode()


ADD_ONS = (
    ("1", "X0011", "", "X0001", "", "2013091", ""),
    ("1", "X0011", "", "X0002", "", "2020001", "2025365"),
    ("2", "X0012", "", "CCCCC", "", "2013091", ""),
    ("3", "X0013", "2024366", "X0003", "", "2016060", ""),
)


def add_on_text(rows: Sequence[Sequence[str]] = ADD_ONS) -> bytes:
    """Add-on codes in fixed columns."""
    out = ""
    for kind, code, code_end, primary, primary_end, start, end in rows:
        out += f"{kind}{code}{code_end:7}{primary}{primary_end:7}{start:7}{end:7}Some notes\r\n"
    return out.encode()


def add_on_book(rows: Sequence[Sequence[str]] = ADD_ONS) -> bytes:
    """Add-on codes as a workbook."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["A notice of the owner of the codes"])
    sheet.append(
        ["AOC_Edit_Type", "Add-On_Code", "AOC_DelDT_Julian", "Primary_Code",
         "Primary_Code_DelDT_Julian", "AOC_Edit_EffDT_Julian", "AOC_Edit_DelDT_Julian",
         "Special_Instruction_Notes"]
    )  # fmt: skip
    for row in rows:
        sheet.append([int(cell) if cell.isdigit() else cell or None for cell in row] + [None])
    return _saved(book)


def archive(files: dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


NOTHING = Asked()


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """The files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def imported(store: Path, folder: Path, files: dict[str, bytes], asked: Asked = NOTHING) -> Import:
    """What importing the files into the store gives."""
    return import_files(store, [written(folder, files)], asked)


def opened(store: Path, folder: Path, files: dict[str, bytes]) -> Store:
    """The store after importing the files."""
    imported(store, folder, files)
    return Store(store)
