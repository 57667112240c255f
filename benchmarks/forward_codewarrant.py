"""The workload in Codewarrant: rule text, checked and linked like any pack; a chart of facts."""

from __future__ import annotations

from datetime import date

from forward_workload import Firing, Lines, Rules

from codewarrant.dsl.check import Checked, check_packs
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.link import link
from codewarrant.dsl.pack import PackSource
from codewarrant.engine.facts import make_fact
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.program import Program
from codewarrant.engine.trace import Chart, Outcome
from codewarrant.engine.values import Code

PACK = "forward"
RULES_IN_A_FILE = 250

HEAD = """\
pack forward "Forward chaining" version 2026.1
  effective from 2020-01-01
  owner "Benchmark"

source manual "Claims manual"
  label "Manual"

"""

ONE = """\
rule rule-{number:04} "More units of {code} than allowed"
  cites manual "{number}"
  for each line l
  when l.code in {{ {code} }} and l.units > {limit}
  then deny l with reason "CO-97" because "More units of {{l.code}} than {limit}."
"""

TWO = """\
rule rule-{number:04} "{first} and {second} on one day"
  cites manual "{number}"
  for each line a, line b
  when a.code in {{ {first} }} and b.code in {{ {second} }} and a.date = b.date
  then deny b with reason "CO-97" because "{{b.code}} on the day of {{a.code}}."
"""


def pack(rules: Rules) -> PackSource:
    """The rules as text."""
    texts = [ONE.format(number=one.number, code=one.code, limit=one.limit) for one in rules.one] + [
        TWO.format(number=one.number, first=one.first, second=one.second) for one in rules.two
    ]
    files = {"pack.rules": HEAD.encode()}
    for first in range(0, len(texts), RULES_IN_A_FILE):
        part = "\n".join(texts[first : first + RULES_IN_A_FILE])
        files[f"rules-{first // RULES_IN_A_FILE:03}.rules"] = part.encode()
    return PackSource(PACK, files)


def checked_pack(rules: Rules, codes: CodeView) -> Checked:
    """The pack, checked; raises ``ValueError`` with the first message if it is not fine."""
    checked = check_packs([pack(rules)], codes)
    if not checked.ok:
        raise ValueError(checked.diagnostics[0].message)
    return checked


def linked_program(checked: Checked, codes: CodeView) -> Program:
    """The program of the checked pack; raises ``ValueError`` if it does not link."""
    linked = link(checked, codes)
    if not linked.ok:
        raise ValueError(linked.diagnostics[0].message)
    return linked.program


def loaded_rules(rules: Rules, codes: CodeView) -> Loaded:
    """The rules, ready to run."""
    return load(linked_program(checked_pack(rules, codes), codes))


def chart_of(lines: Lines) -> Chart:
    """The lines as facts; a line's number is its number on the claim."""
    facts = tuple(
        make_fact(
            "line",
            {
                "number": line.number,
                "code": Code("cpt", line.code),
                "units": line.units,
                "date": line.date,
            },
            order=(line.number,),
        )
        for line in lines.lines
    )
    return Chart(facts, {"date of service": lines.lines[0].date, "received date": date(2026, 1, 1)})


def firings_of(outcome: Outcome, chart: Chart) -> list[Firing]:
    """What fired, as numbers."""
    numbers = {fact.id: fact.fields["number"] for fact in chart.facts}
    return [
        (int(one.rule.rpartition("-")[2]), *(int(str(numbers[bound.fact])) for bound in one.bound))
        for one in outcome.firings
    ]
