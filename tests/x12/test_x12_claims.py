"""What is read of each claim of an 837."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from x12_files import (
    BEGIN,
    BILLING,
    HEADING,
    INSTITUTIONAL,
    NPI_BILLING,
    NPI_OTHER,
    NPI_RENDERING,
    OUTPATIENT,
    STAY,
    SUBSCRIBER,
    VISIT,
    hospital,
    interchange,
    visit,
)

from codewarrant.x12.billed import BilledClaim, Payer, Person, Provider
from codewarrant.x12.claims import read_claims


def only(data: bytes) -> BilledClaim:
    found = read_claims(data)
    assert found.faults == ()
    (claim,) = found.claims
    return claim


def fault(data: bytes) -> str:
    found = read_claims(data)
    assert found.claims == ()
    (one,) = found.faults
    return str(one)


def test_a_professional_claim_is_read_with_its_lines() -> None:
    claim = only(visit())
    assert (claim.id, claim.kind, claim.place, claim.frequency) == (
        "ACCT-1", "professional", "11", "1",
    )  # fmt: skip
    assert (claim.interchange, claim.group, claim.transaction) == ("000000077", "1", "0001")
    assert claim.total == Decimal("215.5")
    assert claim.created == date(2026, 4, 1)
    assert claim.onset == date(2026, 3, 1)
    assert claim.bill_type is None
    assert claim.billing == Provider("billing", NPI_BILLING, "207Q00000X")
    assert claim.providers == (Provider("rendering", NPI_RENDERING, "207R00000X"),)
    assert claim.patient == Person("male", date(1961, 7, 13))
    assert claim.payer == Payer("PLAN01", "EXAMPLE PLAN")
    assert [(item.system, item.code, item.role) for item in claim.diagnoses] == [
        ("icd10cm", "E11.22", "principal"),
        ("icd10cm", "N18.32", "other"),
        ("icd10cm", "I12.9", "other"),
    ]
    first, second = claim.lines
    assert (first.qualifier, first.code, first.modifiers) == ("HC", "99214", ("25",))
    assert (first.units, first.charge, first.pointers) == (1, Decimal("175.50"), (1, 2, 3))
    assert first.days == (date(2026, 3, 10), date(2026, 3, 10))
    assert (first.place_of_service, second.place_of_service) == ("11", "11")


def test_an_institutional_claim_is_read_with_type_of_bill_stay_and_procedures() -> None:
    claim = only(hospital())
    assert (claim.kind, claim.bill_type) == ("institutional", "0111")
    assert claim.statement == (date(2026, 3, 1), date(2026, 3, 9))
    assert claim.admitted == date(2026, 3, 1)
    assert claim.discharged is None, "DTP*096 of an 837I is an hour"
    assert [(item.code, item.role, item.present_on_admission) for item in claim.diagnoses] == [
        ("J18.9", "principal", "Y"),
        ("R50.9", "admitting", None),
        ("E87.6", "other", "N"),
        ("I10", "other", "Y"),
        ("W18.30XA", "external cause", None),
    ]
    assert [(item.system, item.code, item.principal, item.on) for item in claim.procedures] == [
        ("icd10pcs", "0BH17EZ", True, date(2026, 3, 2)),
        ("icd10pcs", "5A1935Z", False, date(2026, 3, 3)),
    ]
    room, blood = claim.lines
    assert (room.revenue, room.code, room.units) == ("0120", "", None)
    assert (blood.revenue, blood.code, blood.units) == ("0300", "85025", 3)
    assert claim.passed_over == (("codes of HI BH", 1), ("quantities in days", 1))


def test_a_dependent_is_the_patient_and_the_subscriber_is_not() -> None:
    child = "HL*3*2*23*0~PAT*19~NM1*QC*1*QUISENBERRY*ANNA~DMG*D8*20190105*F~"
    assert only(visit(heading=HEADING + child)).patient == Person("female", date(2019, 1, 5))
    unsaid = "HL*3*2*23*0~PAT*19~NM1*QC*1*QUISENBERRY*ANNA~"
    assert only(visit(heading=HEADING + unsaid)).patient == Person()


def test_levels_are_found_by_their_parent_and_not_by_what_stands_above() -> None:
    """A second subscriber of the first provider, after one of a second provider."""
    other = f"HL*3**20*1~NM1*85*2*OTHER CLINIC*****XX*{NPI_OTHER}~"
    theirs = SUBSCRIBER.replace("HL*2*1*", "HL*4*3*").replace("PLAN01", "PLAN04")
    again = SUBSCRIBER.replace("HL*2*1*", "HL*5*1*").replace("PLAN01", "PLAN05")
    body = HEADING + VISIT + other + theirs + VISIT + again + VISIT
    found = read_claims(interchange([body]))
    assert [(claim.billing.npi, claim.payer.id) for claim in found.claims] == [
        (NPI_BILLING, "PLAN01"),
        (NPI_OTHER, "PLAN04"),
        (NPI_BILLING, "PLAN05"),
    ]


def test_other_payers_of_a_claim_are_not_its_payer_patient_or_provider() -> None:
    others = (
        "SBR*S*01*******CI~AMT*D*10~DMG*D8*19010101*F~OI***Y***Y~NM1*IL*1*X*Y****MI*1~"
        "NM1*PR*2*OTHER PLAN*****PI*PLAN99~DTP*573*D8*20260401~"
        "NM1*82*1~REF*G2*1~LX*1~"
    )
    body = VISIT.replace("LX*1~", others, 1).replace(
        "LX*2~", "SVD*PLAN99*40*HC:11111**9~CAS*CO*42*3~DTP*573*D8*20260402~LX*2~"
    )
    claim, plain = only(visit(body)), only(visit())
    assert claim.payer.id == "PLAN01"
    assert (claim.patient, claim.providers) == (plain.patient, plain.providers)
    assert claim.lines == plain.lines
    assert claim.passed_over == (("what other payers did", 2),)


def test_a_line_may_have_its_own_rendering_provider() -> None:
    body = VISIT + f"NM1*82*1*X*Y****XX*{NPI_OTHER}~"
    first, second = only(visit(body)).lines
    assert first.rendering is None
    assert second.rendering == Provider("rendering", NPI_OTHER)


def test_minutes_are_no_units_and_drugs_are_said_not_to_be_read() -> None:
    body = VISIT.replace("*40*UN*1*", "*40*MJ*61*") + "LIN**N4*00026063512~CTP****10*ML~"
    claim = only(visit(body))
    assert [line.units for line in claim.lines] == [1, None]
    assert claim.passed_over == (("drugs of lines (LIN)", 1), ("quantities in minutes", 1))


def test_four_modifiers_and_a_range_of_days_are_read() -> None:
    body = VISIT.replace("99214:25*", "99214:25:lt:59:QW:a description*").replace(
        "DTP*472*D8*20260310~LX*2", "DTP*472*RD8*20260310-20260312~LX*2"
    )
    first = only(visit(body)).lines[0]
    assert first.modifiers == ("25", "LT", "59", "QW")
    assert first.days == (date(2026, 3, 10), date(2026, 3, 12))


def test_older_codes_are_of_the_older_set_and_dotted_by_its_rule() -> None:
    body = VISIT.replace("ABK:E1122*ABF:N1832*ABF:I129", "BK:25000*BF:E8888*BF:V7389*BF:E99")
    assert [(item.system, item.code) for item in only(visit(body)).diagnoses] == [
        ("icd9cm", "250.00"),
        ("icd9cm", "E888.8"),
        ("icd9cm", "V73.89"),
        ("icd9cm", "E99"),
    ]


def test_several_claims_transactions_groups_and_interchanges_are_all_read() -> None:
    one = interchange([HEADING + VISIT + VISIT.replace("ACCT-1", "ACCT-2"), HEADING + VISIT])
    two = interchange(
        [HEADING + STAY], [HEADING + OUTPATIENT], guide=INSTITUTIONAL, control="000000009"
    )
    found = read_claims(one + b"\r\n" + two)
    assert found.faults == ()
    assert [(claim.id, claim.group, claim.transaction) for claim in found.claims] == [
        ("ACCT-1", "1", "0001"), ("ACCT-2", "1", "0001"), ("ACCT-1", "1", "0002"),
        ("STAY-1", "1", "0001"), ("OUT-1", "2", "0001"),
    ]  # fmt: skip


@pytest.mark.parametrize("signs", ["*^:~", "|^>\n", "\x1d^\x1f\x1e", "*!<'"])
def test_separators_are_those_that_the_interchange_names(signs: str) -> None:
    newline = "" if signs.endswith("\n") else "\r\n"
    other = only(interchange([HEADING + VISIT], signs=signs, newline=newline))
    plain = only(visit())
    assert (other.diagnoses, other.lines, other.patient) == (
        plain.diagnoses, plain.lines, plain.patient,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ("11:B:1", "11>B>1", "CLM05 has one component; is ISA16"),
        ("11:B:1", "11:A:1", "CLM05-2 is not B"),
        ("11:B:1", "11:B:8", "only voids an earlier one"),
        ("*215.5*", "*two*", "CLM02 is not a number"),
        ("431*D8*20260301", "431*D8*20260231", "DTP03 is not a possible date"),
        ("431*D8*20260301", "431*D9*20260301", "DTP02 is none of"),
        ("431*D8*20260301", "431*RD8*20260302-20260301", "ends before it begins"),
        ("ABK:E1122", "ABK:", "HI01 has no code"),
        ("ABK:E1122", "ABK:E1122:::::::Q", "HI01-9 is none of"),
        ("HC:99214:25", "HC>99214>25", "SV101 has one component"),
        ("HC:99214:25", "HC:99214:2", "modifier"),
        ("UN*1*11", "UN*one*11", "SV104 is not a number"),
        ("1:2:3", "1:two", "SV107 is not a whole number"),
        ("LX*2", "LX*1", "two service lines of the claim have one number"),
        ("SV1*HC:83036:QW*40*UN*1***1~", "", "does not have one SV1"),
        ("SV1*HC:83036:QW*40*UN*1***1~", "SV2*0300*HC:83036*40*UN*1~", "does not have one SV1"),
    ],
)
def test_a_wrong_claim_is_a_fault_with_its_segment_and_the_next_is_read(
    find: str, put: str, said: str
) -> None:
    assert find in VISIT
    good = VISIT.replace("ACCT-1", "ACCT-2")
    found = read_claims(interchange([HEADING + VISIT.replace(find, put, 1) + good]))
    assert [claim.id for claim in found.claims] == ["ACCT-2"]
    (one,) = found.faults
    assert said in one.message
    assert one.segment > 3
    assert one.id in ("CLM", "DTP", "HI", "SV1", "LX")


def test_a_claim_without_lines_is_a_fault() -> None:
    assert "without a service line" in fault(visit(VISIT[: VISIT.index("LX*1")]))


@pytest.mark.parametrize(
    ("kind", "guide", "said"),
    [
        ("835", "005010X221A1", "transaction set 835; 837P (005010X222) and 837I"),
        ("837", "005010X224A2", "another guide than those known; 837P"),
        ("837", "004010X098A1", "another guide than those known; 837P"),
    ],
)
def test_what_is_no_claim_that_is_read_is_named_with_what_is_read(
    kind: str, guide: str, said: str
) -> None:
    found = read_claims(interchange([HEADING + VISIT], guide=guide, kind=kind))
    assert found.claims == ()
    assert [item.id for item in found.faults] == ["ST"]
    assert said in str(found.faults[0])


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        (HEADING.replace("HL*2*1*22", "HL*2*7*22"), "HL02 names no level of code 20"),
        (HEADING.replace("HL*2*1*22", "HL*1*1*22"), "HL01 is missing or stands on an earlier"),
        (HEADING.replace("HL*2*1*22", "HL*2*1*24"), "HL03 is none of 20, 22 and 23"),
        (BEGIN + BILLING, "a claim outside a subscriber's or patient's level"),
        (HEADING[HEADING.index("~") + 1 :], "before BHT"),
        (HEADING.replace("*M~", "*X~"), "DMG03 is none of"),
        (HEADING.replace("19610713", "19611313"), "DMG02 is not a possible date"),
    ],
)
def test_levels_that_do_not_hold_together_are_a_fault(heading: str, said: str) -> None:
    assert said in fault(visit(heading=heading))
