"""``codewarrant test``: examples and tests of the language, golden charts, and their coverage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codewarrant.cli.exits import Exit
from codewarrant.cli.junit import TestResult, junit
from codewarrant.cli.output import fail, write_json
from codewarrant.cli.packs import Opened, errors, open_packs, show
from codewarrant.codesets.errors import CodeSetError
from codewarrant.coding.installed import rulepacks_folder, snapshot_of
from codewarrant.coding.snapshot import SnapshotDamaged
from codewarrant.dsl.coverage import RuleCoverage
from codewarrant.dsl.diagnostics import Diagnostic, render
from codewarrant.dsl.examples import CaseResult, Results, run_examples
from codewarrant.evaluation.pack_charts import ChartResult, has_charts, run_pack_charts


def run_test(
    folders: Sequence[Path],
    *,
    json: bool,
    coverage: bool = False,
    junit_file: Path | None = None,
) -> Exit:
    """Run the examples, tests and golden charts of packs; a pack with errors is not run."""
    try:
        opened = open_packs(folders)
        if errors(opened.found):
            return _broken(opened, json=json, junit_file=junit_file)
        names = [pack.name for pack in opened.checked.packs if pack.source.name in opened.asked]
        results = run_examples(opened.checked, opened.codes, names, coverage)
        charts = _charts(folders, opened)
        if junit_file is not None:
            junit_file.write_bytes(junit(_results(results, charts)))
    except (OSError, ValueError, CodeSetError, SnapshotDamaged) as error:
        return fail(str(error), Exit.REFUSED, json=json)
    passed = sum(one.passed for one in (*results.cases, *charts))
    failed = len(results.cases) + len(charts) - passed
    if json:
        _write_json(results, charts, passed, coverage)
    else:
        for item in results.diagnostics:
            print(render(item, opened.checked.files), end="\n\n")
        for chart in charts:
            _show_chart(chart)
        if coverage:
            print(coverage_text(results.coverage))
        print(f"{passed} of {passed + failed} examples, tests and charts pass")
    return Exit.FINDINGS if failed else Exit.FINE


def _broken(opened: Opened, *, json: bool, junit_file: Path | None) -> Exit:
    """Say what is wrong with packs that cannot be run."""
    if junit_file is not None:
        junit_file.write_bytes(junit([_mistake(item, opened) for item in opened.found]))
    if json:
        write_json({"diagnostics": [item.to_json() for item in opened.found]})
    else:
        show(opened)
        print("nothing was run: correct the errors first")
    return Exit.FINDINGS


def _charts(folders: Sequence[Path], opened: Opened) -> list[ChartResult]:
    """The golden charts of the packs asked for, each under its pack and those it builds on."""
    by_name = {pack.name: pack for pack in opened.checked.packs}
    places = {folder.resolve().name: folder for folder in folders if folder.is_dir()}
    out: list[ChartResult] = []
    for pack in opened.checked.packs:
        name = pack.source.name
        folder = places.get(name, rulepacks_folder() / name)
        if name not in opened.asked or not has_charts(folder):
            continue
        sources = [by_name[one].source for one in (*pack.extends, pack.name)]
        out += run_pack_charts(pack.name, folder, snapshot_of(sources))
    return out


# ---- for people -----------------------------------------------------------------


def _show_chart(chart: ChartResult) -> None:
    if chart.passed:
        return
    print(f"error: the chart `{chart.name}` of {chart.pack} is not coded as expected")
    print(f"  --> {chart.file}")
    for item in chart.missed:
        print(f"  expected: {item.expected}\n  got: {item.got}")
    print("  help: codewarrant explain BUNDLE --rules PACK tells what every rule did\n")


def coverage_text(rules: Sequence[RuleCoverage]) -> str:
    """A table of rules, then what no example shows."""
    covered, atoms = sum(one.covered for one in rules), sum(len(one.atoms) for one in rules)
    width = max([len(one.rule) for one in rules], default=0)
    lines = [f"{'rule':<{width}}  fires  conditions shown to decide"]
    lines += [
        f"{one.rule:<{width}}  {one.fired:>5}  {one.covered} of {len(one.atoms)}" for one in rules
    ]
    lines += ["", f"{covered} of {atoms} conditions in {len(rules)} rules are shown to decide"]
    for one in rules:
        if one.covered == len(one.atoms):
            continue
        lines.append(f"\n{one.rule}")
        for atom in one.atoms:
            if atom.missing:
                counts = f"true {atom.true}, false {atom.false}, unknown {atom.unknown}"
                lines.append(f"  {atom.text}\n    {'; '.join(atom.missing)} ({counts})")
    return "\n".join(lines) + "\n"


# ---- for programs ----------------------------------------------------------------


def _write_json(
    results: Results, charts: Sequence[ChartResult], passed: int, coverage: bool
) -> None:
    form: dict[str, Any] = {
        "passed": passed,
        "failed": [_form(case) for case in results.cases if not case.passed],
        "charts": [_chart_form(chart) for chart in charts],
    }
    if coverage:
        form["coverage"] = {
            "covered": sum(one.covered for one in results.coverage),
            "atoms": sum(len(one.atoms) for one in results.coverage),
            "rules": [one.to_json() for one in results.coverage],
        }
    write_json(form)


def _form(case: CaseResult) -> dict[str, Any]:
    return {
        "pack": case.pack,
        "rule": case.rule,
        "title": case.title,
        "file": case.example.span.file,
        "line": case.example.span.line,
        "missed": [
            {
                "expected": item.expected,
                "got": item.got,
                "line": item.span.line,
                "why": [one.to_json() for one in item.why],
            }
            for item in case.missed
        ],
    }


def _chart_form(chart: ChartResult) -> dict[str, Any]:
    return {
        "pack": chart.pack,
        "name": chart.name,
        "file": chart.file,
        "missed": [{"expected": item.expected, "got": item.got} for item in chart.missed],
    }


def _results(results: Results, charts: Sequence[ChartResult]) -> list[TestResult]:
    out = []
    for case in results.cases:
        span = case.example.span
        group = f"{case.pack}/{case.rule}" if case.rule else f"{case.pack} tests"
        missed = "; ".join(f"expected {item.expected}, got {item.got}" for item in case.missed)
        details = "\n\n".join(item.help for item in case.missed)
        title = case.example.title
        out.append(TestResult(case.pack, group, title, span.file, span.line, missed, details))
    for chart in charts:
        lines = [f"expected {item.expected}, got {item.got}" for item in chart.missed]
        group = f"{chart.pack} charts"
        failure, details = "; ".join(lines), "\n".join(lines)
        out.append(TestResult(chart.pack, group, chart.name, chart.file, 0, failure, details))
    return out


def _mistake(item: Diagnostic, opened: Opened) -> TestResult:
    text = render(item, opened.checked.files)
    span = item.span
    message = f"{item.code}: {item.message}"
    return TestResult("check", item.code, item.message, span.file, span.line, message, text)
