"""Write the pinned locks from pyproject.toml: versions and hashes, never an index address.

Run through ``make lock``. Each extra has a lock of its own, so that installing one does not pull
in the others; ``requirements/dev.txt`` is what ``make test`` installs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS: dict[str, tuple[str, ...]] = {
    "runtime": (),
    "dev": ("dev",),
    "crosscheck": ("crosscheck",),
    "spark": ("spark",),
    "fit": ("fit",),
    "bench": ("bench",),
}


def lock(name: str, extras: tuple[str, ...]) -> None:
    """Resolve one lock for every supported Python."""
    out = ROOT / "requirements" / f"{name}.txt"
    command = [
        sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal",
        "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
        "--no-emit-find-links", "--no-annotate", "--custom-compile-command", "make lock",
        "--output-file", str(out),
    ]  # fmt: skip
    for extra in extras:
        command += ["--extra", extra]
    subprocess.run(command, cwd=ROOT, check=True)
    if "://" in out.read_text():
        raise SystemExit(f"{out.name} names an address; a lock must not")
    print(f"requirements/{name}.txt")


def main() -> None:
    """Write every lock."""
    for name, extras in LOCKS.items():
        lock(name, extras)


if __name__ == "__main__":
    main()
