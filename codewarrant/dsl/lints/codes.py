"""Lints on codes and sets of codes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from codewarrant.dsl import syntax as s
from codewarrant.dsl.blocks import TOKEN
from codewarrant.dsl.lints.finding import Finding, Subject, last_day, walk
from codewarrant.dsl.sets import systems_named
from codewarrant.dsl.types import by_date, system_of
from codewarrant.engine.values import Intervals, covers

WORD = re.compile(r"[a-z][a-z0-9_]*(?:-[a-z0-9_]+)*")


def unused_value_set(subject: Subject) -> Iterator[Finding]:
    """A set that neither its pack nor one that extends it names. A pack without rules is a stock of
    sets for others, and not looked at."""
    if not subject.pack.rules:
        return
    users = [item for item in subject.packs if subject.pack.name in item.extends]
    words: Counter[str] = Counter()
    for pack in (subject.pack, *users):
        for name in pack.source.rule_files:
            text = pack.source.files[name].decode("utf-8-sig")
            words.update(WORD.findall(TOKEN.sub(" ", text)))
    for block in subject.blocks(s.ValueSetBlock):
        if words[block.name.text] < 2:
            yield Finding(
                block,
                block.name.span,
                f"the value set `{block.name.text}` is used nowhere",
                "remove it, or use it",
            )


def dead_code(subject: Subject) -> Iterator[Finding]:
    """A code of a set that ends, or begins, so that the set is wrong on some of its days.

    Codes that had ended before are errors of the check. A code that ends later is fine where some
    successor stands in the set, too.
    """
    pack = subject.pack.block.effective
    if pack is None:
        return
    for block in subject.blocks(s.ValueSetBlock):
        held = subject.pack.names.sets[block.name.text].codes
        for version in block.versions:
            start = max(filter(None, (pack.start, version.start)))
            ends = [day for day in (pack.end, version.end) if day is not None]
            days = (start, last_day(min(ends)) if ends else None)
            for item in version.codes.items:
                yield from _dead(subject, block, item, systems_named(block.system), days, held)
    for rule in subject.pack.rules:
        days = (rule.rule.window.start or pack.start, last_day(rule.rule.window.end))
        for node in walk((rule.block.binders, rule.block.when, rule.block.exceptions)):
            if isinstance(node, s.CodeSet):
                systems = by_date(("icd10cm", "icd9cm"), subject.pack.names.on)
                held = _intervals(subject, node)
                for item in node.items:
                    yield from _dead(subject, rule.block, item, systems, days, held)


def _intervals(subject: Subject, node: s.CodeSet) -> Intervals:
    return tuple(
        subject.codes.order(system).under(item.first)
        for item in node.items
        for system in ("icd10cm", "icd9cm")
        if item.kind in ("code", "star", "descendants")
    )


def _dead(
    subject: Subject,
    block: s.BlockNode,
    item: s.SetItem,
    systems: tuple[str, ...],
    days: tuple[date, date | None],
    held: Intervals,
) -> Iterator[Finding]:
    first, last = days
    system = system_of(item.first, systems)
    if not system or item.kind not in ("code", "star", "descendants"):
        return
    codes = subject.codes
    if item.kind == "descendants" and codes.descendants(system, item.first) == ():
        yield Finding(
            block,
            item.span,
            f"no code stands under `{item.first}`",
            f"for the code itself write `{item.first}`",
        )
        return
    if last is None or last < first:
        return
    before, after = (codes.status(system, item.first, day) for day in (first, last))
    if after == "not yet in force":
        yield Finding(
            block,
            item.span,
            f"`{item.first}` is not yet in force on {last}, the last day that counts here",
            "look whether the dates or the code are meant otherwise",
        )
    elif item.kind == "code" and before == "valid" and after in ("ended", "header"):
        successors = codes.successors(system, item.first)
        order = codes.order(system)
        if successors and not any(covers(held, (order.exactly(x),)) for x in successors):
            named = ", ".join(f"`{x}`" for x in successors)
            yield Finding(
                block,
                item.span,
                f"`{item.first}` ends before {last}, and nothing that follows it is in the set",
                f"it is followed by {named}: add it, or give the set dated versions",
            )
