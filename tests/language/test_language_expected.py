"""Every set of terminals that the parser can expect has words that an author understands."""

from __future__ import annotations

import re

import pytest

from codewarrant.dsl.expected import KINDS, LIMIT, SIGNS, expected
from codewarrant.dsl.parse import parser, terminal_words


def accept_sets() -> list[frozenset[str]]:
    """The distinct sets of terminals that the states of the parse table accept."""
    state = parser().parse_interactive("", parser().options.start[0]).parser_state
    states = state.parse_conf.states
    nodes = {str(rule.origin.name) for rule in parser().rules}
    found = {frozenset(str(item) for item in actions) - nodes for actions in states.values()}
    return sorted(found - {frozenset()}, key=sorted)


def test_the_parse_table_is_walked() -> None:
    assert len(accept_sets()) > 150


@pytest.mark.parametrize("accepts", accept_sets(), ids=lambda item: "-".join(sorted(item))[:60])
def test_every_set_that_can_be_expected_has_words(accepts: frozenset[str]) -> None:
    said = expected(accepts, terminal_words())
    outside = re.sub(r"`[^`]*`", "", said)
    assert said != "nothing more"
    assert not re.search(r"[A-Z_]{2,}|__", outside), said
    assert said.count("`") % 2 == 0
    for name in accepts:
        if expected({name}, terminal_words()) in (said, "nothing more"):
            assert len(accepts) == 1


def test_every_terminal_of_the_grammar_has_words() -> None:
    for name in sorted(frozenset().union(*accept_sets())):
        assert name in SIGNS or terminal_words().get(name), name


def test_kinds_and_signs_name_terminals_of_the_grammar() -> None:
    known = {str(item.name) for item in parser().terminals} | {"$END"}
    named = set(SIGNS).union(*(kind for _, kind in KINDS))
    assert named <= known


def test_nothing_is_left_out_where_few_things_may_stand() -> None:
    assert expected({"NAME", "STRING", "THEN", "WHEN"}, terminal_words()) == (
        'a name in small letters; a text in quotation marks, such as `"…"`; `then`; or `when`'
    )
    assert expected({"THEN", "WHEN"}, terminal_words()) == "`then` or `when`"
    assert LIMIT >= 12
