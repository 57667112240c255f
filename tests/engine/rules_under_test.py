"""The rule set that settled what rules mean, as a program.

Clinical content is simplified: it tests semantics, and is no advice on coding. The rule on septic
shock, and every rule of a payer that changes a diagnosis, test semantics only.
"""

from __future__ import annotations

from program_builder import (
    among,
    assign,
    before,
    codes,
    cpt,
    deny,
    dx,
    each,
    field,
    icd,
    in_set,
    is_,
    modifier,
    no,
    omit,
    put,
    query,
    remove,
    require,
    route,
    rule,
    some,
    unless,
)

from codewarrant.engine import conditions as c
from codewarrant.engine.program import Rule
from codewarrant.engine.relation import MemoryRelation, Row

CKD = ("N18*",)
CKD_1_4 = ("N18.1", "N18.2", "N18.3*", "N18.4", "N18.9")
CKD_5 = ("N18.5", "N18.6")
HEART_FAILURE = ("I50*",)
DIABETES = ("E11*",)
SEPSIS = ("A40*", "A41*")
CHAPTER_15 = ("O00-O99",)
SIDES = {
    ("M17.10", "right"): "M17.11", ("M17.10", "left"): "M17.12", ("M17.10", "both"): "M17.0",
    ("H66.90", "right"): "H66.91", ("H66.90", "left"): "H66.92", ("H66.90", "both"): "H66.93",
}  # fmt: skip
SYMPTOM_OF = (
    ("R07.9", "I21"), ("R07.9", "I20"), ("R05.9", "J18"), ("R50.9", "J18"), ("R73.9", "E11.65"),
    ("R53.83", "E11.9"), ("R80.9", "E11.2"), ("R06.02", "J18"), ("R07.9", "I25.11"),
    ("I20.9", "I25.11"),
)  # fmt: skip
SIBLINGS = (
    ("E11.9", ("E11.2", "E11.4", "E11.6")), ("I50.9", ("I50.2", "I50.3", "I50.4")),
    ("N18.9", ("N18.1", "N18.2", "N18.3", "N18.4", "N18.5", "N18.6")),
    ("M17.10", ("M17.11", "M17.12", "M17.0")), ("A41.9", ("A41.5",)),
)  # fmt: skip
ETIOLOGY = (("D63.1", "N18"), ("D63.0", "C"), ("G63", "E85"), ("F02", "G30"), ("I79.0", "A52"))
EXCLUDES = (
    ("E10", "E11"), ("R05", "J18"), ("Z72.0", "F17"), ("I12", "I13"), ("M17.0", "M17.1"),
    ("O10", "I10"),
)  # fmt: skip


def relations() -> dict[str, MemoryRelation]:
    sides = [
        Row(f"{code}-{side}", {"code": icd(code), "side": side, "sided": icd(sided)})
        for (code, side), sided in SIDES.items()
    ]
    bmi = [Row(str(n), {"value": n, "code": icd(f"Z68.{n}")}) for n in range(20, 45)]
    shots = {"S52.501": "S52.501A", "S72.001": "S72.001A"}
    seventh = [Row(old, {"code": icd(old), "full": icd(new)}) for old, new in shots.items()]
    return {
        "sides": MemoryRelation(
            "sides", "1", {"code": "code", "side": "text", "sided": "code"}, sides
        ),
        "bmi": MemoryRelation("bmi", "2", {"value": "integer", "code": "code"}, bmi),
        "seventh": MemoryRelation("seventh", "3", {"code": "code", "full": "code"}, seventh),
    }


def pairs(table, first: str, second: str) -> c.Condition:
    """The codes of two variables stand in a table of beginnings."""
    return c.AnyOf(
        tuple(c.AllOf((in_set(first, f"{a}*"), in_set(second, f"{b}*"))) for a, b in table)
    )


def finding(var: str, kind: str, *where: c.Condition):
    return each("finding", var, is_(var, "kind", kind), *where)


def sided(var: str, side: str | c.Term) -> c.LookupTerm:
    wanted = c.Const(side) if isinstance(side, str) else side
    return c.LookupTerm("sides", (("code", field(var, "code")), ("side", wanted)), "sided")


def about(finding_var: str, dx_var: str) -> c.Condition:
    return c.Compare(0, "=", field(finding_var, "about"), field(dx_var, "code"))


def unrelated(var: str, to: str) -> c.Condition:
    return c.Contains(0, field(var, "unrelated_to"), (icd(to),))


def known_and(condition: c.Condition, var: str, name: str) -> c.Condition:
    """For exceptions on fields that most charts leave out."""
    return c.AllOf((c.Known(0, field(var, name)), condition))


def line(var: str, *where: c.Condition):
    return each("line", var, *where)


EM = (cpt("99213"), cpt("99214"))
OUTPATIENT = each("encounter", "enc", is_("enc", "setting", "outpatient"))
PREGNANT = finding("g", "pregnant")
STATED_UNRELATED = unless("stated-unrelated", known_and(unrelated("k", "I10"), "k", "unrelated_to"))

ADMIT = [
    rule(
        "outpatient-uncertain",
        [dx("d", where=(among("d", "certainty", "probable", "suspected"),)), OUTPATIENT],
        [remove("d")],
        mandatory=True,
    ),
    rule(
        "confirmed-only",
        [
            dx(
                "d", "B20", "U07.1", "A92.5", "J09*", "J10*",
                where=(among("d", "certainty", "probable", "suspected"),),
            )
        ],
        [remove("d")],
        mandatory=True,
    ),
    rule(
        "ckd-stage-under-esrd", [dx("k", "N18.1-N18.5", "N18.9"), dx("e", "N18.6")], [remove("k")]
    ),
    rule("resolved", [dx("d", where=(is_("d", "status", "resolved"),))], [remove("d")]),
]  # fmt: skip

H, F, K, K14, K5 = (
    dx("h", "I10"), dx("f", *HEART_FAILURE), dx("k", *CKD), dx("k", *CKD_1_4), dx("k", *CKD_5),
)  # fmt: skip
NO_F, NO_K, NO_K5 = no(F), no(K), no(dx("k5", *CKD_5))

COMBINE = [
    rule(
        "htn-ckd", [H, K14], [put("h", "I12.9"), before("I12.9", "k")], NO_F, NO_K5,
        exceptions=(STATED_UNRELATED,),
    ),
    rule(
        "htn-ckd5", [H, K5], [put("h", "I12.0"), before("I12.0", "k")], NO_F,
        exceptions=(STATED_UNRELATED,),
    ),
    rule("htn-hf", [H, F], [put("h", "I11.0"), before("I11.0", "f")], NO_K),
    rule(
        "htn-hf-ckd", [H, F, K14],
        [put("h", "I13.0"), before("I13.0", "f"), before("I13.0", "k")], NO_K5,
    ),
    rule(
        "htn-hf-ckd5", [H, F, K5],
        [put("h", "I13.2"), before("I13.2", "f"), before("I13.2", "k")],
    ),
    rule("hhd-hf-kidney", [dx("h", "I12.9"), F], [put("h", "I13.0"), before("I13.0", "f")]),
    rule("hhd-ckd5", [dx("h", "I11.0"), K5], [put("h", "I13.2"), before("I13.2", "k")]),
    rule("hhd-ckd", [dx("h", "I11.0"), K14], [put("h", "I13.0"), before("I13.0", "k")], NO_K5),
    rule("dm-ckd", [dx("d", *DIABETES), K], [assign("E11.22"), before("E11.22", "k")]),
    rule("dm-polyneuropathy", [dx("d", *DIABETES), dx("n", "G62.9")], [put("n", "E11.42")]),
    rule("dm-hyperglycaemia", [dx("d", *DIABETES), dx("g", "R73.9")], [assign("E11.65")]),
    rule("dm-proteinuria", [dx("d", *DIABETES), dx("p", "R80.9")], [assign("E11.29")]),
    rule(
        "ckd-anaemia", [K, dx("a", "D64.9")], [put("a", "D63.1")],
        c.Contains(0, field("a", "due_to"), item=field("k", "code")),
    ),
    rule("copd-pneumonia", [dx("c", "J44.9"), dx("p", "J18.9")], [put("c", "J44.0")]),
    rule("preg-htn", [H, PREGNANT], [put("h", "O10.019")], NO_F, NO_K),
    rule(
        "preg-hhd", [dx("h", "I11*", "I12*", "I13*"), PREGNANT],
        [assign("O10.119"), before("O10.119", "h")],
    ),
    rule("preg-dm", [dx("d", *DIABETES), PREGNANT], [assign("O24.119")]),
    rule("septic-shock", [dx("s", *SEPSIS), dx("y", "R57.9")], [put("y", "R65.21")]),
    rule(
        "neoplasm-in-treatment",
        [
            each("mention", "m", in_set("m", "C50*"), is_("m", "temporality", "historical")),
            finding("t", "antineoplastic-treatment"),
        ],
        [assign("C50.919")],
    ),
]  # fmt: skip

COMPLETE = [
    rule(
        "hf-default", [dx("h", "I11.0", "I13.0", "I13.2", documented=True)],
        [assign("I50.9"), before("h", "I50.9")], NO_F,
    ),
    rule(
        "ckd-default", [dx("h", "I12*", "I13*", documented=True)],
        [assign("N18.9"), before("h", "N18.9")], NO_K,
    ),
    rule(
        "insulin",
        [dx("d", *DIABETES), finding("f", "insulin", is_("f", "temporary", False))],
        [assign("Z79.4")],
        no(dx("z", "Z79.4")),
    ),
    rule("oral-hypoglycaemic", [dx("d", *DIABETES), finding("f", "oral-dm")], [assign("Z79.84")]),
    rule(
        "sepsis-unspecified", [dx("s", "R65.2*", documented=True)], [assign("A41.9")],
        no(dx("o", *SEPSIS)),
    ),
    rule(
        "severe-sepsis",
        [
            dx("s", *SEPSIS),
            finding("o", "organ-dysfunction", c.Holds(0, field("o", "due_to_sepsis"))),
        ],
        [assign("R65.20")],
        no(dx("x", "R65.21")),
    ),
    rule(
        "organism",
        [dx("i", "N39.0", "J18.9"), finding("o", "organism", is_("o", "text", "e-coli"))],
        [assign("B96.20")],
    ),
    rule(
        "tobacco-dependence",
        [
            dx("d", "J44*", "I10", "I11*", "I12*", "I13*"),
            finding("f", "smoker", c.Holds(0, field("f", "dependent"))),
        ],
        [assign("F17.210")],
        no(dx("z", "F17*")),
    ),
    rule(
        "tobacco-use", [dx("d", "J44*", "I10"), finding("f", "smoker")], [assign("Z72.0")],
        no(dx("z", "F17*")),
    ),
    rule(
        "bmi", [dx("d", "E66*", "R63.4", "E44*"), finding("b", "bmi")],
        [assign(c.LookupTerm("bmi", (("value", field("b", "value")),), "code"), "Z68*")],
    ),
    rule(
        "history-neoplasm",
        [each("mention", "m", in_set("m", "C50*"), is_("m", "temporality", "historical"))],
        [assign("Z85.3")],
        no(dx("c", "C50*")),
    ),
    rule(
        "preg-incidental", [finding("g", "pregnant", c.Holds(0, field("g", "incidental")))],
        [assign("Z33.1")], no(dx("o", *CHAPTER_15)),
    ),
    rule("anticoagulant", [dx("a", "I48*"), finding("f", "anticoagulant")], [assign("Z79.01")]),
]  # fmt: skip

UNSIDED = ("M17.10", "H66.90")
SPECIFY = [
    rule(
        "laterality",
        [dx("d", *UNSIDED), finding("s", "side", among("s", "side", "left", "right"))],
        [put("d", sided("d", field("s", "side")), "M17.11", "M17.12", "H66.91", "H66.92")],
        about("s", "d"),
        exceptions=(
            unless(
                "both-sides",
                some(
                    finding(
                        "t", "side", about("t", "d"),
                        c.Compare(0, "!=", field("t", "side"), field("s", "side")),
                    )
                ),
            ),
        ),
    ),
    rule(
        "laterality-both",
        [
            dx("d", *UNSIDED),
            finding("s", "side", is_("s", "side", "left")),
            finding("t", "side", is_("t", "side", "right")),
        ],
        [put("d", sided("d", "both"), "M17.0", "H66.93")],
        about("s", "d"),
        about("t", "d"),
    ),
    rule(
        "seventh-character",
        [dx("d", "S52.501", "S72.001"), finding("t", "active-treatment")],
        [
            put(
                "d", c.LookupTerm("seventh", (("code", field("d", "code")),), "full"),
                "S52.501A", "S72.001A",
            )
        ],
    ),
    rule(
        "sepsis-organism", [dx("s", "A41.9"), dx("b", "B96.20")], [put("s", "A41.51"), omit("b")]
    ),
]  # fmt: skip

REDUCE = [
    rule(
        "integral-symptom",
        [dx("s", "R00-R94", "I20.9"), dx("c", "A00-Q99", "S00-T99")],
        [omit("s")],
        pairs(SYMPTOM_OF, "s", "c"),
    ),
    rule(
        "unspecified-sibling",
        [
            dx("u", *(code for code, _ in SIBLINGS)),
            dx("s", *(f"{one}*" for _, siblings in SIBLINGS for one in siblings)),
        ],
        [omit("u")],
        pairs([(u, s) for u, siblings in SIBLINGS for s in siblings], "u", "s"),
    ),
]

SEQUENCE = [
    rule(
        "code-first", [dx("m", "D63*", "G63", "F02*", "I79.0"), dx("e")], [before("e", "m")],
        pairs(ETIOLOGY, "m", "e"), mandatory=True,
    ),
    rule(
        "sepsis-first",
        [dx("s", *SEPSIS, where=(is_("s", "present_on_admission", "Y"),)),
         dx("i", "N39.0", "J18.9")],
        [before("s", "i")],
    ),
    rule(
        "severe-sepsis-second", [dx("r", "R65.2*"), dx("s", *SEPSIS)], [before("s", "r")],
        mandatory=True,
    ),
    rule(
        "chapter-15-first", [dx("o", *CHAPTER_15), dx("x", "A00-N99", "P00-Z99")],
        [before("o", "x")], mandatory=True,
    ),
    rule(
        "external-cause-last",
        [dx("x", "V00-Y99"), dx("d", "A00-T99", "U00-U99", "Z00-Z99")],
        [before("d", "x")], mandatory=True,
    ),
    rule(
        "adverse-effect", [dx("t", "T45.515A"), dx("n", "D68.32", "R04.0")], [before("n", "t")],
        mandatory=True,
    ),
    rule(
        "poisoning", [dx("t", "T45.511A", "T40.2X1A"), dx("n", "D68.32", "R04.0", "J96.01")],
        [before("t", "n")], mandatory=True,
    ),
    rule(
        "screening-first", [dx("z", "Z12*"), dx("f", "C00-D49", "N63*", "K63.5", "R92*")],
        [before("z", "f")],
    ),
    rule("organism-after", [dx("i", "N39.0", "J18.9"), dx("b", "B95-B97")], [before("i", "b")]),
]  # fmt: skip

LINES = [
    rule(
        "modifier-25-add",
        [
            line("v", among("v", "code", *EM)),
            line("p", among("p", "glob", "000", "010")),
            finding("f", "separate-em"),
        ],
        [modifier("v", "25")],
    ),
]

EDITS = [
    rule("excludes1", [dx("a"), dx("b")], [route("excludes1")], pairs(EXCLUDES, "a", "b"),
         mandatory=True),
    rule(
        "manifestation-alone", [dx("m", "D63*", "G63", "F02*")], [query("cause?")],
        no(dx("e", where=(pairs(ETIOLOGY, "m", "e"),))),
    ),
    rule("side-unknown", [dx("d", *UNSIDED)], [query("side?")]),
    rule(
        "modifier-25",
        [
            line(
                "v", among("v", "code", *EM),
                c.Not(c.Contains(0, field("v", "modifiers"), ("25",))),
            ),
            line("p", among("p", "glob", "000", "010", "XXX")),
        ],
        [route("modifier 25?")],
    ),
    rule(
        "ncci",
        [line("a"), line("b")],
        [deny("b", "CO-97")],
        c.AnyOf(
            tuple(
                c.AllOf((is_("a", "code", cpt(one)), is_("b", "code", cpt(two))))
                for one, two in (("20610", "99213"), ("93306", "93308"))
            )
        ),
        exceptions=(
            unless("modifier-allowed", c.Contains(0, field("b", "modifiers"), ("25", "59"))),
        ),
    ),
    rule(
        "medical-necessity",
        [line("l", is_("l", "code", cpt("93306")))],
        [deny("l", "CO-50")],
        no(dx("x", "I11*", "I20-I25", "I50*", "I42*", "R01.1")),
        exceptions=(
            unless(
                "emergency", some(each("encounter", "e2", is_("e2", "setting", "emergency")))
            ),
        ),
    ),
    rule(
        "prior-auth",
        [line("l", is_("l", "code", cpt("70450")))],
        [require("authorization", "l")],
        no(
            each(
                "authorization", "a", is_("a", "code", cpt("70450")),
                is_("a", "status", "approved"),
            )
        ),
    ),
    rule(
        "sex-conflict",
        [dx("d", *CHAPTER_15), each("patient", "p", is_("p", "sex", "male"))],
        [route("sex")],
    ),
    rule(
        "no-diagnosis", [each("encounter", "enc")], [query("no codable diagnosis")],
        no(dx("x", "A00-U99", "Z00-Z99")),
    ),
]  # fmt: skip

RULES: list[Rule] = [*ADMIT, *COMBINE, *COMPLETE, *SPECIFY, *REDUCE, *SEQUENCE, *LINES, *EDITS]
assert codes("I10")
