"""What the tests of claim edits share."""

from __future__ import annotations

import pytest

from codewarrant.coding.installed import rulepacks_folder, snapshot_of
from codewarrant.coding.snapshot import Snapshot
from codewarrant.dsl.pack import load_pack_dir


@pytest.fixture(scope="session")
def edits() -> Snapshot:
    """The packs of claim edits, with the code sets of this installation."""
    return snapshot_of(
        [load_pack_dir(rulepacks_folder() / name) for name in ("claim-edits", "mce", "ncci")]
    )
