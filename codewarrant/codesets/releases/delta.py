"""What one edition of a table changes against another.

Compared is what each edition says of its own first day (``Release.as_of``): a code that an edition
with history still lists as ended is not in force there. ``new`` and ``ended`` are keys in force in
one only; ``changed`` are keys in force in both with other cells, ``retitled`` those of them where
only the title differs. ``renumbered`` pairs an ended code with the only new one that has its title.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codewarrant.codesets.releases.draft import Cell
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Row, Store

Key = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs: ``before`` and ``after`` are its cells, None where it is not in force.

    ``kind`` is ``new``, ``ended``, ``changed``, ``retitled`` or ``renumbered``; for the last,
    ``key`` is the ended one and ``to`` the one that took its place.
    """

    kind: str
    key: Key
    before: Mapping[str, Cell] | None
    after: Mapping[str, Cell] | None
    to: Key = ()


KINDS: tuple[str, ...] = ("new", "ended", "changed", "retitled", "renumbered")


def changes(store: Store, before: Release, after: Release) -> Iterator[Change]:
    """The changes in order of key. Raises ``ValueError`` for releases of two tables."""
    if before.table != after.table:
        raise ValueError(f"{before.table} and {after.table} are two tables")
    title = before.kind.title
    found = list(_merged(_on_first_day(store, before), _on_first_day(store, after), title))
    moved = _renumbered(found, title) if title else {}
    targets = set(moved.values())
    for change in found:
        if change.kind == "ended" and change.key in moved:
            to = moved[change.key]
            after_cells = next(other.after for other in found if other.key == to)
            yield Change("renumbered", change.key, change.before, after_cells, to)
        elif not (change.kind == "new" and change.key in targets):
            yield change


def counts(store: Store, before: Release, after: Release) -> dict[str, int]:
    """How many changes of each kind there are."""
    out: dict[str, int] = dict.fromkeys(KINDS, 0)
    for change in changes(store, before, after):
        out[change.kind] += 1
    return out


def _on_first_day(store: Store, release: Release) -> Iterator[tuple[Key, Row]]:
    day = release.as_of
    names = release.kind.key
    for row in store.rows(release):
        if (row.effective_from is None or row.effective_from <= day) and (
            row.effective_to is None or day <= row.effective_to
        ):
            yield tuple(row.columns[name] for name in names), row


def _merged(
    old: Iterator[tuple[Key, Row]], new: Iterator[tuple[Key, Row]], title: str
) -> Iterator[Change]:
    """Both come in order of key, so that they are merged as they come."""
    left, right = next(old, None), next(new, None)
    while left is not None or right is not None:
        if right is None or (left is not None and _order(left[0]) < _order(right[0])):
            assert left is not None
            yield Change("ended", left[0], left[1].columns, None)
            left = next(old, None)
        elif left is None or _order(right[0]) < _order(left[0]):
            yield Change("new", right[0], None, right[1].columns)
            right = next(new, None)
        else:
            before, after = left[1].columns, right[1].columns
            if before != after:
                differ = {name for name in before if before[name] != after[name]}
                kind = "retitled" if differ == {title} else "changed"
                yield Change(kind, left[0], before, after)
            left, right = next(old, None), next(new, None)


def _order(key: Key) -> tuple[tuple[bool, bytes | int], ...]:
    """As the store sorts: texts by their UTF-8, whole numbers by size, absent texts first."""
    out: list[tuple[bool, bytes | int]] = []
    for cell in key:
        if isinstance(cell, int):
            out.append((False, int(cell)))
        else:
            out.append((True, b"" if cell is None else str(cell).encode()))
    return tuple(out)


def _renumbered(found: list[Change], title: str) -> dict[Key, Key]:
    ended: dict[Cell, list[Key]] = {}
    new: dict[Cell, list[Key]] = {}
    for change in found:
        if change.kind == "ended" and change.before is not None:
            ended.setdefault(change.before[title], []).append(change.key)
        elif change.kind == "new" and change.after is not None:
            new.setdefault(change.after[title], []).append(change.key)
    return {
        keys[0]: new[text][0]
        for text, keys in ended.items()
        if text is not None and len(keys) == 1 and len(new.get(text, ())) == 1
    }
