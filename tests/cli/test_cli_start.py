"""The command as a process: what help imports, streams, exit codes, odd terminals."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from cli_inputs import PACK, sound, write_pack
from installed_pairs import claim

RUN = "from codewarrant.cli import main; main()"
HEAVY = ("spacy", "sqlalchemy", "fhir", "lark", "pydantic", "rich", "orjson", "codewarrant.engine")
LISTED = f"""
import sys
sys.argv = ["codewarrant", *sys.argv[1:]]
try:
    from codewarrant.cli import main
    main()
finally:
    print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
"""


def run(*words: object, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, words)],
        capture_output=True,
        env={**os.environ, **env},
        timeout=120,
        check=False,
    )


def imported(*words: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", LISTED, *words], capture_output=True, text=True, check=False
    )
    return result.stderr.splitlines()[-1]


def test_help_imports_nothing_heavy() -> None:
    for words in (["--help"], ["--version"]):
        assert imported(*words) == "[]", words


def test_help_of_a_command_imports_nothing_of_ours_but_its_options() -> None:
    """pydantic is typer's own: it reads the types of options with it."""
    for name in ("code", "explain", "replay", "check", "test", "evaluate"):
        assert imported(name, "--help") in ("[]", "['pydantic']"), name


def test_the_second_claim_without_words_needs_no_parser_of_rules_and_no_spacy(
    tmp_path: Path,
) -> None:
    path = tmp_path / "claim.json"
    path.write_bytes(claim(("99213", "2026-08-03")))
    assert run("code", path).returncode == 0  # the packs are compiled at the latest now
    loaded = imported("code", str(path))
    assert "codewarrant.engine" in loaded
    assert "lark" not in loaded
    assert "spacy" not in loaded


def test_help_is_fast() -> None:
    """Under 0.3 s of processor time, which a busy machine does not lengthen; the best of three."""

    def spent() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(spent() for _ in range(3)) < 0.3


def test_help_names_every_command_in_one_line() -> None:
    text = run("--help").stdout.decode()
    for name in ("code", "explain", "replay", "check", "test", "evaluate"):
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{name} ")]
        assert line.endswith(".")
        assert not line.endswith("...")


def test_a_process_codes_to_standard_output_and_warns_on_standard_error(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(sound())
    bad.write_bytes(b"{")
    result = run("code", good, bad, "--json")
    assert result.returncode == 3
    said = json.loads(result.stdout)
    assert len(said["decisions"]) == 1
    assert [item["file"] for item in said["refused"]] == [str(bad)]
    assert result.stderr.decode().startswith(f"{bad}: not JSON")


def test_a_terminal_without_quotation_marks_still_shows_the_claim(tmp_path: Path) -> None:
    path = tmp_path / "chart.json"
    path.write_bytes(sound())
    result = run("code", path, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert b"?Type 2 diabetes mellitus?" in result.stdout
    assert result.stderr == b""


def test_a_broken_rulepack_ends_the_process_with_3_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "chart.json"
    path.write_bytes(sound())
    pack = write_pack(tmp_path / "extra", PACK.format(name="other") + "rule")
    result = run("code", path, "--rules", pack)
    assert result.returncode == 3
    assert result.stdout == b""
    assert b"extra/pack.rules:" in result.stderr
    assert b"Traceback" not in result.stderr
