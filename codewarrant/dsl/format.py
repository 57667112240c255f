"""The one layout of rule files: ``format_text`` changes nothing but white space.

Comments stay with what they stand beside or above. Blocks that cannot be read stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codewarrant.dsl.blocks import Block, split
from codewarrant.dsl.diagnostics import Diagnostic, Fault
from codewarrant.dsl.format_layout import lay_out
from codewarrant.dsl.lalr import Stuck
from codewarrant.dsl.parse import parse_block

TOGETHER = frozenset(("source", "value_set", "parameter", "derive"))
"""Blocks that may follow one of their kind without an empty line, if they are written so."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file in canonical layout; ``faults`` has one diagnostic for each block left as it was."""

    text: str
    faults: tuple[Diagnostic, ...]


def format_text(name: str, text: str) -> Formatted:
    """Lay out one file. ``name`` is its name in diagnostics.

    The result is read as the same blocks with the same comments, and laying it out again gives it
    unchanged.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    blocks = split(name, text)
    if not blocks:
        body = "\n".join(_comments(text))
        return Formatted(body + "\n" if body else "", ())
    faults: list[Diagnostic] = []
    out: list[str] = []
    above = text[: blocks[0].offset]
    before: Block | None = None
    for block in blocks:
        body, below = _cut(block)
        tight = (
            before is not None
            and before.kind == block.kind
            and block.kind in TOGETHER
            and not above.strip()
            and above.count("\n") < 2
        )
        if out and not tight:
            out.append("")
        head = _comments(above)
        if head and above.rstrip(" \t").endswith("\n\n"):
            head.append("")
        out += head
        out.append(_block(block, body, faults))
        above, before = below, block
    tail = _comments(above)
    if tail:
        out += ["", *tail]
    return Formatted("\n".join(out) + "\n", tuple(faults))


def _block(block: Block, body: str, faults: list[Diagnostic]) -> str:
    try:
        if block.kind:
            return lay_out(block.kind, body)
    except Stuck:
        pass
    try:
        parse_block(block)
    except Fault as error:
        faults.append(error.diagnostic)
    return body


def _cut(block: Block) -> tuple[str, str]:
    """The block without the comments in the first column behind it, which belong to the next."""
    lines = block.text.split("\n")
    at = len(lines)
    while at > 1 and (not lines[at - 1].strip() or lines[at - 1].lstrip().startswith("#")):
        at -= 1
    own = at
    while own < len(lines) and not lines[own].startswith("#"):
        own += 1
    body = "\n".join(lines[:own]).rstrip()
    return body, "\n" + "\n".join(lines[own:]) if own < len(lines) else block.text[len(body) :]


def _comments(text: str) -> list[str]:
    """The comments between two blocks, with single empty lines where there were some."""
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n")))
    body = body.strip("\n")
    return body.split("\n") if body else []
