"""The formatter changes nothing but white space, and changes nothing twice."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from dsl_golden import good, page_packs
from test_dsl_forms import ACTIONS, BINDERS, CONDITIONS, HEAD

from codewarrant.dsl import syntax
from codewarrant.dsl.blocks import TOKEN
from codewarrant.dsl.format import format_text
from codewarrant.dsl.format_layout import TEXT_WIDTH
from codewarrant.dsl.format_tree import LAID_OUT
from codewarrant.dsl.parse import parse_file, parser

REPOSITORY = Path(__file__).parents[2]
LAYOUT = Path(__file__).parent / "format"


def texts() -> dict[str, str]:
    """Every good rule file: the packs of the repository, of the tests, of the reference page."""
    found = {
        path.relative_to(REPOSITORY).as_posix(): path.read_text("utf-8")
        for path in sorted(REPOSITORY.glob("rulepacks/**/*.rules"))
    }
    for pack in (*good(), *page_packs()):
        for name in pack.rule_files:
            found[f"{pack.name}/{name}"] = pack.files[name].decode()
    found["forms"] = HEAD + "\n".join(
        [f'rule c{at} "C"\n {BINDERS} when {text}\n then route to review because "x"'
         for at, text in enumerate(CONDITIONS)]
        + [f'rule a{at} "A"\n {BINDERS} then {text}' for at, text in enumerate(ACTIONS)]
    )  # fmt: skip
    found |= {path.name: path.read_text("utf-8") for path in sorted(LAYOUT.glob("*.rules"))}
    return found


TEXTS = texts()


def meaning(node: object) -> object:
    """A syntax tree without places and without its own words, where it keeps those too."""
    if isinstance(node, tuple):
        return tuple(map(meaning, node))
    if not is_dataclass(node):
        return node
    kept = []
    for item in fields(node):
        value = getattr(node, item.name)
        if item.name == "span" or (item.name == "text" and isinstance(node, syntax.RuleBlock)):
            continue
        kept.append(re.sub(r"\s", "", value) if item.name == "text" else meaning(value))
    return (type(node).__name__, *kept)


def read(text: str) -> tuple[object, list[str]]:
    """What a file means, and the kinds of its faults."""
    file, faults = parse_file("x.rules", text.encode())
    return meaning(file.blocks), [item.code for item in faults]


def anchored(text: str) -> list[tuple[str, bool, int]]:
    """Each comment, whether it ends a line, and how many words stand before it."""
    words = 0
    found = []
    for hit in re.finditer(rf"{TOKEN.pattern}|[^\s#\"]", text):
        if hit.group().startswith("#"):
            line = text[text.rfind("\n", 0, hit.start()) + 1 : hit.start()]
            found.append((hit.group().rstrip(), bool(line.strip()), words))
        else:
            words += 1
    return found


def assert_same(text: str) -> None:
    done = format_text("x.rules", text)
    assert read(done.text) == read(text)
    assert anchored(done.text) == anchored(text)
    assert format_text("x.rules", done.text) == done or done.faults
    assert format_text("x.rules", done.text).text == done.text


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_formatting_keeps_meaning_and_comments_and_is_stable(name: str) -> None:
    assert_same(TEXTS[name])
    assert format_text(name, TEXTS[name]).faults == ()


def noisy(text: str, rng: random.Random) -> str:
    """The same words with other white space and further comments between them."""
    out = []
    at = 0
    for hit in TOKEN.finditer(text + "#"):
        for part in re.split(r"(\s+)", text[at : hit.start()]):
            if not part.isspace() or re.search(r"\n(?=\S)|\n\Z", part):
                out.append(part)
                continue
            kinds = (
                part,
                part,
                " ",
                "   ",
                "\n ",
                "\n\n  ",
                " # noise\n  ",
                "\n# left\n ",
                "\n   # in\n ",
            )
            out.append(rng.choice(kinds))
        word = hit.group()
        if word.startswith('"') and rng.random() < 0.1:
            word = word.replace(" ", "\n    ", 1)
        out.append(word)
        at = hit.end()
    return "".join(out)[:-1]


@pytest.mark.parametrize("seed", range(60))
def test_noise_between_words_is_laid_out_and_comments_stay(seed: int) -> None:
    rng = random.Random(seed)
    text = noisy(TEXTS[rng.choice(sorted(TEXTS))][:6000].rsplit("\n\n", 1)[0] + "\n", rng)
    assert_same(text)


def mutate(text: str, rng: random.Random) -> str:
    """A text with a few signs put in, words taken out, or lines written twice."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text))
        match rng.randrange(3):
            case 0:
                signs = [
                    *'"{}()[],.:#$-+= \n\t\u00a0\u201c',
                    "\r\n",
                    " and ",
                    " or ",
                    "rule ",
                    "\nrule ",
                ]
                text = text[:at] + rng.choice(signs) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.randint(1, 12) :]
            case _:
                lines = text.split("\n")
                lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                text = "\n".join(lines)
    return text


@pytest.mark.parametrize("seed", range(120))
def test_mutations_are_formatted_as_far_as_they_can_be_read(seed: int) -> None:
    rng = random.Random(seed)
    text = mutate(TEXTS[rng.choice(sorted(TEXTS))][:5000], rng)
    done = format_text("x.rules", text)
    assert format_text("x.rules", done.text).text == done.text
    assert read(done.text) == read(text.removeprefix("\ufeff"))


def test_a_broken_block_stays_as_it_was_and_is_reported() -> None:
    text = (
        'source m   "Manual"\nrule  broken "B" \n   whn x\n\n\nparameter p "P"   of integer\n'
        "  from 2026-01-01 is 3\n"
    )
    done = format_text("x.rules", text)
    assert done.text == (
        'source m "Manual"\n\nrule  broken "B" \n   whn x\n\nparameter p "P" of integer\n'
        "  from 2026-01-01 is 3\n"
    )
    assert [(item.code, item.span.line) for item in done.faults] == [("CW0101", 3)]


def test_every_part_of_the_grammar_has_a_layout() -> None:
    parts = {str(rule.origin.name) for rule in parser().rules}  # of the parser that check uses
    shown = {name for name in parts if not name.startswith("_")}
    assert shown - LAID_OUT == set(), "add the new part to one of the tables in format_tree.py"
    assert LAID_OUT - shown == set(), "the grammar has no such part any more"


def nodes(node: object) -> Iterator[type]:
    if isinstance(node, tuple):
        for item in node:
            yield from nodes(item)
    elif is_dataclass(node):
        yield type(node)
        for item in fields(node):
            yield from nodes(getattr(node, item.name))


def test_every_node_of_the_syntax_is_formatted_in_these_tests() -> None:
    seen = {
        kind
        for name, text in TEXTS.items()
        for block in parse_file(name, text.encode())[0].blocks
        for kind in nodes(block)
    }
    declared = {
        item
        for _, item in inspect.getmembers(syntax, inspect.isclass)
        if is_dataclass(item) and item.__name__ not in ("File", "Comment")
    }
    assert {item.__name__ for item in declared - seen} == set(), "add it to tests/dsl/format/"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_lines_are_short_where_words_allow_it(name: str) -> None:
    for line in format_text(name, TEXTS[name]).text.split("\n"):
        longest = max(map(len, re.findall(r"\S+", line)), default=0)
        assert len(line) <= TEXT_WIDTH or "#" in line or longest > 40, line
