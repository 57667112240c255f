"""What imported releases change in ICD-10-CM: which codes are in force, flags, exemptions, text.

An imported list of codes speaks for its own days: from the day it holds to the day before the next
list or the next April 1 or October 1, on which codes may change, whichever comes first. On these
days the codes that it lists are in force and no others; on all other days the shipped windows hold.
The horizon moves to the last day that is spoken for without a gap: where a list begins later than
the day after the horizon, what changed in between is not known, and it is left out until the list
between is imported too. Where an April 1 brings no change, the October list is imported again, with
``--effective`` April 1: then it is known that nothing changed. Lists of flags likewise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from codewarrant.codesets.facts import Span, Validity
from codewarrant.codesets.releases.loaders.editions import half_year_end
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Store
from codewarrant.codesets.shape import flat

LISTS, TEXT, EXEMPT, FLAGS = "icd10cm-order", "icd10cm-tabular", "poa-exempt", "mce-diagnoses"
TABLES = (LISTS, TEXT, EXEMPT, FLAGS)
"""The tables that change what the code set says."""

Titles = Mapping[str, str | None]
"""By code without dot the title: the codes that may be billed."""
FlagDays = Mapping[str, tuple[tuple[str, Span], ...]]
"""By code without dot its flags, each with the days it is set."""


@dataclass(frozen=True, slots=True)
class Imported:
    """All that was imported, in order of time, each part with the days that it speaks for.

    ``text`` is the newest tabular list with its first day.
    """

    lists: tuple[tuple[Span, Titles], ...] = ()
    flags: tuple[tuple[Span, FlagDays], ...] = ()
    exempt: tuple[tuple[Span, frozenset[str]], ...] = ()
    text: tuple[str, bytes] | None = None
    sources: tuple[dict[str, str], ...] = ()


NOTHING = Imported()


def releases_of(store: Store, horizon: str, text: str) -> tuple[Release, ...]:
    """The releases that count, in order of table and time; of two of one day the one that speaks.

    Lists and flags beyond a gap after ``horizon`` are left out, and tabular lists that are not
    newer than ``text``, the edition of the installed one. Cheap: no rows are read.
    """
    out: list[Release] = []
    for table in TABLES:
        found = _by_day(store, table)
        if table == TEXT:
            found = [item for item in found[-1:] if item.as_of.isoformat() > text]
        elif table != EXEMPT:
            found = found[: len(found) - len(_beyond(found, horizon))]
        out += found
    return tuple(out)


def beyond_a_gap(store: Store, horizon: str) -> tuple[Release, ...]:
    """The lists of codes and flags that begin after days of which nothing is known.

    They have no effect until what is between is imported too; ``horizon`` is the shipped one.
    """
    return tuple(
        release for table in (LISTS, FLAGS) for release in _beyond(_by_day(store, table), horizon)
    )


def read(store: Store, releases: Iterable[Release]) -> Imported:
    """The content of releases that :func:`releases_of` gave. Raises ``ReleaseError``."""
    found: dict[str, list[Release]] = {table: [] for table in TABLES}
    for release in releases:
        found[release.table].append(release)
    text = None
    for release in found[TEXT]:
        for row in store.rows(release):
            content = row.columns["content"]
            if isinstance(content, bytes):
                text = (release.as_of.isoformat(), content)
    return Imported(
        lists=tuple((days, _listed(store, release)) for release, days in _days(found[LISTS])),
        flags=tuple(
            (days, _flagged(store, release, days)) for release, days in _days(found[FLAGS])
        ),
        exempt=tuple(
            (days, frozenset(flat(str(row.columns["code"])) for row in store.rows(release)))
            for release, days in _days(found[EXEMPT])
        ),
        text=text,
        sources=tuple(
            {"table": release.table, "edition": release.edition, "sha256": release.digest}
            for table in TABLES
            for release in found[table]
        ),
    )


def extended(
    validity: Mapping[str, Validity], horizon: str, imported: Imported
) -> tuple[dict[str, Validity], str, str]:
    """Windows and flags by code, the last day of which codes are known, and that of the flags."""
    spans = [days for days, _ in imported.lists]
    flag_spans = [days for days, _ in imported.flags]
    named = {code for _, codes in (*imported.lists, *imported.flags) for code in codes}

    @cache
    def windows_of(shipped: tuple[Span, ...], listed: tuple[Span, ...]) -> tuple[Span, ...]:
        # few windows occur, each for very many codes
        return _joined([*_without(shipped, spans), *listed])

    out = {}
    for code in sorted({*validity, *named}):
        windows, flags = validity.get(code, ((), ()))
        if spans:
            listed = tuple(days for days, codes in imported.lists if code in codes)
            windows = windows_of(windows, listed)
        if flag_spans:
            flags = _flags(code, flags, flag_spans, imported.flags)
        if windows:
            out[code] = (windows, flags)
    last_listed = max([horizon, *(last for _, last in spans)])
    return out, last_listed, max([horizon, *(last for _, last in flag_spans)])


def _flags(
    code: str,
    shipped: tuple[tuple[str, Span], ...],
    spans: list[Span],
    imported: tuple[tuple[Span, FlagDays], ...],
) -> tuple[tuple[str, Span], ...]:
    by_flag: dict[str, list[Span]] = {}
    for name, span in shipped:
        by_flag.setdefault(name, []).extend(_without([span], spans))
    for _, flags in imported:
        for name, span in flags.get(code, ()):
            by_flag.setdefault(name, []).append(span)
    return tuple(sorted((name, span) for name, found in by_flag.items() for span in _joined(found)))


def _by_day(store: Store, table: str) -> list[Release]:
    """The releases of a table in order of time; of two of one day the one that speaks."""
    by_day: dict[date, Release] = {}
    for release in store.of(table):
        by_day.setdefault(release.as_of, release)
    return [by_day[day] for day in sorted(by_day)]


def _last(release: Release) -> date:
    return release.covers_to or half_year_end(release.as_of)


def _days(releases: list[Release]) -> list[tuple[Release, Span]]:
    """Each release with the days it speaks for: until its own last day, or the next release."""
    out = []
    for at, release in enumerate(releases):
        last = _last(release)
        if at + 1 < len(releases):
            last = min(last, releases[at + 1].as_of - timedelta(days=1))
        out.append((release, (release.as_of.isoformat(), last.isoformat())))
    return out


def _beyond(releases: list[Release], horizon: str) -> list[Release]:
    known = date.fromisoformat(horizon)
    for at, release in enumerate(releases):
        if release.as_of > known + timedelta(days=1):
            return releases[at:]
        known = max(known, _last(release))
    return []


def _listed(store: Store, release: Release) -> dict[str, str | None]:
    out = {}
    for row in store.rows(release):
        if row.columns["billable"]:
            title = row.columns["title"]
            out[flat(str(row.columns["code"]))] = str(title) if title else None
    return out


def _flagged(store: Store, release: Release, days: Span) -> dict[str, tuple[tuple[str, Span], ...]]:
    out: dict[str, list[tuple[str, Span]]] = {}
    for row in store.rows(release):
        first = max(days[0], row.effective_from.isoformat() if row.effective_from else days[0])
        last = min(days[1], row.effective_to.isoformat() if row.effective_to else days[1])
        if first <= last:
            found = out.setdefault(flat(str(row.columns["code"])), [])
            found.append((str(row.columns["flag"]), (first, last)))
    return {code: tuple(sorted(flags)) for code, flags in out.items()}


def _without(windows: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What is left of windows outside the holes."""
    left = list(windows)
    for start, end in holes:
        rest: list[Span] = []
        for first, last in left:
            if last < start or first > end:
                rest.append((first, last))
                continue
            if first < start:
                rest.append((first, _moved(start, -1)))
            if last > end:
                rest.append((_moved(end, 1), last))
        left = rest
    return left


def _joined(windows: Iterable[Span]) -> tuple[Span, ...]:
    """Windows in order, those that touch made one."""
    out: list[Span] = []
    for first, last in sorted(windows):
        if out and first <= _moved(out[-1][1], 1):
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return tuple(out)


def _moved(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
