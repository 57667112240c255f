"""The command line: thin shells around the coding decision, the ledger and the rule tools."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Entry point of the ``codewarrant`` command."""
    from codewarrant.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        # a terminal that lacks a quotation mark gets a question mark, not a traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="codewarrant")
