"""Lint packs: what is allowed but probably not meant. Said only where it is certain.

A pack sets the level of a lint for itself or for one block:
``lint unused-value-set off because "other packs use it"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from codewarrant.dsl import syntax as s
from codewarrant.dsl.check import Checked, CheckedPack
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import LINTS, Diagnostic, did_you_mean
from codewarrant.dsl.lints.citations import expired_source, no_citation, quote_not_in_source
from codewarrant.dsl.lints.codes import dead_code, unused_value_set
from codewarrant.dsl.lints.dates import gap_between_versions, open_ended_date, overlapping_dates
from codewarrant.dsl.lints.finding import Finding, Subject
from codewarrant.dsl.lints.logic import (
    always_false,
    exception_never_reached,
    redundant_guard,
)
from codewarrant.dsl.lints.pairs import fires_both_ways
from codewarrant.dsl.lints.payers import payer_changes_diagnosis, stale_override
from codewarrant.dsl.lints.reasons import because_names_unassigned_code, because_without_variable
from codewarrant.dsl.lints.shadowing import shadowed_by
from codewarrant.dsl.lints.showing import missing_example, patient_data_in_example

Lint = Callable[[Subject], Iterator[Finding]]


def lint_setting(subject: Subject) -> Iterator[Finding]:
    """A setting of a lint that does not exist, or of one that is set already."""
    for block in subject.pack.blocks:
        seen: set[str] = set()
        for item in getattr(block, "lints", ()):
            name = item.name.text
            if name not in LINTS:
                yield Finding(
                    block,
                    item.name.span,
                    f"there is no lint `{name}`",
                    did_you_mean(name, LINTS) or f"there are: {', '.join(sorted(LINTS))}",
                )
            elif name in seen:
                yield Finding(
                    block, item.name.span, f"`{name}` is set twice here", "keep one of them"
                )
            seen.add(name)


ALL: dict[str, Lint] = {
    "always-false": always_false,
    "because-names-unassigned-code": because_names_unassigned_code,
    "because-without-variable": because_without_variable,
    "dead-code": dead_code,
    "exception-never-reached": exception_never_reached,
    "expired-source": expired_source,
    "fires-both-ways": fires_both_ways,
    "gap-between-versions": gap_between_versions,
    "lint-setting": lint_setting,
    "missing-example": missing_example,
    "no-citation": no_citation,
    "open-ended-date": open_ended_date,
    "overlapping-dates": overlapping_dates,
    "patient-data-in-example": patient_data_in_example,
    "payer-changes-diagnosis": payer_changes_diagnosis,
    "quote-not-in-source": quote_not_in_source,
    "redundant-guard": redundant_guard,
    "shadowed-by": shadowed_by,
    "stale-override": stale_override,
    "unused-value-set": unused_value_set,
}
"""Every lint by its name."""

ERRORS = frozenset(("lint-setting", "payer-changes-diagnosis"))
"""Lints that are errors unless a pack says otherwise; all others are warnings."""


def lint_packs(
    checked: Checked, codes: CodeView, documents: Mapping[str, str] | None = None
) -> tuple[Diagnostic, ...]:
    """What the lints find in packs, in order of place. A pack with errors is not looked at: what
    they leave out would mislead.

    ``documents``: the text of attached source documents by the sha256 of their file.
    """
    wrong = {item.span.file for item in checked.diagnostics if item.severity == "error"}
    found: list[Diagnostic] = []
    for pack in checked.packs:
        names = {f"{pack.source.name}/{name}" for name in pack.source.rule_files}
        names |= set(pack.source.rule_files) if len(checked.packs) == 1 else set()
        if wrong & names or pack.broken:
            continue
        subject = Subject(pack, checked.packs, codes, documents or {})
        for name, lint in ALL.items():
            for item in lint(subject):
                level = _level(name, item.block, pack)
                if level != "off":
                    found.append(_diagnostic(name, item, level))
    return tuple(sorted(found, key=lambda item: (item.span, item.code, item.message)))


def _level(name: str, block: s.BlockNode, pack: CheckedPack) -> str:
    """The level that the block sets, else the pack, else the lint's own."""
    if name != "lint-setting":
        for item in (*getattr(block, "lints", ()), *pack.block.lints):
            if item.name.text == name:
                return item.level
    return "error" if name in ERRORS else "warning"


def _diagnostic(name: str, item: Finding, level: str) -> Diagnostic:
    severity = "error" if level == "error" else "warning"
    return Diagnostic(name, item.span, item.message, item.help, item.related, severity)
