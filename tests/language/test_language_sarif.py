"""Diagnostics as SARIF: the structure that the standard asks for, and nothing lost."""

from __future__ import annotations

import json
from typing import Any

from dsl_golden import BAD, diagnose, sources

from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import Diagnostic, Span
from codewarrant.dsl.sarif import sarif


def location_is_valid(place: dict[str, Any]) -> bool:
    physical = place["physicalLocation"]
    region = physical["region"]
    uri = physical["artifactLocation"]["uri"]
    assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(isinstance(value, int) and value >= 1 for value in region.values())
    start = (region["startLine"], region["startColumn"])
    end = (region["endLine"], region["endColumn"])
    return start <= end and bool(uri) and " " not in uri


def check_log(log: dict[str, Any], count: int) -> None:
    """The properties that SARIF 2.1.0 requires of what we write (§3.13 to §3.30)."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "codewarrant"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert len(run["results"]) == count
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert all(location_is_valid(place) for place in result["locations"])
        related = result.get("relatedLocations", [])
        assert [place["id"] for place in related] == list(range(len(related)))
        assert all(place["message"]["text"] and location_is_valid(place) for place in related)


def test_every_broken_pack_makes_a_valid_log(codes: InstalledCodes) -> None:
    every: list[Diagnostic] = []
    for path in sorted(BAD.glob("*.pack")):
        found, _ = diagnose(sources(path.read_text("utf-8")), codes)
        check_log(json.loads(json.dumps(sarif(found, "1.0"))), len(found))
        every += found
    check_log(sarif(every, "1.0"), len(every))


def test_nothing_wrong_is_a_log_without_results() -> None:
    check_log(sarif([], "1.0"), 0)


def test_place_level_and_help_are_kept() -> None:
    item = Diagnostic("CW0205", Span("a b.rules", 3, 5, 3, 9), "no set", "did you mean `x`?")
    (result,) = sarif([item], "1.0")["runs"][0]["results"]
    assert result["message"]["text"] == "no set\ndid you mean `x`?"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b.rules"},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
    }
