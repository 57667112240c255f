"""The commands of ``docs/updating.md``, run in their order on files in the official layout.

A decision made before an import replays identically after it, for the whole year.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from official_layouts import LETTERS, hcpcs_line, order_file, tabular
from release_files import UNITS, add_on_text, archive, mue_text, ptp_text
from test_releases_edit_tables import ARTICLES, COVERED, SERVICES, comma, fee, fees
from test_releases_icd_documents import INDEX, exempt
from test_releases_icd_lists import PCS
from typer.testing import CliRunner

from codewarrant.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "updating.md"
COMMANDS = [
    line
    for fence in re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    for line in fence.splitlines()
]
OLD = [("X0001", "X0002", "", "20240101", "*", "1", "Misuse")]
AUTUMN = [*OLD, ("X0005", "X0006", "", "20261001", "*", "0", "Standards")]
WINTER = [
    *OLD,
    ("X0005", "X0006", "", "20261001", "20261231", "0", "Standards"),
    ("X0007", "X0008", "", "20270101", "*", "1", "Standards"),
]
APRIL = [*LETTERS, ("Z02", True, "A title of April")]
MORE_UNITS = [("X0001", "5", *UNITS[0][2:]), *UNITS[1:]]


def quarter(day: str, ncci: str, name: str, month: str, pairs: list) -> dict[str, bytes]:
    """A quarter's files; ``day`` as in names of units, ``ncci`` as in names of pairs."""
    year = day[-4:]
    lines = [hcpcs_line(code, 100, 3, "Text", "Short", date(2020, 1, 1)) for code in
             ("A0001", "X0005", "X0006", "V9990")]  # fmt: skip
    return {
        f"ccipra-{ncci}-f1.TXT": ptp_text(pairs),
        f"ccioph-{ncci}-f1.TXT": ptp_text(pairs),
        f"MCR_MUE_PractitionerServices_Eff_{day}.csv": mue_text(),
        f"MCR_MUE_OutpatientHospitalServices_Eff_{day}.csv": mue_text("outpatient"),
        f"MCR_MUE_DMESupplierServices_Eff_{day}.csv": mue_text("dme"),
        f"AOC_V{name}-MCR.txt": add_on_text(),
        f"HCPC{year}_{month.upper()}_ANWEB.txt": "".join(f"{one}\r\n" for one in lines).encode(),
        f"PPRRVU{year}_{month}.csv": comma(fees(fee("G0001"))).encode(),
    }


def article(kind: list[str], *cells: object) -> bytes:
    return comma([kind, [*cells, *[""] * (len(kind) - len(cells))]]).encode()


FILES: dict[str, dict[str, bytes]] = {
    "2026-october": {
        "icd10cm_order_2027.txt": order_file(LETTERS).encode(),
        "icd10cm_tabular_2027.xml": tabular().encode(),
        "icd10cm_index_2027.xml": INDEX.encode(),
        "POAexemptCodes2027.txt": exempt().encode(),
        "icd10pcs_order_2027.txt": order_file(PCS).encode(),
    },
    "2026-q4": quarter("10-01-2026", "v323r0", "2026Q4", "Oct", AUTUMN),
    "2027-q1": quarter("01-01-2027", "v330r0", "2027Q1", "Jan", WINTER),
    "2027-april": {"icd10cm-order-April-1-2027.txt": order_file(APRIL).encode()},
    "correction": {
        "MCR_MUE_PractitionerServices_Eff_01-01-2027.csv": mue_text(rows=MORE_UNITS),
    },
}


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with what the page has downloaded below it."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    for folder, files in FILES.items():
        place = tmp_path / "downloads" / folder
        place.mkdir(parents=True)
        for name, data in files.items():
            (place / name).write_bytes(data)
    flags = b"code,start,end,flags\nA33,20151001,20270331,newborn\n"
    (tmp_path / "downloads" / "mce-lists.csv").write_bytes(flags)
    day = "2026-01-15 00:00:00"
    articles = {
        "article.csv": article(ARTICLES, "90001", "7", "A title", day, day),
        "article_x_icd10_covered.csv": article(COVERED, "90001", "7", "I50.9", "69", "1"),
        "article_x_hcpc_code.csv": article(SERVICES, "90001", "7", "G0001", "112", "1"),
    }
    (tmp_path / "downloads" / "articles.zip").write_bytes(archive(articles))
    return tmp_path


@pytest.fixture
def run() -> Callable:
    def run(*words: str) -> str:
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert result.exit_code == 0, (words, result.output)
        return result.stdout

    return run


def claim(name: str, day: str) -> bytes:
    """A claim of two services that stand in a pair from 2026-10-01 to 2026-12-31."""
    entries = [
        {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-01-01"},
        {
            "resourceType": "Claim",
            "id": name,
            "status": "active",
            "use": "claim",
            "type": {"coding": [{"code": "professional"}]},
            "patient": {"reference": "Patient/p"},
            "created": day,
            "provider": {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}},
            "priority": {"coding": [{"code": "normal"}]},
            "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "PLAN"}}],
            "diagnosis": [
                {
                    "sequence": 1,
                    "diagnosisCodeableConcept": {
                        "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z02"}]
                    },
                }
            ],
            "item": [
                {
                    "sequence": at,
                    "diagnosisSequence": [1],
                    "productOrService": {
                        "coding": [
                            {
                                "system": "https://www.cms.gov/Medicare/Coding/"
                                "HCPCSReleaseCodeSets",
                                "code": code,
                            }
                        ]
                    },
                    "servicedDate": day,
                    "quantity": {"value": 1},
                }
                for at, code in enumerate(("X0005", "X0006"), start=1)
            ],
        },
    ]
    form = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": e} for e in
            entries]}  # fmt: skip
    return json.dumps(form).encode()


def rules_that_fired(said: str) -> set[str]:
    (decision,) = json.loads(said)["decisions"]
    return {edit["rule"] for edit in decision["body"]["edits"]}


def test_the_page_imports_a_year_and_decisions_replay_after_each_step(
    downloads: Path, run: Callable
) -> None:
    assert [line for line in COMMANDS if not line.startswith("codewarrant data ")] == []
    assert sum(line.startswith("codewarrant data import") for line in COMMANDS) >= 8
    autumn = downloads / "autumn.json"
    autumn.write_bytes(claim("autumn", "2026-11-05"))
    before = run("code", str(autumn), "--json", "--store", "decisions")
    assert not any("ptp" in rule for rule in rules_that_fired(before))
    after = ""
    for line in COMMANDS:
        said = run(*shlex.split(line)[1:])
        assert said, line
        if line == "codewarrant data import downloads/2026-q4":
            after = run("code", str(autumn), "--json", "--store", "decisions")
            assert any("ptp" in rule for rule in rules_that_fired(after))
    assert after
    assert "2 of 2 identical" in run("replay", "--store", "decisions")
    again = run("code", str(autumn), "--json")
    assert rules_that_fired(again) == rules_that_fired(after), "a later quarter keeps the past"


def test_every_file_that_the_page_names_is_read(downloads: Path, run: Callable) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for files in FILES.values():
        for name in files:
            assert f"`{name}`" in text, name
