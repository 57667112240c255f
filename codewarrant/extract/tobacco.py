"""Tobacco: whether a sentence says that the patient smokes, used to smoke, and is dependent."""

from __future__ import annotations

import re
from typing import NamedTuple

SMOKES = re.compile(
    r"\b(?P<dep>(?:nicotine|tobacco|cigarette)(?: \w+)? (?:dependence|addiction)"
    r"|dependence on (?:nicotine|tobacco|cigarettes)|(?:nicotine|tobacco)[ -]dependent"
    r"|tobacco use disorder)\b"
    r"|\b(?<!non-)(?<!non )(?<!ex-)(?<!ex )(?:current(?:ly)? (?:every ?day |daily )?smok(?:er|es)"
    r"|smokes\b|smoker\b|currently smoking|tobacco (?:use|abuse|user)\b|uses tobacco"
    r"|active smok(?:er|ing)|continues to smoke)",
    re.I,
)
NOT_NOW = re.compile(
    r"\b(?:former|ex|previous|quit|past|never|non|stopped|prior)\b[\s-]*(?:\w+ )?$", re.I
)
ANSWERED_NO = re.compile(
    r"^(?: status)?\s*[:?=-]+\s*(?:never|non?\b|none|denie[sd]|former|ex\b|quit|negative|past"
    r"|not? |n/a)",
    re.I,
)
NOT_DEPENDENT = re.compile(
    r"\b(?:without|no|not|denies)\b(?: \w+){0,3} (?:dependence|dependent|addicted|addiction)\b",
    re.I,
)
FORMER = re.compile(
    r"\b(?:(?:former|ex|previous|past|prior)[ -](?:(?:cigarette|tobacco|heavy|light|daily|cigar)"
    r" )?smoker|(?:former|previous|past|prior) (?:tobacco|cigarette|nicotine) (?:use|user|smoking)"
    r"|used to smoke\b(?! (?:more|heav|less|up to))|smoked until"
    r"|(?:smoking status|smoking|tobacco(?: use)?|smoker)\s*[:=-]\s*"
    r"(?:former|ex\b|quit)(?: smoker)?)",
    re.I,
)
QUIT = re.compile(
    r"\b(?:quit|stopped|gave up)\b(?! line)(?P<what> (?:smoking|tobacco|cigarettes))?"
    r"(?P<when>,?(?: \w+)?(?: in| since| about| around| over| approximately)? ?"
    r"(?:(?:19|20)\d\d\b|\d+ (?:years?|yrs?|months?)\b|\w+ years? ago))?",
    re.I,
)
WISHED = re.compile(
    r"\b(?:to|not|never|should|must|will|would|could|can(?:not)?|wants?|tried|trying|ready|if|has"
    r" yet|advised|encouraged|and|n't|plans?|attempt\w*|willing\w*|hopes?|cut down and)\s+"
    r"(?:completely |fully )?$",
    re.I,
)


LOOK_BACK = 40


class Said(NamedTuple):
    """``kind`` is smoker or former-smoker, the passage ``begin:end`` of the text."""

    kind: str
    begin: int
    end: int
    dependent: bool | None


def find_tobacco(text: str, begin: int, end: int) -> list[Said]:
    """What the sentence ``text[begin:end]`` says of smoking.

    Advice or a wish to quit is no end of smoking; a date of quitting is. Dependence is False only
    where it is denied of one who smokes.
    """
    sentence = text[begin:end]
    low = sentence.lower()
    if not ("smok" in low or "tobacco" in low or "nicotine" in low or "cigarette" in low):
        return []
    out = [
        Said("former-smoker", match.start(), match.end(), None)
        for match in FORMER.finditer(text, begin, end)
    ]
    smokes = SMOKES.search(sentence) is not None
    quit_ = False
    for match in QUIT.finditer(text, begin, end):
        if WISHED.search(text[max(begin, match.start() - LOOK_BACK) : match.start()]):
            continue
        if match["what"] or match["when"] or smokes:
            quit_ = True
            out.append(Said("former-smoker", match.start(), match.end(), None))
    if quit_ or out:
        return out
    undependent = NOT_DEPENDENT.search(sentence) is not None
    for match in SMOKES.finditer(text, begin, end):
        if NOT_NOW.search(text[max(begin, match.start() - LOOK_BACK) : match.start()]):
            continue
        if ANSWERED_NO.search(text[match.end() : min(end, match.end() + 24)]):
            continue
        dependent = None if not (match["dep"] or undependent) else bool(match["dep"])
        out.append(Said("smoker", match.start(), match.end(), dependent))
    return out
