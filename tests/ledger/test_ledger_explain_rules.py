"""What became of a rule, whatever its fate; and what would have to be different."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from codewarrant.codesets.codeset import CodeSet
from codewarrant.coding.chart import code_opened, rules_read
from codewarrant.coding.installed import installed_snapshot
from codewarrant.coding.reading import Reading
from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import Decision, Request, read
from codewarrant.dsl.atoms import negative, turned
from codewarrant.dsl.candidates import Observed, observe
from codewarrant.engine.canonical import dumps, plain
from codewarrant.engine.facts import Fact
from codewarrant.engine.run import run
from codewarrant.engine.values import Code
from codewarrant.fhir.read import open_bundle
from codewarrant.ledger import what_if as search
from codewarrant.ledger.explain_rule import RuleAccount, UnknownRule, explain_rule
from codewarrant.ledger.explain_text import render_rule
from codewarrant.ledger.suppose import Change, supposed
from codewarrant.ledger.what_if import Trial, WhatIf, what_if_code, what_if_rule
from codewarrant.ledger.what_if_text import render_what_if

HERE = Path(__file__).parent
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
FATES = {
    "fires": "fired",
    "excused": "excused",
    "narrowed": "excused",
    "suspended": "suspended",
    "swapped": "fired",
    "undetermined": "undetermined",
    "false": "false",
    "nothing-to-bind": "false",
    "ended": "not in force",
}


def bundle(*codes: str, **fields) -> bytes:
    """An office visit of 2026-04-02 with Conditions; ``certainty`` is their verification status."""
    status = fields.get("certainty", "confirmed")
    encounter = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-04-02", "end": "2026-04-02"},
    }
    conditions = [
        {
            "resourceType": "Condition",
            "id": f"c{number}",
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "verificationStatus": {"coding": [{"code": status}]},
            "code": {"coding": [{"system": ICD10CM, "code": code}]},
            "subject": {"reference": "Patient/p"},
            "encounter": {"reference": "Encounter/e"},
        }
        for number, code in enumerate(codes, start=1)
    ]
    patient = {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1961-07-13"}
    entry = [{"resource": item} for item in (patient, encounter, *conditions)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}).encode()


@dataclass(frozen=True)
class Coded:
    """A decision with a run of what it was made from."""

    decision: Decision
    facts: bytes
    snapshot: Snapshot

    @cached_property
    def form(self) -> dict:
        return read(self.decision.to_bytes())

    @cached_property
    def observed(self) -> Observed:
        return observe(
            self.snapshot.loaded, rules_read(Reading.from_bytes(self.facts), self.snapshot)
        )

    def rule(self, name: str) -> RuleAccount:
        return explain_rule(self.form, name, self.observed)

    def if_code(self, value: str) -> WhatIf:
        return what_if_code(self.observed, Code("icd10cm", value), self.snapshot.releases)

    def if_rule(self, name: str) -> WhatIf:
        return what_if_rule(self.observed, name, self.snapshot.releases)


def coded(snapshot: Snapshot, *codes: str, **fields) -> Coded:
    made = code_opened(open_bundle(bundle(*codes, **fields)), Request("Encounter/e", ""), snapshot)
    return Coded(made.decision, made.facts, snapshot)


@pytest.fixture(scope="module")
def house() -> Snapshot:
    """The installed rules with the two packs of this folder."""
    return installed_snapshot([HERE / "house", HERE / "plan"])


@pytest.fixture(scope="module")
def chart(house: Snapshot) -> Coded:
    return coded(house, "I10", "N17.9")


@pytest.fixture(scope="module")
def kidney(house: Snapshot) -> Coded:
    return coded(house, "I10", "N18.30")


def golden(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("CODEWARRANT_RESET_GOLDEN"):
        path.write_text(text + "\n")
    assert text + "\n" == path.read_text()


# ---- what became of a rule -----------------------------------------------------------


def test_every_fate_of_a_rule_is_told_as_in_the_golden_file(chart: Coded):
    golden(
        "rules_explained.txt",
        "\n\n".join(render_rule(chart.rule(f"house/{name}")) for name in FATES),
    )


@pytest.mark.parametrize(("name", "state"), FATES.items())
def test_the_fate_of_a_rule_is_one_word(chart: Coded, name: str, state: str):
    assert chart.rule(f"house/{name}").state == state


def test_negated_conditions_are_told_as_they_are_written(chart: Coded):
    """The trace records what is negated; that a value is unknown is true, not false."""
    (warrant,) = chart.rule("house/fires").firings
    assert [test.rsplit(": ", 1)[1] for test in warrant.tests] == ["true"] * len(warrant.tests)
    assert len(warrant.tests) == 5


def test_texts_alone_tell_which_conditions_are_negated(house: Snapshot):
    """What is told of a trace without its program agrees with the program, for every rule."""
    seen = 0
    for rule in house.program.rules:
        flipped = turned(rule)
        for atom, text in enumerate(rule.atoms):
            assert negative(text) == (atom in flipped), (rule.id, text)
            seen += atom in flipped
    assert seen > 20


def test_the_nearest_match_is_the_one_that_meets_most_conditions(chart: Coded):
    """Of what is no stone, the code most like one; an alternative that holds lacks nothing."""
    near = chart.rule("house/false").nearest
    assert near is not None
    assert [(ground.var, ground.says.split(" (")[0]) for ground in near.bound] == [
        ("h", "diagnosis I10"),
        ("k", "diagnosis N17.9"),
    ]
    assert [[test.text for test in group] for group in near.unmet] == [
        ["k.code in stones"],
        ['k.side is "left"', 'k.side is "right"'],
    ]
    assert [test.text for test in near.met] == [
        "h.code in { I10 }",
        'h.certainty is not one of "probable", "suspected"',
        'h.status is "active"',
    ]


def test_an_unknown_rule_is_told_with_the_likely_one(chart: Coded):
    with pytest.raises(UnknownRule, match="did you mean `excused`"):
        chart.rule("excuse")
    with pytest.raises(UnknownRule, match="did you mean `house/excused`"):
        chart.rule("house/excuse")


# ---- what would have to be different ---------------------------------------------------


def test_what_would_be_different_is_told_as_in_the_golden_file(chart: Coded, kidney: Coded):
    asked = [kidney.if_code(code) for code in ("I10", "I12.0", "N18.4", "E11")]
    asked += [chart.if_rule(f"house/{name}") for name in ("false", "excused", "undetermined")]
    golden("what_if.txt", "\n\n".join(f"{item.goal}\n{render_what_if(item)}" for item in asked))


def tried(chart: Coded, trial: Trial) -> list[str]:
    """The codes reported when the changes are made to the facts, run apart from the search."""
    changes = [
        Change(item.kind, item.entity, tuple(item.fields.items()), item.facts)  # type: ignore[arg-type]
        for item in trial.changes
    ]
    facts = supposed(chart.observed.chart.facts, changes)
    found = run(chart.snapshot.loaded, replace(chart.observed.chart, facts=facts))
    return [str(code) for code in found.sequence]


@pytest.mark.parametrize(
    ("codes", "asked", "texts"),
    [
        (("I10", "N18.30"), "I12.0", ["a further diagnosis N18.5"]),
        (("I10", "N18.30"), "I10", ["diagnosis N18.30 with unrelated_to I10"]),
        (("E11.9",), "E11.42", ["a further diagnosis G62.9"]),
        (("M17.10",), "M17.11", ["diagnosis M17.10 with side right"]),
        (("I10",), "Z72.0", ["a further finding (dependent false, kind smoker)"]),
        (("R05.9", "J18.9"), "R05.9", ["no diagnosis J18.9 in the record"]),
        (("I50.9",), "I13.0", ["a further diagnosis I12.9"]),
        (
            ("I10",),
            "A41.51",
            [
                "a further diagnosis A41.9",
                "a further finding (about A41.9, kind organism, text e. coli)",
            ],
        ),
    ],
)
def test_a_smallest_set_is_found_and_does_it(
    house: Snapshot, codes: tuple[str, ...], asked: str, texts: list[str]
):
    chart = coded(house, *codes)
    found = chart.if_code(asked)
    first = found.found[0]
    assert [item.text.split(" (certainty")[0] for item in first.changes] == texts
    for trial in found.found:
        assert len(trial.changes) == len(texts)
        assert trial.reached
        after = tried(chart, trial)
        assert asked in after
        before = {str(code) for code in chart.observed.outcome.sequence}
        assert set(trial.displaced) == before - set(after)
        assert set(trial.added) == set(after) - before - {asked}
        assert trial.rules
        assert all(rule.backing for rule in trial.rules)


def test_a_suspected_diagnosis_would_be_reported_if_it_were_confirmed(house: Snapshot):
    chart = coded(house, "J18.9", certainty="provisional")
    trial = chart.if_code("J18.9").found[0]
    assert trial.changes[0].text == "diagnosis J18.9 with certainty confirmed"
    assert trial.stopped == ("icd10cm/outpatient-uncertain",)


def test_the_code_itself_is_never_supposed_but_told_apart(kidney: Coded):
    found = kidney.if_code("I12.0")
    assert found.stated is not None
    assert found.stated.reached
    supposed_codes = {item.fields.get("code") for trial in found.found for item in trial.changes}
    assert Code("icd10cm", "I12.0") not in supposed_codes


def test_what_is_supposed_is_marked_and_leaves_the_record_alone(kidney: Coded):
    before = kidney.observed.chart.facts
    found = kidney.if_code("I12.0")
    assert kidney.observed.chart.facts == before
    assert all(item.hypothetical for trial in found.found for item in trial.changes)
    change = Change("add", "diagnosis", (("code", Code("icd10cm", "I10")),))
    (added,) = [fact for fact in supposed(before, [change]) if fact not in before]
    assert [place.ref for place in added.evidence] == ["Hypothetical"]


def test_several_fields_of_one_fact_may_be_supposed_together():
    fact = Fact("f:1", "diagnosis", {"code": Code("icd10cm", "M17.10")})
    changes = [
        Change("set", "diagnosis", (("side", "left"),), ("f:1",)),
        Change("set", "diagnosis", (("certainty", "confirmed"),), ("f:1",)),
    ]
    (found,) = supposed([fact], changes)
    assert (found.get("side"), found.get("certainty")) == ("left", "confirmed")
    gone = Change("remove", "diagnosis", (), ("f:1",))
    assert supposed([fact], [*changes, gone]) == ()


def test_a_search_that_is_cut_short_says_so(kidney: Coded, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search, "MOST_RUNS", 1)
    found = kidney.if_code("I12.0")
    assert found.note == f"The search stopped after {found.runs} runs of the rules."


def test_nothing_found_is_said(kidney: Coded, monkeypatch: pytest.MonkeyPatch):
    assert kidney.if_code("N18.4").note == "No rule concludes it from anything else."
    monkeypatch.setattr(search, "MOST_CHANGES", 0)
    assert kidney.if_code("I12.0").note.startswith("No 0 or fewer changes")


def test_a_code_of_another_time_is_not_searched_for(kidney: Coded):
    found = kidney.if_code("E11")
    assert (found.runs, found.found, found.stated) == (0, (), None)


def test_the_answer_has_the_same_bytes_again(house: Snapshot, kidney: Coded):
    again = coded(house, "I10", "N18.30")
    for code in ("I12.0", "I10", "I13.0"):
        assert dumps(plain(kidney.if_code(code))) == dumps(plain(again.if_code(code)))


def test_without_a_release_only_single_codes_are_supposed(kidney: Coded):
    none: dict[str, CodeSet] = {}
    found = what_if_code(kidney.observed, Code("icd10cm", "I12.0"), none)
    assert found.runs > 0
