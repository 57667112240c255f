"""The targets that benchmarks are held against: the figure of this run, and whether it is met."""

from __future__ import annotations

from dataclasses import dataclass

from results import OURS, Results
from svg_plot import exponent

CLIPS = "CLIPS"
DURABLE = "durable-rules"
PLAIN = "plain Python"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``met`` is None where it was not measured in this run."""

    target: str
    figure: str
    met: bool | None


def verdicts(results: Results) -> list[Verdict]:
    """Each target with what this run came to."""
    return [
        _faster(results, DURABLE),
        _faster(results, CLIPS),
        _beside_plain(results),
        _growth(results),
        _linear(results),
        _below(results, "a program of 5,000 rules from the checked tree", "s", 1.0,
               "test_from_the_checked_tree"),
        _below(results, "a program of 5,000 rules from the start-up cache", "s", 0.2,
               "test_from_the_startup_cache"),
        _measured(results, "memory of its own (USS) of each worker after 1,000 charts", "MB", 30.0,
                  "test_memory_of_workers", "largest USS MB"),
        _share_of_validation(results),
        _below(results, "5,000 rules: cold check", "s", 4.0, "test_cold_check"),
        _measured(results, "5,000 rules: peak memory of a cold check", "MiB", 350.0,
                  "test_peak_memory_of_a_cold_check", "peak MiB"),
        _below(results, "5,000 rules: check after one word is edited", "s", 0.15,
               "test_warm_check_after_an_edit[a word]"),
        _below(results, "5,000 rules: check after lines moved in 250 rules", "s", 0.15,
               "test_warm_check_after_an_edit[lines above 250 rules]"),
        _below(results, "5,000 rules: format all", "s", 5.0, "test_format"),
        _measured(results, "national pair edits (1.7 million): import", "s", 60.0,
                  "test_import", "seconds"),
        _measured(results, "national pair edits: peak memory of the import", "MB", 300.0,
                  "test_import", "resident MB"),
        _measured(results, "national pair edits: size of the file", "MB", 200.0,
                  "test_import", "file MB"),
        _measured(results, "pair edits of a claim of 25 lines", "ms", 2.0,
                  "test_pairs_of_a_claim", "ms a claim"),
        _measured(results, "status of a diagnosis code by date, warm", "µs", 5.0,
                  "test_status_of_diagnoses_by_date", "us a code"),
        _measured(results, "first use of installed releases", "s", 0.3,
                  "test_first_use_of_an_installed_set", "seconds"),
        _measured(results, "peak memory of that first use", "MB", 150.0,
                  "test_first_use_of_an_installed_set", "resident MB"),
    ]  # fmt: skip


def times(ratio: float) -> str:
    """A ratio to two digits."""
    return f"{ratio:.2g}" if ratio < 1 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


def _faster(results: Results, peer: str) -> Verdict:
    target = f"5,000 rules × 1,000 facts: at least 10 times faster than {peer}"
    ours, theirs = (results.seconds(name, 5000, 1000) for name in (OURS, peer))
    if ours is None or theirs is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{times(theirs / ours)} times", theirs >= 10 * ours)


def _beside_plain(results: Results) -> Verdict:
    target = "5,000 rules × 1,000 facts: at most 12 times hand-compiled Python (aim: 6)"
    ours, floor = (results.seconds(name, 5000, 1000) for name in (OURS, PLAIN))
    if ours is None or floor is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{times(ours / floor)} times", ours <= 12 * floor)


def _growth(results: Results) -> Verdict:
    target = "a chart costs less than 25 % more with 5,000 rules than with 500, at equal firings"
    found: list[tuple[int, float]] = []
    for facts in sorted({facts for _, facts in results.sizes}):
        few, many = (results.seconds(OURS, rules, facts) for rules in (500, 5000))
        if few and many:
            found.append((facts, many / few - 1))
    if not found:
        return Verdict(target, "not measured", None)
    figure = ", ".join(f"{more * 100:+.0f} % ({facts:,} facts)" for facts, more in found)
    return Verdict(target, figure, all(more < 0.25 for _, more in found))


def _linear(results: Results) -> Verdict:
    target = "cost against facts: exponent below 1.15"
    found = []
    for rules in sorted({rules for rules, _ in results.sizes}):
        points = results.points(OURS, rules=rules)
        if len(points) > 1:
            found.append((rules, exponent(points)))
    if not found:
        return Verdict(target, "not measured", None)
    figure = ", ".join(f"{power:.2f} ({rules:,} rules)" for rules, power in found)
    return Verdict(target, figure, all(power < 1.15 for _, power in found))


def _share_of_validation(results: Results) -> Verdict:
    target = (
        "the packs of the repository on a 200 KB bundle: below a third of the time that "
        "fhir.resources takes to validate the types that are read"
    )
    rules = results.medians.get("test_rules")
    peer = results.medians.get("test_peer_validates_what_is_read")
    if rules is None or peer is None:
        return Verdict(target, "not measured", None)
    figure = f"{rules / peer:.2f} ({rules * 1e3:.1f} ms of {peer * 1e3:.1f} ms)"
    return Verdict(target, figure, 3 * rules < peer)


def _below(results: Results, what: str, unit: str, most: float, name: str) -> Verdict:
    target = f"{what}: below {most:g} {unit}"
    found = results.medians.get(name)
    if found is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{found:.3f} {unit}", found < most)


def _measured(results: Results, what: str, unit: str, most: float, name: str, key: str) -> Verdict:
    target = f"{what}: below {most:g} {unit}"
    found = results.extra.get(name, {}).get(key)
    if found is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{found:.3g} {unit}", found < most)
