"""Lints on overrides and on the packs of payers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codewarrant.dsl import syntax as s
from codewarrant.dsl.lints.finding import Finding, Subject, disjoint, walk
from codewarrant.dsl.overrides import ParameterChange

OF_DIAGNOSES = frozenset(("remove", "assign", "omit", "replace", "sequence"))
"""Actions that change which diagnoses are reported, or their order."""


def stale_override(subject: Subject) -> Iterator[Finding]:
    """An override whose days are none of the rule's. One written for another version of the rule is
    an error of the check."""
    blocks = {block.span: block for block in subject.blocks(s.OverrideBlock)}
    for change in subject.pack.changes:
        block = blocks.get(change.span)
        if block is None or isinstance(change, ParameterChange):
            continue
        base = subject.rule(*change.rule.split("/", 1))
        if base is not None and disjoint(base.rule.window, change.window):
            yield Finding(
                block,
                block.target.span,
                f"`{block.target.text}` is not in force on any day of this override",
                "remove the override, or correct its dates",
            )


def payer_changes_diagnosis(subject: Subject) -> Iterator[Finding]:
    """A pack that applies to some payers only and changes what is diagnosed: the guidelines of the
    national code set bind payers, too."""
    applies = subject.pack.block.applies
    if not any(isinstance(x, s.Ref) and x.parts[0].text == "payer" for x in walk(applies)):
        return
    for block in subject.pack.blocks:
        if isinstance(block, s.RuleBlock):
            instead = [x for item in block.exceptions for x in item.instead]
            yield from _changes(block, [*block.actions, *instead])
        elif isinstance(block, s.OverrideBlock) and block.kind != "set":
            base = subject.rule(block.pack.text, block.target.text)
            if base and any(x.kind in OF_DIAGNOSES for x in base.block.actions):
                yield _finding(block, block.target, "this override changes what is diagnosed")
            else:
                instead = [x for item in block.exceptions for x in item.instead]
                yield from _changes(block, [*block.actions, *instead])


def _changes(block: s.BlockNode, actions: Iterable[s.ActionNode]) -> Iterator[Finding]:
    for action in actions:
        if action.kind in OF_DIAGNOSES:
            yield _finding(
                block, action, f"for one payer only, this would {action.kind} a diagnosis"
            )
            return


def _finding(block: s.BlockNode, place: s.Name | s.ActionNode, message: str) -> Finding:
    return Finding(
        block,
        place.span,
        message,
        "use edits, requirements and modifiers; where a contract asks for it all the same, write "
        'into the block: lint payer-changes-diagnosis off because "…"',
    )
