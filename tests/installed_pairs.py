"""An invented edition of a national table, a rule that joins it, and claims that it bears on."""

from __future__ import annotations

import io
from pathlib import Path

from codewarrant.codesets.releases.draft import Asked
from codewarrant.codesets.releases.importing import import_drafts
from codewarrant.codesets.releases.sniff import drafts
from codewarrant.codesets.releases.sources import Source
from codewarrant.coding.chart import code_chart
from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import Body
from codewarrant.dsl.pack import PackSource
from codewarrant.evaluation.charts import ChartForm, to_bundle
from codewarrant.fhir.read import open_bundle

RULES = """pack pairs "Pairs" version 1.0
  effective from 2016-01-01
  owner "Tests"

source m "Manual"

table pairs "Pairs of services"
  from release ncci-ptp-practitioner
  cites m "1"

rule not-paid "The second service of a pair is part of the first"
  cites m "1"
  severity reject
  for each line a, line b, row r of pairs
  when r matches (column1: a.code, column2: b.code, on: a.date)
   and a.date = b.date
  then deny b with reason "CO-236" because "{b.code} is part of {a.code} in {r.edition}."
  if unknown route to review
"""
PACK = PackSource("pairs", {"pack.rules": RULES.encode()})
HEADER = (
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\t"
    "Deletion Date *=no data\tModifier 0=not allowed 1=allowed 9=not applicable\tRationale"
)


def edition(name: str, *pairs: str) -> Source:
    text = "\r\n".join(["Notice", HEADER, *(pair.replace(" ", "\t") for pair in pairs)]) + "\r\n"
    return Source(name, lambda: io.BytesIO(text.encode()))


JULY = ("J0001 J0002 - 20240101 * 0 Misuse", "J0003 J0004 - 20260701 * 1 Misuse")
OCTOBER = (*JULY, "J0002 J0001 - 20261001 * 0 Misuse")


def put(store: Path, quarter: str, pairs: tuple[str, ...]) -> None:
    pairs = tuple(pair.replace(" - ", "  ") for pair in pairs)
    asked = Asked(edition=quarter, table="ncci-ptp-practitioner")
    found, unread = drafts([edition("pairs.txt", *pairs)], asked)
    assert not unread
    import_drafts(store / "releases.sqlite", found)


def claim(*lines: tuple[str, str], day: str = "2026-08-03") -> bytes:
    form = {
        "id": "c",
        "date": day,
        "setting": "professional",
        "claim": {"lines": [{"code": code, "date": on, "units": 1} for code, on in lines]},
    }
    return to_bundle(ChartForm.model_validate(form))


def decide(bundle: bytes, snapshot: Snapshot) -> Body:
    (request,) = open_bundle(bundle).requests()
    return code_chart(bundle, request, snapshot).body
