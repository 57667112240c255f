"""Packs of the tests as files, and their golden diagnostics.

One ``.pack`` file is a folder in one piece: ``=== path`` starts a file; a file before the first
such line is ``pack.rules``. Files of several folders are several packs. ``=== path as latin-1`` (or
utf-16, bom, crlf, empty) says how the file is written; ``<HUGE>`` stands for 200,000 letters.
Run this module to write the golden files anew, then read ``git diff``.
"""

from __future__ import annotations

import re
from pathlib import Path

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import Diagnostic, render
from codewarrant.dsl.examples import run_examples
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.canonical import sha256

BAD = Path(__file__).parents[1] / "language" / "bad"
GOOD = Path(__file__).parent / "good"
PAGES = Path(__file__).parents[2] / "docs" / "diagnostics"
LANGUAGE_PAGE = Path(__file__).parents[2] / "docs" / "language.md"


def page_parts(path: Path) -> tuple[str, str, str]:
    """The wrong snippet of a diagnostic's page, what is said of it, and the right snippet."""
    wrong, said, right = re.findall(r"```\w+\n(.*?)```", path.read_text("utf-8"), re.S)
    return wrong, said, right


def signed(text: str) -> str:
    """The text with ``SHA-name`` replaced by the digest of ``name.csv`` in it."""
    parts = re.split(r"^=== (.+)\n", text, flags=re.M)
    for path, body in zip(parts[1::2], parts[2::2], strict=True):
        name = path.rsplit("/", 1)[-1].removesuffix(".csv")
        text = text.replace(f'"SHA-{name}"', f'"{sha256(body.encode())}"')
    return text


def good() -> list[PackSource]:
    """The packs that must have no diagnostic."""
    return sources(signed((GOOD / "hypertension.pack").read_text("utf-8")))


def page_packs() -> list[PackSource]:
    """The complete packs of the reference page, their tables taken from the comment above them."""
    out = []
    found = re.findall(
        r"<!-- pack: ([\w-]+)(?:; ([\w/.]+): (.*?))? ?-->\n```rules\n(.*?)```",
        LANGUAGE_PAGE.read_text("utf-8"),
        re.S,
    )
    for name, table, rows, text in found:
        files = {table: f"{rows.strip()}\n".encode()} if table else {}
        for data in files.values():
            text = text.replace("SHA256", sha256(data))
        out.append(PackSource(name, files | {"pack.rules": text.encode()}))
    return out


def sources(text: str, name: str = "case") -> list[PackSource]:
    """The packs of one ``.pack`` text."""
    parts = re.split(r"^=== (.+)\n", text, flags=re.M)
    files = {"pack.rules": parts[0].encode()} if parts[0].strip() else {}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        path, _, form = heading.partition(" as ")
        files[path] = _written(body, form)
    folders: dict[str, dict[str, bytes]] = {}
    for path, body in files.items():
        folder, _, rest = path.partition("/") if "/" in path else ("", "", path)
        folders.setdefault(folder or name, {})[rest] = body
    return [PackSource(folder, inside) for folder, inside in sorted(folders.items())]


def _written(text: str, form: str) -> bytes:
    text = text.replace("<HUGE>", "x" * 200_000)
    match form:
        case "crlf":
            return text.replace("\n", "\r\n").encode()
        case "bom":
            return text.encode("utf-8-sig")
        case "empty":
            return b""
    return text.encode(form or "utf-8")


def diagnose(packs: list[PackSource], codes: CodeView) -> tuple[tuple[Diagnostic, ...], str]:
    """All diagnostics of packs: check, then link, then examples, as far as the packs allow."""
    checked = check_packs(packs, codes)
    found = checked.diagnostics
    if checked.ok:
        linked = link(checked, codes)
        found += linked.diagnostics
        if linked.ok:
            found += run_examples(checked, codes).diagnostics
    return found, "\n\n".join(render(item, checked.files) for item in found) + "\n"


def main() -> None:
    """Write the golden diagnostics of bad packs and pages, and the fields of the reference page."""
    from codewarrant.codesets import load
    from codewarrant.coding.relations import CodeAttributes
    from codewarrant.dsl.codeview import InstalledCodes

    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    codes = InstalledCodes(releases, CodeAttributes(releases))
    for path in sorted(BAD.glob("*.pack")):
        _, text = diagnose(sources(path.read_text("utf-8")), codes)
        path.with_suffix(".txt").write_text(text, "utf-8")
    for path in sorted(PAGES.glob("CW*.md")):
        wrong, said, _ = page_parts(path)
        page = path.read_text("utf-8")
        path.write_text(page.replace(said, diagnose(sources(wrong), codes)[1], 1), "utf-8")


if __name__ == "__main__":
    main()
