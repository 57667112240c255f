"""Pregnancy and the completed weeks of gestation that a sentence states of the patient now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

WEEKS = r"(?:\s*(?:\d/7|\+\s*\d(?:/7)?|and \d/7))?[\s-]*(?:weeks?|wks?|w)"
PREGNANT = re.compile(
    rf"\b(?:(?P<w1>\d{{1,2}}){WEEKS}\b[\s-]*"
    r"(?:\d\s*days?\s*)?(?:pregnant|gestation|gravid|ga\b|intrauterine pregnancy|iup)"
    rf"|pregnant\b(?:,? (?:at|currently at|now at) (?P<w2>\d{{1,2}}){WEEKS}(?:\d?d)?\b)?"
    r"|(?:gestational age|ega|ga|gestation)\b(?: today| now)?(?: of| is|:| =)?\s*"
    rf"(?P<w3>\d{{1,2}}){WEEKS}(?:\d?d)?\b"
    r"|(?:gestational age|ega)\b(?: today| now)?(?: of| is|:| =)?\s*(?P<w6>\d{1,2})"
    r"(?: \d/7|\+\d)?(?=[\s,;.)]|$)(?!\.\d)(?! (?:days?|months?|years?)\b)"
    r"|(?:intrauterine|viable|normal|supervision of) pregnancy\b"
    r"(?:,? at (?P<w4>\d{1,2}) (?:weeks?|wks?))?"
    r"|pregnancy at (?P<w5>\d{1,2}) (?:weeks?|wks?))",
    re.I,
)
AGE = re.compile(
    r"\b(?:(?P<a>\d{1,2})\s?w(?:k|ks)?\s?\d\s?d\b"
    r"|(?P<b>\d{1,2})(?: | and |\+)\d/7(?:[\s-]*(?:weeks?|wks?|w))?\b"
    r"|(?P<c>\d{1,2}) (?:weeks?|wks?),?(?: and)? \d days?\b"
    r"|\bG\d{1,2} ?P\d{1,4},?(?: \w+){0,3} at (?P<d>\d{1,2}) ?(?:weeks?|wks?|w)\b)",
    re.I,
)
"""Weeks and days as obstetrics writes them. They date a pregnancy; they do not state one."""

OBSTETRIC = re.compile(
    r"\b(?:G\d{1,2} ?P\d|pregnan|gravid|gestation|iup\b|ega\b|ga\b|edd\b|edc\b|trimester|prenatal"
    r"|antenatal|fetal|fetus|obstetric)",
    re.I,
)
ANOTHER_TIME = re.compile(
    r"\b(?:born|birth|ex|deliver\w*|section|cesarean|c/s|loss|abort\w*|sab|tab|miscarri\w*|demise"
    r"|us|u/s|ultrasound|scan|sono\w*|by|from|until|till|after|since|before|plan\w*|schedul\w*"
    r"|induc\w*|repeat|start|begin|return|rtc|next|will|growth|previous|prior|former|history|every"
    r"|between|preterm|stillbirth|visit at|due at|recheck)\b(?:[^.;:\n]){0,40}$",
    re.I,
)
LOOK_BACK = 60
FEWEST_WEEKS, MOST_WEEKS = 1, 44


class Said(NamedTuple):
    """``kind`` is pregnant or gestational-age, the passage ``begin:end`` of the text."""

    kind: str
    begin: int
    end: int
    weeks: int | None


def find_gestation(text: str, begin: int, end: int) -> Iterator[Said]:
    """What the sentence ``text[begin:end]`` says of the present pregnancy.

    Weeks of another time (a birth, a scan, a plan) are passed over.
    """
    taken: list[tuple[int, int]] = []
    for match in PREGNANT.finditer(text, begin, end):
        weeks = next((int(number) for number in match.groups() if number), None)
        if weeks is not None and _at_another_time(text, begin, match.start()):
            continue
        if weeks is None or FEWEST_WEEKS <= weeks <= MOST_WEEKS:
            taken.append(match.span())
            yield Said("pregnant", match.start(), match.end(), weeks)
    sentence = text[begin:end]
    for match in AGE.finditer(text, begin, end):
        weeks = int(next(number for number in match.groups() if number))
        bare = match["c"] is not None or match["b"] is not None
        if bare and not OBSTETRIC.search(sentence) and "/7" not in match.group():
            continue
        if _at_another_time(text, begin, match.start()):
            continue
        covered = any(first < match.end() and match.start() < last for first, last in taken)
        if not covered and FEWEST_WEEKS <= weeks <= MOST_WEEKS:
            yield Said("gestational-age", match.start(), match.end(), weeks)


def _at_another_time(text: str, begin: int, at: int) -> bool:
    return ANOTHER_TIME.search(text[max(begin, at - LOOK_BACK) : at]) is not None
