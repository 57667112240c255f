"""The page of benchmarks: figures, verdicts and plots come from the results and nothing else."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import report
from results import Results, read_results
from svg_plot import Series, exponent, label_heights, log_plot
from targets import verdicts

SIZES = [(rules, facts) for rules in (500, 5000) for facts in (100, 1000)]


def measured(engine: str, rules: int, facts: int, ms: float, **more: Any) -> dict[str, Any]:
    info = {
        "section": "forward chaining",
        "engine": engine,
        "rules": rules,
        "facts": facts,
        "firings": facts * 3 // 10,
        **more,
    }
    return {"name": f"{engine}{rules}{facts}", "stats": {"median": ms / 1e3}, "extra_info": info}


def results(tmp_path: Path, ours: float, growth: float = 1.0, **extra: Any) -> Results:
    """Results in which Codewarrant takes ``ours`` ms for 1,000 facts under 500 rules."""
    found = []
    for rules, facts in SIZES:
        share = facts / 1000 * (growth if rules == 5000 else 1)
        found.append(measured("Codewarrant", rules, facts, ours * share))
        found.append(measured("plain Python", rules, facts, 1.0 * share))
        found.append(measured("CLIPS", rules, facts, 50.0 * share))
        found.append(measured("durable-rules", rules, facts, 0.0, failed="ended with -11"))
    found += [
        {"name": "test_rules", "stats": {"median": 0.010}, "extra_info": {}},
        {"name": "test_peer_validates_what_is_read", "stats": {"median": 0.040}, "extra_info": {}},
        {"name": "test_cold_check", "stats": {"median": 4.5}, "extra_info": {}},
        {
            "name": "test_peak_memory_of_a_cold_check",
            "stats": {"median": 3.0},
            "extra_info": {"peak MiB": 224},
        },
    ]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"benchmarks": found, "seconds by file": {"a.py": 60.0}, **extra}))
    return read_results(path)


def verdict(found: Results, words: str) -> tuple[str, bool | None]:
    one = next(one for one in verdicts(found) if words in one.target)
    return one.figure, one.met


@pytest.mark.parametrize(("ours", "met"), [(4.9, True), (5.1, False)])
def test_a_target_against_a_peer_is_met_by_its_ratio(tmp_path, ours, met):
    assert verdict(results(tmp_path, ours), "faster than CLIPS")[1] is met


@pytest.mark.parametrize(("ours", "met"), [(11.9, True), (12.1, False)])
def test_a_target_against_plain_python_is_met_by_its_ratio(tmp_path, ours, met):
    assert verdict(results(tmp_path, ours), "hand-compiled")[1] is met


@pytest.mark.parametrize(("growth", "met"), [(1.24, True), (1.26, False)])
def test_growth_with_the_rules_is_taken_at_every_number_of_facts(tmp_path, growth, met):
    figure, found = verdict(results(tmp_path, 4.0, growth), "than with 500")
    assert found is met
    assert "(100 facts)" in figure
    assert "(1,000 facts)" in figure


def test_an_engine_that_failed_is_neither_beaten_nor_left_out(tmp_path):
    found = results(tmp_path, 4.0)
    assert verdict(found, "faster than durable-rules") == ("not measured", None)
    assert "ended with -11" in report.page(found)


def test_what_was_not_measured_is_said_to_be_so(tmp_path):
    assert verdict(results(tmp_path, 4.0), "start-up cache") == ("not measured", None)


def test_other_targets(tmp_path):
    found = results(tmp_path, 4.0)
    assert verdict(found, "fhir.resources") == ("0.25 (10.0 ms of 40.0 ms)", True)
    assert verdict(found, "cold check") == ("4.500 s", False)
    assert verdict(found, "peak memory") == ("224 MiB", True)
    assert verdict(found, "exponent below") == ("1.00 (500 rules), 1.00 (5,000 rules)", True)


def test_the_page_is_a_function_of_the_results(tmp_path):
    found = results(tmp_path, 4.0)
    assert report.page(found) == report.page(found)
    assert "1.0 minutes (60 s `a.py`)" in report.page(found)


def test_broken_results_are_refused_with_their_place(tmp_path, capsys):
    path = tmp_path / "broken.json"
    path.write_text("{}")
    assert report.main([str(path)]) == 3
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5])
def test_exponent_of_a_power(power):
    points = [(x, 3 * x**power) for x in (10.0, 100.0, 1000.0)]
    assert exponent(points) == pytest.approx(power)


def test_a_plot_is_well_formed_and_names_every_series():
    text = log_plot("a < b", "x", "y", [Series("one & two", ((10, 0.1), (100, 20)))])
    words = [one.text for one in ElementTree.fromstring(text).iter() if one.text]
    assert "one & two" in words
    assert "a < b" in words


def test_labels_keep_their_distance_inside_the_plot():
    placed = sorted(label_heights([380.0, 381.0, 382.0, 100.0, 100.5]))
    assert all(b - a >= 16 for a, b in pairwise(placed))
    assert placed[-1] <= 388
