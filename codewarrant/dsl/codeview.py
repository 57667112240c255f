"""What the language asks of code sets, and the answers of installed releases.

Systems without an installed release (CPT is licensed by the AMA, and is never shipped) order their
codes as text; nothing is said of whether such a code exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import Protocol

from codewarrant.codesets import CodeSet
from codewarrant.engine.relation import Relation
from codewarrant.engine.values import CodeOrder, Interval, Intervals, overlap

SYSTEMS = (
    "icd10cm", "icd9cm", "icd10pcs", "cpt", "hcpcs", "modifier", "pos", "revenue",
)  # fmt: skip

NOT_INSTALLED = "not installed"


class CodeView(Protocol):
    """Code sets as rules see them."""

    def order(self, system: str) -> CodeOrder: ...

    def status(self, system: str, code: str, on: date | None) -> str:
        """``valid``, ``header``, ``ended``, ``not yet in force``, ``undetermined``, ``unknown``, or
        ``not installed`` where the system has no release."""
        ...

    def successors(self, system: str, code: str) -> tuple[str, ...]: ...

    def suggest(self, system: str, code: str) -> str:
        """A code that exists and is written nearly so, or an empty text."""
        ...

    def descendants(self, system: str, code: str) -> tuple[str, ...] | None:
        """All codes and headers that ever stood under one; None where the system has no release."""
        ...

    def with_attribute(self, attribute: str, value: str | bool) -> Intervals | None:
        """Where the codes stand whose attribute has the value on some date (a superset); None
        where that is not known."""
        ...

    def values_of(self, attribute: str, within: Intervals) -> Intervals | None:
        """Where the codes stand that the attribute names for codes in ``within`` (a superset)."""
        ...

    def attributes(self) -> Relation | None:
        """The relation of code attributes, for running examples."""
        ...

    def table(self, name: str) -> Relation | None:
        """The installed table of that name; None where the installation has none."""
        ...


class InstalledCodes:
    """Answers from releases, by system; ``attributes`` is the relation that goes with them, and
    ``tables`` are the installed tables by name."""

    def __init__(
        self,
        releases: Mapping[str, CodeSet],
        attributes: Relation | None = None,
        tables: Mapping[str, Relation] | None = None,
    ) -> None:
        self._releases = dict(releases)
        self._attributes = attributes
        self._tables = dict(tables or {})
        self._orders = {
            system: CodeOrder(system, self._releases[system].moved())
            if system in self._releases
            else CodeOrder(system)
            for system in SYSTEMS
        }

    def order(self, system: str) -> CodeOrder:
        return self._orders.get(system) or CodeOrder(system)

    def status(self, system: str, code: str, on: date | None) -> str:
        release = self._releases.get(system)
        return NOT_INSTALLED if release is None else release.status(code, on).value

    def successors(self, system: str, code: str) -> tuple[str, ...]:
        release = self._releases.get(system)
        return () if release is None else release.successors(code)

    def suggest(self, system: str, code: str) -> str:
        release = self._releases.get(system)
        found = release.suggest(code, limit=1) if release is not None else ()
        return found[0] if found else ""

    def descendants(self, system: str, code: str) -> tuple[str, ...] | None:
        release = self._releases.get(system)
        return None if release is None else release.descendants(code)

    def attributes(self) -> Relation | None:
        return self._attributes

    def table(self, name: str) -> Relation | None:
        return self._tables.get(name)

    def with_attribute(self, attribute: str, value: str | bool) -> Intervals | None:
        if attribute == "laterality":
            return self._sided
        # an unexpected character stands on a code that takes none
        if attribute == "seventh_character" and value not in ("not used", "unexpected"):
            return self._completed
        return None

    def values_of(self, attribute: str, within: Intervals) -> Intervals | None:
        if attribute == "category":
            return None
        # the other sides of a code stand in its own category
        return tuple(item for item in self._sided if overlap((item,), within))

    @cached_property
    def _sided(self) -> Intervals:
        """The categories in which some title names a side."""
        return self._categories(lambda release, code: bool(SIDE.search(release.title(code) or "")))

    @cached_property
    def _completed(self) -> Intervals:
        """The categories in which some code has a 7th character."""
        return self._categories(lambda release, code: len(code) == 8)

    def _categories(self, test: Callable[[CodeSet, str], bool]) -> Intervals:
        """Whole categories, so that headers and incomplete codes are in them."""
        found: list[Interval] = []
        for system in sorted(self._releases):
            release = self._releases[system]
            days = (release.known_from, release.horizon)
            heads = {release.category(code) or code for day in days for code in release.codes(day)}
            found += [
                self._orders[system].under(head)
                for head in sorted(heads)
                if any(test(release, code) for code in (head, *release.descendants(head)))
            ]
        return tuple(sorted(found))


SIDE = re.compile(r"\b(left|right|bilateral)\b", re.I)
