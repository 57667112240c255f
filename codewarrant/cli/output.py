"""Where the commands write: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import orjson
from rich.console import Console

from codewarrant.cli.exits import Exit
from codewarrant.fhir.errors import Issue


def messages() -> Console:
    """Standard error. Lines are not broken, so that a message can be searched for."""
    return Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)


def results(soft_wrap: bool = True) -> Console:
    """Standard output, for people. ``:words:`` of a record are never taken for pictures."""
    return Console(soft_wrap=soft_wrap, highlight=False, emoji=False)


def issue_line(name: str, issue: Issue) -> str:
    """An issue of a file in one line, with its place."""
    return f"{name}: {issue.message} at {issue.path}" if issue.path else f"{name}: {issue.message}"


def write_json(form: Any) -> None:
    """The one object of ``--json``."""
    sys.stdout.buffer.write(orjson.dumps(form, option=orjson.OPT_INDENT_2) + b"\n")


def write_fhir(resource: Mapping[str, Any]) -> None:
    """A FHIR resource, in one line."""
    from codewarrant.fhir.write import to_json

    sys.stdout.buffer.write(to_json(resource) + b"\n")


def fail(message: str, exit_code: Exit, *, json: bool) -> Exit:
    """Say why the command stops; with ``json`` the one object says it too."""
    messages().print(message, style="red", markup=False)
    if json:
        write_json({"error": message})
    return exit_code
