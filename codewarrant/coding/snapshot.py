"""The snapshot: everything a decision depends on besides the chart, addressed by content.

Its digest is that of its lock, a small TOML text that lists each part with its sha256, like the
lock of a package manager. Opening a snapshot checks every part and makes read-only values of them.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeAlias

import orjson

from codewarrant import __version__
from codewarrant.codesets.codeset import CodeSet
from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.store import Store
from codewarrant.coding.compiled import (
    CompiledPacks,
    PackCompiler,
    PackInputs,
    RulepacksBroken,
    compile_packs,
)
from codewarrant.coding.confidence import Scorecard
from codewarrant.coding.exclusions import SYSTEM as EXCLUDING
from codewarrant.coding.exclusions import Exclusions
from codewarrant.coding.recorded_answers import RecordedTable
from codewarrant.coding.release_tables import ReleasePart, ReleaseTable
from codewarrant.coding.wanting import Joined, joined
from codewarrant.dsl.pack import PackSource
from codewarrant.dsl.vocabulary import Phrase
from codewarrant.engine.canonical import dumps, sha256
from codewarrant.engine.comparing import in_force
from codewarrant.engine.plan import Loaded
from codewarrant.engine.program import SEMANTICS, Program
from codewarrant.engine.relation import Relation
from codewarrant.extract.lexicon import Lexicon, build
from codewarrant.extract.read import READER_FORMAT, SPACY, Reader
from codewarrant.extract.tables import Table, load_tables
from codewarrant.fhir.read import READER

MOST_READERS = 4
"""Lexicons kept open at once, the last used ones: each takes some 70 MB, a patient's record may
span twenty."""
LexiconSource = Callable[[CodeSet, date, Table], Lexicon]
"""A release, a date and the phrases of rulepacks (may be none) to the lexicon of all three."""


def reader_version() -> str:
    """What turns bytes into facts besides the snapshot, so that an auditor can install it again."""
    tables = load_tables().digest[:16]
    return (
        f"codewarrant {__version__}, {READER}, extract {READER_FORMAT}, tables {tables}, "
        f"spacy {SPACY}, unicode {unicodedata.unidata_version}"
    )


def build_lexicon(release: CodeSet, epoch: date, vocabulary: Table) -> Lexicon:
    """Compile the lexicon of a release on a date."""
    tables = load_tables()
    return build(release, epoch, tables["abbreviations"], tables, vocabulary)


def vocabulary_table(phrases: Iterable[Phrase]) -> Table:
    """Phrases of rulepacks as the extractor takes them, in the columns of its abbreviations."""
    return Table(
        "vocabulary",
        ("phrase", "words", "icd10cm", "icd9cm", "needs", "case"),
        tuple(
            (
                phrase.text,
                phrase.words,
                phrase.code if phrase.system == "icd10cm" else "",
                phrase.code if phrase.system == "icd9cm" else "",
                ";".join(phrase.needs),
                "upper" if phrase.capitals else "",
            )
            for phrase in phrases
        ),
    )


class SnapshotDamaged(Exception):
    """A part is missing, changed or unreadable; the message names it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: ``kind`` is pack, codeset, release or confidence."""

    kind: str
    name: str
    version: str
    data: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.data)


@dataclass(frozen=True, slots=True)
class AbsentPart:
    """A release of which only the answers that a decision asked for are there."""

    kind: str
    name: str
    version: str
    sha256: str

    @property
    def data(self) -> bytes:
        """Raises :class:`SnapshotDamaged`."""
        raise SnapshotDamaged(f"the text of {self.name} is not there")


ANSWERS = "answers/"
"""Begins the key of recorded answers among parts: they are no part, and in no lock."""
AnyPart: TypeAlias = Part | ReleasePart | AbsentPart
TablesSource = Callable[[Mapping[str, bytes]], Store]
"""The texts of releases, by name, to a store that holds them."""


def lock_text(parts: Sequence[AnyPart]) -> bytes:
    """The lock: parts in order of kind and name."""
    lines = ["lock = 1", f'semantics = "{SEMANTICS}"']
    for part in sorted(parts, key=lambda item: (item.kind, item.name, item.version)):
        lines += [
            "",
            "[[part]]",
            f'kind = "{part.kind}"',
            f'name = "{part.name}"',
            f'version = "{part.version}"',
            f'sha256 = "{part.sha256}"',
        ]
    return ("\n".join(lines) + "\n").encode()


def read_lock(lock: bytes) -> tuple[dict[str, str], ...]:
    """The parts that a lock names. Raises :class:`SnapshotDamaged` if it is not a lock."""
    try:
        form = tomllib.loads(lock.decode())
        version = form["semantics"]
        parts = tuple(
            {name: str(item[name]) for name in ("kind", "name", "version", "sha256")}
            for item in form["part"]
        )
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SnapshotDamaged(f"not a snapshot lock: {error}") from error
    if version != SEMANTICS:
        raise SnapshotDamaged(f"rules of semantics {version}; this release runs {SEMANTICS}")
    return parts


class Snapshot:
    """An opened snapshot: digest-verified and read-only; safe to share between threads.

    Code sets, rules and scorecard are opened when first asked for; a part that cannot be opened
    raises :class:`SnapshotDamaged` then.
    """

    def __init__(
        self,
        parts: Sequence[AnyPart],
        lexicons: LexiconSource = build_lexicon,
        opened: Mapping[str, CodeSet] | None = None,
        tables: Mapping[str, Relation] | None = None,
        compiler: PackCompiler = compile_packs,
    ) -> None:
        """``opened`` are code sets opened before; they count where their digest is the part's.

        ``tables`` are the installed tables that packs may join, by name.
        """
        self._parts = tuple(sorted(parts, key=lambda item: (item.kind, item.name, item.version)))
        self.lock = lock_text(self._parts)
        self.sha256 = sha256(self.lock)
        self._lexicons = lexicons
        self._opened = dict(opened or {})
        self._tables = dict(tables or {})
        self._compiler = compiler
        self._readers: dict[tuple[str, date, Table], Reader] = {}

    @classmethod
    def from_parts(
        cls,
        lock: bytes,
        parts: Mapping[str, bytes],
        lexicons: LexiconSource = build_lexicon,
        open_tables: TablesSource | None = None,
        compiler: PackCompiler = compile_packs,
    ) -> Snapshot:
        """Open a stored snapshot; ``parts`` are keyed like :attr:`parts`.

        ``open_tables`` opens the texts of its releases. Under ``answers/TABLE`` the answers of an
        installed table may stand in for the texts of its releases. Raises :class:`SnapshotDamaged`
        if a part is missing or not what the lock says.
        """
        listed = read_lock(lock)
        given = _answers(parts)
        made: list[AnyPart] = []
        texts: dict[str, bytes] = {}
        missing: list[str] = []
        for item in listed:
            key = _key(item["kind"], item["name"])
            if key in parts:
                made.append(Part(item["kind"], item["name"], item["version"], parts[key]))
                if item["kind"] == "release":
                    texts[item["name"]] = parts[key]
            elif item["kind"] == "release" and item["name"].partition("@")[0] in given:
                made.append(AbsentPart(**item))
            else:
                missing.append(key)
        if missing:
            raise SnapshotDamaged(f"parts are missing: {', '.join(missing)}")
        if lock_text(made) != lock:
            raise SnapshotDamaged("the parts are not those that the lock names")
        tables: dict[str, Relation] = {**given}
        if texts:
            if open_tables is None:
                raise SnapshotDamaged("nothing was given to open the releases of its tables with")
            try:
                store = open_tables(texts)
            except ReleaseError as error:
                raise SnapshotDamaged(str(error)) from error
            tables |= {
                name: ReleaseTable(store, name) for name in {one.table for one in store.releases}
            }
        return cls(made, lexicons, tables=tables, compiler=compiler)

    @property
    def parts(self) -> Mapping[str, bytes]:
        """The bytes of every part under ``kind/name``."""
        return {_key(part.kind, part.name): part.data for part in self._parts}

    @cached_property
    def releases(self) -> Mapping[str, CodeSet]:
        """The code sets by system."""
        try:
            return {part.name: self._release(part) for part in self._of("codeset")}
        except CodeSetError as error:
            raise SnapshotDamaged(str(error)) from error

    @cached_property
    def compiled(self) -> CompiledPacks:
        """The rulepacks as one program ready to run, with the tables it joins.

        Raises :class:`RulepacksBroken` for packs with errors.
        """
        return self._compiler(
            PackInputs(
                self.sha256,
                lambda: [unpack(part.data) for part in self._of("pack")],
                self.releases,
                self._all_tables(),
            )
        )

    @property
    def loaded(self) -> Loaded:
        """The program with its matching plan."""
        return self.compiled.loaded

    def _all_tables(self) -> Mapping[str, Relation]:
        """The tables that packs may join: imported ones, and what the code sets say themselves."""
        release = self.releases.get(EXCLUDING)
        own = () if release is None else (Exclusions(release),)
        return {**self._tables, **{one.name: one for one in own}}

    @property
    def program(self) -> Program:
        """All rules of the snapshot."""
        return self.loaded.program

    def _release(self, part: AnyPart) -> CodeSet:
        opened = self._opened.get(part.name)
        if opened is not None and opened.digest == part.sha256:
            return opened
        return CodeSet.from_bytes(part.data)

    @property
    def relations(self) -> Mapping[str, Relation]:
        """The tables of the packs, and the attributes of codes."""
        return self.compiled.relations

    @cached_property
    def joins(self) -> Mapping[str, Joined]:
        """By rule the tables that it joins."""
        return joined(self.program)

    @cached_property
    def scorecard(self) -> Scorecard:
        """How confidence is counted."""
        (part,) = self._of("confidence")
        try:
            return Scorecard.from_bytes(part.data)
        except ValueError as error:
            raise SnapshotDamaged(str(error)) from error

    def reader(self, system: str, on: date | None) -> Reader:
        """The reader of notes for a code system on a date.

        A date on which the release cannot say what is in force is read with the nearest one on
        which it can; whether a code found so may be used is judged by its status. Of the packs'
        vocabularies those count that hold on the date itself; without a date none does.
        """
        release = self.releases[system]
        vocabulary = vocabulary_table(
            phrase
            for phrase in self.compiled.vocabulary
            if phrase.system == system and in_force(phrase.window, on)
        )
        key = system, release.epoch(on), vocabulary
        reader = self._readers.pop(key, None)
        if reader is None:
            reader = Reader(self._lexicons(release, key[1], vocabulary))
        self._readers[key] = reader
        if len(self._readers) > MOST_READERS:
            self._readers.pop(next(iter(self._readers)), None)
        return reader

    def _of(self, kind: str) -> list[AnyPart]:
        return [part for part in self._parts if part.kind == kind]


def _key(kind: str, name: str) -> str:
    return f"{kind}/{name}"


def _answers(parts: Mapping[str, bytes]) -> dict[str, RecordedTable]:
    found: dict[str, RecordedTable] = {}
    for key, data in parts.items():
        if key.startswith(ANSWERS):
            try:
                found[key.removeprefix(ANSWERS)] = RecordedTable.from_bytes(data)
            except ValueError as error:
                raise SnapshotDamaged(f"{key}: {error}") from error
    return found


def archive(pack: PackSource) -> bytes:
    """A pack as one canonical text: its name and files.

    Raises :class:`RulepacksBroken` for a file that is not UTF-8 text.
    """
    files: dict[str, str] = {}
    for name, data in pack.files.items():
        try:
            files[name] = data.decode()
        except UnicodeDecodeError as error:
            raise RulepacksBroken(f"{pack.name}/{name}: the file is not UTF-8 text") from error
    return dumps({"name": pack.name, "files": files})


def unpack(data: bytes) -> PackSource:
    """Read :func:`archive` back. Raises :class:`SnapshotDamaged` on anything else."""
    try:
        form = orjson.loads(data)
        return PackSource(
            form["name"], {name: text.encode() for name, text in form["files"].items()}
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotDamaged(f"not a pack archive: {error}") from error
