"""Charts made by chance: statements, findings, lines, tables and dates, much of it unknown.

Everything is drawn from a ``random.Random``; one that hypothesis drives makes it shrink.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.relation import MemoryRelation, Row
from codewarrant.engine.trace import Chart, Sentence
from codewarrant.engine.values import Code

DAY = date(2026, 3, 2)
FAMILIES = (
    ("A00", "A00.0", "A00.1"),
    ("B10", "B10.0", "B10.1"),
    ("C20", "C20.0", "C20.1"),
    ("D30", "D30.0", "D30.1"),
)
"""Codes by family: rules mostly read absences in earlier families than they write."""
CODES = tuple(code for family in FAMILIES for code in family)
TEXTS = ("x", "y", "z")
WORDS = ("old", "new", "left")
KINDS: dict[str, dict[str, str]] = {
    "diagnosis": {
        "code": "icd", "certainty": "certainty", "status": "status", "n": "number", "k": "number",
        "day": "date", "about": "codes", "flag": "boolean",
    },
    "finding": {
        "kind": "text", "n": "number", "k": "number", "flag": "boolean", "day": "date",
        "code": "icd", "about": "codes",
    },
    "line": {"code": "cpt", "units": "number", "day": "date", "modifiers": "texts"},
    "authorization": {"kind": "text", "n": "number"},
}  # fmt: skip
"""The fields of each entity that conditions ask about, and the kind of each."""


def icd(value: str) -> Code:
    return Code("icd10cm", value)


def value(rng: Random, kind: str):
    """A value of a kind."""
    match kind:
        case "icd":
            return icd(rng.choice(CODES))
        case "cpt":
            return Code("cpt", rng.choice(("99213", "20610")))
        case "number":
            return Decimal(3) / 2 if rng.random() < 0.1 else rng.randrange(3)
        case "boolean":
            return rng.random() < 0.5
        case "date":
            return DAY + timedelta(days=rng.randrange(-40, 40, 10))
        case "certainty":
            return rng.choice(("confirmed", "confirmed", "probable"))
        case "status":
            return rng.choice(("active", "active", "resolved"))
        case "codes":
            return tuple(icd(rng.choice(CODES)) for _ in range(rng.randrange(3)))
        case "texts":
            return tuple(rng.choice(TEXTS) for _ in range(rng.randrange(3)))
    return rng.choice(TEXTS)


def fact(rng: Random, entity: str, number: int) -> Fact:
    """One fact; a part of what could be known is not."""
    known = {
        name: value(rng, kind)
        for name, kind in KINDS[entity].items()
        if rng.random() < (0.95 if name in ("code", "certainty", "status") else 0.75)
    }
    if entity == "diagnosis":
        if rng.random() < 0.4:
            known["role"] = rng.choice(("principal", "secondary", "first-listed"))
        if rng.random() < 0.4:
            known["present_on_admission"] = rng.choice("YN")
    if entity == "line" and rng.random() < 0.7:
        known["pointers"] = value(rng, "codes")
    source = f"Note/{rng.randrange(2)}"
    begin = rng.randrange(4) * 10
    places = (Evidence(source, "text", None, begin, begin + 5),) if rng.random() < 0.7 else ()
    order = (rng.randrange(3), number) if rng.random() < 0.8 else ()
    return make_fact(entity, known, places, order)


def relations(rng: Random) -> dict[str, MemoryRelation]:
    """``map``: codes for a code, dated in part; ``pairs``: codes that go together."""
    rows = []
    for at, code in enumerate(CODES):
        for copy in range(rng.choice((0, 1, 1, 2))):
            columns = {"code": icd(code), "n": rng.randrange(3)}
            for number, family in enumerate(FAMILIES):
                if rng.random() < 0.8:
                    columns[f"to{number}"] = icd(rng.choice(family))
            if rng.random() < 0.2:
                columns["start"] = DAY + timedelta(days=rng.choice((-5, 5)))
            if rng.random() < 0.2:
                columns["end"] = DAY + timedelta(days=rng.choice((-5, 5)))
            rows.append(Row(f"{at}-{copy}", columns))
    pairs = [
        Row(str(at), {"first": icd(rng.choice(CODES)), "second": icd(rng.choice(CODES))})
        for at in range(rng.randrange(6))
    ]
    columns = {"code": "code", "n": "integer"} | {f"to{at}": "code" for at in range(4)}
    found = {
        "map": MemoryRelation("map", "m", columns, rows, ("start", "end")),
        "pairs": MemoryRelation("pairs", "p", {"first": "code", "second": "code"}, pairs),
    }
    if rng.random() < 0.05:
        del found[rng.choice(("map", "pairs"))]
    return found


def chart(rng: Random) -> Chart:
    """A chart of up to ten facts."""
    facts = [fact(rng, "diagnosis", at) for at in range(rng.randrange(2, 9))]
    others = ("finding", "finding", "line", "authorization")
    facts += [fact(rng, rng.choice(others), 10 + at) for at in range(rng.randrange(5))]
    clocks = {
        "date of service": DAY if rng.random() < 0.9 else None,
        "discharge date": DAY + timedelta(days=3) if rng.random() < 0.5 else None,
    }
    sentences = tuple(
        Sentence(
            f"Note/{rng.randrange(2)}",
            at * 10,
            at * 10 + 8,
            tuple(rng.choice(WORDS) for _ in range(rng.randrange(1, 4))),
        )
        for at in range(rng.randrange(3))
    )
    supplied = frozenset(("authorization",)) if rng.random() < 0.5 else frozenset()
    return Chart(tuple(facts), clocks, supplied, relations(rng), sentences)
