"""What the reference evaluator finds: states of facts, truths and values with what was missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeAlias

from codewarrant.engine import conditions as c
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Program
from codewarrant.engine.reference.values import Truth, added, equal, order
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import Code, CodeOrder, Intervals, Value

Env: TypeAlias = dict[str, Fact | Row]
Keys: TypeAlias = tuple[tuple[str, Value], ...]

UNKNOWN_ROW = Row("?", {})
"""Whatever rows a question would find that cannot be asked."""

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """Facts at one moment, ordered by id. ``possible``: an undetermined rule might conclude them;
    ``bounds``: what the code of a possible fact could be, where that is not known."""

    facts: Mapping[str, tuple[Fact, ...]]
    possible: frozenset[str] = NOTHING
    bounds: Mapping[str, Intervals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A truth, and what it was found by.

    ``missing`` is empty unless the truth is undetermined. ``witnesses`` are what makes a ``some``
    true, ``covers`` the same in groups of which one fact each is needed, ``absent`` the searches
    for an absence that found it; all three are empty unless the truth is true.
    """

    truth: Truth
    missing: frozenset[str] = NOTHING
    tests: tuple[tuple[int, Truth, Value | None], ...] = ()
    witnesses: tuple[tuple[str, str, Fact | Row], ...] = ()
    covers: tuple[tuple[Fact, ...], ...] = ()
    absent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Valued:
    """A term's value (None: unknown) and, if it is unknown, what was missing."""

    value: Value | None
    missing: frozenset[str] = NOTHING


def codes_key(program: Program, code: Code) -> str:
    """The place of a code in its order."""
    for one in program.orders:
        if one.system == code.system:
            return one.key(code.value)
    return CodeOrder(code.system).key(code.value)


def conjuncts(item: c.Condition) -> list[c.Condition]:
    """The parts of a condition that must all hold."""
    if isinstance(item, c.AllOf):
        return [part for one in item.items for part in conjuncts(one)]
    return [item]


def free(item: Any) -> frozenset[str]:
    """The variables that something reads and does not bind itself."""
    if isinstance(item, tuple):
        return NOTHING.union(*(free(part) for part in item))
    if not is_dataclass(item) or isinstance(item, c.Binder):
        return NOTHING
    found = NOTHING.union(*(free(getattr(item, one.name)) for one in fields(item)))
    if isinstance(item, c.Field | c.Matches):
        return found | {item.var}
    return found - {item.over.var} if isinstance(item, c.Quantified | c.Aggregate) else found


def searches(item: Any) -> bool:
    """Whether something looks through facts itself."""
    if isinstance(item, tuple):
        return any(searches(part) for part in item)
    if isinstance(item, c.Quantified | c.Aggregate):
        return True
    if not is_dataclass(item):
        return False
    return any(searches(getattr(item, one.name)) for one in fields(item))


def stands_in(fact: Fact, sentence: Sentence) -> bool:
    """Whether some evidence of a fact stands in a sentence."""
    return any(
        place.source == sentence.source
        and place.begin is not None
        and place.end is not None
        and place.begin < sentence.end
        and sentence.begin < place.end
        for place in fact.evidence
    )


def named(value: Value | None, label: str) -> Valued:
    """A value, or the label of what is missing."""
    return Valued(value) if value is not None else Valued(None, frozenset((label,)))


def compared(op: str, left: Valued, right: Valued) -> tuple[Truth, frozenset[str]]:
    """Two values compared; undetermined if either is unknown."""
    if left.value is None or right.value is None:
        return None, left.missing | right.missing
    if op in ("=", "!="):
        return equal(left.value, right.value) == (op == "="), NOTHING
    return order(op, left.value, right.value), NOTHING


def atomic(item: c.Atom, found: tuple[Truth, frozenset[str]], shown: Valued | None) -> Found:
    """The truth of an atom, with the value shown for it."""
    truth, missing = found
    value = shown.value if shown is not None else None
    return Found(truth, missing if truth is None else NOTHING, ((item.atom, truth, value),))


def joined(truth: Truth, parts: list[Found]) -> Found:
    """The parts of a condition put together under its truth."""
    tests = tuple(test for one in parts for test in one.tests)
    if truth is None:
        return Found(None, NOTHING.union(*(one.missing for one in parts)), tests)
    if truth is False:
        return Found(False, NOTHING, tests)
    return Found(
        True,
        NOTHING,
        tests,
        tuple(witness for one in parts for witness in one.witnesses),
        tuple(cover for one in parts for cover in one.covers),
        tuple(atom for one in parts for atom in one.absent),
    )


def with_covers(found: Found, covers: tuple[tuple[Fact, ...], ...]) -> Found:
    """The same with other covers."""
    return Found(
        found.truth, found.missing, found.tests, found.witnesses, covers, found.absent
    )  # fmt: skip


def combined(func: str, values: list[Value]) -> Value | None:
    """Count, sum (0 over nothing), earliest and latest (unknown over nothing)."""
    if func == "count":
        return len(values)
    if func == "sum":
        total: Value | None = values[0] if values else 0
        for one in values[1:]:
            total = None if total is None else added(total, "+", one)
        return total
    best: Value | None = None
    for one in values:
        if best is None or order("<" if func == "earliest" else ">", one, best):
            best = one
    return best
