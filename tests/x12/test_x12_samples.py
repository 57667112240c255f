"""Sample files of others: a decision or a clear error each, read as a plain scan reads them.

They cannot be shipped; ``CODEWARRANT_SHARED`` names the folder that holds them.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from codewarrant.cli.coding import code_file
from codewarrant.coding.snapshot import Snapshot
from codewarrant.fhir.elements import whole
from codewarrant.schema import Line
from codewarrant.x12.claims import read_claims

SHARED = os.environ.get("CODEWARRANT_SHARED", "")
FOLDER = Path(SHARED) / "corpora" / "x12"
FILES = sorted(FOLDER.glob("*/*")) if SHARED else []
CLAIMS = [path for path in FILES if path.parent.name.startswith("837")]
pytestmark = pytest.mark.skipif(not FILES, reason="CODEWARRANT_SHARED names no folder of samples")


def scan(path: Path) -> list[tuple[str, list[str], list[tuple[str, Decimal | None]]]]:
    """Claims by splitting at ``~``, ``*`` and ``:`` alone: id, diagnoses without dots, lines."""
    out: list[tuple[str, list[str], list[tuple[str, Decimal | None]]]] = []
    for text in path.read_text().replace("\n", "").split("~"):
        parts = text.split("*")
        if parts[0] == "CLM":
            out.append((parts[1], [], []))
        elif parts[0] == "HI":
            pairs = [part.split(":") for part in parts[1:]]
            out[-1][1].extend(pair[1] for pair in pairs if pair[0] in ("BK", "BF", "ABK", "ABF"))
        elif parts[0] in ("SV1", "SV2"):
            at = 1 if parts[0] == "SV1" else 2
            code = parts[at].split(":")[1]
            units = Decimal(parts[at + 3]) if parts[at + 2] == "UN" else None
            out[-1][2].append((code, units))
    return out


def other_components(path: Path) -> bool:
    """Whether a file separates components by another sign than the one that it names."""
    return ">" in path.read_text() and path.read_text()[104] == ":"


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.name)
def test_each_claim_is_a_decision_with_what_a_plain_scan_finds(
    path: Path, installed: Snapshot
) -> None:
    coded = list(code_file(path, "", installed))
    refused = [issue for one in coded for issue in one.refused]
    if other_components(path):
        assert [issue.path.split()[-1] for issue in refused] == ["(CLM)"]
        assert "ISA16" in refused[0].message
        return
    assert refused == []
    expected = scan(path)
    assert expected
    found = read_claims(path.read_bytes()).claims
    assert [
        (
            claim.id,
            [item.code.replace(".", "") for item in claim.diagnoses],
            [(line.code, line.units) for line in claim.lines],
        )
        for claim in found
    ] == expected
    assert len(coded) == len(expected)
    for one, (_, _, lines) in zip(coded, expected, strict=True):
        (chart,) = one.charts
        assert one.opened is not None
        (request,) = one.opened.requests()
        charted = [item for item in one.opened.chart(request).entities if isinstance(item, Line)]
        assert [(item.code.value, item.units) for item in charted] == [
            (code, whole(units)) for code, units in lines
        ]
        assert len(chart.decision.body.lines) == len(lines)


def test_the_samples_are_all_there() -> None:
    assert len(CLAIMS) == 22
    assert sum(other_components(path) for path in CLAIMS) == 7
    assert len([path for path in FILES if path.suffix == ".835"]) == 5


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix == ".835"], ids=lambda p: p.name)
def test_a_remittance_is_an_error_that_names_what_is_read(path: Path, installed: Snapshot) -> None:
    (coded,) = code_file(path, "", installed)
    (issue,) = coded.refused
    assert coded.charts == ()
    assert "transaction set 835; 837P" in issue.message
