"""``codewarrant lint``: what rulepacks say and probably do not mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, write_json
from codewarrant.cli.packs import open_packs
from codewarrant.codesets.errors import CodeSetError
from codewarrant.coding.installed import rulepacks_folder
from codewarrant.dsl.diagnostics import render
from codewarrant.dsl.lint import lint_packs
from codewarrant.dsl.lints.documents import attached


def run(folders: Sequence[Path], *, strict: bool, json: bool) -> Exit:
    """Lint packs and print each finding with its place and help.

    Errors of the check come first: a pack that has some is not linted. With ``strict`` warnings
    count as findings, too.
    """
    try:
        opened = open_packs(folders)
        documents: dict[str, str] = {}
        for folder in folders or [rulepacks_folder()]:
            documents |= attached(folder)
    except (OSError, ValueError, CodeSetError) as error:
        return fail(str(error), Exit.REFUSED, json=json)
    linted = lint_packs(opened.checked, opened.codes, documents)
    several = len(opened.checked.packs) > 1
    found = list(opened.found)
    found += [x for x in linted if not several or x.span.file.split("/")[0] in opened.asked]
    errors = sum(item.severity == "error" for item in found)
    if json:
        write_json({"diagnostics": [item.to_json() for item in found]})
    else:
        for item in found:
            print(render(item, opened.checked.files), end="\n\n")
        print(f"{len(opened.asked)} packs, {errors} errors, {len(found) - errors} warnings")
    return Exit.FINDINGS if errors or (strict and found) else Exit.FINE
