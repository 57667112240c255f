"""``codewarrant new``: a pack or a rule that checks clean at once, to be written over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import messages
from codewarrant.cli.packs import Opened, errors, open_packs, show
from codewarrant.codesets.errors import CodeSetError
from codewarrant.coding.installed import declared_version, installed_packs
from codewarrant.dsl.check import CheckedPack
from codewarrant.dsl.diagnostics import did_you_mean
from codewarrant.dsl.scaffold import BadName, check_name, new_pack, new_rule


def run_new_pack(name: str, *, extends: str = "", payer: str = "") -> Exit:
    """Write the folder of a new pack into the current one; nothing is ever overwritten."""
    folder = Path(name)
    try:
        check_name("pack", name)
        if folder.exists():
            return _refuse(f"{name} is there already")
        packs = {source.name: source for source in installed_packs()}
        if name in packs:
            return _refuse(f"a pack `{name}` is installed; give yours another name")
        if extends and extends not in packs:
            helps = did_you_mean(extends, packs) or f"installed are: {', '.join(sorted(packs))}"
            return _refuse(f"no pack `{extends}` is installed; {helps}")
        bases = [(extends, declared_version(packs[extends]))] if extends else []
        files = new_pack(name, date.today().year, bases, payer)
        _write(folder, files)
    except (BadName, OSError, ValueError, CodeSetError) as error:
        return _refuse(str(error))
    return _written(folder, files)


def run_new_rule(folder: Path, name: str) -> Exit:
    """Add a file with one rule to a pack; nothing is ever overwritten."""
    path = folder / f"{name}.rules"
    try:
        check_name("rule", name)
        if not folder.is_dir():
            return _refuse(f"no rulepack at {folder}")
        opened = open_packs([folder])
        pack = _asked(opened)
        if pack is None or errors(opened.found):
            show(opened)
            return _refuse(f"{folder} has errors: correct them first")
        there = next((one for one in pack.rules if one.block.name.text == name), None)
        if there is not None:
            place = there.block.name.span
            return _refuse(f"there is a rule `{name}` already, at {place.file}:{place.line}")
        if path.exists():
            return _refuse(f"{path} is there already")
        source = _source(pack)
        if not source:
            return _refuse(f'{folder} has no source to cite; add: source NAME "its title"')
        files = {path.name: new_rule(name, source, _speaks_of_lines(pack))}
        _write(folder, files)
    except (BadName, OSError, ValueError, CodeSetError) as error:
        return _refuse(str(error))
    return _written(folder, files)


def _asked(opened: Opened) -> CheckedPack | None:
    for pack in opened.checked.packs:
        if pack.source.name in opened.asked:
            return pack
    return None


def _source(pack: CheckedPack) -> str:
    """A source of the pack itself, else one of the packs that it extends."""
    own = [name for name, (by, _) in pack.names.sources.items() if by == pack.name]
    return next(iter(own or pack.names.sources), "")


def _speaks_of_lines(pack: CheckedPack) -> bool:
    """Packs for some payer or claim have rules on lines; so has one of the ICD-9-CM years, whose
    diagnoses have other codes than the example."""
    old = pack.names.on is not None and pack.names.on < date(2015, 10, 1)
    return pack.names.applies is not None or old


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)


def _written(folder: Path, files: Mapping[str, str]) -> Exit:
    for name in files:
        print(f"wrote {folder / name}")
    print(f"next: write over it, then codewarrant check {folder} and codewarrant test {folder}")
    return Exit.FINE


def _refuse(message: str) -> Exit:
    messages().print(message, style="red", markup=False)
    return Exit.REFUSED
