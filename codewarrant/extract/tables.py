"""The extractor's own data: what the TSV files beside this module say, and their digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files

from codewarrant.engine.canonical import digest, sha256
from codewarrant.extract.words import Speller

NAMES = (
    "abbreviations",
    "chronic",
    "context",
    "guards",
    "index_terms",
    "infections",
    "medication_context",
    "medications",
    "organisms",
    "section_kinds",
    "sections",
    "sentences",
    "words",
)


@dataclass(frozen=True)
class Table:
    """One file: its name, its column names, and its rows as text, in file order."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def dicts(self) -> Iterable[Mapping[str, str]]:
        """The rows by column name."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


@dataclass(frozen=True)
class Tables:
    """All tables of the extractor by name."""

    by_name: Mapping[str, Table]
    digest: str

    def __getitem__(self, name: str) -> Table:
        return self.by_name[name]

    @cached_property
    def speller(self) -> Speller:
        """Normal forms of words, from ``words.tsv``."""
        rows = self["words"].rows
        return Speller(
            {form: normal for form, normal, kind in rows if kind == "word"},
            {form: normal for form, normal, kind in rows if kind == "stem"},
        )


def parse_table(name: str, text: str) -> Table:
    """Read tab-separated text: ``#`` lines are remarks, the first other line names the columns.

    Raises ``ValueError`` with file and line where a row has another number of columns.
    """
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = tuple(cell.strip() for cell in line.split("\t"))
        if not columns:
            columns = cells
        elif len(cells) > len(columns):
            raise ValueError(
                f"{name}.tsv line {number}: {len(cells)} columns, expected {len(columns)}"
            )
        else:
            rows.append(cells + ("",) * (len(columns) - len(cells)))
    return Table(name, columns, tuple(rows))


def make_tables(texts: Mapping[str, str]) -> Tables:
    """Tables from the files' texts; their digest is that of all texts by name."""
    parsed = {name: parse_table(name, texts[name]) for name in sorted(texts)}
    return Tables(parsed, digest({name: sha256(texts[name].encode()) for name in sorted(texts)}))


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """Read the tables that come with the package."""
    folder = files("codewarrant.extract") / "data"
    return make_tables({name: (folder / f"{name}.tsv").read_text("utf-8") for name in NAMES})
