"""Mutations of good packs: whatever comes of them, the check answers and never raises."""

from __future__ import annotations

import random
import time
from functools import cache

import pytest
from dsl_golden import good, page_packs

from codewarrant.dsl.blocks import split
from codewarrant.dsl.cache import Memory
from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import render
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource

SIGNS = [*'"{}()[],.:#$-+=<>* \n\t\u00a0“é0aZ', " and ", " or ", "not ", "in ", "rule "]


BASES = (cache(good), cache(page_packs))
MEMORIES = {base: Memory() for base in BASES}
"""Every other mutation is checked with what earlier checks have left behind."""


def mutate(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text))
        match rng.randrange(6):
            case 0:
                text = text[:at] + rng.choice(SIGNS) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randint(1, 12) :]
            case 2:
                text = text[:at]
            case 3:
                words = text.split(" ")
                i, j = rng.randrange(len(words)), rng.randrange(len(words))
                words[i], words[j] = words[j], words[i]
                text = " ".join(words)
            case 4:
                lines = text.split("\n")
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                text = "\n".join(lines)
            case _:
                words = text.split(" ")
                words[rng.randrange(len(words))] = rng.choice(words)
                text = " ".join(words)
        text = text or " "
    return text


def _try(seed: int, codes: InstalledCodes) -> None:
    rng = random.Random(seed)
    base = rng.choice(BASES)
    packs = list(base())
    which = rng.randrange(len(packs))
    pack = packs[which]
    name = rng.choice(sorted(pack.files))
    data = pack.files[name]
    if rng.random() < 0.1:
        changed = bytes(rng.randrange(256) for _ in range(40))
    else:
        changed = mutate(data.decode(), rng).encode()
    packs[which] = PackSource(pack.name, {**pack.files, name: changed})
    started = time.process_time()
    checked = check_packs(packs, codes, MEMORIES[base] if seed % 2 else None)
    for item in checked.diagnostics:
        assert render(item, checked.files)
        assert item.to_json()
    if checked.ok:
        link(checked, codes)
    assert time.process_time() - started < 2


def _try_all(seeds: range, codes: InstalledCodes) -> None:
    for seed in seeds:
        try:
            _try(seed, codes)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("start", range(0, 500, 100))
def test_no_mutation_of_a_good_pack_raises(start: int, codes: InstalledCodes) -> None:
    _try_all(range(start, start + 100), codes)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1000, 21_000, 1000))
def test_no_mutation_of_many_raises(start: int, codes: InstalledCodes) -> None:
    _try_all(range(start, start + 1000), codes)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff", "   x", '"', "{"])
def test_files_of_nothing_much_are_read(text: str, codes: InstalledCodes) -> None:
    checked = check_packs([PackSource("p", {"p.rules": text.encode()})], codes)
    assert not checked.ok


def test_a_pack_without_files_is_one_error(codes: InstalledCodes) -> None:
    checked = check_packs([PackSource("p", {})], codes)
    assert [item.code for item in checked.diagnostics] == ["CW0201"]


def test_blocks_put_together_are_the_file() -> None:
    for pack in (*good(), *page_packs()):
        for name in pack.rule_files:
            text = pack.files[name].decode()
            blocks = split(name, text)
            assert "".join(block.text for block in blocks) == text[blocks[0].offset :]
            for block in blocks:
                assert text[block.offset :].startswith(block.text)
                assert text.split("\n")[block.line - 1].startswith(block.word)
