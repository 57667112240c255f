"""Lints on the reasons that decisions print."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codewarrant.dsl import syntax as s
from codewarrant.dsl.lints.finding import Finding, Subject, walk
from codewarrant.dsl.types import fields_of
from codewarrant.engine import program as p
from codewarrant.engine.values import Intervals, merge, overlap
from codewarrant.schema import SINGLE

FILLED = re.compile(r"\{[^{}]*\}")
DIAGNOSIS_CODE = re.compile(r"\b[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![\w.]*\w)")


def because_without_variable(subject: Subject) -> Iterator[Finding]:
    """A field written into a reason without braces: it is printed as it stands."""
    for block in subject.pack.blocks:
        if not isinstance(block, s.RuleBlock | s.OverrideBlock):
            continue
        variables: dict[str, str] = {name: name for name in SINGLE}
        source = block
        if isinstance(block, s.OverrideBlock):
            base = subject.rule(block.pack.text, block.target.text)
            source = base.block if base else None
        if isinstance(source, s.RuleBlock):
            variables |= {
                item.var.text: item.entity
                for item in source.binders
                if isinstance(item, s.Scope) and item.var
            }
        known = {
            f"{name}.{field}" for name, entity in variables.items() for field in fields_of(entity)
        }
        for text in _reasons(block):
            bare = re.findall(r"(?<![\w.-])[a-z][\w-]*\.[a-z]\w*", FILLED.sub(" ", text.text))
            for word in sorted(known.intersection(bare)):
                yield Finding(
                    block,
                    text.span,
                    f"`{word}` is printed as these letters, not as its value",
                    f"write `{{{word}}}`",
                )


def _reasons(block: s.RuleBlock | s.OverrideBlock) -> Iterator[s.Quoted]:
    for node in walk((block.actions, block.exceptions)):
        if isinstance(node, s.ActionNode | s.ExceptionNode) and node.because is not None:
            yield node.because


def because_names_unassigned_code(subject: Subject) -> Iterator[Finding]:
    """An exception whose reason names a code that no rule gives: an exception concludes nothing,
    however its reason reads. Codes that the rule or the exception asks for are fine."""
    written: Intervals | None = None
    for rule in subject.pack.rules:
        for node in rule.block.exceptions:
            words = set(DIAGNOSIS_CODE.findall(FILLED.sub(" ", node.because.text)))
            if not words or node.instead:
                continue
            if written is None:
                written = _written(subject)
            asked = _asked(rule.block, node)
            for word in sorted(words):
                place = (subject.codes.order("icd10cm").exactly(word),)
                status = subject.codes.status("icd10cm", word, subject.pack.names.on)
                if status not in ("valid", "header") or overlap(place, written):
                    continue
                if not any(word.startswith(stem) or stem.startswith(word) for stem in asked):
                    yield Finding(
                        rule.block,
                        node.because.span,
                        f"the reason names `{word}`, which no rule assigns",
                        "an exception only excuses; if it is to give a code, add: "
                        f"instead assign {word}",
                    )


def _written(subject: Subject) -> Intervals:
    """What the rules of all packs can conclude."""
    out: list = []
    for pack in subject.packs:
        for rule in pack.rules:
            actions = [*rule.rule.actions, *(x for e in rule.rule.exceptions for x in e.instead)]
            for action in actions:
                if isinstance(action, p.Assign | p.Replace):
                    out += action.writes
    return merge(tuple(out))


def _asked(block: s.RuleBlock, node: s.ExceptionNode) -> set[str]:
    """The codes that stand in the conditions of a rule and of an exception."""
    found: set[str] = set()
    for item in walk((block.binders, block.when, node.when)):
        if isinstance(item, s.SetItem) and item.kind != "set":
            found |= {item.first, item.last or item.first}
        elif isinstance(item, s.CodeValue):
            found.add(item.text)
    return found
