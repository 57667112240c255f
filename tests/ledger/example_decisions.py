"""Decisions built by hand from the real types, for the tests of the ledger and of FHIR out.

The chart: an office visit with diabetes, hypertension and chronic kidney disease. Two rules combine
what is documented, one exception is tried, one code was removed, one is possible only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from codewarrant.decision import (
    Body,
    Confidence,
    Decision,
    Edit,
    Header,
    ProviderQuery,
    Rejected,
    ReportedDiagnosis,
    ReportedLine,
    Request,
    Requirement,
    RouteTo,
    RuleUsed,
    Trace,
    decision_id,
)
from codewarrant.engine.canonical import dumps, sha256
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.trace import (
    Absence,
    Bound,
    Concluded,
    Conflict,
    Excuse,
    Firing,
    NearMiss,
    Standing,
    Tested,
)
from codewarrant.engine.values import Code

NOTE = "Assessment: type 2 diabetes mellitus. Hypertension. CKD stage 3. Probable gout."
NOTE_DIGEST = sha256(NOTE.encode())
READER = "codewarrant 0.1.0; spacy 3.8.2; unicode 14.0.0"


def icd(value: str) -> Code:
    return Code("icd10cm", value)


def passage(phrase: str) -> Evidence:
    begin = NOTE.index(phrase)
    return Evidence(
        "DocumentReference/7",
        "content[0].attachment.data",
        NOTE_DIGEST,
        begin,
        begin + len(phrase),
        phrase,
    )


def stated(code: str, *evidence: Evidence, certainty: str = "confirmed") -> Fact:
    return make_fact(
        "diagnosis", {"code": icd(code), "certainty": certainty, "origin": "note"}, evidence
    )


PATIENT = make_fact("patient", {"sex": "female", "age_years": 61}, (Evidence("Patient/1"),))
PAYER = make_fact("payer", {"id": "demo"}, (Evidence("Coverage/4", "payor[0]"),))
PRACTITIONER = make_fact(
    "practitioner",
    {"id": "1234567893"},
    (Evidence("Encounter/5", "participant[0].individual"),),
)
CLAIM = make_fact(
    "claim", {"kind": "professional", "currency": "USD"}, (Evidence("Claim/9", "type"),)
)
DIABETES = stated("E11.9", passage("type 2 diabetes mellitus"), Evidence("Condition/3", "code"))
HYPERTENSION = stated("I10", passage("Hypertension"))
KIDNEY = stated("N18.30", passage("CKD stage 3"))
GOUT = stated("M10.9", passage("Probable gout"), certainty="probable")
DIABETIC_KIDNEY = make_fact("diagnosis", {"code": icd("E11.22"), "certainty": "confirmed"})
HYPERTENSIVE_KIDNEY = make_fact("diagnosis", {"code": icd("I12.9"), "certainty": "confirmed"})
LINE = make_fact(
    "line",
    {"number": 1, "code": Code("cpt", "99213"), "units": 1},
    (Evidence("Claim/9", "item[0]"),),
)


def rule(name: str, cite: str, title: str, *, mandatory: bool = False) -> RuleUsed:
    return RuleUsed(
        f"icd10cm/{name}", "icd10cm", "2026.1", sha256(name.encode()), title, (cite,), mandatory
    )


RULES = (
    rule("documented", "OCG FY2026 I.A.19", "A documented diagnosis is coded"),
    rule("diabetes-with-ckd", "OCG FY2026 I.C.4.a", "Diabetes with chronic kidney disease"),
    rule(
        "hypertension-with-ckd",
        "OCG FY2026 I.C.9.a.2",
        "Hypertension with chronic kidney disease",
        mandatory=True,
    ),
    rule("e11-unspecified", "OCG FY2026 I.B.2", "Without complication is covered by with"),
    rule("outpatient-uncertain", "OCG FY2026 IV.H", "Uncertain diagnoses are not coded"),
    rule("long-term-insulin", "OCG FY2026 I.C.4.a.3", "Long-term use of insulin"),
    rule("modifier-25", "NCCI I.D", "Separate evaluation needs modifier 25"),
)


def _firing(seq: int, rule: str, bound, concluded, **more) -> Firing:
    parts = {
        "seq": seq,
        "stratum": 0,
        "stage": "code",
        "rule": f"icd10cm/{rule}",
        "bound": tuple(
            Bound(var, fact.id, tuple(item.ref for item in fact.evidence)) for var, fact in bound
        ),
        "tests": (),
        "absent": (),
        "unless": (),
        "concluded": tuple(concluded),
    }
    return Firing(**(parts | more))


def firings() -> tuple[Firing, ...]:
    return (
        _firing(
            0,
            "outpatient-uncertain",
            [("d", GOUT)],
            [Concluded("remove", "gout is only probable", target=GOUT.id)],
            stage="admit",
            tests=(Tested(0, "d.certainty is not confirmed", True, "probable"),),
        ),
        _firing(
            1,
            "documented",
            [("d", KIDNEY)],
            [Concluded("assign", "documented", code=icd("N18.30"), fact=KIDNEY.id)],
        ),
        _firing(
            2,
            "diabetes-with-ckd",
            [("d", DIABETES), ("k", KIDNEY)],
            [
                Concluded(
                    "assign",
                    "diabetes and chronic kidney disease are presumed linked",
                    code=icd("E11.22"),
                    fact=DIABETIC_KIDNEY.id,
                    new=True,
                )
            ],
            tests=(
                Tested(0, "d.code in diabetes_2", True, icd("E11.9")),
                Tested(1, "k.code in ckd", True, icd("N18.30")),
            ),
            unless=(Excuse("unrelated", False),),
        ),
        _firing(
            3,
            "hypertension-with-ckd",
            [("h", HYPERTENSION), ("k", KIDNEY)],
            [
                Concluded(
                    "replace",
                    "hypertension with N18.30 is presumed to be hypertensive kidney disease",
                    target=HYPERTENSION.id,
                    code=icd("I12.9"),
                    fact=HYPERTENSIVE_KIDNEY.id,
                    new=True,
                )
            ],
            absent=(Absence("no diagnosis f where f.code in heart_failure", 0),),
            unless=(Excuse("stage-5", False),),
        ),
        _firing(
            4,
            "e11-unspecified",
            [("u", DIABETES), ("c", DIABETIC_KIDNEY)],
            [Concluded("omit", "E11.22 says the complication", target=DIABETES.id)],
            stratum=1,
        ),
        _firing(
            5,
            "modifier-25",
            [("line", LINE)],
            [
                Concluded(
                    "add modifier", "a separate service", target=LINE.id, detail={"modifier": "25"}
                )
            ],
            stage="line",
        ),
    )


def body() -> Body:
    near = (
        NearMiss(
            "undetermined",
            "code",
            "icd10cm/long-term-insulin",
            (Bound("d", DIABETES.id),),
            missing=("f.temporary",),
        ),
    )
    standing = (
        Standing(icd("E11.22"), "reported", DIABETIC_KIDNEY.id, firings=(2,),
                 place=(icd("E11.22"),)),
        Standing(icd("E11.9"), "omitted", DIABETES.id, (DIABETES.id,), (), (4,),
                 (icd("E11.22"),), documented=True),
        Standing(icd("I10"), "replaced", HYPERTENSION.id, (HYPERTENSION.id,), (), (3,),
                 (icd("I12.9"),), documented=True),
        Standing(icd("I12.9"), "reported", HYPERTENSIVE_KIDNEY.id, firings=(3,),
                 place=(icd("I12.9"),)),
        Standing(icd("N18.30"), "reported", KIDNEY.id, (KIDNEY.id,), (1,),
                 place=(icd("N18.30"),), documented=True),
        Standing(icd("Z79.4"), "possible", ""),
    )  # fmt: skip
    diagnoses = tuple(
        ReportedDiagnosis(place, icd(code), "FY2026", title, role, None, grounds, fired, confidence)
        for place, (code, title, role, grounds, fired, confidence) in enumerate(
            (
                (
                    "E11.22",
                    "Type 2 diabetes mellitus with diabetic chronic kidney disease",
                    "first-listed",
                    (DIABETES.id, KIDNEY.id),
                    (2,),
                    Confidence(930_000, (("weakest ground", 60), ("rule step", -5))),
                ),
                (
                    "I12.9",
                    "Hypertensive chronic kidney disease, stage 1-4 or unspecified",
                    "secondary",
                    (HYPERTENSION.id, KIDNEY.id),
                    (3,),
                    Confidence(930_000),
                ),
                (
                    "N18.30",
                    "Chronic kidney disease, stage 3 unspecified",
                    "secondary",
                    (KIDNEY.id,),
                    (1,),
                    Confidence(950_000),
                ),
            ),
            start=1,
        )
    )
    return Body(
        chart="Encounter/5",
        clocks={
            "date of service": date(2025, 11, 3),
            "discharge date": None,
            "received date": date(2025, 11, 10),
            "admission date": None,
        },
        setting="professional",
        specialty=None,
        payer="demo",
        diagnoses=diagnoses,
        lines=(
            ReportedLine(
                1,
                Code("cpt", "99213"),
                ("25",),
                1,
                date(2025, 11, 3),
                None,
                "11",
                "120.50",
                (1, 2),
                (LINE.id,),
                (5,),
            ),
        ),
        edits=(
            Edit("deny", "1", "reject", "CO-97", "bundled into another service",
                 "icd10cm/modifier-25", (5,)),
        ),
        queries=(
            ProviderQuery("Is the insulin meant to be long term?", "icd10cm/long-term-insulin", ()),
        ),
        requirements=(
            Requirement("authorization", "1", "the payer asks for it", "icd10cm/modifier-25", (5,)),
        ),
        rejected=(
            Rejected(icd("M10.9"), "Probable gout", "removed", "gout is only probable",
                     (GOUT.id,), (0,)),
            Rejected(Code("snomed", "44054006"), "Diabetes mellitus type 2", "unmapped",
                     "no map from this system is installed", ()),
            Rejected(None, "DocumentReference/8", "not read", "application/pdf is not read", ()),
        ),
        route=RouteTo("review", ("the rate is below the threshold",), 930_000),
        trace=Trace(
            firings=firings(),
            near_misses=near,
            lookups=(),
            conflicts=(
                Conflict("sequence", (icd("I12.9"), icd("N18.30")), ("icd10cm/documented",)),
            ),
            rules=RULES,
            facts=(
                PATIENT, PAYER, PRACTITIONER, CLAIM, DIABETES, HYPERTENSION, KIDNEY, GOUT,
                DIABETIC_KIDNEY, HYPERTENSIVE_KIDNEY, LINE,
            ),
            levels=2,
            standing=standing,
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class FakeSnapshot:
    lock: bytes
    parts: Mapping[str, bytes]

    @property
    def sha256(self) -> str:
        return sha256(self.lock)


def snapshot(**parts: bytes) -> FakeSnapshot:
    named = {name.replace("_", "/"): content for name, content in sorted(parts.items())}
    named = named or {"pack/icd10cm": b"rules" * 100, "codes/icd10cm": b"codes" * 100}
    lines = ["format = 1\n"]
    for name, content in named.items():
        lines.append(f'[[part]]\nname = "{name}"\nsha256 = "{sha256(content)}"\n')
    return FakeSnapshot("\n".join(lines).encode(), named)


def facts_blob(*facts: Fact) -> bytes:
    return dumps({"facts": facts or body().trace.facts})


def decide(
    bundle: bytes,
    request: Request,
    snap: FakeSnapshot,
    *,
    made: Body | None = None,
    facts: bytes | None = None,
    reader: str = READER,
    semantics: str = "1",
) -> Decision:
    made = made or body()
    facts = facts if facts is not None else facts_blob()
    header = Header(
        decision_id(sha256(bundle), request, snap.sha256),
        sha256(bundle),
        request,
        snap.sha256,
        semantics,
        reader,
        sha256(facts),
        sha256(dumps(made)),
    )
    return Decision(header, made)


def numbered(number: int, snap: FakeSnapshot) -> tuple[Decision, bytes, bytes, FakeSnapshot]:
    """The n-th of many different decisions, with its bytes: what ``Store.append`` takes."""
    bundle = f'{{"resourceType":"Bundle","number":{number}}}'.encode()
    facts = facts_blob(stated("I10", Evidence(f"Condition/{number}", "code")))
    made = replace(body(), chart=f"Encounter/{number}")
    request = Request(f"Encounter/{number}", "demo")
    return decide(bundle, request, snap, made=made, facts=facts), bundle, facts, snap
