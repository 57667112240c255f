"""Rule text to syntax tree, block by block: a broken one gives one diagnostic, the rest is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib import resources

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from codewarrant.dsl import syntax as s
from codewarrant.dsl.blocks import BLOCKS, TOKEN, Block, Lines, nearest_block, split
from codewarrant.dsl.diagnostics import Diagnostic, Fault, Span, fault, one_of
from codewarrant.dsl.expected import expected
from codewarrant.dsl.lalr import Machine, Stuck
from codewarrant.dsl.mistakes import mistaken, unfinished
from codewarrant.dsl.tree_blocks import BlockBuilder

TYPOGRAPHIC = "“”„‟«»‘’"
INVISIBLE = "\u00a0\u2007\u202f\u200b\u200c\u200d\ufeff\u00ad\u2060"


@cache
def parser() -> Lark:
    """The parser of all block kinds; nothing is cached outside the process."""
    grammar = resources.files("codewarrant.dsl").joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=sorted(BLOCKS.values()),
        propagate_positions=True,
        maybe_placeholders=False,
    )


@cache
def machine() -> Machine:
    """The parser's table with the methods that build nodes."""
    return Machine(parser(), BlockBuilder)


@cache
def terminal_words() -> dict[str, tuple[str, ...]]:
    """The words that each terminal can be, for terminals that are words."""
    out: dict[str, tuple[str, ...]] = {}
    for terminal in parser().terminals:
        pattern = terminal.pattern
        if pattern.type == "str":
            out[terminal.name] = (pattern.value,)
        elif terminal.priority >= 2 and pattern.value.startswith("("):
            inner = pattern.value[1 : pattern.value.index(")")]
            if terminal.name == "ENTITY":
                inner = inner.replace("diagnos[ie]s", "diagnosis").replace("s?", "")
            out[terminal.name] = tuple(item.removesuffix("s?") for item in inner.split("|"))
    return out


RESERVED = frozenset(
    re.findall(
        r"\S+",
        "and any applies at authorization because between claim conflict count cpt cpt-hcpcs "
        "descendants diagnosis document does earliest effective encounter every expect extends "
        "false finding fires has hcpcs icd10cm icd10pcs icd9cm in known latest line lint "
        "medication mention modifier no none not note nothing observation one or owner patient "
        "payer pos practitioner procedure query reported revenue review row rule some sum supplied "
        "then true unknown where when unless if",
    )
)
"""Words that cannot name variables and parameters: they mean something where those may stand."""

SKELETON = frozenset(
    (
        "and",
        "because",
        "cites",
        "expect",
        "for",
        "given",
        "if",
        "not",
        "or",
        "then",
        "unless",
        "when",
    )
)
"""Words that cannot name anything: a rule called ``when`` is a rule without its name."""


def parse_file(
    name: str, data: bytes, node_of: Callable[[Block], s.BlockNode] | None = None
) -> tuple[s.File, tuple[Diagnostic, ...]]:
    """Parse one file. What cannot be read is left out of the tree and reported, once a block.

    ``node_of`` stands in for ``parse_block``, for callers that remember blocks.
    """
    node_of = node_of or parse_block
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        place = Span(name, line, 1, line, 2)
        found = fault("CW0109", place, "the file is not UTF-8 text", "save it as UTF-8")
        return s.File(name, "", (), ()), (found.diagnostic,)
    blocks = split(name, text)
    nodes: list[s.BlockNode] = []
    faults: list[Diagnostic] = []
    for block in blocks:
        try:
            nodes.append(node_of(block))
        except Fault as error:
            faults.append(error.diagnostic)
    comments = tuple(item for block in blocks for item in block.comments)
    return s.File(name, text, tuple(nodes), comments), tuple(faults)


def parse_block(block: Block) -> s.BlockNode:
    """Parse one block. Raises ``Fault`` with the one diagnostic of a broken block."""
    _refuse_strange_signs(block)
    if not block.kind:
        raise _unknown_block(block)
    try:
        node = machine().parse(block.text, block.kind, BlockBuilder(block))
    except (Stuck, Fault) as found:
        # Lark knows what would have been accepted; a word out of place comes before other faults
        try:
            parser().parse(block.text, start=block.kind)
        except UnexpectedInput as error:
            raise _explain(block, error) from None
        raise found
    _refuse_reserved(node)
    return node


def _place(block: Block, start: int, end: int) -> Span:
    lines = Lines(block.text)
    (line, column), (end_line, end_column) = lines.at(start), lines.at(max(end, start + 1))
    shift = block.line - 1
    return Span(block.file, line + shift, column, end_line + shift, end_column)


def _outside_texts(text: str) -> str:
    """The text with quoted texts and comments blanked, so that offsets stay."""
    return TOKEN.sub(lambda hit: " " * len(hit.group()), text)


def _refuse_strange_signs(block: Block) -> None:
    if block.text.isascii():
        return
    bare = _outside_texts(block.text)
    for at, sign in enumerate(bare):
        if sign in TYPOGRAPHIC:
            raise fault(
                "CW0104",
                _place(block, at, at + 1),
                f"`{sign}` is a typographic quotation mark",
                'use the straight one: `"`; word processors change it by themselves',
            )
        if sign in INVISIBLE:
            raise fault(
                "CW0105",
                _place(block, at, at + 1),
                f"an invisible character (U+{ord(sign):04X}) stands here",
                "replace it by a plain space; it often comes with text copied from a web page",
            )


def _unknown_block(block: Block) -> Fault:
    word = block.word or block.text[:1]
    meant = nearest_block(word)
    spoken = "value set" if meant == "value" else meant
    words = sorted("value set" if item == "value" else item for item in BLOCKS)
    return fault(
        "CW0102",
        _place(block, 0, len(word)),
        f"`{word}` does not start a block",
        f"did you mean `{spoken}`?" if meant else f"a block starts with {one_of(words)}",
    )


def _explain(block: Block, error: UnexpectedInput) -> Fault:
    accepts: set[str] = set()
    if isinstance(error, UnexpectedToken):
        accepts = set(error.accepts or error.expected or ())
        token: Token = error.token
        at_end = token.type == "$END"
        start = len(block.text.rstrip()) if at_end else (token.start_pos or 0)
    else:
        assert isinstance(error, UnexpectedCharacters)
        accepts = set(error.allowed or ())
        at_end, start = False, error.pos_in_stream or 0
    open_quote = _open_quote(block)
    if open_quote is not None and open_quote <= start:
        return fault(
            "CW0103",
            _place(block, open_quote, open_quote + 1),
            "a quotation mark opens here and is not closed",
            "close the text with a quotation mark; its further lines must be indented",
        )
    if at_end:
        last = max(0, start - 1)
        return fault(
            "CW0107",
            _place(block, last, start),
            f"the `{_spoken_kind(block)}` ends too early",
            unfinished(block.text[:start], accepts) or f"expected {_expected(accepts)}",
        )
    word = _word_at(block.text, start)
    place = _place(block, start, start + len(word))
    if word in ("and", "or") and accepts & {"AND", "OR"}:
        return fault(
            "CW0106",
            place,
            "`and` and `or` are mixed",
            "put parentheses around the parts that belong together",
        )
    if "NAME" in accepts and word in RESERVED and accepts <= {"NAME", "DOT"}:
        return _reserved(s.Name(word, place))
    meant = _meant(word, accepts)
    said = mistaken(block.text, start, word, accepts)
    if said is not None:
        return fault("CW0101", place, *said)
    helps = [f"did you mean `{meant}`?" if meant else "", f"expected {_expected(accepts)}"]
    return fault(
        "CW0101",
        place,
        f"`{word}` does not belong here",
        "\n".join(item for item in helps if item),
    )


def _open_quote(block: Block) -> int | None:
    """The first quotation mark without a partner, if their number is odd."""
    text = re.sub(r"#[^\n\"]*$", lambda hit: " " * len(hit.group()), block.text, flags=re.M)
    if text.count('"') % 2 == 0:
        return None
    at = 0
    for line in text.splitlines(keepends=True):
        if line.count('"') % 2:
            return at + line.rindex('"') if line.count('"') > 1 else at + line.index('"')
        at += len(line)
    return None


def _word_at(text: str, start: int) -> str:
    hit = re.compile(r'[\w$][\w.$-]*|"[^"\n]*"?|[^\s\w]').match(text, start)
    return hit.group()[:40] if hit else text[start : start + 1]


def _meant(word: str, accepts: set[str]) -> str:
    words = terminal_words()
    known = sorted({item for name in accepts for item in words.get(name, ())})
    found = get_close_matches(word.lower(), known, 1, 0.6)
    if not found and word.lower() in known:
        return word.lower()
    return found[0] if found else ""


def _expected(accepts: set[str]) -> str:
    return expected(accepts, terminal_words())


def _spoken_kind(block: Block) -> str:
    return block.kind.replace("_", " ")


def _reserved(name: s.Name) -> Fault:
    return fault(
        "CW0108",
        name.span,
        f"`{name.text}` is a word of the language and cannot be a name",
        f"call it something like `{name.text}_1`, or say what it means",
    )


def _refuse_reserved(node: s.BlockNode) -> None:
    values: list[s.Name] = []
    names: list[s.Name] = []
    match node:
        case s.TestBlock():
            values += _given_names(node.example)
        case s.OverrideBlock():
            names += [item.name for item in node.exceptions]
        case s.ParameterBlock():
            values.append(node.name)
        case s.DeriveBlock():
            names.append(node.name)
            values.append(node.var)
        case s.RuleBlock():
            names += [node.name, *(item.name for item in node.exceptions)]
            values += [item.var for item in node.binders if item.var]
            values += [name for example in node.examples for name in _given_names(example)]
        case _:
            names.append(node.name)
    for name in (*names, *values):
        if name.text in SKELETON or (name in values and name.text in RESERVED):
            raise _reserved(name)


def _given_names(example: s.Example) -> list[s.Name]:
    return [fact.var for fact in example.given.facts if fact.var]
