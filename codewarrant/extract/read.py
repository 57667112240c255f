"""Reading a chart's notes and display texts: mentions in context, findings and sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata

from codewarrant.engine.canonical import digest
from codewarrant.engine.facts import Evidence
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import Code
from codewarrant.extract.context import Context, Scope, context_of, context_rules, find_scopes
from codewarrant.extract.findings import Found, Known, find_findings, organisms, side_of
from codewarrant.extract.lexicon import Lexicon
from codewarrant.extract.links import Condition, infection_ranges
from codewarrant.extract.match import Hit, find_hits
from codewarrant.extract.medications import medications
from codewarrant.extract.sections import Section, find_sections, section_rules
from codewarrant.extract.sentences import find_sentences, sentence_abbreviations
from codewarrant.extract.tables import Tables, load_tables
from codewarrant.extract.words import Token
from codewarrant.schema import Finding, Mention, Note, Unread

READER_FORMAT = "2"
"""Raised when the same tables would be read differently by changed code."""

SPACY = metadata.version("spacy")
"""Told without an import, which would take longer than the decision of a claim."""

SEMANTIC_TAG = re.compile(
    r"\s*\((?:disorder|finding|situation|procedure|morphologic abnormality|event|observable entity"
    r"|body structure|qualifier value|person|context-dependent category|regime/therapy)\)\s*$"
)
DISPLAY_RANK = 18
MOST_TOKENS = 256
"""A longer sentence is no sentence; it is read in parts, so that time stays in proportion."""
PRESENT_REASON = frozenset({"chief complaint", "indication", "history of present illness", ""})
STATUS_PAST = frozenset({"resolved", "inactive", "remission"})
STAY = frozenset({"discharge diagnosis", "hospital course"})
RESOLVED = frozenset({"resolved", "resolution", "cleared", "healed"})
CERTAINTIES = ("confirmed", "probable", "suspected", "ruled out")
"""From the surest; of two statements about one mention the less sure one holds."""


@dataclass(frozen=True)
class Reading:
    """What notes and displays say, each tuple in one order fixed by content."""

    mentions: tuple[Mention, ...]
    findings: tuple[Finding, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class ReadSentence:
    """One sentence of a text: its section, its tokens, and the scopes of its cues."""

    section: Section
    begin: int
    end: int
    tokens: tuple[Token, ...]
    scopes: tuple[Scope, ...]


def reader_version(lexicon: Lexicon, tables: Tables | None = None) -> str:
    """What the reading of a note depends on: our tables, the lexicon, spaCy, Unicode."""
    used = tables or load_tables()
    return digest(
        {
            "format": READER_FORMAT,
            "tables": used.digest,
            "lexicon": lexicon.digest,
            "spacy": SPACY,
            "unicode": unicodedata.unidata_version,
        }
    )


class Reader:
    """Reads notes with one lexicon. Built once; holds no state between notes."""

    def __init__(self, lexicon: Lexicon, tables: Tables | None = None) -> None:
        used = tables or load_tables()
        self.lexicon = lexicon
        self.version = reader_version(lexicon, used)
        self.speller = used.speller
        self.section_rules = section_rules(used)
        self.abbreviations = sentence_abbreviations(used)
        self.context_rules = context_rules(used, used.speller)
        self.infections = infection_ranges(used)
        self.known = Known(
            organisms(used, used.speller), medications(used, used.speller), self._sepsis()
        )
        self.lasting = _lasting(used)

    def read(self, notes: Sequence[Note], displays: Sequence[Unread] = ()) -> Reading:
        """All mentions, findings and sentences of the notes, and the mentions of the displays."""
        mentions: list[Mention] = []
        findings: list[Finding] = []
        sentences: list[Sentence] = []
        read = [(note, self.sentences(note.text, note.kind)) for note in notes]
        # of one visit: what one document leaves open ("reflux") another's words decide ("kidneys")
        words = _words(sentence for _, found in read for sentence in found)
        for note, found in read:
            for sentence in found:
                hits = self.hits(note.text, sentence, words)
                mentions.extend(self._note_mentions(note, sentence, hits))
                findings.extend(self._note_findings(note, sentence, hits))
                sentences.append(
                    Sentence(
                        note.source,
                        sentence.begin,
                        sentence.end,
                        tuple(token.fold for token in sentence.tokens if token.lemma),
                        sentence.section.kind,
                    )
                )
        for display in displays:
            mentions.extend(self._display_mentions(display))
        return Reading(
            tuple(sorted(mentions, key=_mention_key)),
            tuple(sorted(findings, key=_finding_key)),
            tuple(sorted(sentences, key=lambda s: (s.source, s.begin, s.end, s.words))),
        )

    def sentences(self, text: str, kind: str = "") -> list[ReadSentence]:
        """Sections and sentences of a text with their tokens and scopes; headings are left out."""
        out: list[ReadSentence] = []
        for section in find_sections(text, self.section_rules, kind):
            for begin, end in find_sentences(text, self.abbreviations, section.body, section.end):
                tokens = tuple(self.speller.tokens(text, begin, end))
                for first in range(0, len(tokens), MOST_TOKENS):
                    part = tokens[first : first + MOST_TOKENS]
                    scopes = _in_stay(find_scopes(part, self.context_rules), part, section.kind)
                    out.append(ReadSentence(section, part[0].begin, part[-1].end, part, scopes))
        return out

    def hits(self, text: str, sentence: ReadSentence, words: frozenset[str]) -> list[Hit]:
        """The lexicon's matches in one sentence."""
        return find_hits(sentence.tokens, self.lexicon, words, text)

    def context(self, sentence: ReadSentence, begin: int, end: int, code: Code | None) -> Context:
        """The context of tokens ``begin:end``, from its cues and its section.

        A lifelong condition is not past because a history names it; a symptom told as the present
        reason for care is not past because it is "a history of".
        """
        said = context_of(begin, end, sentence.scopes)
        kind = self.section_rules.of(sentence.section.kind)
        temporality = said.temporality
        only_history = said.history or temporality == "current"
        if temporality == "current" and kind.temporality:
            temporality = kind.temporality
        if temporality == "historical" and only_history and code is not None:
            lasting = self._lasts(code)
            lifelong = lasting == "lifelong" and self._only_told_as_history(sentence, begin, end)
            reason = lasting == "symptom" and sentence.section.kind in PRESENT_REASON
            if lifelong or reason:
                temporality = "current"
        experiencer = said.experiencer
        about_family = sentence.section.kind == "family history" and not _names_family(
            sentence.tokens[begin:end]
        )
        if about_family:
            experiencer = "family"
        return Context(said.polarity, said.certainty, temporality, experiencer, said.history)

    def _only_told_as_history(self, sentence: ReadSentence, begin: int, end: int) -> bool:
        """No cue but a wording like "history of" makes the passage past."""
        for scope in sentence.scopes:
            edge = end - 1 if scope.backward else begin
            if scope.value != "historical" or not scope.begin <= edge < scope.end:
                continue
            words = [token.fold for token in sentence.tokens[scope.at[0] : scope.at[1]]]
            if scope.backward or not {"history", "hx", "h", "pmh", "pmhx", "diagnosed"} & set(
                words
            ):
                return False
        return True

    def _lasts(self, code: Code) -> str:
        flat = code.value.replace(".", "")
        for system, first, last, kind in self.lasting:
            if system == code.system and first <= flat[: len(first)] and flat[: len(last)] <= last:
                return kind
        return ""

    def _note_mentions(
        self, note: Note, sentence: ReadSentence, hits: Sequence[Hit]
    ) -> Iterable[Mention]:
        for hit in hits:
            code = self.lexicon.codes[hit.code]
            context = self.context(sentence, hit.begin, hit.end, code)
            begin, end = sentence.tokens[hit.begin].begin, sentence.tokens[hit.end - 1].end
            yield Mention(
                code=code,
                phrase=note.text[begin:end],
                polarity=context.polarity,  # pyright: ignore[reportArgumentType]
                certainty=context.certainty,  # pyright: ignore[reportArgumentType]
                temporality=context.temporality,  # pyright: ignore[reportArgumentType]
                experiencer=context.experiencer,  # pyright: ignore[reportArgumentType]
                section=sentence.section.kind,
                source="note",
                side=side_of(note.text, sentence.tokens, hit.begin, hit.end),  # pyright: ignore[reportArgumentType]
                term=hit.term,
                exact=hit.exact,
                evidence=(_passage(note, begin, end),),
                order=self._order(note, sentence, begin),
            )

    def _note_findings(
        self, note: Note, sentence: ReadSentence, hits: Sequence[Hit]
    ) -> Iterable[Finding]:
        kind = self.section_rules.of(sentence.section.kind)
        section = Context(
            temporality=kind.temporality or "current", experiencer=kind.experiencer or "patient"
        )
        found: list[Found] = find_findings(
            note.text, sentence.tokens, sentence.scopes, self.known, section, self._conditions(hits)
        )
        for item in found:
            begin, end = sentence.tokens[item.begin].begin, sentence.tokens[item.end - 1].end
            yield Finding(
                kind=item.kind,
                value=item.value,
                text=item.text,
                dependent=item.dependent,
                temporary=item.temporary,
                about=item.about,
                due_to=item.due_to,
                evidence=(_passage(note, begin, end),),
                order=self._order(note, sentence, begin),
            )

    def _conditions(self, hits: Sequence[Hit]) -> list[Condition]:
        codes = self.lexicon.codes
        return [
            Condition(hit.begin, hit.end, codes[hit.code], self.infections.kinds(codes[hit.code]))
            for hit in hits
        ]

    def _sepsis(self) -> Code | None:
        """The code of sepsis of which nothing more is said, in this lexicon's code set."""
        hits = find_hits(self.speller.tokens("sepsis"), self.lexicon, frozenset(), "sepsis")
        return self.lexicon.codes[hits[0].code] if hits else None

    def _order(self, note: Note, sentence: ReadSentence, begin: int) -> tuple[int | str, ...]:
        day = note.date.isoformat() if note.date else ""
        return (day, note.source, self.section_rules.of(sentence.section.kind).rank, begin)

    def _display_mentions(self, display: Unread) -> Iterable[Mention]:
        text = SEMANTIC_TAG.sub("", display.display)
        found = self.sentences(text)
        words = _words(found)
        for sentence in found:
            for hit in self.hits(text, sentence, words):
                code = self.lexicon.codes[hit.code]
                context = self.context(sentence, hit.begin, hit.end, code)
                begin, end = sentence.tokens[hit.begin].begin, sentence.tokens[hit.end - 1].end
                past = display.clinical_status in STATUS_PAST
                yield Mention(
                    code=code,
                    phrase=text[begin:end],
                    polarity=context.polarity,  # pyright: ignore[reportArgumentType]
                    certainty=_less_sure(context.certainty, display.certainty),  # pyright: ignore[reportArgumentType]
                    temporality="historical"  # pyright: ignore[reportArgumentType]
                    if past and context.temporality == "current"
                    else context.temporality,
                    experiencer=context.experiencer,  # pyright: ignore[reportArgumentType]
                    section="",
                    source="display",
                    side=side_of(text, sentence.tokens, hit.begin, hit.end),  # pyright: ignore[reportArgumentType]
                    term=hit.term,
                    exact=hit.exact,
                    evidence=(Evidence(display.source, display.path, text=display.display),),
                    order=display.order or ("", display.source, DISPLAY_RANK, begin),
                )


def _in_stay(scopes: Sequence[Scope], tokens: Sequence[Token], section: str) -> tuple[Scope, ...]:
    """The scopes without "resolved" where it tells the end of something treated during the stay.

    In a list of discharge diagnoses it does so before and after the diagnosis, in the course of
    the stay only after it: what resolved before the stay is told the other way round.
    """
    if section not in STAY:
        return tuple(scopes)
    return tuple(
        scope
        for scope in scopes
        if not (
            scope.value == "historical"
            and (scope.backward or section == "discharge diagnosis")
            and RESOLVED & {token.fold for token in tokens[scope.at[0] : scope.at[1]]}
        )
    )


def _words(sentences: Iterable[ReadSentence]) -> frozenset[str]:
    return frozenset(token.lemma for one in sentences for token in one.tokens if token.lemma)


def _less_sure(first: str, second: str | None) -> str:
    return max(first, second or "confirmed", key=CERTAINTIES.index)


def _names_family(tokens: Sequence[Token]) -> bool:
    return {"family", "history"} <= {token.lemma for token in tokens}


def _passage(note: Note, begin: int, end: int) -> Evidence:
    return Evidence(note.source, note.path, note.digest, begin, end, note.text[begin:end])


def _lasting(tables: Tables) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(
        (row["system"], row["first"].replace(".", ""), row["last"].replace(".", ""), row["kind"])
        for row in tables["chronic"].dicts()
    )


def _order_key(order: tuple[int | str, ...]) -> tuple[tuple[int, int, str], ...]:
    """Numbers before texts, so that orders of notes and of displays can be compared."""
    return tuple((0, part, "") if isinstance(part, int) else (1, 0, part) for part in order)


def _mention_key(mention: Mention) -> tuple[object, ...]:
    place = mention.evidence[0]
    return (
        _order_key(mention.order),
        place.source,
        place.path,
        place.begin or 0,
        place.end or 0,
        mention.code,
        mention.phrase,
        mention.term,
    )


def _finding_key(finding: Finding) -> tuple[object, ...]:
    place = finding.evidence[0]
    return (
        _order_key(finding.order),
        place.source,
        place.path,
        place.begin or 0,
        place.end or 0,
        finding.kind,
        finding.value or 0,
        finding.text or "",
        str(finding.about or ""),
        tuple(str(code) for code in finding.due_to),
    )
