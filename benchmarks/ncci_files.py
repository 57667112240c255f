"""NCCI tables that lie in a flat form, written as the official files have them.

The flat tables have neither the days on which edits began nor those of the units' quarter. A pair's
rows follow one another: the first begins in 1996, each later one on the day after the one before
ended; indicator 9 marks those that ended on the day they began.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

BANNER = (
    "A notice of the owner of the codes.\r\n"
    "Column1/Column2 Edits\r\n"
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\t"
    "Deletion Date *=no data\tModifier 0=not allowed 1=allowed 9=not applicable\t"
    "PTP Edit Rationale\r\n"
)
OPEN = "99991231"
MUE_HEADER = (
    '"A notice of\nthe owner of the codes.",,,\n'
    '"HCPCS/\nCPT Code",Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n'
)
INDICATORS = ("", "Line Edit", "Date of Service Edit: Policy", "Date of Service Edit: Clinical")


def pairs(flat: Path) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Column 1, column 2, first day, last day (``*``: none), indicator and rationale."""
    with gzip.open(flat, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for _, group in groupby(sorted(reader), key=lambda row: row[:2]):
            begin = "19960101"
            for one, two, end, indicator, rationale in group:
                if indicator == "9":
                    yield one, two, end, end, indicator, rationale
                elif end >= begin:
                    yield one, two, begin, "*" if end == OPEN else end, indicator, rationale
                    begin = _next_day(end)


def _next_day(day: str) -> str:
    if day == OPEN:
        return day
    after = date(int(day[:4]), int(day[4:6]), int(day[6:])) + timedelta(days=1)
    return after.strftime("%Y%m%d")


def write_pairs(flat: Path, folder: Path, version: str = "v302r0", parts: int = 4) -> int:
    """Write ``ccipra-v302r0-f1.TXT`` … ; the number of edits."""
    rows = list(pairs(flat))
    size = -(-len(rows) // parts)
    for part in range(parts):
        path = folder / f"ccipra-{version}-f{part + 1}.TXT"
        with path.open("w", encoding="cp1252", newline="") as file:
            file.write(BANNER)
            for one, two, start, end, indicator, rationale in rows[part * size :][:size]:
                file.write(f"{one}\t{two}\t\t{start}\t{end}\t{indicator}\t{rationale}\r\n")
    return len(rows)


def write_units(flat: Path, folder: Path, effective: str = "07-01-2024") -> int:
    """Write ``MCR_MUE_PractitionerServices_Eff_07-01-2024.csv``; the number of edits."""
    path = folder / f"MCR_MUE_PractitionerServices_Eff_{effective}.csv"
    count = 0
    with flat.open(encoding="utf-8", newline="") as source, path.open("w", newline="") as file:
        file.write(MUE_HEADER)
        out = csv.writer(file)
        for row in csv.DictReader(source):
            indicator = int(row["mue_mai"])
            words = f"{indicator} {INDICATORS[indicator]}"
            out.writerow([row["hcpcs_code"], row["mue_units"], words, row["mue_rationale"]])
            count += 1
    return count
