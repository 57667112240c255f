"""A decision for people: the claim, and under each code its warrant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from codewarrant.decision import Body, Decision, ReportedDiagnosis, ReportedLine, RuleUsed
from codewarrant.engine.facts import Evidence, Fact

PASSAGE = 90
"""Characters of a passage that are shown."""
LANES = {"autonomous": "green", "review": "yellow", "error": "red"}


def show_decision(console: Console, decision: Decision, name: str) -> None:
    """Print one decision."""
    body = decision.body
    facts = {fact.id: fact for fact in body.trace.facts}
    rules = {rule.id: rule for rule in body.trace.rules}
    parts: list[Text] = [_heading(body)]
    for item in body.diagnoses:
        parts += _diagnosis(item, body, facts, rules)
    if not body.diagnoses:
        parts.append(Text("no diagnosis can be reported", style="bold"))
    for line in body.lines:
        parts += _line(line)
    for edit in body.edits:
        parts.append(
            _labelled(
                "edit",
                f"line {edit.target}" if edit.target.isdigit() else edit.target,
                f"{edit.reason} {edit.because}",
                "red",
            )
        )
    for requirement in body.requirements:
        parts.append(
            _labelled(
                "required",
                requirement.target,
                f"{requirement.what}: {requirement.because}",
                "magenta",
            )
        )
    for query in body.queries:
        parts.append(_labelled("query", "provider", query.text, "magenta"))
    parts += _rejected(body)
    parts += _route(body)
    parts.append(
        Text(
            f"decision {decision.header.decision_id[:16]}  body {decision.header.body_sha256[:16]}"
            "  (confidence by scorecard, not calibrated)",
            style="dim",
        )
    )
    title = Text(_title(name, body.chart, console.width))
    console.print(Panel(Group(*parts), title=title, title_align="left"))


def _title(name: str, chart: str, width: int) -> str:
    """File and chart; of a file's name that is too long the end is shown, never less of the
    chart."""
    room = width - len(chart) - 8  # corners, blanks and what stands between the two
    shown = name if len(name) <= room else f"…{name[-max(room - 1, 1) :]}"
    return f"{shown}  {chart}"


def _heading(body: Body) -> Text:
    day = body.clocks.get("date of service")
    facts = (body.setting, body.specialty, body.payer, day.isoformat() if day else None)
    return Text(
        " · ".join(item for item in facts if item) or "setting and date unknown", style="dim"
    )


def _diagnosis(
    item: ReportedDiagnosis, body: Body, facts: Mapping[str, Fact], rules: Mapping[str, RuleUsed]
) -> Iterator[Text]:
    line = Text(f"{item.sequence}. ", style="bold")
    line.append(f"{item.code.value:<9}", style="bold cyan")
    line.append(item.title)
    poa = f", present on admission {item.present_on_admission}" if item.present_on_admission else ""
    line.append(f"  {item.role}{poa}, confidence {item.confidence.ppm / 10_000:.0f} %", style="dim")
    yield line
    for ground in dict.fromkeys(_grounds(item, facts)):
        yield Text(f"     {ground}", style="green")
    named = dict.fromkeys(body.trace.firings[seq].rule for seq in item.firings)
    for rule_id in named:
        rule = rules[rule_id]
        text = Text(f"     by {rule.id} {rule.version}", style="blue")
        text.append(f"  {'; '.join(rule.cites)}", style="dim")
        yield text


def _grounds(item: ReportedDiagnosis, facts: Mapping[str, Fact]) -> Iterator[str]:
    for name in item.grounds:
        fact = facts.get(name)
        if fact is None:
            continue
        for evidence in fact.evidence:
            yield _place(evidence)


def _place(evidence: Evidence) -> str:
    if evidence.text is None:
        return evidence.ref
    text = " ".join(evidence.text.split())
    shown = text if len(text) <= PASSAGE else f"{text[:PASSAGE]}…"
    return f"“{shown}”  {evidence.ref}"


def _line(line: ReportedLine) -> Iterator[Text]:
    text = Text(f"line {line.number}  ", style="bold")
    code = "-".join((line.code.value, *line.modifiers))
    text.append(code, style="bold cyan")
    if line.units is not None:
        text.append(f"  ×{line.units}")
    if line.pointers:
        text.append(f"  for {', '.join(str(item) for item in line.pointers)}", style="dim")
    yield text


def _labelled(kind: str, target: str, words: str, style: str) -> Text:
    text = Text(f"{kind} ", style=f"bold {style}")
    text.append(f"{target}: {words}")
    return text


def _rejected(body: Body) -> Iterator[Text]:
    """The candidates that were considered and not reported, one line for each code and reason."""
    seen: set[tuple[str, str, str]] = set()
    for item in body.rejected:
        name = item.code.value if item.code is not None else "document"
        key = (name, item.kind, item.because)
        if key in seen:
            continue
        seen.add(key)
        text = Text(f"not {name}", style="dim")
        said = f" “{item.text}”" if item.text else ""
        text.append(f"{said}: {item.kind}. {item.because}", style="dim")
        yield text


def _route(body: Body) -> Iterator[Text]:
    text = Text("→ ", style="bold")
    text.append(body.route.lane, style=f"bold {LANES[body.route.lane]}")
    yield text
    for reason in body.route.reasons:
        yield Text(f"  {reason}", style=LANES[body.route.lane])
