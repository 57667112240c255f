"""Value sets as intervals of codes: ranges in tabular order, stems, descendants, exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from codewarrant.dsl import syntax as s
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import Diagnostic, Fault, did_you_mean, fault
from codewarrant.dsl.mistakes import written_otherwise
from codewarrant.dsl.types import SHAPES, STEMS, by_date, system_of
from codewarrant.engine.conditions import SetVersion, Window
from codewarrant.engine.values import UPPER, Interval, Intervals, merge

AFTER = "!"
"""Sorts below every character of a key: ``key + AFTER`` is where the key's successors begin."""


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A set with its systems and dated contents; windows do not overlap."""

    id: str
    systems: tuple[str, ...]
    versions: tuple[SetVersion, ...]

    @property
    def codes(self) -> Intervals:
        """All that the set ever holds."""
        return merge(tuple(code for version in self.versions for code in version.codes))


def systems_named(name: str) -> tuple[str, ...]:
    """The systems that a value set's ``of`` stands for."""
    return ("cpt", "hcpcs") if name == "cpt-hcpcs" else (name,)


def subtract(codes: Intervals, away: Intervals) -> Intervals:
    """The keys of ``codes`` that are in none of ``away``."""
    out = list(merge(codes))
    for cut in merge(away):
        kept: list[Interval] = []
        for item in out:
            if item.system != cut.system or item.high < cut.low or cut.high < item.low:
                kept.append(item)
                continue
            if item.low < cut.low:
                kept.append(item._replace(high=_before(cut.low)))
            if cut.high < item.high:
                kept.append(item._replace(low=cut.high + AFTER))
        out = [item for item in kept if item.low <= item.high]
    return merge(tuple(out))


def _before(key: str) -> str:
    """The end of all keys that sort before this one."""
    if key.endswith(AFTER):
        return key[: -len(AFTER)]
    head, last = key[:-1], key[-1:]
    if last == "0":
        return head
    return head + ("9" if last == "A" else chr(ord(last) - 1)) + UPPER


class SetReader:
    """Reads code sets of one pack. ``named`` gives the sets that may be referred to.

    Faults of single items go to ``faults``, so that one misspelt code does not hide the next.
    """

    def __init__(
        self,
        codes: CodeView,
        named: Mapping[str, ValueSet],
        on: date | None,
        faults: list[Diagnostic],
    ) -> None:
        self._codes = codes
        self._named = named
        self._on = on
        self._faults = faults

    def declared(self, pack: str, block: s.ValueSetBlock) -> ValueSet:
        """The set of a ``value set`` block."""
        systems = systems_named(block.system)
        versions: list[SetVersion] = []
        for item in block.versions:
            window = Window(item.start, item.end)
            on = max(filter(None, (self._on, item.start)), default=None)
            if item.end is not None and on is not None and on >= item.end:
                on = item.start
            versions += self._versions(item.codes, systems, window, on)
        return ValueSet(f"{pack}/{block.name.text}", systems, tuple(versions))

    def used(
        self, node: s.CodeSet | s.SetItem, systems: tuple[str, ...], text: str = ""
    ) -> ValueSet:
        """The set that a condition names or spells out. Raises ``Fault``."""
        if isinstance(node, s.SetItem):
            return self._set(node)
        found = self._versions(node, by_date(systems, self._on), Window(), self._on)
        held = tuple(sorted({code.system for version in found for code in version.codes}))
        return ValueSet(text, held or systems, found)

    def _set(self, item: s.SetItem) -> ValueSet:
        found = self._named.get(item.first)
        if found is None:
            raise fault(
                "CW0205",
                item.span,
                f"there is no value set `{item.first}`",
                did_you_mean(item.first, dict(self._named)) or written_otherwise(item.first),
            )
        return found

    def _versions(
        self, node: s.CodeSet, systems: tuple[str, ...], window: Window, on: date | None
    ) -> tuple[SetVersion, ...]:
        plain, dated = self._items(node.items, systems, on)
        away, dated_away = self._items(node.excepts, systems, on)
        if not dated and not dated_away:
            return (SetVersion(window, subtract(plain, away)),)
        out = []
        for part in _pieces(window, [*dated, *dated_away]):
            here = merge(plain + _holding(dated, part))
            out.append(SetVersion(part, subtract(here, away + _holding(dated_away, part))))
        return tuple(out)

    def _items(
        self, items: tuple[s.SetItem, ...], systems: tuple[str, ...], on: date | None
    ) -> tuple[Intervals, list[SetVersion]]:
        plain: list[Interval] = []
        dated: list[SetVersion] = []
        for item in items:
            try:
                if item.kind == "set":
                    found = self._set(item)
                    self._same_system(found, systems, item)
                    for version in found.versions:
                        if version.window.start is None and version.window.end is None:
                            plain += version.codes
                        else:
                            dated.append(version)
                else:
                    plain += self._intervals(item, systems, on)
            except Fault as error:
                self._faults.append(error.diagnostic)
        return merge(tuple(plain)), dated

    def _same_system(self, found: ValueSet, systems: tuple[str, ...], item: s.SetItem) -> None:
        if systems and not set(found.systems) <= set(systems):
            raise fault(
                "CW0304",
                item.span,
                f"`{item.first}` holds {' and '.join(found.systems)} codes",
                f"codes of {' or '.join(systems)} are needed here",
            )

    def _intervals(self, item: s.SetItem, systems: tuple[str, ...], on: date | None) -> Intervals:
        if item.kind == "range":
            first = self._exists(item.first, systems, on, item)
            last = self._exists(item.last, systems, on, item)
            if first != last:
                raise fault(
                    "CW0304",
                    item.span,
                    f"`{item.first}` is a code of {first}, `{item.last}` of {last}",
                )
            found = self._codes.order(first).between(item.first, item.last)
            if found.high < found.low:
                raise fault(
                    "CW0503",
                    item.span,
                    f"`{item.last}` stands before `{item.first}`",
                    f"write `{item.last} to {item.first}`",
                )
            return (found,)
        if item.kind == "star":
            system = self._stem(item, systems)
            return (self._codes.order(system).under(item.first),)
        system = self._exists(item.first, systems, on, item)
        order = self._codes.order(system)
        if item.kind == "descendants":
            return subtract((order.under(item.first),), (order.exactly(item.first),))
        return (order.exactly(item.first),)

    def _stem(self, item: s.SetItem, systems: tuple[str, ...]) -> str:
        for system in systems:
            stem = STEMS.get(system)
            if SHAPES[system].fullmatch(item.first) or (stem and stem.fullmatch(item.first)):
                status = self._codes.status(system, item.first, self._on)
                if status == "unknown" and SHAPES[system].fullmatch(item.first):
                    raise self._unknown(system, item.first, item)
                return system
        raise self._misspelt(item.first, systems, item)

    def _exists(self, code: str, systems: tuple[str, ...], on: date | None, item: s.SetItem) -> str:
        system = system_of(code, systems)
        if not system:
            raise self._misspelt(code, systems, item)
        check_code(self._codes, system, code, on, item)
        return system

    def _unknown(self, system: str, code: str, item: s.SetItem) -> Fault:
        return unknown_code(self._codes, system, code, item)

    def _misspelt(self, code: str, systems: tuple[str, ...], item: s.SetItem) -> Fault:
        return misspelt(code, systems, item)


def check_code(
    codes: CodeView, system: str, code: str, on: date | None, node: s.SetItem | s.CodeValue
) -> None:
    """Refuse a code that does not exist, or had ended on the day. Raises ``Fault``."""
    status = codes.status(system, code, on)
    if status == "unknown":
        raise unknown_code(codes, system, code, node)
    if status == "ended":
        after = codes.successors(system, code)
        raise fault(
            "CW0502",
            node.span,
            f"`{code}` had ended on {on}",
            f"it was followed by {', '.join(f'`{item}`' for item in after)}" if after else "",
        )


def unknown_code(
    codes: CodeView, system: str, code: str, node: s.SetItem | s.CodeValue | s.Number
) -> Fault:
    """A code that its system has never had."""
    near = codes.suggest(system, code)
    return fault(
        "CW0501",
        node.span,
        f"`{code}` is not a code of {system}",
        f"did you mean `{near}`?" if near else "",
    )


def misspelt(
    code: str, systems: tuple[str, ...], node: s.SetItem | s.CodeValue | s.Number
) -> Fault:
    """A code that is not written as any of the systems writes its codes."""
    dotted = f"{code[:3]}.{code[3:]}"
    other = system_of(code, ())
    if "." not in code and system_of(dotted, systems):
        helps = f"write its dot: `{dotted}`"
    elif other and other not in systems:
        helps = f"it is written as a code of {other}"
    else:
        helps = "codes are written as printed: `E11.9`, `99213`, `G0008`"
    return fault(
        "CW0505",
        node.span,
        f"`{code}` is not written as a code of {' or '.join(systems)}",
        helps,
    )


def _pieces(window: Window, versions: list[SetVersion]) -> list[Window]:
    """Cut a window where one of the versions begins or ends."""
    cuts = sorted(
        {
            day
            for version in versions
            for day in (version.window.start, version.window.end)
            if day is not None
            and (window.start is None or window.start < day)
            and (window.end is None or day < window.end)
        }
    )
    edges = [window.start, *cuts, window.end]
    return [Window(a, b, window.clock) for a, b in pairwise(edges)]


def _holding(versions: list[SetVersion], part: Window) -> Intervals:
    """What the versions that hold throughout the part contain."""
    return tuple(
        code
        for version in versions
        if (version.window.start is None or (part.start and version.window.start <= part.start))
        and (version.window.end is None or (part.end and part.end <= version.window.end))
        for code in version.codes
    )
