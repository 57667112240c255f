"""Damaged files of any kind end in one clear error, and nothing is installed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_files import (
    add_on_book,
    add_on_text,
    archive,
    imported,
    mue_text,
    ptp_book,
    ptp_text,
)

from codewarrant.codesets.releases.errors import ReleaseError

PTP = "ccipra-v322r0-f1"
FILES = {
    f"{PTP}.TXT": ptp_text(),
    f"{PTP}.xlsx": ptp_book(),
    "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv": mue_text(),
    "AOC_V2026Q4-MCR.txt": add_on_text(),
    "AOC_V2026Q4-MCR.xlsx": add_on_book(),
    "all.zip": archive({f"{PTP}.TXT": ptp_text()}),
}


@st.composite
def damaged(draw) -> tuple[str, bytes]:
    """A good file with some bytes changed, left out or put in, or cut off."""
    name = draw(st.sampled_from(sorted(FILES)))
    data = bytearray(FILES[name])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        how = draw(st.sampled_from(("change", "leave out", "put in", "cut")))
        if how == "change" and data:
            data[at] = draw(st.integers(0, 255))
        elif how == "leave out":
            del data[at : at + draw(st.integers(1, 40))]
        elif how == "put in":
            data[at:at] = draw(st.binary(min_size=1, max_size=4))
        else:
            del data[at:]
    return name, bytes(data)


@settings(max_examples=120)
@given(damaged())
def test_damage_is_refused_or_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, file: tuple[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    try:
        result = imported(folder / "s", folder / "in", dict([file]))
    except ReleaseError:
        assert not (folder / "s").exists()
    else:
        assert all(item.release.rows for item in result.imported)
