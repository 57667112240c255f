"""The installed code set with what was imported since: lists, exemptions, flags, text."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from official_layouts import LETTERS, order_file, tabular

from codewarrant import codesets
from codewarrant.codesets import CodeSet, Status, cache, facts, imported
from codewarrant.codesets.imported import Imported, extended
from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_files
from codewarrant.codesets.releases.store import Store
from codewarrant.codesets.shape import flat
from codewarrant.coding.installed import installed_release

OCTOBER_2026, APRIL_2027, OCTOBER_2027 = date(2026, 10, 1), date(2027, 4, 1), date(2027, 10, 1)
BEFORE_APRIL = date(2027, 3, 31)
DAY = timedelta(days=1)
ENDED, NEW = "J45.998", "J45.994"


@dataclass
class Place:
    """A user's folder of imported releases."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "releases.sqlite"

    def put(self, name: str, data: bytes | str, **asked: object) -> None:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        import_files(self.store, [path], Asked(**asked))  # type: ignore[arg-type]

    def load(self, fresh: str = "") -> CodeSet:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CODEWARRANT_DATA", str(self.folder))
            patch.setenv("CODEWARRANT_CACHE", str(self.folder / f"cache{fresh}"))
            return codesets.load("icd10cm")


def listed(shipped: CodeSet, codes: Iterable[str], **new: str) -> str:
    titles = {flat(code): shipped.title(code) or f"Title of {flat(code)}" for code in codes} | new
    return order_file((code, True, titles[code]) for code in sorted(titles))


@pytest.fixture(scope="module")
def shipped() -> CodeSet:
    return codesets.load("icd10cm")


@pytest.fixture(scope="module")
def april(shipped: CodeSet) -> str:
    """An order file of April 2027: a fifth of the codes, one of them new, and one of them ended."""
    codes = [code for code in shipped.codes(BEFORE_APRIL) if code != ENDED]
    letters = {code[0]: code for code in codes}
    kept = [code for code in codes if code[0] in "AEGJ" or code in ("Z85.3", letters[code[0]])]
    return listed(shipped, kept, **{flat(NEW): f"New, {NEW}"})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, shipped: CodeSet, april: str) -> Place:
    """A year's imports: lists of October 2026 and April 2027, exemptions, flags and text."""
    out = Place(tmp_path_factory.mktemp("year"))
    october = listed(shipped, shipped.codes(OCTOBER_2026))
    out.put("icd10cm_order_2027.txt", october)
    out.put("icd10cm-order-April-2027.txt", april)
    exempt = [("Z853", "One"), ("Z991", "Two"), ("Z9989", "Three")]
    out.put(
        "POAexemptCodes2027.txt",
        "".join(f"{at}\t{code}\t{title}\r\n" for at, (code, title) in enumerate(exempt, 1)),
    )
    flags = "code,flags\nJ45994,pediatric\nA33,newborn\nG0131,manifestation|adult\n"
    out.put("mce_2027.csv", flags, effective=APRIL_2027)
    out.put("icd10cm_tabular_2027.xml", tabular(title="A newer title"))
    return out


@pytest.fixture(scope="module")
def extended_set(place: Place) -> CodeSet:
    return place.load()


def test_the_codes_of_four_years_stay_as_they_are(shipped: CodeSet, extended_set: CodeSet):
    for year, count in ((2024, 74_044), (2025, 74_260), (2026, 74_719), (2027, 74_879)):
        day = date(year - 1, 11, 1)
        assert sum(1 for _ in shipped.codes(day)) == count
        assert set(extended_set.codes(day)) == set(shipped.codes(day))


def test_the_horizon_moves_to_the_last_day_that_the_lists_speak_for(
    shipped: CodeSet, extended_set: CodeSet
):
    assert shipped.horizon == BEFORE_APRIL
    assert extended_set.horizon == date(2027, 9, 30)
    assert shipped.status("E11.9", APRIL_2027) is Status.UNDETERMINED
    assert extended_set.status("E11.9", APRIL_2027) is Status.VALID
    assert extended_set.status("E11.9", date(2027, 9, 30)) is Status.VALID
    assert extended_set.status("E11.9", OCTOBER_2027) is Status.UNDETERMINED
    assert extended_set.windows("E11.9")[-1].end is None


def test_a_code_that_is_no_longer_listed_ends_the_day_before(extended_set: CodeSet):
    assert extended_set.status(ENDED, BEFORE_APRIL) is Status.VALID
    assert extended_set.status(ENDED, APRIL_2027) is Status.ENDED
    assert extended_set.windows(ENDED)[-1].end == BEFORE_APRIL
    assert extended_set.title(ENDED) is not None


def test_a_new_code_begins_on_the_day_of_the_list(extended_set: CodeSet):
    assert extended_set.status(NEW, BEFORE_APRIL) is Status.NOT_YET
    assert extended_set.status(NEW, APRIL_2027) is Status.VALID
    assert extended_set.title(NEW) == f"New, {NEW}"
    assert extended_set.parent(NEW) == "J45.99"


def test_lists_give_titles_that_the_text_does_not_have(shipped: CodeSet, extended_set: CodeSet):
    untitled = [code for code in shipped.codes(OCTOBER_2026) if shipped.title(code) is None]
    assert len(untitled) == 190
    assert all(extended_set.title(code) == f"Title of {flat(code)}" for code in untitled)


def test_the_newest_tabular_list_gives_the_text(shipped: CodeSet, extended_set: CodeSet):
    assert shipped.title("A01") == "Typhoid and paratyphoid fevers"
    assert extended_set.title("A01") == "A newer title"
    # what it does not name has its title from the older one, and no notes
    assert extended_set.title("E11.9") == shipped.title("E11.9")
    assert shipped.notes("E11") != extended_set.notes("E11") == ()
    assert extended_set.release == "icd10cm-2026-10-01+2027-04-01"


def test_exemptions_hold_in_the_year_of_their_list(shipped: CodeSet, extended_set: CodeSet):
    assert extended_set.poa_exempt("Z85.3", OCTOBER_2026) is True
    assert extended_set.poa_exempt("E11.9", OCTOBER_2026) is False
    assert extended_set.poa_exempt("Z85.3", date(2027, 9, 30)) is True
    assert extended_set.poa_exempt("Z85.3", date(2026, 9, 30)) is None
    assert extended_set.poa_exempt("Z85.3", None) is None
    assert extended_set.poa_exempt(NEW, APRIL_2027) is None
    assert extended_set.poa_exempt(ENDED, APRIL_2027) is None
    assert extended_set.poa_exempt("no code", OCTOBER_2026) is None
    assert shipped.poa_exempt("Z85.3", OCTOBER_2026) is None


def test_flags_are_those_of_the_imported_list_on_its_days(extended_set: CodeSet):
    assert extended_set.flags(NEW, APRIL_2027) == ("pediatric",)
    assert extended_set.flags("G01.31", APRIL_2027) is None
    assert extended_set.flags("A33", BEFORE_APRIL) == ("newborn",)
    assert extended_set.manifestation("G01", BEFORE_APRIL) is True
    assert extended_set.manifestation("G01", APRIL_2027) is False


def test_a_code_set_with_imports_travels_as_its_bytes(extended_set: CodeSet):
    again = CodeSet.from_bytes(extended_set.data)
    assert again == extended_set
    assert hashlib.sha256(again.data).hexdigest() == extended_set.digest
    assert again.poa_exempt("Z85.3", OCTOBER_2026) is True
    tables = [dict(item).get("table") for item in again.sources]
    assert tables[-5:] == [*["icd10cm-order"] * 2, "icd10cm-tabular", "poa-exempt", "mce-diagnoses"]


def test_the_second_load_takes_what_the_first_left(
    place: Place, extended_set: CodeSet, monkeypatch: pytest.MonkeyPatch
):
    def forbidden(_: str) -> bytes:
        raise AssertionError("compiled twice")

    monkeypatch.setattr(cache, "compile_release", forbidden)
    assert place.load() == extended_set


def test_a_decision_made_before_an_import_replays_identically_after_it(
    place: Place,
    shipped: CodeSet,
    extended_set: CodeSet,
    command: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    store = tmp_path / "ledger"
    example = Path(__file__).parents[2] / "examples" / "01-office-diabetes-ckd.json"
    assert command("code", example, "--store", store).exit_code == 0
    monkeypatch.setenv("CODEWARRANT_DATA", str(place.folder))
    installed_release.cache_clear()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CODEWARRANT_CACHE", str(place.folder / "cache"))
            assert installed_release("icd10cm") == extended_set != shipped
        replays = json.loads(command("replay", "--store", store, "--json").stdout)["replays"]
    finally:
        installed_release.cache_clear()
    assert [item["verdict"] for item in replays] == ["identical"]


def test_without_imports_the_bytes_are_those_that_ship(shipped: CodeSet):
    assert dict(shipped.sources[0])["package"] == "simple-icd-10-cm"
    assert b'"format":"codewarrant-codeset/1"' in shipped.data


def test_a_list_beyond_a_gap_waits_for_the_one_between(tmp_path: Path, shipped: CodeSet):
    place = Place(tmp_path)
    october = order_file(LETTERS)
    place.put("icd10cm_order_2028.txt", october)
    store = Store(place.store)
    horizon, text = shipped.horizon.isoformat(), "2026-04-01"
    assert imported.releases_of(store, horizon, text) == ()
    assert [item.edition for item in imported.beyond_a_gap(store, horizon)] == ["2028"]
    # nothing changed on April 1: the October list once more
    place.put("icd10cm_order_2027.txt", october, effective=APRIL_2027)
    store = Store(place.store)
    assert [item.edition for item in imported.releases_of(store, horizon, text)] == [
        "2027-April",
        "2028",
    ]
    assert imported.beyond_a_gap(store, horizon) == ()


def test_the_shipped_horizon_is_that_of_the_windows(shipped: CodeSet):
    assert facts.horizon("icd10cm") == shipped.horizon.isoformat()


@pytest.mark.slow
def test_the_digest_depends_neither_on_the_order_of_imports_nor_on_the_hash_seed(
    tmp_path: Path, april: str
):
    october = april.replace(flat(NEW), "J45995")
    files = [("icd10cm_order_2027.txt", october), ("icd10cm-order-April-2027.txt", april)]
    digests = set()
    for seed, order in (("0", files), ("1", files[::-1])):
        place = Place(tmp_path / seed)
        place.folder.mkdir()
        for name, data in order:
            place.put(name, data)
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                "from codewarrant.codesets import load; print(load('icd10cm').digest)",
            ],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "CODEWARRANT_DATA": str(place.folder),
                "CODEWARRANT_CACHE": str(place.folder / "cache"),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(ran.stdout)
        shutil.rmtree(place.folder)
    assert len(digests) == 1


# the days, against a day-by-day oracle

START = date(2026, 1, 1)


def iso(day: int) -> str:
    return (START + timedelta(days=day)).isoformat()


CODES = ("A", "B", "C")
SPANS = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)
LISTS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15), st.sets(st.sampled_from(CODES))))


@given(st.lists(SPANS, min_size=3, max_size=3), LISTS)
def test_each_day_holds_what_its_list_or_else_the_shipped_window_says(
    spans: list[list[int]], lists: list[tuple[int, int, set[str]]]
):
    shipped = {
        code: (((iso(first), iso(last)),), (("male", (iso(first), iso(last))),))
        for code, (first, last) in zip(CODES, spans, strict=True)
    }
    speaking: dict[int, set[str]] = {}
    given_lists = []
    free = 0
    for first, length, codes in sorted(lists, key=lambda item: item[0]):
        if first < free:
            continue
        free = first + length
        given_lists.append(((iso(first), iso(free - 1)), dict.fromkeys(codes, "title")))
        speaking |= dict.fromkeys(range(first, free), codes)
    out, horizon, flags_until = extended(shipped, iso(40), Imported(lists=tuple(given_lists)))
    for day in range(80):
        expected = speaking.get(day)
        if expected is None:
            expected = {code for code in CODES if spans[CODES.index(code)][0] <= day}
            expected = {code for code in expected if day <= spans[CODES.index(code)][1]}
        on = iso(day)
        found = {
            code
            for code, (windows, _) in out.items()
            if any(first <= on <= last for first, last in windows)
        }
        assert found == expected
    for windows, _ in out.values():
        starts = [date.fromisoformat(first) for first, _ in windows]
        ends = [date.fromisoformat(last) for _, last in windows]
        assert all(end + DAY < start for end, start in zip(ends, starts[1:], strict=False))
    assert horizon == max([iso(40), *(span[1] for span, _ in given_lists)])
    assert flags_until == iso(40)
