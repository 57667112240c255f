"""The grammar: strict, and in step with the chart schema."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from lark import Lark

from codewarrant.dsl.blocks import BLOCKS, split
from codewarrant.schema import CLOCKS, ENTITIES

GRAMMAR = resources.files("codewarrant.dsl").joinpath("grammar.lark").read_text("utf-8")
LANGUAGE_PAGE = Path(__file__).parents[2] / "docs" / "language.md"


@pytest.fixture(scope="module")
def strict() -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer="contextual",
        strict=True,
        start=sorted(BLOCKS.values()),
    )


def test_no_two_terminals_or_rules_collide(strict: Lark) -> None:
    assert strict.options.strict


def test_every_block_of_the_reference_page_parses(strict: Lark) -> None:
    packs = re.findall(r"```rules\n(.*?)```", LANGUAGE_PAGE.read_text("utf-8"), re.S)
    assert len(packs) >= 2
    for text in packs:
        for block in split("page", text):
            strict.parse(block.text, start=block.kind)


def test_every_entity_and_clock_of_the_schema_is_a_word_of_the_language() -> None:
    entity = re.search(r"^ENTITY\.2: /(.*)/$", GRAMMAR, re.M)
    clock = re.search(r"^CLOCK\.3: /(.*)/$", GRAMMAR, re.M)
    assert entity
    assert clock
    for name in ENTITIES:
        assert re.fullmatch(entity[1], name)
    for name in CLOCKS:
        assert re.fullmatch(clock[1], name)
