"""Every lint is code, a page and tests: it fires where it should, and only there.

``tests/dsl/lint/NAME/`` has packs on which the lint fires or is silent, and what it says of the
wrong example of its page and of those packs. Run this module to write that and the list of lints
anew, then read ``git diff``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dsl_golden import good, page_packs, signed, sources

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import LINTS, Diagnostic, render
from codewarrant.dsl.lint import ALL, ERRORS, lint_packs
from codewarrant.dsl.pack import load_pack_dir
from codewarrant.engine.canonical import sha256

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "docs" / "lints"
CASES = Path(__file__).parent / "lint"
HEAD = """pack sample "Sample" version 1.0
  effective from 2025-10-01 through 2026-09-30
source manual "Manual"

"""


def snippets(name: str, heading: str) -> list[str]:
    """The rules under a heading of a lint's page."""
    page = (PAGES / f"{name}.md").read_text("utf-8")
    part = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```rules\n(.*?)```", part, re.S)


def cases(name: str, kind: str) -> dict[str, str]:
    """The snippets of the page and the packs of the folder, by their names."""
    heading = {"fires": "Wrong", "silent": "Right"}[kind]
    found = {f"{heading} {at}": text for at, text in enumerate(snippets(name, heading), 1)}
    return found | {
        path.stem: path.read_text("utf-8") for path in sorted((CASES / name).glob(f"{kind}*.pack"))
    }


def findings(text: str, codes: CodeView) -> tuple[tuple[Diagnostic, ...], str]:
    """What all lints say of one pack or several, as data and as printed."""
    packs = sources(signed(text if re.search(r"^pack ", text, re.M) else HEAD + text))
    checked = check_packs(packs, codes)
    assert checked.diagnostics == ()
    documents = {
        sha256(data): data.decode()
        for pack in packs
        for name, data in pack.files.items()
        if name.endswith(".txt")
    }
    found = lint_packs(checked, codes, documents)
    return found, "\n\n".join(render(item, checked.files) for item in found)


def golden(name: str, codes: CodeView) -> str:
    shown = (
        f"=== {case}\n{findings(text, codes)[1]}\n" for case, text in cases(name, "fires").items()
    )
    return "\n".join(shown)


def index() -> str:
    """The page that lists all lints."""
    rows = [
        f"| [{name}]({name}.md) | {'error' if name in ERRORS else 'warning'} | {LINTS[name]} |"
        for name in sorted(LINTS)
    ]
    return "\n".join(
        [
            "# Lints",
            "",
            "`codewarrant lint` looks for what the language allows and is probably not meant. It",
            "speaks up only where it is certain, and looks only at packs that pass the check.",
            "",
            "A pack or a block sets the level of a lint and says why:",
            "",
            "```",
            'lint unused-value-set off because "payers\' packs use it"',
            "```",
            "",
            "In the `pack` block it holds for the pack; in a value set, parameter, table, rule or",
            "override for that block. Levels are `off`, `warning` and `error`.",
            "",
            "| lint | level | finds |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def test_every_lint_has_code_a_page_and_tests() -> None:
    assert set(ALL) == set(LINTS)
    assert {path.stem for path in PAGES.glob("*.md")} == {*LINTS, "README"}
    assert {path.name for path in CASES.iterdir()} == set(LINTS)
    assert (PAGES / "README.md").read_text("utf-8") == index()


@pytest.mark.parametrize("name", sorted(LINTS))
def test_page_says_what_the_lint_finds_and_its_level(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text("utf-8")
    level = "error" if name in ERRORS else "warning"
    summary = LINTS[name][0].upper() + LINTS[name][1:]
    assert page.startswith(f"# {name}\n\n{summary}. Level: {level}.\n")


@pytest.mark.parametrize("name", sorted(LINTS))
def test_lint_fires_and_no_other_does(name: str, codes: CodeView) -> None:
    for case, text in cases(name, "fires").items():
        assert {item.code for item in findings(text, codes)[0]} == {name}, case
    assert golden(name, codes) == (CASES / name / "findings.txt").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(LINTS))
def test_lint_is_silent_where_nothing_is_wrong(name: str, codes: CodeView) -> None:
    for case, text in cases(name, "silent").items():
        assert findings(text, codes)[1] == "", case


def test_packs_of_the_repository_are_clean(codes: CodeView) -> None:
    packs = [load_pack_dir(path) for path in sorted((REPOSITORY / "rulepacks").iterdir())]
    checked = check_packs(packs, codes)
    assert checked.ok
    found = lint_packs(checked, codes)
    assert "\n".join(render(item, checked.files) for item in found) == ""


@pytest.mark.parametrize("packs", [good, page_packs], ids=["good", "page"])
def test_good_packs_have_no_lint_errors(packs, codes: CodeView) -> None:
    checked = check_packs(packs(), codes)
    assert checked.ok
    assert [item for item in lint_packs(checked, codes) if item.severity == "error"] == []


SET = 'value set ckd "Kidney disease" of icd10cm{} is {{ N18.* }}\n'
ASKS = """rule ask "A rule"
  cites manual "1"
  for each diagnosis d in { I10 }
  then query the provider "Which?"
  example "it acts" given diagnosis: code I10 expect rule ask fires
"""


@pytest.mark.parametrize(
    ("pack", "block", "expected"),
    [
        ("", "", ["warning"]),
        ("off", "", []),
        ("error", "", ["error"]),
        ("error", "off", []),
        ("off", "error", ["error"]),
    ],
)
def test_a_block_s_setting_goes_before_the_pack_s(
    pack: str, block: str, expected: list[str], codes: CodeView
) -> None:
    def clause(level: str) -> str:
        return f'\n  lint unused-value-set {level} because "x"' if level else ""

    head = HEAD.replace("2026-09-30\n", f"2026-09-30{clause(pack)}\n")
    found, _ = findings(head + SET.format(clause(block)) + ASKS, codes)
    assert [item.severity for item in found] == expected


def test_a_pack_with_errors_is_not_linted(codes: CodeView) -> None:
    text = HEAD + SET.format("") + ASKS + 'value set bad "B" of icd10cm is { I1O }\n'
    checked = check_packs(sources(text), codes)
    assert not checked.ok
    assert lint_packs(checked, codes) == ()


def test_findings_do_not_repeat_the_patient_s_words(codes: CodeView) -> None:
    text = snippets("patient-data-in-example", "Wrong")[0]
    (found,), _ = findings(text, codes)
    assert "Miller" not in found.message + found.help


def main() -> None:
    """Write the list of lints, and what each lint says."""
    from codewarrant.codesets import load
    from codewarrant.coding.relations import CodeAttributes
    from codewarrant.dsl.codeview import InstalledCodes

    releases = {name: load(name) for name in ("icd10cm", "icd9cm")}
    codes = InstalledCodes(releases, CodeAttributes(releases))
    (PAGES / "README.md").write_text(index(), "utf-8")
    for name in sorted(LINTS):
        (CASES / name / "findings.txt").write_text(golden(name, codes), "utf-8")


if __name__ == "__main__":
    main()
