"""Damaged official files: a loader reads them or says what is wrong, and never fails otherwise."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_layouts import LETTERS, codes_file, hcpcs_line, order_file, source, tabular
from test_releases_edit_tables import comma, fee, fees, payment
from test_releases_icd_documents import CODES, INDEX, TABULAR, exempt
from test_releases_icd_lists import LONG, PCS_TABLE, PCS_TABLES, nine

from codewarrant.codesets.releases import sniff
from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.errors import ReleaseError

HCPCS = [("A0001", 3), ("V9990", 3)]
FILES: dict[str, bytes] = {
    "icd10cm_order_2027.txt": order_file(LETTERS).encode(),
    "icd10cm_codes_2027.txt": codes_file(LETTERS).encode(),
    "icd10pcs_tables_2027.xml": PCS_TABLES.format(PCS_TABLE.format(section="0", said=2)).encode(),
    "CMS32_DESC_LONG_DX.txt": nine(LONG),
    "icd10cm_tabular_2027.xml": tabular().encode(),
    "icd10cm_index_2027.xml": INDEX.encode(),
    "POAexemptCodes2027.txt": exempt().encode(),
    "icd10cm-codes-addenda-2027.txt": CODES.encode(),
    "icd10cm-tabular-addenda-2027.txt": TABULAR.encode(),
    "PPRRVU2026_Oct.csv": comma(fees(fee("G0001"))).encode(),
    "PFALL_2026_Oct.txt": comma([payment("05"), payment("06")]).encode(),
    "mce_2027.csv": b"code,start,end,flags\nA33,20151001,20270331,newborn|male\n",
    "HCPC2026_OCT_ANWEB.txt": "\n".join(
        hcpcs_line(code, 100, record, "Text", "Short", date(2020, 1, 1)) for code, record in HCPCS
    ).encode(),
}
"""An intact file of each format."""


def outcome(name: str, data: bytes) -> str:
    try:
        drafts, _ = sniff.drafts([source(name, data)], Asked())
        for draft in drafts:
            list(draft.rows())
    except ReleaseError as error:
        return "refused" if error.message else "silent"
    return "read"


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_files_that_are_damaged_below_are_whole(name: str):
    expected = "refused" if "tables" in name else "read"  # one section only
    assert outcome(name, FILES[name]) == expected


@pytest.mark.parametrize("name", sorted(FILES))
@settings(max_examples=20)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(name: str, data: st.DataObject):
    whole = FILES[name]
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, min(len(whole), first + 200)))
    put = data.draw(
        st.one_of(st.binary(max_size=8), st.sampled_from([b"\n", b"\t", b",", b'"', b"\xff"]))
    )
    assert outcome(name, whole[:first] + put + whole[last:]) in ("read", "refused")


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=300))
def test_what_is_no_official_file_is_refused(name: str, data: bytes):
    assert outcome(name, data) in ("read", "refused")
