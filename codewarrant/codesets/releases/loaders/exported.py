"""Releases in their canonical text, as ``data export`` writes them and ledgers keep them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import zstandard

from codewarrant.codesets.releases import canonical
from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader
from codewarrant.codesets.releases.layout import layout
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES


def recognises(source: Source) -> bool:
    """Whether the first line is that of a canonical text, compressed or not."""
    head = source.head
    if head.startswith(canonical.ZSTD):
        try:
            with source.open() as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
                head = reader.read(len(canonical.MARK))
        except zstandard.ZstdError:
            return False
    return head.startswith(canonical.MARK)


def drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """One draft for each file; what the file says of itself holds."""
    return [_draft(source) for source in sources]


def _draft(source: Source) -> Draft:
    with source.open() as file:
        header, _ = canonical.read(file, source.name)
    kind = TABLES[header.table]
    names = layout(header.table).names
    order = [names.index(name) for name in (*kind.names, "effective_from", "effective_to")]

    def rows() -> Iterator[Line]:
        with source.open() as file:
            _, lines = canonical.read(file, source.name)
            for number, cells in lines:
                yield Line(source.name, number, tuple(cells[at] for at in order))

    days = (header.as_of, header.covers_from, header.covers_to)
    return Draft(kind, header.edition, *days, (source,), rows)


LOADERS = (Loader("exported", "an exported release (tsv, tsv.zst)", recognises, drafts),)
