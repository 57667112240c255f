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
from lark.grammar import Rule, Terminal

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


Kept = tuple[tuple[int, bool], ...]
"""Places of the children that stay, and whether each is a list whose items stand in its place."""

Reduction = tuple[str, int, Kept, Callable[..., Any] | None, bool]
"""How the last values become one: the rule's name, how many values, which stay, and what builds the
node: None for rules whose name begins with ``_``, whose items stand in the rule around them. Last,
whether nothing changes but the state: such a rule around another such rule."""


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
        self._actions: dict[int, dict[str, int | Reduction]] = {}
        self._after: dict[int, dict[str, int]] = {}
        self._readers: dict[int, _Reader] = {}
        self._kept: set[str] = set()
        reductions: dict[Rule, Reduction] = {}
        nodes_named = {str(rule.origin.name) for rule in lark.rules}
        at_start = {start: lark.parse_interactive("", start) for start in lark.options.start}
        for start, state in at_start.items():
            conf = state.parser_state.parse_conf
            self._starts[start] = (conf.start_state, conf.end_state)
        state = at_start[lark.options.start[0]]
        conf = state.parser_state.parse_conf
        for number, actions in conf.states.items():
            own = self._actions[number] = {}
            after = self._after[number] = {}
            for symbol, (_, to) in actions.items():
                if isinstance(to, Rule):
                    if to not in reductions:
                        reductions[to] = self._reduction(to, nodes)
                    own[symbol] = reductions[to]
                elif symbol in nodes_named:
                    after[symbol] = to
                else:
                    own[symbol] = to
        ignored = "|".join(
            lark.get_terminal(name).pattern.to_regexp() for name in lark.ignore_tokens
        )
        readers: dict[int, _Reader] = {}
        contextual: Any = state.lexer_thread.lexer
        for number, lexer in contextual.lexers.items():
            if id(lexer) not in readers:
                readers[id(lexer)] = _reader(lexer, ignored)
            self._readers[number] = readers[id(lexer)]
        self._space = re.compile(f"(?>(?:{ignored})*)")

    def _reduction(self, rule: Rule, nodes: type) -> Reduction:
        name = str(rule.origin.name)
        options = rule.options
        if not rule.expansion or rule.alias or options.expand1:
            raise ValueError(f"the rule {name} is of a kind that is not supported")
        kept = []
        for at, symbol in enumerate(rule.expansion):
            if not isinstance(symbol, Terminal):
                kept.append((at, symbol.name.startswith("_")))
            elif options.keep_all_tokens or not symbol.filter_out:
                kept.append((at, False))
                self._kept.add(symbol.name)
        inline = name.startswith("_")
        same = inline and kept == [(0, True)] and len(rule.expansion) == 1
        build = None if inline else getattr(nodes, name)
        return name, len(rule.expansion), tuple(kept), build, same

    def parse(self, text: str, start: str, builder: Any) -> Any:
        """The node of a text, made by the methods of ``builder``: ``method(meta, items)``.

        Raises ``Stuck`` if it does not parse, and whatever a method raises.
        """
        state, last = self._starts[start]
        actions_of, after, readers = self._actions, self._after, self._readers
        kept = self._kept
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
                if isinstance(action, int):
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
                origin, size, children, build, same = action
                if same:
                    states.pop()
                    state = after[states[-1]][origin]
                    states.append(state)
                    continue
                base = len(values) - size
                items: list[Any] = []
                for place, splice in children:
                    if not splice:
                        items.append(values[base + place])
                    elif items:
                        items += values[base + place]
                    else:
                        items = values[base + place]
                first, final = begins[base], ends[-1]
                value = items if build is None else build(builder, (first, final), items)
                if size == 1:
                    values[-1] = value
                    states.pop()
                else:
                    values[base:] = [value]
                    begins[base:] = [first]
                    ends[base:] = [final]
                    del states[base + 1 :]
                state = after[states[-1]][origin]
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
