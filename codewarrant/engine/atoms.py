"""Functions for the truth of atoms and their combinations; None is undetermined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from codewarrant.engine.comparing import compare, in_force, plus_or_minus, same
from codewarrant.engine.conditions import Mentions, SetVersion
from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.lookups import UNKNOWN_ROW
from codewarrant.engine.reading import Env, Reader, Reading, Scope, Test, Truth
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import Code, Duration, Membership, Value


def noted(atom: int, decide: Test, shown: Reader | None) -> Test:
    """The atom, noted in the record with its truth and the value shown for it."""

    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        if record is None:
            return decide(reading, env)
        mark = len(record.missing)
        truth = decide(reading, env)
        if record.depth == 0:
            record.tests.append((atom, truth, shown(reading, env) if shown else None))
        elif record.inside is not None:
            record.inside.append((atom, truth))
        if truth is not None:
            del record.missing[mark:]
        return truth

    return test


def all_of(tests: list[Test]) -> Test:
    """A function for the conjunction of conditions."""
    if len(tests) == 1:
        return tests[0]

    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        mark = len(record.missing) if record is not None else 0
        grounds = record.grounds() if record is not None else (0, 0, 0)
        truth: Truth = True
        for part in tests:
            found = part(reading, env)
            if found is False:
                truth = False
                if record is None:
                    return False
            elif found is None and truth is True:
                truth = None
        if record is not None:
            if truth is not None:
                del record.missing[mark:]
            if truth is not True:
                record.forget_grounds(grounds)
        return truth

    return test


def any_of(tests: list[Test]) -> Test:
    """A function for the disjunction of conditions."""

    def test(reading: Reading, env: Env) -> Truth:
        record = reading.record
        mark = len(record.missing) if record is not None else 0
        covers = len(record.covers) if record is not None else 0
        truth: Truth = False
        for part in tests:
            found = part(reading, env)
            if found is True:
                truth = True
                if record is None:
                    return True
            elif found is None and truth is False:
                truth = None
        if record is not None:
            if truth is not None:
                del record.missing[mark:]
            # Either alternative is ground enough: together they are one cover.
            if len(record.covers) > covers + 1:
                record.covers[covers:] = [[one for part in record.covers[covers:] for one in part]]
        return truth

    return test


def negated(test: Test) -> Test:
    """A function for the negation."""

    def opposite(reading: Reading, env: Env) -> Truth:
        found = test(reading, env)
        return None if found is None else not found

    return opposite


_ORDER: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def comparison(op: str, left: Reader, right: Reader) -> Test:
    """Equality within one kind, or order."""
    ordered = _ORDER.get(op)

    def test(reading: Reading, env: Env) -> Truth:
        a = left(reading, env)
        b = right(reading, env)
        if a is None or b is None:
            return None
        if ordered is not None:
            return ordered(compare(a, b))
        return same(a, b) if op == "=" else not same(a, b)

    return test


def in_set(subject: Reader, versions: tuple[SetVersion, ...], scope: Scope) -> Test:
    """A code, or any code of a list, lies in the version of a set that is in force."""
    clock = scope.clock
    contents = [(version.window, scope.membership(version.codes)) for version in versions]

    def holds(member: Membership, value: Value, reading: Reading) -> bool:
        if type(value) is Code:
            return member.contains(value.system, reading.key(value))
        items = value if isinstance(value, tuple) else ()
        return any(
            type(item) is Code and member.contains(item.system, reading.key(item)) for item in items
        )

    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        if value is None:
            return None
        truth: Truth = False
        for window, member in contents:
            force = in_force(window, reading.clocks.get(clock))
            if force is True:
                return holds(member, value, reading)
            if force is None and holds(member, value, reading):
                truth = None
        if truth is None and reading.record is not None:
            reading.record.missing.append(clock)
        return truth

    return test


def one_of(subject: Reader, values: tuple[Value, ...]) -> Test:
    """The value is one of these."""

    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        return None if value is None else any(same(value, item) for item in values)

    return test


def holds(subject: Reader) -> Test:
    """A boolean is true."""

    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        return None if value is None else value is True

    return test


def contains(subject: Reader, values: tuple[Value, ...], wanted: Reader | None) -> Test:
    """A list has any of these values, or the value of a term."""

    def test(reading: Reading, env: Env) -> Truth:
        value = subject(reading, env)
        if value is None:
            return None
        items = value if type(value) is tuple else (value,)
        if any(same(item, other) for item in items for other in values):
            return True
        if wanted is None:
            return False
        other = wanted(reading, env)
        return None if other is None else any(same(item, other) for item in items)

    return test


def within(left: Reader, span: Reader, side: str, right: Reader) -> Test:
    """A date lies at most so long before, after, or either side of another."""

    def test(reading: Reading, env: Env) -> Truth:
        day, width, anchor = left(reading, env), span(reading, env), right(reading, env)
        if day is None or width is None or anchor is None:
            return None
        if not isinstance(day, date) or not isinstance(anchor, date):
            raise EngineError("`within` compares two dates")
        if type(width) is not Duration:
            raise EngineError("`within` needs a length of time")
        first = plus_or_minus(anchor, "-", width) if side in ("before", "either") else anchor
        last = plus_or_minus(anchor, "+", width) if side in ("after", "either") else anchor
        if first is None or last is None:
            return None
        return compare(first, day) <= 0 and compare(day, last) <= 0

    return test


def matches(var: str, readers: tuple[tuple[str, Reader], ...]) -> Test:
    """The row bound to ``var`` has these values in these columns."""

    def decide(reading: Reading, env: Env) -> Truth:
        row = env.get(var)
        if type(row) is not Row or row is UNKNOWN_ROW:
            for _, reader in readers:
                reader(reading, env)
            return None
        truth: Truth = True
        for name, reader in readers:
            value = reader(reading, env)
            if value is None:
                truth = None
                continue
            # A column that a row does not repeat was matched by the look-up that found the row.
            if not same(row.columns.get(name, value), value):
                return False
        return truth

    return decide


def mentions(item: Mentions) -> Test:
    """Some sentence has these whole words in order, next to the evidence of a fact if so asked."""
    words = tuple(word.casefold() for word in item.words)
    near = item.near
    sections = item.sections

    def said(sentence: Sentence) -> bool:
        if sections and sentence.section not in sections:
            return False
        spoken = tuple(word.casefold() for word in sentence.words)
        return any(
            spoken[at : at + len(words)] == words for at in range(len(spoken) - len(words) + 1)
        )

    def decide(reading: Reading, env: Env) -> Truth:
        if near is None:
            return any(said(sentence) for sentence in reading.sentences)
        fact = env.get(near.var)
        places = fact.evidence if type(fact) is Fact else ()
        return any(
            said(sentence)
            for sentence in reading.sentences
            if any(
                place.source == sentence.source
                and place.begin is not None
                and place.end is not None
                and place.begin < sentence.end
                and sentence.begin < place.end
                for place in places
            )
        )

    return decide
