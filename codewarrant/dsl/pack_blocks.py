"""Packs as parsed: their blocks, what of them could not be read, and who extends whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from codewarrant.dsl import syntax as s
from codewarrant.dsl.cache import Memory
from codewarrant.dsl.diagnostics import Diagnostic, Related, Span, fault
from codewarrant.dsl.pack import PackSource

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadPack:
    """One pack as parsed. ``complete`` is false where its pack block could not be read; ``unread``
    is how many blocks could not."""

    source: PackSource
    block: s.PackBlock
    blocks: tuple[s.BlockNode, ...]
    broken: frozenset[str]
    complete: bool
    unread: int


def blocks_of(read: ReadPack, kind: type[T]) -> tuple[T, ...]:
    """The blocks of one kind, in the order of the files."""
    return tuple(block for block in read.blocks if isinstance(block, kind))


def read_pack(
    source: PackSource,
    prefix: str,
    files: dict[str, str],
    faults: list[Diagnostic],
    memory: Memory,
) -> ReadPack | None:
    """Parse the files of a pack; what is wrong goes to ``faults``, texts to ``files``."""
    blocks: list[s.BlockNode] = []
    broken: set[str] = set()
    complete = True
    unread = 0
    for name in source.rule_files:
        file, found = memory.parsed(prefix + name, source.files[name])
        files[prefix + name] = file.text
        faults += found
        unread += len(found)
        blocks += file.blocks
        for item in found:
            word, lost = _declared_at(file.text, item.span.line)
            broken.add(lost)
            complete = complete and word != "pack" and item.code != "CW0109"
    packs = [block for block in blocks if isinstance(block, s.PackBlock)]
    for extra in packs[1:]:
        faults.append(
            fault(
                "CW0202",
                extra.name.span,
                "a pack has one pack block",
                "remove this one, or put it into a folder of its own",
                (Related(packs[0].name.span, "the first stands here"),),
            ).diagnostic
        )
    if not packs:
        first = source.rule_files[0] if source.rule_files else ""
        place = Span(prefix + first, 1, 1, 1, 2)
        if complete:
            faults.append(
                fault(
                    "CW0201",
                    place,
                    f"`{source.name}` has no pack block",
                    'start a file with: pack NAME "title" version 1.0',
                ).diagnostic
            )
        name = s.Name(re.sub(r"[^a-z0-9-]", "-", source.name.lower()) or "pack", place)
        packs = [s.PackBlock(name, "", "0", (), None, None, "", place)]
        complete = False
    return ReadPack(source, packs[0], tuple(blocks), frozenset(broken - {""}), complete, unread)


def _declared_at(text: str, line: int) -> tuple[str, str]:
    """The first word and the name of the block that holds a line."""
    for item in reversed(text.split("\n")[:line]):
        hit = re.match(r"(\w+)(?:\s+set)?\s+([a-z][\w-]*)?(?:/([a-z][\w-]*))?", item)
        if hit:
            return hit.group(1), hit.group(2) or ""
    return "", ""


def in_order(read: Mapping[str, ReadPack], faults: list[Diagnostic]) -> list[str]:
    """Pack names, extended packs first."""
    out: list[str] = []
    open_: list[str] = []

    def visit(name: str) -> None:
        if name in out:
            return
        open_.append(name)
        for base, _ in read[name].block.extends:
            if base.text in open_:
                faults.append(
                    fault(
                        "CW0214",
                        base.span,
                        f"`{name}` and `{base.text}` extend each other",
                        "a pack extends another in one direction only",
                    ).diagnostic
                )
            elif base.text in read:
                visit(base.text)
        open_.pop()
        out.append(name)

    for name in sorted(read):
        visit(name)
    return out
