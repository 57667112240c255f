"""The tabular list, the index and its tables, exemptions and addenda."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from official_layouts import cells, drafts, refused, rows, source, tabular, workbook

from codewarrant.codesets import cache
from codewarrant.codesets.releases.sources import Source

OCTOBER = date(2026, 10, 1)

# tabular


def test_a_tabular_list_is_kept_whole():
    data = tabular()
    (draft,) = drafts(source("icd10cm_tabular_2027.xml", data))
    assert (draft.kind.name, draft.edition, draft.as_of) == ("icd10cm-tabular", "2027", OCTOBER)
    (line,) = rows(draft)
    assert line.cells[:2] == ("tabular", data.encode())


def test_the_version_does_not_tell_april_from_october():
    data = tabular("2026")
    refused("--effective", source("tabular.xml", data))
    assert (
        drafts(source("tabular.xml", data), effective=date(2026, 4, 1))[0].edition == "2026-April"
    )
    assert drafts(source("icd10c-tabular-April-1-2026.xml", data))[0].as_of == date(2026, 4, 1)
    assert drafts(source("icd10cm_tabular_2026.xml", data))[0].as_of == date(2025, 10, 1)


def test_the_wrong_year_is_refused():
    error = refused(
        r"fiscal year 2026 \(2025-10-01 to 2026-09-30\), not of 2026-10-01",
        source("icd10cm_tabular_2027.xml", tabular("2026")),
    )
    assert error.file == "icd10cm_tabular_2027.xml"


def test_a_cut_list_is_refused_with_its_line():
    data = tabular()
    error = refused("the file is cut", source("icd10cm_tabular_2027.xml", data[:-200]))
    assert error.line == 4


def test_a_chapter_alone_or_an_addendum_is_no_tabular_list():
    refused("has 1 to 21", source("icd10cm_tabular_2027.xml", tabular(chapters=3)))
    changes = tabular(more=' isAddenda="true"')
    refused("the changes of an edition", source("icd10cm_tabular_2027.xml", changes))


def test_other_documents_are_no_tabular_list():
    refused("no known format", source("icd10cm_tabular_2027.xml", "<html><body/></html>"))


# index

INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
<version>2027</version>
<title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
<letter><title>A</title>
<mainTerm><title>Abdomen, abdominal</title><seeAlso>condition</seeAlso>
<term level="1"><title>acute<nemod>(sudden)</nemod></title><code>R10.0</code></term>
</mainTerm>
<mainTerm><title>Abscess<nemod>(connective tissue) (deep)</nemod> NEC</title><code>L02.91</code>
<term level="1"><title>brain<nemod>(any part)</nemod></title><code>G06.0</code>
<term level="2"><title>amebic</title><code>A06.6</code></term>
<term level="2"><title>in disease</title><code>B20</code><manif>G07</manif></term>
</term>
<term level="1"><title>lip, with fistula</title><see>Abscess, mouth</see></term>
<term level="1"><title>sickness</title><seecat>T71</seecat></term>
<term level="1"><title>shock</title><subcat>T75.0</subcat></term>
<term level="1"><title>foot</title><code>L02.61-</code></term>
</mainTerm></letter>
</ICD10CM.index>
"""
HEADS = """<indexHeading><head col="1">{}</head><head col="2">{}</head>
<head col="3">{}</head></indexHeading><letter><title>N</title><mainTerm>
<title>Stuff</title><cell col="2">{}</cell><cell col="3">{}</cell>
<term level="1"><title>part</title><cell col="2">--</cell><cell col="3">-</cell></term>
</mainTerm></letter>"""
TITLE = "<title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>"


def table(first: str, second: str, third: str, one: str, two: str) -> str:
    body = HEADS.format(first, second, third, one, two)
    return f"<ICD10CM.index><version>2027</version>{body}</ICD10CM.index>"


def index(text: str = INDEX) -> Source:
    return source("icd10cm_index_2027.xml", text)


def test_the_index_gives_one_row_a_term_with_its_path():
    (draft,) = drafts(index())
    assert (draft.kind.name, draft.edition) == ("icd10cm-index", "2027")
    found = {str(row["path"]): row for row in cells(draft)}
    assert [row["number"] for row in cells(draft)] == list(range(1, 11))
    assert found["Abdomen, abdominal"]["see_also"] == "condition"
    assert found["Abdomen, abdominal"]["code"] is None
    assert found["Abdomen, abdominal > acute"]["nonessential"] == "(sudden)"
    assert found["Abscess NEC"]["nonessential"] == "(connective tissue) (deep)"
    assert found["Abscess NEC > brain > amebic"]["code"] == "A06.6"
    assert found["Abscess NEC > brain > in disease"]["manifestation"] == "G07"
    assert found["Abscess NEC > lip, with fistula"]["see"] == "Abscess, mouth"
    assert found["Abscess NEC > sickness"]["see"] == "category T71"
    assert found["Abscess NEC > shock"]["see"] == "subcategory T75.0"
    foot = found["Abscess NEC > foot"]
    assert (foot["code"], foot["incomplete"]) == ("L02.61", True)


def test_the_index_of_external_causes_is_told_by_its_title():
    text = INDEX.replace(TITLE, "<title>ICD-10-CM EXTERNAL CAUSE of INJURIES INDEX</title>")
    assert drafts(index(text))[0].kind.name == "icd10cm-external-causes"


def test_tables_give_a_row_for_each_column_that_has_a_code():
    heads = ("Neoplasm", "Malignant Primary", "Benign")
    (draft,) = drafts(source("icd10cm_neoplasm_2027.xml", table(*heads, "C80.1", "D36.-")))
    assert draft.kind.name == "icd10cm-neoplasm"
    first, second, empty = cells(draft)
    assert (first["path"], first["column"], first["code"]) == (
        "Stuff",
        "Malignant Primary",
        "C80.1",
    )
    assert (second["column"], second["code"], second["incomplete"]) == ("Benign", "D36", True)
    assert (empty["path"], empty["column"], empty["code"]) == ("Stuff > part", None, None)
    heads = ("Substance", "Poisoning Accidental", "Adverse effect")
    (draft,) = drafts(source("icd10cm_drug_2027.xml", table(*heads, "T51.3X1", "T51.3X5")))
    assert draft.kind.name == "icd10cm-drugs"


def test_what_is_wrong_in_an_index_is_said_with_its_term():
    refused("unknown columns", index(table("One", "Two", "Three", "C80.1", "D36.9")))
    refused("`12` at `Abdomen, abdominal > acute` is no code", index(INDEX.replace("R10.0", "12")))
    refused("says it stands at level 2", index(INDEX.replace('level="1"', 'level="2"')))
    refused("the file is cut", index(INDEX[:-60]))
    refused("fiscal year 2026", index(INDEX.replace("2027", "2026")))
    empty = INDEX.replace("<title>Abdomen, abdominal</title>", "<title/>")
    refused("a term without title", index(empty))


# exemptions

LISTED = [("Z853", "One"), ("Z99.1", "Two"), ("Z9989", "Three")]


def exempt(listed: list[tuple[str, str]] = LISTED, first: int = 1) -> str:
    head = "Codes exempt from reporting\r\n\r\nOrder\tCode\tDescription\r\n"
    return head + "".join(
        f"{number}\t{code}\t{title}\r\n" for number, (code, title) in enumerate(listed, first)
    )


def test_exempt_codes_hold_for_a_fiscal_year():
    (draft,) = drafts(source("POAexemptCodesFY27.txt", exempt()))
    assert (draft.kind.name, draft.edition) == ("poa-exempt", "2027")
    assert (draft.covers_from, draft.covers_to) == (OCTOBER, date(2027, 9, 30))
    assert [row["code"] for row in cells(draft)] == ["Z85.3", "Z99.1", "Z99.89"]


def test_exempt_codes_may_come_in_a_workbook():
    lines = [["Codes exempt"], ["Order", "Code", "Description"]]
    lines += [[number, code, title] for number, (code, title) in enumerate(LISTED, 1)]
    (draft,) = drafts(source("POAexemptCodes2027.xlsx", workbook(lines)))
    assert [row["title"] for row in cells(draft)] == ["One", "Two", "Three"]


def test_old_encodings_are_read():
    listed = [*LISTED, ("Z9981", "Ménière’s")]
    (draft,) = drafts(source("POAexemptCodes2027.txt", exempt(listed).encode("cp1252")))
    assert cells(draft)[3]["title"] == "Ménière’s"


def test_an_exempt_list_that_is_not_whole_is_refused():
    other = [("A000", "One"), ("A001", "Two"), ("A009", "Three")]
    refused("begins with Z", source("POAexemptCodes2027.txt", exempt(other)))
    lines = exempt([*LISTED, ("Z998", "Four"), ("Z9911", "Five")]).splitlines(keepends=True)
    gap = source("POAexemptCodes2027.txt", "".join(lines[:-2] + lines[-1:]))
    assert refused("number 5 after number 3", gap).line == 7
    raised = exempt([*LISTED, ("Z998", "Four")]).replace("4\tZ998", "\u00b2\tZ998")
    assert refused("no line of number", source("POAexemptCodes2027.txt", raised)).line == 7
    cut = source("POAexemptCodes2027.txt", exempt()[: -len("Three\r\n")])
    assert refused("cut here", cut).line == 6


# addenda

CODES = f"""ICD-10-CM codes addenda, fiscal year 2027
Add:         01234 A4150   1 {"A new short title":<60} A new title
Delete:      01235 B9999     An ended title
Revise from: 01236 C8441     An old title
Revise to:   01236 C8441     A new title
"""
TABULAR = """ICD-10-CM Tabular List of Diseases and Injuries
2027 Addenda
Chapter 1
     A04    Other bacterial intestinal infections
Add            Excludes1: something else (A05.-)
     A04.7  Enterocolitis
Delete         Use additional code, if applicable
Revise from    Includes: an old note
Revise to      Includes: a new note
No Change    A15.0  Tuberculosis of lung
Add            Tuberculous cough
Add         A15.9X New subcategory
"""


def test_addenda_of_code_lists_name_their_codes():
    (draft,) = drafts(source("icd10cm-codes-addenda-2027.txt", CODES))
    assert (draft.kind.name, draft.edition) == ("icd10cm-addenda", "2027 codes")
    found = [
        (row["action"], row["code"], row["kind"], row["before"], row["after"])
        for row in cells(draft)
    ]
    assert found == [
        ("add", "A41.50", "code", None, "A new title"),
        ("delete", "B99.99", "code", "An ended title", None),
        ("revise", "C84.41", "code", "An old title", "A new title"),
    ]


def test_addenda_of_the_tabular_list_keep_the_code_that_a_note_stands_under():
    (draft,) = drafts(source("icd10cm-tabular-addenda-2027.txt", TABULAR))
    assert draft.edition == "2027 tabular"
    found = [(row["action"], row["code"], row["kind"]) for row in cells(draft)]
    assert found == [
        ("add", "A04", "excludes1"),
        ("delete", "A04.7", "useAdditionalCode"),
        ("revise", "A04.7", "includes"),
        ("add", "A15.0", "text"),
        ("add", "A15.9X", "code"),
    ]
    revised = cells(draft)[2]
    assert (revised["before"], revised["after"]) == (
        "Includes: an old note",
        "Includes: a new note",
    )


def test_half_a_revision_is_refused():
    first = CODES.replace("Revise to:   01236 C8441     A new title\n", "")
    assert refused("half a revision", source("icd10cm-codes-addenda-2027.txt", first)).line == 4
    second = CODES.replace("Revise from: 01236 C8441     An old title\n", "")
    assert refused("half a revision", source("icd10cm-codes-addenda-2027.txt", second)).line == 4
    mixed = CODES.replace("Revise to:", "Add:")
    assert refused("half a revision", source("icd10cm-codes-addenda-2027.txt", mixed)).line == 4


# what is installed, and official files

SHARED = os.environ.get("CODEWARRANT_SHARED")


@pytest.mark.slow
def test_the_installed_tabular_list_imports():
    installed = cache.sources("icd10cm")[0]
    (draft,) = drafts(source(installed.path.name, installed.read()))
    assert draft.as_of.isoformat() == installed.edition


@pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED is not set")
@pytest.mark.parametrize(
    ("file", "table", "edition", "number", "coded"),
    [
        ("icd-10-cm-eindex-2025.xml", "icd10cm-external-causes", "2025", 8_064, 6_650),
        (
            "icd10cm-eindex-April-1-2026-XML.xml",
            "icd10cm-external-causes",
            "2026-April",
            8_090,
            6_671,
        ),
        ("icd-10-cm-neoplasm-2025.xml", "icd10cm-neoplasm", "2025", 9_136, 9_018),
        ("icd10cm-neoplasm-April-1-2026-XML.xml", "icd10cm-neoplasm", "2026-April", 9_138, 9_020),
        ("icd10cm-drug-April-1-2026-XML.xml", "icd10cm-drugs", "2026-April", 40_262, 40_036),
    ],
)
def test_official_indexes_are_read_whole(
    file: str, table: str, edition: str, number: int, coded: int
):
    """``coded`` is the number of ``code`` elements and of cells that hold more than a dash."""
    path = Path(SHARED or "") / "codesets" / "official_formats" / f"{file}.gz"
    (draft,) = drafts(source(file, gzip.decompress(path.read_bytes())))
    assert (draft.kind.name, draft.edition) == (table, edition)
    found = cells(draft)
    assert len(found) == number
    assert sum(1 for row in found if row["code"]) == coded


def as_document(listed: Iterable[Mapping[str, str]]) -> str:
    """The official document of an index that a public copy gives as rows with levels."""
    out = ["<ICD10CM.index><version>2025</version><title>INDEX</title><letter><title>A</title>"]
    open_tags: list[str] = []
    for row in listed:
        level = int(row["Level"])
        while len(open_tags) > level:
            out.append(open_tags.pop())
        out.append(f'<term level="{level}">' if level else "<mainTerm>")
        open_tags.append("</term>" if level else "</mainTerm>")
        title, extra = escape(row["Term"]), escape(row["NonEssModif"])
        out.append(f"<title>{title}{f'<nemod>{extra}</nemod>' if extra else ''}</title>")
        for tag, name in (("see", "See"), ("seeAlso", "SeeAlso"), ("code", "Code")):
            if row[name]:
                out.append(f"<{tag}>{escape(row[name])}</{tag}>")
    return "".join([*out, *reversed(open_tags), "</letter></ICD10CM.index>"])


@pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED is not set")
def test_the_whole_alphabetic_index_keeps_every_term_and_code():
    path = Path(SHARED or "") / "codesets" / "index_fy2025" / "ICD10CM_2025_Index.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        listed = [row for row in csv.DictReader(file) if row["Term"].strip()]
    (draft,) = drafts(source("icd10cm_index_2025.xml", as_document(listed)))
    found = cells(draft)
    assert len(found) == len(listed) == 81_019
    assert max(str(row["path"]).count(" > ") for row in found) == 9
    for row, given in zip(found, listed, strict=True):
        term = " ".join(given["Term"].split()).replace(" ,", ",").replace(" ;", ";")
        assert str(row["path"]).split(" > ")[-1] == term
        assert row["code"] == (given["Code"].rstrip("-").rstrip(".") or None)
        assert row["incomplete"] is given["Code"].endswith("-")
        assert row["see"] == (" ".join(given["See"].split()) or None)
