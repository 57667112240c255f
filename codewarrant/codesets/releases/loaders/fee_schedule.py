"""The Medicare Physician Fee Schedule: relative value file (PPRRVU) and payment file (PFALL).

The header of the relative value file is spread over several rows (``GLOB`` above ``DAYS``) below
banner rows: what stands above each other is one name. The payment file has no header; it repeats
each code for every carrier and locality and knows no global days. Only numbers and indicators are
kept; descriptions, which are the American Medical Association's, are dropped unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from codewarrant.codesets.releases.draft import Asked, Cell, Draft, Line, Loader, quarter_of
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.columns import BANNER_ROWS, plain
from codewarrant.codesets.releases.loaders.editions import quarter_effective, quarter_end
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

_CODE = re.compile(r"[0-9A-Z]{5}")
# our column, and words that its header holds, in their order
_HEADERS = (
    ("code", ("hcpcs",)),
    ("modifier", ("mod",)),
    ("status", ("status", "code")),
    ("global_days", ("glob", "days")),
    ("work_rvu", ("work", "rvu")),
    ("total_rvu_nonfacility", ("non", "facility", "total")),
    ("total_rvu_facility", ("facility", "total")),
    ("professional_technical", ("pctc", "ind")),
    ("professional_technical", ("pc", "tc", "ind")),
    ("multiple_procedure", ("mult", "proc")),
    ("bilateral", ("bilat", "surg")),
    ("assistant", ("asst", "surg")),
    ("co_surgeons", ("co", "surg")),
    ("team", ("team", "surg")),
)
_NEEDED = ("code", "modifier", "status", "global_days", "multiple_procedure")
_NUMBERS = ("work_rvu", "total_rvu_nonfacility", "total_rvu_facility")
_NAMES = TABLES["physician-fee-schedule"].names
GLOBAL_DAYS = ("000", "010", "090", "MMM", "XXX", "YYY", "ZZZ")
"""Days of the global period, or letters for another rule (Claims Processing Manual 12, 30)."""


def _headers(rows: Sequence[list[str]]) -> tuple[int, dict[str, int]] | None:
    """How many rows the header takes from the top, and where our columns are."""
    last = next((at for at, cells in enumerate(rows) if cells and plain(cells[0]) == "hcpcs"), None)
    if last is None:
        return None
    above = rows[max(0, last - 4) : last + 1]
    width = len(rows[last])
    # a banner stands in the first cell of its row; a part of a header leaves that cell empty
    parts = [cells for cells in above if cells is rows[last] or (cells and not cells[0].strip())]
    names = [
        plain(" ".join(cells[at] for cells in parts if at < len(cells))) for at in range(width)
    ]
    found: dict[str, int] = {}
    for ours, words in _HEADERS:
        for at, name in enumerate(names):
            if name.split()[: len(words)] == list(words) and at not in found.values():
                found.setdefault(ours, at)
                break
    return (last + 1, found) if set(_NEEDED) <= set(found) else None


def read_relative_values(source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows below the header by our names. Raises ``ReleaseError`` where a row is cut."""
    head = _headers(source.first_rows(",", BANNER_ROWS))
    if head is None:
        raise ReleaseError("has no header of a relative value file", source.name)
    skipped, found = head
    for count, (line, cells) in enumerate(source.cells(",")):
        if count < skipped or not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(found.values()):
            raise ReleaseError("has too few columns: the file is cut here", source.name, line)
        yield line, {name: cells[at].strip() for name, at in found.items()}


def read_payments(source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    """Each code and modifier of a payment file once.

    Fields: year, carrier, locality, code, modifier, two amounts, filler, technical indicator,
    status, multiple surgery. Raises ``ReleaseError`` where localities differ in these.
    """
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for line, cells in source.csv(","):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < 11 or not _CODE.fullmatch(cells[3].strip()):
            if cells[0].strip().upper().startswith("TRL"):
                continue  # the trailer: a copyright notice
            raise ReleaseError("is no line of a payment file", source.name, line)
        key = (cells[3].strip(), cells[4].strip())
        said = tuple(cell.strip() for cell in cells[8:11])
        if key not in seen:
            seen[key] = said
            names = ("professional_technical", "status", "multiple_procedure")
            yield (
                line,
                {
                    "code": key[0],
                    "modifier": key[1],
                    **dict(zip(names, said, strict=True)),
                },
            )
        elif seen[key] != said:
            raise ReleaseError(f"`{key[0]}` differs from locality to locality", source.name, line)


def _cells(found: dict[str, str], day: date, source: Source, line: int) -> tuple[Cell, ...]:
    code = found["code"].upper()
    if not _CODE.fullmatch(code):
        raise ReleaseError(f"`{found['code']}` is no procedure code", source.name, line)
    if not found["status"]:
        raise ReleaseError(f"`{code}` has no status", source.name, line)
    days = found.get("global_days", "").upper()
    if days and days not in GLOBAL_DAYS:
        # spreadsheets drop the zeros in front
        days = days.zfill(3)
        if days not in GLOBAL_DAYS:
            raise ReleaseError(f"`{days}` are no global days", source.name, line)
    values: dict[str, Cell] = {name: found.get(name) or None for name in _NAMES}
    values |= {"code": code, "global_days": days or None}
    for name in _NUMBERS:
        values[name] = _decimal(found.get(name, ""), source, line)
    return (*(values[name] for name in _NAMES), day, None)


def _decimal(text: str, source: Source, line: int) -> Decimal | None:
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ReleaseError(f"`{text}` is no relative value", source.name, line) from error


def _payments(source: Source) -> bool:
    rows = source.first_rows(",", 5)
    return bool(rows) and all(
        len(cells) >= 11
        and re.fullmatch(r"20[0-9]{2}", cells[0].strip()) is not None
        and re.fullmatch(r"[0-9]{5}", cells[1].strip()) is not None
        and _CODE.fullmatch(cells[3].strip()) is not None
        for cells in rows
    )


def _draft(source: Source, asked: Asked) -> Draft:
    day = quarter_effective(source, asked)
    read = read_payments if _payments(source) else read_relative_values
    lines = [
        Line(source.name, line, _cells(found, day, source, line)) for line, found in read(source)
    ]
    if not lines:
        raise ReleaseError("lists no code", source.name)
    remarks = () if read is read_relative_values else ("the payment file knows no global days",)
    return Draft(
        kind=TABLES["physician-fee-schedule"],
        edition=asked.edition or f"{quarter_of(day)}{' payments' if remarks else ''}",
        as_of=day,
        covers_from=day,
        covers_to=quarter_end(day),
        sources=(source,),
        rows=lambda: iter(lines),
        remarks=remarks,
    )


def _recognises(source: Source) -> bool:
    return _headers(source.first_rows(",", BANNER_ROWS)) is not None or (
        not source.workbook and _payments(source)
    )


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    return [_draft(source, asked) for source in sources]


LOADERS = (
    Loader(
        "physician-fee-schedule",
        "physician fee schedule: relative values (PPRRVU csv, xlsx) or payments (PFALL)",
        _recognises,
        _drafts,
    ),
)
