"""Turn radiology reports of the 2007 Computational Medicine Challenge into charts for `evaluate`.

The corpus is for non-commercial use and is not part of this project: pass its XML file, or set
CODEWARRANT_SHARED to the folder that holds ``corpora/cmc2007/cmc2007_dev.xml``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATE = "2007-01-15"
GOLD = "CMC_MAJORITY"
PLACE = Path("corpora/cmc2007/cmc2007_dev.xml")


def charts(root: ElementTree.Element) -> Iterator[dict[str, Any]]:
    """One chart a report, in the order of the file.

    Raises ``ValueError`` for a report without an id or without text.
    """
    for number, report in enumerate(root.iter("doc"), 1):
        name = report.get("id")
        if not name:
            raise ValueError(f"report {number} has no id")
        notes = [
            {"type": text.get("type", ""), "text": (text.text or "").strip()}
            for text in report.iter("text")
        ]
        if not any(note["text"] for note in notes):
            raise ValueError(f"report {name} has no text")
        gold = {
            (code.text or "").strip() for code in report.iter("code") if code.get("origin") == GOLD
        }
        yield {
            "id": name,
            "date": DATE,
            "setting": "outpatient",
            "specialty": "radiology",
            "notes": notes,
            "codes": [{"system": "icd9cm", "code": code} for code in sorted(gold)],
        }


def main(arguments: list[str] | None = None) -> int:
    """Read the XML, write one JSON object a line; 2 for bad usage, 3 for a file that is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("xml", nargs="?", type=Path, help="the corpus file")
    parser.add_argument("-o", "--output", type=Path, help="where to write; standard output if none")
    given = parser.parse_args(arguments)
    shared = os.environ.get("CODEWARRANT_SHARED")
    source: Path | None = given.xml or (Path(shared) / PLACE if shared else None)
    if source is None:
        parser.error("name the XML file, or set CODEWARRANT_SHARED")
    try:
        found = list(charts(ElementTree.parse(source).getroot()))
    except (OSError, ValueError, ElementTree.ParseError) as error:
        print(f"{source}: {error}", file=sys.stderr)
        return 3
    lines = "".join(json.dumps(chart, ensure_ascii=False, sort_keys=True) + "\n" for chart in found)
    if given.output:
        given.output.write_text(lines, "utf-8")
    else:
        sys.stdout.write(lines)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
