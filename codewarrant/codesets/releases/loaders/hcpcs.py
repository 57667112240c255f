"""HCPCS Level II, the alphanumeric file (ANWEB): codes and modifiers, as text or workbook.

The text has fixed columns: 1-5 code (modifiers stand at 4-5), 6-10 sequence, 11 kind of record (3
code, 4 its continuation, 7 modifier, 8 its continuation), 12-91 long text, 92-119 short text, 230
coverage, 269-276 day added, 277-284 day of the last action, 285-292 day of termination, 293 action.
The workbook has the same fields in columns, below banner rows. The last day of a code is its day of
termination. A quarter's file drops codes some time after they ended, so it speaks of codes that it
lists at any time, but of others in its own quarter only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from codewarrant.codesets.releases.draft import Asked, Draft, Line, Loader, quarter_of
from codewarrant.codesets.releases.errors import ReleaseError
from codewarrant.codesets.releases.loaders.columns import Names, has_header, records, whole_number
from codewarrant.codesets.releases.loaders.editions import (
    plain_date,
    quarter_effective,
    quarter_end,
)
from codewarrant.codesets.releases.sources import Source
from codewarrant.codesets.releases.tables import TABLES

_CODE, _MORE_CODE, _MODIFIER, _MORE_MODIFIER = "3", "4", "7", "8"
_LINE = re.compile(r"(?:[A-V][0-9]{4}|   [0-9A-Z]{2}|[0-9A-Z]{2}   )[0-9]{5}[3478]")
_COLUMNS: Names = {
    "code": ("hcpc", "hcpcs", "hcpcs code"),
    "sequence": ("seqnum", "sequence number"),
    "record": ("recid", "record id"),
    "long": ("long description",),
    "short": ("short description",),
    "coverage": ("cov", "coverage", "coverage code"),
    "added": ("add dt", "added dt", "code added date"),
    "terminated": ("term dt", "termination dt", "termination date"),
    "action": ("action cd", "action code", "action"),
}
_NEEDED = ("code", "record", "long", "short", "added", "terminated")


@dataclass(slots=True)
class Record:
    """One code or modifier with its continuations joined."""

    line: int
    code: str
    modifier: bool
    title: str
    short: str
    coverage: str
    action: str
    added: date | None
    terminated: date | None


def _fields(source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    if source.workbook:
        yield from records(source, _COLUMNS, _NEEDED)
        return
    for number, line in source.text():
        if not line.strip("\x1a "):
            continue  # an end-of-file mark of old systems
        if not _LINE.match(line):
            raise ReleaseError("is no line of the alphanumeric file", source.name, number)
        if line[10] in (_CODE, _MODIFIER) and len(line) < 276:
            raise ReleaseError(
                f"has {len(line)} characters, too few for its dates: the file is cut here",
                source.name,
                number,
            )
        yield (
            number,
            {
                "code": line[:5].strip(),
                "sequence": line[5:10],
                "record": line[10],
                "long": line[11:91].strip(),
                "short": line[91:119].strip(),
                "coverage": line[229:230].strip(),
                "added": line[268:276],
                "terminated": line[284:292],
                "action": line[292:293].strip(),
            },
        )


def read_hcpcs(source: Source) -> Iterator[Record]:
    """Codes and modifiers in order. Raises ``ReleaseError`` for a continuation out of its place."""
    current: Record | None = None
    last = 0
    for number, cells in _fields(source):
        record, code = cells["record"], cells["code"].upper()
        place = whole_number(cells.get("sequence") or "0", "sequence number", source, number)
        if record in (_MORE_CODE, _MORE_MODIFIER):
            fits = current is not None and current.code == code
            if not fits or current is None or (place and place != last + 100):
                raise ReleaseError(
                    f"continues `{code}` out of its order: lines are missing or doubled",
                    source.name,
                    number,
                )
            last = place
            current.title = f"{current.title} {cells['long']}"
            continue
        if record not in (_CODE, _MODIFIER):
            raise ReleaseError(f"`{record}` is no kind of record", source.name, number)
        if current is not None:
            yield current
        last = place
        current = Record(
            number,
            code,
            record == _MODIFIER,
            cells["long"],
            cells["short"],
            cells.get("coverage", ""),
            cells.get("action", ""),
            plain_date(cells["added"], source, number),
            plain_date(cells["terminated"], source, number),
        )
    if current is not None:
        yield current


def _drafts(sources: Sequence[Source], asked: Asked) -> list[Draft]:
    """The text and the workbook of one edition say the same: one of them is read, the text."""
    by_day: dict[date, list[Source]] = {}
    for source in sources:
        by_day.setdefault(quarter_effective(source, asked), []).append(source)
    out: list[Draft] = []
    for day, files in sorted(by_day.items()):
        files.sort(key=lambda source: (source.workbook, source.name))
        out += _edition(day, files, asked)
    return out


def _edition(day: date, files: list[Source], asked: Asked) -> list[Draft]:
    source = files[0]
    found = list(read_hcpcs(source))
    codes = [record for record in found if not record.modifier]
    modifiers = [record for record in found if record.modifier]
    if not any(record.code.startswith("V") for record in codes):
        raise ReleaseError(
            "holds no code that begins with V, the last letter: the file is not whole", source.name
        )
    newest = max((record.added for record in found if record.added), default=day)
    if newest > quarter_end(day):
        raise ReleaseError(
            f"holds a code added on {newest}, after the quarter that begins on {day}", source.name
        )
    remarks = tuple(f"{other.name} says the same and was not read" for other in files[1:])
    out = []
    for table, rows in (("hcpcs", codes), ("hcpcs-modifiers", modifiers)):
        lines = [Line(source.name, record.line, _cells(table, record, day)) for record in rows]
        if lines:
            out.append(_draft(table, asked.edition or quarter_of(day), day, source, lines, remarks))
    return out


def _cells(table: str, record: Record, day: date) -> tuple[str | bool | date | None, ...]:
    days = (record.added or day, record.terminated)
    title, short = record.title or None, record.short or None
    if table == "hcpcs-modifiers":
        return record.code, title, True, short, *days
    more = (record.coverage or None, record.action or None, record.added, record.terminated)
    return record.code, title, True, short, *more, *days


def _draft(
    table: str,
    edition: str,
    day: date,
    source: Source,
    lines: list[Line],
    remarks: tuple[str, ...],
) -> Draft:
    return Draft(
        kind=TABLES[table],
        edition=edition,
        as_of=day,
        covers_from=day,
        covers_to=quarter_end(day),
        sources=(source,),
        rows=lambda: iter(lines),
        remarks=remarks,
    )


def _recognises(source: Source) -> bool:
    if source.workbook:
        return has_header(source, _COLUMNS, _NEEDED)
    lines = [line for line in source.head.decode("latin-1").splitlines() if line.strip()][:5]
    return bool(lines) and all(_LINE.match(line) for line in lines)


LOADERS = (Loader("hcpcs", "HCPCS Level II alphanumeric file (ANWEB)", _recognises, _drafts),)
