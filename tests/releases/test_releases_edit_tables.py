"""Coverage articles, fee schedule, flags of the code editor, places of service."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from official_layouts import cells, drafts, refused, rows, source, workbook

from codewarrant.codesets.releases.sources import Source


def comma(lines: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()


# coverage articles

COVERED = ["article_id", "article_version", "icd10_code_id", "icd10_code_version"]
COVERED += ["icd10_covered_group", "range", "last_updated", "sort_order", "description", "asterisk"]
SERVICES = ["article_id", "article_version", "hcpc_code_id", "hcpc_code_version"]
SERVICES += ["hcpc_code_group", "range", "last_updated", "long_description", "short_description"]
ARTICLES = ["article_id", "article_version", "title", "article_eff_date", "article_rev_eff_date"]
ARTICLES += ["article_end_date", "status"]
PRIVATE = "words of another owner"


def covered(*more: Sequence[object], name: str = "article_x_icd10_covered.csv") -> Source:
    line = ["90001", "7", "I50.9", "69", "1", "", "2026-01-01 00:00:00", "1", "A title", ""]
    return source(name, comma([COVERED, line, *more]))


def services(*more: Sequence[object]) -> Source:
    line = ["90001", "7", "G0001", "112", "1", "", "2026-01-01 00:00:00", PRIVATE, PRIVATE]
    return source("article_x_hcpc_code.csv", comma([SERVICES, line, *more]))


def articles(*more: Sequence[object]) -> Source:
    line = ["90001", "7", "A title", "2019-10-01 00:00:00", "2026-01-15 00:00:00", "", "A"]
    return source("article.csv", comma([ARTICLES, line, *more]))


def test_articles_give_their_codes_the_days_of_their_version():
    diagnoses, procedures = drafts(articles(), covered(), services())
    assert diagnoses.kind.name == "coverage-article-diagnoses"
    (row,) = cells(diagnoses)
    assert (row["article"], row["version"], row["group"]) == ("90001", 7, 1)
    assert (row["code"], row["covered"]) == ("I50.9", True)
    assert (row["effective_from"], row["effective_to"]) == (date(2026, 1, 15), None)
    (row,) = cells(procedures)
    assert (row["code"], row["group"]) == ("G0001", 1)
    assert procedures.kind.name == "coverage-article-services"


def test_descriptions_of_services_are_dropped():
    for draft in drafts(articles(), covered(), services()):
        assert PRIVATE not in repr(rows(draft))


def test_an_article_may_hold_a_long_document():
    long = ["90002", "1", "<p>" + "word " * 40_000, "2019-10-01 00:00:00", "", "", "A"]
    assert len(rows(drafts(articles(long), covered())[0])) == 1


def test_diagnoses_that_do_not_support_are_kept_apart():
    header = [name.replace("covered", "noncovered") for name in COVERED]
    line = ["90001", "7", "Z00.00", "69", "2", "", "", "1", "A title", ""]
    other = source("article_x_icd10_noncovered.csv", comma([header, line]))
    (draft,) = drafts(covered(), other, effective=date(2026, 1, 1))
    assert [(row["code"], row["covered"], row["group"]) for row in cells(draft)] == [
        ("I50.9", True, 1),
        ("Z00.00", False, 2),
    ]


def test_without_the_articles_the_caller_gives_the_day():
    refused("article.csv", covered())
    (draft,) = drafts(covered(), effective=date(2026, 1, 1))
    assert cells(draft)[0]["effective_from"] == date(2026, 1, 1)


def test_what_is_wrong_in_an_article_is_said_with_its_line():
    bad = ["90001", "7", "nonsense", "69", "1", "", "", "2", "", ""]
    assert refused("`NONSENSE` is no ICD-10-CM code", articles(), covered(bad)).line == 3
    lost = ["90002", "1", "I50.9", "69", "1", "", "", "2", "", ""]
    refused("article 90002, version 1, is not in the list", articles(), covered(lost))
    ranged = ["90001", "7", "I50.9", "69", "1", "Y", "", "2", "", ""]
    refused("range of codes", articles(), covered(ranged))
    assert refused("cut here", articles(), covered(["90001", "7"])).line == 3
    again = ["90001", "7", "A title", "2019-10-01 00:00:00", "", "", "A"]
    refused("article 90001, version 7, again", articles(again), covered())
    refused("without their codes", articles())


# fee schedule

ABOVE = [
    ["2026 National Physician Fee Schedule Relative Value File"],
    ["A notice of the owner of the codes,\nin two lines"],
    ["", "", "", "", "NOT USED", "", "NON-FAC", "NON-FAC", "", "", "", "NON-"],
    ["", "", "", "STATUS", "FOR MEDICARE", "WORK", "PE", "NA", "FAC PE", "NA", "MP", "FACILITY"],
]
PFS_NAMES = ["HCPCS", "MOD", "DESCRIPTION", "CODE", "PAYMENT", "RVU", "RVU", "INDICATOR", "RVU"]
PFS_NAMES += ["INDICATOR", "RVU", "TOTAL", "TOTAL", "IND", "DAYS", "OP", "OP", "OP", "PROC"]
PFS_NAMES += ["SURG", "SURG", "SURG", "SURG"]
ABOVE[3] += ["FACILITY", "PCTC", "GLOB", "PRE", "INTRA", "POST", "MULT", "BILAT", "ASST", "CO-"]
ABOVE[3] += ["TEAM"]


def fees(*codes: Sequence[object]) -> list[Sequence[object]]:
    return [*ABOVE, PFS_NAMES, *codes]


def fee(code: str, modifier: str = "", days: str = "090", status: str = "A") -> list[object]:
    work = ["", "12.34", "20", "", "18.5", "", "2.1", "35.00", "33.50"]
    return [code, modifier, PRIVATE, status, *work, "0", days, "0.1", "0.8", "0.1", *"21210"]


PFS = "PPRRVU2026_Oct.csv"


def test_the_header_of_the_fee_schedule_is_spread_over_rows():
    (draft,) = drafts(source(PFS, comma(fees(fee("G0001"), fee("G0001", "26", "XXX")))))
    assert (draft.kind.name, draft.edition) == ("physician-fee-schedule", "2026Q4")
    first, second = cells(draft)
    assert (first["code"], first["modifier"], first["status"]) == ("G0001", None, "A")
    assert (first["global_days"], second["global_days"]) == ("090", "XXX")
    assert second["modifier"] == "26"
    assert first["work_rvu"] == Decimal("12.34")
    assert first["total_rvu_nonfacility"] == Decimal("35.00")
    assert first["total_rvu_facility"] == Decimal("33.50")
    assert first["professional_technical"] == "0"
    surgery = ("multiple_procedure", "bilateral", "assistant", "co_surgeons", "team")
    assert [first[name] for name in surgery] == list("21210")
    assert PRIVATE not in repr(rows(draft))


def test_the_indicator_of_parts_is_written_in_two_ways():
    other = [[cell.replace("PCTC", "PC/TC") for cell in line] for line in ABOVE]
    (draft,) = drafts(source(PFS, comma([*other, PFS_NAMES, fee("G0001")])))
    assert cells(draft)[0]["professional_technical"] == "0"


def test_the_fee_schedule_may_come_in_a_workbook_that_lost_its_zeros():
    (draft,) = drafts(source("PPRRVU2026_Oct.xlsx", workbook(fees(fee("G0001", days="90")))))
    assert cells(draft)[0]["global_days"] == "090"


def test_what_is_wrong_in_the_fee_schedule_is_said_with_its_line():
    refused("`ABC` are no global days", source(PFS, comma(fees(fee("G0001", days="ABC")))))
    refused("`G1` is no procedure code", source(PFS, comma(fees(fee("G1")))))
    refused("`G0001` has no status", source(PFS, comma(fees(fee("G0001", status="")))))
    cut = comma(fees(fee("G0001"), fee("G0002")[:9]))
    # the notice above the header takes two lines
    assert refused("cut here", source(PFS, cut)).line == 8
    refused("lists no code", source(PFS, comma(fees())))
    refused("of which quarter", source("values.csv", comma(fees(fee("G0001")))))


def payment(locality: str, code: str = "G0001", status: str = "A") -> list[str]:
    amounts = ["0000028.75", "0000021.10", " "]
    return ["2026", "01112", locality, code, "  ", *amounts, "0", status, "2", "9", "0", "9"]


def test_the_payment_file_names_each_code_once():
    text = comma([payment("05"), payment("06"), payment("05", "G0002", "N")])
    (draft,) = drafts(source("PFALL26.txt", text), edition="2026Q1")
    assert [(row["code"], row["status"]) for row in cells(draft)] == [
        ("G0001", "A"),
        ("G0002", "N"),
    ]
    assert cells(draft)[0]["multiple_procedure"] == "2"
    assert cells(draft)[0]["global_days"] is None
    assert draft.remarks
    odd = comma([payment("05"), payment("06", status="N")])
    refused("differs from locality", source("PFALL26.txt", odd), edition="2026Q1")


# flags of the code editor


def test_flags_come_with_their_days():
    text = "code,start,end,flags\nA33,20151001,20270331,newborn\nC58,20161001,20240930,female|x\n"
    (draft,) = drafts(source("lists.csv", text), effective=date(2026, 10, 1))
    assert draft.kind.name == "mce-diagnoses"
    found = [(row["code"], row["flag"], row["effective_to"]) for row in cells(draft)]
    assert found == [
        ("A33", "newborn", date(2027, 3, 31)),
        ("C58", "female", date(2024, 9, 30)),
        ("C58", "x", date(2024, 9, 30)),
    ]
    assert (draft.covers_from, draft.covers_to) == (date(2015, 10, 1), date(2027, 3, 31))


def test_rules_in_words_are_the_flags_of_the_editor():
    rules = [
        ("A33", "Age", "Perinatal/Newborn (Age 0 Only)", "newborn"),
        ("O80", "Age", "Maternity (Ages 9-64)", "maternity"),
        ("C58", "Sex", "Female Only", "female"),
        ("N400", "Sex", "Male Only", "male"),
        ("G01", "Other", "Manifestation (Not Allowed as Principal Diagnosis)", "manifestation"),
        ("Z66", "Other", "Unacceptable Principal Diagnosis", "unacceptable"),
    ]
    header = ["icd_code", "icd_description", "icd_conflict_group", "icd_conflict_rule"]
    text = comma([header, *([code, "", group, rule] for code, group, rule, _ in rules)])
    (draft,) = drafts(source("edits_2027.csv", text))
    assert [row["flag"] for row in cells(draft)] == [flag for *_, flag in rules]
    unknown = comma([header, ["A33", "", "Other", "Phase of the moon"]])
    assert refused("`Phase of the moon`", source("edits_2027.csv", unknown)).line == 2


def test_flags_of_procedures_are_a_table_of_their_own():
    text = "code,flags\nA33,newborn\n0016070,noncovered\n"
    found = drafts(source("lists_2027.csv", text))
    assert [draft.kind.name for draft in found] == ["mce-diagnoses", "mce-procedures"]
    refused("`0010` is no code", source("lists_2027.csv", "code,flags\n0010,newborn\n"))
    refused("`a b-c`", source("lists_2027.csv", "code,flags\nA33,a b-c\n"))
    refused("gives no code a flag", source("lists_2027.csv", "code,flags\nA33,\n"))
    refused("`20271399` is no date", source("l_2027.csv", "code,start,flags\nA33,20271399,x\n"))


# places of service

PLACES = [["POS Code", "POS Type", "POS Name", "POS Description"]]
PLACES += [["1", "Non-Facility", "Pharmacy", PRIVATE], ["21", "F", "Inpatient\nHospital", PRIVATE]]
PLACES += [["27-30", "", "Unassigned", "N/A"]]


def test_places_of_service_hold_from_the_day_that_is_given():
    file = source("places.csv", comma(PLACES))
    refused("--effective", file)
    (draft,) = drafts(file, effective=date(2026, 1, 1))
    assert [(row["code"], row["setting"], row["title"]) for row in cells(draft)] == [
        ("01", "non-facility", "Pharmacy"),
        ("21", "facility", "Inpatient Hospital"),
    ]
    assert PRIVATE not in repr(rows(draft))


def test_a_place_that_is_none_is_refused():
    for bad, message in (
        (["X1", "F", "Ship", ""], "`X1` is no place of service"),
        (["12", "at sea", "Ship", ""], "`at sea` is neither"),
    ):
        file = source("places.csv", comma([*PLACES, bad]))
        assert refused(message, file, effective=date(2026, 1, 1)).line == 6


# real tables

SHARED = os.environ.get("CODEWARRANT_SHARED")


@pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED is not set")
def test_real_lists_are_read_whole():
    folder = Path(SHARED or "") / "codesets" / "ncci_2024q3"
    edits = source("code_edits_2024.csv", (folder / "code_edits.csv").read_bytes())
    (draft,) = drafts(edits)
    counts = Counter(str(row["flag"]) for row in cells(draft))
    assert counts == {
        "female": 3_431,
        "maternity": 2_543,
        "adult": 854,
        "male": 529,
        "manifestation": 422,
        "pediatric": 125,
        "newborn": 42,
    }
    places = source("pos.csv", (folder / "pos_codes.csv").read_bytes())
    (draft,) = drafts(places, effective=date(2024, 7, 1))
    assert {row["setting"] for row in cells(draft)} <= {"facility", "non-facility", None}
