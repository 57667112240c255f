"""The snapshot of this installation: its rulepacks, code sets and scorecard, read from disk.

Everything that touches files on the way to a decision stands here; what it opens is a value.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path

from codewarrant.codesets import SYSTEMS
from codewarrant.codesets.cache import cache_folder, load, write_whole
from codewarrant.codesets.codeset import CodeSet
from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_files
from codewarrant.codesets.releases.installed import installed_store
from codewarrant.codesets.releases.store import Store
from codewarrant.coding.compiled import (
    CompiledPacks,
    PackInputs,
    compile_packs,
    from_bytes,
    to_bytes,
)
from codewarrant.coding.confidence import Scorecard
from codewarrant.coding.release_tables import (
    ReleasePart,
    ReleaseTable,
    named_tables,
    speaking,
)
from codewarrant.coding.snapshot import Part, Snapshot, archive
from codewarrant.dsl.pack import PackSource, load_pack_dir
from codewarrant.engine.canonical import digest, sha256
from codewarrant.engine.stored import Damaged
from codewarrant.extract.lexicon import Lexicon, compile_lexicon, terms_of
from codewarrant.extract.tables import Table, load_tables

VERSION = re.compile(r'^pack\s+\S+\s+"[^"]*"\s+version\s+([\w.]+)', re.MULTILINE)
PACKAGE = Path(__file__).resolve().parent.parent


def rulepacks_folder() -> Path:
    """The folder of the packs that come with Codewarrant, in a wheel as in a checkout."""
    inside = PACKAGE / "rulepacks"
    return inside if inside.is_dir() else PACKAGE.parent / "rulepacks"


def installed_packs(given: Sequence[PackSource] = ()) -> list[PackSource]:
    """The packs that come with Codewarrant, and those given, by name.

    A given pack stands in for an installed one of its name. Raises ``ValueError`` where two given
    ones have one name.
    """
    names = {source.name for source in given}
    if len(names) < len(given):
        raise ValueError("two of the rulepacks given have the same name")
    folders = sorted(path for path in rulepacks_folder().iterdir() if path.is_dir())
    own = [load_pack_dir(folder) for folder in folders if folder.name not in names]
    return sorted((*own, *given), key=lambda source: source.name)


def declared_version(source: PackSource) -> str:
    """The version that a pack's own block states; the check tells what is wrong with one that does
    not."""
    for name in source.rule_files:
        found = VERSION.search(source.files[name].decode(errors="replace"))
        if found:
            return found.group(1)
    return "unknown"


@cache
def installed_release(system: str) -> CodeSet:
    """The code-set release of this installation."""
    return load(system)


def installed_snapshot(extra: Sequence[Path] = ()) -> Snapshot:
    """Everything that decisions of this installation depend on, with the packs in ``extra``.

    Raises ``OSError`` or ``ValueError`` where a pack cannot be read.
    """
    return snapshot_of(installed_packs([load_pack_dir(folder) for folder in extra]))


def snapshot_of(packs: Sequence[PackSource]) -> Snapshot:
    """These rulepacks with the code sets and the scorecard of this installation."""
    releases = {system: installed_release(system) for system in SYSTEMS}
    data = (Path(__file__).parent / "confidence.toml").read_bytes()
    card = Scorecard.from_bytes(data)
    store = installed_store()
    names = named_tables(packs) if store is not None else ()
    tables = {name: ReleaseTable(store, name) for name in names if store and store.of(name)}
    parts = [
        *(Part("pack", source.name, declared_version(source), archive(source)) for source in packs),
        *(Part("codeset", name, one.release, one.data) for name, one in releases.items()),
        Part("confidence", card.name, card.version, data),
        *(
            ReleasePart(store, release)
            for name in tables
            if store is not None
            for release in speaking(store, name)
        ),
    ]
    return Snapshot(parts, cached_lexicon, releases, tables, cached_packs)


def restored_store(texts: Mapping[str, bytes]) -> Store:
    """A store of exactly these releases, from their canonical texts by name.

    Made once and kept in the cache folder, under the digest of what it holds. Raises
    ``ReleaseError`` for a text that is none.
    """
    name = sha256("\n".join(f"{name} {sha256(texts[name])}" for name in sorted(texts)).encode())
    path = cache_folder() / f"releases-{name[:32]}.sqlite"
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, key in enumerate(sorted(texts)):
                file = Path(folder) / f"{number}.txt"
                file.write_bytes(texts[key])
                files.append(file)
            import_files(path, files, Asked())
    return Store(path)


def cached_lexicon(release: CodeSet, epoch: date, vocabulary: Table) -> Lexicon:
    """The lexicon of a release on a date with the phrases of rulepacks, compiled once and kept in
    the cache folder.

    A file that is damaged is compiled again.
    """
    tables = load_tables()
    made_from = (release.digest, str(epoch), tables.digest, digest(vocabulary), _text_of("extract"))
    name = sha256(" ".join(made_from).encode())
    path = cache_folder() / f"lexicon-{name[:32]}.json"
    try:
        return Lexicon.from_bytes(path.read_bytes())
    except (OSError, ValueError):
        terms = terms_of(release, epoch)
        data = compile_lexicon(terms, tables["abbreviations"], tables, vocabulary)
        with suppress(OSError):  # a cache need not be kept
            write_whole(path, data)
        return Lexicon.from_bytes(data)


MOST_PROGRAMS = 16
"""Programs kept in the cache folder, the last ones made: an author of rules makes many a day."""

COMPILED_BY = ("dsl", "engine", "codesets", "coding", "schema.py")
"""What turns packs and code sets into a program."""


def cached_packs(given: PackInputs) -> CompiledPacks:
    """Rulepacks compiled once and kept in the cache folder.

    A file that is damaged, or of another program, is made again.
    """
    key = sha256(f"{given.digest} {_text_of(*COMPILED_BY)}".encode())
    path = cache_folder() / f"program-{key[:32]}.bin"
    try:
        return from_bytes(path.read_bytes(), given, key)
    except (OSError, Damaged):
        pass
    made = compile_packs(given)
    with suppress(OSError, Damaged):  # a cache need not be kept
        write_whole(path, to_bytes(made, given, key))
        _forget_programs(path.parent)
    return made


def _forget_programs(folder: Path) -> None:
    """Remove all but the last programs of the cache folder; another process may do so as well."""
    ages: list[tuple[int, Path]] = []
    for path in folder.glob("program-*.bin"):
        with suppress(FileNotFoundError):
            ages.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(ages)[:-MOST_PROGRAMS]:
        path.unlink(missing_ok=True)


@cache
def _text_of(*names: str) -> str:
    """Digest of the text of a compiler, so that an edited one is never served its old work."""
    found: list[Path] = []
    for name in names:
        place = PACKAGE / name
        found += [place] if place.is_file() else [*place.rglob("*.py"), *place.rglob("*.lark")]
    return sha256(b"".join(path.read_bytes() for path in sorted(found)))
