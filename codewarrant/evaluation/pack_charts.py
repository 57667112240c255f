"""Golden charts of rulepacks: bundles in a pack's ``tests`` folder, run through the whole pipeline.

Beside ``NAME.json``, a FHIR bundle, stands ``NAME.expected.toml``: what the decision must be. All
keys are optional. Lists at the top must be met exactly, those under ``[includes]`` and
``[excludes]`` in part::

    encounter = "Encounter/7"            # which chart of the bundle, if it holds several
    payer = "DEMO01"                     # for which payer, if not the chart's own
    lane = "review"
    diagnoses = ["I12.9", "N18.31"]      # in this order
    edits = [{ kind = "deny", reason = "CO-50", target = "1" }]

    [includes]
    queries = ["stage of the kidney disease"]

    [excludes]
    diagnoses = ["I10"]

Diagnoses are codes; queries and reasons (why the chart goes to its lane) are part of the text;
edits, requirements, lines and rejected candidates are tables whose values must be those of the
decision, ``because`` and ``text`` in part.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

import orjson

from codewarrant.coding.chart import code_opened
from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import Body, Edit, Lane, Rejected, ReportedLine, Request, Requirement
from codewarrant.dsl.diagnostics import did_you_mean
from codewarrant.engine.canonical import dumps
from codewarrant.fhir.errors import Refused
from codewarrant.fhir.read import open_bundle

LISTS = ("diagnoses", "queries", "reasons", "edits", "requirements", "lines", "rejected")
TEXTS = ("encounter", "payer", "lane")
PARTS = ("includes", "excludes")
KEYS = {
    name: tuple(one.name for one in fields(kind) if one.name not in ("firings", "grounds"))
    for name, kind in zip(LISTS[3:], (Edit, Requirement, ReportedLine, Rejected), strict=True)
}
"""What the tables of each list may say."""
LANES = get_args(Lane)
ENDING = ".expected.toml"


@dataclass(frozen=True, slots=True)
class MissedChart:
    """One expectation of a golden chart that the decision does not meet."""

    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class ChartResult:
    """One golden chart. ``file`` is its bundle, relative to the folder that holds the pack."""

    pack: str
    name: str
    file: str
    missed: tuple[MissedChart, ...]

    @property
    def passed(self) -> bool:
        return not self.missed


def has_charts(folder: Path) -> bool:
    """Whether a pack has golden charts, or what should be one."""
    return any((folder / "tests").glob("*.json")) or any((folder / "tests").glob(f"*{ENDING}"))


def run_pack_charts(pack: str, folder: Path, snapshot: Snapshot) -> Iterator[ChartResult]:
    """Code every golden chart of a pack and hold it against what is expected.

    A chart that cannot be read, or has no expectations, is a chart that fails. Raises what opening
    the snapshot raises, and ``OSError`` where a file cannot be read.
    """
    for path in sorted((folder / "tests").glob("*.json")):
        file = f"{folder.name}/tests/{path.name}"
        yield ChartResult(pack, path.stem, file, tuple(_run(path, snapshot)))
    for path in sorted((folder / "tests").glob(f"*{ENDING}")):
        bundle = path.name.removesuffix(ENDING) + ".json"
        if not path.with_name(bundle).is_file():
            missed = MissedChart(f"a bundle {bundle} beside {path.name}", "there is none")
            yield ChartResult(pack, path.name, f"{folder.name}/tests/{path.name}", (missed,))


def _run(path: Path, snapshot: Snapshot) -> Iterator[MissedChart]:
    beside = path.with_name(path.stem + ENDING)
    if not beside.is_file():
        yield MissedChart(f"what is expected, in {beside.name}", "there is no such file")
        return
    try:
        expected = read_expected(beside.read_text("utf-8"))
    except ValueError as error:
        yield MissedChart(f"{beside.name} can be read", str(error))
        return
    try:
        opened = open_bundle(path.read_bytes())
        request = _request(expected, opened.requests())
        body = code_opened(opened, request, snapshot).decision.body
    except Refused as error:
        said = "; ".join(issue.message for issue in error.issues)
        yield MissedChart("the bundle is read", f"it is refused: {said}")
        return
    except ValueError as error:
        yield MissedChart("one chart of the bundle", str(error))
        return
    yield from differences(expected, body)


def _request(expected: Mapping[str, Any], requests: Sequence[Request]) -> Request:
    """The chart that is meant. Raises ``ValueError`` if that is not clear."""
    wanted = expected.get("encounter", "")
    found = [one for one in requests if wanted in ("", one.encounter)]
    if len(found) != 1:
        names = ", ".join(one.encounter or "its only one" for one in requests) or "none"
        raise ValueError(f'say which with encounter = "…"; the bundle holds: {names}')
    return Request(found[0].encounter, expected.get("payer", "") or found[0].payer)


def read_expected(text: str) -> dict[str, Any]:
    """Read the expectations. Raises ``ValueError`` with what is wrong for anything else."""
    try:
        form = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from error
    _known(form, (*TEXTS, *LISTS, *PARTS), "")
    for name in TEXTS:
        if not isinstance(form.get(name, ""), str):
            raise ValueError(f"`{name}` is a text")
    if form.get("lane", LANES[0]) not in LANES:
        raise ValueError(f"`lane` is one of: {', '.join(LANES)}")
    for part in PARTS:
        if not isinstance(form.get(part, {}), dict):
            raise ValueError(f"[{part}] is a table")
        _known(form.get(part, {}), LISTS, f" in [{part}]")
    for table in (form, form.get("includes", {}), form.get("excludes", {})):
        for name in LISTS:
            kind = str if name in LISTS[:3] else dict
            items = table.get(name, [])
            if not isinstance(items, list) or not all(isinstance(one, kind) for one in items):
                raise ValueError(f"`{name}` is a list of {'texts' if kind is str else 'tables'}")
            for one in items:
                if isinstance(one, dict):
                    _known(one, KEYS[name], f" in {name}")
    if not set(form) & {"lane", *LISTS, *PARTS}:
        raise ValueError("it expects nothing")
    return form


def _known(form: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for key in form:
        if key not in names:
            helps = did_you_mean(key, names) or f"there are: {', '.join(names)}"
            raise ValueError(f"no expectation is called `{key}`{where}; {helps}")


def differences(expected: Mapping[str, Any], body: Body) -> Iterator[MissedChart]:
    """What a decision does not meet."""
    found = _lists(body)
    lane = body.route.lane
    if expected.get("lane", lane) != lane:
        reasons = "; ".join(body.route.reasons)
        yield MissedChart(f"lane {expected['lane']}", f"{lane}{f': {reasons}' if reasons else ''}")
    for name in LISTS:
        there = found[name]
        got = f"{name}: {', '.join(_text(one) for one in there) or 'none'}"
        if name in expected and not _same(name, expected[name], there):
            wanted = ", ".join(_text(one) for one in expected[name]) or "none"
            yield MissedChart(f"{name} {wanted}", got)
        for one in expected.get("includes", {}).get(name, ()):
            if not any(_meets(name, one, other) for other in there):
                yield MissedChart(f"{name} with {_text(one)}", got)
        for one in expected.get("excludes", {}).get(name, ()):
            if any(_meets(name, one, other) for other in there):
                yield MissedChart(f"{name} without {_text(one)}", got)


def _lists(body: Body) -> dict[str, list[Any]]:
    form = orjson.loads(dumps(body))
    return {
        "diagnoses": [one.code.value for one in body.diagnoses],
        "queries": [one.text for one in body.queries],
        "reasons": list(body.route.reasons),
        **{name: [_plain(one) for one in form[name]] for name in LISTS[3:]},
    }


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """A part of the decision as a table: codes as printed, without the numbers of firings."""
    out = {}
    for key, value in item.items():
        if key not in ("firings", "grounds"):
            out[key] = value["code"] if isinstance(value, dict) and "code" in value else value
    return out


def _same(name: str, wanted: Sequence[Any], there: Sequence[Any]) -> bool:
    if name == "diagnoses":
        return list(wanted) == list(there)
    return len(wanted) == len(there) and _assigned(name, list(wanted), list(there))


def _assigned(name: str, wanted: list[Any], there: list[Any]) -> bool:
    """Whether each can be met by one of its own."""
    if not wanted:
        return True
    first, rest = wanted[0], wanted[1:]
    return any(
        _meets(name, first, one) and _assigned(name, rest, there[:at] + there[at + 1 :])
        for at, one in enumerate(there)
    )


def _meets(name: str, wanted: Any, one: Any) -> bool:
    if name == "diagnoses":
        return wanted == one
    if isinstance(wanted, str):
        return wanted in one
    return all(
        str(value) in str(one.get(key))
        if key in ("because", "text")
        else _equal(value, one.get(key))
        for key, value in wanted.items()
    )


def _equal(wanted: Any, value: Any) -> bool:
    return wanted == value or (not isinstance(wanted, list | dict) and str(wanted) == str(value))


def _text(one: Any) -> str:
    if isinstance(one, str):
        return one
    shown = {key: value for key, value in one.items() if value not in (None, "", [])}
    return "{" + ", ".join(f"{key} {value}" for key, value in shown.items()) + "}"
