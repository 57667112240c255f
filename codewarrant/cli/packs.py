"""``codewarrant check``: every mistake of rulepacks with its place and help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from codewarrant import __version__
from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, write_json
from codewarrant.cli.watch import watch
from codewarrant.codesets import SYSTEMS
from codewarrant.codesets.errors import CodeSetError
from codewarrant.coding.installed import installed_packs, installed_release, rulepacks_folder
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.cache import Memory
from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import Diagnostic, render
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import load_pack_dir
from codewarrant.dsl.sarif import sarif as as_sarif
from codewarrant.dsl.syntax_blocks import RuleBlock


@dataclass(frozen=True)
class Opened:
    """The packs asked for, checked together with the installed ones that they may extend."""

    checked: Checked
    codes: InstalledCodes
    asked: frozenset[str]
    """Names of the folders asked for."""
    found: tuple[Diagnostic, ...]
    """What is wrong in the packs asked for, or in how all go together."""


def run_check(
    folders: Sequence[Path],
    *,
    json: bool,
    sarif: bool = False,
    rules: bool = False,
    memory: Memory | None = None,
) -> Exit:
    """Check packs and print each mistake with its place and help; with ``rules``, every rule."""
    try:
        opened = open_packs(folders, memory)
    except (OSError, ValueError, CodeSetError) as error:
        return fail(str(error), Exit.REFUSED, json=json and not sarif)
    packs = [pack for pack in opened.checked.packs if pack.source.name in opened.asked]
    listed = [
        (f"{pack.name}/{block.name.text}", block.title)
        for pack in packs
        for block in pack.blocks
        if isinstance(block, RuleBlock)
    ]
    unread = sum(pack.unread for pack in packs)
    if sarif:
        write_json(as_sarif(opened.found, __version__))
    elif json:
        form = [
            {"name": pack.name, "version": pack.version, "title": pack.block.title}
            for pack in packs
        ]
        write_json(
            {
                "packs": form,
                "rules": len(listed),
                "rule_list": [{"id": name, "title": title} for name, title in listed],
                "unread": unread,
                "diagnostics": [item.to_json() for item in opened.found],
            }
        )
    else:
        show(opened)
        wrong = errors(opened.found)
        warnings = len(opened.found) - wrong
        if not folders:
            for pack in packs:
                print(f"{pack.name} at {pack.version}: {pack.block.title}")
        for name, title in listed if rules else ():
            print(f"{name}: {title}")
        counts = f"{len(packs)} packs, {len(listed)} rules, {wrong} errors, {warnings} warnings"
        print(counts + _lost(unread))
    return Exit.FINDINGS if errors(opened.found) else Exit.FINE


def _lost(unread: int) -> str:
    """What the counts leave out: blocks that are no rules yet, whose other mistakes are unseen."""
    if not unread:
        return ""
    blocks = "1 block" if unread == 1 else f"{unread} blocks"
    return f"; {blocks} could not be read and may hold more errors than the one shown of each"


def run_check_watching(folders: Sequence[Path]) -> Exit:
    """Check now and after every change of a file, until the user interrupts."""
    meant = [pack_folder(folder) for folder in folders]
    for folder in meant:
        if not folder.exists():
            return fail(f"no rulepack at {folder}", Exit.REFUSED, json=False)
    memory = Memory()
    return watch(
        meant or [rulepacks_folder()], lambda: run_check(folders, json=False, memory=memory)
    )


def open_packs(folders: Sequence[Path], memory: Memory | None = None) -> Opened:
    """Load and check. Raises what loading raises if a folder cannot be read.

    With a ``memory`` only what has changed since the last time is worked out.
    """
    given = [load_pack_dir(pack_folder(folder)) for folder in folders]
    sources = installed_packs(given)
    codes = _codes()
    checked = check_packs(sources, codes, memory)
    asked = frozenset(source.name for source in given or sources)
    found = [item for item in checked.diagnostics if item.span.file.split("/")[0] in asked]
    found += link(checked, codes).diagnostics
    return Opened(checked, codes, asked, tuple(found))


def pack_folder(named: Path) -> Path:
    """The folder meant: the one of that name, else that of the installed pack of that name."""
    installed = rulepacks_folder() / named
    plain = len(named.parts) == 1
    return installed if plain and not named.exists() and installed.is_dir() else named


@cache
def _codes() -> InstalledCodes:
    releases = {system: installed_release(system) for system in SYSTEMS}
    return InstalledCodes(releases, CodeAttributes(releases))


def errors(found: Sequence[Diagnostic]) -> int:
    """How many of these are errors."""
    return sum(item.severity == "error" for item in found)


def show(opened: Opened) -> None:
    """Print what is wrong, for people."""
    for item in opened.found:
        print(render(item, opened.checked.files), end="\n\n")
