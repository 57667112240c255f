"""A decision replays from the store alone, and every difference is shown as what changed."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from example_decisions import (
    DIABETES,
    GOUT,
    KIDNEY,
    PATIENT,
    READER,
    FakeSnapshot,
    body,
    decide,
    facts_blob,
    firings,
    icd,
    numbered,
    snapshot,
)
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.decision import Request
from codewarrant.engine.canonical import dumps, plain
from codewarrant.ledger import tables
from codewarrant.ledger.difference import decision_differences, differences
from codewarrant.ledger.entry import Entry
from codewarrant.ledger.replay import Coder, replay, replay_all
from codewarrant.ledger.store import Store, Stored

SNAPSHOT = snapshot()
REQUEST = Request("Encounter/5", "demo")
BUNDLE = b'{"resourceType":"Bundle"}'


class Refused(Exception):
    pass


def coder(**changed) -> Coder:
    """An installation that decides as the recorded decision did, save what a test changes."""
    parts = {
        "semantics": "1",
        "reader": READER,
        "restore": FakeSnapshot,
        "read_facts": lambda bundle, request, snap: facts_blob(),
        "decide_facts": lambda facts, request, snap: body(),
        "refusals": (Refused,),
    }
    return Coder(**(parts | changed))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.cw"


@pytest.fixture
def store(path: Path):
    with Store.open(path) as opened:
        opened.append(decide(BUNDLE, REQUEST, SNAPSHOT), BUNDLE, facts_blob(), SNAPSHOT)
        yield opened


@pytest.fixture
def stored(store: Store) -> Stored:
    return store.decisions()[0]


def test_the_same_installation_gives_the_identical_decision(store: Store, stored: Stored):
    result = replay(store, stored, coder())
    assert result.verdict == result.rules.verdict == result.reading.verdict == "identical"
    assert result.decision_id == stored.decision_id


def test_the_steps_get_what_the_store_holds(store: Store, stored: Stored):
    seen = []

    def read_facts(bundle, request, snap):
        seen.append((bundle, request, snap.lock, dict(snap.parts)))
        return facts_blob()

    def decide_facts(facts, request, snap):
        seen.append((facts, request, snap.lock, dict(snap.parts)))
        return body()

    replay(store, stored, coder(read_facts=read_facts, decide_facts=decide_facts))
    rest = (REQUEST, SNAPSHOT.lock, SNAPSHOT.parts)
    assert seen == [(facts_blob(), *rest), (BUNDLE, *rest)]


def test_other_conclusions_differ_with_the_changed_paths(store: Store, stored: Stored):
    first, second, third = body().diagnoses
    made = replace(
        body(), diagnoses=(second, replace(first, role="secondary")), setting="inpatient"
    )
    result = replay(store, stored, coder(decide_facts=lambda *_: made))
    assert result.verdict == "differs"
    assert [(item.path, item.kind) for item in result.rules.differences] == [
        ("diagnoses[E11.22].role", "changed"),
        ("diagnoses[N18.30]", "removed"),
        ("diagnoses", "order"),
        ("setting", "changed"),
    ]
    assert "was first-listed, now secondary" in str(result.rules.differences[0])
    assert result.reading.verdict == "identical"
    assert third.code == icd("N18.30")


def test_one_more_firing_does_not_make_all_others_differ(store: Store, stored: Stored):
    """Firings are renumbered when one is added in front; only the new one is a difference."""
    old = firings()
    extra = old[0]._replace(rule="icd10cm/new-rule", seq=0)
    renumbered = (extra, *(item._replace(seq=item.seq + 1) for item in old))
    up = lambda numbers: tuple(number + 1 for number in numbers)  # noqa: E731
    made = body()
    made = replace(
        made,
        diagnoses=tuple(replace(item, firings=up(item.firings)) for item in made.diagnoses),
        lines=tuple(replace(item, firings=up(item.firings)) for item in made.lines),
        edits=tuple(replace(item, firings=up(item.firings)) for item in made.edits),
        requirements=tuple(replace(item, firings=up(item.firings)) for item in made.requirements),
        rejected=tuple(replace(item, firings=up(item.firings)) for item in made.rejected),
        trace=replace(
            made.trace,
            firings=renumbered,
            standing=tuple(
                item._replace(firings=up(item.firings), by=up(item.by))
                for item in made.trace.standing
            ),
        ),
    )
    result = replay(store, stored, coder(decide_facts=lambda *_: made))
    assert [(item.path.split("(")[0], item.kind) for item in result.rules.differences] == [
        ("trace.firings[icd10cm/new-rule", "added")
    ]


def test_a_changed_reader_lists_the_facts_and_the_pinned_installation(store: Store, stored: Stored):
    again = facts_blob(PATIENT, DIABETES, KIDNEY)
    kept = facts_blob()
    result = replay(store, stored, coder(reader="codewarrant 9", read_facts=lambda *_: again))
    assert result.reading.verdict == "differs"
    assert result.rules.verdict == "identical"
    gone = len(body().trace.facts) - 3
    assert f"reader changed: {gone} facts differ" in result.reading.reason
    assert f"reproduced with {READER}" in result.reading.reason
    assert f"facts[{GOUT.id}]" in [item.path for item in result.reading.differences]
    assert kept != again


def test_the_same_reader_reading_otherwise_is_said_to_be_that(store: Store, stored: Stored):
    result = replay(store, stored, coder(read_facts=lambda *_: facts_blob(PATIENT)))
    assert result.reading.reason.startswith("the same reader reads")


def test_a_changed_reader_that_reads_the_same_is_identical(store: Store, stored: Stored):
    assert replay(store, stored, coder(reader="codewarrant 9")).verdict == "identical"


def test_facts_that_name_another_reader_only_are_the_same_facts(store: Store):
    """The stored facts say who read them; that alone is no difference of the reading."""
    old, new = (dumps({"facts": [DIABETES], "reader": name}) for name in ("old", "new"))
    request = Request("Encounter/5", "other")
    store.append(decide(BUNDLE, request, SNAPSHOT, facts=old), BUNDLE, old, SNAPSHOT)
    result = replay(store, store.decisions()[1], coder(reader="new", read_facts=lambda *_: new))
    assert result.reading.verdict == "identical"
    assert "reads the same" in result.reading.reason


def test_other_semantics_cannot_be_replayed_but_reading_can(store: Store, stored: Stored):
    result = replay(store, stored, coder(semantics="2"))
    assert result.rules.verdict == "cannot"
    assert "semantics 1; this installation runs 2" in result.rules.reason
    assert result.reading.verdict == "identical"
    assert result.verdict == "cannot"


def _raise(error: Exception):
    raise error


@pytest.mark.parametrize("step", ["restore", "read_facts", "decide_facts"])
def test_a_step_that_refuses_says_why_and_one_that_breaks_says_nothing_of_the_chart(
    store: Store, stored: Stored, step: str
):
    refused = replay(store, stored, coder(**{step: lambda *_: _raise(Refused("an old pack"))}))
    assert refused.verdict == "cannot"
    assert not refused.damaged
    assert "an old pack" in refused.rules.reason + refused.reading.reason
    broken = replay(store, stored, coder(**{step: lambda *_: _raise(KeyError("Mrs Secret"))}))
    assert broken.verdict == "cannot"
    assert "KeyError" in broken.rules.reason + broken.reading.reason
    assert "Secret" not in broken.rules.reason + broken.reading.reason


def _break(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    for name in tables.sqlite_triggers():
        connection.execute(f"DROP TRIGGER {name}")
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE blob SET content = randomblob(30) WHERE kind = 'bundle'",
        "UPDATE blob SET content = randomblob(30) WHERE kind = 'part'",
        "DELETE FROM snapshot_part WHERE name = 'pack/icd10cm'",
        "DELETE FROM blob WHERE kind = 'facts'",
    ],
)
def test_damage_is_a_verdict_and_the_other_decisions_are_still_replayed(path: Path, statement: str):
    other = snapshot(pack_other=b"other")
    with Store.open(path) as store:
        store.append(decide(BUNDLE, REQUEST, SNAPSHOT), BUNDLE, facts_blob(), SNAPSHOT)
        found = store.decisions()
        assert replay(store, found[0], coder()).verdict == "identical"
        _break(path, statement)
        entry = Entry(*numbered(2, other))
        store.append(entry.decision, entry.bundle, entry.facts, entry.snapshot)
        found = store.decisions()
        results = list(
            replay_all(
                store,
                found,
                coder(
                    read_facts=lambda *_: entry.facts,
                    decide_facts=lambda *_: entry.decision.body,
                ),
            )
        )
    assert [item.verdict for item in results] == ["cannot", "identical"]
    assert [item.damaged for item in results] == [True, False]


def test_a_snapshot_is_opened_once_for_a_run_of_decisions(store: Store):
    store.append_all([Entry(*numbered(number, SNAPSHOT)) for number in range(3)])
    opened = []

    def restore(lock, parts):
        opened.append(lock)
        return FakeSnapshot(lock, parts)

    assert len(list(replay_all(store, store.decisions(), coder(restore=restore)))) == 4
    assert len(opened) == 1


def test_a_value_of_another_type_is_a_difference():
    assert [item.path for item in differences({"a": 1}, {"a": True})] == ["a"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["facts", "id", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_differences_are_empty_exactly_for_equal_values(was, now):
    assert (differences(was, now) == []) == (dumps(was) == dumps(now))


def test_a_decision_does_not_differ_from_itself():
    form = plain(decide(BUNDLE, REQUEST, SNAPSHOT))
    assert decision_differences(form, form) == []
