"""``codewarrant fmt``: put rule files into the one layout."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

from codewarrant.cli.exits import Exit
from codewarrant.cli.output import fail, write_json
from codewarrant.coding.installed import rulepacks_folder
from codewarrant.dsl.diagnostics import Diagnostic, render
from codewarrant.dsl.format import Formatted, format_text
from codewarrant.dsl.pack import load_pack_dir


def run(folders: Sequence[Path], *, check: bool, diff: bool, json: bool) -> Exit:
    """Lay out the rule files of packs; with ``check`` or ``diff`` nothing is written.

    Nothing is written unless folders are named: those of the installation are only looked at.
    Blocks that cannot be read stay as they are and are reported. Findings are such blocks and,
    with ``check`` or ``diff``, files that are not laid out.
    """
    if not folders and not check and not diff:
        said = "name the packs to lay out: codewarrant fmt FOLDER (. for the one you are in)"
        return fail(said, Exit.REFUSED, json=json)
    changed: list[str] = []
    faults: list[Diagnostic] = []
    files: dict[str, str] = {}
    try:
        for path, before in _rule_files(folders or _installed()):
            name = str(path)
            after = _formatted(name, before)
            if after is None:
                continue
            faults += after.faults
            files[name] = before.decode("utf-8-sig")
            if after.text.encode() == before:
                continue
            changed.append(name)
            if diff and not json:
                sys.stdout.writelines(_diff(name, files[name], after.text))
            if not check and not diff:
                _write(path, after.text.encode())
    except (OSError, ValueError) as error:
        return fail(str(error), Exit.REFUSED, json=json)
    if json:
        form = [item.to_json() for item in faults]
        write_json({"changed": changed, "written": not check and not diff, "diagnostics": form})
    else:
        for item in faults:
            print(render(item, files), end="\n\n", file=sys.stderr)
        if check:
            for name in changed:
                print(f"would change {name}")
        elif not diff:
            print(f"{len(changed)} files changed, {len(files) - len(changed)} left as they were")
    return Exit.FINDINGS if faults or (changed and (check or diff)) else Exit.FINE


def _installed() -> list[Path]:
    return sorted(path for path in rulepacks_folder().iterdir() if path.is_dir())


def _rule_files(folders: Sequence[Path]) -> Iterator[tuple[Path, bytes]]:
    """Every rule file of the folders with its bytes. Raises what loading raises."""
    for folder in folders:
        pack = load_pack_dir(folder)
        for name in pack.rule_files:
            yield (folder if folder.is_file() else folder / name), pack.files[name]


def _formatted(name: str, data: bytes) -> Formatted | None:
    """None for a file that is empty. Raises ``ValueError`` for one that is not text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not UTF-8 text") from None
    return format_text(name, text) if text.strip() else None


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    lines = unified_diff(
        before.split("\n"), after.split("\n"), name, f"{name} formatted", "", "", 3, ""
    )
    return (f"{line}\n" for line in lines)


def _write(path: Path, data: bytes) -> None:
    """Replace a file at once: who reads it meets the old or the new one, never a part."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".fmt-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise
