"""The grammar: strict, and in step with the chart schema."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from lark import Lark

from codewarrant.dsl.blocks import BLOCKS, split
from codewarrant.dsl.parse import RESERVED, parser
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


def test_words_that_compete_with_names_are_reserved() -> None:
    """In each state of the parser: the words that it would read instead of a name."""
    competing: set[str] = set()
    words = {
        item.name: re.findall(r"[a-z][a-z0-9]*(?:-[a-z]+)*", item.pattern.value)
        for item in parser().terminals
        if item.pattern.type == "str" or item.name == "SYSTEM"
    }
    words["ENTITY"] = " ".join(ENTITIES).split()
    for actions in parser().parser.parser._parse_table.states.values():
        names = {getattr(item, "name", item) for item in actions}
        if "NAME" in names:
            competing |= {word for name in names for word in words.get(name, ()) if len(word) > 1}
    assert competing <= RESERVED


@pytest.mark.parametrize("name", ["limit", "units", "value", "table", "order", "sequence"])
def test_other_words_of_the_language_may_be_names(name: str, strict: Lark) -> None:
    strict.parse(f'parameter {name} "N" of integer from 2026-01-01 is 3', start="parameter")
    strict.parse(
        f'rule r "R" cites m "1" for each line l when l.{name} > {name} '
        'then route to review because "x"',
        start="rule",
    )


def test_every_entity_and_clock_of_the_schema_is_a_word_of_the_language() -> None:
    entity = re.search(r"^ENTITY\.2: /(.*)/$", GRAMMAR, re.M)
    clock = re.search(r"^CLOCK\.3: /(.*)/$", GRAMMAR, re.M)
    assert entity
    assert clock
    for name in ENTITIES:
        assert re.fullmatch(entity[1], name)
    for name in CLOCKS:
        assert re.fullmatch(clock[1], name)
