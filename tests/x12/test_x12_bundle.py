"""The bundle of a claim: what of an interchange reaches the chart, and how."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from x12_files import (
    HEADING,
    NPI_BILLING,
    NPI_OTHER,
    NPI_RENDERING,
    OUTPATIENT,
    SECRETS,
    VISIT,
    hospital,
    visit,
)

from codewarrant.decision import Request
from codewarrant.fhir.read import open_bundle
from codewarrant.schema import Chart, Claim, ClaimDiagnosis, Line, Procedure
from codewarrant.x12.bundle import resource_id, to_bundle
from codewarrant.x12.claims import read_claims


def bundle(data: bytes) -> bytes:
    found = read_claims(data)
    assert found.faults == ()
    (claim,) = found.claims
    return to_bundle(claim, found.sha256)


def claim_of(data: bytes) -> dict[str, Any]:
    listed = [entry["resource"] for entry in json.loads(bundle(data))["entry"]]
    return next(item for item in listed if item["resourceType"] == "Claim")


def chart(data: bytes) -> Chart:
    return open_bundle(bundle(data)).chart(Request())


def of(found: Chart, kind: type) -> list[Any]:
    return [item for item in found.entities if isinstance(item, kind)]


def test_the_same_interchange_gives_the_same_bytes() -> None:
    assert bundle(visit()) == bundle(visit())
    assert bundle(visit()) != bundle(visit() + b"\n"), "its digest is of other bytes"


def test_the_claim_names_its_interchange_and_control_numbers() -> None:
    named = {item["system"].rpartition("/")[2]: item["value"] for item in
             claim_of(visit())["identifier"]}  # fmt: skip
    assert named == {
        "claim": "ACCT-1",
        "interchange-sha256": sha256(visit()).hexdigest(),
        "control-numbers": "000000077/1/0001/16",
    }


def test_names_addresses_and_member_numbers_are_not_carried_over() -> None:
    for word in SECRETS:
        assert word.encode() in visit()
        assert word.encode() not in bundle(visit())


def test_numbers_stay_as_written_and_never_become_floats() -> None:
    odd = VISIT.replace("*175.50*UN*1*", "*1234567890.07*UN*2.5*").replace("*40*", "*.5*")
    form = json.loads(bundle(visit(odd)), parse_float=Decimal)
    (claim,) = (
        item["resource"] for item in form["entry"] if item["resource"]["resourceType"] == "Claim"
    )
    first, second = claim["item"]
    assert first["net"]["value"] == Decimal("1234567890.07")
    assert first["quantity"]["value"] == Decimal("2.5")
    assert second["net"]["value"] == Decimal("0.5")
    assert str(claim["total"]["value"]) == "215.5"


def test_a_professional_claim_reaches_the_chart() -> None:
    found = chart(visit())
    assert found.setting == "professional"
    (claim,) = of(found, Claim)
    assert (claim.kind, claim.total, claim.created) == (
        "professional", Decimal("215.5"), date(2026, 4, 1),
    )  # fmt: skip
    assert [(item.code.value, item.rank, item.role) for item in of(found, ClaimDiagnosis)] == [
        ("E11.22", 1, "first-listed"),
        ("N18.32", 2, "secondary"),
        ("I12.9", 3, "secondary"),
    ]
    first, second = of(found, Line)
    assert [code.value for code in first.pointers] == ["E11.22", "N18.32", "I12.9"]
    assert [code.value for code in second.pointers] == ["E11.22"]
    assert {first.provider, second.provider} == {NPI_RENDERING}
    assert (second.modifiers, second.units, second.place_of_service) == (("QW",), 1, "11")


def test_who_rendered_a_line_is_of_the_line_then_of_the_claim_then_who_bills() -> None:
    own = chart(visit(VISIT + f"NM1*82*1*X*Y****XX*{NPI_OTHER}~"))
    assert [line.provider for line in of(own, Line)] == [NPI_RENDERING, NPI_OTHER]
    nobody = VISIT.replace(f"NM1*82*1*HOUSE*GREGOR****XX*{NPI_RENDERING}~", "")
    nobody = nobody.replace("PRV*PE*PXC*207R00000X~", "")
    assert {line.provider for line in of(chart(visit(nobody)), Line)} == {NPI_BILLING}


def test_a_stay_reaches_the_chart_with_its_days_and_presence_on_admission() -> None:
    found = chart(hospital())
    assert found.setting == "inpatient"
    assert found.clocks["admission date"] == date(2026, 3, 1)
    assert found.clocks["discharge date"] == date(2026, 3, 9)
    diagnoses = {item.code.value: item for item in of(found, ClaimDiagnosis)}
    assert {name: (item.role, item.present_on_admission) for name, item in diagnoses.items()} == {
        "J18.9": ("principal", "Y"),
        "E87.6": ("secondary", "N"),
        "I10": ("secondary", "Y"),
        "R50.9": ("admitting", None),
        "W18.30XA": (None, None),
    }
    assert [(item.code.value, item.date) for item in of(found, Procedure)] == [
        ("0BH17EZ", date(2026, 3, 2)),
        ("5A1935Z", date(2026, 3, 3)),
    ]
    assert [line.code.value for line in of(found, Line)] == ["85025"]
    assert [item.reason for item in found.unread] == ["a line without a code"]


def test_a_reason_for_the_visit_is_an_information_and_no_diagnosis() -> None:
    claim = claim_of(hospital(OUTPATIENT))
    assert len(claim["diagnosis"]) == 1
    reasons = [
        item["code"]["coding"][0]["code"]
        for item in claim["supportingInfo"]
        if item["category"]["coding"][0]["code"] == "patientreasonforvisit"
    ]
    assert reasons == ["R07.9", "R06.02"]
    assert chart(hospital(OUTPATIENT)).setting == "outpatient"


def test_services_of_other_lists_are_no_hcpcs_codes() -> None:
    found = chart(visit(VISIT.replace("HC:83036:QW", "ER:ABC12")))
    assert [line.code.value for line in of(found, Line)] == ["99214"]
    assert any("services-ER" in item.reason for item in found.unread)


def test_a_pointer_to_nothing_is_said() -> None:
    found = chart(visit(VISIT.replace("**1:2:3~", "**1:9~")))
    assert "points to a diagnosis that the claim does not have" in [
        item.reason for item in found.unread
    ]


def test_a_replacement_names_what_it_replaces() -> None:
    body = VISIT.replace("11:B:1", "11:B:7").replace("DTP*431", "REF*F8*ICN123~DTP*431")
    (related,) = claim_of(visit(body))["related"]
    assert related["reference"] == {"value": "ICN123"}


def test_ids_that_fhir_does_not_allow_stay_different() -> None:
    def named(text: str) -> str:
        (claim,) = read_claims(visit(VISIT.replace("ACCT-1", text))).claims
        return resource_id(claim)

    assert named("A.B-1") == "A.B-1"
    assert len({named("A 1"), named("A#1"), named("A-1")}) == 3
    assert len(named("#" * 38)) <= 64, "FHIR's longest id"


def test_a_payer_without_a_name_or_id_is_unknown() -> None:
    nameless = HEADING.replace("NM1*PR*2*EXAMPLE PLAN*****PI*PLAN01~", "")
    form = json.loads(bundle(visit(heading=nameless)))
    (payer,) = (e["resource"] for e in form["entry"] if e["resource"].get("id") == "payer")
    assert payer == {"resourceType": "Organization", "id": "payer", "name": "unknown"}
