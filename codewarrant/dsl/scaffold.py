"""New packs and rules as text: small, complete and correct, for an author to write over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from codewarrant.dsl.diagnostics import Diagnostic
from codewarrant.dsl.parse import parse_file

_PACK = """\
# The pack: what it is called, when it is in force, who answers for it.
pack {name} "{title}" version 1.0
{extends}{applies}  effective from {start} through {end}
  owner "{owner}"

# What the rules cite. A decision prints the label before the section: "Manual section 3".
source {source} "{document}"
  label "{label}"
  effective from {start} through {end}
"""

_LINE_PARTS = """\
# A value set names codes once, for all rules that speak of them.
value set counted-services "Services that are counted by the day" of cpt
  cites {source} "section 3"
  is {{ 97110, 97112, 97530 }}

# A parameter is a number that the manual may change: add a line with the next date then.
parameter daily-units "Units of one service that are paid a day" of integer
  cites {source} "section 3"
  from {start} is 4
"""

_LINE_RULE = """\
# A rule: for what, when, then. Every rule cites a source, and its examples prove it both ways.
rule {name} "A counted service is paid up to a number of units a day"
  cites {source} "section 3"
  severity warning
  for each line l in {services}
  when l.units > {most}
  then limit units of l to {most} because "Paid up to {paid} units a day."
  unless emergency
    when encounter.setting is "emergency"
    because "In the emergency department units are not counted."
    cites {source} "section 3"
  example "six units in the office"
    given encounter: setting professional
          line l: code 97110, units 6
    expect l is limited to 4 units
  example "four units in the office"
    given encounter: setting professional
          line l: code 97110, units 4
    does not fire
  example "six units in the emergency department"
    given encounter: setting emergency
          line l: code 97110, units 6
    expect rule {name} is excused by emergency
  example "another service is not counted"
    given encounter: setting professional
          line l: code 99213, units 6
    does not fire
"""

_DIAGNOSIS_RULE = """\
# A rule: for what, when, then. Every rule cites a source, and its examples prove it both ways.
rule {name} "Chronic kidney disease without a stage: the provider is asked"
  cites {source} "section 1"
  severity information
  for each diagnosis k in {{ N18.9 }}
  when no diagnosis in {{ N18.1 to N18.6 }}
  then query the provider "What is the stage of the chronic kidney disease ({{k.code}})?"
  unless asked-before
    when note mentions "stage not determined" near k
    because "The note says that the stage is not determined."
    cites {source} "section 1"
  example "no stage"
    given diagnosis: code N18.9
    expect query
  example "another diagnosis gives the stage"
    given diagnosis: code N18.9
          diagnosis: code N18.4
    does not fire
  example "another disease"
    given diagnosis: code I10
    does not fire
  example "the note has answered"
    given diagnosis k: code N18.9
          note "Kidney disease, stage not determined." near k
    expect rule {name} is excused by asked-before
"""


class BadName(ValueError):
    """A name that the language does not allow; the message says why."""


def new_pack(
    name: str,
    year: int,
    extends: Sequence[tuple[str, str]] = (),
    payer: str = "",
) -> dict[str, str]:
    """The files of a new pack, in force for a calendar year.

    ``extends`` are packs with their versions; a source of the new pack hides theirs of its name.
    With a payer the example is a rule on the lines of its claims, otherwise one on diagnoses.
    Raises :class:`BadName` for a name or payer id that the language does not allow.
    """
    check_name("pack", name)
    if not payer.isprintable() or '"' in payer or "{" in payer or "}" in payer:
        raise BadName(f"a payer id stands between quotation marks: {payer!r} cannot")
    title = name.replace("-", " ").replace("_", " ").capitalize()
    source = "manual"
    head = _PACK.format(
        name=name,
        title=f"{title}, rules of one payer" if payer else f"{title}, coding rules",
        extends="".join(f"  extends {pack} at {version}\n" for pack, version in extends),
        applies=f'  applies when payer.id is "{payer}"\n' if payer else "",
        start=date(year, 1, 1),
        end=date(year, 12, 31),
        owner="Payer Policy" if payer else "Coding Standards",
        source=source,
        document=f"{'Provider manual' if payer else 'Coding handbook'} {year}",
        label="Manual" if payer else "Handbook",
    )
    if not payer:
        return {
            "pack.rules": head,
            "kidney-stage.rules": new_rule("kidney-stage-unknown", source),
        }
    parts = _LINE_PARTS.format(source=source, start=date(year, 1, 1))
    rule = _line_rule("units-a-day-limit", source, "counted-services", "daily-units")
    return {"pack.rules": head, "units.rules": f"{parts}\n{rule}"}


def new_rule(name: str, source: str, of_lines: bool = False) -> str:
    """The text of a new rule that cites ``source``: on claim lines or on diagnoses.

    Raises :class:`BadName` for a name that the language does not allow.
    """
    check_name("rule", name)
    if of_lines:
        return _line_rule(name, source, "{ 97110, 97112, 97530 }", "4")
    return _DIAGNOSIS_RULE.format(name=name, source=source)


def _line_rule(name: str, source: str, services: str, most: str) -> str:
    paid = most if most.isdigit() else f"{{{most}}}"
    return _LINE_RULE.format(name=name, source=source, services=services, most=most, paid=paid)


def check_name(kind: str, name: str) -> None:
    """Raises :class:`BadName` if no pack or rule can be called this."""
    if "\n" in name or "#" in name or not name:
        raise BadName(f"a {kind} cannot be called {name!r}")
    head = f'{kind} {name} "title"'
    body = (
        " version 1.0\n"
        if kind == "pack"
        else '\n  cites s "1"\n  then route to review because "b"\n'
    )
    _, found = parse_file("", (head + body).encode())
    if found:
        raise BadName(_why(kind, name, found))


def _why(kind: str, name: str, found: Sequence[Diagnostic]) -> str:
    first = found[0]
    if first.code == "CW0108":
        return f"{first.message}; {first.help}" if first.help else first.message
    return (
        f"a {kind} cannot be called {name!r}: a name is lower case letters and digits, starts with "
        "a letter, and joins its words with a hyphen, like filing-limit"
    )
