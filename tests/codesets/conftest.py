from pathlib import Path

import pytest

from codewarrant import codesets
from codewarrant.codesets import CodeSet


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def _loaded(cache_folder: Path) -> dict[str, CodeSet]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODEWARRANT_CACHE", str(cache_folder))
        return {system: codesets.load(system) for system in codesets.SYSTEMS}


@pytest.fixture(scope="session")
def icd10(_loaded: dict[str, CodeSet]) -> CodeSet:
    return _loaded["icd10cm"]


@pytest.fixture(scope="session")
def icd9(_loaded: dict[str, CodeSet]) -> CodeSet:
    return _loaded["icd9cm"]
