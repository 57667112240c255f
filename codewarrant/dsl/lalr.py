"""Runs the parse table that Lark computes, and builds nodes as it reduces.

Lark reads the grammar and makes the table; its own loop first builds a tree and then walks it,
which takes three times as long on packs of thousands of rules. Where the text does not parse, the
caller asks Lark itself, whose errors say what would have been accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lark import Lark
from lark.grammar import Rule

Meta = tuple[int, int]
"""Where a node starts and ends in the text of its block, in code points."""


class Token(str):
    """A word or sign as written, with its terminal and place."""

    __slots__ = ("end_pos", "start_pos", "type")
    type: str
    start_pos: int
    end_pos: int


class Stuck(Exception):
    """The text does not parse."""


@dataclass(frozen=True, slots=True)
class _Reduction:
    """How the last ``size`` values become one: ``kept`` are the places of those that stay, and
    whether each is a list whose items stand in its place."""

    origin: str
    size: int
    kept: tuple[tuple[int, bool], ...]
    build: Callable[..., Any] | None
    """None for rules whose name begins with ``_``: their items stand in the rule around them."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is read in one state: the pattern, and for terminals that words hide in, the words."""

    match: Callable[[str, int], re.Match[str] | None]
    words: Mapping[str, Mapping[str, str]]


class Machine:
    """A parser for every start symbol of a grammar; ``nodes`` has a method for each rule."""

    def __init__(self, lark: Lark, nodes: type) -> None:
        """``lark``: LALR with the contextual lexer. Raises ``ValueError`` for a grammar with empty
        rules or with rules that rename or unwrap their trees."""
        self._starts: dict[str, tuple[int, int]] = {}
        self._actions: dict[int, dict[str, int | _Reduction]] = {}
        self._readers: dict[int, _Reader] = {}
        self._kept: set[str] = set()
        reductions: dict[Rule, _Reduction] = {}
        for start in lark.options.start:
            state = lark.parse_interactive("", start)
            conf = state.parser_state.parse_conf
            self._starts[start] = (conf.start_state, conf.end_state)
        for number, actions in conf.states.items():
            own = self._actions[number] = {}
            for symbol, (_, to) in actions.items():
                if isinstance(to, Rule):
                    if to not in reductions:
                        reductions[to] = self._reduction(to, nodes)
                    own[symbol] = reductions[to]
                else:
                    own[symbol] = to
        ignored = "|".join(
            lark.get_terminal(name).pattern.to_regexp() for name in lark.ignore_tokens
        )
        readers: dict[int, _Reader] = {}
        for number, lexer in state.lexer_thread.lexer.lexers.items():
            if id(lexer) not in readers:
                readers[id(lexer)] = _reader(lexer, ignored)
            self._readers[number] = readers[id(lexer)]
        self._space = re.compile(f"(?>(?:{ignored})*)")

    def _reduction(self, rule: Rule, nodes: type) -> _Reduction:
        name = str(rule.origin.name)
        options = rule.options
        if not rule.expansion or rule.alias or options.expand1:
            raise ValueError(f"the rule {name} is of a kind that is not supported")
        kept = []
        for at, symbol in enumerate(rule.expansion):
            if not symbol.is_term:
                kept.append((at, symbol.name.startswith("_")))
            elif options.keep_all_tokens or not symbol.filter_out:
                kept.append((at, False))
                self._kept.add(symbol.name)
        inline = name.startswith("_")
        return _Reduction(
            name, len(rule.expansion), tuple(kept), None if inline else getattr(nodes, name)
        )

    def parse(self, text: str, start: str, builder: Any) -> Any:
        """The node of a text, made by the methods of ``builder``: ``method(meta, items)``.

        Raises ``Stuck`` if it does not parse, and whatever a method raises.
        """
        state, last = self._starts[start]
        actions_of, readers, kept = self._actions, self._readers, self._kept
        states = [state]
        values: list[Any] = []
        begins: list[int] = []
        ends: list[int] = []
        at = 0
        while True:
            reader = readers[state]
            hit = reader.match(text, at)
            if hit is not None:
                name = hit.lastgroup
                assert name is not None
                begin, end = hit.span(name)
                word = text[begin:end]
                words = reader.words.get(name)
                if words is not None:
                    name = words.get(word, name)
            else:
                rest = self._space.match(text, at)
                if rest is None or rest.end() < len(text):
                    raise Stuck
                name, word, begin, end = "$END", "", at, at
            while True:
                action = actions_of[state].get(name)
                if type(action) is int:
                    if name in kept:
                        value = Token(word)
                        value.type, value.start_pos, value.end_pos = name, begin, end
                        values.append(value)
                    else:
                        values.append(None)
                    begins.append(begin)
                    ends.append(end)
                    state = action
                    states.append(state)
                    at = end
                    break
                if action is None:
                    raise Stuck
                base = len(values) - action.size  # type: ignore[union-attr]
                items: list[Any] = []
                for place, splice in action.kept:  # type: ignore[union-attr]
                    if not splice:
                        items.append(values[base + place])
                    elif items:
                        items += values[base + place]
                    else:
                        items = values[base + place]
                first, final = begins[base], ends[-1]
                build = action.build  # type: ignore[union-attr]
                del values[base:], begins[base:], ends[base:], states[base + 1 :]
                values.append(items if build is None else build(builder, (first, final), items))
                begins.append(first)
                ends.append(final)
                state = actions_of[states[-1]][action.origin]  # type: ignore[union-attr, assignment]
                states.append(state)
                if state == last and name == "$END":
                    return values[-1]


def _reader(lexer: Any, ignored: str) -> _Reader:
    """One pattern that passes over what is ignored and reads a terminal of the lexer."""
    patterns = [
        f"(?P<{item.name}>{item.pattern.to_regexp()})"
        for item in lexer.scanner.terminals
        if item.name not in lexer.ignore_types
    ]
    # atomic: never goes back into a comment to find a word there
    whole = re.compile(f"(?>(?:{ignored})*)(?:{'|'.join(patterns) or '(?!)'})")
    words = {
        name: {item.pattern.value: item.name for item in hidden.scanner.terminals}
        for name, hidden in lexer.callback.items()
    }
    return _Reader(whole.match, words)
