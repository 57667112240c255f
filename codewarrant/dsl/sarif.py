"""Diagnostics as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from codewarrant.dsl.diagnostics import CODES, LINTS, Diagnostic, Span

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(diagnostics: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """One run of the checker as a SARIF log; ``version`` is the program's.

    Files are named relative to the folder that holds the packs; columns count code points.
    """
    used = sorted({item.code for item in diagnostics})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "codewarrant",
                        "version": version,
                        "rules": [
                            {"id": code, "shortDescription": {"text": (CODES | LINTS)[code]}}
                            for code in used
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(item, used.index(item.code)) for item in diagnostics],
            }
        ],
    }


def _result(item: Diagnostic, index: int) -> dict[str, Any]:
    text = f"{item.message}\n{item.help}" if item.help else item.message
    out: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": index,
        "level": item.severity,
        "message": {"text": text},
        "locations": [_location(item.span)] if item.span.file else [],
    }
    related = [
        {"id": at, "message": {"text": other.message}, **_location(other.span)}
        for at, other in enumerate(item.related)
        if other.span.file
    ]
    if related:
        out["relatedLocations"] = related
    return out


def _location(span: Span) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(span.file)},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
            },
        }
    }
