"""The lint for rules that do nothing that another one does not do already."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Related
from codewarrant.dsl.lints.contradictions import conjuncts, same
from codewarrant.dsl.lints.finding import Finding, Subject
from codewarrant.dsl.lower import LoweredRule
from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.values import Interval, Intervals, covers


@dataclass(frozen=True, slots=True)
class _Known:
    """A rule with its conditions as numbers, equal for equal ones, and the codes of its variables
    apart from them."""

    at: int
    rule: LoweredRule
    asks: frozenset[int]
    codes: Mapping[str, Intervals]


def shadowed_by(subject: Subject) -> Iterator[Finding]:
    """A rule that does nothing that another rule of its pack does not do: the same actions, on all
    that this one matches and on all of its days. A rule with exceptions or overrides shadows none,
    and questions to people are left out: they may be asked twice."""
    overridden = {
        f"{block.pack.text}/{block.target.text}"
        for pack in subject.packs
        for block in pack.blocks
        if isinstance(block, s.OverrideBlock)
    }
    alike: dict[object, list[_Known]] = defaultdict(list)
    numbers: dict[object, int] = {}
    for at, rule in enumerate(subject.pack.rules):
        if all(isinstance(item, p.Query | p.Route) for item in rule.rule.actions):
            continue
        if any(item.instead for item in rule.rule.exceptions):
            continue
        asks, codes = _asks(rule.rule)
        known = frozenset(numbers.setdefault(item, len(numbers)) for item in asks)
        alike[_does(rule.rule)].append(_Known(at, rule, known, codes))
    for group in alike.values():
        others = _Others(
            [
                item
                for item in group
                if not item.rule.rule.exceptions and item.rule.rule.id not in overridden
            ]
        )
        for item in group if len(group) > 1 else []:
            other = next((x for x in others.near(item) if _shadows(x, item)), None)
            if other is not None:
                yield Finding(
                    item.rule.block,
                    item.rule.block.name.span,
                    f"`{item.rule.block.name.text}` does nothing that "
                    f"`{other.rule.block.name.text}` does not do already",
                    "remove it, or say what sets it apart",
                    (Related(other.rule.block.name.span, "the other stands here"),),
                )


def _shadows(other: _Known, item: _Known) -> bool:
    if other.at == item.at or not other.asks <= item.asks:
        return False
    if not all(
        name in item.codes and covers(x, item.codes[name]) for name, x in other.codes.items()
    ):
        return False
    one, two = other.rule.rule, item.rule.rule
    if not _longer(one.window, two.window) or (two.mandatory and not one.mandatory):
        return False
    twins = other.asks == item.asks and other.codes == item.codes and one.window == two.window
    # of two that say the same, the later is superfluous
    return not twins or other.at < item.at or bool(two.exceptions) or one.mandatory > two.mandatory


class _Others:
    """Rules by where the codes of their first variable stand, so that few need a closer look."""

    def __init__(self, rules: Sequence[_Known]) -> None:
        self._anywhere = [item for item in rules if not item.codes]
        places: dict[tuple[str, str], list[tuple[str, str, _Known]]] = defaultdict(list)
        for item in rules:
            for name in sorted(item.codes)[:1]:
                for place in item.codes[name]:
                    places[name, place.system].append((place.low, place.high, item))
        self._places = {
            key: sorted(found, key=lambda x: (x[0], x[1], x[2].at)) for key, found in places.items()
        }

    def near(self, item: _Known) -> Iterator[_Known]:
        """The rules whose codes may cover those of this one."""
        yield from self._anywhere
        for name, codes in item.codes.items():
            first: Interval
            for first in codes[:1]:
                found = self._places.get((name, first.system), [])
                stop = bisect_right(found, first.low, key=lambda x: x[0])
                yield from (other for _, high, other in found[:stop] if high >= first.high)


def _names(rule: p.Rule) -> dict[str, str]:
    """The rule's variables as numbered ones, in order."""
    return {binder.var: f"{at}" for at, binder in enumerate(rule.binders)}


def _does(rule: p.Rule) -> object:
    """What a rule binds and does, without its reasons and the names of its variables."""
    names = _names(rule)
    binders = tuple((x.entity, x.relation, x.documented) for x in rule.binders)
    actions = []
    for action in rule.actions:
        shown: list[object] = [type(action).__name__]
        for item in fields(action):
            value = getattr(action, item.name)
            if item.name in ("var", "first", "second") and isinstance(value, str):
                value = names.get(value, value)
            if item.name not in ("because", "text"):
                shown.append(_renamed(same(value), names))
        actions.append(tuple(shown))
    return binders, tuple(sorted(actions, key=repr)), rule.severity, rule.if_unknown


def _asks(rule: p.Rule) -> tuple[frozenset, dict[str, Intervals]]:
    """The conditions of a rule but for the codes of its variables, and those codes."""
    names = _names(rule)
    codes: dict[str, Intervals] = {}
    asks = set()
    for item in conjuncts(rule.when):
        match item:
            case c.InSet(term=c.Field(var, "code"), versions=versions) if (
                var in names
                and len(versions) == 1
                and versions[0].window == c.ALWAYS
                and names[var] not in codes
            ):
                codes[names[var]] = versions[0].codes
            case _:
                asks.add(_renamed(same(item), names))
    return frozenset(asks), codes


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, tuple):
        if len(value) == 3 and value[0] == "Field":
            return ("Field", names.get(value[1], value[1]), value[2])
        return tuple(_renamed(item, names) for item in value)
    return value


def _longer(outer: c.Window, inner: c.Window) -> bool:
    if outer.clock != inner.clock:
        return False
    starts = outer.start is None or (inner.start is not None and outer.start <= inner.start)
    ends = outer.end is None or (inner.end is not None and inner.end <= outer.end)
    return starts and ends
