"""Charts with what must come of them; the numbers are those of the table of semantics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from program_builder import (
    Facts,
    assign,
    before,
    cpt,
    diagnosis,
    dx,
    each,
    icd,
    is_,
    omit,
    put,
    rule,
    unless,
)
from rules_under_test import CHAPTER_15, RULES

from codewarrant.engine.conditions import Window
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Rule, Suspension
from codewarrant.engine.trace import Outcome, Sentence

ALL_YEAR = Window(date(2026, 1, 1), date(2027, 1, 1))


@dataclass(frozen=True)
class Row:
    """One chart. What is left empty is not looked at."""

    number: int
    facts: Callable[[Facts], list[Fact]]
    codes: str | None = None
    """Reported codes, in any order."""
    order: str | None = None
    """Reported codes in order; ``<`` only between those named."""
    edits: tuple[str, ...] | None = None
    reasons: tuple[str, ...] = ()
    """Must be among the reasons for review."""
    calm: bool = False
    """Nothing sends the chart to review."""
    undetermined: tuple[str, ...] = ()
    excused: tuple[str, ...] | None = None
    pointers: dict[str, str] = field(default_factory=dict)
    modifiers: dict[str, str] = field(default_factory=dict)
    removed: str | None = None
    omitted: str | None = None
    rules: Callable[[list[Rule]], list[Rule]] = list
    supplied: frozenset[str] = frozenset()
    sentences: tuple[Sentence, ...] = ()


Statement = str | Callable[[Facts], Fact]


def enc(facts: Facts, setting: str | None) -> Fact:
    return facts.make("encounter", setting=setting)


def chart(setting: str | None, *statements: Statement):
    """Facts from short statements: ``I10``, ``N18.30?`` (probable), or functions of Facts."""

    def build(facts: Facts) -> list[Fact]:
        made = [enc(facts, setting)]
        for one in statements:
            if not isinstance(one, str):
                made.append(one(facts))
            elif one.endswith("?"):
                made.append(diagnosis(facts, one[:-1], certainty="probable"))
            else:
                made.append(diagnosis(facts, one))
        return made

    return build


def dg(code: str, **known):
    return lambda facts: diagnosis(facts, code, **known)


def finding(kind: str, **known):
    return lambda facts: facts.make("finding", kind=kind, **known)


def mention(code: str):
    return lambda facts: facts.make("mention", code=icd(code), temporality="historical")


def line(code: str, glob: str = "XXX", points: tuple[str, ...] = ()):
    return lambda facts: facts.make(
        "line",
        code=cpt(code),
        glob=glob,
        modifiers=(),
        units=1,
        pointers=tuple(icd(one) for one in points),
    )


def also(*more: Rule):
    return lambda rules: [*rules, *more]


def changing(id: str, **changes):
    """A rule with other exceptions, suspensions or swaps."""
    return lambda rules: [
        replace(one, **{name: (*getattr(one, name), *new) for name, new in changes.items()})
        if one.id == id
        else one
        for one in rules
    ]


OP, IP = "outpatient", "inpatient"
SMOKER = finding("smoker", dependent=True)
INSULIN = finding("insulin", temporary=False)
UTI_SEPSIS = (
    dg("N39.0", present_on_admission="Y"),
    dg("A41.9", present_on_admission="Y"),
    finding("organism", text="e-coli"),
)
ORGAN_FAILURE = finding("organ-dysfunction", due_to_sepsis=True)
PREGNANT = finding("pregnant")
INJECTION = unless("acme-injection", is_("p", "code", cpt("96372")), override="acme/injection")
PLAN_B = unless("plan-b", is_("p", "code", cpt("20610")), override="plan-b/arthrocentesis")
OFF = Suspension("acme/off", ALL_YEAR, "not with this payer")
PAYER_I10 = rule("payer-i10", [dx("h", "I10")], [put("h", "I1A.0")])
PAYER_ORDER = rule("acme-order", [dx("i", "I12.9"), dx("o", *CHAPTER_15)], [before("i", "o")])


def side(value: str, about: str = "M17.10"):
    return finding("side", side=value, about=icd(about))


ROWS = (
    Row(1, chart(OP, "I10", "N18.30?"), "I10", removed="N18.30"),
    Row(2, chart(IP, "I10", "N18.30?"), order="I12.9 N18.30"),
    Row(3, chart(OP, "I10", "I50.22", "N18.32"), "I13.0 I50.22 N18.32"),
    Row(4, chart(OP, "I10", "I50.9", "N18.6"), "I13.2 I50.9 N18.6"),
    Row(5, chart(OP, "I10", "N18.30", "N18.5"), "I12.0 N18.30 N18.5", calm=True),
    Row(6, chart(OP, "I10", "N18.4", "N18.6"), "I12.0 N18.6", removed="N18.4"),
    Row(7, chart(OP, "I12.9", "I50.9"), order="I13.0 N18.9 I50.9"),
    Row(8, chart(OP, "I10", "I12.9", "I50.9", "N18.9"), "I13.0 I50.9 N18.9", calm=True),
    Row(9, chart(OP, "I10", "I50.9?", "N18.9"), "I12.9 N18.9"),
    Row(
        10, chart(None, "J18.9?", "R05.9"), undetermined=("outpatient-uncertain",),
        reasons=("undetermined outpatient-uncertain",),
    ),
    Row(11, chart(OP, "J18.9?", "R05.9"), "R05.9"),
    Row(12, chart(OP, "J18.9", "R05.9"), "J18.9", edits=(), calm=True, omitted="R05.9"),
    Row(13, chart(OP, "J18.9?"), "", edits=("query no-diagnosis",)),
    Row(14, chart(OP, "J18.9?", "J18.9"), "J18.9", removed="J18.9"),
    Row(15, chart(OP, "E11.9", "N18.30", "I10", "G62.9"), "E11.22 E11.42 I12.9 N18.30"),
    Row(16, chart(OP, "E11.9", "R73.9"), "E11.65"),
    Row(17, chart(OP, "E11.9", "R80.9", "N18.9", INSULIN), "E11.22 E11.29 N18.9 Z79.4"),
    Row(
        18, chart(OP, "E11.9", finding("insulin")), "E11.9", undetermined=("insulin",), calm=True
    ),
    Row(19, chart(OP, "E11.9", INSULIN, "Z79.4"), "E11.9 Z79.4"),
    Row(
        20, chart(IP, *UTI_SEPSIS, ORGAN_FAILURE), order="A41.51 N39.0 R65.20", omitted="B96.20"
    ),
    Row(21, chart(OP, "A41.9?", "N39.0", ORGAN_FAILURE), "N39.0"),
    Row(22, chart(IP, "A41.9", "R57.9", ORGAN_FAILURE), order="A41.9 R65.21"),
    Row(23, chart(IP, "R65.20"), order="A41.9 R65.20"),
    Row(24, chart(OP, "M17.10", side("right")), "M17.11"),
    Row(25, chart(OP, "M17.10", side("right"), side("left")), "M17.0", calm=True),
    Row(26, chart(OP, "M17.10", "M17.11"), "M17.11"),
    Row(
        27, chart(OP, "M17.0", "M17.10", side("left")), "M17.0 M17.12",
        edits=("route excludes1",), reasons=("route excludes1",),
    ),
    Row(28, chart(OP, "S52.501", finding("active-treatment")), "S52.501A"),
    Row(29, chart(OP, "R07.9", "I20.9", "I25.110"), "I25.110", calm=True),
    Row(
        30, chart(OP, "R07.9", "I20.9"), "R07.9 I20.9",
        rules=also(
            rule("mutual", [dx("a", "I20.9"), dx("b", "R07.9")], [omit("a")]),
        ),
        reasons=("conflict cover each other: integral-symptom mutual",),
    ),
    Row(31, chart(OP, "J44.9", SMOKER), "J44.9 F17.210"),
    Row(
        32, chart(OP, "J44.9", finding("smoker")), "J44.9",
        undetermined=("tobacco-dependence", "tobacco-use"),
    ),
    Row(33, chart(OP, "I10", finding("bmi", value=41)), "I10"),
    Row(34, chart(OP, "E66.9?", "I10", finding("bmi", value=35)), "I10"),
    Row(35, chart(OP, mention("C50.919")), "Z85.3"),
    Row(36, chart(OP, mention("C50.919"), finding("antineoplastic-treatment")), "C50.919"),
    Row(37, chart(OP, "I10", PREGNANT), "O10.019"),
    Row(
        38, chart(OP, "I10", "N18.9", "E11.9", PREGNANT),
        order="O10.119 I12.9|O24.119 I12.9|O10.119 E11.22|O24.119 E11.22|I12.9 N18.9",
        codes="O10.119 O24.119 I12.9 E11.22 N18.9",
    ),
    Row(39, chart(OP, "W19.XXXA", "S72.001A"), order="S72.001A W19.XXXA"),
    Row(40, chart(OP, "G63", "I10", "E85.4"), order="E85.4 G63 I10"),
    Row(41, chart(OP, "T45.515A", "D68.32"), order="D68.32 T45.515A"),
    Row(42, chart(OP, "J96.01", "T40.2X1A"), order="T40.2X1A J96.01"),
    Row(43, chart(OP, "N63.10", "Z12.31"), order="Z12.31 N63.10"),
    Row(
        44, chart(OP, dg("D64.9", due_to=(icd("N18.4"),)), "N18.4", "I10"),
        order="I12.9 N18.4 D63.1",
    ),
    Row(
        45, chart(OP, "D64.9", "N18.4"), "D64.9 N18.4", undetermined=("ckd-anaemia",),
        reasons=("undetermined ckd-anaemia",),
    ),
    Row(
        46, chart(OP, "I10", "N18.9"), "I10 N18.9", rules=also(PAYER_I10),
        reasons=("conflict replacements: htn-ckd payer-i10",),
    ),
    Row(
        47, chart(OP, "I10", "N18.9"), "I1A.0 N18.9",
        rules=also(replace(PAYER_I10, mandatory=True)), calm=True,
    ),
    Row(
        48, chart(OP, "K63.5"), "K63.5",
        rules=also(
            rule("there", [dx("h", "K63.5")], [put("h", "K62.1")]),
            rule("back", [dx("h", "K62.1")], [put("h", "K63.5")]),
        ),
        reasons=("conflict replacements: there",),
    ),
    Row(
        49, chart(OP, "J44.9", SMOKER), "J44.9 Z72.0",
        rules=also(rule("payer-z72", [dx("d", "F17.210")], [put("d", "Z72.0")])),
    ),
    Row(
        50, chart(OP, "E11.9", "R80.9", "N18.9", INSULIN), "E11.22 E11.29 N18.9",
        rules=also(rule("payer-omit", [dx("z", "Z79.4")], [omit("z")])), calm=True,
    ),
    Row(
        51, chart(OP, "I10", "N18.9", finding("counselled")), "I12.9 N18.9 Z71.89",
        rules=also(
            rule(
                "counselling",
                [dx("h", "I10"), each("finding", "f", is_("f", "kind", "counselled"))],
                [assign("Z71.89")],
            )
        ),
    ),
    Row(52, chart(OP, "I12.9", "N18.9?"), "I12.9 N18.9", removed="N18.9"),
    Row(
        53, chart(OP, "I10", "N18.9", "E11.9", PREGNANT), rules=also(PAYER_ORDER),
        order="O10.119 I12.9|O24.119 I12.9", calm=True,
    ),
    Row(
        54, chart(OP, "I10", "N18.9", "E11.9", PREGNANT),
        rules=also(replace(PAYER_ORDER, mandatory=True)),
        reasons=("conflict sequence: acme-order chapter-15-first",),
    ),
    Row(
        55, chart(OP, "M17.11", line("99213"), line("20610", "000"), finding("separate-em")),
        edits=(), modifiers={"99213": "25", "20610": ""}, excused=("ncci modifier-allowed",),
    ),
    Row(
        56, chart(OP, "M17.11", line("99213"), line("20610", "000")),
        edits=("deny CO-97 99213", "route modifier-25"),
    ),
    Row(
        57, chart(OP, "I10", line("99213"), line("96372"), line("20610", "000")),
        edits=("deny CO-97 99213",), rules=changing("modifier-25", exceptions=(INJECTION, PLAN_B)),
        excused=("modifier-25 acme/injection", "modifier-25 plan-b/arthrocentesis"),
    ),
    Row(
        58, chart(OP, "I10", line("99213"), line("20610", "000")), edits=("deny CO-97 99213",),
        rules=changing("modifier-25", exceptions=(INJECTION,), suspensions=(OFF,)),
    ),
    Row(
        60, chart(OP, "R51.9", line("93306"), line("93308")),
        edits=("deny CO-50 93306", "deny CO-97 93308"),
    ),
    Row(61, chart(OP, "I10", "I50.9", line("99213", points=("I10",))), pointers={"99213": "I11.0"}),
    Row(
        62, chart(OP, "R07.9", "I25.110", line("93000", points=("R07.9",))),
        pointers={"93000": "I25.110"},
    ),
    Row(
        63, chart(OP, "R51.9", line("70450")), edits=(), undetermined=("prior-auth",),
    ),
    Row(
        163, chart(OP, "R51.9", line("70450")), edits=("require authorization 70450",),
        supplied=frozenset(("authorization",)),
    ),
    # Further charts of the same prototype.
    Row(
        164, chart(OP, "I10", dg("N18.30", unrelated_to=(icd("I10"),))), "I10 N18.30",
        excused=("htn-ckd stated-unrelated",),
    ),
    Row(165, chart(OP, dg("I10", status="resolved"), "I10"), "I10", removed="I10"),
    Row(166, chart(IP, *UTI_SEPSIS), order="A41.51 N39.0"),
    Row(
        167, chart(OP, "J18.9?", "R05.9", line("71046", points=("J18.9",))),
        pointers={"71046": ""}, reasons=("pointers 71046",),
    ),
    Row(168, chart(OP, "I10", "I11.0", "N18.5"), "I13.2 I50.9 N18.5", calm=True),
    Row(169, chart(OP, "E66.9", finding("bmi", value=35)), "E66.9 Z68.35"),
    Row(170, chart(OP, "I10", "I50.9", line("93306")), "I11.0 I50.9", edits=()),
    Row(
        171, chart(OP, "R07.9", "I50.9?", line("93306")), "R07.9", edits=("deny CO-50 93306",)
    ),
)  # fmt: skip


# ---- what an outcome says, in the words of the table -------------------------------


def reported(outcome: Outcome) -> list[str]:
    return [code.value for code in outcome.sequence]


def edits(outcome: Outcome, facts: list[Fact]) -> tuple[str, ...]:
    codes = {fact.id: fact.fields.get("code") for fact in facts}
    found = set()
    for firing in outcome.firings:
        for one in firing.concluded:
            detail = one.detail or {}
            match one.kind:
                case "deny":
                    found.add(f"deny {detail['reason']} {codes[one.target]}")
                case "require":
                    found.add(f"require {detail['what']} {codes[one.target]}")
                case "query" | "route":
                    found.add(f"{one.kind} {firing.rule}")
    return tuple(sorted(found))


def reasons(outcome: Outcome, facts: list[Fact]) -> set[str]:
    """Why a person must look."""
    codes = {fact.id: fact.fields.get("code") for fact in facts}
    found = {f"undetermined {one.rule}" for one in outcome.near_misses if one.review}
    found |= {f"conflict {one.kind}: {' '.join(one.rules)}" for one in outcome.conflicts}
    found |= {f"pointers {codes[one.fact]}" for one in outcome.lines if one.lost_pointers}
    found |= {one for one in edits(outcome, facts) if one.startswith(("route", "query"))}
    return found


def rules_for(row: Row) -> list[Rule]:
    return row.rules(RULES)
