"""Settling and sequencing on their own."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codewarrant.engine.sequence import Before, sequence
from codewarrant.engine.settle import Assigned, Omitted, Replaced, settle
from codewarrant.engine.values import Code


def C(value: str) -> Code:  # noqa: N802
    return Code("s", value)


def settled(documented: str, *, assign=(), replace=(), omit=()):
    """Short statements: ``A>B``, ``A-B`` (A omitted, covered by B), a ``!`` for mandatory."""
    assigns, replacements, omissions, n = [], [], [], 0
    for text in assign:
        assigns.append(Assigned(C(text.rstrip("!")), n, f"assign {text}", text.endswith("!")))
        n += 1
    for text in replace:
        old, new = text.rstrip("!").split(">")
        replacements.append(Replaced(C(old), C(new), n, text.rstrip("!"), text.endswith("!")))
        n += 1
    for text in omit:
        code, _, by = text.rstrip("!").partition("-")
        covers = tuple(frozenset(map(C, group)) for group in by.split("&") if group)
        rule = f"omit {text.rstrip('!')}"
        omissions.append(Omitted(C(code), covers, n, rule, text.endswith("!")))
        n += 1
    return settle([C(one) for one in documented], assigns, replacements, omissions)


def reported(out) -> str:
    return "".join(sorted(code.value for code, state in out.states.items() if state == "reported"))


def kinds(out) -> list[str]:
    return [one.kind for one in out.conflicts]


def test_a_replacement_takes_the_place():
    out = settled("A", replace=["A>B"])
    assert reported(out) == "B"
    assert out.now(C("A")) == C("B")
    assert out.places(C("A")) == (C("B"),)


def test_chains_that_meet_are_no_conflict():
    out = settled("A", replace=["A>B", "B>C", "A>C"])
    assert (reported(out), kinds(out)) == ("C", [])


def test_two_ends_are_a_conflict_and_what_was_documented_is_reported():
    out = settled("A", replace=["A>B", "A>C"])
    assert (reported(out), kinds(out)) == ("A", ["replacements"])
    assert out.states[C("B")] == out.states[C("C")] == "void"
    assert out.conflicts[0].codes == (C("A"), C("B"), C("C"))
    assert out.defeated == {0: "conflict", 1: "conflict"}


def test_a_torn_chain_is_void_from_its_start():
    out = settled("A", replace=["A>B", "B>C", "B>D"])
    assert reported(out) == "A"
    assert [one.codes[0] for one in out.conflicts] == [C("A"), C("B")]


def test_one_mandatory_replacement_wins():
    out = settled("A", replace=["A>B", "A>C!"])
    assert (reported(out), kinds(out)) == ("C", [])
    assert out.defeated == {0: "A>C"}


def test_a_mandatory_replacement_further_on_mends_the_whole_chain():
    out = settled("A", replace=["A>B", "B>C", "B>D!"])
    assert (reported(out), kinds(out)) == ("D", [])


def test_two_mandatory_replacements_are_a_conflict():
    assert kinds(settled("A", replace=["A>B!", "A>C!"])) == ["replacements"]


def test_a_loop_is_a_conflict():
    out = settled("A", replace=["A>B", "B>A"])
    assert (reported(out), set(kinds(out))) == ("A", {"replacements"})


def test_a_loop_of_mandatory_replacements_keeps_what_holds():
    out = settled("A", replace=["A>B!", "B>A!"])
    assert (reported(out), kinds(out)) == ("A", ["cover each other"])


def test_a_loop_with_one_mandatory_replacement_takes_it():
    out = settled("A", replace=["A>B!", "B>A"])
    assert reported(out) == "B"


def test_what_only_a_void_code_became_is_void_too():
    out = settled("A", replace=["A>B", "A>C", "B>D"])
    assert reported(out) == "A"
    assert out.states[C("D")] == "void"


def test_an_assigned_code_needs_no_replacement_to_stand():
    out = settled("A", assign=["B"], replace=["A>B", "A>C"])
    assert reported(out) == "AB"


def test_omit_beats_assign():
    assert reported(settled("A", assign=["B"], omit=["B-A"])) == "A"


def test_a_mandatory_assign_beats_a_plain_omit():
    out = settled("A", assign=["B!"], omit=["B-A"])
    assert (reported(out), kinds(out)) == ("AB", [])
    assert out.defeated == {1: "assign B!"}


def test_mandatory_against_mandatory_is_a_conflict_and_kept():
    out = settled("A", assign=["B!"], omit=["B-A!"])
    assert (reported(out), kinds(out)) == ("AB", ["omitted and assigned"])


def test_omissions_lead_on_to_what_covers_them():
    out = settled("ABC", omit=["A-B", "B-C"])
    assert reported(out) == "C"
    assert out.places(C("A")) == (C("C"),)


def test_omissions_that_rest_on_each_other_are_kept():
    out = settled("AB", omit=["A-B", "B-A"])
    assert (reported(out), kinds(out)) == ("AB", ["cover each other"])


def test_one_good_cover_is_enough():
    out = settled("ABC", omit=["A-B", "B-A", "A-C"])
    assert (reported(out), kinds(out)) == ("C", [])


def test_all_groups_of_a_cover_must_stand_each_by_any_of_its_codes():
    assert reported(settled("ABC", omit=["A-B&C", "B-A"])) == "ABC"
    assert reported(settled("ABC", omit=["A-BC", "B-A"])) == "C"


def test_an_omission_without_others_needs_no_cover():
    assert reported(settled("A", omit=["A"])) == ""


def test_replaced_and_omitted_is_settled_by_either():
    out = settled("AC", replace=["A>B"], omit=["A-C"])
    assert reported(out) == "BC"


LETTERS = "ABCDEF"
STEPS = st.lists(
    st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.booleans()), max_size=8
)


@given(st.sets(st.sampled_from(LETTERS), min_size=1), STEPS, STEPS)
def test_something_holds_so_something_is_reported(documented, replacements, omissions):
    replace = [f"{a}>{b}{'!' * m}" for a, b, m in replacements]
    omit = [f"{a}-{b}{'!' * m}" for a, b, m in omissions if a != b]
    holds = set(documented)
    while new := {text[2] for text in replace if text[0] in holds} - holds:
        holds |= new
    replace = [text for text in replace if text[0] in holds]
    omit = [text for text in omit if text[0] in holds and text[2] in holds]
    out = settled("".join(sorted(documented)), replace=replace, omit=omit)
    assert reported(out)
    for code, state in out.states.items():
        if state in ("replaced", "omitted") and out.places(code):
            assert all(out.states[place] == "reported" for place in out.places(code))
    turned = settled("".join(sorted(documented)), replace=replace[::-1], omit=omit[::-1])
    assert turned.states == out.states
    assert {(one.kind, one.codes, one.rules) for one in turned.conflicts} == {
        (one.kind, one.codes, one.rules) for one in out.conflicts
    }


# ---- sequence -----------------------------------------------------------------------


def order(names: str, *edges: str, key: str = ""):
    """Edges ``A<B``; ``!`` is mandatory. ``key`` is the order of documentation."""
    rank = {C(one): at for at, one in enumerate(key or names)}
    made = [
        Before(C(text[0]), C(text[2]), n, text, text.endswith("!")) for n, text in enumerate(edges)
    ]
    return sequence([C(one) for one in names], made, lambda code: rank[code])


def written(out) -> str:
    return "".join(code.value for code in out.codes)


def test_pull_keeps_unrelated_codes_where_they_stand():
    assert written(order("MIE", "E<M")) == "EMI"


def test_pull_follows_chains():
    assert written(order("ABCD", "D<C", "C<A")) == "DCAB"


def test_a_plain_edge_yields_to_a_mandatory_one():
    out = order("AB", "B<A!", "A<B")
    assert (written(out), out.conflicts) == ("BA", [])
    assert {one.rule: by for one, by in out.yielded.items()} == {"A<B": "B<A!"}


def test_plain_edges_in_a_cycle_all_yield():
    out = order("ABC", "B<A", "A<B")
    assert (written(out), out.conflicts) == ("ABC", [])


def test_mandatory_edges_in_a_cycle_go_to_review():
    out = order("ABC", "B<A!", "A<B!", "C<A")
    assert written(out) == "CAB"
    assert [(one.kind, one.codes) for one in out.conflicts] == [("sequence", (C("A"), C("B")))]


def test_edges_outside_a_cycle_stay():
    assert written(order("ABCD", "B<A!", "A<B!", "D<A!", "C<D")) == "CDAB"


def test_a_code_before_itself_says_nothing():
    assert written(order("AB", "A<A!")) == "AB"


def test_long_chains_do_not_recurse():
    names = [C(f"{at:05}") for at in range(5000)]
    edges = [Before(b, a, n, "r") for n, (a, b) in enumerate(pairwise(names))]
    out = sequence(names, edges, lambda code: code)
    assert list(out.codes) == names[::-1]


@given(
    st.sets(st.sampled_from(LETTERS), min_size=2),
    st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS), st.booleans())),
)
def test_order_has_each_code_once_and_keeps_every_edge_that_counts(names, edges):
    text = "".join(sorted(names))
    given_ = [f"{a}<{b}{'!' * m}" for a, b, m in edges if a in names and b in names]
    out = order(text, *given_)
    assert sorted(written(out)) == sorted(text)
    lost = {one.firing for one in out.yielded}
    for n, edge in enumerate(given_):
        if n not in lost and edge[0] != edge[2]:
            assert written(out).index(edge[0]) < written(out).index(edge[2])
    assert written(order(text, *given_[::-1])) == written(out)
