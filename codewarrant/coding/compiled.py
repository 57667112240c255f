"""Rulepacks compiled: what a snapshot runs of them, and the same as bytes for a start-up cache.

The bytes hold the program with its plan, the packs' own tables and the phrases that they teach the
reader. Installed tables and the attributes of codes are not in them: they are named by digest and
taken from the snapshot again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from codewarrant.codesets.codeset import CodeSet
from codewarrant.coding.relations import CodeAttributes
from codewarrant.dsl.pack import PackSource
from codewarrant.dsl.vocabulary import Phrase
from codewarrant.engine import stored
from codewarrant.engine.canonical import digest
from codewarrant.engine.plan import Loaded, load
from codewarrant.engine.relation import MemoryRelation, Relation, Row
from codewarrant.engine.stored import Damaged
from codewarrant.schema import CODES


class RulepacksBroken(Exception):
    """The packs have errors, so that no decision may be made with them; the first is named."""


@dataclass(frozen=True)
class PackInputs:
    """All that compiling reads. ``packs`` opens the packs, which only a compilation needs."""

    lock: str
    """Digest of the snapshot's lock."""
    packs: Callable[[], Sequence[PackSource]]
    releases: Mapping[str, CodeSet]
    """Code sets by system."""
    tables: Mapping[str, Relation]
    """Installed tables by name."""

    @property
    def digest(self) -> str:
        """Equal inputs, equal digest."""
        releases = {name: one.digest for name, one in self.releases.items()}
        tables = {name: one.digest for name, one in self.tables.items()}
        return digest((self.lock, releases, tables))


@dataclass(frozen=True)
class CompiledPacks:
    """A program ready to run, every relation that it joins, and what packs teach the reader."""

    loaded: Loaded
    relations: Mapping[str, Relation]
    vocabulary: tuple[Phrase, ...]


PackCompiler: TypeAlias = Callable[[PackInputs], CompiledPacks]


def compile_packs(given: PackInputs) -> CompiledPacks:
    """Check and link the packs and plan their program.

    Raises :class:`RulepacksBroken` at the first error in them.
    """
    # the parser and all that reads syntax trees: a start from the cache needs none of it
    from codewarrant.dsl.check import check_packs
    from codewarrant.dsl.codeview import InstalledCodes
    from codewarrant.dsl.link import link

    view = InstalledCodes(given.releases, CodeAttributes(given.releases), given.tables)
    checked = check_packs(given.packs(), view)
    linked = link(checked, view)
    for item in (*checked.diagnostics, *linked.diagnostics):
        if item.severity == "error":
            place = f"{item.span.file}:{item.span.line}"
            raise RulepacksBroken(f"{place}: {item.message}")
    return CompiledPacks(load(linked.program), linked.relations, linked.vocabulary)


def to_bytes(packs: CompiledPacks, given: PackInputs, key: str) -> bytes:
    """The bytes of packs compiled from ``given``.

    What is read back from them has the digest of the program that went in: it is compared here,
    so that a reader who finds the bytes whole need not work it out again. Raises
    :class:`~codewarrant.engine.stored.Damaged` if it has not.
    """
    names = {id(one): name for name, one in given.tables.items()}
    installed: list[tuple[str, str]] = []
    own: list[Any] = []
    for name, relation in sorted(packs.relations.items()):
        if id(relation) in names:
            installed.append((name, names[id(relation)]))
        elif isinstance(relation, MemoryRelation):
            rows = tuple((row.id, tuple(row.columns.items())) for row in relation.rows)
            columns = tuple(relation.columns.items())
            own.append((name, relation.name, relation.digest, columns, rows, relation.dates))
    phrases = tuple(
        tuple(getattr(phrase, item.name) for item in fields(Phrase)) for phrase in packs.vocabulary
    )
    data = stored.to_bytes(packs.loaded, key, (tuple(installed), tuple(own), phrases))
    if from_bytes(data, given, key).loaded.program.sha256 != packs.loaded.program.sha256:
        raise Damaged("the program read back is another one")
    return data


def from_bytes(data: bytes, given: PackInputs, key: str) -> CompiledPacks:
    """Read :func:`to_bytes` back.

    Raises :class:`~codewarrant.engine.stored.Damaged` unless the bytes are whole and of ``key``,
    and join the tables that are given.
    """
    loaded, beside = stored.from_bytes_with(data, key)
    try:
        installed, own, phrases = beside
        relations: dict[str, Relation] = {name: given.tables[table] for name, table in installed}
        for name, inner, content, columns, rows, dates in own:
            made = [Row(id, dict(cells)) for id, cells in rows]
            relations[name] = MemoryRelation(inner, content, dict(columns), made, dates)
        relations[CODES] = CodeAttributes(given.releases)
        vocabulary = tuple(Phrase(*cells) for cells in phrases)
    except (TypeError, ValueError, KeyError) as error:
        raise Damaged("the stored program cannot be read") from error
    if loaded.program.relations != tuple(
        (name, relations[name].digest) for name in sorted(relations)
    ):
        raise Damaged("the stored program joins other tables")
    return CompiledPacks(loaded, relations, vocabulary)
