"""The extractor as spaCy components, so that a site can put them in a pipeline of its own.

``codewarrant_sections`` and ``codewarrant_sentences`` set SpanGroups of those names,
``codewarrant_mentions`` the SpanGroup ``codewarrant_mentions``. A span's label is the section's
kind or the mention's code; ``span._.codewarrant`` holds what was found. All of them work on any
tokenizer: spans are widened to whole tokens, while the passages keep their exact offsets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from codewarrant.extract.read import Reader
from codewarrant.extract.sections import find_sections, section_rules
from codewarrant.extract.sentences import find_sentences, sentence_abbreviations
from codewarrant.extract.tables import load_tables
from codewarrant.schema import Note

SECTIONS, SENTENCES, MENTIONS = (
    "codewarrant_sections",
    "codewarrant_sentences",
    "codewarrant_mentions",
)
LONGEST_TEXT = 10_000_000
"""Characters; spaCy's own limit is meant for its parser, which is not used."""


def _extensions() -> None:
    if not Span.has_extension("codewarrant"):
        Span.set_extension("codewarrant", default=None)
    if not Doc.has_extension("codewarrant_kind"):
        Doc.set_extension("codewarrant_kind", default="")
    if not Doc.has_extension("codewarrant_reading"):
        Doc.set_extension("codewarrant_reading", default=None)


def _span(doc: Doc, begin: int, end: int, label: str, found: Any) -> Span | None:
    span = doc.char_span(begin, end, label=label, alignment_mode="expand")
    if span is not None:
        span._.codewarrant = found
    return span


@Language.factory(SECTIONS)
def make_sections(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """Sections by ``sections.tsv``; ``doc._.codewarrant_kind`` is the note's kind."""
    _extensions()
    rules = section_rules(load_tables())

    def sections(doc: Doc) -> Doc:
        found = find_sections(doc.text, rules, doc._.codewarrant_kind)
        spans = [_span(doc, item.begin, item.end, item.kind, item) for item in found]
        doc.spans[SECTIONS] = [span for span in spans if span is not None]
        return doc

    return sections


@Language.factory(SENTENCES)
def make_sentences(nlp: Language, name: str) -> Callable[[Doc], Doc]:
    """Sentences by rules; spaCy's own sentence marks are left alone."""
    _extensions()
    abbreviations = sentence_abbreviations(load_tables())

    def sentences(doc: Doc) -> Doc:
        found = find_sentences(doc.text, abbreviations)
        spans = [_span(doc, begin, end, "", (begin, end)) for begin, end in found]
        doc.spans[SENTENCES] = [span for span in spans if span is not None]
        return doc

    return sentences


class Mentions:
    """Mentions in context. The lexicon is given with :meth:`load` before the first text."""

    def __init__(self) -> None:
        self._reader: Reader | None = None

    def load(self, reader: Reader) -> None:
        """Use this reader from now on."""
        self._reader = reader

    def __call__(self, doc: Doc) -> Doc:
        if self._reader is None:
            raise ValueError(f"{MENTIONS} has no lexicon: call load(reader) first")
        note = Note(source="text", path="", digest="", text=doc.text, kind=doc._.codewarrant_kind)
        reading = self._reader.read([note])
        doc._.codewarrant_reading = reading
        spans = []
        for mention in sorted(reading.mentions, key=lambda m: (m.evidence[0].begin or 0, m.code)):
            place = mention.evidence[0]
            spans.append(_span(doc, place.begin or 0, place.end or 0, mention.code.value, mention))
        doc.spans[MENTIONS] = [span for span in spans if span is not None]
        return doc


@Language.factory(MENTIONS)
def make_mentions(nlp: Language, name: str) -> Mentions:
    """A :class:`Mentions` component, still without its lexicon."""
    _extensions()
    return Mentions()


def pipeline(reader: Reader) -> Language:
    """A blank English pipeline with all components, ready to read."""
    nlp = spacy.blank("en")
    nlp.max_length = LONGEST_TEXT
    for name in (SECTIONS, SENTENCES, MENTIONS):
        nlp.add_pipe(name)
    component: Any = nlp.get_pipe(MENTIONS)
    component.load(reader)
    return nlp
