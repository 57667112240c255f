"""Vocabularies: the phrases that a pack teaches the reader of notes, each checked.

What comes of them is plain data. The extractor takes it through a table; neither knows the other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Diagnostic, Fault, Related, Span, did_you_mean, fault
from codewarrant.dsl.scope import Names
from codewarrant.dsl.sets import check_code, misspelt
from codewarrant.dsl.tables import separated, table_file
from codewarrant.dsl.types import SHAPES
from codewarrant.dsl.windows import meet, outside
from codewarrant.dsl.words import words_of
from codewarrant.engine.conditions import Window
from codewarrant.engine.program import Citation

SYSTEMS = ("icd10cm", "icd9cm")
"""Code systems in which notes are read."""

COLUMNS = ("phrase", "code", "words", "notes_with", "capitals")
"""Columns of a dictionary; only the first is needed, with one of the next two."""

MOST_LINES = 12
"""Messages on lines of one dictionary."""

LONGEST = 12
"""Words of the longest phrase."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording of notes and what it means: a code of ``system``, or other words.

    ``needs`` are words of which the note must have one, ``capitals`` that only capitals mean it.
    It holds on dates of service in ``window``.
    """

    text: str
    system: str
    code: str
    words: str
    needs: tuple[str, ...]
    capitals: bool
    window: Window
    pack: str
    vocabulary: str
    cites: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A phrase with its place, for messages."""

    phrase: Phrase
    span: Span


def read_vocabulary(
    block: s.VocabularyBlock,
    names: Names,
    pack: s.PackBlock,
    window: Window,
    files: Mapping[str, bytes],
    faults: list[Diagnostic],
) -> list[Placed]:
    """The phrases of a block that are sound; what is wrong with others goes to ``faults``."""
    try:
        cites = names.citations(block.cites)
        if not block.cites:
            raise fault(
                "CW0404",
                block.name.span,
                f"the vocabulary `{block.name.text}` cites nothing",
                'say who decided what these phrases mean: cites SOURCE "section"',
            )
        _holds_everywhere(block, pack)
        if block.system not in SYSTEMS:
            raise fault(
                "CW0304",
                block.name.span,
                f"notes are not read in {block.system}",
                "a vocabulary is `of icd10cm` or `of icd9cm`",
            )
    except Fault as error:
        faults.append(error.diagnostic)
        return []
    out: list[Placed] = []
    for item in block.items:
        nodes = [item]
        if isinstance(item, s.DictionaryNode):
            try:
                nodes = _dictionary(item, block, files, faults)
            except Fault as error:
                faults.append(error.diagnostic)
                continue
        for node in nodes:
            assert isinstance(node, s.PhraseNode)
            try:
                out.append(Placed(_phrase(node, block, names, window, cites), node.span))
            except Fault as error:
                faults.append(error.diagnostic)
    return out


def _holds_everywhere(block: s.VocabularyBlock, pack: s.PackBlock) -> None:
    """Notes are read before any rule can tell whether the pack applies, and by date of service."""
    if pack.applies is not None:
        raise fault(
            "CW0608",
            block.name.span,
            f"the pack `{pack.name.text}` does not always apply, its vocabulary would",
            "put the vocabulary into a pack of its own, without `applies when`",
        )
    dates = block.effective or pack.effective
    if dates is not None and dates.clock != "date of service":
        raise fault(
            "CW0310",
            block.effective.span if block.effective else block.name.span,
            f"notes are read by date of service, not by {dates.clock}",
            "give the vocabulary dates of its own: effective from 2026-01-01",
        )


def _phrase(
    node: s.PhraseNode,
    block: s.VocabularyBlock,
    names: Names,
    window: Window,
    cites: tuple[Citation, ...],
) -> Phrase:
    words = words_of(node.phrase.text)
    if not words:
        raise fault("CW0310", node.phrase.span, "this phrase has no words")
    if len(words) > LONGEST:
        raise fault(
            "CW0310",
            node.phrase.span,
            f"{len(words)} words are too many for a phrase",
            f"at most {LONGEST}: notes seldom say more in one breath",
        )
    for part in (*node.with_, *((node.words,) if node.words else ())):
        if not words_of(part.text):
            raise fault("CW0310", part.span, "there are no words in this text")
    if node.code is not None:
        text = node.code.text
        if not SHAPES[block.system].fullmatch(text):
            raise misspelt(text, (block.system,), node.code)
        on = max(filter(None, (names.on, window.start)), default=None)
        check_code(names.codes, block.system, text, on, node.code)
    return Phrase(
        node.phrase.text,
        block.system,
        node.code.text if node.code else "",
        node.words.text if node.words else "",
        tuple(dict.fromkeys(part.text for part in node.with_)),
        node.capitals,
        window,
        names.pack,
        f"{names.pack}/{block.name.text}",
        cites,
    )


def _dictionary(
    node: s.DictionaryNode,
    block: s.VocabularyBlock,
    files: Mapping[str, bytes],
    faults: list[Diagnostic],
) -> list[s.PhraseNode]:
    """The phrases of a CSV file; its bad lines go to ``faults``. Raises ``Fault`` for a missing or
    changed file, and for one that is no dictionary."""
    data = table_file(node.file, node.sha256, f"vocabulary `{block.name.text}`", block.name, files)
    name = node.file.text
    try:
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise fault(
            "CW0508", node.file.span, f"`{name}` cannot be read: {error}", "save it as CSV in UTF-8"
        ) from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    strange = [cell for cell in header if cell not in COLUMNS]
    if "phrase" not in header or strange:
        lacking = f"`{name}` has no column `phrase`"
        raise fault(
            "CW0508",
            node.file.span,
            f"`{name}` has a column `{strange[0]}`" if strange else lacking,
            separated(header)
            or (did_you_mean(strange[0], COLUMNS) if strange else "")
            or f"a dictionary has the columns {', '.join(COLUMNS)}",
        )
    out: list[s.PhraseNode] = []
    bad: list[Diagnostic] = []
    for number, cells in enumerate(lines[1:], start=2):
        if any(cell.strip() for cell in cells):
            try:
                out.append(_line(header, cells, Span(name, number, 1, number, 2), name))
            except Fault as error:
                bad.append(error.diagnostic)
    if len(bad) > MOST_LINES:
        left = len(bad) - MOST_LINES + 1
        bad = bad[: MOST_LINES - 1]
        more = f"{left} more lines of `{name}` cannot be read"
        bad.append(fault("CW0508", node.file.span, more, "correct the others first").diagnostic)
    faults += bad
    return out


def _line(header: list[str], cells: list[str], place: Span, name: str) -> s.PhraseNode:
    if len(cells) != len(header):
        raise fault(
            "CW0508",
            place,
            f"{len(cells)} cells stand in a line of `{name}`, {len(header)} in its first",
        )
    row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
    code, words = row.get("code", ""), row.get("words", "")
    if bool(code) == bool(words):
        raise fault(
            "CW0508",
            place,
            f"line {place.line} of `{name}` gives {'both' if code else 'neither'} code "
            f"{'and' if code else 'nor'} words",
            "a phrase means a code, or stands for other words",
        )
    capitals = row.get("capitals", "").lower()
    if capitals not in ("", "no", "yes"):
        raise fault("CW0508", place, f"`capitals` is yes or no in line {place.line} of `{name}`")
    return s.PhraseNode(
        s.Quoted(row["phrase"], place),
        capitals == "yes",
        s.CodeValue(code, "", place) if code else None,
        s.Quoted(words, place) if words else None,
        tuple(
            s.Quoted(part.strip(), place)
            for part in row.get("notes_with", "").split(";")
            if part.strip()
        ),
        place,
    )


def meanings(
    phrases: list[Placed], extends: Mapping[str, tuple[str, ...]], faults: list[Diagnostic]
) -> tuple[Phrase, ...]:
    """All phrases in one order.

    One phrase in one kind of note cannot mean two things at a time, unless one pack extends the
    other: then what it says holds. ``phrases`` of extended packs come first.
    """
    kept: dict[tuple[object, ...], list[Placed]] = {}
    for item in phrases:
        phrase = item.phrase
        words = tuple(words_of(phrase.text))
        others = kept.setdefault((phrase.system, words, frozenset(phrase.needs)), [])
        left: list[Placed] = []
        for other in others:
            if not meet(phrase.window, other.phrase.window):
                left.append(other)
            elif other.phrase.pack in extends.get(phrase.pack, ()):
                parts = outside(other.phrase.window, phrase.window)
                left += [Placed(replace(other.phrase, window=part), other.span) for part in parts]
            else:
                left.append(other)
                faults.append(
                    fault(
                        "CW0203",
                        item.span,
                        f"`{phrase.text}` is given a meaning twice",
                        "keep one of them, or let their dates follow each other",
                        (Related(other.span, "the first stands here"),),
                    ).diagnostic
                )
        others[:] = [*left, item]
    found = (item.phrase for items in kept.values() for item in items)
    return tuple(sorted(found, key=lambda p: (p.system, p.text, p.vocabulary, p.needs, str(p))))
