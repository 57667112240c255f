"""Order files, codes files, tables of procedure codes, ICD-9-CM titles."""

from __future__ import annotations

from datetime import date

import pytest
from official_layouts import LETTERS, cells, codes_file, drafts, order_file, refused, rows, source

from codewarrant.codesets import cache
from codewarrant.codesets.releases.sources import Source

WITH_HEADER = [("A00", False, "Cholera"), ("A000", True, "Cholera, classical"), *LETTERS]
PCS = [
    ("001", False, "Central Nervous System, Bypass"),
    ("0016070", True, "Bypass of one place to another, open"),
    ("X27", False, "New Technology, Dilation"),
    ("X27H385", True, "Dilation of a place, percutaneous"),
]


def test_an_order_file_says_code_titles_and_what_may_be_billed():
    (draft,) = drafts(source("icd10cm_order_2027.txt", order_file(WITH_HEADER)))
    assert draft.kind.name == "icd10cm-order"
    assert (draft.edition, draft.as_of) == ("2027", date(2026, 10, 1))
    assert (draft.covers_from, draft.covers_to) == (date(2026, 10, 1), date(2027, 3, 31))
    found = cells(draft)
    assert [row["code"] for row in found[:3]] == ["A00", "A00.0", "A01"]
    assert [row["billable"] for row in found[:3]] == [False, True, True]
    assert found[1]["title"] == found[1]["short_title"] == "Cholera, classical"
    assert found[1]["effective_from"] == date(2026, 10, 1)
    assert found[1]["effective_to"] is None


def test_columns_are_fixed_whatever_the_titles_hold():
    long = "A title of more than sixty characters, with 1 number and (brackets), that goes on"
    (draft,) = drafts(source("order_2027.txt", order_file([("A000", True, long), *LETTERS])))
    assert cells(draft)[0]["title"] == long
    assert cells(draft)[0]["short_title"] == long[:60].strip()


@pytest.mark.parametrize(
    ("name", "edition", "first", "last"),
    [
        ("icd10cm-order-April-2027.txt", "2027-April", date(2027, 4, 1), date(2027, 9, 30)),
        ("icd10cm-order-April-1-2027.txt", "2027-April", date(2027, 4, 1), date(2027, 9, 30)),
        ("icd10cm-order-Jan-2021.txt", "2021-January", date(2021, 1, 1), date(2021, 3, 31)),
        ("icd10OrderFiles_FY27.txt", "2027", date(2026, 10, 1), date(2027, 3, 31)),
        ("april-1-2026-files/icd10cm_order_2026.txt", "2026-April", date(2026, 4, 1), None),
    ],
)
def test_the_name_says_from_when_a_list_holds(
    name: str, edition: str, first: date, last: date | None
):
    (draft,) = drafts(source(name, order_file(LETTERS)))
    assert (draft.edition, draft.as_of) == (edition, first)
    assert draft.covers_to == (last or date(2026, 9, 30))


def test_the_caller_goes_before_the_name():
    file = source("icd10cm-order-April-2027.txt", order_file(LETTERS))
    assert drafts(file, effective=date(2027, 10, 1))[0].edition == "2028"
    assert drafts(file, edition="2027")[0].as_of == date(2026, 10, 1)
    (correction,) = drafts(file, edition="2027-April-r2")
    assert (correction.edition, correction.as_of) == ("2027-April-r2", date(2027, 4, 1))


def test_without_a_date_the_error_says_what_to_give():
    error = refused("--effective", source("codes.txt", codes_file(LETTERS)))
    assert error.file == "codes.txt"


def test_no_list_is_older_than_the_system():
    refused("began on 2015-10-01", source("icd10cm_order_2015.txt", order_file(LETTERS)))


def test_a_codes_file_is_the_same_table_without_headers():
    (draft,) = drafts(source("icd10cm-codes-2027.txt", codes_file(WITH_HEADER)))
    assert draft.kind.name == "icd10cm-order"
    assert [row["code"] for row in cells(draft)[:2]] == ["A00.0", "A01"]


def test_the_files_of_one_edition_become_one_draft_and_have_to_agree():
    order = source("icd10cm_order_2027.txt", order_file(WITH_HEADER))
    codes = source("icd10cm_codes_2027.txt", codes_file(WITH_HEADER))
    (draft,) = drafts(order, codes)
    assert len(rows(draft)) == len(WITH_HEADER)
    assert [item.base for item in draft.sources] == [order.base, codes.base]
    other = source("icd10cm_codes_2027.txt", codes_file([*WITH_HEADER[:-1], ("Z02", True, "New")]))
    refused(r"disagrees .* 2 codes \(`Z01`, say\)", order, other)


def test_procedure_codes_are_told_from_diagnoses():
    (draft,) = drafts(source("icd10pcs_order_2027.txt", order_file(PCS)))
    assert draft.kind.name == "icd10pcs"
    assert [row["code"] for row in cells(draft)] == ["001", "0016070", "X27", "X27H385"]
    (draft,) = drafts(source("icd10pcs_codes_2027.txt", codes_file(PCS)))
    assert [row["billable"] for row in cells(draft)] == [True, True]


PCS_TABLES = """<?xml version="1.0" encoding="UTF-8"?>
<ICD10PCS.tabular><version>2027</version><title>ICD-10-PCS Tables</title>
{}
</ICD10PCS.tabular>"""
PCS_TABLE = """<pcsTable>
<axis pos="1" values="1"><title>Section</title>
<label code="{section}">Section {section}</label></axis>
<axis pos="2" values="1"><title>Body System</title><label code="2">System</label></axis>
<axis pos="3" values="1"><title>Operation</title><label code="7">Dilation</label></axis>
<pcsRow codes="{said}">
<axis pos="4" values="1"><title>Body Part</title><label code="H">Part</label></axis>
<axis pos="5" values="2"><title>Approach</title><label code="0">Open</label>
<label code="3">Percutaneous</label></axis>
<axis pos="6" values="1"><title>Device</title><label code="Z">No Device</label></axis>
<axis pos="7" values="1"><title>Qualifier</title><label code="Z">No Qualifier</label></axis>
</pcsRow></pcsTable>"""


def tables_file(said: int = 2, sections: str = "0X") -> Source:
    tables = "".join(PCS_TABLE.format(section=section, said=said) for section in sections)
    return source("icd10pcs_tables_2027.xml", PCS_TABLES.format(tables))


def test_tables_spell_out_the_codes_of_their_axes():
    (draft,) = drafts(tables_file())
    found = cells(draft)
    assert [row["code"] for row in found if row["billable"]] == [
        "027H0ZZ",
        "027H3ZZ",
        "X27H0ZZ",
        "X27H3ZZ",
    ]
    assert found[1]["title"] == ("Section 0, System, Dilation, Part, Open, No Device, No Qualifier")


def test_a_table_that_makes_other_codes_than_it_says_is_refused():
    refused("says it makes 3 codes, but makes 2", tables_file(said=3))
    refused("no code that begins with X", tables_file(sections="0"))


def test_a_list_cut_in_the_middle_is_refused():
    text = order_file(WITH_HEADER)
    refused("begins with F, G, H", source("order_2027.txt", order_file(WITH_HEADER[:7])))
    error = refused("the file is cut here", source("order_2027.txt", text[:-40]))
    assert error.line == len(WITH_HEADER)


def test_lines_missing_doubled_or_of_another_form_are_refused():
    lines = order_file(WITH_HEADER).splitlines(keepends=True)
    missing = source("order_2027.txt", "".join(lines[:9] + lines[10:]))
    assert refused("number 11 after number 9", missing).line == 10
    doubled = source("order_2027.txt", order_file([*WITH_HEADER, ("A000", True, "Cholera")]))
    assert refused(r"lists `A000` again \(first on line 2\)", doubled).line == 29
    odd = source("order_2027.txt", "".join([*lines, "Total 28 codes\r\n"]))
    assert refused("is no line of an order file", odd).line == 29
    code = source("order_2027.txt", order_file([*WITH_HEADER, ("1Z", True, "No code")]))
    refused("is no line of an order file", code)
    code = source("order_2027.txt", order_file([*WITH_HEADER, ("ZZZ", True, "No code")]))
    refused("`ZZZ` is no code of icd10cm-order", code)


def nine(titles: dict[str, str]) -> bytes:
    return "".join(f"{code:<5} {title}\r\n" for code, title in titles.items()).encode("cp1252")


LONG = {"0010": "Cholera", "38600": "Ménière’s disease", "V103": "History", "E8500": "Poisoning"}


def test_icd9_titles_are_read_in_their_old_encoding():
    (draft,) = drafts(source("CMS32_DESC_LONG_DX.txt", nine(LONG)))
    assert draft.kind.name == "icd9cm"
    assert (draft.edition, draft.covers_to) == ("2015", date(2015, 9, 30))
    found = {row["code"]: row["title"] for row in cells(draft)}
    assert found == {
        "001.0": "Cholera",
        "386.00": "Ménière’s disease",
        "E850.0": "Poisoning",
        "V10.3": "History",
    }


def test_icd9_short_titles_stand_beside_the_long_ones():
    short = {**LONG, "38600": "Meniere"}
    files = [source("CMS32_DESC_LONG_DX.txt", nine(LONG))]
    files.append(source("CMS32_DESC_SHORT_DX.txt", nine(short)))
    (draft,) = drafts(*files)
    row = next(row for row in cells(draft) if row["code"] == "386.00")
    assert (row["title"], row["short_title"]) == ("Ménière’s disease", "Meniere")
    short.pop("0010")
    files[1] = source("CMS32_DESC_SHORT_DX.txt", nine(short))
    refused("`0010`, which is not in every file", *files)


def test_the_official_lists_of_the_installed_packages_are_read_whole():
    listed, nines = cache.sources("icd10cm")[1], cache.sources("icd9cm")[0]
    (ten,) = drafts(source(listed.path.name, listed.read()))
    assert ten.as_of == date(2023, 10, 1)
    assert len(rows(ten)) == 74_044
    (nine,) = drafts(source(nines.path.name, nines.read()))
    assert len(rows(nine)) == 14_567
