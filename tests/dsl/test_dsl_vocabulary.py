"""Vocabularies: from the words of a pack to a code with its passage, dated and by kind of note."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dsl_golden import signed, sources

from codewarrant.coding import installed
from codewarrant.coding.chart import code_chart
from codewarrant.coding.snapshot import Snapshot, vocabulary_table
from codewarrant.decision import Body, Request
from codewarrant.dsl.check import check_packs
from codewarrant.dsl.codeview import InstalledCodes
from codewarrant.dsl.link import Linked, link
from codewarrant.dsl.vocabulary import Phrase
from codewarrant.dsl.words import words_of
from codewarrant.engine.conditions import ALWAYS
from codewarrant.engine.values import Code
from codewarrant.extract.lexicon import Lexicon, Term, compile_lexicon
from codewarrant.extract.read import Reader
from codewarrant.extract.tables import Table, load_tables
from codewarrant.schema import SECTIONS, Note

PACK = """pack lay-words "Words of our clinics" version 1.0
  effective from 2026-01-01 through 2026-12-31
source committee "Coding committee, minutes"

vocabulary clinic "Words of our clinics" of icd10cm
  cites committee "12 January"
  "flumpers" means E11.9
  "the old ticker trouble" means "congestive heart failure"
  "grip" in capitals means J11.1 in notes with "fever", "chills"
  "grip" means S60.221A in notes with "hand"

vocabulary spring "Words of one spring" of icd10cm
  effective from 2026-03-01 through 2026-05-31
  cites committee "2 March"
  "the crud" means J06.9
"""


def linked(text: str, codes: InstalledCodes) -> Linked:
    checked = check_packs(sources(signed(text)), codes)
    assert checked.ok, checked.diagnostics
    return link(checked, codes)


def test_phrases_are_plain_data_in_one_order(codes: InstalledCodes) -> None:
    found = linked(PACK, codes).vocabulary
    assert [item.text for item in found] == [
        "flumpers", "grip", "grip", "the crud", "the old ticker trouble",
    ]  # fmt: skip
    flumpers, grip, hand, crud, ticker = found
    assert (flumpers.system, flumpers.code, flumpers.words) == ("icd10cm", "E11.9", "")
    assert (grip.needs, grip.capitals) == (("fever", "chills"), True)
    assert (hand.needs, hand.capitals) == (("hand",), False)
    assert (ticker.code, ticker.words) == ("", "congestive heart failure")
    assert (crud.window.start, crud.window.end) == (date(2026, 3, 1), date(2026, 6, 1))
    assert flumpers.cites[0].label == "Coding committee, minutes 12 January"


def test_a_dictionary_gives_the_same_phrases_as_the_block(codes: InstalledCodes) -> None:
    head = PACK.split('  "flumpers"')[0]
    text = f"""=== pack.rules
{head}  from "words.csv" sha256 "SHA-words"
=== words.csv
phrase,code,words,notes_with,capitals
flumpers,E11.9,,,
the old ticker trouble,,congestive heart failure,,
grip,J11.1,,fever; chills,yes
grip,S60.221A,,hand,no
"""
    written = [item for item in linked(PACK, codes).vocabulary if item.text != "the crud"]
    assert list(linked(text, codes).vocabulary) == written


def test_a_pack_that_extends_another_decides_for_its_dates(codes: InstalledCodes) -> None:
    second = """pack ours "Ours" version 1.0
  extends lay-words at 1.0
  effective from 2026-04-01 through 2026-06-30
source us "Our list"
vocabulary ours "Ours" of icd10cm
  cites us "1"
  "flumpers" means E11.65
"""
    found = linked(f"=== a/pack.rules\n{PACK}=== b/pack.rules\n{second}", codes).vocabulary
    assert sorted(
        (str(item.window.start), str(item.window.end), item.code)
        for item in found
        if item.text == "flumpers"
    ) == [
        ("2026-01-01", "2026-04-01", "E11.9"),
        ("2026-04-01", "2026-07-01", "E11.65"),
        ("2026-07-01", "2027-01-01", "E11.9"),
    ]


def test_two_packs_that_do_not_extend_each_other_may_not_disagree(codes: InstalledCodes) -> None:
    other = PACK.replace("pack lay-words", "pack other-words").replace("E11.9", "E11.65")
    text = f"=== a/pack.rules\n{PACK}=== b/pack.rules\n{other}"
    found = linked(text, codes).diagnostics
    assert {item.code for item in found} == {"CW0203"}
    assert "`flumpers` is given a meaning twice" in [item.message for item in found]


# ---- the extractor -----------------------------------------------------------------


TERMS = {
    "E11.9": "Type 2 diabetes mellitus without complications",
    "I50.9": "Congestive heart failure",
    "J11.1": "Influenza with other respiratory manifestations",
    "J06.9": "Acute upper respiratory infection",
    "S60.221": "Contusion of right hand",
    "I10": "Essential hypertension",
}
COLUMNS = ("phrase", "words", "icd10cm", "icd9cm", "needs", "case")


def small_lexicon(given: Table) -> Lexicon:
    tables = load_tables()
    terms = [Term(Code("icd10cm", code), text) for code, text in TERMS.items()]
    return Lexicon.from_bytes(compile_lexicon(terms, tables["abbreviations"], tables, given))


def mentions(text: str, *rows: tuple[str, ...]) -> list[tuple[str, str]]:
    reader = Reader(small_lexicon(Table("vocabulary", COLUMNS, rows)))
    note = Note(source="DocumentReference/1", path="", digest="", text=text)
    return [(item.code.value, item.phrase) for item in reader.read([note]).mentions]


FLUMPERS = ("flumpers", "", "E11.9", "", "", "")
GRIP = ("grip", "", "J11.1", "", "fever;chills", "upper")
HAND = ("grip", "", "S60.221", "", "hand", "")


def test_a_phrase_that_means_a_code_is_found_with_its_passage() -> None:
    assert mentions("He has flumpers since May.", FLUMPERS) == [("E11.9", "flumpers")]
    assert mentions("He has flumpers since May.") == []


def test_a_phrase_is_matched_word_for_word() -> None:
    row = ("heart attack", "", "I50.9", "", "", "")
    assert mentions("Heart-attack today.", row) == [("I50.9", "Heart-attack")]
    assert mentions("An attack of the heart.", row) == []


def test_a_phrase_that_stands_for_words_is_read_like_them() -> None:
    row = ("ticker trouble", "congestive heart failure", "", "", "", "")
    assert mentions("Old ticker trouble.", row) == [("I50.9", "ticker trouble")]


def test_the_rest_of_the_note_decides_between_meanings() -> None:
    assert mentions("Fever. GRIP again.", GRIP, HAND) == [("J11.1", "GRIP")]
    assert mentions("Fever. Grip again.", GRIP, HAND) == []
    assert mentions("Weak grip of the hand.", GRIP, HAND) == [("S60.221", "grip")]
    assert mentions("Weak grip.", GRIP, HAND) == []


def test_a_pack_s_phrase_stands_in_for_an_abbreviation_of_the_same_words() -> None:
    assert mentions("HTN.") == [("I10", "HTN")]
    assert mentions("HTN.", ("htn", "", "E11.9", "", "", "")) == [("E11.9", "HTN")]


def test_negation_reaches_phrases_of_packs_as_it_does_titles() -> None:
    phrase = Phrase("flumpers", "icd10cm", "E11.9", "", (), False, ALWAYS, "p", "p/v", ())
    reader = Reader(small_lexicon(vocabulary_table([phrase])))
    note = Note(source="DocumentReference/1", path="", digest="", text="No flumpers.")
    (found,) = reader.read([note]).mentions
    assert found.polarity == "negated"


class SmallRelease:
    """As much of a code set as a lexicon is compiled from."""

    system = "icd10cm"
    digest = "a small release"

    def terms(self, on: date) -> list[tuple[str, str, str]]:
        return [(code, "title", text) for code, text in TERMS.items()]


def test_a_lexicon_kept_on_disk_is_that_of_its_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "cache_folder", lambda: tmp_path)
    day = date(2026, 4, 2)
    release: Any = SmallRelease()
    tables = [Table("vocabulary", COLUMNS, rows) for rows in ((), (FLUMPERS,), (GRIP, HAND))]
    first = [installed.cached_lexicon(release, day, table) for table in tables]
    assert len(list(tmp_path.iterdir())) == 3
    again = [installed.cached_lexicon(release, day, table) for table in tables]
    assert [item.digest for item in again] == [item.digest for item in first]
    assert len({item.digest for item in first}) == 3


# ---- from a bundle to a decision -------------------------------------------------------


def bundle(note: str, day: str) -> bytes:
    data = base64.b64encode(note.encode()).decode()
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1961-07-13"},
        {
            "resourceType": "Encounter", "id": "e", "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB",
            },
            "subject": {"reference": "Patient/p"}, "period": {"start": day, "end": day},
        },
        {
            "resourceType": "DocumentReference", "id": "d", "status": "current",
            "type": {"text": "Progress note"}, "subject": {"reference": "Patient/p"},
            "context": {"encounter": [{"reference": "Encounter/e"}]},
            "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        },
    ]  # fmt: skip
    entry = [{"resource": item} for item in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}).encode()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The installed packs and a pack given beside them, read with a lexicon of few codes."""
    folder = tmp_path_factory.mktemp("packs") / "lay-words"
    folder.mkdir()
    (folder / "pack.rules").write_text(PACK, "utf-8")
    given = installed.installed_snapshot((folder,))
    return Snapshot.from_parts(given.lock, given.parts, lambda release, on, t: small_lexicon(t))


NOTE = "Assessment:\nFlumpers, stable. The crud.\n"


def body(day: str, snapshot: Snapshot) -> Body:
    return code_chart(bundle(NOTE, day), Request("Encounter/e"), snapshot).body


def reported(found: Body) -> set[str]:
    return {item.code.value for item in found.diagnoses}


def test_a_pack_s_phrase_becomes_a_code_with_the_passage_as_evidence(snapshot: Snapshot) -> None:
    found = body("2026-04-02", snapshot)
    assert reported(found) == {"E11.9", "J06.9"}
    (diabetes,) = (item for item in found.diagnoses if item.code.value == "E11.9")
    facts = {fact.id: fact for fact in found.trace.facts}
    places = {place for ground in diabetes.grounds for place in facts[ground].evidence}
    assert {(place.source, place.text) for place in places} == {("DocumentReference/d", "Flumpers")}
    assert {NOTE[place.begin : place.end] for place in places} == {"Flumpers"}


def test_a_phrase_holds_on_its_dates_only(snapshot: Snapshot) -> None:
    assert reported(body("2026-07-02", snapshot)) == {"E11.9"}
    assert reported(body("2027-01-04", snapshot)) == set()


# ---- words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Doesn't tolerate 2.5 mg b.i.d., naïve to β-blockers; patient’s knee (right)",
        "NOT DUE to Hypertension—see Ménière",
        "",
        "q.4h x-ray 10/12 café_au_lait",
    ],
)
def test_conditions_on_notes_cut_words_as_the_reader_does(text: str) -> None:
    tokens = load_tables().speller.tokens(text)
    assert words_of(text) == [token.fold for token in tokens if token.lemma]


def test_rules_may_name_every_kind_of_section_that_notes_are_parted_into() -> None:
    tables = load_tables()
    kinds = {row["kind"] for row in tables["sections"].dicts()}
    kinds |= {row["kind"] for row in tables["section_kinds"].dicts()}
    assert kinds == set(SECTIONS)
    assert list(SECTIONS) == sorted(SECTIONS)
