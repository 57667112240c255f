"""The start-up cache: compiled packs read back are those that were compiled, or are made again."""

from __future__ import annotations

import hashlib
import marshal
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from installed_pairs import JULY, OCTOBER, PACK, claim, decide, put

from codewarrant.coding import installed as installation
from codewarrant.coding.chart import code_opened
from codewarrant.coding.compiled import (
    CompiledPacks,
    PackInputs,
    RulepacksBroken,
    compile_packs,
    from_bytes,
    to_bytes,
)
from codewarrant.coding.installed import cached_packs, installed_release, snapshot_of
from codewarrant.coding.snapshot import Snapshot
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.canonical import dumps
from codewarrant.engine.relation import MemoryRelation
from codewarrant.engine.stored import Damaged
from codewarrant.fhir.read import open_bundle

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))

TABLE = b"code,days,first,last\nI10,3,2026-01-01,2026-12-31\nI10,4.5,2027-01-01,\n"
SMALL = f"""pack small "Small" version 1.0
  effective from 2026-01-01

source house "House rules"

vocabulary slang "Words of the house" of icd10cm
  cites house "2"
  "sugar" means E11.9 in notes with "insulin"

table limits "Days"
  from "limits.csv"
  columns (code: icd10cm, days: decimal, first: date, last: date)
  sha256 "{hashlib.sha256(TABLE).hexdigest()}"
  effective by columns first through last
  cites house "1"

rule asks "Asks"
  cites house "1"
  for each diagnosis d, row r of limits
  when r matches (code: d.code)
  then query the provider "Is it so?"
"""


def small(text: str = SMALL) -> PackSource:
    return PackSource("small", {"pack.rules": text.encode(), "limits.csv": TABLE})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; code sets come from where they were."""
    installed_release("icd10cm"), installed_release("icd9cm")
    monkeypatch.setattr(installation, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lock of each compilation that the installation has made."""
    made: list[str] = []

    def counting(given: PackInputs) -> CompiledPacks:
        made.append(given.lock)
        return compile_packs(given)

    monkeypatch.setattr(installation, "compile_packs", counting)
    return made


def same(one: CompiledPacks, other: CompiledPacks) -> bool:
    """Whether two are equal in all that a decision reads."""
    return (
        one.loaded.program == other.loaded.program
        and one.loaded.program.sha256 == other.loaded.program.sha256
        and one.loaded.layout == other.loaded.layout
        and one.vocabulary == other.vocabulary
        and sorted(one.relations) == sorted(other.relations)
        and all(_same_table(table, other.relations[name]) for name, table in one.relations.items())
    )


def _same_table(one: object, other: object) -> bool:
    if isinstance(one, MemoryRelation) and isinstance(other, MemoryRelation):
        names = ("name", "digest", "columns", "rows", "dates")
        return all(getattr(one, name) == getattr(other, name) for name in names)
    return type(one) is type(other) and getattr(one, "digest", "") == getattr(other, "digest", None)


def test_the_installed_packs_read_back_decide_the_same_to_the_byte(installed: Snapshot, folder):
    kept: list[bytes] = []

    def compile_once(given: PackInputs) -> CompiledPacks:
        made = compile_packs(given)
        kept.append(to_bytes(made, given, "key"))
        return made

    def read_back(given: PackInputs) -> CompiledPacks:
        return from_bytes(kept[0], given, "key")

    def lexicon(release, epoch, _vocabulary):
        return installed.reader(release.system, epoch).lexicon

    parts = installed.lock, installed.parts, lexicon
    fresh = Snapshot.from_parts(*parts, compiler=compile_once)
    assert fresh.program.rules
    again = Snapshot.from_parts(*parts, compiler=read_back)
    assert same(fresh.compiled, again.compiled)
    coded = 0
    for path in EXAMPLES:
        opened = open_bundle(path.read_bytes())
        for request in opened.requests():
            one, other = (code_opened(opened, request, item) for item in (fresh, again))
            assert dumps(one.decision) == dumps(other.decision)
            assert one.facts == other.facts
            coded += 1
    assert coded >= len(EXAMPLES)


def _inputs(snapshot: Snapshot) -> PackInputs:
    """What the compiler was given, but for the packs."""
    return PackInputs(snapshot.sha256, lambda: (), snapshot.releases, snapshot._all_tables())


def test_a_second_start_compiles_nothing_and_opens_no_pack(folder: Path, compiled: list[str]):
    first, second = snapshot_of([small()]), snapshot_of([small()])
    assert same(first.compiled, second.compiled)
    assert compiled == [first.sha256]
    assert first.relations["small/limits"] is not second.relations["small/limits"]
    (path,) = folder.iterdir()

    def unopened() -> list[PackSource]:
        raise AssertionError("the packs are opened")

    given = replace(_inputs(second), packs=unopened)
    assert same(cached_packs(given), first.compiled)
    assert path.stat().st_mode & 0o077 == 0


SPOILED = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:-1],
    "changed": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "longer": lambda data: data + b"\0",
    "text": lambda data: b"not a program",
    "another format": lambda data: _signed(("0", *marshal.loads(data[32:])[1:])),
    "another key": lambda data: _signed((marshal.loads(data[32:])[0], "no", (), (), 0)),
    "no program": lambda data: _signed((*marshal.loads(data[32:])[:2], (None,), ((0, 0),), 1)),
}


def _signed(form: object) -> bytes:
    body = marshal.dumps(form)
    return hashlib.sha256(body).digest() + body


@pytest.mark.parametrize("damage", SPOILED)
def test_damage_is_made_again_in_silence(folder: Path, compiled: list[str], damage, capsys):
    first = snapshot_of([small()])
    wanted = first.compiled
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(SPOILED[damage](whole))
    assert same(snapshot_of([small()]).compiled, wanted)
    assert len(compiled) == 2
    assert path.read_bytes() == whole
    assert capsys.readouterr() == ("", "")


def test_an_edited_pack_is_never_served_an_old_program(folder: Path, compiled: list[str]):
    old = snapshot_of([small()]).program
    edited = small(SMALL.replace("Is it so?", "Is it so today?"))
    new = snapshot_of([edited])
    assert new.program != old
    assert (
        new.program == compile_packs(replace(_inputs(new), packs=lambda: [edited])).loaded.program
    )
    assert len(compiled) == 2


def test_an_edited_compiler_is_never_served_an_old_program(
    folder: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
):
    first = snapshot_of([small()])
    assert first.program
    monkeypatch.setattr(installation, "_text_of", lambda *names: "another text")
    assert snapshot_of([small()]).program == first.program
    assert len(compiled) == 2


def test_the_text_of_the_compiler_holds_its_grammar_and_its_subfolders(tmp_path, monkeypatch):
    monkeypatch.setattr(installation, "PACKAGE", tmp_path)
    (tmp_path / "dsl" / "deep").mkdir(parents=True)
    seen = set()
    for name, text in [
        ("dsl/a.py", "1"), ("dsl/a.py", "2"), ("dsl/deep/b.py", "1"), ("dsl/g.lark", "1"),
    ]:  # fmt: skip
        (tmp_path / name).write_text(text)
        seen.add(installation._text_of.__wrapped__("dsl"))
    assert len(seen) == 4
    (tmp_path / "dsl" / "a.pyc").write_text("3")
    assert installation._text_of.__wrapped__("dsl") in seen


def test_broken_packs_are_kept_nowhere(folder: Path):
    for _ in range(2):
        with pytest.raises(RulepacksBroken, match=r"pack\.rules:20: "):
            _ = snapshot_of([small(SMALL.replace("d.code", "d.cod"))]).compiled
    assert not folder.exists()


def test_installed_tables_are_joined_as_they_are_now(tmp_path, folder, compiled, monkeypatch):
    """Rows of imported releases are never kept beside the program; a new edition is another key."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "data"))
    put(tmp_path / "data", "2026Q3", JULY)
    paired = claim(("J0001", "2026-08-03"), ("J0002", "2026-08-03"))
    first, second = snapshot_of([PACK]), snapshot_of([PACK])
    assert dumps(decide(paired, first)) == dumps(decide(paired, second))
    assert decide(paired, second).edits
    assert len(compiled) == 1
    put(tmp_path / "data", "2026Q4", OCTOBER)
    third = snapshot_of([PACK])
    assert third.program.relations != first.program.relations
    assert len(compiled) == 2


def test_bytes_that_join_another_table_are_refused(tmp_path, folder, monkeypatch):
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "data"))
    put(tmp_path / "data", "2026Q3", JULY)
    snapshot = snapshot_of([PACK])
    table = snapshot.relations["pairs/pairs"]
    inputs = replace(_inputs(snapshot), tables={"ncci-ptp-practitioner": table})
    data = to_bytes(snapshot.compiled, inputs, "key")
    assert same(from_bytes(data, inputs, "key"), snapshot.compiled)
    with pytest.raises(Damaged, match="cannot be read"):
        from_bytes(data, replace(inputs, tables={}), "key")
    other = MemoryRelation("x", "another digest", table.columns, ())
    with pytest.raises(Damaged, match="other tables"):
        from_bytes(data, replace(inputs, tables={"ncci-ptp-practitioner": other}), "key")


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path, monkeypatch, compiled):
    (tmp_path / "cache").write_text("a file, no folder")
    monkeypatch.setattr(installation, "cache_folder", lambda: tmp_path / "cache")
    assert snapshot_of([small()]).program == snapshot_of([small()]).program
    assert len(compiled) == 2


def test_only_the_last_programs_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installation, "MOST_PROGRAMS", 2)
    for number in range(4):
        assert snapshot_of([small(SMALL.replace("Is it so?", f"Is it {number}?"))]).program
    assert len(list(folder.iterdir())) == 2


def _start(folder: Path, again: int) -> list[str]:
    """In a process of its own: start, spoil what is kept, start again."""
    installation.cache_folder = lambda: folder
    found = []
    for _ in range(again):
        found.append(snapshot_of([small()]).program.sha256)
        for path in folder.glob("program-*.bin"):
            path.write_bytes(b"spoiled")
    return found


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the system cannot fork"
)
def test_processes_that_write_at_once_do_not_disturb_each_other(folder: Path):
    wanted = snapshot_of([small()]).program.sha256
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.starmap(_start, [(folder, 8)] * 2)
    assert found == [[wanted] * 8] * 2
    assert not list(folder.glob(".part-*"))
    assert snapshot_of([small()]).program.sha256 == wanted
