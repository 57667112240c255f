"""Interchanges that are cut off or damaged: one clear error with its place, never a traceback."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x12_files import HEADING, SECRETS, STAY, VISIT, hospital, interchange, isa, visit

from codewarrant.fhir.errors import Refused
from codewarrant.fhir.read import open_bundle
from codewarrant.x12.bundle import to_bundle
from codewarrant.x12.claims import read_claims
from codewarrant.x12.segments import X12Error, is_x12

GOOD = visit()
PLACE = re.compile(r"segment [0-9]+ \((\?|[A-Z][A-Z0-9]{1,2})\): ")


def error(data: bytes) -> str:
    with pytest.raises(X12Error) as caught:
        read_claims(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        (b"IEA*1*000000077", b"IEA*1*000000078", "(IEA): its control number is not that"),
        (b"IEA*1*", b"IEA*2*", "(IEA): its count is wrong: there are 1 functional groups"),
        (b"GE*1*1", b"GE*1*2", "(GE): its control number is not that of segment 2"),
        (b"GE*1*1", b"GE*3*1", "(GE): its count is wrong: there are 1 transactions"),
        (b"*0001~\nGE", b"*0002~\nGE", "(SE): its control number is not that of segment 3"),
        (b"SE*25*", b"SE*24*", "(SE): its count is wrong: there are 25 segments"),
        (b"IEA*1*000000077~\n", b"", "(GE): the file ends without IEA for segment 1"),
        (b"GE*1*1~\n", b"", "(IEA): stands outside ST and SE"),
        (b"SE*25*0001~\n", b"", "(GE): comes before SE closes the ST of segment 3"),
        (b"GS*HC", b"XX*HC", "(XX): stands outside GS and GE"),
        (b"^*00501*", b"^*00401*", "(ISA): ISA12 is another version of X12; 00501 is read"),
        (b"ISA*00*", b"ISA*0*", "(ISA): its elements do not have their fixed widths"),
        (b"*T*:~", b"*T**~", "(ISA): its elements do not have"),
        (b"*T*:~", b"*T*~~", "(ISA): its separators are not three different signs"),
        (b"HI*ABK", b"hi*ABK", "(?): does not begin with the id of a segment"),
        (b"BUREAU", b"BUR\nEAU", "(NM1): holds a line end or another control character"),
    ],
)
def test_a_broken_envelope_is_one_error_with_segment_and_id(
    find: bytes, put: bytes, said: str
) -> None:
    assert GOOD.count(find) == 1
    message = error(GOOD.replace(find, put))
    assert said in message
    assert PLACE.match(message)


def test_the_count_of_segments_in_these_tests_is_that_of_the_file() -> None:
    assert b"SE*25*0001" in GOOD


def test_a_file_that_is_no_interchange_is_said_to_be_none() -> None:
    assert not is_x12(b'{"resourceType": "Bundle"}')
    assert error(b"UNB+UNOA:1") == "no X12 interchange: ISA does not come first"
    assert "the file ends inside this segment" in error(b"ISA*00*")
    assert "without IEA" in error(isa().encode())


@pytest.mark.parametrize("data", [GOOD, hospital()], ids=["837P", "837I"])
def test_every_truncation_is_an_error_unless_only_line_ends_are_lost(data: bytes) -> None:
    whole = read_claims(data)
    for end in range(3, len(data.rstrip())):
        message = error(data[:end])
        assert PLACE.match(message), message
    assert read_claims(data.rstrip()).claims == whole.claims


DAMAGE = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=len(hospital()) - 1),
        st.sampled_from(["replace", "drop", "insert"]),
        st.one_of(st.sampled_from(b"*~:^>\n\x00 AZ09.-\xff"), st.integers(0, 255)),
    ),
    min_size=1,
    max_size=4,
)
BOTH = (
    interchange([HEADING + VISIT + VISIT.replace("ACCT-1", "ACCT-2"), HEADING + VISIT]),
    hospital(STAY),
)


@given(st.sampled_from(BOTH), DAMAGE)
@settings(max_examples=300)
def test_any_damage_gives_claims_that_are_valid_bundles_or_faults_without_patient_text(
    data: bytes, damage: list[tuple[int, str, int]]
) -> None:
    spoilt = bytearray(data)
    for at, kind, byte in damage:
        at %= len(spoilt)
        if kind == "replace":
            spoilt[at] = byte
        elif kind == "drop":
            del spoilt[at]
        else:
            spoilt.insert(at, byte)
    said: list[str] = []
    try:
        found = read_claims(bytes(spoilt))
    except X12Error as error:
        said.append(str(error))
    else:
        assert found.claims or found.faults
        said += [str(item) for item in found.faults]
        for claim in found.claims:
            try:
                open_bundle(to_bundle(claim, found.sha256))
            except Refused as refused:  # what was read must be valid FHIR
                raise AssertionError(refused.issues) from None
    for message in said:
        assert not any(secret in message for secret in SECRETS)
        assert "\n" not in message
