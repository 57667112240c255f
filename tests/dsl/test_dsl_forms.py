"""Every form of condition and action that the reference page names is read and typed."""

from __future__ import annotations

import pytest
from dsl_golden import sources

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.diagnostics import CODES

HEAD = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "Manual"
value set ckd "CKD" of icd10cm is { N18.* }
value set extra "Modifiers" of modifier is { 25, 59, XS }
parameter limit "Days" of duration
  from 2026-01-01 is 90 days
parameter half-year "Months" of duration
  from 2026-01-01 is 6 months
parameter cap "Cap" of money
  from 2026-01-01 is $100.00

"""
BINDERS = "for each diagnosis d, line l, finding f, authorization a"

CONDITIONS = """
d.side is "left"
d.side is left
d.side is not "left"
d.certainty is one of "probable", "suspected"
d.certainty is not one of "ruled out"
d.code is I10
d.code = I10
"left" = d.side
d.code in ckd
d.code is in ckd
d.code not in ckd
d.code is not in { I10, N18.* }
d.code in { I10, E11.*, N17 to N19, descendants of I50, ckd } except { N18.6 }
d.code.category is f.about.category
d.code.manifestation
not d.code.manifestation
d.code.billable is true
d.code.valid is not true
d.code.laterality is "unspecified"
d.code.seventh_character is missing
d.onset is known
d.onset is unknown
d.onset is not known
d.due_to contains I10
d.due_to contains f.about
d.due_to contains any of ckd
d.due_to contains none of { I10 }
l.modifiers contains 25
l.modifiers contains LT
l.modifiers contains any of { 25, 59 }
l.modifiers contains none of extra
l.place_of_service in { 11, 22 }
l.units > 3
l.units >= 3 units
l.units + 1 <= 4
l.charge > $1,000.00
l.charge < cap
l.charge + l.charge > cap + $5.00
patient.age_years is between 18 and 64
patient.age_years >= 18 years
patient.age_days <= 28 days
l.date is between a.valid_from and a.valid_until
l.date within 30 days after d.onset
l.date within half-year of d.onset
d.onset within limit before date of service
claim.received - claim.last_service > limit
l.date + limit >= claim.received
received date > 2026-03-01
l.date > 2026-03-01
some diagnosis in ckd
some documented diagnosis in ckd
no diagnosis e where e.code in ckd
no diagnosis e in ckd where (e.side is "left" and e.onset is known)
every line m has m.units is known
every line m in { 99213 } where m.date is known has (m.units = 1)
at least 2 lines m in { 99213, 99214 }
at least 3 diagnoses
no authorization b where (b.code = l.code and b.status is "approved")
count of (diagnoses in ckd) > 1
sum of m.units over (lines m where m.date = l.date) > 3
l.units + sum of m.units over (lines m) > 3
sum of m.charge over (lines m) > $500.00
earliest of e.onset over (diagnoses e in ckd) > 2020-01-01
latest of m.date over (lines m) is known
note mentions "not due to hypertension"
note mentions "not due to hypertension" near d
f.temporary is not true
f.dependent
encounter.setting is "inpatient"
encounter.setting is one of "outpatient", "ambulatory surgery"
(d.side is "left" and l.units > 1) or d.code in ckd
""".strip().splitlines()

ACTIONS = """
assign N18.9
assign N18.9 as principal diagnosis because "{d.code}"
assign icd10cm E11.9
assign f.about
assign d.code.category
omit d because "{d.code.title} is covered, {l.units} units, {limit}"
replace d with I12.9 because "x"
replace d with d.code.left because "x"
sequence d before I12.9
sequence I12.9 before d because "x"
add modifier 25 to l
add modifier LT to l because "x"
deny l with reason "CO-50" because "x"
deny claim with reason "CO-29" because "x"
limit units of l to 3 because "x"
limit units of l to l.units - 1 because "x"
require "Operative report" for l because "x"
require "Operative report" because "x"
query the provider "Which side is meant by {d.phrase}?"
route to review because "x"
""".strip().splitlines()


def faults(rule: str, codes: InstalledCodes) -> list[str]:
    text = f'{HEAD}rule r "R"\n  cites m "1"\n  {BINDERS}\n{rule}\n'
    return [item.message for item in check_packs(sources(text), codes).diagnostics]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_condition_is_accepted(condition: str, codes: InstalledCodes) -> None:
    assert faults(f'  when {condition}\n  then route to review because "x"', codes) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_action_is_accepted(action: str, codes: InstalledCodes) -> None:
    assert faults(f"  then {action}", codes) == []


WRONG = """
CW0301 | l.charge > 500
CW0301 | l.units > 90 days
CW0301 | d.onset = 3
CW0301 | d.side < "left"
CW0301 | d.code > I10
CW0301 | patient.age_days < 2 months
CW0301 | patient.age_years > patient.age_days
CW0301 | d.onset is one of "x"
CW0301 | f.temporary is "yes"
CW0301 | d.due_to contains 2026-01-01
CW0302 | d.certainty is "sure"
CW0302 | d.certainty is one of "probable", "sure"
CW0302 | d.code.laterality is "both"
CW0303 | d.code is "I10"
CW0304 | d.side in ckd
CW0303 | l.units is N18.9
CW0304 | d.code is cpt 99213
CW0304 | l.code in ckd
CW0304 | l.code = d.code
CW0305 | d.side
CW0305 | not d.onset
CW0306 | d.onset + d.recorded > 2026-01-01
CW0306 | l.units + 2 days > 3
CW0306 | l.charge + 5 > cap
CW0306 | limit - d.onset > 3
CW0307 | d.due_to is I10
CW0307 | d.due_to in ckd
CW0307 | d.side contains "left"
CW0307 | d.code contains any of ckd
CW0308 | claim.received - claim.last_service > 6 months
CW0308 | claim.received - claim.last_service > half-year
CW0310 | d is known
CW0310 | sum of m.date over (lines m) > 3
CW0310 | earliest of m.units over (lines m) > 3
CW0310 | l.units within 3 days of d.onset
CW0310 | l.date within l.units of d.onset
CW0311 | d.sequence is 1
CW0505 | d.code is 99213
CW0208 | d.side.title is "x"
""".strip().splitlines()


@pytest.mark.parametrize("line", WRONG)
def test_wrong_types_are_refused_with_one_message(line: str, codes: InstalledCodes) -> None:
    code, condition = line.split(" | ", 1)
    text = (
        f'{HEAD}rule r "R"\n  cites m "1"\n  {BINDERS}\n  when {condition}\n'
        '  then route to review because "x"\n'
    )
    found = check_packs(sources(text), codes).diagnostics
    assert [item.code for item in found] == [code], [item.message for item in found]
    assert code in CODES
    assert found[0].span.line == text.count("\n", 0, text.index("  when")) + 1
