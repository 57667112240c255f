"""What ``code``, ``explain`` and ``evaluate`` share: opening files and coding their charts.

A file is a FHIR bundle, or an X12 interchange whose claims are coded as the bundles that they make.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codewarrant.codesets.errors import CodeSetError
from codewarrant.coding.chart import CodedChart, code_opened
from codewarrant.coding.installed import installed_snapshot
from codewarrant.coding.snapshot import RulepacksBroken, Snapshot, SnapshotDamaged
from codewarrant.decision import Request
from codewarrant.engine.errors import EngineError
from codewarrant.fhir.errors import Issue, Refused
from codewarrant.fhir.read import OpenedBundle, open_bundle
from codewarrant.x12.billed import BilledClaim
from codewarrant.x12.bundle import to_bundle
from codewarrant.x12.claims import read_claims
from codewarrant.x12.segments import Fault, X12Error, is_x12


@dataclass(frozen=True, slots=True)
class CodedBundle:
    """One bundle: its bytes and decisions, and the issues for which it or a chart was refused."""

    name: str
    data: bytes
    opened: OpenedBundle | None
    charts: tuple[CodedChart, ...]
    refused: tuple[Issue, ...]


class CannotCode(Exception):
    """No decision may be made with what is installed and was given; the message says why."""


def open_snapshot(rules: Sequence[Path]) -> Snapshot:
    """The installed snapshot with further rulepacks, its rules ready to run.

    Raises :class:`CannotCode` where a rulepack cannot be read or has errors, or a code set is not
    installed.
    """
    try:
        snapshot = installed_snapshot(rules)
        _ = snapshot.loaded
    except RulepacksBroken as error:
        raise CannotCode(f"{error}\ncodewarrant check lists every mistake of a rulepack") from error
    except (OSError, ValueError, CodeSetError, SnapshotDamaged) as error:
        raise CannotCode(str(error)) from error
    return snapshot


def read_input(path: Path) -> bytes:
    """The bytes of a file, or of standard input for ``-``. Raises ``OSError``."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def code_file(path: Path, payer: str, snapshot: Snapshot) -> Iterator[CodedBundle]:
    """Code every chart of one file; what cannot be read is refused with its issues.

    A file that holds a bundle gives one; an interchange gives one for each claim, after one that
    has no charts for what of the interchange is refused.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        data = read_input(path)
    except OSError as error:
        issue = Issue("error", "not-found", "", f"cannot read the file: {error.strerror}")
        yield CodedBundle(name, b"", None, (), (issue,))
        return
    if is_x12(data):
        yield from _code_interchange(name, data, payer, snapshot)
    else:
        yield code_bytes(name, data, payer, snapshot)


def _code_interchange(
    name: str, data: bytes, payer: str, snapshot: Snapshot
) -> Iterator[CodedBundle]:
    try:
        found = read_claims(data)
    except X12Error as error:
        yield CodedBundle(name, data, None, (), (_issue(error.fault),))
        return
    if found.faults:
        yield CodedBundle(name, data, None, (), tuple(_issue(item) for item in found.faults))
    for claim in found.claims:
        coded = code_bytes(name, to_bundle(claim, found.sha256), payer, snapshot)
        if coded.opened is not None:
            warnings = (*_passed_over(claim), *coded.opened.warnings)
            coded = replace(coded, opened=replace(coded.opened, warnings=warnings))
        yield coded


def _issue(fault: Fault) -> Issue:
    return Issue("error", "structure", fault.place, fault.message)


def _passed_over(claim: BilledClaim) -> Iterator[Issue]:
    for what, count in claim.passed_over:
        place = f"segment {claim.segment} (CLM)"
        yield Issue("information", "not-supported", place, f"{what}: not read ({count})")


def code_bytes(name: str, data: bytes, payer: str, snapshot: Snapshot) -> CodedBundle:
    """Code every chart of one bundle."""
    try:
        opened = open_bundle(data)
    except Refused as error:
        return CodedBundle(name, data, None, (), error.issues)
    charts: list[CodedChart] = []
    refused: list[Issue] = []
    for request in _requests(opened, payer):
        try:
            charts.append(code_opened(opened, request, snapshot))
        except Refused as error:
            refused += error.issues
        except EngineError as error:
            refused.append(Issue("error", "too-costly", request.encounter, str(error)))
    return CodedBundle(name, data, opened, tuple(charts), tuple(refused))


def _requests(opened: OpenedBundle, payer: str) -> Iterator[Request]:
    for request in opened.requests():
        yield Request(request.encounter, payer or request.payer)
