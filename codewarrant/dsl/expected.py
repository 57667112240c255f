"""What may stand at a place, in words: the parser's sets of terminals as an author would say them.

A parser knows some two hundred sets of what it accepts. Each is said as a few kinds of things with
an example (a condition, an action, a fact), then as the single words that are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SIGNS = {
    "NAME": "a name in small letters",
    "STRING": 'a text in quotation marks, such as `"…"`',
    "DATE": "a date, such as `2026-01-31`",
    "INT": "a whole number",
    "DECIMAL": "a number",
    "CODE": "a code, such as `I10`",
    "CODE_STAR": "a stem, such as `E11.*`",
    "VERSION": "a version, such as `1.0`",
    "MONEY": "an amount, such as `$10.00`",
    "ADDOP": "`+` or `-`",
    "CMP": "a comparison, such as `=` or `<`",
    "ENTITY": "what it is about, such as `diagnosis`, `line` or `encounter`",
    "SYSTEM": "a code system, such as `icd10cm`, `cpt`, `hcpcs` or `icd10pcs`",
    "TYPE": "a type, such as `integer`, `money`, `date` or `icd10cm`",
    "CLOCK": "a clock, such as `date of service`",
    "UNIT": "a unit, such as `days`",
    "SEVERITY": "`reject`, `warning`, `information` or `advice`",
    "ROLE": "`principal`, `first-listed` or `secondary`",
    "FUNC": "`sum`, `earliest` or `latest`",
    "STATE": "`reported`, `omitted`, `replaced`, `removed` or `possible`",
    "$END": "the end of the block",
}
"""Terminals that are not one word, as things with an example."""

_VALUES = ("CODE", "DATE", "DECIMAL", "FALSE", "INT", "MONEY", "STRING", "SYSTEM", "TRUE")
_TERMS = (*_VALUES, "CLOCK", "COUNT", "FUNC", "NAME")
KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "a condition, such as `d.code in diabetes` or `some diagnosis in ckd`",
        frozenset((*_TERMS, "AT", "EVERY", "LPAR", "NO", "NOT", "NOTE", "SOME")),
    ),
    ("a field or a value, such as `l.units`, `5` or `I10`", frozenset(_TERMS)),
    ('a value, such as `5`, `2026-01-31`, `I10` or `"a text"`', frozenset(_VALUES)),
    (
        "an action, such as `remove`, `replace`, `assign`, `deny` or `route to review`",
        frozenset(
            re.findall(
                r"\w+", "ADD ASSIGN DENY LIMIT OMIT QUERY REMOVE REPLACE REQUIRE ROUTE SEQUENCE"
            )
        ),
    ),
    (
        "what is expected, such as `reported I10`, `nothing reported` or `rule NAME fires`",
        frozenset(
            re.findall(
                r"\w+", "CODE CONFLICT DECIMAL INT NAME NO NOTHING QUERY REPORTED REVIEW RULE"
            )
        ),
    ),
    (
        "a comparison, such as `is`, `in`, `=`, `contains` or `within`",
        frozenset(("CMP", "CONTAINS", "IN", "IS", "NOT", "WITHIN")),
    ),
    (
        "a given fact, such as `diagnosis: code I10`",
        frozenset(("CLOCK", "ENTITY", "NOTE", "ROW", "SUPPLIED")),
    ),
    (
        "the outcome: `fires`, `does not fire` or `expect …`",
        frozenset(("DOES", "EXPECT", "FIRES")),
    ),
    (
        "a code, a stem such as `E11.*`, `descendants of` a code, or the name of a value set",
        frozenset(("CODE", "CODE_STAR", "DECIMAL", "DESCENDANTS", "INT", "NAME")),
    ),
    ("a code, such as `I10` or `99213`", frozenset(("CODE", "DECIMAL", "INT"))),
    ("a code, such as `I10` or `99213`", frozenset(("CODE", "INT"))),
    ("a number", frozenset(("DECIMAL", "INT"))),
)
"""Sets of terminals that are said together, the largest first."""

LIMIT = 16


def expected(accepts: Iterable[str], words: Mapping[str, tuple[str, ...]]) -> str:
    """What may stand where ``accepts`` are the terminals, as a list for a sentence.

    ``words`` gives the words of the terminals that are words.
    """
    left = set(accepts)
    shown: list[str] = []
    for phrase, kind in KINDS:
        if kind <= left:
            shown.append(phrase)
            left -= kind
    shown += sorted(SIGNS[name] for name in left & SIGNS.keys() - {"$END"})
    shown += sorted({f"`{word}`" for name in left - SIGNS.keys() for word in words.get(name, ())})
    if "$END" in left:
        shown.append(SIGNS["$END"])
    if len(shown) > LIMIT:
        return "; ".join(shown[:LIMIT]) + "; …"
    if len(shown) > 1:
        mark = ";" if any("," in item for item in shown) else ","
        last = " or " if mark == "," else "; or "
        return f"{mark} ".join(shown[:-1]) + last + shown[-1]
    return shown[0] if shown else "nothing more"
