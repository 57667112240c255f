"""Turn the English clinical cases of CodiEsp into charts for `evaluate`.

The corpus (CC BY 4.0; Miranda-Escalada et al., CLEF 2020) is not part of this project: pass a
folder of it (``train`` or ``dev``), or set CODEWARRANT_SHARED to the folder that holds
``corpora/codiesp/dev``. The cases have no dates: they are read as stays that ended on one day, on
which the code set of those years was in force. Gold codes that the code set never held are left out
and counted on standard error: the corpus was coded with the Spanish edition.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codewarrant.codesets import ICD10CM, load
from codewarrant.codesets.shape import normalise

DATE = "2018-06-15"
PLACE = Path("corpora/codiesp/dev")


def charts(folder: Path) -> Iterator[dict[str, Any]]:
    """One chart a case, in order of name. Raises ``OSError``, ``ValueError`` for a bad line."""
    gold: dict[str, set[str]] = {}
    (table,) = sorted(folder.glob("*D.tsv"))
    known = load(ICD10CM)
    foreign = 0
    for number, line in enumerate(table.read_text("utf-8").splitlines(), 1):
        case, _, text = line.partition("\t")
        code = normalise(ICD10CM, text)
        if not case or code is None:
            raise ValueError(f"{table.name}:{number}: no case and code")
        if code in known:
            gold.setdefault(case, set()).add(code)
        else:
            foreign += 1
    if foreign:
        print(f"{foreign} gold codes are in no ICD-10-CM release", file=sys.stderr)
    for file in sorted((folder / "text_files_en").glob("*.txt")):
        codes = sorted(gold.get(file.stem, ()))
        yield {
            "id": file.stem,
            "date": DATE,
            "setting": "inpatient",
            "specialty": "case report",
            "notes": [{"type": "clinical case", "text": file.read_text("utf-8")}],
            "codes": [{"system": ICD10CM, "code": code} for code in codes],
        }


def main(arguments: list[str] | None = None) -> int:
    """Write one JSON object a line; 2 for bad usage, 3 for a folder that is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of the corpus")
    parser.add_argument("-o", "--output", type=Path, help="where to write; standard output if none")
    given = parser.parse_args(arguments)
    shared = os.environ.get("CODEWARRANT_SHARED")
    folder: Path | None = given.folder or (Path(shared) / PLACE if shared else None)
    if folder is None:
        parser.error("name a folder of the corpus, or set CODEWARRANT_SHARED")
    try:
        found = list(charts(folder))
    except (OSError, ValueError) as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return 3
    lines = "".join(json.dumps(chart, ensure_ascii=False, sort_keys=True) + "\n" for chart in found)
    if given.output:
        given.output.write_text(lines, "utf-8")
    else:
        sys.stdout.write(lines)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
