"""The shipped tables and the script that writes them."""

import csv
import gzip
import hashlib
import importlib.util
import json
import os
from datetime import date
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest

from codewarrant.codesets import CodeSet, cache, facts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "build_validity.py"
    spec = importlib.util.spec_from_file_location("build_validity", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_that_the_provenance_names() -> None:
    folder = resources.files("codewarrant.codesets") / "data"
    tables = json.loads((folder / "PROVENANCE.json").read_text())["tables"]
    for name, described in tables.items():
        data = gzip.decompress((folder / name).read_bytes())
        assert hashlib.sha256(data).hexdigest() == described["sha256_unpacked"]
        assert len((folder / name).read_bytes()) < 1_500_000
    assert tables["windows_icd10cm.tsv.gz"]["source_rows"] == 85_122


def test_the_script_writes_the_tables_that_ship(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lmdb")
    monkeypatch.setattr(script, "DATA", tmp_path)
    script.main()
    shipped = resources.files("codewarrant.codesets") / "data"
    for path in sorted(tmp_path.iterdir()):
        old, new = (shipped / path.name).read_bytes(), path.read_bytes()
        if path.suffix == ".gz":
            old, new = gzip.decompress(old), gzip.decompress(new)
        assert new == old, path.name


def test_touching_rows_join_and_overlapping_ones_are_refused(script: ModuleType) -> None:
    rows = [
        ("A00", 20151001, 20240930, ("male",)),
        ("A00", 20241001, 20270331, ()),
        ("B00", 20151001, 20160930, ("adult",)),
        ("B00", 20171001, 20180930, ("adult",)),
    ]
    assert script.lines(rows) == [
        "A00\t20151001-20270331\tmale:20151001-20240930",
        "B00\t20151001-20160930 20171001-20180930\tadult",
    ]
    with pytest.raises(SystemExit, match="overlap"):
        script.lines([("A00", 20151001, 20161001, ()), ("A00", 20161001, 20171001, ())])


def test_validity_reads_flags_with_their_own_days() -> None:
    windows, flags = facts.validity("icd10cm")["N400"]
    assert windows == (("2015-10-01", "2027-03-31"),)
    assert flags == (
        ("adult", ("2015-10-01", "2027-03-31")),
        ("male", ("2015-10-01", "2024-09-30")),
    )


def test_validity_equals_the_official_list_of_fiscal_year_2024(icd10: CodeSet) -> None:
    """The list comes from another package than the windows do."""
    listed = cache.sources("icd10cm")[1].read().decode("utf-8")
    codes = {line[:7].strip() for line in listed.splitlines() if line.strip()}
    assert {code.replace(".", "") for code in icd10.codes(date(2023, 11, 1))} == codes


def test_validity_equals_the_official_last_list_of_icd9cm(icd9: CodeSet) -> None:
    listed = cache.sources("icd9cm")[0].read().decode("latin-1")
    codes = {line[:5].strip() for line in listed.splitlines() if line.strip()}
    assert {code.replace(".", "") for code in icd9.codes(date(2015, 9, 30))} == codes


SHARED = os.environ.get("CODEWARRANT_SHARED")


@pytest.mark.skipif(SHARED is None, reason="CODEWARRANT_SHARED is not set")
@pytest.mark.parametrize(("system", "table"), [("icd10cm", "i10dx"), ("icd9cm", "i9dx")])
def test_validity_agrees_row_by_row_with_another_reading_of_the_source(
    system: str, table: str
) -> None:
    path = Path(SHARED or "") / "codesets" / f"mce_{table}_master.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ours = facts.validity(system)
    assert {row["code"].strip() for row in rows} == set(ours)
    for row in rows:
        windows, flags = ours[row["code"].strip()]
        start, end = facts.iso(row["start"]), facts.iso(row["end"])
        assert any(a <= start and end <= b for a, b in windows)
        on = {name for name, (a, b) in flags if a <= start and end <= b}
        assert on == set(row["flags"].replace(";", " ").replace("|", " ").split())
