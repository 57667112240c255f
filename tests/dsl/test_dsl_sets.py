"""Value sets: what is in them, in tabular order, on a date."""

from __future__ import annotations

from datetime import date

import pytest
from dsl_golden import sources
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.sets import ValueSet, subtract
from codewarrant.engine.values import CodeOrder, Interval, Membership


def read(body: str, codes: InstalledCodes, start: str = "2026-01-01") -> dict[str, ValueSet]:
    text = f'pack p "P" version 1.0\n  effective from {start}\nsource m "M"\n{body}'
    checked = check_packs(sources(text), codes)
    assert checked.ok, checked.diagnostics
    return checked.packs[0].names.sets


def holds(found: ValueSet, system: str, code: str, codes: InstalledCodes) -> bool:
    return Membership(found.codes).contains(system, codes.order(system).key(code))


@pytest.mark.parametrize(
    ("items", "inside", "outside"),
    [
        ("{ E11.9 }", ["E11.9"], ["E11", "E11.90", "E11.8"]),
        ("{ E11.* }", ["E11", "E11.9", "E11.22"], ["E10.9", "E13"]),
        ("{ descendants of E11 }", ["E11.9", "E11.22"], ["E11", "E12"]),
        ("{ C43 to C4A }", ["C43.9", "C4A.9"], ["C44.00", "C42"]),
        ("{ C44 to C45 }", ["C44.00", "C45.9"], ["C4A.9", "C43.9"]),
        ("{ Z3A.* }", ["Z3A.01"], ["Z39.0", "Z40.01"]),
        ("{ I20 to I25 } except { I25.83 }", ["I25.110", "I25.84"], ["I25.83", "I26.99"]),
        ("{ N18.* } except { N18.5, N18.6 }", ["N18.4", "N18.9", "N18"], ["N18.5", "N18.6"]),
        ("{ S42.*, S52.5* }", ["S52.501A", "S42.001A"], ["S52.601A"]),
    ],
)
def test_items_hold_what_they_say(
    items: str, inside: list[str], outside: list[str], codes: InstalledCodes
) -> None:
    found = read(f'value set a "A" of icd10cm is {items}\n', codes)["a"]
    assert [code for code in inside if not holds(found, "icd10cm", code, codes)] == []
    assert [code for code in outside if holds(found, "icd10cm", code, codes)] == []


def test_cpt_and_hcpcs_codes_are_told_apart_by_their_shape(codes: InstalledCodes) -> None:
    found = read('value set a "A" of cpt-hcpcs is { 99213, G0008, 70450 to 70498 }\n', codes)["a"]
    assert holds(found, "cpt", "70460", codes)
    assert holds(found, "hcpcs", "G0008", codes)
    assert not holds(found, "cpt", "99214", codes)


def test_icd9_supplementary_codes_have_their_own_system(codes: InstalledCodes) -> None:
    items = "{ 250.*, V10 to V15, E880 to E888 }"
    found = read(f'value set a "A" of icd9cm is {items}\n', codes, "2014-01-01")["a"]
    assert holds(found, "icd9cm", "250.00", codes)
    assert holds(found, "icd9cm", "V13.02", codes)
    assert holds(found, "icd9cm", "E885.9", codes)
    assert not holds(found, "icd10cm", "V13.02", codes)


def test_dated_contents_follow_each_other_and_pass_into_sets_that_name_them(
    codes: InstalledCodes,
) -> None:
    sets = read(
        'value set a "A" of icd10cm\n  from 2025-01-01 is { I10 }\n'
        "  from 2026-07-01 is { I10, I50.9 }\n"
        'value set b "B" of icd10cm is { a, E11.9 }\n',
        codes,
    )
    windows = [(v.window.start, v.window.end) for v in sets["a"].versions]
    assert windows == [(date(2025, 1, 1), date(2026, 7, 1)), (date(2026, 7, 1), None)]
    counts = [(v.window.start, len(v.codes)) for v in sets["b"].versions]
    assert counts == [(None, 1), (date(2025, 1, 1), 2), (date(2026, 7, 1), 3)]


def test_a_set_may_name_one_declared_later(codes: InstalledCodes) -> None:
    sets = read(
        'value set a "A" of icd10cm is { b }\nvalue set b "B" of icd10cm is { I10 }\n', codes
    )
    assert sets["a"].codes == sets["b"].codes


KEYS = st.text("0159AZ", min_size=1, max_size=4)
SPANS = st.lists(
    st.tuples(KEYS, KEYS).map(lambda pair: Interval("x", min(pair), max(pair) + "z")), max_size=4
)


@given(SPANS, SPANS, KEYS)
def test_what_is_taken_away_is_gone_and_the_rest_stays(
    kept: list[Interval], away: list[Interval], key: str
) -> None:
    left = Membership(subtract(tuple(kept), tuple(away)))
    expected = Membership(tuple(kept)).contains("x", key) and not Membership(tuple(away)).contains(
        "x", key
    )
    assert left.contains("x", key) == expected


@given(KEYS, KEYS)
def test_taking_one_code_away_takes_only_that_one(stem: str, key: str) -> None:
    order = CodeOrder("x")
    left = Membership(subtract((order.under(stem),), (order.exactly(stem),)))
    assert left.contains("x", key) == (key.startswith(stem) and key != stem)
