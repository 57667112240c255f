"""What can be wrong with a bundle, as data: severity, kind, place, and a sentence.

No message holds patient data: a place is named by its path and what was found there by its type.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

MOST_ISSUES = 100
"""How many issues are listed; the rest are counted."""

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One finding. ``code`` is of FHIR's issue-type value set (R4, ``OperationOutcome``)."""

    severity: Severity
    code: str
    path: str
    """FHIRPath: ``Bundle.entry[3].resource.onsetDateTime`` or ``Condition/7.code``."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Refused(Exception):
    """The bundle is not read, for the reasons in :attr:`issues` (at most 100 and a count)."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = capped(issues)
        first = str(self.issues[0]) if self.issues else "the bundle is refused"
        more = len(self.issues) - 1
        super().__init__(f"{first} (and {more} more)" if more > 0 else first)


def refuse(code: str, path: str, message: str) -> Refused:
    """A refusal for one reason."""
    return Refused([Issue("error", code, path, message)])


def capped(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The first hundred issues, and how many there were beyond."""
    found = tuple(issues)
    rest = len(found) - MOST_ISSUES
    if rest <= 0:
        return found
    count = Issue(found[0].severity, "too-costly", "", f"{rest} more of these are not listed")
    return (*found[:MOST_ISSUES], count)


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """A FHIR R4 ``OperationOutcome`` that says the same."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": issue.severity,
                "code": issue.code,
                "diagnostics": issue.message,
                **({"expression": [issue.path]} if issue.path else {}),
            }
            for issue in issues
        ],
    }
