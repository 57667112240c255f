"""Evaluation charts: what is read, what is named as bad, and that the bundle says the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import Request
from codewarrant.engine.values import Code
from codewarrant.evaluation.charts import BadLine, ChartForm, read_charts, to_bundle
from codewarrant.evaluation.predict import Prediction, predict
from codewarrant.fhir.read import open_bundle
from codewarrant.schema import Chart, Diagnosis, Line, Setting

NOTE = {"type": "Progress note", "text": "Assessment: Type 2 diabetes mellitus. Hypertension."}
BASE = {"id": "a", "date": "2026-03-04", "setting": "outpatient"}
GOLD = [{"system": "icd10cm", "code": "E11.9"}, {"system": "icd10cm", "code": "I10"}]
KNEE = {"system": "icd10cm", "code": "M17.11"}


def line(**more: Any) -> bytes:
    return json.dumps({**BASE, **more}).encode()


def form(**more: Any) -> ChartForm:
    (chart,) = read_charts([line(**more)])
    assert isinstance(chart, ChartForm), chart
    return chart


def bad(data: bytes) -> BadLine:
    (found,) = read_charts([data])
    assert isinstance(found, BadLine)
    return found


def opened(chart: ChartForm) -> Chart:
    found = open_bundle(to_bundle(chart))
    assert found.unplaced == ()
    return found.chart(Request())


def lines_of(chart: Chart) -> list[Line]:
    return [item for item in chart.entities if isinstance(item, Line)]


# ---- reading -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 5_000, "not JSON"),
        (b"[]", "the line: "),
        (b"{}", "id: Field required"),
        (line(id=""), "id: "),
        (line(date="2026-02-30"), "date: "),
        (line(setting="hospice"), "setting: "),
        (line(noets=[]), "noets: Extra inputs"),
        (line(codes=[{"system": "snomed", "code": "1"}]), "codes.0.system: "),
        (line(notes=[{"type": "x"}]), "notes.0.text: Field required"),
        (line(claim={"lines": [{"code": "1", "pointers": [1]}]}), "points to 1, no diagnosis"),
        (line(codes=[KNEE], claim={"lines": [{"code": "1", "pointers": [0]}]}), "points to 0"),
        (
            line(
                codes=[{"system": "cpt", "code": "20610"}],
                claim={"lines": [{"code": "20610", "pointers": [1]}]},
            ),
            "claim line 1 points to 1, no diagnosis",
        ),
    ],
)
def test_a_bad_line_is_named_with_its_place(data: bytes, says: str) -> None:
    assert says in bad(data).message


def test_bad_lines_never_repeat_what_was_sent() -> None:
    assert "Quisenberry" not in bad(line(notes="Quisenberry", date="Quisenberry")).message


def test_lines_are_counted_with_blank_ones_and_a_repeated_id_is_bad() -> None:
    found = list(read_charts([line(), b"", b"  \r", line(), line(id="b")]))
    assert [type(item) for item in found] == [ChartForm, BadLine, ChartForm]
    assert found[1] == BadLine(4, "id: a stands on an earlier line too")


def test_gold_is_a_set_of_codes_with_their_systems() -> None:
    chart = form(codes=[*GOLD, GOLD[0], {"system": "icd9cm", "code": "250.00"}])
    codes = {Code("icd10cm", "E11.9"), Code("icd10cm", "I10"), Code("icd9cm", "250.00")}
    assert chart.gold == codes


# ---- to a bundle and back --------------------------------------------------------------


@pytest.mark.parametrize("setting", get_args(Setting))
def test_setting_date_and_patient_come_back(setting: str) -> None:
    chart = opened(
        form(
            setting=setting,
            specialty="Radiology",
            notes=[NOTE],
            patient={"sex": "female", "birth_date": "1960-05-06"},
        )
    )
    assert chart.setting == setting
    assert chart.specialty == "Radiology"
    assert chart.clocks["date of service"] == date(2026, 3, 4)
    (patient,) = (item for item in chart.entities if type(item).__name__ == "Patient")
    assert (patient.sex, patient.birth_date, patient.age_years) == ("female", date(1960, 5, 6), 65)


def test_notes_come_back_to_the_character() -> None:
    text = "Überschrift:\r\n  naïve 😀 text\n\n\tIndented.\n"
    chart = opened(form(notes=[{"text": text}, NOTE]))
    assert sorted(note.text for note in chart.notes) == sorted([text, NOTE["text"]])


def test_a_claim_alone_states_its_codes_and_comes_back_with_its_lines() -> None:
    claim = {
        "payer": "DEMO01",
        "lines": [
            {"code": "20610", "modifiers": ["RT", "59"], "units": 2, "pos": "11",
             "date": "2026-03-02", "pointers": ["M17.11"]},
            {"code": "J3301", "pointers": [2]},
        ],
    }  # fmt: skip
    chart = opened(form(claim=claim, codes=[{"system": "cpt", "code": "20610"}, KNEE]))
    assert chart.claim_only
    assert chart.payer == "DEMO01"
    first, second = lines_of(chart)
    assert first.code == Code("cpt", "20610")
    assert (first.modifiers, first.units, first.place_of_service) == (("RT", "59"), 2, "11")
    assert first.date == date(2026, 3, 2)
    assert second.code == Code("hcpcs", "J3301")
    assert second.date == date(2026, 3, 4)
    assert first.pointers == second.pointers == (Code("icd10cm", "M17.11"),)


def test_pointers_by_code_and_by_number_mean_the_same() -> None:
    """A number is a place in ``codes``, whatever stands before it there."""
    codes = [{"system": "cpt", "code": "20610"}, *GOLD, KNEE]
    for notes in ([], [NOTE]):
        by_code, by_number = (
            opened(
                form(codes=codes, notes=notes, claim={"lines": [{"code": "20610", "pointers": at}]})
            )
            for at in (["M17.11", "E11.9"], [4, 2])
        )
        assert lines_of(by_code)[0].pointers == (
            Code("icd10cm", "M17.11"),
            Code("icd10cm", "E11.9"),
        )
        assert lines_of(by_number) == lines_of(by_code)


def test_a_claim_with_notes_states_only_what_its_lines_point_to() -> None:
    """A coder's codes are the answer: they must not reach the chart that is coded."""
    chart = opened(form(notes=[NOTE], codes=GOLD, claim={"lines": [{"code": "99213"}]}))
    assert not chart.claim_only
    assert [item for item in chart.entities if type(item).__name__ == "Diagnosis"] == []


def test_an_old_date_means_icd_9_cm() -> None:
    claim = {"lines": [{"code": "71020", "pointers": ["486"]}]}
    (found,) = lines_of(opened(form(date="2007-01-15", claim=claim)))
    assert found.pointers == (Code("icd9cm", "486"),)


# ---- coding and the command -----------------------------------------------------------


@pytest.mark.parametrize("setting", get_args(Setting))
def test_a_chart_of_each_setting_is_coded(setting: str, installed: Snapshot) -> None:
    found = predict(form(setting=setting, notes=[NOTE], codes=GOLD), installed)
    assert isinstance(found, Prediction)
    assert found.coded.exact


def test_a_claim_alone_is_coded_and_its_lines_are_not_predictions(installed: Snapshot) -> None:
    claim = {"lines": [{"code": "20610", "pointers": ["M17.11"]}]}
    found = predict(form(claim=claim, codes=[KNEE]), installed)
    assert isinstance(found, Prediction)
    assert found.coded.codes == (Code("icd10cm", "M17.11"),)


def test_a_chart_that_is_refused_says_why(installed: Snapshot) -> None:
    found = predict(form(notes=[{"text": "x" * 2_000_000}]), installed)
    assert "2,000,001 bytes" in found.problem
    assert found.coded.codes == ()
    assert found.coded.lane == "error"
    assert found.measured


def evaluate(command: Callable, folder: Path, data: bytes, *words: object) -> object:
    path = folder / "charts.jsonl"
    path.write_bytes(data)
    return command("evaluate", path, *words)


def test_evaluate_measures_and_writes_predictions(tmp_path: Path, command: Callable) -> None:
    half = [GOLD[0], {"system": "icd10cm", "code": "J45.909"}]
    data = line(notes=[NOTE], codes=GOLD) + b"\n" + line(id="b", notes=[NOTE], codes=half) + b"\n"
    out = tmp_path / "out.jsonl"
    result = evaluate(command, tmp_path, data, "--json", "--predictions", out)
    assert (result.exit_code, result.stderr) == (0, "")
    said = json.loads(result.stdout)
    assert (said["charts"], said["hits"], said["extra"], said["missed"]) == (2, 3, 1, 1)
    assert (said["precision"], said["recall"], said["f1"]) == ("0.7500",) * 3
    assert said["exact_set"] == "0.5000"
    assert said["lanes"] == {"autonomous": 0, "review": 2, "error": 0}
    assert said["risk"][-1] == {
        "coverage_percent": 100, "charts": 2, "wrong": 1, "risk": "0.5000",
    }  # fmt: skip
    first, second = (json.loads(one) for one in out.read_bytes().splitlines())
    assert (first["id"], second["id"]) == ("a", "b")
    assert first["codes"] == second["codes"] == GOLD
    assert sorted(first) == ["codes", "confidence", "id", "lane"]
    assert 0 < first["confidence"] <= 1_000_000


def test_evaluate_prints_tables_for_people(tmp_path: Path, command: Callable) -> None:
    result = evaluate(command, tmp_path, line(notes=[NOTE], codes=GOLD))
    assert result.exit_code == 0
    for words in ("1 charts", "micro F1", "1.0000", "risk at coverage", "review 1"):
        assert words in result.stdout


def test_evaluate_names_bad_lines_and_measures_the_rest(tmp_path: Path, command: Callable) -> None:
    data = b"\n".join([b"{", line(notes=[NOTE], codes=GOLD), line(), line(id="c", setting="x")])
    result = evaluate(command, tmp_path, data, "--json")
    assert result.exit_code == 3
    said = json.loads(result.stdout)
    assert said["charts"] == 1
    assert [one.split(":")[0] for one in said["refused"]] == ["line 1", "line 3", "line 4"]
    assert len(result.stderr.splitlines()) == 3


def test_evaluate_of_nothing_has_no_ratios(tmp_path: Path, command: Callable) -> None:
    result = evaluate(command, tmp_path, b"", "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["charts"], said["f1"], said["exact_set"]) == (0, "–", "–")


def test_evaluate_refuses_what_it_cannot_read_or_write(tmp_path: Path, command: Callable) -> None:
    missing = command("evaluate", tmp_path / "none.jsonl")
    assert (missing.exit_code, missing.stdout) == (3, "")
    assert "cannot read the file" in missing.stderr
    pack = command("evaluate", tmp_path / "none.jsonl", "--pack", tmp_path / "none")
    assert pack.exit_code == 3
    to = tmp_path / "no" / "such" / "folder.jsonl"
    result = evaluate(command, tmp_path, line(notes=[NOTE]), "--json", "--predictions", to)
    assert result.exit_code == 3
    assert "cannot write" in json.loads(result.stdout)["error"]


def test_a_claim_checked_by_the_edits_alone_is_not_measured(installed: Snapshot) -> None:
    found = predict(form(claim={"lines": [{"code": "99213"}]}, codes=GOLD), installed)
    assert not found.measured


def test_a_claim_without_lines_is_of_the_charts_day_and_names_no_payer_it_was_not_given():
    form = {
        "id": "a",
        "date": "2026-03-02",
        "setting": "inpatient",
        "claim": {"lines": []},
        "codes": [{"system": "icd10cm", "code": code} for code in ("E11.9", "I10", "E11.9")],
    }
    opened = open_bundle(to_bundle(ChartForm.model_validate(form)))
    chart = opened.chart(next(iter(opened.requests())))
    assert chart.clocks["date of service"] == date(2026, 3, 2)
    assert chart.payer is None
    stated = [entity.code.value for entity in chart.entities if isinstance(entity, Diagnosis)]
    assert stated == ["E11.9", "I10", "E11.9"]
