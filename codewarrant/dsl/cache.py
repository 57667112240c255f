"""What the last check worked out, so that the next one repeats only what an edit has touched.

A rule is taken over if its words are the same, and so is everything that its words name: sets,
parameters, tables, sources and definitions, what those name in turn, and the head of its pack. A
rule with a fault is always checked again, since its help speaks of names that it does not name.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from codewarrant.dsl import syntax as s
from codewarrant.dsl.blocks import Block
from codewarrant.dsl.cases import Case, lower_case
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import Diagnostic, Span
from codewarrant.dsl.lower import LoweredRule, lower_rule
from codewarrant.dsl.parse import machine, parse_block, parse_file
from codewarrant.dsl.scope import Names, Scope
from codewarrant.engine.canonical import sha256

WORD = re.compile(r"[a-z][a-z0-9_]*(?:-[a-z0-9_]+)*")

Parsed = tuple[s.File, tuple[Diagnostic, ...]]
Heads = Mapping[str, str]
"""A digest for each name that a pack may use; under the empty name, that of its head."""


@contextmanager
def without_collection() -> Iterator[None]:
    """Syntax trees hold no cycles; looking for some takes as long as the check of a large pack."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@dataclass(slots=True)
class _File:
    data: bytes
    parsed: Parsed
    nodes: dict[str, tuple[int, s.BlockNode]]
    """Text of a block: the line where it stands, and its node."""


class Memory:
    """The files, rules and examples of the last check. One for each set of packs that is checked
    again and again; ``check_packs`` without one works everything out."""

    def __init__(self, kept: bool = True) -> None:
        """``kept``: whether the memory lives on after the check that fills it."""
        self._kept = kept
        self._codes: CodeView | None = None
        self._files: dict[str, _File] = {}
        self._rules: dict[tuple[str, str], LoweredRule] = {}
        self._cases: dict[tuple[str, str, int], tuple[date | None, Case]] = {}
        self._heads: dict[str, Heads] = {}
        self._texts: dict[int, tuple[str, int]] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._next: Memory | None = None
        self._same: dict[str, dict[str, bool] | None] = {}
        """By pack: None where nothing that its rules may name has changed, else by text."""

    # -- one check -----------------------------------------------------------------

    @contextmanager
    def checking(self, codes: CodeView) -> Iterator[None]:
        """One check; what it does not use is forgotten at its end."""
        if codes is not self._codes:
            self.__init__(self._kept)
            self._codes = codes
        new = self._next = Memory()
        self._same = {}
        machine()  # whose making leaves cycles behind
        with without_collection():
            yield
        self._files, self._rules, self._cases = new._files, new._rules, new._cases
        self._heads, self._texts, self._words = new._heads, new._texts, new._words
        self._next = None
        if self._kept:
            # what is kept holds no cycles either: the collector need not walk it in later checks
            gc.freeze()

    @property
    def _now(self) -> Memory:
        assert self._next is not None, "only inside of `checking`"
        return self._next

    # -- files and blocks ------------------------------------------------------------

    def parsed(self, name: str, data: bytes) -> Parsed:
        """What ``parse_file`` gives. Blocks with the text of the last check are not parsed again,
        only moved to where they stand now."""
        old = self._files.get(name)
        if old is not None and old.data == data:
            self._now._files[name] = old
        else:
            before = old.nodes if old is not None else {}
            nodes: dict[str, tuple[int, s.BlockNode]] = {}

            def node_of(block: Block) -> s.BlockNode:
                known = before.get(block.text)
                if known is None or not block.kind:
                    node = parse_block(block)
                else:
                    line, node = known
                    if line != block.line:
                        node = moved(node, block.line - line)
                nodes[block.text] = (block.line, node)
                return node

            self._now._files[name] = _File(data, parse_file(name, data, node_of), nodes)
        file = self._now._files[name]
        for text, (_, node) in file.nodes.items():
            self._now._texts[id(node)] = (text, 0)
            if isinstance(node, s.RuleBlock):
                for at, example in enumerate(node.examples):
                    self._now._texts[id(example)] = (text, at)
            elif isinstance(node, s.TestBlock):
                self._now._texts[id(node.example)] = (text, 0)
        return file.parsed

    # -- what rules depend on ----------------------------------------------------------

    def declared(
        self,
        pack: s.PackBlock,
        blocks: Iterable[s.BlockNode],
        files: Mapping[str, bytes],
        bases: Iterable[str],
    ) -> None:
        """Take note of what the rules of a pack may name: its own blocks, and those of the packs
        that it builds on, which must have been noted before."""
        heads: dict[str, str] = {}
        for base in bases:
            heads |= self._now._heads.get(base, {})
        own: dict[str, list[tuple[str, frozenset[str]]]] = {}
        head = self._text(pack)
        for block in blocks:
            if isinstance(block, (s.RuleBlock, s.TestBlock, s.OverrideBlock, s.PackBlock)):
                continue
            text = self._text(block)
            file = getattr(block, "file", None)
            content = sha256(files.get(file.text, b"")) if isinstance(file, s.Quoted) else ""
            key = f"{head}\0{text}\0{content}"
            own.setdefault(block.name.text, []).append((key, self._words_of(text)))
        done: dict[str, str] = {}

        def digest_of(name: str, open_: tuple[str, ...]) -> str:
            if name in open_:  # names that use each other: any change is one of all
                return sha256(repr(sorted(own.items())).encode())
            if name not in own:
                return heads.get(name, "")
            if name not in done:
                parts = [heads.get(name, "")]
                for key, words in own[name]:
                    parts.append(key)
                    used = sorted(words & (own.keys() | heads.keys()) - {name})
                    parts += [digest_of(word, (*open_, name)) for word in used]
                found = sha256("\0".join(parts).encode())
                if open_:
                    return found
                done[name] = found
            return done[name]

        out = heads | {name: digest_of(name, ()) for name in own}
        used = sorted(self._words_of(head) & out.keys())
        out[""] = sha256("\0".join([head, *(out[word] for word in used)]).encode())
        self._now._heads[pack.name.text] = out
        self._same[pack.name.text] = None if out == self._heads.get(pack.name.text) else {}

    def _text(self, node: s.BlockNode) -> str:
        found = self._now._texts.get(id(node))
        return found[0] if found else ""

    def _words_of(self, text: str) -> frozenset[str]:
        words = self._words.get(text)
        if words is None:
            words = frozenset(WORD.findall(text))
        self._now._words[text] = words
        return words

    def _holds(self, pack: str, text: str) -> bool:
        """Whether everything that a text of a pack names is as in the last check."""
        same = self._same[pack]
        if same is None:
            return True
        known = same.get(text)
        if known is None:
            new, old = self._now._heads[pack], self._heads.get(pack, {})
            words = self._words_of(text) | {""}
            known = same[text] = all(old.get(word) == new.get(word) for word in words)
        return known

    # -- rules and examples ------------------------------------------------------------

    def rule(
        self, block: s.RuleBlock, names: Names, pack: s.PackBlock, faults: list[Diagnostic]
    ) -> LoweredRule:
        """What ``lower_rule`` gives."""
        key = (names.pack, block.text)
        old = self._rules.get(key)
        if old is not None and self._holds(names.pack, block.text):
            was = old.scope
            scope = Scope(names, was.vars, was.atoms, was.faults, was.singles, was.expanding)
            old = LoweredRule(old.rule, block, scope)
            self._now._rules[key] = old
            return old
        before = len(faults)
        found = lower_rule(block, names, pack, faults)
        if len(faults) == before:
            self._now._rules[key] = found
        return found

    def case(
        self, example: s.Example, names: Names, on: date | None, faults: list[Diagnostic]
    ) -> Case | None:
        """What ``lower_case`` gives."""
        text, at = self._now._texts.get(id(example), ("", 0))
        key = (names.pack, text, at)
        day, old = self._cases.get(key, (None, None))
        if old is not None and day == on and self._holds(names.pack, text):
            if old.example is not example:
                old = replace(old, example=example)
            self._now._cases[key] = (on, old)
            return old
        before = len(faults)
        found = lower_case(example, names, on, faults)
        if text and found is not None and len(faults) == before:
            self._now._cases[key] = (on, found)
        return found


def moved(node: Any, lines: int) -> Any:
    """A copy of a node that stands so many lines further down."""
    kind = type(node)
    if kind is Span:
        file, line, column, end_line, end_column = node
        return Span(file, line + lines, column, end_line + lines, end_column)
    if kind is tuple:
        return tuple(moved(item, lines) for item in node) if node else node
    names = _fields(kind)
    if not names:
        return node
    return kind(*(moved(getattr(node, name), lines) for name in names))


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind)) if is_dataclass(kind) else ()
