"""Lints on examples: that there are some, and that nobody real is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codewarrant.dsl import syntax as s
from codewarrant.dsl.lints.finding import Finding, Subject, walk

QUIET = frozenset(
    (
        "does_not_fire", "rule does_not_fire", "rule excused", "rule undetermined",
        "rule suspended", "no_review", "no_conflict", "no_query", "not_denied", "code_is_not",
        "reports_nothing",
    )
)  # fmt: skip
"""Expectations that a rule meets without firing."""


def missing_example(subject: Subject) -> Iterator[Finding]:
    """A rule that no example and no test shows firing."""
    tested = {
        outcome.words[0].rsplit("/", 1)[-1]
        for pack in subject.packs
        for case in pack.cases
        for outcome in case.example.outcomes
        if outcome.kind == "rule fires"
    }
    for rule in subject.pack.rules:
        block = rule.block
        shown = any(
            outcome.kind not in QUIET for example in block.examples for outcome in example.outcomes
        )
        if not shown and block.name.text not in tested:
            yield Finding(
                block,
                block.name.span,
                f"no example shows the rule `{block.name.text}` firing"
                if block.examples
                else f"the rule `{block.name.text}` has no example",
                "add a chart on which it acts, and one on which it does not",
            )


PERSONAL = (
    (re.compile(r"\b\d{3}-\d{2}-\d{4}\b"), "a social security number"),
    (re.compile(r"(?<![\d-])\(?\d{3}\)?[-. ]\d{3}[-.]\d{4}\b"), "a telephone number"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "an e-mail address"),
    (
        re.compile(r"\b(?:MRN|medical record (?:number|no\.?))\W{0,3}\w*\d{3,}", re.I),
        "a record number",
    ),
    (
        re.compile(r"\b(?:DOB|birth|born)\b[^.\d]{0,12}\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", re.I),
        "a date of birth",
    ),
    (re.compile(r"\b(?:Mr|Mrs|Ms|Miss)\b\.? [A-Z][a-z]+"), "the name of a person"),
    (
        re.compile(r"\b\d{1,5} [A-Z][a-z]+ (?:Street|St|Avenue|Ave|Road|Rd|Drive|Lane|Blvd)\b"),
        "a street address",
    ),
)  # fmt: skip


def patient_data_in_example(subject: Subject) -> Iterator[Finding]:
    """A text of an example or test that looks as if copied from a real record. The text itself is
    not repeated in the message."""
    for block in subject.pack.blocks:
        if isinstance(block, s.RuleBlock):
            examples = block.examples
        elif isinstance(block, s.TestBlock):
            examples = (block.example,)
        else:
            continue
        for example in examples:
            for span, text in _texts(example):
                for pattern, what in PERSONAL:
                    if pattern.search(text):
                        yield Finding(
                            block,
                            span,
                            f"this looks like {what}",
                            "examples are invented: no words of a real record stand in a rulepack",
                        )
                        break


def _texts(example: s.Example) -> Iterator[tuple]:
    yield example.span, example.title
    for node in walk(example.given):
        if isinstance(node, s.NoteNode):
            yield node.span, node.text
        elif isinstance(node, s.FactNode):
            for name, values, _ in node.fields:
                for value in values:
                    if isinstance(value, s.Quoted):
                        yield name.span, value.text
