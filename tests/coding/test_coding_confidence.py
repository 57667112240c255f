"""The scorecard: points add up, and a conclusion is never surer than its weakest ground."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codewarrant.coding.confidence as module
from codewarrant.coding.confidence import Scorecard
from codewarrant.decision import Confidence
from codewarrant.engine.facts import Evidence, make_fact
from codewarrant.engine.values import Code

CARD = Scorecard.from_bytes(Path(module.__file__).with_name("confidence.toml").read_bytes())
CODE = Code("icd10cm", "I10")


def statement(origin="condition", at="Condition/1", **fields):
    given = {"code": CODE, "origin": origin, "certainty": "confirmed"}
    return make_fact("diagnosis", {**given, **fields}, (Evidence(at, "code"),))


def total(confidence):
    return sum(points for _, points in confidence.points)


def test_points_are_listed_and_add_up_to_the_step():
    confidence = CARD.documented([statement()], {})
    assert confidence.ppm == CARD.ppm(total(confidence))
    assert confidence.points[0] == ("condition", 60)


def test_more_grounds_add_points_up_to_a_limit():
    one = CARD.documented([statement()], {})
    two = CARD.documented([statement(), statement(at="Condition/2")], {})
    many = CARD.documented([statement(at=f"Condition/{n}") for n in range(9)], {})
    assert total(two) == total(one) + CARD.each_more
    assert total(many) == total(one) + CARD.most_more


def test_doubt_costs_points():
    sure = CARD.documented([statement()], {})
    unsure = CARD.documented([statement(certainty="probable")], {})
    unsaid = CARD.documented([statement(certainty=None)], {})
    assert total(unsure) < total(unsaid) < total(sure)


@given(st.lists(st.integers(0, 1_000_000), min_size=1), st.integers(0, 5), st.booleans())
def test_a_conclusion_is_never_surer_than_its_weakest_ground(ppms, rules, shaken):
    grounds = [Confidence(ppm, (("x", 100),)) for ppm in ppms]
    assert CARD.concluded(grounds, rules, shaken).ppm <= min(ppms)


@pytest.mark.parametrize("data", [b"\xff", b"name =", b'name = "x"', b"step = 3"])
def test_what_is_no_scorecard_is_refused(data):
    with pytest.raises(ValueError, match="not a scorecard"):
        Scorecard.from_bytes(data)
