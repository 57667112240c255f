"""The parser that builds nodes as it reads accepts what Lark accepts, and nothing else."""

from __future__ import annotations

import random

from dsl_golden import good, page_packs
from lark.exceptions import UnexpectedInput
from test_language_fuzz import mutate

from codewarrant.dsl.blocks import split
from codewarrant.dsl.diagnostics import Fault
from codewarrant.dsl.lalr import Stuck
from codewarrant.dsl.parse import machine, parser
from codewarrant.dsl.tree_blocks import BlockBuilder


def test_both_accept_the_same_blocks() -> None:
    rng = random.Random(7)
    texts = [
        pack.files[name].decode() for pack in (*good(), *page_packs()) for name in pack.rule_files
    ]
    seen = {True: 0, False: 0}
    for _ in range(80):
        for block in split("file", mutate(rng.choice(texts), rng)):
            if not block.kind or rng.random() < 0.7:
                continue
            try:
                parser().parse(block.text, start=block.kind)
                lark = True
            except UnexpectedInput:
                lark = False
            try:
                machine().parse(block.text, block.kind, BlockBuilder(block))
                ours = True
            except Fault:
                continue  # a fault of meaning, such as a day that is not in the calendar
            except Stuck:
                ours = False
            assert ours == lark, block.text
            seen[ours] += 1
    assert seen[True] > 100
    assert seen[False] > 5
