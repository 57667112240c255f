"""What rules mean: bounds, writes, windows, guards and atoms of the lowered program."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from dsl_golden import good, sources

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.link import Linked, link
from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.strata import strata
from codewarrant.engine.values import ANY_CODE, Code, Duration, Interval
from codewarrant.schema import CODES

HEAD = """pack p "P" version 1.0
  effective from 2026-01-01 through 2026-12-31
source m "Manual"
  label "M"
value set ckd "CKD" of icd10cm is { N18.* }
parameter days "Days" of duration
  from 2026-01-01 is 90 days

"""


def linked(text: str, codes: InstalledCodes) -> Linked:
    checked = check_packs(sources(HEAD + text), codes)
    assert checked.ok, checked.diagnostics
    return link(checked, codes)


def rule_of(body: str, codes: InstalledCodes) -> p.Rule:
    (rule,) = linked(f'rule r "R"\n  cites m "1"\n{body}', codes).program.rules
    return rule


def test_a_set_in_a_binder_bounds_it_and_is_tested(codes: InstalledCodes) -> None:
    rule = rule_of('  for each diagnosis d in ckd\n  then remove d because "x"\n', codes)
    (binder,) = rule.binders
    assert binder.codes == (Interval("icd10cm", "N18", "N18z"),)
    assert isinstance(rule.when, c.InSet)
    assert rule.when.set_id == "p/ckd"
    assert rule.atoms[rule.when.atom] == "d.code in ckd"


def test_bounds_are_what_all_conjuncts_leave(codes: InstalledCodes) -> None:
    rule = rule_of(
        "  for each diagnosis d in { N18.1 to N18.4 }\n"
        '  when d.code not in { N18.1 } and d.code in { N18.3*, N18.9 } and d.side is "left"\n'
        '  then remove d because "x"\n',
        codes,
    )
    assert rule.binders[0].codes == (Interval("icd10cm", "N183", "N183z"),)


def test_a_negated_or_optional_test_does_not_bound(codes: InstalledCodes) -> None:
    rule = rule_of(
        "  for each diagnosis d\n"
        '  when d.code in ckd or d.side is "left"\n'
        '  then remove d because "x"\n',
        codes,
    )
    assert rule.binders[0].codes == ANY_CODE


def test_either_of_two_sets_bounds_by_both(codes: InstalledCodes) -> None:
    rule = rule_of(
        "  for each diagnosis d\n"
        "  when d.code is I10 or d.code in ckd\n"
        '  then remove d because "x"\n',
        codes,
    )
    assert rule.binders[0].codes == (
        Interval("icd10cm", "I10", "I10"),
        Interval("icd10cm", "N18", "N18z"),
    )


def test_quantifiers_carry_their_bounds(codes: InstalledCodes) -> None:
    rule = rule_of(
        "  for each diagnosis d\n  when no documented diagnosis e where e.code in ckd\n"
        '  then remove d because "x"\n',
        codes,
    )
    assert isinstance(rule.when, c.Quantified)
    assert rule.when.kind == "no"
    assert rule.when.over.documented
    assert rule.when.over.codes == (Interval("icd10cm", "N18", "N18z"),)


def test_an_assigned_constant_writes_itself(codes: InstalledCodes) -> None:
    rule = rule_of("  for each diagnosis d in ckd\n  then assign I12.9\n", codes)
    (action,) = rule.actions
    assert isinstance(action, p.Assign)
    assert action.code == c.Const(Code("icd10cm", "I12.9"))
    assert action.writes == (Interval("icd10cm", "I129", "I129"),)
    assert action.because.parts == ("R",), "the title stands in for a reason"


def test_an_assigned_side_writes_into_the_categories_of_the_variable(
    codes: InstalledCodes,
) -> None:
    rule = rule_of(
        "  for each diagnosis d in { M17.* }\n"
        '  when d.code.laterality is "unspecified"\n'
        '  then replace d with d.code.right because "{d.code.title}"\n',
        codes,
    )
    (action,) = rule.actions
    assert isinstance(action, p.Replace)
    assert action.writes == (Interval("icd10cm", "M17", "M17z"),)
    title = c.LookupTerm(CODES, (("code", c.Field("d", "code")),), "title")
    assert action.because.parts == (title,)


def test_an_assigned_column_writes_what_the_table_holds(codes: InstalledCodes) -> None:
    text = """=== pack.rules
pack p "P" version 1.0
  effective from 2026-01-01
source m "M"
table t "T" from "t.csv" columns (from_code: icd10cm, to_code: icd10cm) sha256 "SHA-t"
rule r "R"
  cites m "1"
  for each diagnosis d, row x of t
  when x matches (from_code: d.code)
  then assign x.to_code
=== t.csv
from_code,to_code
I10,I12.9
N18.6,Z99.2
"""
    from dsl_golden import signed

    checked = check_packs(sources(signed(text)), codes)
    assert checked.ok, checked.diagnostics
    program = link(checked, codes).program
    (action,) = program.rules[0].actions
    assert isinstance(action, p.Assign)
    assert [item.low for item in action.writes] == ["I129", "Z992"]
    assert program.rules[0].binders[1] == c.Binder("x", relation="p/t")
    assert "p/t" in dict(program.relations)


def test_single_entities_are_bound_without_being_named(codes: InstalledCodes) -> None:
    rule = rule_of(
        '  when claim.received - claim.last_service > days\n  then deny claim with reason "CO-29"'
        ' because "x"\n',
        codes,
    )
    assert rule.binders == (c.Binder("claim", "claim"),)
    assert isinstance(rule.when, c.Compare)
    assert rule.when.right == c.Param("p/days")


def test_an_exception_on_an_entity_that_the_rule_does_not_bind_is_false_without_it(
    codes: InstalledCodes,
) -> None:
    rule = rule_of(
        "  for each diagnosis d in ckd\n"
        '  then omit d because "x"\n'
        '  unless emergency when encounter.setting is "emergency" because "y"\n',
        codes,
    )
    assert [item.var for item in rule.binders] == ["d"]
    when = rule.exceptions[0].when
    assert isinstance(when, c.Quantified)
    assert (when.kind, when.over.entity) == ("some", "encounter")


def test_a_definition_is_put_in_its_place(codes: InstalledCodes) -> None:
    program = linked(
        'derive waited "Days" for claim x is x.received - x.last_service\n'
        'derive late "Late" for claim y when y.waited > 30 days\n'
        'rule r "R"\n  cites m "1"\n  when claim.late\n  then deny claim with reason "CO-29"'
        ' because "{claim.waited}"\n',
        codes,
    ).program
    waited = c.Arith("-", c.Field("claim", "received"), c.Field("claim", "last_service"))
    when = program.rules[0].when
    assert isinstance(when, c.Compare)
    assert when.left == waited
    assert when.right == c.Const(Duration(0, 30))


def test_through_names_the_last_day_and_until_the_day_after(codes: InstalledCodes) -> None:
    rule = rule_of(
        "  effective from 2026-02-01 through 2026-02-28 by received date\n"
        '  for each diagnosis d\n  then remove d because "x"\n'
        "  unless e effective from 2026-02-01 until 2026-02-15 when d.side is known"
        ' because "y"\n',
        codes,
    )
    assert rule.window == c.Window(date(2026, 2, 1), date(2026, 3, 1), "received date")
    assert rule.exceptions[0].window.end == date(2026, 2, 15)


def test_a_rule_without_dates_has_those_of_the_pack(codes: InstalledCodes) -> None:
    rule = rule_of('  for each diagnosis d\n  then remove d because "x"\n', codes)
    assert rule.window == c.Window(date(2026, 1, 1), date(2027, 1, 1), "date of service")


def test_citations_carry_label_section_and_quote(codes: InstalledCodes) -> None:
    program = linked(
        'rule r "R"\n  cites m "p. 1" quoting "the words"\n  for each diagnosis d\n'
        '  then remove d because "x"\n',
        codes,
    ).program
    assert program.rules[0].cites == (p.Citation("p/m", "p. 1", "M p. 1", "the words"),)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("patient.age_years >= 18 years", 18),
        ("patient.age_days > 4 weeks", 28),
        ("l.units > 3 units", 3),
        ("l.units > 3", 3),
        ("l.charge > $1,250.50", Decimal("1250.50")),
        ("l.date > 2026-02-01", date(2026, 2, 1)),
        ("l.place_of_service is 11", "11"),
        ("l.code is 99213", Code("cpt", "99213")),
        ("l.code is G0008", Code("hcpcs", "G0008")),
    ],
)
def test_literals_take_the_type_of_the_place(
    test: str, expected: object, codes: InstalledCodes
) -> None:
    rule = rule_of(
        f'  for each line l\n  when {test}\n  then deny l with reason "CO-50" because "x"\n', codes
    )
    assert isinstance(rule.when, c.Compare)
    assert rule.when.right == c.Const(expected)  # type: ignore[arg-type]


def test_atoms_are_numbered_from_zero_and_keep_their_words(codes: InstalledCodes) -> None:
    rule = rule_of(
        "  for each diagnosis d in ckd   # a comment\n"
        '  when d.side is known and (d.side is "left" or\n     d.phrase is unknown)\n'
        '  then remove d because "x"\n',
        codes,
    )
    assert rule.atoms == (
        "d.code in ckd",
        "d.side is known",
        'd.side is "left"',
        "d.phrase is unknown",
    )


def test_a_narrowing_is_guarded_by_the_pack_that_adds_it(codes: InstalledCodes) -> None:
    program = link(check_packs(good(), codes), codes).program
    rule = next(item for item in program.rules if item.id == "us-sample/modifier-25")
    (added,) = rule.exceptions
    assert added.override == "acme overrides us-sample/modifier-25"
    assert added.cites[0].source == "acme/manual"
    assert isinstance(added.when, c.AllOf)
    guard = added.when.items[0]
    assert isinstance(guard, c.Quantified)
    assert guard.over.entity == "payer"
    numbers = [guard.atom]
    assert all(rule.atoms[number] for number in numbers)


def test_a_suspension_and_a_parameter_change(codes: InstalledCodes) -> None:
    base = (
        "=== a/pack.rules\n"
        + HEAD.replace("pack p", "pack a")
        + 'rule r "R"\n  cites m "1"\n  for each diagnosis d\n  then remove d because "x"\n'
        '=== b/pack.rules\npack b "B" version 1.0\n  extends a at 1.0\n'
        '  effective from 2026-03-01 until 2026-06-01\nsource k "K"\n'
        'override a/r at 1.0 "S"\n  effective from 2026-03-01\n  cites k "1"\n  because "no"\n'
        "  suspend\n"
        'override a/days at 1.0 "D"\n  effective from 2026-03-01\n  cites k "1"\n  because "n"\n'
        "  set to 30 days\n"
    )
    checked = check_packs(sources(base), codes)
    assert checked.ok, checked.diagnostics
    program = link(checked, codes).program
    (suspension,) = program.rules[0].suspensions
    assert suspension.window == c.Window(date(2026, 3, 1), date(2026, 6, 1))
    (parameter,) = program.parameters
    assert [(w.start, w.end, v) for w, v in parameter.values] == [
        (date(2026, 1, 1), date(2026, 3, 1), Duration(0, 90)),
        (date(2026, 3, 1), date(2026, 6, 1), Duration(0, 30)),
        (date(2026, 6, 1), None, Duration(0, 90)),
    ]


def test_bounds_keep_the_sample_packs_free_of_loops(codes: InstalledCodes) -> None:
    program = link(check_packs(good(), codes), codes).program
    coded = tuple(rule for rule in program.rules if rule.stage == "code")
    assert len(coded) >= 7
    assert not strata(coded, program).loops
