"""What becomes a statement, and what is kept with its reason."""

from datetime import date

import pytest

from codewarrant.codesets.cache import load
from codewarrant.coding.statements import diagnosis_system, state
from codewarrant.engine.facts import Evidence
from codewarrant.engine.values import Code
from codewarrant.schema import Diagnosis, Mention, Patient, Unread

ON = date(2026, 3, 1)
PLACE = (Evidence("DocumentReference/1", "content[0]", "ab", 0, 5, "cough"),)


@pytest.fixture(scope="module")
def releases():
    return {system: load(system) for system in ("icd10cm", "icd9cm")}


def mention(code="R05.9", **fields):
    given = {
        "phrase": "cough",
        "polarity": "affirmed",
        "certainty": "confirmed",
        "temporality": "current",
        "experiencer": "patient",
    }
    return Mention(code=Code("icd10cm", code), evidence=PLACE, **{**given, **fields})


def condition(code, **fields):
    place = (Evidence("Condition/1", "code"),)
    return Diagnosis(code=code, origin="condition", evidence=place, **fields)


def diagnoses(stated):
    return [fact for fact in stated.facts if fact.entity == "diagnosis"]


@pytest.mark.parametrize(
    ("day", "system"),
    [
        (date(2015, 9, 30), "icd9cm"),
        (date(2015, 10, 1), "icd10cm"),
        (None, "icd10cm"),
    ],
)
def test_code_set_follows_the_date_of_service(day, system):
    assert diagnosis_system(day) == system


def test_affirmed_current_mention_of_the_patient_is_a_statement(releases):
    stated = state((), (mention(),), (), releases, ON)
    (fact,) = diagnoses(stated)
    assert fact.get("code") == Code("icd10cm", "R05.9")
    assert fact.get("origin") == "note"
    assert fact.evidence == PLACE
    assert stated.rejected == ()


def test_uncertain_mention_is_a_statement_that_says_so(releases):
    (fact,) = diagnoses(state((), (mention(certainty="suspected"),), (), releases, ON))
    assert fact.get("certainty") == "suspected"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"polarity": "negated"}, "negated"),
        ({"certainty": "ruled out"}, "negated"),
        ({"experiencer": "family"}, "family"),
        ({"temporality": "historical"}, "historical"),
        ({"temporality": "hypothetical"}, "hypothetical"),
        ({"section": "exam"}, "finding"),
        ({"section": "results"}, "finding"),
    ],
)
def test_other_mentions_stay_readable_and_are_rejected_with_their_reason(releases, fields, kind):
    stated = state((), (mention(**fields),), (), releases, ON)
    assert diagnoses(stated) == []
    assert [fact.entity for fact in stated.facts] == ["mention"]
    (item,) = stated.rejected
    assert item.kind == kind
    assert item.grounds == (stated.facts[0].id,)


def test_ended_code_is_kept_and_names_what_came_after(releases):
    stated = state((condition(Code("icd10cm", "T40.7X1A")),), (), (), releases, ON)
    assert diagnoses(stated) == []
    (item,) = stated.rejected
    assert item.kind == "not valid on the date"
    assert "T40.711A" in item.because
    assert item.grounds == (stated.kept[0].id,)


def test_misspelt_code_is_kept_and_names_codes_near_it(releases):
    (item,) = state((condition(Code("icd10cm", "E78.O")),), (), (), releases, ON).rejected
    assert item.kind == "not valid on the date"
    assert "E78.0" in item.because


def test_code_after_the_horizon_is_undetermined_not_ended(releases):
    (item,) = state(
        (condition(Code("icd10cm", "I10")),), (), (), releases, date(2031, 1, 1)
    ).rejected
    assert "not known to release" in item.because


def test_header_reaches_the_rules(releases):
    assert len(diagnoses(state((condition(Code("icd10cm", "E11")),), (), (), releases, ON))) == 1


def test_code_of_another_system_is_unmapped(releases):
    (item,) = state((condition(Code("icd10who", "I10")),), (), (), releases, ON).rejected
    assert item.kind == "unmapped"


def test_what_was_not_read_is_said(releases):
    items = (
        Unread(
            source="Condition/2",
            path="code",
            reason="no map",
            code=Code("snomed", "1"),
            display="x",
        ),
        Unread(
            source="DocumentReference/9",
            path="content[0]",
            reason="format not read: application/pdf",
        ),
    )
    stated = state((), (), items, releases, ON)
    assert {item.kind for item in stated.rejected} == {"unmapped", "not read"}
    assert {fact.entity for fact in stated.kept} == {"unread"}


def test_order_of_the_input_does_not_matter(releases):
    entities = (condition(Code("icd10cm", "I10")), Patient(sex="female"))
    mentions = (mention(), mention("R50.9", phrase="fever"), mention(polarity="negated"))
    once = state(entities, mentions, (), releases, ON)
    assert state(entities[::-1], mentions[::-1], (), releases, ON) == once


def test_a_second_coding_in_the_other_code_set_is_passed_over(releases):
    both = (condition(Code("icd10cm", "E11.9")), condition(Code("icd9cm", "250.00")))
    stated = state(both, (), (), releases, ON)
    assert [fact.get("code") for fact in diagnoses(stated)] == [Code("icd10cm", "E11.9")]
    (item,) = stated.rejected
    assert item.kind == "other code set"
