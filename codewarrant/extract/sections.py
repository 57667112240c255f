"""Sections of a note: headings recognised by a table, and what kind of section each opens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from codewarrant.extract.tables import Tables

LINE = re.compile(r"[^\n\r\f\v\x85\u2028\u2029]+")
LABEL = re.compile(r"\s*(?:#{1,6}\s*|\*{1,2}|[-•]\s+)?(?P<name>[^\n:]{1,60}?)\s*(?:\*{1,2})?\s*:")
OWN_LINE = re.compile(
    r"\s*(?P<mark>#{1,6}\s*|\*{2}|={2,}\s*)?(?P<name>[^\n]{1,60}?)\s*(?:\*{2}|={2,})?\s*$"
)
FOLDED = re.compile(r"[\s_]+")


class Section(NamedTuple):
    """A stretch of a note, its heading included, of one kind; ``body`` is where its text starts."""

    begin: int
    end: int
    body: int
    kind: str


@dataclass(frozen=True)
class SectionKind:
    """Rank in the order of documentation (lower is told first) and the context it gives."""

    rank: int
    temporality: str
    experiencer: str


PROBLEMS = frozenset(
    (
        "assessment",
        "assessment and plan",
        "discharge diagnosis",
        "hospital course",
        "impression",
        "plan",
        "problem list",
    )
)
"""Sections in which "# Pneumonia" on a line of its own names a problem and opens no section."""

UNTITLED = SectionKind(11, "", "")
"""Text under no heading, or under one that is not in the table."""


@dataclass(frozen=True)
class SectionRules:
    """Headings (folded) to kinds, and kinds to their context."""

    headings: Mapping[str, str]
    kinds: Mapping[str, SectionKind]

    def of(self, kind: str) -> SectionKind:
        """The rank and context of a kind; unknown kinds give none."""
        return self.kinds.get(kind, UNTITLED)

    def kind_of_heading(self, text: str) -> str | None:
        """The kind that a heading opens, or None for words that are no known heading."""
        return self.headings.get(_folded(text))


def _folded(text: str) -> str:
    return FOLDED.sub(" ", text).strip(" .:*#=-–—").lower()


def section_rules(tables: Tables) -> SectionRules:
    """Rules of ``sections.tsv`` and ``section_kinds.tsv``; ``ValueError`` for a bad rank."""
    return SectionRules(
        {_folded(row["heading"]): row["kind"] for row in tables["sections"].dicts()},
        {
            row["kind"]: SectionKind(int(row["rank"]), row["temporality"], row["experiencer"])
            for row in tables["section_kinds"].dicts()
        },
    )


def find_sections(text: str, rules: SectionRules, note_kind: str = "") -> list[Section]:
    """Cut a note into sections that follow each other and cover it.

    A heading stands at the start of a line: on a line of its own (with markdown marks, or a known
    heading in any case), or before a colon. The kind of the note itself (``IMPRESSION`` as a
    document type) names the section of what stands before the first heading.
    """
    opened = rules.kind_of_heading(note_kind) or ""
    starts: list[tuple[int, int, str]] = [(0, 0, opened)]
    for line in LINE.finditer(text):
        found = _heading(line.group(), rules)
        if found is not None:
            kind, body = found
            if not kind and starts[-1][2] in PROBLEMS and line.group().lstrip().startswith("#"):
                continue
            starts.append((line.start(), line.start() + body, kind))
    out: list[Section] = []
    for index, (begin, body, kind) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(text)
        if end > begin or (index == 0 and not text):
            out.append(Section(begin, end, body, kind))
    return out


def _heading(line: str, rules: SectionRules) -> tuple[str, int] | None:
    """The kind that a line opens and where its text goes on, or None."""
    label = LABEL.match(line)
    if label:
        kind = rules.kind_of_heading(label["name"])
        bulleted = line.lstrip()[:1] in ("-", "•")
        if kind is not None and not (bulleted and line[label.end() :].strip()):
            return kind, label.end()
        name = label["name"].strip()
        if kind is None and name.isupper() and len(name) > 3 and not line[label.end() :].strip():
            return "", label.end()
        return None
    own = OWN_LINE.match(line)
    if own is None:
        return None
    kind = rules.kind_of_heading(own["name"])
    if kind is not None and (own["mark"] or _stands_alone(own["name"])):
        return kind, len(line)
    if kind is None and (own["mark"] or "").startswith("#"):
        return "", len(line)
    return None


def _stands_alone(name: str) -> bool:
    """Whether words without marks are written as a heading: capitals, or each word capitalised."""
    first = name.lstrip()[:1]
    return bool(first) and (name.isupper() or first.isupper()) and not name.rstrip().endswith(".")
