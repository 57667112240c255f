"""Mistakes that authors make and a parser cannot name: what stands there, and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

ACTIONS = frozenset(
    re.findall(r"\w+", "add assign deny limit omit query remove replace require route sequence")
)
DAY = re.compile(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}|\d{1,2}-\d{1,2}-\d{2,4}|\d{4}-\d{1,2}(-\d{1,2})?")
MONTHS = re.compile(
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?![\w-])", re.IGNORECASE
)
OPERATORS = {
    "==": "write `=` or `is`",
    "<>": "write `!=` or `is not`",
    "≠": "write `!=` or `is not`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "=<": "write `<=`",
    "=>": "write `>=`",
    "&": "write `and`",
    "&&": "write `and`",
    "|": "write `or`",
    "||": "write `or`",
    "!": "write `not`",
    ";": "nothing stands at the end of a line",
    "'": 'texts stand in double quotation marks: `"…"`',
    "`": 'texts stand in double quotation marks: `"…"`',
    "–": "this is a dash: write `to` for a range, `-` with spaces around it to subtract",
    "—": "this is a dash: write `to` for a range, `-` with spaces around it to subtract",
    "%": "there are no percentages: compare amounts",
    "*": "a star stands only at the end of a stem, such as `E11.*`",
    "/": "dates are written 2026-01-31; there is no division",
}
"""Signs of other languages, and what this one writes."""

WORDS = {
    "else": "say the other case in an exception: `unless NAME when … because … instead …`",
    "otherwise": "say the other case in an exception: `unless NAME when … because … instead …`",
    "elif": "each case is a rule of its own, or an exception: `unless NAME when …`",
    "end": "a block ends where the next begins",
    "equals": "write `is` or `=`",
    "like": "write `in { E11.* }` for codes, `contains` for texts",
    "true": "",
    "null": "write `is unknown`",
    "none": "write `is unknown`, or `no diagnosis …`",
    "today": "there is no today: name a clock, such as `date of service`",
    "now": "there is no now: name a clock, such as `date of service`",
    "today's": "there is no today: name a clock, such as `date of service`",
    "has": "write `some diagnosis in …`, or a comparison with `contains`",
    "have": "write `some diagnosis in …`, or a comparison with `contains`",
    "exists": "write `some diagnosis in …`",
    "than": "write a sign: `> 1` for more than 1, `>= 2` for at least 2, `< 1` for less than 1",
    "more": "write a sign: `> 1` for more than 1",
    "greater": "write a sign: `> 1` for greater than 1",
    "exceeds": "write a sign: `> 1`",
    "less": "write a sign: `< 1` for less than 1",
    "fewer": "write a sign: `< 1` for fewer than 1",
    "&&": "write `and`",
}
"""Words of other languages, and what this one writes."""

Said = tuple[str, str]
"""A message and a help."""


def mistaken(text: str, at: int, word: str, accepts: Collection[str]) -> Said | None:
    """The mistake at a place where ``word`` stands and only ``accepts`` may, if it is a known one.

    ``accepts`` are terminals of the grammar.
    """
    rest = text[at : at + 40]
    if rest[:1] == "=" and text[at - 1 : at] == "=":
        return "`==` is not a sign of the language", OPERATORS["=="]
    before = _before(text, at, word, accepts)
    if before is not None:
        return before
    tests: tuple[Callable[[str, str, Collection[str]], Said | None], ...] = (
        _date, _range, _sign, _place, _then, _quotes, _name, _code, _foreign,
    )  # fmt: skip
    for test in tests:
        found = test(word, rest, accepts)
        if found is not None:
            return found
    return None


def unfinished(text: str, accepts: Collection[str]) -> str:
    """A help for a text that ends too early, or goes on with something else, where its last words
    tell what the author was about to say; else an empty text."""
    if "WITH" in accepts and re.search(r"\bis\s+denied\s*$", text):
        return 'say with which reason code: `is denied with "CO-50"`'
    return ""


def _before(text: str, at: int, word: str, accepts: Collection[str]) -> Said | None:
    """Mistakes that show in what stands before the place."""
    done = text[:at].rstrip()
    helps = unfinished(done, accepts)
    if helps:
        return "the reason of the denial is missing before this", helps
    if word == "expect" and re.search(r"\b(does not fire|fires)$", done):
        return (
            "an example says `fires`, `does not fire`, or what it expects, not both",
            "expect that too: `expect rule NAME does not fire`, `expect rule NAME fires`",
        )
    action = re.search(r"\bdeny\s+([a-z][\w-]*)$", done)
    if action and "WITH" in accepts:
        form = f'`deny {action.group(1)} with reason "CO-50" because "…"`'
        return f"`{word}` comes before the reason code", f"write: {form}"
    stem = re.search(r"(?<![\w.-])[a-z]\d[a-z0-9]\.?$", done)
    tail = re.match(r"\.?[a-z0-9]{1,4}", text[at:])
    if stem and tail and (stem.group() + tail.group()).count(".") == 1:
        code = stem.group() + tail.group()
        return f"`{code}` is a code in small letters", f"codes have capitals: `{code.upper()}`"
    if word.startswith('"') and re.search(r"\b(any|none)\s+of$", done):
        inner = word.strip('"')
        return f"`{word}` is no set", f"write single values in braces: `{{ {inner} }}`"
    if word.startswith('"') and re.search(r"\{[^{}]*$", done) and "CODE" in accepts:
        return (
            f"`{word}` is a text; a set has codes",
            f"leave out the quotation marks: `{word[1:-1]}`",
        )
    if re.search(r"\[[^][]*$|\bmodifier$", done) and re.fullmatch(r"[a-z0-9]{2}", word):
        return (
            f"`{word}` is a modifier in small letters",
            f"modifiers have capitals: `{word.upper()}`",
        )
    if re.search(r"\[[^][]*$", done) and re.fullmatch(r"[a-z][\w-]*", word):
        return f"`{word}` is no value of a list", f'texts stand in quotation marks: `["{word}"]`'
    return None


def _date(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    hit = DAY.match(rest) or (MONTHS.match(rest) if "DATE" in accepts else None)
    if hit is None or not ({"DATE", "STRING"} & set(accepts) or "/" in hit.group()):
        return None
    return (
        f"`{hit.group()}` is not how dates are written",
        "dates are year-month-day with two digits each for month and day: `2026-01-31`",
    )


def _range(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    if rest[:1] in "-–—" and {"TO", "RBRACE"} <= set(accepts):
        return f"`{rest[:1]}` does not make a range", "write `to` between both codes: `J12 to J18`"
    return None


PARTS = (
    "effective", "cites", "severity", "mandatory", "for", "when", "then", "if", "unless", "example",
)  # fmt: skip
"""The first words of a rule's parts, in order."""


def _place(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    if word not in PARTS:
        return None
    if word == "when" and {"AND", "OR", "THEN"} <= set(accepts):
        return "`when` is given twice", "join both conditions with `and`"
    late = PARTS.index(word) < PARTS.index("unless")
    if late and {"EXAMPLE", "$END"} <= set(accepts):
        return (
            f"`{word}` comes too late in this rule",
            "the order: effective, cites, severity, for each, when, then, if unknown, unless",
        )
    return None


def _sign(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    for sign in (rest[:2], rest[:1]):
        if sign in OPERATORS:
            return f"`{sign}` is not a sign of the language here", OPERATORS[sign]
    return None


def _then(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    if "THEN" in accepts and word in ACTIONS:
        return f"`{word}` stands here without `then`", f"write: then {word} …"
    if word == "then" and "WHEN" not in accepts and "BECAUSE" in accepts and len(accepts) < 3:
        return "`then` comes before the action has its reason", 'first: because "…"'
    return None


def _quotes(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    if set(accepts) == {"STRING"} and (word[:1].isalnum() or word[:1] == "_"):
        return (
            f"`{word}` stands where a text in quotation marks is needed",
            'put the whole text between quotation marks: `"…"`',
        )
    return None


def _name(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    if set(accepts) != {"NAME"}:
        return None
    if word.startswith('"'):
        return (
            "a name is missing before the title",
            "a short name comes first, by which others can refer to this: `sepsis-first`",
        )
    plain = re.sub(r"[^a-z0-9_-]+", "-", word.lower()).strip("-_0123456789")
    if word[:1].isalnum() and plain and plain != word:
        return (
            f"`{word}` cannot be a name",
            f"names have only small letters, digits, `_` and `-`: `{plain}`",
        )
    return None


def _code(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    if "CODE" in accepts and re.fullmatch(r"[a-z]\d[a-z0-9](\.[a-z0-9]{1,4})?", word):
        return f"`{word}` is a code in small letters", f"codes have capitals: `{word.upper()}`"
    return None


def written_otherwise(word: str) -> str:
    """A help for a name that nothing has: a word of another language, or a code in small letters;
    else an empty text."""
    if re.fullmatch(r"[a-z]\d[a-z0-9]{0,5}", word):
        return f"codes have capitals: `{word.upper()}`"
    return WORDS.get(word, "")


def _foreign(word: str, rest: str, accepts: Collection[str]) -> Said | None:
    helps = WORDS.get(word.lower())
    return (f"`{word}` is not a word of the language here", helps) if helps else None
