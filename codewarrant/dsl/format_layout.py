"""Lay out one block: which clause starts a line, where lists and conditions go on.

Works on the parse tree with all its words, so nothing that was written is lost or changed: only
the white space between words, and the line ends inside texts, which mean the same as a space.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

from codewarrant.dsl.blocks import TOKEN
from codewarrant.dsl.format_tree import (
    CONDITIONS,
    HEADER,
    INLINE,
    LINES,
    LISTED,
    NESTED,
    Node,
    parts_of,
)
from codewarrant.dsl.lalr import Token

WIDTH = 90
"""Columns after which lists and conditions go on in the next line."""

TEXT_WIDTH = 100
"""Columns after which a text does: a few more, so that no single word is left over."""

STARTS_LINE = {("table", "from"), ("table", "columns"), ("test", "expect"), ("example", "expect")}
"""Words that start a line, by the part that they stand in."""

ONE_LINERS = frozenset(("value_set",))
"""Blocks that stand on one line where they have nothing but their first line and fit."""


def lay_out(kind: str, text: str) -> str:
    """The block with its comments in canonical layout, without a line end.

    Raises ``Stuck`` if the text is not a block of this kind.
    """
    node, words = parts_of(kind, text)
    return _Page(text, words).block(node)


class _Page:
    """The lines written so far, and what stands between the words."""

    def __init__(self, text: str, words: Sequence[Token]) -> None:
        self._texts = [_spoken(word) for word in words]
        self._gap = [0] + [int(_apart(a, b)) for a, b in pairwise(self._texts)]
        sizes = (gap + len(item) for gap, item in zip(self._gap, self._texts, strict=True))
        self._ends = [0, *accumulate(sizes)]
        self._before: dict[int, list[tuple[bool, str]]] = {}
        self._after: dict[int, str] = {}
        self._blank: set[int] = set()
        self._tail: list[tuple[bool, str]] = []
        self._comments(text, words)
        self._noted = sorted({*self._before, *(at + 1 for at in self._after)})
        self._lines: list[str] = []
        self._line = ""
        self._indent = 0
        self._hang = 4
        self._clause = False

    # -- comments ----------------------------------------------------------------

    def _comments(self, text: str, words: Sequence[Token]) -> None:
        """Give each comment to the word before it on its line, else to the word after it."""
        starts = [word.start_pos for word in words]
        ends = [word.end_pos for word in words]
        last = 0
        for hit in TOKEN.finditer(text):
            if not hit.group().startswith("#"):
                continue
            at = bisect_left(starts, hit.start())
            since = max(last, ends[at - 1])
            between = text[since : hit.start()]
            comment = hit.group().rstrip()
            if "\n" not in text[ends[at - 1] : hit.start()]:
                self._after[at - 1] = comment
            elif at < len(words):
                self._before.setdefault(at, []).append((between.count("\n") > 1, comment))
            else:
                self._tail.append((between.count("\n") > 1, comment))
            last = hit.end()
        for at in range(1, len(words)):
            gap = starts[at] - ends[at - 1]
            if gap > 1:
                tail = text[ends[at - 1] : starts[at]]
                tail = tail[tail.rindex("#") :] if at in self._before else tail
                if tail.count("\n") > 1:
                    self._blank.add(at)

    # -- lines -------------------------------------------------------------------

    @property
    def _column(self) -> int:
        return len(self._line)

    def _newline(self, indent: int, clause: bool = False) -> None:
        if self._line.strip():
            self._lines.append(self._line.rstrip())
        self._line = " " * indent
        self._indent = indent
        self._clause = clause

    def _blank_line(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def _word(self, at: int) -> None:
        """Write one word, with the comments that belong to it."""
        clause = self._clause and not self._line.strip()
        if at in self._before:
            if self._line.strip():
                self._newline(self._hang)
            for blank, comment in self._before[at]:
                if blank and clause:
                    self._blank_line()
                self._lines.append(" " * self._indent + comment)
        elif at - 1 in self._after and self._line.strip():
            self._newline(self._hang)
        if clause and at in self._blank:
            self._blank_line()
        text = self._texts[at]
        if self._gap[at] and self._line.strip():
            if self._column + 1 + self._glued(at) > WIDTH and not text.startswith('"'):
                if self._column > self._hang + 8:
                    self._newline(self._hang)
                else:
                    self._line += " "
            else:
                self._line += " "
        if text.startswith('"') and self._column + self._glued(at) > TEXT_WIDTH:
            self._text(text)
        else:
            self._line += text
        if at in self._after:
            self._line += "  " + self._after[at]

    def _glued(self, at: int) -> int:
        """Columns of a word with the signs that stand right behind it."""
        stop = at + 1
        while stop < len(self._gap) and not self._gap[stop]:
            stop += 1
        return self._ends[stop] - self._ends[at] - self._gap[at]

    def _text(self, text: str) -> None:
        """A text in quotes, on further lines where it is too long."""
        column = self._column + 1
        if WIDTH - column < 40:
            column = self._indent + 4
        words = text.split(" ")
        self._line += words[0]
        for word in words[1:]:
            if self._column + 1 + len(word) > WIDTH:
                self._lines.append(self._line)
                self._line = " " * column + word
            else:
                self._line += " " + word

    def _fits(self, start: int, stop: int) -> bool:
        """Whether some words have room on the line, and no comment stands between them."""
        noted = bisect_left(self._noted, start + 1)
        if noted < len(self._noted) and self._noted[noted] < stop:
            return False
        return self._column + self._ends[stop] - self._ends[start] <= WIDTH

    # -- blocks and clauses --------------------------------------------------------

    def block(self, node: Node) -> str:
        one_line = node.name in ONE_LINERS and self._fits(node.start, node.stop)
        if one_line and not any(isinstance(x, Node) and x.name in LINES for x in node.children):
            self._flat(node)
        else:
            self._clauses(node, 2)
        self._newline(2)
        for blank, comment in self._tail:
            if blank:
                self._blank_line()
            self._lines.append("  " + comment)
        return "\n".join(self._lines)

    def _clauses(self, node: Node, indent: int) -> None:
        self._hang = indent + 2
        for child in node.children:
            if isinstance(child, int):
                text = self._texts[child]
                if (node.name, text) in STARTS_LINE or (node.name, text) == ("value_set", "is"):
                    self._newline(indent, clause=True)
                    self._hang = indent + 2
                self._word(child)
                if text == "(":
                    self._hang = self._column
            elif child.name in HEADER or child.name in INLINE:
                self._part(child)
            else:
                self._newline(indent, clause=True)
                self._clause_of(child, indent)
                self._hang = indent + 2

    def _clause_of(self, node: Node, indent: int) -> None:
        self._hang = indent + 4
        if node.name in NESTED:
            self._clauses(node, indent + 2)
        elif node.name in CONDITIONS:
            self._condition(node)
        elif node.name in LISTED:
            self._listed(node)
        elif node.name == "narrow":
            self._word(node.start)
            for child in node.children[1:]:
                assert isinstance(child, Node)
                self._newline(indent, clause=True)
                self._clause_of(child, indent)
        elif node.name == "swap_actions":
            for child in node.children:
                if isinstance(child, int):
                    self._word(child)
                else:
                    self._newline(indent + 2, clause=True)
                    self._hang = indent + 4
                    self._part(child)
        elif node.name in ("cites", "dated_set", "dated_value", "approved"):
            self._with_tail(node, indent)
        else:
            self._part(node)

    def _with_tail(self, node: Node, indent: int) -> None:
        """A clause whose citations and quotes stand below it where they do not fit."""
        for child in node.children:
            if isinstance(child, Node) and child.name in ("cites", "quoting"):
                if not self._fits(child.start, child.stop):
                    self._newline(indent + 2)
                    self._hang = indent + 4
                self._part(child)
            elif isinstance(child, Node):
                self._part(child)
            else:
                self._word(child)

    def _listed(self, node: Node) -> None:
        self._word(node.start)
        column = self._column + 1
        for place, child in enumerate(node.children[1:]):
            if place:
                self._newline(column, clause=True)
            self._hang = column + 2
            if isinstance(child, int):
                self._word(child)
            else:
                self._part(child)

    def _condition(self, node: Node) -> None:
        """`and` and `or` end where the first word ends, so that what they join stands aligned."""
        *words, last = node.children
        brackets = isinstance(last, int)
        junction = last if isinstance(last, Node) and last.name in ("all_of", "any_of") else None
        for child in words if junction else node.children:
            if isinstance(child, int):
                self._word(child)
            else:
                self._part(child)
        if junction is None or brackets:
            return
        column = self._column + 1
        self._hang = column + 2
        for child in junction.children:
            if isinstance(child, int) and self._texts[child] in ("and", "or"):
                self._newline(column - len(self._texts[child]) - 1)
                self._hang = column + 2
                self._word(child)
            elif isinstance(child, int):
                self._word(child)
            else:
                self._part(child)

    # -- parts of a clause -----------------------------------------------------------

    def _flat(self, node: Node) -> None:
        for at in range(node.start, node.stop):
            self._word(at)

    def _part(self, node: Node) -> None:
        if self._fits(node.start, node.stop):
            self._flat(node)
            return
        hang = self._hang
        column = self._column + (self._gap[node.start] if self._line.strip() else 0)
        if node.name in ("all_of", "any_of"):
            self._junction(node)
        elif node.name in ("code_set", "except_codes"):
            self._codes(node)
        else:
            self._hang = max(hang, column + 2) if column < WIDTH - 40 else hang
            self._running(node, column)
        self._hang = hang

    def _running(self, node: Node, column: int) -> None:
        """Words and parts one after another; what does not fit goes on in the next line."""
        listed = next((i for i, x in enumerate(node.children) if self._is(x, ",")), 0)
        after_comma = False
        for place, child in enumerate(node.children):
            start, stop = (
                (child, child + 1) if isinstance(child, int) else (child.start, child.stop)
            )
            if after_comma and not self._fits(start, stop):
                self._newline(self._hang)
            elif (
                isinstance(child, Node)
                and child.name in ("where", "because", "group_where", "quoting")
                and not self._fits(start, stop)
                and self._column > column + 4
            ):
                self._newline(column + 2)
            if listed and place == listed - 1:
                self._hang = self._column + (self._gap[start] if self._line.strip() else 0)
            if isinstance(child, int):
                self._word(child)
            else:
                self._part(child)
            after_comma = self._is(child, ",")

    def _is(self, child: Node | int, text: str) -> bool:
        return isinstance(child, int) and self._texts[child] == text

    def _junction(self, node: Node) -> None:
        column = self._column + (self._gap[node.start] if self._line.strip() else 0)
        sizes = [
            self._ends[child.stop] - self._ends[child.start]
            for child in node.children
            if isinstance(child, Node)
        ]
        if self._line.endswith("(") and column + max(sizes, default=0) + 5 > WIDTH:
            self._newline(self._indent + 4)
            column = self._indent
        self._hang = column + 2
        for child in node.children:
            if self._is(child, "and") or self._is(child, "or"):
                self._newline(column)
            if isinstance(child, int):
                self._word(child)
            else:
                self._part(child)

    def _codes(self, node: Node) -> None:
        """The items of a set, as many on a line as fit, below the first of them."""
        column = self._column + (self._gap[node.start] if self._line.strip() else 0)
        for child in node.children:
            if isinstance(child, Node) and child.name == "except_codes":
                if not self._fits(child.start, child.stop):
                    self._newline(column)
                self._part(child)
                continue
            if isinstance(child, Node) and self._column + 1 + self._glued_part(child) > WIDTH:
                self._newline(self._hang)
            if isinstance(child, int):
                self._word(child)
                if self._texts[child] == "{":
                    self._hang = self._column + 1
            else:
                self._flat(child)

    def _glued_part(self, node: Node) -> int:
        """Columns of an item with the comma or bracket behind it."""
        stop = node.stop
        while stop < len(self._texts) and self._texts[stop] in (",", "}"):
            stop += 1
        return self._ends[stop] - self._ends[node.start] - self._gap[node.start]


def _spoken(text: str) -> str:
    if text.startswith('"'):
        return '"' + " ".join(text[1:-1].split()) + '"'
    return " ".join(text.split()) if " " in text or "\n" in text else text


def _apart(before: str, after: str) -> bool:
    """Whether a space stands between two words on one line."""
    return after not in (",", ")", "]", ":", ".", "/") and before not in ("(", "[", ".", "/")
