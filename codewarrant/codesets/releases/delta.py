"""What one edition of a table changes against another.

Compared is what each edition says of its own first day (``Release.as_of``): a code that an edition
with history still lists as ended is not in force there. ``new`` and ``ended`` are keys in force in
one only; ``changed`` are keys in force in both with other cells, ``retitled`` those of them where
only titles differ. ``renumbered`` pairs an ended code with the only new one that has its title.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from codewarrant.codesets.releases.draft import Cell
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Row, Store

Key = tuple[Cell, ...]
KINDS: tuple[str, ...] = ("new", "ended", "changed", "retitled", "renumbered")
TITLES = frozenset({"title", "short_title"})


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs: ``before`` and ``after`` are its cells, None where it is not in force.

    ``kind`` is one of :data:`KINDS`; for ``renumbered``, ``key`` is the ended one and ``to`` the
    one that took its place.
    """

    kind: str
    key: Key
    before: Mapping[str, Cell] | None
    after: Mapping[str, Cell] | None
    to: Key = ()


def changes(store: Store, before: Release, after: Release) -> list[Change]:
    """The changes in order of key. Raises ``ValueError`` for releases of two tables."""
    if before.table != after.table:
        raise ValueError(f"{before.table} and {after.table} are two tables")
    ended = {_key(row): row.columns for row in store.only_in(before, after)}
    new = {_key(row): row.columns for row in store.only_in(after, before)}
    moved = _renumbered(ended, new, before.kind.title)
    out = []
    for key, cells in ended.items():
        if key in moved:
            out.append(Change("renumbered", key, cells, new[moved[key]], moved[key]))
        else:
            out.append(Change("ended", key, cells, None))
    targets = set(moved.values())
    out += [Change("new", key, None, cells) for key, cells in new.items() if key not in targets]
    for one, other in store.differing(before, after):
        differ = {name for name in one.columns if one.columns[name] != other.columns[name]}
        kind = "retitled" if differ <= TITLES else "changed"
        out.append(Change(kind, _key(one), one.columns, other.columns))
    return sorted(out, key=lambda change: (_order(change.key), change.kind))


def counts(found: Iterable[Change]) -> dict[str, int]:
    """How many changes of each kind there are."""
    out: dict[str, int] = dict.fromkeys(KINDS, 0)
    for change in found:
        out[change.kind] += 1
    return out


def _key(row: Row) -> Key:
    return tuple(row.columns[name] for name in row.release.kind.key)


def _order(key: Key) -> tuple[Any, ...]:
    """Whole numbers by size, texts by their characters, absent cells first."""
    return tuple(
        (0, cell, "") if isinstance(cell, int) else (1, 0, "" if cell is None else str(cell))
        for cell in key
    )


def _renumbered(
    ended: Mapping[Key, Mapping[str, Cell]], new: Mapping[Key, Mapping[str, Cell]], title: str
) -> dict[Key, Key]:
    if not title:
        return {}
    old_by_title = _by_title(ended, title)
    new_by_title = _by_title(new, title)
    return {
        keys[0]: new_by_title[text][0]
        for text, keys in old_by_title.items()
        if len(keys) == 1 and len(new_by_title.get(text, ())) == 1
    }


def _by_title(rows: Mapping[Key, Mapping[str, Cell]], title: str) -> dict[Cell, list[Key]]:
    out: dict[Cell, list[Key]] = {}
    for key, cells in rows.items():
        if cells[title] is not None:
            out.setdefault(cells[title], []).append(key)
    return out
