"""Importing changes all or nothing, and a release never changes."""

from __future__ import annotations

import hashlib
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from release_files import PAIRS, imported, mue_text, ptp_text, written
from test_releases_store import draft

from codewarrant.codesets.releases import importing
from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.importing import import_drafts, import_files
from codewarrant.codesets.releases.store import Store

PTP = "ncci-ptp-practitioner"
NAME = "ccipra-v322r0-f1.TXT"
MUE = "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
FIRST = date(2026, 1, 1)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left(folder: Path) -> set[str]:
    """The files of the store's folder besides the store and its lock."""
    return {item.name for item in folder.iterdir() if item.is_file()} - {"s", "s.lock"}


def test_the_same_bytes_again_change_nothing(tmp_path: Path) -> None:
    first = imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    before = sha(tmp_path / "s")
    again = imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    assert [item.known for item in (*first.imported, *again.imported)] == [False, True]
    assert sha(tmp_path / "s") == before
    assert left(tmp_path) == set()


def test_what_is_known_and_what_is_new_may_come_together(tmp_path: Path) -> None:
    imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    both = imported(tmp_path / "s", tmp_path / "in", {MUE: mue_text()})
    assert sorted((item.release.table, item.known) for item in both.imported) == [
        ("mue-practitioner", False),
        (PTP, True),
    ]
    store = Store(tmp_path / "s")
    assert len(list(store.rows(store.of(PTP)[0]))) == len(PAIRS)
    assert all(store.blob(release) for release in store.releases)


def test_other_content_under_the_same_name_is_refused_and_a_correction_accepted(
    tmp_path: Path,
) -> None:
    imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    before = sha(tmp_path / "s")
    other = {NAME: ptp_text(PAIRS[:3])}
    with pytest.raises(ReleaseError, match=r"never changes; .* `--edition 2026Q3-r2`"):
        imported(tmp_path / "s", tmp_path / "x", other)
    assert sha(tmp_path / "s") == before
    imported(tmp_path / "s", tmp_path / "x", other, Asked(edition="2026Q3-r2"))
    store = Store(tmp_path / "s")
    assert [release.edition for release in store.of(PTP)] == ["2026Q3-r2", "2026Q3"]


@pytest.mark.parametrize(
    "files",
    [
        {NAME: ptp_text([*PAIRS, PAIRS[0]])},
        {NAME: ptp_text()[:-40]},
        {NAME: ptp_text(), MUE: mue_text()[:-25]},
        {"readme.txt": b"nothing of use"},
        {},
    ],
    ids=["duplicate", "truncated", "the second is truncated", "unknown", "empty folder"],
)
def test_an_error_leaves_the_store_byte_for_byte(tmp_path: Path, files: dict[str, bytes]) -> None:
    imported(tmp_path / "s", tmp_path / "first", {"ccioph-v322r0-f1.TXT": ptp_text()})
    before = sha(tmp_path / "s")
    with pytest.raises(ReleaseError):
        imported(tmp_path / "s", tmp_path / "in", files)
    assert sha(tmp_path / "s") == before
    assert left(tmp_path) == set()


def test_a_failure_while_the_file_is_put_in_place_leaves_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(tmp_path / "s", tmp_path / "in", {NAME: ptp_text()})
    before = sha(tmp_path / "s")

    def full(part: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "_settle", full)
    with pytest.raises(OSError, match="No space"):
        imported(tmp_path / "s", tmp_path / "x", {MUE: mue_text()})
    assert sha(tmp_path / "s") == before
    assert left(tmp_path) == set()


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no such file"):
        import_files(tmp_path / "s", [tmp_path / "nowhere"], Asked())
    assert not (tmp_path / "s").exists()


def test_a_second_import_at_the_same_time_waits_and_then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "WAIT", 0.05)
    folder = written(tmp_path / "in", {NAME: ptp_text()})
    with (
        importing._alone(tmp_path / "s"),
        pytest.raises(ReleaseError, match="another import is under way"),
    ):
        import_files(tmp_path / "s", [folder], Asked())


def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path) -> None:
    digests = set()
    for seed in range(3):
        shuffled = list(PAIRS)
        random.Random(seed).shuffle(shuffled)
        result = imported(tmp_path / f"s{seed}", tmp_path / f"i{seed}", {NAME: ptp_text(shuffled)})
        digests.add(result.imported[0].release.digest)
    assert len(digests) == 1


def fee(code: object, modifier: object, rvu: object) -> tuple:
    return (code, modifier, "A", None, rvu, *[None] * 8, FIRST, None)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (fee("x1", None, None), "`x1` in `code` is no code"),
        (fee(None, None, None), "`code` is empty"),
        (fee("X0001", "", None), "`modifier` holds no text"),
        (fee("X0001", None, 1.5), "`1.5` in `work_rvu` is no number"),
        (fee("X0001", None, Decimal("NaN")), "no number"),
        (fee("X0001", None, None)[:-1], "14 cells instead of 15"),
        ((*fee("X0001", None, None)[:-2], "2026", None), "`2026` is no date"),
    ],
)
def test_a_cell_that_does_not_fit_its_column_is_refused(
    tmp_path: Path, cells: tuple, said: str
) -> None:
    item = draft("physician-fee-schedule", "2026", FIRST, (FIRST, None), [cells])
    with pytest.raises(ReleaseError, match=said) as caught:
        import_drafts(tmp_path / "s", [item])
    assert caught.value.line == 1


def test_absent_cells_of_a_key_are_told_from_others(tmp_path: Path) -> None:
    rows = [fee("X0001", None, Decimal("1.10")), fee("X0001", "26", None)]
    item = draft("physician-fee-schedule", "2026", FIRST, (FIRST, None), rows)
    import_drafts(tmp_path / "s", [item])
    keys = [{"code": "X0001", "modifier": None}, {"code": "X0001", "modifier": "26"}]
    found = Store(tmp_path / "s").lookup("physician-fee-schedule", keys, FIRST)
    assert [row.columns["work_rvu"] for rows in found for row in rows or ()] == [
        Decimal("1.10"),
        None,
    ]
