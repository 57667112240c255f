from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.codesets import CodeSet, Status
from codewarrant.codesets.shape import dotted, flat, moved_keys, normalise
from codewarrant.engine.values import CodeOrder


@pytest.fixture(scope="module")
def order(icd10: CodeSet) -> CodeOrder:
    return CodeOrder("icd10cm", icd10.moved())


def everything(codes: CodeSet) -> list[str]:
    heads = [code for code in (f"{a}{b}" for a in ALPHABET for b in ENDS) if code in codes]
    found = [item for head in heads for item in (head, *codes.descendants(head))]
    assert len(found) == len(codes)
    return sorted(found, key=lambda code: codes.position(code) or 0)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ENDS = [f"{a}{b}" for a in "0123456789" + ALPHABET for b in "0123456789" + ALPHABET]


def test_keys_of_the_engine_sort_every_code_into_tabular_order(
    icd10: CodeSet, order: CodeOrder
) -> None:
    codes = everything(icd10)
    assert codes == sorted(codes, key=order.key)
    assert len({order.key(code) for code in codes}) == len(codes)


@pytest.mark.parametrize(
    ("before", "code", "after"),
    [
        ("C43.9", "C4A", "C44"),
        ("C75.9", "C7A", "C7B"),
        ("C7A.8", "C7B", "C76"),
        ("D36.9", "D3A", "D37"),
        ("J44.9", "J4A", "J45"),
        ("M08.99", "M1A", "M10"),
        ("Z36.9", "Z3A", "Z37"),
        ("Z99.89", "U07", "U09"),
        ("J4A.9", "J4B", "J45"),
        ("Q99.9", "QA0", "QA1"),
    ],
)
def test_categories_stand_where_the_tabular_list_puts_them(
    icd10: CodeSet, before: str, code: str, after: str
) -> None:
    places = [icd10.position(item) for item in (before, code, after)]
    assert None not in places
    assert places == sorted(places, key=lambda place: place or 0)


def test_an_interval_of_the_engine_holds_exactly_what_stands_below(
    icd10: CodeSet, order: CodeOrder
) -> None:
    for head in ("C43", "C4A", "C75", "C7A", "C7B", "M08", "M1A", "Z36", "Z99", "U07", "E11.2"):
        found = order.under(head)
        inside = [c for c in everything(icd10) if found.low <= order.key(c) <= found.high]
        assert inside == [head, *icd10.descendants(head)]


def test_what_stands_below_is_one_run_of_positions(icd10: CodeSet, icd9: CodeSet) -> None:
    for codes, head in ((icd10, "E11"), (icd10, "S72"), (icd10, "M1A"), (icd9, "250")):
        span = codes.interval(head)
        assert span is not None
        below = codes.descendants(head)
        assert [codes.position(code) for code in (head, *below)] == list(
            range(span[0], span[1] + 1)
        )
        assert all(head in codes.parents(code) for code in below)
        assert {code for code in below if codes.parent(code) == head} == set(codes.children(head))


def test_a_placeholder_makes_no_level_of_its_own(icd10: CodeSet) -> None:
    assert icd10.parents("S02.0XXA") == ("S02.0", "S02")
    assert icd10.parents("W19.XXXA") == ("W19",)
    assert icd10.parents("T36.0X1A") == ("T36.0X1", "T36.0X", "T36.0", "T36")
    assert "S02.0X" not in icd10


def test_section_and_chapter(icd10: CodeSet, icd9: CodeSet) -> None:
    section, chapter = icd10.section("E11.9"), icd10.chapter("E11.9")
    assert section is not None
    assert section.name == "E08-E13"
    assert chapter is not None
    assert chapter.name == "4"
    assert icd9.section("250.00") is None


@pytest.mark.parametrize(
    ("system", "text", "code"),
    [
        ("icd10cm", "e119", "E11.9"),
        ("icd10cm", " E11.9 ", "E11.9"),
        ("icd10cm", "E11", "E11"),
        ("icd10cm", "c4a9", "C4A.9"),
        ("icd10cm", "S72001A", "S72.001A"),
        ("icd10cm", "qa00101", "QA0.0101"),
        ("icd10cm", "COPD", None),
        ("icd10cm", "ı10", None),
        ("icd10cm", "E1.19", None),
        ("icd10cm", "1E1.9", None),
        ("icd10cm", "E11.98765", None),
        ("icd10cm", "", None),
        ("icd10cm", "E11.9\n; drop", None),
        ("icd9cm", "25000", "250.00"),
        ("icd9cm", "4019", "401.9"),
        ("icd9cm", "v103", "V10.3"),
        ("icd9cm", "e8500", "E850.0"),
        ("icd9cm", "E850", "E850"),
        ("icd9cm", "E85.00", None),
        ("icd9cm", "2500.0", None),
        ("icd9cm", "25", None),
    ],
)
def test_normalise_puts_the_dot_right_and_refuses_the_rest(
    system: str, text: str, code: str | None
) -> None:
    assert normalise(system, text) == code


@pytest.mark.parametrize("system", ["icd10cm", "icd9cm"])
def test_every_code_survives_the_loss_of_its_dot(
    system: str, icd10: CodeSet, icd9: CodeSet
) -> None:
    codes = icd10 if system == "icd10cm" else icd9
    for code in codes.codes(date(2024, 1, 1) if codes is icd10 else date(2007, 1, 15)):
        assert normalise(system, flat(code).lower()) == code
        assert dotted(system, flat(code)) == code


def test_categories(icd10: CodeSet, icd9: CodeSet) -> None:
    assert icd10.category("S72001A") == "S72"
    assert icd9.category("E8500") == "E850"
    assert icd9.category("V103") == "V10"
    assert icd10.category("?") is None


CATEGORIES = st.lists(
    st.from_regex(r"[A-C][0-2][0-9A-B]", fullmatch=True), unique=True, max_size=25
)


@given(CATEGORIES)
def test_moved_keys_sort_any_list_of_categories_into_its_order(categories: list[str]) -> None:
    order = CodeOrder("any", moved_keys(categories))
    codes = [code for name in categories for code in (name, name + ".0", name + ".ZZZZ")]
    assert sorted(codes, key=order.key) == codes


def test_every_category_of_a_valid_code_is_a_header(icd10: CodeSet) -> None:
    on = date(2026, 11, 1)
    for code in list(icd10.codes(on))[::50]:
        for above in icd10.parents(code):
            assert icd10.status(above, on) is Status.HEADER


def test_icd9cm_stands_in_character_order(icd9: CodeSet) -> None:
    assert icd9.moved() == ()
    order = CodeOrder("icd9cm", icd9.moved())
    codes = list(icd9.codes(date(2007, 1, 15)))
    assert codes == sorted(codes, key=order.key)


@given(st.text(max_size=12))
def test_a_normalised_code_stays_as_it_is(text: str) -> None:
    for system in ("icd10cm", "icd9cm"):
        name = normalise(system, text)
        if name is not None:
            assert normalise(system, name) == name
            assert normalise(system, flat(name)) == name
