"""Examples and tests run through the engine: what is given, what is expected, what is said."""

from __future__ import annotations

from datetime import date

import pytest
from dsl_golden import sources

from codewarrant.dsl.cases import Case
from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.examples import Results, run_examples
from codewarrant.engine.values import Code

HEAD = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "Manual"
rule r "R"
  cites m "1"
  for each diagnosis d in { I10 }
  when d.side is not "left"
  then replace d with I12.9 because "x"
  unless far
    when note mentions "not so" near d
    because "y"
"""


def results(text: str, codes: InstalledCodes) -> Results:
    checked = check_packs(sources(text), codes)
    assert checked.ok, checked.diagnostics
    return run_examples(checked, codes)


def case(given: str, codes: InstalledCodes) -> Case:
    text = f'{HEAD}test "t" on 2026-02-03\n  given {given}\n  expect no conflict\n'
    checked = check_packs(sources(text), codes)
    assert checked.ok, checked.diagnostics
    return checked.packs[0].cases[0]


def test_a_given_diagnosis_is_confirmed_and_active_unless_it_says_otherwise(
    codes: InstalledCodes,
) -> None:
    found = case(
        "diagnosis a: code I10\n    diagnosis b: code E11.9, certainty unknown, status resolved",
        codes,
    )
    a, b = found.named["a"], found.named["b"]
    assert (a.get("certainty"), a.get("status")) == ("confirmed", "active")
    assert (b.get("certainty"), b.get("status")) == (None, "resolved")
    assert a.get("code") == Code("icd10cm", "I10")
    assert a.order < b.order


def test_clocks_follow_the_given_facts(codes: InstalledCodes) -> None:
    found = case(
        "encounter: start 2026-02-01, end 2026-02-05\n    claim: received 2026-03-01\n"
        "    diagnosis: code I10",
        codes,
    )
    assert found.clocks == {
        "date of service": date(2026, 2, 3),
        "admission date": date(2026, 2, 1),
        "discharge date": date(2026, 2, 5),
        "received date": date(2026, 3, 1),
    }


@pytest.mark.parametrize(
    ("given", "years", "days"),
    [
        ("birth_date 2010-02-03", 16, 5844),
        ("birth_date 2010-02-04", 15, 5843),
        ("birth_date 2010-02-04, age_years 40", 40, 5843),
        ("birth_date 2010-02-04, age_years unknown", None, 5843),
        ("birth_date 2026-02-04", None, None),
        ("sex female", None, None),
    ],
)
def test_the_age_follows_from_a_given_date_of_birth(
    given: str, years: int | None, days: int | None, codes: InstalledCodes
) -> None:
    found = case(f"patient: {given}\n    diagnosis: code I10", codes).named["patient"]
    assert (found.get("age_years"), found.get("age_days")) == (years, days)


def test_an_empty_list_is_known_as_one_that_is_not_given(codes: InstalledCodes) -> None:
    found = case(
        "line a: code 97110, modifiers []\n    line b: code 97110\n"
        "    line c: code 97110, modifiers unknown",
        codes,
    )
    assert [found.named[name].get("modifiers") for name in "abc"] == [(), (), None]


def test_a_given_clock_wins(codes: InstalledCodes) -> None:
    found = case("diagnosis: code I10\n    received date 2026-04-01", codes)
    assert found.clocks["received date"] == date(2026, 4, 1)


def test_every_case_has_a_patient_and_an_encounter(codes: InstalledCodes) -> None:
    found = case("diagnosis: code I10", codes)
    assert {fact.entity for fact in found.facts} == {"patient", "encounter", "diagnosis"}


@pytest.mark.parametrize(
    "expected",
    [
        "reported I12.9",
        "reported in order I12.9",
        "I10 is replaced",
        "I10 is not reported",
        "rule r fires",
        "no review",
        "no conflict",
        "no query",
    ],
)
def test_expectations_that_hold(expected: str, codes: InstalledCodes) -> None:
    text = f'{HEAD}test "t" on 2026-02-03\n  given diagnosis: code I10, side right\n'
    assert results(f"{text}  expect {expected}\n", codes).ok


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("reported I10", "reported I12.9"),
        ("nothing reported", "reported I12.9"),
        ("I10 is reported", "I10 is replaced"),
        ("I10 is omitted", "I10 is replaced"),
        ("N18.9 is reported", "N18.9 is nowhere"),
        ("I12.9 before I10", "reported I12.9"),
        ("rule r does not fire", "rule r: it fires"),
        ("rule r is excused by far", "rule r: it fires"),
        ("rule r is undetermined", "rule r: it fires"),
        ("review", "no review"),
        ("conflict", "no conflict"),
        ("query", "no query"),
    ],
)
def test_expectations_that_fail_say_what_came_instead(
    expected: str, got: str, codes: InstalledCodes
) -> None:
    text = f'{HEAD}test "t" on 2026-02-03\n  given diagnosis: code I10, side right\n'
    found = results(f"{text}  expect {expected}\n", codes)
    assert [item.missed[0].got for item in found.cases] == [got]
    assert found.diagnostics[0].code == "CW0801"


def test_what_is_not_known_is_named(codes: InstalledCodes) -> None:
    text = f'{HEAD}  example "e"\n    given diagnosis: code I10\n    fires\n'
    (missed,) = results(text, codes).cases[0].missed
    assert "undetermined" in missed.got
    assert "d.side" in missed.got


def test_a_note_is_near_what_it_speaks_of(codes: InstalledCodes) -> None:
    given = 'given diagnosis a: code I10, side right\n    note "It is not so. Else fine."'
    for near, verdict in ((" near a", "rule r is excused by far"), ("", "rule r fires")):
        text = f'{HEAD}test "t" on 2026-02-03\n  {given}{near}\n  expect {verdict}\n'
        assert results(text, codes).ok


def test_outside_its_dates_a_rule_is_silent(codes: InstalledCodes) -> None:
    text = f'{HEAD}test "t" on 2027-01-01\n  given diagnosis: code I10, side right\n'
    assert results(f"{text}  expect rule r does not fire\n", codes).ok
    text = text.replace("2027-01-01", "2026-12-31")
    assert results(f"{text}  expect rule r fires\n", codes).ok


PAYER = """=== a/pack.rules
{base}=== b/pack.rules
pack b "B" version 1.0
  extends p at 1.0
  {applies}
  effective from 2026-01-01 through 2026-12-31
source k "K"
override p/r at 1.0 "O"
  effective from 2026-03-01
  cites k "1"
  because "the contract"
  {change}
"""


@pytest.mark.parametrize(
    ("applies", "change", "day", "payer", "expected"),
    [
        ("", "suspend", "2026-03-01", "X", "rule p/r is suspended"),
        ("", "suspend", "2026-02-28", "X", "rule p/r fires"),
        ('applies when payer.id is "B"', "suspend", "2026-03-01", "B", "reported I10"),
        ('applies when payer.id is "B"', "suspend", "2026-03-01", "C", "reported I12.9"),
        ("", 'replace actions with omit d because "z"', "2026-03-01", "X", "I12.9 is not reported"),
        (
            'applies when payer.id is "B"',
            'replace actions with replace d with I11.9 because "z"',
            "2026-03-01",
            "B",
            "reported I11.9",
        ),
        (
            'applies when payer.id is "B"',
            'replace actions with replace d with I11.9 because "z"',
            "2026-03-01",
            "C",
            "reported I12.9",
        ),
    ],
)
def test_overrides_hold_for_their_period_and_payer(
    applies: str, change: str, day: str, payer: str, expected: str, codes: InstalledCodes
) -> None:
    text = PAYER.format(base=HEAD, applies=applies, change=change)
    text += (
        f'test "t" on {day}\n  given payer: id "{payer}"\n'
        f"        diagnosis: code I10, side right\n  expect {expected}\n"
    )
    found = results(text, codes)
    assert found.ok, found.diagnostics
    assert found.cases
