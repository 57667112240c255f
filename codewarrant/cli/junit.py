"""Test results as JUnit XML, for CI systems (the schema of Jenkins' xunit plugin)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test: ``suite`` is its pack, ``group`` its rule or kind; ``failure`` is empty if it
    passed, else one line, with all that can be said of it in ``details``."""

    suite: str
    group: str
    name: str
    file: str
    line: int = 0
    failure: str = ""
    details: str = ""

    __test__ = False


def junit(results: Sequence[TestResult]) -> bytes:
    """One suite for each pack, in the order of the results. The same results, the same bytes."""
    root = ET.Element("testsuites", _counts(results))
    for suite in dict.fromkeys(one.suite for one in results):
        mine = [one for one in results if one.suite == suite]
        element = ET.SubElement(root, "testsuite", {"name": _clean(suite), **_counts(mine)})
        for one in mine:
            place = {"file": _clean(one.file)} if one.file else {}
            if one.line:
                place["line"] = str(one.line)
            case = ET.SubElement(
                element,
                "testcase",
                {"classname": _clean(one.group), "name": _clean(one.name), **place},
            )
            if one.failure:
                failure = ET.SubElement(
                    case, "failure", {"message": _clean(one.failure), "type": "failure"}
                )
                failure.text = _clean(one.details)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _counts(results: Sequence[TestResult]) -> dict[str, str]:
    failed = sum(bool(one.failure) for one in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "skipped": "0"}


def _clean(text: str) -> str:
    return _REFUSED.sub("\N{REPLACEMENT CHARACTER}", text)
