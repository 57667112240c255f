"""The measures, against figures worked out by hand."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from codewarrant.engine.values import Code
from codewarrant.evaluation.metrics import COVERAGES, Coded, measure

A, B, C, D = (Code("icd10cm", value) for value in ("A01.0", "B01.9", "C34.90", "D50.9"))


def coded(id, codes, gold, confidence=500_000):
    return Coded(id, tuple(codes), frozenset(gold), confidence, "review")


def test_micro_measures_count_pairs_of_chart_and_code():
    """3 hits, 1 extra, 2 missed: precision 3/4, recall 3/5, F1 6/9; 1 of 3 charts is exact."""
    found = measure([coded("1", [A, B], [A, B]), coded("2", [A, C], [A, D]), coded("3", [], [B])])
    assert (found.hits, found.extra, found.missed, found.exact) == (3, 1, 2, 1)
    assert (found.precision, found.recall) == (Fraction(3, 4), Fraction(3, 5))
    assert found.f1 == Fraction(2, 3)
    assert found.exact_set == Fraction(1, 3)


def test_order_and_system_of_codes():
    """Order does not matter to a set; the same value in another system is another code."""
    assert measure([coded("1", [B, A], [A, B])]).exact == 1
    other = Code("icd9cm", A.value)
    assert measure([coded("1", [A], [other])]).hits == 0


def test_risk_is_that_of_the_most_confident_charts():
    """Ten charts, the two least confident wrong: no risk up to 80 percent, then 1/9 and 2/10."""
    charts = [coded(str(at), [A], [A] if at < 8 else [B], 1_000 - at) for at in range(10)]
    risk = {percent: (kept, wrong) for percent, kept, wrong in measure(charts).risk}
    assert tuple(risk) == COVERAGES
    assert risk[10] == (1, 0)
    assert risk[25] == (3, 0)
    assert risk[80] == (8, 0)
    assert risk[90] == (9, 1)
    assert risk[100] == (10, 2)


def test_a_share_of_charts_is_rounded_up():
    charts = [coded(str(at), [A], [A]) for at in range(3)]
    assert [kept for _, kept, _ in measure(charts).risk] == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]


def test_equal_confidences_are_ordered_by_id():
    charts = [coded("b", [A], [B]), coded("a", [A], [A])]
    for given_order in (charts, charts[::-1]):
        risk = {percent: wrong for percent, _, wrong in measure(given_order).risk}
        assert (risk[50], risk[100]) == (0, 1)


def test_nothing_measured_has_no_ratios():
    found = measure([])
    assert found.charts == 0
    assert (found.precision, found.recall, found.f1, found.exact_set) == (None,) * 4
    assert all((kept, wrong) == (0, 0) for _, kept, wrong in found.risk)


def test_charts_without_any_code_are_exact_and_have_no_precision():
    found = measure([coded("1", [], [])])
    assert (found.exact_set, found.precision, found.f1) == (Fraction(1), None, None)


CHARTS = st.lists(
    st.tuples(
        st.sets(st.sampled_from([A, B, C, D])),
        st.sets(st.sampled_from([A, B, C, D])),
        st.integers(0, 3),
    ),
    max_size=8,
)


@given(CHARTS, st.randoms())
def test_measures_hold_together(drawn, random):
    """F1 is the harmonic mean, risk at full coverage is what is not exact, order is nothing."""
    charts = [coded(str(at), *item) for at, item in enumerate(drawn)]
    found = measure(charts)
    if found.f1 and found.precision and found.recall:
        assert found.f1 == 2 / (1 / found.precision + 1 / found.recall)
    assert found.risk[-1][1:] == (len(charts), len(charts) - found.exact)
    shuffled = random.sample(charts, len(charts))
    assert measure(shuffled) == found
