"""Markup to plain text, with a map from every offset of the text to the source.

What a reader of the page would see: scripts, styles and the head are left out, blocks stand on
lines of their own, runs of blanks are one blank.
"""

from __future__ import annotations

from bisect import bisect_right
from html import unescape
from html.parser import HTMLParser

_BLOCKS = frozenset(
    """
    address article aside blockquote body br caption dd div dl dt fieldset figure footer form h1 h2
    h3 h4 h5 h6 header hr li main nav ol p pre section table tbody tfoot thead tr ul
    """.split()  # noqa: SIM905
)
_CELLS = ("td", "th")
_HIDDEN = ("head", "script", "style", "title")


def plain_text(source: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text of XHTML or HTML and its offset map.

    The map is sorted pairs (offset in the text, offset in the source): from one pair to the next
    both run on character by character.
    """
    reader = _Reader(source)
    reader.feed(source)
    reader.close()
    text = "".join(reader.out)
    end = len(text.rstrip())
    return text[:end], tuple(pair for pair in reader.pairs if pair[0] < end)


def source_offset(pairs: tuple[tuple[int, int], ...], offset: int) -> int:
    """Where a character of the text stands in the source. ``pairs`` must not be empty."""
    at = max(bisect_right(pairs, (offset, 1 << 62)) - 1, 0)
    begin, there = pairs[at]
    return there + max(offset - begin, 0)


class _Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self.pairs: list[tuple[int, int]] = []
        self._length = 0
        self._gap = ""
        self._hidden = 0
        self._lines = [0]
        for i, character in enumerate(source):
            if character == "\n":
                self._lines.append(i + 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        here = self._here()
        begin = None
        for i, character in enumerate(data):
            if character.isspace() and character != "\xa0":
                if begin is not None:
                    self._write(data[begin:i], here + begin)
                    begin = None
                self._gap = self._gap or " "
            elif begin is None:
                begin = i
        if begin is not None:
            self._write(data[begin:], here + begin)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def _reference(self, spelt: str) -> None:
        if not self._hidden:
            self._write(unescape(spelt), self._here())

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._gap = "\n"
        elif tag in _CELLS and self._gap != "\n":
            self._gap = " "

    def _write(self, text: str, there: int) -> None:
        if self._gap and self._length:
            self.out.append(self._gap)
            self._length += 1
        self._gap = ""
        if not self.pairs or self.pairs[-1][1] - self.pairs[-1][0] != there - self._length:
            self.pairs.append((self._length, there))
        self.out.append(text)
        self._length += len(text)
