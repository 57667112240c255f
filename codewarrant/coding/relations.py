"""The attributes of codes as a relation that rules join: one row a code and date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from codewarrant.codesets.answers import SeventhState, Status
from codewarrant.codesets.codeset import CodeSet
from codewarrant.codesets.conventions_sevenths import Seventh
from codewarrant.engine.canonical import digest
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Code, Value
from codewarrant.schema import CODE_ATTRIBUTES, CODES

KEPT = 20_000
"""Rows that are kept in memory: the same codes occur on many charts of a day."""


class CodeAttributes:
    """``d.code.title`` and its like, answered from the releases of a snapshot.

    A code of a system without a release has no row: every attribute of it is unknown.
    """

    name = CODES

    def __init__(self, releases: Mapping[str, CodeSet]) -> None:
        self._releases = dict(releases)
        self.digest = digest({name: item.digest for name, item in self._releases.items()})
        self._rows_by_day: dict[tuple[Code, date | None], Row | None] = {}
        self.columns: Mapping[str, str] = {"code": "code"} | {
            name: kind for name, (kind, _) in CODE_ATTRIBUTES.items()
        }

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row]]:
        """The row of each code on the date; keys other than ``code`` filter it."""
        return [self._rows(key, on) for key in keys]

    def _rows(self, key: Mapping[str, Value], on: date | None) -> Sequence[Row]:
        code = key.get("code")
        if not isinstance(code, Code) or code.system not in self._releases:
            return ()
        known = self._rows_by_day
        try:
            row = known[code, on]
        except KeyError:  # asked once: another thread may empty what is kept at any moment
            row = self._row(self._releases[code.system], code, on)
            if len(known) > KEPT:
                known.clear()
            known[code, on] = row
        if row is None or any(row.columns.get(name) != value for name, value in key.items()):
            return ()
        return (row,)

    def _row(self, release: CodeSet, code: Code, on: date | None) -> Row | None:
        name = code.value
        status = release.status(name, on)
        if status is Status.UNKNOWN:
            return _no_code(release, code, on)
        columns: dict[str, Value | None] = {
            "code": code,
            "edition": release.release,
            "title": release.title(name),
            "category": Code(code.system, release.category(name) or name),
            "unspecified": release.unspecified(name),
            "laterality": release.laterality(name),
            "seventh_character": release.seventh_character(name, on).value,
        }
        if status is not Status.UNDETERMINED:
            columns |= {
                "valid": status in (Status.VALID, Status.HEADER),
                "billable": status is Status.VALID,
                "manifestation": release.manifestation(name, on),
                "unacceptable_principal": release.unacceptable_principal(name, on),
                "external_cause": release.external_cause(name, on),
                **_limits(release, name, on),
            }
        for side in ("left", "right", "bilateral"):
            sibling = release.sibling(name, side)
            if sibling is not None:
                columns[side] = Code(code.system, sibling)
        known = {key: value for key, value in columns.items() if value is not None}
        return Row(f"{code.system}/{name}", known)


AGES = ("newborn", "pediatric", "maternity", "adult")
"""Flags of the Medicare Code Editor that limit the patient's age."""

NEVER = {
    "valid": False,
    "billable": False,
    "manifestation": False,
    "unacceptable_principal": False,
    "needs_secondary": False,
    "external_cause": False,
    "age_limited": False,
    "female_only": False,
    "male_only": False,
}
"""What holds of a text that is no code on a day of which the release knows."""

OUT_OF_FORM = {Seventh.WRONG, Seventh.NO_PLACEHOLDER, Seventh.UNEXPECTED}


def _no_code(release: CodeSet, code: Code, on: date | None) -> Row | None:
    """The row of what the release does not hold; None on days that it does not know."""
    if not release.knows(on):
        return None
    found = release.conventions.seventh(code.value)
    out_of_form = found is not None and found.state in OUT_OF_FORM
    state = found.state if found is not None and out_of_form else SeventhState.NOT_USED
    columns: dict[str, Value] = {
        "code": code,
        "seventh_character": state.value,
        "edition": release.release,
        **NEVER,
    }
    return Row(f"{code.system}/{code.value}", columns)


def _limits(release: CodeSet, name: str, on: date | None) -> dict[str, Value | None]:
    """What the editor's flags of the day ask of the patient and of the claim's other diagnoses.

    Of two ranges of age what both allow.
    """
    flags = release.flags(name, on)
    if flags is None or on is None:
        return {}
    limits: dict[str, Value | None] = {
        "age_limited": any(flag in flags for flag in AGES),
        "female_only": "female" in flags,
        "male_only": "male" in flags,
        "needs_secondary": "reqsdx" in flags,
    }
    ranges = [release.age_range(flag, on) for flag in AGES if flag in flags]
    known = [item for item in ranges if item is not None]
    if not known or len(known) < len(ranges):
        return limits
    return limits | {
        "youngest": max(low for low, _ in known),
        "oldest": min(high for _, high in known),
    }
