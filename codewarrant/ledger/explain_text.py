"""Explanations as plain text: indented lines, no colour; the command line adds that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codewarrant.ledger.absence import Absence, Reason
from codewarrant.ledger.explain import Argument, Ground, Rebuttal, Warrant
from codewarrant.ledger.explain_rule import NearestMatch, RuleAccount, Told

INDENT = "  "
_HELD = {True: "held", False: "did not hold", None: "could not be told"}


def render_argument(argument: Argument) -> str:
    """The argument tree of one reported code; passages are printed once."""
    lines = [f"{argument.claim}  {argument.title}".rstrip(), f"{INDENT}claim: {argument.place}"]
    printed: set[str] = set()
    for ground in argument.grounds:
        lines += _indented(_ground(ground, "ground", printed), 1)
    for warrant in argument.warrants:
        lines += _indented(_warrant(warrant, "warrant", printed), 1)
    if not argument.warrants:
        lines.append(f"{INDENT}warrant: none recorded")
    lines.append(f"{INDENT}qualifier: {_qualifier(argument)}")
    return "\n".join(lines)


def render_absence(absence: Absence) -> str:
    """Why a code is not there."""
    lines = [f"{absence.code}  {'is reported' if absence.reported else 'is not reported'}"]
    printed: set[str] = set()
    for reason in absence.reasons:
        lines += _indented(_reason(reason, printed), 1)
    return "\n".join(lines)


def render_rule(account: RuleAccount) -> str:
    """What became of a rule."""
    lines = [f"{account.rule} {account.version}  {account.title}".rstrip()]
    lines += [f"{INDENT}backing: {cite}" for cite in account.backing]
    printed: set[str] = set()
    for warrant in account.firings:
        lines += _indented(_warrant(warrant, "fired", printed), 1)
    for reason in account.reasons:
        lines += _indented(_reason(reason, printed), 1)
    if account.nearest is not None:
        lines += _indented(_nearest(account.nearest, printed), 2)
    return "\n".join(lines)


def _nearest(near: NearestMatch, printed: set[str]) -> Iterator[str]:
    for ground in near.bound:
        yield from _ground(ground, "nearest", printed)
    for group in near.unmet:
        for place, test in enumerate(group):
            yield f"{'or' if place else 'wanted'}: {test.text}, which is {_truth(test)}"
    for test in near.met:
        value = f" [{test.value}]" if test.value else ""
        yield f"met: {test.text}{value}"


def _truth(test: Told) -> str:
    if test.truth == "unknown":
        return "not known"
    return f"{test.truth}: it is {test.value}" if test.value else test.truth


def _reason(reason: Reason, printed: set[str]) -> Iterator[str]:
    yield f"{reason.kind}: {reason.text}"
    for cite in reason.backing:
        yield f"{INDENT}backing: {cite}"
    for ground in reason.grounds:
        yield from _indented(_ground(ground, "ground", printed), 1)
    for warrant in reason.warrants:
        yield from _indented(_warrant(warrant, "warrant", printed), 1)


def _indented(lines: Iterable[str], depth: int) -> Iterator[str]:
    return (INDENT * depth + line for line in lines)


def _ground(ground: Ground, name: str, printed: set[str]) -> Iterator[str]:
    var = f"{ground.var} = " if ground.var else ""
    known = bool(ground.passages) and ground.says in printed
    yield f"{name}: {var}{ground.says}{', as above' if known else ''}"
    if not known:
        for passage in ground.passages:
            text = f'  "{" ".join(passage.text.split())}"' if passage.text else ""
            yield f"{INDENT}{passage.ref}{text}"
    printed.add(ground.says)
    for warrant in ground.warrants:
        yield from _indented(_warrant(warrant, "concluded by", printed), 1)


def _warrant(warrant: Warrant, name: str, printed: set[str]) -> Iterator[str]:
    version = f" {warrant.version}" if warrant.version else ""
    mandatory = ", mandatory" if warrant.mandatory else ""
    at = f"firing {warrant.firing}, {warrant.stage}{mandatory}"
    if warrant.brief:
        yield f"{name}: {warrant.rule}{version} ({at}), {warrant.brief}"
        return
    yield f"{name}: {warrant.rule}{version} ({at})"
    if warrant.title:
        yield f"{INDENT}{warrant.title}"
    for cite in warrant.backing:
        yield f"{INDENT}backing: {cite}"
    for text in warrant.conclusions:
        yield f"{INDENT}concludes: {text}"
    for ground in warrant.grounds:
        yield from _indented(_ground(ground, "ground", printed), 1)
    for text in warrant.tests:
        yield f"{INDENT}test: {text}"
    for text in (item for item in warrant.absent if f"{item}: true" not in warrant.tests):
        yield f"{INDENT}searched, not found: {text}"
    for rebuttal in warrant.rebuttals:
        yield f"{INDENT}rebuttal: {_rebuttal(rebuttal)}"
    if warrant.defeated_by:
        yield f"{INDENT}did not stand: {warrant.defeated_by}"


def _rebuttal(rebuttal: Rebuttal) -> str:
    by = f" (added by {rebuttal.override})" if rebuttal.override else ""
    because = f": {rebuttal.because}" if rebuttal.because else ""
    return f"{rebuttal.name}{by} {_HELD[rebuttal.held]}{because}"


def _qualifier(argument: Argument) -> str:
    certified = argument.certificate or "no certificate"
    rest = f"lane {argument.lane}, {certified}"
    if argument.confidence is None:
        return rest
    parts = ", ".join(f"{name} {value:+d}" for name, value in argument.points)
    return f"confidence {_percent(argument.confidence)}{f' ({parts})' if parts else ''}; {rest}"


def _percent(ppm: int) -> str:
    """Parts per million as per cent, in integers: no float may round it."""
    tenths = (ppm + 500) // 1000
    return f"{tenths // 10}.{tenths % 10} %"
