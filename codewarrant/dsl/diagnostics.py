"""What is wrong with a rulepack, as data: a stable code, a place, a message and a way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

CODES: dict[str, str] = {
    # reading
    "CW0101": "a word or sign that does not belong there",
    "CW0102": "a block that starts with an unknown word",
    "CW0103": "a quotation mark that is not closed",
    "CW0104": "typographic quotation marks",
    "CW0105": "an invisible character",
    "CW0106": "`and` and `or` mixed without parentheses",
    "CW0107": "a part that ends too early",
    "CW0108": "a reserved word used as a name",
    "CW0109": "a file that is not UTF-8 text",
    "CW0110": "a part given twice",
    # the pack and its names
    "CW0201": "a folder without a pack block",
    "CW0202": "two pack blocks",
    "CW0203": "a name given twice",
    "CW0204": "an unknown source",
    "CW0205": "an unknown value set",
    "CW0206": "an unknown variable, parameter or definition",
    "CW0207": "an unknown table",
    "CW0208": "an unknown field",
    "CW0209": "a pack that is extended but not there",
    "CW0210": "a definition that uses itself",
    "CW0211": "an unknown exception",
    "CW0212": "a variable bound twice",
    "CW0213": "an unknown rule",
    "CW0214": "a pack that extends itself",
    # types
    "CW0301": "two values that cannot be compared",
    "CW0302": "a word that is not one of a field's values",
    "CW0303": "a value where a code is needed, or a code where none can be",
    "CW0304": "codes of two systems",
    "CW0305": "a condition on a value that is not true or false",
    "CW0306": "values that cannot be added",
    "CW0307": "a list where one value is needed, or one where a list is",
    "CW0308": "months and years without a calendar date",
    "CW0309": "an action on the wrong kind of thing",
    "CW0310": "a value of the wrong type",
    "CW0311": "a test of sequence where sequence is decided",
    "CW0312": "a rule that removes and does something else",
    "CW0313": "a name in a text that cannot be filled in",
    # dates and citations
    "CW0401": "a pack without dates",
    "CW0402": "an impossible date",
    "CW0403": "an end before its start",
    "CW0404": "a rule without a citation",
    "CW0405": "dates outside the pack's",
    "CW0406": "overlapping dates",
    # codes, sets and tables
    "CW0501": "a code that does not exist",
    "CW0502": "a code that had ended",
    "CW0503": "a range whose end stands before its start",
    "CW0504": "a value set that contains itself",
    "CW0505": "a code not written as its system does",
    "CW0506": "a table file that is not there",
    "CW0507": "a table file that has changed",
    "CW0508": "a table that cannot be read",
    "CW0509": "an empty value set",
    "CW0510": "an installed table that does not exist",
    "CW0511": "an installed table with dates of its own",
    "CW0512": "an installed table joined without its key",
    # overrides and linking
    "CW0601": "an override of a rule that is not there",
    "CW0602": "an override of a mandatory rule",
    "CW0603": "an override without reason, citation or dates",
    "CW0604": "a stale override",
    "CW0605": "two overrides that contradict each other",
    "CW0606": "two packs of one name",
    "CW0607": "an extended pack in another version",
    "CW0608": "a change for all charts in a pack that does not always apply",
    # rules together
    "CW0701": "rules that wait for each other",
    # examples
    "CW0801": "an example or test that fails",
    "CW0802": "a given fact that is incomplete",
}
"""Every code and what it stands for. A code is never given another meaning."""


LINTS: dict[str, str] = {
    "always-false": "a condition that can never hold",
    "because-names-unassigned-code": "an exception's reason that names a code no rule assigns",
    "because-without-variable": "a variable written into a reason without its braces",
    "dead-code": "a code that has ended or is not yet in force, in a set",
    "exception-never-reached": "an exception that can never excuse anything",
    "expired-source": "a rule that is in force longer than what it cites",
    "fires-both-ways": "a rule over two facts of one kind that does not say which is which",
    "gap-between-versions": "days on which no version holds",
    "lint-setting": "a lint setting that sets nothing",
    "missing-example": "a rule that no example shows firing",
    "no-citation": "a parameter or table without a source",
    "open-ended-date": "a pack without an end",
    "overlapping-dates": "a row given twice for the same days",
    "patient-data-in-example": "what looks like a real person in an example",
    "payer-changes-diagnosis": "a payer's pack that changes what is diagnosed",
    "quote-not-in-source": "quoted words that the source does not have",
    "redundant-guard": "a condition on what the rule itself concludes",
    "shadowed-by": "a rule that another makes superfluous",
    "stale-override": "an override that can never have an effect",
    "unused-value-set": "a value set that nothing uses",
}
"""Every lint and what it finds. Packs set their levels by these names."""


class Span(NamedTuple):
    """A place: lines and columns from 1, the end not included."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


NOWHERE = Span("", 1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that matters for a diagnostic."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One cause, one message. ``severity`` is ``error`` or ``warning``."""

    code: str
    span: Span
    message: str
    help: str = ""
    related: tuple[Related, ...] = ()
    severity: Literal["error", "warning"] = "error"

    def __post_init__(self) -> None:
        if self.code not in CODES and self.code not in LINTS:
            raise ValueError(f"unregistered diagnostic {self.code}")

    def to_json(self) -> dict[str, Any]:
        """Plain values, keys in a fixed order."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "help": self.help,
            "place": _place(self.span),
            "related": [
                {"message": item.message, "place": _place(item.span)} for item in self.related
            ],
        }


class Fault(Exception):
    """Stops the check of one condition, action or block; carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def fault(
    code: str, span: Span, message: str, help: str = "", related: tuple[Related, ...] = ()
) -> Fault:
    """A fault with its diagnostic, to be raised or, by ``.diagnostic``, kept."""
    return Fault(Diagnostic(code, span, message, help, related))


def did_you_mean(word: str, known: Mapping[str, Any] | list[str] | tuple[str, ...]) -> str:
    """``did you mean `x`?`` for the nearest known word, or for those of which ``word`` is the first
    part (`age` of `age_years`); else an empty text."""
    longer = [item for item in sorted(known) if re.match(rf"{re.escape(word)}[_-]", item)]
    found = longer[:3] or get_close_matches(word, sorted(known), 1, 0.6)
    return f"did you mean {one_of(found)}?" if found else ""


def one_of(words: list[str] | tuple[str, ...], limit: int = 12) -> str:
    """Words in backticks as a list for a sentence."""
    shown = [f"`{item}`" for item in words[:limit]]
    if len(words) > limit:
        return ", ".join(shown) + f" and {len(words) - limit} more"
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def render(diagnostic: Diagnostic, files: Mapping[str, str]) -> str:
    """For people: the message, the line with a caret under the place, and the help.

    ``files`` maps file names to their text; a file that is missing is named without its line.
    """
    span = diagnostic.span
    out = [f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    out += _excerpt(span, files)
    for item in diagnostic.related:
        out.append(f"  note: {item.message}")
        out += _excerpt(item.span, files)
    if diagnostic.help:
        first, *rest = diagnostic.help.split("\n")
        out.append(f"  help: {first}")
        out += [f"        {line}" for line in rest]
    return "\n".join(out)


WIDEST = 200
"""Signs of a line that are shown."""


def _excerpt(span: Span, files: Mapping[str, str]) -> list[str]:
    if not span.file:
        return []
    out = [f"  --> {span.file}:{span.line}:{span.column}"]
    lines = files.get(span.file, "").split("\n")
    if span.line <= len(lines) and lines[span.line - 1].strip():
        line = lines[span.line - 1].rstrip("\r").replace("\t", " ")
        if span.end_line == span.line:
            width = max(1, span.end_column - span.column)
        else:
            width = max(1, len(line) - span.column + 1)
        before = span.column - 1
        if len(line) > WIDEST:
            # only the part around the place
            first = max(0, min(before - 40, len(line) - WIDEST))
            line = ("…" if first else "") + line[first : first + WIDEST] + "…"
            before += (1 if first else 0) - first
            width = max(1, min(width, len(line) - before))
        margin = str(span.line)
        out.append(f"  {margin} | {line}")
        out.append(f"  {' ' * len(margin)} | {' ' * before}{'^' * width}")
    return out


def _place(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
