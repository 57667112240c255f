"""The command line: thin shells around the coding decision, the ledger and the rule tools."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``codewarrant`` command."""
    from codewarrant.cli.app import app

    app(prog_name="codewarrant")
