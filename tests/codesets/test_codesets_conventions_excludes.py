"""Which codes exclude each other: hand-picked pairs, laws, and the codes of professional coders."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.codesets import CodeSet
from codewarrant.codesets.conventions_excludes import REASONS, Exclusion
from codewarrant.codesets.conventions_references import read

# what the tabular list of April 2026 says of two codes, picked and read by hand: the verdict, the
# code that has the note, and how the note names the other
HARD = """
E10.9 E11.9 E10 (E11.-)
E08.9 E11.9 E08 (E11.-)
E10.65 O24.410 E10 (O24.4-)
E11.9 O24.419 E11 (O24.4-)
E11.9 P70.2 E11 (P70.2)
E11.9 R73.9 R73 (E08-E13)
E11.9 R73.01 R73.0 (E08-E13)
I10 O10.011 I10 O10-O11
N18.4 N19 N19 (N18.-)
N17.9 N19 N19 (N17.-)
F32.9 F33.9 F32 (F33.-)
F32.9 F31.9 F31 (F32.-)
F32.A F33.0 F32 (F33.-)
F20.9 F25.9 F20 (F25.-)
F10.10 F10.20 F10.1 (F10.2-)
F10.20 F10.920 F10.2 (F10.9-)
F17.210 Z72.0 F17 (Z72.0)
F17.210 Z87.891 F17 (Z87.891)
M54.50 M54.41 M54.5 (M54.4-)
M54.30 M54.40 M54.3 (M54.4-)
M79.18 M79.7 M79.1 (M79.7)
M81.0 M80.00XA M81 (M80.-)
M62.838 R25.2 M62 (R25.2)
J20.9 J40 J20 (J40)
J96.00 R09.2 J96 (R09.2)
J96.01 J80 J96 (J80)
R06.02 J80 R06 (J80)
R06.02 J96.01 R06 (J96.-)
J90 J91.0 J90 (J91.0)
A41.9 R78.81 A41 (R78.81)
A41.9 A40.9 A41 (A40.-)
A41.9 P36.9 A41 (P36.-)
A09 K52.9 A09 (K52.9)
B20 Z21 Z21 (B20)
B20 R75 R75 (B20)
Z21 R75 Z21 (R75)
R10.84 R10.0 R10.0 (R10.84)
R31.9 N30.01 R31 (N30.01)
R55 I95.1 R55 (I95.1)
R55 R57.0 R55 (R57.0)
R53.1 M62.81 R53.1 (M62.81)
I20.9 I25.119 I20 I25.1
I50.22 I50.42 I50.2 (I50.4-)
I95.9 R03.1 I95 (R03.1)
I80.209 I82.409 I80 I82.4-
K25.4 K92.2 K92.2 (K25-K28)
K57.31 K92.2 K92.2 (K57.-)
K50.90 K51.90 K50 (K51.-)
K81.0 K80.00 K81 (K80.-)
K74.60 K70.30 K74 (K70.3)
N39.0 N30.00 N39.0 (N30.-)
D72.829 C91.00 D72.8 (C91-C95)
E03.9 E89.0 E03 (E89.0)
E87.1 E22.2 E87.1 (E22.2)
E86.0 P74.1 E86 (P74.1)
Q21.0 I51.0 Q21 (I51.0)
Z86.73 I69.351 Z86.73 (I69.-)
Z95.5 Z98.61 Z95.5 (Z98.61)
G89.29 G89.4 G89.2 (G89.4)
G89.29 R52 G89 (R52)
F03.90 G30.9 G30 (F03.-)
F05 R41.0 R41.0 (F05)
Z33.1 O99.89 Z33.1 (O00-O9A)
S27.0XXA J93.0 S27.0 (J93.-)
"""

SOFT = """
K57.30 K92.2 K92.2 (K57.-) form
E11.9 E13.9 E11 (E13.-) form
M54.50 M51.26 M54.5 (M51.2-) form
M54.2 M50.20 M54.2 (M50.-) form
K80.20 K81.9 K81 (K80.-) form
R41.82 R40.0 R41.82 (R40.-) form
R06.00 R06.82 R06.0 (R06.82) form
E03.9 E02 E03 (E00-E02) form
I25.82 I21.4 I25.82 I21.0-I21.B form
R11.0 K92.0 R11 (K92.0) category
R09.02 J96.01 R09 (J96.-) category
N92.0 N95.0 N92 (N95.0) category
R09.89 J96.01 R09 (J96.-) category
I10 I27.0 I10-I1A (I27.0) heading
K76.0 R17 K70-K77 (R17) heading
J42 J44.9 J42 (J44.-) together
S00.03XA S01.01XA S00 (S01.-) injuries
M12.552 M18.31 M12.5 (M18.2-M18.3) sides
E87.20 E11.9 E87.2 E13 wording
"""

EXCLUDES2 = """
J44.9 J43.9 J43 (J44.-)
J44.0 J20.9 J20 (J44.0)
J18.9 J69.0 J18 (J69.0)
I21.4 I25.2 I21 (I25.2)
I21.3 I22.0 I21 (I22.-)
I63.9 I69.354 I63 (I69.3-)
I63.9 Z86.73 I63 (Z86.73)
I26.99 Z86.711 I26 (Z86.711)
I26.99 I82.409 I82 (I26.-)
L89.153 L97.519 L89 (L97.-)
N40.0 C61 N40 (C61)
N39.0 A41.9 14 (A00-B99)
Z79.4 Z79.84 Z79.4 (Z79.84)
G43.909 R51.9 G43 (R51.9)
F05 F10.231 F05 F10.231
F90.9 F84.0 F90 (F84.-)
D12.6 K63.5 D12 (K63.5)
I10 R03.0 9 (R00-R94)
E86.0 R57.1 E86 (R57.1)
R29.6 Z91.81 R29.6 (Z91.81)
"""

NONE = """
J44.9 J45.909
J44.1 J18.9
I10 N17.9
I10 I15.0
I11.0 I50.9
I12.9 N18.30
I25.10 I50.9
E11.9 Z79.4
E11.22 N18.30
E78.5 I10
K21.9 I10
R65.20 A41.9
A41.9 N17.9
N18.6 Z99.2
N17.9 N18.9
U07.1 J12.82
F41.9 F32.9
M17.11 M17.12
K57.30 K57.32
M54.2 M54.6
Z20.822 R05.9
O80 Z37.0
S52.501A W01.0XXA
C78.00 C34.90
D63.1 N18.4
I48.91 I10
"""


def pairs(text: str) -> list[tuple[str, ...]]:
    return [tuple(line.split()) for line in text.strip().splitlines()]


def between(icd10: CodeSet, code: str, other: str) -> tuple[Exclusion, ...]:
    found = icd10.conventions.excludes(code, other)
    assert found is not None
    return found


def test_the_hand_picked_pairs_are_many_and_in_the_release(icd10: CodeSet) -> None:
    picked = pairs(HARD) + pairs(SOFT) + pairs(EXCLUDES2) + pairs(NONE)
    assert len(picked) > 120
    assert len({frozenset(item[:2]) for item in picked}) == len(picked)
    assert [code for item in picked for code in item[:2] if code not in icd10] == []


@pytest.mark.parametrize(("code", "other", "source", "names"), pairs(HARD))
def test_two_codes_that_are_the_conditions_meant_conflict(
    icd10: CodeSet, code: str, other: str, source: str, names: str
) -> None:
    found = between(icd10, code, other)
    assert any(item.hard and item.source == source and names in item.text for item in found)


@pytest.mark.parametrize(("code", "other", "source", "names", "reason"), pairs(SOFT))
def test_an_exclusion_in_doubt_is_soft_and_says_why(
    icd10: CodeSet, code: str, other: str, source: str, names: str, reason: str
) -> None:
    found = [item for item in between(icd10, code, other) if item.kind == "excludes1"]
    assert not any(item.hard for item in found)
    noted = [item for item in found if item.source == source and names in item.text]
    assert noted
    assert all(reason in item.soft for item in noted)


@pytest.mark.parametrize(("code", "other", "source", "names"), pairs(EXCLUDES2))
def test_excludes2_alone_is_no_conflict(
    icd10: CodeSet, code: str, other: str, source: str, names: str
) -> None:
    found = between(icd10, code, other)
    assert {item.kind for item in found} == {"excludes2"}
    assert not any(item.hard for item in found)
    assert any(item.source == source and names in item.text for item in found)


@pytest.mark.parametrize(("code", "other"), pairs(NONE))
def test_codes_of_which_no_note_speaks_do_not_exclude_each_other(
    icd10: CodeSet, code: str, other: str
) -> None:
    kept = [item for item in between(icd10, code, other) if item.level == "code"]
    assert kept == []


def test_the_level_and_the_place_of_a_note_are_told(icd10: CodeSet) -> None:
    """Category, section and chapter notes reach the code below them."""
    found = between(icd10, "I10", "I27.0")
    assert {(item.level, item.source) for item in found} == {("section", "I10-I1A")}
    found = between(icd10, "N39.0", "A41.9")
    assert {(item.level, item.source, item.id) for item in found} == {
        ("chapter", "14", "chapter:14/excludes2/2")
    }
    own = between(icd10, "E11.65", "E10.65")[0]
    assert (own.code, own.other, own.level, own.source) == ("E10.65", "E11.65", "code", "E10")


def test_any_spelling_is_taken(icd10: CodeSet) -> None:
    assert between(icd10, "e109", "E119") == between(icd10, "E10.9", "E11.9")
    assert between(icd10, "E10.9", "nonsense") == ()


def test_a_day_leaves_out_what_is_not_in_force(icd10: CodeSet) -> None:
    """F32.A began on 2021-10-01."""
    ask = icd10.conventions.excludes
    assert ask("F32.A", "F33.0", date(2021, 9, 30)) == ()
    assert ask("F32.A", "F33.0", date(2021, 10, 1))
    assert ask("F32.A", "F33.0", icd10.horizon + timedelta(days=1)) is None
    assert ask("F32.A", "F33.0", icd10.known_from - timedelta(days=1)) is None


@st.composite
def some_codes(draw: st.DrawFn, size: int = 8) -> list[int]:
    """Numbers that stand for codes: near each other, so that notes meet, or anywhere."""
    start = draw(st.integers(0, 99_000))
    near = st.integers(0, 400).map(lambda step: start + step)
    return draw(st.lists(near | st.integers(0, 99_400), min_size=2, max_size=size, unique=True))


@given(numbers=some_codes())
def test_a_set_is_asked_as_its_pairs_are(icd10: CodeSet, numbers: list[int]) -> None:
    """Neither the order of the codes nor what else is on the claim changes an answer."""
    codes = [icd10._columns.codes[number % len(icd10)] for number in numbers]
    whole = icd10.conventions.exclusions(codes)
    assert whole == icd10.conventions.exclusions(codes[::-1])
    assert whole is not None
    seen = set()
    for at, code in enumerate(codes):
        for other in codes[at + 1 :]:
            both = between(icd10, code, other)
            assert both == between(icd10, other, code)
            seen |= set(both)
    assert set(whole) == seen
    assert len(whole) == len(seen)


@given(numbers=some_codes(20))
def test_what_a_note_says_is_what_its_text_says(icd10: CodeSet, numbers: list[int]) -> None:
    """Against a second reading: every span of the text compared with the code by its characters."""
    codes = [icd10._columns.codes[number % len(icd10)] for number in numbers]
    found = {(item.code, item.other, item.id) for item in icd10.conventions.exclusions(codes) or ()}
    for code in codes:
        counts: dict[tuple[str, str], int] = {}
        for note in icd10.notes(code):
            where = note.source if note.level == "code" else f"{note.level}:{note.source}"
            place = (where, note.kind)
            counts[place] = counts.get(place, 0) + 1
            if note.kind not in ("excludes1", "excludes2"):
                continue
            for other in codes:
                said = named(icd10, note.text, other) and not named(icd10, note.text, code)
                apart = not (other.startswith(code) or code.startswith(other))
                key = (code, other, f"{where}/{note.kind}/{counts[place]}")
                assert (key in found) is (said and apart), (key, note.text)


def named(icd10: CodeSet, text: str, code: str) -> bool:
    key = icd10._columns.key
    reference = read(text)
    if reference.narrowing and not reference.narrowing.admits(code.replace(".", "")):
        return False
    return any(key(a) <= key(code) < key(b) + "z" for a, b in reference.spans)


@given(number=st.integers(0, 99_000))
def test_no_code_excludes_itself_or_what_it_stands_under(icd10: CodeSet, number: int) -> None:
    code = icd10._columns.codes[number % len(icd10)]
    family = (code, *icd10.parents(code))
    assert icd10.conventions.exclusions(family) == ()


@given(numbers=some_codes())
def test_only_excludes1_is_hard_and_softness_has_a_reason(
    icd10: CodeSet, numbers: list[int]
) -> None:
    codes = [icd10._columns.codes[number % len(icd10)] for number in numbers]
    for item in icd10.conventions.exclusions(codes) or ():
        assert item.hard is (item.kind == "excludes1" and not item.soft)
        assert list(item.soft) == [reason for reason in REASONS if reason in item.soft]
        assert item.kind == "excludes1" or not item.soft


def test_a_note_in_words_excludes_no_code_but_is_kept(icd10: CodeSet) -> None:
    notes = icd10.conventions.exclusion_notes("Z00.00")
    (note,) = [item for item in notes if "code to sign or symptom" in item.text]
    assert (note.kind, note.source, note.named) == ("excludes1", "Z00.0", ())
    assert note.words == note.text
    assert between(icd10, "Z00.00", "R05.9") == ()


def test_a_note_tells_the_codes_it_names_and_its_condition(icd10: CodeSet) -> None:
    notes = {item.text: item for item in icd10.conventions.exclusion_notes("I73.89")}
    note = notes["diabetic (peripheral) angiopathy (E08-E13 with .51-.52)"]
    assert (note.code, note.source, note.id) == ("I73.89", "I73.8", "I73.8/excludes1/1")
    assert (note.words, note.named) == ("diabetic (peripheral) angiopathy", (("E08", "E13.9"),))
    assert (note.narrowed, note.unread) == (True, "")
    assert icd10.conventions.exclusion_notes("nonsense") == ()


def test_every_exclusion_of_the_release_is_accounted_for(icd10: CodeSet) -> None:
    """Each note of the file once: with codes, with words no rule reads, or in words alone."""
    columns = icd10._columns
    notes = {
        item.id: item
        for number, code in enumerate(columns.codes)
        if columns.notes_at(number, None) or "." not in code
        for item in icd10.conventions.exclusion_notes(code)
    }
    kinds = Counter(item.kind for item in notes.values())
    assert kinds == {"excludes1": 5_407, "excludes2": 2_520}
    unread = sorted(item.source for item in notes.values() if item.unread)
    assert unread == ["E87.2", "S51"]
    assert sum(not item.named for item in notes.values()) == 164


def test_an_item_of_a_list_means_the_condition_that_leads_it(icd10: CodeSet) -> None:
    """*polyneuropathy (in):* and below it *diabetes mellitus*, *malignant neoplasm* and others."""
    (item,) = [n for n in between(icd10, "G63", "E11.42") if n.kind == "excludes1"]
    assert item.hard
    assert item.text == "diabetes mellitus (E08-E13 with .42)"
    others = [n.level for n in between(icd10, "G63", "E11.9")]
    assert others == ["chapter"]
