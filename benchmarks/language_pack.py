"""A generated rulepack of any size: rules in the shapes that real packs have, with examples."""

from __future__ import annotations

from collections.abc import Sequence

from codewarrant.dsl.pack import PackSource

RULES_IN_A_FILE = 250
SETS = 200

HEAD = """\
pack generated "Generated rules" version 2026.1
  effective from 2025-10-01 through 2026-09-30
  owner "Benchmark"

source manual "Claims manual"
  label "Manual 2026"
source guideline "Coding guideline"
  label "Guideline 2026"

parameter limit "Units a day" of integer
  from 2025-10-01 is 4

"""

SHAPES = (
    """\
rule covered-{n:05} "A visit with {a} is not billed with {b} on one day"
  cites manual "{n}.1" quoting "Only one of both services is paid on one day of service."
  severity warning
  for each line l, diagnosis d in set_{s:03}
  when l.code in {{ {a} }}
    and l.units > limit
    and not (d.certainty is "probable" or d.certainty is "suspected")
  then deny l with reason "CO-97" because "{{l.code}} is part of another service."
  example "too many" given line l: code {a}, units 9
    diagnosis: code {c}
    expect rule covered-{n:05} fires
""",
    """\
# A diagnosis that needs another one beside it.
rule needs-{n:05} "A diagnosis of set {s} needs its companion"
  effective from 2025-10-01
  cites guideline "I.C.{n}"
  for each diagnosis d in set_{s:03}
  when encounter.setting is "inpatient"
    and no diagnosis other in set_{t:03} where (other.certainty is "confirmed")
    and patient.age_years >= 18
  then query the provider "Is there a companion of {{d.code}}?"
  if unknown route to review
  unless newborn when patient.age_days < 29 because "newborns are exempt" cites manual "{n}.2"
  example "alone" given encounter: setting inpatient
    patient: age_years 40, age_days 14700
    diagnosis: code {c}
    expect query
""",
    """\
rule absent-{n:05} "A sign that belongs to a disease is not coded"
  cites guideline "I.B.{n}" quoting "Signs and symptoms that are part of a disease"
  for each diagnosis sign in set_{t:03}
  when some diagnosis cause in set_{s:03}
    and at least 1 finding f where (f.kind is "side" and f.about = sign.code)
    and sign.code.laterality is not "left"
    and sum of l.units over (line l where l.code in {{ {a} to {b} }}) >= 2
  then remove sign because "{{sign.code}} belongs to a disease that is coded."
  unless unrelated when sign.certainty is "probable" because "the sign is not explained"
  example "nothing to do" given diagnosis: code {c}
    does not fire
""",
)


def generated(rules: int = 5000) -> PackSource:
    """A pack of so many rules, 250 to a file, that shares 200 value sets among them."""
    files: dict[str, bytes] = {"pack.rules": HEAD.encode()}
    files["sets.rules"] = "".join(value_set(number) for number in range(SETS)).encode()
    for first in range(0, rules, RULES_IN_A_FILE):
        last = min(first + RULES_IN_A_FILE, rules)
        text = "\n".join(rule(number) for number in range(first, last))
        files[f"rules-{first // RULES_IN_A_FILE:03}.rules"] = text.encode()
    return PackSource("generated", files)


def value_set(number: int) -> str:
    """A set of codes of one ICD-10-CM category, with a part taken out."""
    code = category(number)
    return (
        f'value set set_{number:03} "Set {number}" of icd10cm\n'
        f'  cites guideline "List {number}"\n'
        f"  is {{ {code}.*, {category(number + 1)}.* }}\n\n"
    )


CATEGORIES: Sequence[str] = (
    "A04", "B37", "C34", "D50", "E11", "F32", "G40", "H25", "I50", "J18", "K21", "L03", "M17",
    "N18", "R10", "S72", "T78", "Z79",
)  # fmt: skip


def category(number: int) -> str:
    """One of some categories."""
    return CATEGORIES[number % len(CATEGORIES)]


def rule(number: int) -> str:
    """The text of one rule; neighbours differ in shape, codes and sets."""
    first = 10000 + (number * 7) % 80000
    return SHAPES[number % len(SHAPES)].format(
        n=number,
        a=first,
        b=first + 5,
        c=SAMPLES[number % SETS % len(CATEGORIES)],
        s=number % SETS,
        t=(number + 7) % SETS,
    )


SAMPLES: Sequence[str] = (
    "A04.72", "B37.0", "C34.90", "D50.9", "E11.9", "F32.9", "G40.909", "H25.9", "I50.9", "J18.9",
    "K21.9", "L03.90", "M17.10", "N18.6", "R10.9", "S72.001A", "T78.40XA", "Z79.4",
)  # fmt: skip
