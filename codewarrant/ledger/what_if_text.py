"""What would have to be different, as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from codewarrant.ledger.explain_text import INDENT
from codewarrant.ledger.what_if import Trial, WhatIf


def render_what_if(found: WhatIf) -> str:
    """The smallest sets of changes, each marked as supposed: nothing of it is in the record."""
    lines = ["what would have to be different (supposed, not in the record):"]
    if found.stated is not None:
        lines += [f"{INDENT}{line}" for line in _stated(found.stated)]
    for place, trial in enumerate(found.found):
        lines += [f"{INDENT}{line}" for line in _trial(trial, "or suppose" if place else "suppose")]
    if found.of > len(found.found):
        lines.append(f"{INDENT}{found.of - len(found.found)} more sets of this size do it.")
    if found.note:
        lines.append(f"{INDENT}{found.note}")
    return "\n".join(INDENT + line for line in lines)


def _stated(trial: Trial) -> Iterator[str]:
    then = "it would be reported" if trial.reached else "it would not be reported either"
    yield f"if the record itself stated it: {then}"
    yield from _consequences(trial)


def _trial(trial: Trial, word: str) -> Iterator[str]:
    for place, change in enumerate(trial.changes):
        yield f"{'and' if place else word}: {change.text}"
    for rule in trial.rules:
        yield f"{INDENT}then fires: {rule.rule} {rule.version}"
        if rule.title:
            yield f"{INDENT * 2}{rule.title}"
        for cite in rule.backing:
            yield f"{INDENT * 2}backing: {cite}"
    yield from _consequences(trial)


def _consequences(trial: Trial) -> Iterator[str]:
    if trial.stopped:
        yield f"{INDENT}no longer fires: {', '.join(trial.stopped)}"
    if trial.displaced:
        yield f"{INDENT}no longer reported: {', '.join(trial.displaced)}"
    if trial.added:
        yield f"{INDENT}reported as well: {', '.join(trial.added)}"
