"""From when an edition holds: what the caller says, else what the name of its file says.

Diagnosis and inpatient procedure codes change on October 1, the first day of a federal fiscal year,
and may change again on April 1 (42 CFR 412.60; Social Security Act 1886(d)(5)(K)(vii)). An official
list is therefore certain until the next of these two days only: what is said of later days is the
next list's to say, even where that brings no change.
"""

from __future__ import annotations

import calendar
import re
from datetime import date

from codewarrant.codesets.releases.draft import Asked, fiscal_year_days, quarter_days
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.sources import Source

ICD10_BEGAN = date(2015, 10, 1)
"""First day of ICD-10-CM and ICD-10-PCS (45 CFR 162.1002)."""

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if number}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if number}
_MONTH = "|".join(sorted(_MONTHS, key=lambda name: (-len(name), name)))
_SEPARATOR = r"[-_ ,]*"
# April-1-2026, Jan-2021, PPRRVU2025_Oct, HCPC2026_OCT, RVU26_JAN
_MONTH_FIRST = re.compile(
    rf"(?<![a-z])(?P<month>{_MONTH}){_SEPARATOR}(?:(?P<day>[0-9]{{1,2}}){_SEPARATOR})??"
    r"(?P<year>20[0-9]{2})(?![0-9])"
)
_MONTH_LAST = re.compile(
    rf"(?<![0-9])(?P<year>20[0-9]{{2}}|[0-9]{{2}}){_SEPARATOR}(?P<month>{_MONTH})(?![a-z])"
)
_ISO = re.compile(
    r"(?<![0-9])(?P<year>20[0-9]{2})-?(?P<month>[01][0-9])-?(?P<day>[0-3][0-9])(?![0-9])"
)
_YEAR = re.compile(r"(?<![0-9])(?:fy)?(?P<year>20[0-9]{2})(?![0-9])|fy(?P<short>[0-9]{2})(?![0-9])")
_EDITION = re.compile(rf"(?P<year>20[0-9]{{2}})(?:-(?P<month>{_MONTH}))?")


def half_year_end(day: date) -> date:
    """The last day before the next April 1 or October 1."""
    if day.month < 4:
        return date(day.year, 3, 31)
    return date(day.year, 9, 30) if day.month < 10 else date(day.year + 1, 3, 31)


def fiscal_year(day: date) -> int:
    """The federal fiscal year of a day: 2026-10-01 lies in 2027."""
    return day.year + (day.month >= 10)


def fiscal_edition(day: date, asked: Asked) -> str:
    """The caller's name, else ``2027`` for the edition of 2026-10-01, ``2027-April`` for that
    of 2027-04-01.
    """
    if asked.edition:
        return asked.edition
    year = fiscal_year(day)
    if day == fiscal_year_days(year)[0]:
        return str(year)
    plain = f"{year}-{calendar.month_name[day.month]}"
    return plain if day.day == 1 else f"{plain}-{day.day}"


def fiscal_effective(source: Source, asked: Asked) -> date:
    """The first day of an edition of ICD-10-CM or ICD-10-PCS.

    A year alone (``icd10cm_tabular_2027.xml``) is a fiscal year. Raises ``ReleaseError`` where
    neither the caller nor the name says, and for a day before ICD-10.
    """
    day = asked.effective or _of_edition(asked.edition) or _named(source.name, fiscal=True)
    if day is None:
        raise ReleaseError(
            "neither the file nor its name says from when it holds; give the first day of its"
            " period with --effective (2026-10-01, say, for the October release of fiscal year"
            " 2027)",
            source.name,
        )
    if day < ICD10_BEGAN:
        raise ReleaseError(f"holds from {day}, but ICD-10 began on {ICD10_BEGAN}", source.name)
    return day


def quarter_effective(source: Source, asked: Asked) -> date:
    """The first day of a quarterly edition. Raises ``ReleaseError`` where nothing says which."""
    day = asked.effective
    if day is None and asked.edition:
        day = quarter_days(asked.edition)[0]
    if day is None:
        day = _named(source.name, fiscal=False)
    if day is None:
        raise ReleaseError(
            "neither the file nor its name says of which quarter it is; give it with --edition"
            " (2026Q4, say)",
            source.name,
        )
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def quarter_end(day: date) -> date:
    """The last day of the calendar quarter of a day."""
    last = (day.month + 2) // 3 * 3
    return date(day.year, last, calendar.monthrange(day.year, last)[1])


def same_version(source: Source, version: str, effective: date) -> None:
    """Compare the fiscal year that a document names itself with the day it shall hold from.

    The documents name the year alone: April and October releases cannot be told apart by it.
    Raises ``ReleaseError`` where they disagree.
    """
    found = re.fullmatch(r"\s*(?:FY\s*)?(20[0-9]{2})\s*", version, re.IGNORECASE)
    if found is None or int(found[1]) == fiscal_year(effective):
        return
    first, last = fiscal_year_days(int(found[1]))
    raise ReleaseError(
        f"is the edition of fiscal year {found[1]} ({first} to {last}), not of {effective}",
        source.name,
    )


def plain_date(text: str, source: Source, line: int) -> date | None:
    """A date written ``20261001``, ``2026-10-01`` (a time may follow) or ``10/01/2026``.

    Empty text, ``*`` and all zeros are no date. Raises ``ReleaseError`` for anything else.
    """
    trimmed = text.strip().partition(" ")[0]
    if not trimmed.strip("*0"):
        return None
    found = re.fullmatch(
        r"(?P<y>[12][0-9]{3})-?(?P<m>[0-9]{2})-?(?P<d>[0-9]{2})(?:T.*)?"
        r"|(?P<m2>[0-9]{1,2})/(?P<d2>[0-9]{1,2})/(?P<y2>[12][0-9]{3})",
        trimmed,
    )
    try:
        if found is not None:
            parts = [
                found["y"] or found["y2"],
                found["m"] or found["m2"],
                found["d"] or found["d2"],
            ]
            return date(*(int(part) for part in parts))
    except ValueError:
        pass
    raise ReleaseError(f"`{trimmed}` is no date", source.name, line)


def _of_edition(edition: str) -> date | None:
    """The first day of ``2027``, ``2027-April`` or a correction (``2027-r2``), else None."""
    found = _EDITION.fullmatch(edition.lower())
    if found is None:
        return None
    year, month = int(found["year"]), _MONTHS.get(found["month"] or "october", 10)
    return date(year - (month >= 10), month, 1)


def _named(name: str, fiscal: bool) -> date | None:
    """The date in a path: a month in any part of it, the last one first, or a year alone."""
    parts = [part.lower() for part in reversed(name.split("/"))]
    for part in parts:
        for pattern in (_MONTH_FIRST, _ISO, _MONTH_LAST):
            for found in reversed(list(pattern.finditer(part))):
                day = _date(found.groupdict())
                if day is not None:
                    return day
    if not fiscal:
        return None
    for part in parts:
        found = _YEAR.search(part)
        if found is not None:
            year = int(found["year"] or "20" + found["short"])
            return fiscal_year_days(year)[0]
    return None


def _date(found: dict[str, str | None]) -> date | None:
    year, month = found["year"] or "", found["month"] or ""
    try:
        return date(
            int(year if len(year) == 4 else "20" + year),
            _MONTHS.get(month) or int(month),
            int(found.get("day") or 1),
        )
    except ValueError:
        return None
