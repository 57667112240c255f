"""Where the releases of this user lie."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from codewarrant.codesets.releases.store import Store

FILE = "releases.sqlite"


def data_folder() -> Path:
    """The user's data folder; ``CODEWARRANT_DATA`` puts it elsewhere."""
    chosen = os.environ.get("CODEWARRANT_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("codewarrant"))


def store_file() -> Path:
    """The file of all installed releases; it need not be there."""
    return data_folder() / FILE


def installed_store() -> Store | None:
    """The installed releases; None where nothing was ever imported. Raises ``ReleaseError``."""
    path = store_file()
    return Store(path) if path.exists() else None
