"""The snapshot: addressed by content, checked when opened, packs given in place of installed."""

from __future__ import annotations

import pytest

from codewarrant.coding.installed import installed_packs
from codewarrant.coding.snapshot import (
    Part,
    RulepacksBroken,
    Snapshot,
    SnapshotDamaged,
    archive,
    lock_text,
    read_lock,
    unpack,
)
from codewarrant.dsl.pack import PackSource

PACK = PackSource("mine", {"a.rules": b"pack mine", "t/x.csv": "é\n".encode()})


def test_a_pack_comes_back_from_its_archive():
    assert unpack(archive(PACK)) == PACK


def test_a_pack_that_is_no_text_is_refused_by_name():
    with pytest.raises(RulepacksBroken, match=r"mine/a\.rules: the file is not UTF-8 text"):
        archive(PackSource("mine", {"a.rules": b"\xff"}))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"name": "x", "files": 3}'])
def test_what_is_no_archive_is_damaged(data):
    with pytest.raises(SnapshotDamaged, match="not a pack archive"):
        unpack(data)


def test_a_given_pack_stands_in_for_the_installed_one_of_its_name():
    names = [source.name for source in installed_packs()]
    mine = PackSource("icd10cm", {})
    found = installed_packs([mine])
    assert [source.name for source in found] == names == sorted(names)
    assert mine in found


def test_two_given_packs_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        installed_packs([PACK, PACK])


def test_the_lock_names_every_part_and_ignores_their_order(installed):
    parts = [Part("pack", name, "1", name.encode()) for name in ("b", "a")]
    assert lock_text(parts) == lock_text(parts[::-1])
    assert [item["name"] for item in read_lock(lock_text(parts))] == ["a", "b"]
    assert [f"{item['kind']}/{item['name']}" for item in read_lock(installed.lock)] == list(
        installed.parts
    )


@pytest.mark.parametrize("lock", [b"\xff", b"lock = ", b"lock = 1", b'semantics = "1"\npart = 3'])
def test_what_is_no_lock_is_damaged(lock):
    with pytest.raises(SnapshotDamaged, match="not a snapshot lock"):
        read_lock(lock)


def test_a_stored_snapshot_opens_to_the_same_digest(installed):
    assert Snapshot.from_parts(installed.lock, installed.parts).sha256 == installed.sha256


def test_a_missing_or_changed_part_is_damage(installed):
    parts = dict(installed.parts)
    taken = parts.pop("pack/icd10cm")
    with pytest.raises(SnapshotDamaged, match=r"parts are missing: pack/icd10cm"):
        Snapshot.from_parts(installed.lock, parts)
    parts["pack/icd10cm"] = taken + b" "
    with pytest.raises(SnapshotDamaged, match="not those that the lock names"):
        Snapshot.from_parts(installed.lock, parts)
