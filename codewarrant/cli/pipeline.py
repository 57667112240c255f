"""What the commands that use a store share: where it lies, and the pipeline as replay runs it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from codewarrant.coding.chart import decide, read_chart
from codewarrant.coding.installed import cached_lexicon, cached_packs, restored_store
from codewarrant.coding.reading import Reading
from codewarrant.coding.snapshot import RulepacksBroken, Snapshot, SnapshotDamaged, reader_version
from codewarrant.decision import Body, Request
from codewarrant.engine.program import SEMANTICS
from codewarrant.fhir.errors import Refused
from codewarrant.fhir.read import open_bundle
from codewarrant.ledger.replay import Coder

FILE = "decisions.sqlite"


def store_file(folder: Path, *, make: bool = False) -> Path:
    """The store's file in its folder; ``make`` makes the folder where it can be."""
    if make:
        with contextlib.suppress(OSError):  # opening the store says what is wrong
            folder.mkdir(parents=True, exist_ok=True)
    return folder / FILE


def coder() -> Coder:
    """The steps that replay runs, as installed here."""
    return Coder(
        semantics=SEMANTICS,
        reader=reader_version(),
        restore=_restore,
        read_facts=_read_facts,
        decide_facts=_decide_facts,
        refusals=(Refused, SnapshotDamaged, RulepacksBroken),
    )


def _restore(lock: bytes, parts: Mapping[str, bytes]) -> Snapshot:
    return Snapshot.from_parts(lock, parts, cached_lexicon, restored_store, cached_packs)


def _read_facts(bundle: bytes, request: Request, snapshot: Snapshot) -> bytes:
    return read_chart(open_bundle(bundle), request, snapshot).to_bytes()


def _decide_facts(facts: bytes, request: Request, snapshot: Snapshot) -> Body:
    return decide(Reading.from_bytes(facts), snapshot)
