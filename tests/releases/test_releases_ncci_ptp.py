"""Procedure-to-procedure edits: every trap of the official files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from release_files import PAIRS, archive, imported, opened, ptp_book, ptp_text

from codewarrant.codesets.releases.draft import Asked, quarter_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.store import Store

TABLE = "ncci-ptp-practitioner"
NAME = "ccipra-v322r0-f1.TXT"
DAY = date(2026, 8, 1)
NEWEST = PAIRS[2]


def found(store: Store, one: str, two: str, on: date | None, table: str = TABLE):
    return store.lookup(table, [{"column1": one, "column2": two}], on)[0]


@pytest.mark.parametrize("banner", [0, 2, 3, 6])
def test_rows_below_any_number_of_notices_are_read(tmp_path: Path, banner: int) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text(banner=banner)})
    (row,) = found(store, "X0001", "X0002", DAY)
    assert row.columns == {
        "column1": "X0001",
        "column2": "X0002",
        "modifier_indicator": 1,
        "rationale": "Misuse",
        "before_1996": False,
    }
    assert row.id == "X0001|X0002@2024-01-01"
    assert (row.effective_from, row.effective_to) == (date(2024, 1, 1), None)
    assert (row.release.edition, row.release.as_of) == ("2026Q3", date(2026, 7, 1))


def test_deleted_edits_answer_for_old_days_and_the_last_day_is_included(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    assert found(store, "X0002", "X0001", date(2026, 6, 30))[0].columns["modifier_indicator"] == 0
    assert found(store, "X0002", "X0001", date(2026, 7, 1)) == ()
    (old,) = found(store, "X0001", "X0003", date(2019, 12, 31))
    assert old.columns["before_1996"] is True
    assert found(store, "X0001", "X0003", date(2020, 1, 1)) == ()
    (new,) = found(store, "X0001", "X0003", DAY)
    assert new.columns["modifier_indicator"] == 1


def test_an_edit_deleted_on_the_day_it_began_never_was_in_force(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    assert found(store, "X0004", "X0001", date(2020, 1, 1)) == ()
    (row,) = store.history(TABLE, {"column1": "X0004"})
    assert row.id == "X0004|X0001@2020-01-01 withdrawn"


def test_days_after_the_quarter_and_before_1996_cannot_be_known(tmp_path: Path) -> None:
    store = opened(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    assert found(store, "X0001", "X0002", date(2026, 9, 30)) != ()
    assert found(store, "X0001", "X0002", date(2026, 10, 1)) is None
    assert found(store, "X0001", "X0002", date(1995, 12, 31)) is None
    assert found(store, "X0001", "X0002", None) is None


def test_the_parts_of_an_edition_are_one_release(tmp_path: Path) -> None:
    parts = {f"ccipra-v322r0-f{at}.TXT": ptp_text([pair]) for at, pair in enumerate(PAIRS, 1)}
    result = imported(tmp_path / "s", tmp_path / "in", parts)
    (item,) = result.imported
    assert item.release.rows == len(PAIRS)
    assert item.remarks == ()
    whole = imported(tmp_path / "t", tmp_path / "one", {NAME: ptp_text()})
    assert whole.imported[0].release.digest == item.release.digest


def test_a_gap_between_parts_is_refused_and_a_single_part_is_remarked(tmp_path: Path) -> None:
    files = {f"ccipra-v322r0-f{at}.TXT": ptp_text([(f"Y000{at}", *NEWEST[1:])]) for at in (1, 4)}
    with pytest.raises(ReleaseError, match="are missing: f2, f3"):
        imported(tmp_path / "s", tmp_path / "in", files)
    (item,) = imported(tmp_path / "s", tmp_path / "one", {NAME: ptp_text()}).imported
    assert item.remarks == (
        "only part f1 was given: if the edition has more, their pairs pass for free of edits",
    )


def test_archives_in_archives_and_workbooks_beside_texts_are_read_once(tmp_path: Path) -> None:
    inner = archive({NAME: ptp_text(), "ccipra-v322r0-f1.xlsx": ptp_book(), "readme.txt": b"words"})
    files = {"all.zip": archive({"a/b.zip": inner, "manual.pdf": b"%PDF-1.4 \x00"})}
    result = imported(tmp_path / "s", tmp_path / "in", files)
    (item,) = result.imported
    assert item.release.rows == len(PAIRS)
    assert item.release.origins[0].name == f"all.zip/a/b.zip/{NAME}"
    assert result.unread == ("all.zip/a/b.zip/readme.txt", "all.zip/manual.pdf")


def test_a_workbook_and_a_text_are_the_same_release(tmp_path: Path) -> None:
    text = imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()}).imported[0].release
    book = imported(tmp_path / "t", tmp_path / "x", {"ccipra-v322r0-f1.xlsx": ptp_book()})
    assert book.imported[0].release.digest == text.digest


def test_hospital_edits_are_a_table_of_their_own(tmp_path: Path) -> None:
    files = {NAME: ptp_text(), "ccioph-v322r0-f1.TXT": ptp_text([NEWEST])}
    store = opened(tmp_path / "s", tmp_path / "in", files)
    assert [(r.table, r.rows) for r in store.releases] == [
        ("ncci-ptp-hospital", 1),
        (TABLE, len(PAIRS)),
    ]


def test_a_file_that_does_not_say_whose_edits_it_holds_asks(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="--table"):
        imported(tmp_path / "s", tmp_path / "in", {"edits.txt": ptp_text()})
    asked = Asked(edition="2026Q3", table="ncci-ptp-hospital")
    result = imported(tmp_path / "s", tmp_path / "in", {"edits.txt": ptp_text()}, asked)
    assert result.imported[0].release.table == "ncci-ptp-hospital"


@pytest.mark.parametrize(
    ("name", "edition"),
    [
        ("ccipra-v323r0-f1.TXT", "2026Q4"),
        ("ccipra-v330r0-f1.TXT", "2027Q1"),
        ("practitioner-edits-2026q3.txt", "2026Q3"),
    ],
)
def test_the_name_says_the_quarter(tmp_path: Path, name: str, edition: str) -> None:
    begun = quarter_days(edition)[0].strftime("%Y%m%d")
    rows = [("X0001", "X0002", "", begun, "*", "1", "Misuse")]
    result = imported(tmp_path / "s", tmp_path / "in", {name: ptp_text(rows)})
    assert result.imported[0].release.edition == edition


def test_a_withdrawn_edit_listed_with_two_rationales_is_kept_once(tmp_path: Path) -> None:
    pairs = [
        ("X0001", "X0002", "", "19960101", "19960101", "9", "Mutually exclusive"),
        ("X0001", "X0002", "", "19960101", "19960101", "9", "Standards"),
        ("X0001", "X0002", "", "19960101", "*", "1", "Standards"),
        NEWEST,
    ]
    store = opened(tmp_path / "s", tmp_path / "in", {"practitioner-2026Q3.txt": ptp_text(pairs)})
    assert store.releases[0].rows == 3
    assert len(found(store, "X0001", "X0002", DAY)) == 1


GOOD = PAIRS[0]
WRONG = [
    ("a later quarter's row", ("X0001", "X0009", "", "20261001", "*", "1", "M"), "another quarter"),
    ("no such day", ("X0001", "X0009", "", "20260230", "*", "1", "M"), "20260230` is no date"),
    ("a day in letters", ("X0001", "X0009", "", "2026-1-1", "*", "1", "M"), "is no date"),
    ("no first day", ("X0001", "X0009", "", "*", "*", "1", "M"), "no effective date"),
    ("an end before", ("X0001", "X0009", "", "20260101", "20250101", "1", "M"), "before it begins"),
    ("an indicator", ("X0001", "X0009", "", "20260101", "*", "2", "M"), "no modifier indicator"),
    ("a code", ("X0001", "X9", "", "20260101", "*", "1", "M"), "`X9` is no code"),
    ("a cut line", ("X0001", "X0009", "", "20260101"), "truncated"),
    ("the same row", GOOD, "stands twice: `X0001 X0002`, also at"),
    ("other words", (*GOOD[:5], "0", "M"), "stands twice"),
    ("two open rows", ("X0001", "X0002", "", "20250101", "*", "1", "M"), "force on the same day"),
]


@pytest.mark.parametrize(("row", "said"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG])
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, row: tuple, said: str) -> None:
    with pytest.raises(ReleaseError, match=said.replace("(", "\\(")) as caught:
        imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text([*PAIRS, row])})
    assert (caught.value.file, caught.value.line) == (NAME, 10)
    assert not (tmp_path / "s").exists()


def test_windows_that_touch_do_not_overlap_and_a_day_more_does(tmp_path: Path) -> None:
    touching = [
        ("X0001", "X0002", "", "20200101", "20201231", "1", "M"),
        ("X0001", "X0002", "", "20210101", "*", "0", "M"),
    ]
    asked = Asked(edition="2026Q3")
    imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text(touching)}, asked)
    touching[0] = (*touching[0][:4], "20210101", "1", "M")
    with pytest.raises(ReleaseError, match="same day") as caught:
        imported(tmp_path / "t", tmp_path / "in", {NAME: ptp_text(touching)}, asked)
    assert caught.value.line == 6


def test_a_header_without_rows_and_a_file_without_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="truncated: no edits"):
        imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text([])})
    with pytest.raises(ReleaseError, match="no known format"):
        imported(tmp_path / "s", tmp_path / "other", {NAME: b"X0001\tX0002\t\t20260101\t*\t1\tM\n"})


def test_a_name_that_contradicts_the_content_is_refused_unless_the_user_insists(
    tmp_path: Path,
) -> None:
    old = {"ccipra-v322r0-f1.TXT": ptp_text(PAIRS[:2])}
    with pytest.raises(ReleaseError, match="newest change is of 2024-01-01"):
        imported(tmp_path / "s", tmp_path / "in", old)
    result = imported(tmp_path / "s", tmp_path / "in", old, Asked(edition="2024Q1"))
    assert result.imported[0].release.edition == "2024Q1"


def test_parts_of_two_editions_are_refused(tmp_path: Path) -> None:
    files = {NAME: ptp_text(), "ccipra-v321r0-f2.TXT": ptp_text(PAIRS[:1])}
    with pytest.raises(ReleaseError, match=r"several editions: 2026Q2 .* and 2026Q3"):
        imported(tmp_path / "s", tmp_path / "in", files)


def test_a_damaged_archive_and_a_damaged_workbook_are_refused(tmp_path: Path) -> None:
    whole = archive({NAME: ptp_text()})
    with pytest.raises(ReleaseError, match="damaged archive") as caught:
        imported(tmp_path / "s", tmp_path / "in", {"edits.zip": whole[:-30]})
    assert caught.value.file == "edits.zip"
    turned = bytearray(whole)
    turned[60] ^= 0xFF
    with pytest.raises(ReleaseError, match="cannot be read"):
        imported(tmp_path / "s", tmp_path / "two", {"edits.zip": bytes(turned)})
