"""``codewarrant check`` and ``codewarrant test``: the everyday tools of who writes rulepacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, write_json
from codewarrant.codesets.errors import CodeSetError
from codewarrant.coding.installed import SYSTEMS, installed_packs, installed_release
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import Diagnostic, render
from codewarrant.dsl.examples import CaseResult, run_examples
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import load_pack_dir


@dataclass(frozen=True)
class Opened:
    """The packs asked for, checked together with the installed ones that they may extend."""

    checked: Checked
    codes: InstalledCodes
    asked: frozenset[str]
    """Names of the folders asked for."""
    found: tuple[Diagnostic, ...]
    """What is wrong in the packs asked for, or in how all go together."""


def run_check(folders: Sequence[Path], *, json: bool) -> Exit:
    """Check packs and print each mistake with its place and help."""
    try:
        opened = _open(folders)
    except (OSError, ValueError, CodeSetError) as error:
        return fail(str(error), Exit.REFUSED, json=json)
    packs = [pack for pack in opened.checked.packs if pack.source.name in opened.asked]
    rules = sum(len(pack.rules) for pack in packs)
    if json:
        write_json({"rules": rules, "diagnostics": [item.to_json() for item in opened.found]})
    else:
        _show(opened)
        errors = _errors(opened.found)
        warnings = len(opened.found) - errors
        print(f"{len(packs)} packs, {rules} rules, {errors} errors, {warnings} warnings")
    return Exit.FINDINGS if _errors(opened.found) else Exit.FINE


def run_test(folders: Sequence[Path], *, json: bool) -> Exit:
    """Run the examples and tests of packs; a pack with errors is not run."""
    try:
        opened = _open(folders)
    except (OSError, ValueError, CodeSetError) as error:
        return fail(str(error), Exit.REFUSED, json=json)
    if _errors(opened.found):
        if json:
            write_json({"diagnostics": [item.to_json() for item in opened.found]})
        else:
            _show(opened)
        return Exit.FINDINGS
    results = run_examples(opened.checked, opened.codes)
    names = {pack.name for pack in opened.checked.packs if pack.source.name in opened.asked}
    cases = [case for case in results.cases if case.pack in names]
    failed = [case for case in cases if not case.passed]
    if json:
        write_json({"passed": len(cases) - len(failed), "failed": [_form(case) for case in failed]})
    else:
        for item in results.diagnostics:
            if item.span.file.split("/")[0] in opened.asked:
                print(render(item, opened.checked.files), end="\n\n")
        print(f"{len(cases) - len(failed)} of {len(cases)} examples and tests pass")
    return Exit.FINDINGS if failed else Exit.FINE


def _open(folders: Sequence[Path]) -> Opened:
    """Load and check. Raises what loading raises if a folder cannot be read."""
    given = [load_pack_dir(folder) for folder in folders]
    sources = installed_packs(given)
    releases = {system: installed_release(system) for system in SYSTEMS}
    codes = InstalledCodes(releases, CodeAttributes(releases))
    checked = check_packs(sources, codes)
    asked = frozenset(source.name for source in given or sources)
    found = [item for item in checked.diagnostics if item.span.file.split("/")[0] in asked]
    found += link(checked, codes).diagnostics
    return Opened(checked, codes, asked, tuple(found))


def _errors(found: Sequence[Diagnostic]) -> int:
    return sum(item.severity == "error" for item in found)


def _show(opened: Opened) -> None:
    for item in opened.found:
        print(render(item, opened.checked.files), end="\n\n")


def _form(case: CaseResult) -> dict[str, Any]:
    return {
        "pack": case.pack,
        "rule": case.rule,
        "title": case.title,
        "file": case.example.span.file,
        "line": case.example.span.line,
        "missed": [{"expected": item.expected, "got": item.got} for item in case.missed],
    }
