"""What about a chart itself a person must look at."""

from dataclasses import replace
from datetime import date

import pytest

from codewarrant.coding.doubts import doubts
from codewarrant.coding.reading import Reading
from codewarrant.engine.facts import make_fact
from codewarrant.engine.values import Code

ON = date(2026, 3, 1)
SURE = Reading(
    chart="Encounter/1",
    clocks={"date of service": ON},
    setting="outpatient",
    specialty=None,
    payer="P",
    claim_only=False,
    supplied=(),
    facts=(),
    kept=(),
    rejected=(),
    sentences=(),
)


def said(reading, reported=1):
    return " ".join(doubts(reading, reported))


def test_a_plain_chart_raises_no_doubt():
    assert said(SURE) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clocks": {}}, "date of service"),
        ({"setting": None}, "setting"),
        ({"payer": None}, "payer"),
    ],
)
def test_what_is_unknown_is_said(change, words):
    assert words in said(replace(SURE, **change))


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error"])
def test_an_encounter_that_did_not_happen_is_said(status):
    fact = make_fact("encounter", {"status": status})
    assert status in said(replace(SURE, facts=(fact,)))
    assert said(replace(SURE, facts=(make_fact("encounter", {"status": "finished"}),))) == ""


def test_dates_that_cannot_be_are_said():
    turned = make_fact("encounter", {"start": ON, "end": date(2026, 2, 1)})
    unborn = make_fact("patient", {"birth_date": date(2026, 3, 2)})
    assert "ends before" in said(replace(SURE, facts=(turned,)))
    assert "born after" in said(replace(SURE, facts=(unborn,)))


def test_an_unstated_principal_diagnosis_is_said_for_a_stay_with_several():
    code = Code("icd10cm", "I10")
    plain = make_fact("diagnosis", {"code": code})
    stay = replace(SURE, setting="inpatient", facts=(plain,))
    assert "principal" in said(stay, 2)
    assert said(stay, 1) == ""
    named = make_fact("diagnosis", {"code": code, "role": "principal"})
    assert said(replace(stay, facts=(plain, named)), 2) == ""
