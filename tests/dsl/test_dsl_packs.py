"""Good packs: no diagnostics, all examples as expected, the same program every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dsl_golden import diagnose, good, page_packs

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.examples import run_examples
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource, load_pack_dir


def test_sample_packs_have_no_diagnostics(codes: InstalledCodes) -> None:
    found, text = diagnose(good(), codes)
    assert not found, text


def test_complete_packs_of_the_reference_page_have_no_diagnostics(codes: InstalledCodes) -> None:
    packs = page_packs()
    assert len(packs) == 4
    found, text = diagnose(packs, codes)
    assert not found, text


def test_all_examples_of_the_sample_packs_run(codes: InstalledCodes) -> None:
    checked = check_packs(good(), codes)
    results = run_examples(checked, codes)
    written = sum(text.count('example "') + text.count('test "') for text in checked.files.values())
    assert len(results.cases) == written
    assert results.ok


def test_an_example_that_shows_nothing_of_a_rule_is_named(codes: InstalledCodes) -> None:
    results = run_examples(check_packs(good(), codes), codes)
    assert "us-sample/sepsis-first" in results.without_example
    assert "us-sample/excludes1-pair" not in results.without_example


def test_the_program_does_not_depend_on_the_order_of_files_or_packs(codes: InstalledCodes) -> None:
    one = link(check_packs(good(), codes), codes).program
    turned = [
        PackSource(pack.name, dict(reversed(list(pack.files.items())))) for pack in reversed(good())
    ]
    assert link(check_packs(turned, codes), codes).program.sha256 == one.sha256


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_program_does_not_depend_on_the_hash_seed(seed: str, codes: InstalledCodes) -> None:
    script = (
        "from dsl_golden import good\n"
        "from codewarrant.codesets import load\n"
        "from codewarrant.coding.relations import CodeAttributes\n"
        "from codewarrant.dsl.codeview import InstalledCodes\n"
        "from codewarrant.dsl.check import check_packs\n"
        "from codewarrant.dsl.link import link\n"
        "releases = {name: load(name) for name in ('icd10cm', 'icd9cm')}\n"
        "codes = InstalledCodes(releases, CodeAttributes(releases))\n"
        "print(link(check_packs(good(), codes), codes).program.sha256)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    got = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert got.stdout.strip() == link(check_packs(good(), codes), codes).program.sha256


def test_a_pack_is_read_from_its_folder_with_its_tables(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_bytes(b"a\n1\n")
    (tmp_path / "p.rules").write_bytes(b"pack")
    (tmp_path / "readme.md").write_bytes(b"not read")
    pack = load_pack_dir(tmp_path)
    assert sorted(pack.files) == ["p.rules", "tables/t.csv"]
    again = PackSource("other name", dict(reversed(list(pack.files.items()))))
    assert pack.digest == again.digest
    assert pack.digest != PackSource("x", {"p.rules": b"pack "}).digest


def test_a_pack_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_pack_dir(tmp_path / "none")


def test_a_link_out_of_the_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_bytes(b"a\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "t.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(ValueError, match="out of the rulepack"):
        load_pack_dir(tmp_path / "pack")
