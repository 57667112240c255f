"""Golden charts of packs: bundles with the decision that is expected of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_inputs import PACK, RULE, bundle, condition, encounter, patient, write_pack

from codewarrant.coding.chart import code_opened
from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import Body
from codewarrant.evaluation.pack_charts import differences, read_expected, run_pack_charts
from codewarrant.fhir.read import open_bundle

CHART = bundle(patient(), encounter(), condition("E11.9"))


@pytest.fixture(scope="module")
def body(installed: Snapshot) -> Body:
    opened = open_bundle(CHART)
    return code_opened(opened, opened.requests()[0], installed).decision.body


@pytest.mark.parametrize(
    "expected",
    [
        'lane = "review"',
        'diagnoses = ["E11.9"]',
        "edits = []\nlines = []",
        '[includes]\ndiagnoses = ["E11.9"]\nreasons = ["No certificate"]',
        '[excludes]\ndiagnoses = ["I10"]\nedits = [{ reason = "CO-29" }]',
    ],
)
def test_expectations_that_are_met(expected: str, body: Body) -> None:
    assert list(differences(read_expected(expected), body)) == []


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ('lane = "autonomous"', "lane autonomous"),
        ('diagnoses = ["I10"]', "diagnoses I10"),
        ("diagnoses = []", "diagnoses none"),
        ('edits = [{ kind = "deny" }]', "edits {kind deny}"),
        ('[includes]\nqueries = ["stage"]', "queries with stage"),
        ('[excludes]\ndiagnoses = ["E11.9"]', "diagnoses without E11.9"),
    ],
)
def test_expectations_that_are_not_met_say_what_came(expected: str, said: str, body: Body) -> None:
    (missed,) = differences(read_expected(expected), body)
    assert missed.expected == said
    assert missed.got


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "not TOML"),
        ("", "it expects nothing"),
        ('diagnosis = ["I10"]', "did you mean `diagnoses`?"),
        ('lane = "denied"', "`lane` is one of"),
        ('diagnoses = "I10"', "`diagnoses` is a list of texts"),
        ('edits = ["CO-29"]', "`edits` is a list of tables"),
        ('edits = [{ reson = "CO-29" }]', "did you mean `reason`?"),
        ('[includes]\nlane = "review"', "no expectation is called `lane` in [includes]"),
    ],
)
def test_expectations_that_cannot_be_read_say_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".*") as caught:
        read_expected(text)
    assert said in str(caught.value)


def test_a_chart_without_a_pair_or_without_a_bundle_fails(
    tmp_path: Path, installed: Snapshot
) -> None:
    tests = tmp_path / "mine" / "tests"
    tests.mkdir(parents=True)
    (tests / "alone.json").write_bytes(CHART)
    (tests / "gone.expected.toml").write_text("diagnoses = []\n")
    (tests / "broken.json").write_text("{")
    (tests / "broken.expected.toml").write_text("diagnoses = []\n")
    (tests / "which.json").write_bytes(CHART)
    (tests / "which.expected.toml").write_text('encounter = "Encounter/9"\ndiagnoses = []\n')
    found = {one.name: one for one in run_pack_charts("mine", tmp_path / "mine", installed)}
    assert not any(one.passed for one in found.values())
    assert found["alone"].missed[0].got == "there is no such file"
    assert found["gone.expected.toml"].missed[0].got == "there is none"
    assert "it is refused" in found["broken"].missed[0].got
    assert "the bundle holds: Encounter/e" in found["which"].missed[0].got


def test_the_command_runs_charts_under_their_pack_alone(tmp_path: Path, command: Callable) -> None:
    text = PACK.format(name="sound") + RULE.format(name="ask", code="E11.9", at=1)
    pack = write_pack(tmp_path / "sound", text)
    (pack / "tests").mkdir()
    (pack / "tests" / "diabetes.json").write_bytes(CHART)
    expected = pack / "tests" / "diabetes.expected.toml"
    expected.write_text('queries = ["Is this so?"]\n')
    result = command("test", pack)
    assert (result.exit_code, result.stdout) == (0, "2 of 2 examples, tests and charts pass\n")
    expected.write_text('queries = ["Is it?"]\n')
    result = command("test", pack)
    assert result.exit_code == 1
    assert "--> sound/tests/diabetes.json" in result.stdout
    assert "got: queries: Is this so?" in result.stdout
