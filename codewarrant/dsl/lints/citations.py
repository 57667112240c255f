"""Lints on sources: given, in force, and quoted as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Related
from codewarrant.dsl.lints.finding import Finding, Subject, last_day, walk


def no_citation(subject: Subject) -> Iterator[Finding]:
    """A parameter or table without a source. Rules and overrides without one are errors."""
    for block in (*subject.blocks(s.ParameterBlock), *subject.blocks(s.TableBlock)):
        if not block.cites:
            what = "parameter" if isinstance(block, s.ParameterBlock) else "table"
            yield Finding(
                block,
                block.name.span,
                f"the {what} `{block.name.text}` cites nothing",
                'say where it comes from: cites SOURCE "section"',
            )


def expired_source(subject: Subject) -> Iterator[Finding]:
    """A rule in force longer than every source that it cites."""
    for rule in subject.pack.rules:
        ends = []
        for cite in rule.block.cites:
            source = subject.pack.names.sources[cite.source.text][1]
            ends.append((source.effective.end if source.effective else None, cite, source))
        if not ends or any(end is None for end, _, _ in ends):
            continue
        end, cite, source = max(ends, key=lambda item: item[0])
        until = rule.rule.window.end
        if until is None or until > end:
            yield Finding(
                rule.block,
                cite.span,
                f"the rule is in force until {last_day(until) or 'further notice'}, "
                f"but what it cites ended on {last_day(end)}",
                "cite the edition that followed, or end the rule with its source",
                (Related(source.name.span, "the source's dates stand here"),),
            )


def quote_not_in_source(subject: Subject) -> Iterator[Finding]:
    """Quoted words that an attached document does not have.

    Upper and lower case, line ends and typographic signs do not matter; ``…`` stands for words
    left out.
    """
    texts = {digest: _plain(text) for digest, text in subject.documents.items()}
    for block in subject.pack.blocks:
        for cite in (item for item in walk(block) if isinstance(item, s.Cite)) if texts else ():
            found = subject.pack.names.sources.get(cite.source.text)
            text = texts.get(found[1].sha256) if found else None
            if found is None or text is None or not cite.quote:
                continue
            at = 0
            for part in re.split(r"\s*(?:\.\.\.|…)\s*", _plain(cite.quote)):
                at = text.find(part, at)
                if at < 0:
                    yield Finding(
                        block,
                        cite.span,
                        f"`{found[1].name.text}` does not have these words",
                        "quote it word for word; write `…` for words left out",
                    )
                    break
                at += len(part)


SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
)
"""Typographic apostrophes, quotation marks and dashes, and the plain signs for them."""


def _plain(text: str) -> str:
    return " ".join(text.translate(SIGNS).replace("\u00ad", "").casefold().split())
