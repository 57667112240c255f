"""Write the expected decision of each example: ``tests/examples/golden/NAME.json``.

A golden file is the body of the decision, printed for people to review; the header is left out
because it carries versions. Run this after a change that is meant to alter decisions, and review
the difference before it is committed. ``--check`` writes nothing and exits 1 where one is stale.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from codewarrant.coding.chart import code_opened
from codewarrant.coding.installed import installed_snapshot
from codewarrant.coding.snapshot import Snapshot
from codewarrant.engine.canonical import dumps
from codewarrant.fhir.read import open_bundle

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
GOLDEN = ROOT / "tests" / "examples" / "golden"


def render(bundle: bytes, snapshot: Snapshot) -> str:
    """The body of the only decision of a bundle: its canonical form, indented."""
    opened = open_bundle(bundle)
    (request,) = opened.requests()
    body = code_opened(opened, request, snapshot).decision.body
    form = json.loads(dumps(body))
    return json.dumps(form, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    """Write or check every golden file; one without an example is removed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one differs")
    check = parser.parse_args(words).check
    snapshot = installed_snapshot()
    examples = sorted(EXAMPLES.glob("*.json"))
    GOLDEN.mkdir(exist_ok=True)
    stale = 0
    for path in examples:
        golden = GOLDEN / path.name
        now = render(path.read_bytes(), snapshot)
        if golden.is_file() and golden.read_text(encoding="utf-8") == now:
            continue
        stale += 1
        print(f"{'stale' if check else 'written'}: {golden.relative_to(ROOT)}")
        if not check:
            golden.write_text(now, encoding="utf-8")
    for golden in sorted(GOLDEN.glob("*.json")):
        if golden.name not in {path.name for path in examples}:
            stale += 1
            print(f"{'no example' if check else 'removed'}: {golden.relative_to(ROOT)}")
            if not check:
                golden.unlink()
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
