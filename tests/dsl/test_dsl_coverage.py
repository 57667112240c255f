"""What examples show of each condition, and what is said of an expectation that fails."""

from __future__ import annotations

from dsl_golden import signed, sources

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.coverage import AtomCoverage, RuleCoverage
from codewarrant.dsl.examples import Missed, run_examples

HEAD = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "Manual"
rule r "R"
  cites m "1"
  for each diagnosis d in { I10 }
  when d.side is "left" and d.certainty is not one of "probable", "suspected"
    and no diagnosis k in { N18.* } where k.status is "active"
  then omit d because "x"
  unless far
    when encounter.setting is "emergency"
    because "y"
"""
FIRES = """  example "it fires"
    given encounter: setting inpatient
          diagnosis: code I10, side left
    fires
"""


def covered(examples: str, codes: InstalledCodes, head: str = HEAD) -> RuleCoverage:
    checked = check_packs(sources(head + examples), codes)
    assert checked.ok, checked.diagnostics
    results = run_examples(checked, codes, coverage=True)
    assert results.ok, results.diagnostics
    (rule,) = results.coverage
    return rule


def atom(rule: RuleCoverage, text: str) -> AtomCoverage:
    (found,) = [one for one in rule.atoms if text in one.text]
    return found


def counts(one: AtomCoverage) -> tuple[int, int, int]:
    return one.true, one.false, one.unknown


def example(title: str, given: str, verdict: str = "does not fire") -> str:
    return f'  example "{title}"\n    given {given}\n    {verdict}\n'


def test_one_example_that_fires_shows_half_of_every_condition(codes: InstalledCodes) -> None:
    rule = covered(FIRES, codes)
    assert (rule.fired, rule.covered, len(rule.atoms)) == (1, 0, 6)
    side = atom(rule, "d.side")
    assert (counts(side), side.lets, side.stops) == ((1, 0, 0), "it fires", "")
    assert side.missing == ("it is never false",)


def test_an_atom_is_shown_to_decide_by_an_example_that_differs_in_it_alone(
    codes: InstalledCodes,
) -> None:
    right = example(
        "right", "encounter: setting inpatient\n          diagnosis: code I10, side right"
    )
    side = atom(covered(FIRES + right, codes), "d.side")
    assert (side.stops, side.covered) == ("right", True)


def test_two_conditions_that_fail_together_show_neither(codes: InstalledCodes) -> None:
    both = example(
        "both",
        "encounter: setting inpatient\n"
        "          diagnosis: code I10, side right, certainty probable",
    )
    rule = covered(FIRES + both, codes)
    for text in ("d.side", "d.certainty"):
        assert atom(rule, text).missing == ("nothing is stopped by it alone",)


def test_a_negated_condition_is_counted_as_it_is_written(codes: InstalledCodes) -> None:
    probable = example(
        "probable",
        "encounter: setting inpatient\n"
        "          diagnosis: code I10, side left, certainty probable",
    )
    one = atom(covered(FIRES + probable, codes), "is not one of")
    assert (counts(one), one.covered) == ((1, 1, 0), True)


def test_what_is_unknown_counts_as_neither(codes: InstalledCodes) -> None:
    unknown = example("no side", "diagnosis: code I10", "expect rule r is undetermined")
    side = atom(covered(FIRES + unknown, codes), "d.side")
    assert (counts(side), side.stops) == ((1, 0, 1), "")


GUARDED = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "M"
rule r "R"
  cites m "1"
  for each finding f
  when f.kind is "insulin"
    and (f.temporary is unknown or f.temporary is not true)
  then route to review because "x"
"""


def test_a_test_for_knowledge_is_shown_by_what_would_be_undetermined_without_it(
    codes: InstalledCodes,
) -> None:
    open_ = example("left open", "finding: kind insulin", "fires")
    rule = covered(GUARDED + open_, codes, head="")
    assert atom(rule, "is unknown").lets == "left open"
    assert atom(rule, "is not true").lets == ""
    said = example("only for now", "finding: kind insulin, temporary true")
    rule = covered(GUARDED + open_ + said, codes, head="")
    assert atom(rule, "is unknown").covered
    assert atom(rule, "is not true").stops == "only for now"


ROW_NEGATED = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "M"
table t "T" from "t.csv" columns (code: icd10cm, n: integer) sha256 "SHA-t" cites m "1"
rule r "R"
  cites m "1"
  for each diagnosis d, row x of t
  when x matches (code: d.code) and not d.side is "left"
  then omit d because "x"
  example "a row, right"
    given diagnosis: code I10, side right
    fires
  example "no row"
    given diagnosis: code E11.9, side right
    does not fire
=== t.csv
code,n
I10,1
"""


def test_where_no_row_is_there_a_negated_condition_does_not_stand_in_the_way(
    codes: InstalledCodes,
) -> None:
    rule = covered("", codes, head=signed(ROW_NEGATED))
    assert atom(rule, "matches").stops == "no row"


def test_an_exception_is_shown_by_an_example_that_it_excuses(codes: InstalledCodes) -> None:
    excused = example(
        "excused",
        "encounter: setting emergency\n          diagnosis: code I10, side left",
        "expect rule r is excused by far",
    )
    setting = atom(covered(FIRES + excused, codes), "encounter.setting")
    assert (counts(setting), setting.lets, setting.stops) == ((1, 1, 0), "it fires", "excused")


def test_an_exception_is_not_counted_where_the_rule_does_not_reach_it(
    codes: InstalledCodes,
) -> None:
    right = example(
        "right", "encounter: setting emergency\n          diagnosis: code I10, side right"
    )
    setting = atom(covered(FIRES + right, codes), "encounter.setting")
    assert counts(setting) == (0, 1, 0)


def test_conditions_inside_a_search_are_counted_for_each_thing_looked_at(
    codes: InstalledCodes,
) -> None:
    kidney = example(
        "kidney",
        "encounter: setting inpatient\n          diagnosis: code I10, side left\n"
        "          diagnosis: code N18.4\n          diagnosis: code N18.5, status resolved",
    )
    rule = covered(FIRES + kidney, codes)
    search, status = rule.atoms[3:5]
    assert search.text.startswith("no diagnosis k")
    assert status.text == 'k.status is "active"'
    assert (status.inside, status.covered) == (True, True)
    assert search.stops == "kidney"


def test_a_row_that_is_not_there_is_a_match_that_fails(codes: InstalledCodes) -> None:
    head = """=== p/pack.rules
pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "Manual"
table listed "Listed"
  from "t.csv"
  columns (code: cpt, days: integer)
  sha256 "SHA-t"
  cites m "1"
rule r "R"
  cites m "1"
  for each line l, row t of listed
  when t.days > 3 and t matches (code: l.code)
  then require "paper" for l because "x"
"""
    table = "=== p/t.csv\ncode,days\n70551,9\n70553,2\n"
    examples = example("listed", "line l: code 70551", "fires")
    examples += example("short", "line l: code 70553") + example("other", "line l: code 99213")
    checked = check_packs(sources(signed(head + examples + table)), codes)
    (rule,) = run_examples(checked, codes, coverage=True).coverage
    assert rule.covered == 2
    assert counts(atom(rule, "matches")) == (2, 1, 0)


def test_overrides_are_covered_by_the_examples_of_their_pack(codes: InstalledCodes) -> None:
    text = (
        f"=== a/pack.rules\n{HEAD}=== b/pack.rules\n"
        """pack b "B" version 1.0
  extends p at 1.0
  applies when payer.id is "B"
  effective from 2026-01-01 through 2026-12-31
source k "K"
override p/r at 1.0 "O"
  effective from 2026-01-01
  cites k "1"
  because "the contract"
  narrow
  unless resolved
    when d.status is "resolved"
    because "z"
test "t" on 2026-02-02
  given payer: id "B"
        encounter: setting inpatient
        diagnosis: code I10, side left, status resolved
  expect rule p/r is excused by resolved
test "u" on 2026-02-02
  given payer: id "B"
        encounter: setting inpatient
        diagnosis: code I10, side left
  expect rule p/r fires
"""
    )
    checked = check_packs(sources(text), codes)
    assert checked.ok, checked.diagnostics
    rules = run_examples(checked, codes, ["b"], coverage=True).coverage
    assert [(one.pack, one.rule) for one in rules] == [("b", "p/r")]
    assert [(one.text, one.covered) for one in rules[0].atoms] == [('d.status is "resolved"', True)]


def test_the_json_form_names_what_is_missing(codes: InstalledCodes) -> None:
    form = covered(FIRES, codes).to_json()
    assert form["rule"] == "p/r"
    assert form["atoms"][1]["missing"] == ["it is never false"]


# ---- explanations -----------------------------------------------------------------


def missed(examples: str, codes: InstalledCodes) -> Missed:
    checked = check_packs(sources(HEAD + examples), codes)
    assert checked.ok, checked.diagnostics
    results = run_examples(checked, codes)
    (found,) = [item for case in results.cases for item in case.missed]
    (diagnostic,) = results.diagnostics
    assert diagnostic.span == found.span
    assert diagnostic.help == found.help
    return found


def test_a_rule_that_does_not_fire_shows_which_condition_is_false(codes: InstalledCodes) -> None:
    found = missed(
        example("e", "encounter: setting inpatient\n          diagnosis: code I10, side right",
                "fires"), codes)  # fmt: skip
    (account,) = found.why
    assert account.lines == (
        "rule p/r does not fire",
        "  with d = I10",
        "    true     d.code in { I10 }   (it is I10)",
        '    false    d.side is "left"   (it is right)',
        '    true     d.certainty is not one of "probable", "suspected"   (it is confirmed)',
        '    true     no diagnosis k in { N18.* } where k.status is "active"',
    )
    assert account.to_json()["tests"][1] == {
        "text": 'd.side is "left"', "truth": "false", "value": "right",
    }  # fmt: skip


def test_the_match_that_came_nearest_is_told_of(codes: InstalledCodes) -> None:
    found = missed(
        example(
            "e",
            "encounter: setting inpatient\n          diagnosis: code E11.9, side right\n"
            "          diagnosis: code I10, side right",
            "fires",
        ),
        codes,
    )
    assert found.why[0].bound == (("d", "I10"),)


def test_what_is_not_known_is_listed(codes: InstalledCodes) -> None:
    (account,) = missed(example("e", "diagnosis: code I10", "fires"), codes).why
    assert (account.verdict, account.missing) == (
        "is undetermined",
        ("d.side", "encounter.setting"),
    )


def test_a_rule_that_fires_shows_what_it_concluded(codes: InstalledCodes) -> None:
    text = FIRES.replace("    fires", "    expect reported I10")
    (account,) = missed(text, codes).why
    assert (account.verdict, account.concluded) == ("fires", ("I10 is omitted: x",))


def test_an_excused_rule_names_its_exception(codes: InstalledCodes) -> None:
    given = "encounter: setting emergency\n          diagnosis: code I10, side left"
    (account,) = missed(example("e", given, "fires"), codes).why
    assert account.verdict == "is excused by far"


def test_a_rule_without_anything_to_bind_says_so(codes: InstalledCodes) -> None:
    given = "encounter: setting inpatient\n          line: code 99213"
    (account,) = missed(example("e", given, "fires"), codes).why
    assert "it needs a diagnosis; the chart has none" in account.verdict


def test_a_rule_out_of_force_names_its_dates(codes: InstalledCodes) -> None:
    text = 'test "t" on 2027-02-01\n  given diagnosis: code I10, side left\n'
    (account,) = missed(f"{text}  expect rule r fires\n", codes).why
    assert account.verdict == (
        "is not in force: the date of service is 2027-02-01, "
        "the rule's dates are from 2026-01-01 until 2027-01-01"
    )


def test_a_missing_code_leads_to_the_rule_that_would_assign_it(codes: InstalledCodes) -> None:
    rule = """rule s "S"
  cites m "1"
  for each diagnosis d in { I10 }
  when d.side is "right"
  then assign N18.9 because "x"
"""
    text = 'test "t" on 2026-02-01\n  given diagnosis: code I10, side left\n'
    text += "        encounter: setting emergency\n  expect reported I10, N18.9\n"
    found = missed(rule + text, codes)
    assert [one.rule for one in found.why] == ["p/s"]
    assert found.why[0].tests[1] == ('d.side is "right"', False, "left")
