"""Claims alone through the edits: what a person is told of codes that are none, and of tables."""

from __future__ import annotations

from typing import Any

from edits_oracle import LAST_DAY, Billed, bundle

from codewarrant.coding.chart import code_chart
from codewarrant.coding.installed import rulepacks_folder, snapshot_of
from codewarrant.coding.snapshot import Snapshot
from codewarrant.decision import Body
from codewarrant.dsl.pack import load_pack_dir
from codewarrant.evaluation.charts import ChartForm, to_bundle
from codewarrant.fhir.read import open_bundle

TABLES = {
    "claim-edits/article_diagnoses", "claim-edits/article_services", "claim-edits/hcpcs_codes",
    "claim-edits/places", "ncci/add_ons", "ncci/mue_practitioner", "ncci/ptp_practitioner",
}  # fmt: skip
"""What a claim of one visit and injections asks, whatever the payer."""


def decide(data: bytes, snapshot: Snapshot) -> Body:
    (request,) = open_bundle(data).requests()
    return code_chart(data, request, snapshot).body


def professional(*codes: str) -> bytes:
    lines: list[dict[str, Any]] = [{"code": code, "units": 1, "pos": "11"} for code in codes]
    form = {
        "id": "claim",
        "date": "2026-03-02",
        "setting": "professional",
        "claim": {"payer": "A plan", "lines": lines},
        "codes": [{"system": "icd10cm", "code": "I10"}],
    }
    return to_bundle(ChartForm.model_validate(form))


def test_a_code_that_is_none_is_said_once(edits: Snapshot) -> None:
    """By its edit, with the reason; the rejected candidate stays in the decision."""
    body = decide(bundle(Billed(LAST_DAY, 60, "female", ("I10", "E1177"))), edits)
    said = [reason for reason in body.route.reasons if "E11.77" in reason]
    assert len(said) == 1
    assert said[0].startswith("Edit CO-146: E11.77 is not in force")
    assert [edit.rule for edit in body.edits if edit.reason == "CO-146"] == [
        "mce/invalid-diagnosis"
    ]
    assert [item.kind for item in body.rejected if str(item.code).endswith("E11.77")] == [
        "not valid on the date"
    ]


def test_a_missing_table_is_said_once(tmp_path, monkeypatch) -> None:
    """Not once for each pair of lines, nor once for each rule."""
    monkeypatch.setenv("CODEWARRANT_DATA", str(tmp_path))
    packs = ("claim-edits", "mce", "ncci")
    bare = snapshot_of([load_pack_dir(rulepacks_folder() / name) for name in packs])
    body = decide(professional("99213", "J3301", "20610", "36415"), bare)
    said = [reason for reason in body.route.reasons if "for want of table" in reason]
    named = [
        name.removeprefix("table ").rstrip(".")
        for reason in said
        for name in reason.split("for want of ")[1].split(", ")
    ]
    assert len(named) == len(set(named))
    assert set(named) >= TABLES


def test_a_claim_without_words_leaves_the_lexicon_closed() -> None:
    """It takes seconds to compile, and nothing of a claim alone is read with it."""

    def refuse(*_: object) -> Any:
        raise AssertionError("the lexicon was opened")

    pack = load_pack_dir(rulepacks_folder() / "mce")
    whole = snapshot_of([pack])
    closed = Snapshot.from_parts(whole.lock, whole.parts, refuse)
    assert decide(professional("99213"), closed).diagnoses is not None
