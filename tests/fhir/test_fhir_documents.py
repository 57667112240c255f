"""Documents to notes: exact text, exact offsets, and nothing silently empty."""

from __future__ import annotations

import hashlib

import pytest
from fhir_bundles import LOINC, chart, concept, document, encounter, named, patient, visit
from hypothesis import given
from hypothesis import strategies as st

from codewarrant.fhir.xhtml import plain_text, source_offset


def note(*resources: dict):
    (found,) = visit(*resources).notes
    return found


def unread(*resources: dict) -> list[str]:
    return [one.reason for one in visit(*resources).unread]


def test_a_plain_note_keeps_every_character() -> None:
    text = "Grüße\r\n  Chest:\tclear ≥ 3\n"
    found = note(document(text.encode()))
    assert found.text == text
    assert found.digest == hashlib.sha256(text.encode()).hexdigest()
    assert (found.source, found.path, found.kind) == (
        "DocumentReference/d",
        "content[0].attachment",
        "11506-3",
    )


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("text/plain", "naïve".encode()),
        ("text/plain; charset=ISO-8859-1", b"na\xefve"),
        ("text/plain; charset=windows-1252", b"na\xefve"),
        ('text/plain; charset="utf-8"', b"\xef\xbb\xbfna\xc3\xafve"),
    ],
)
def test_the_charset_is_the_declared_one(content_type: str, data: bytes) -> None:
    assert note(document(data, content_type=content_type)).text == "naïve"


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("text/plain", "not text in its charset: utf-8"),
        ("text/plain; charset=ebcdic-zz", "its charset is not known"),
        ("application/pdf", "format not read: application/pdf"),
        ("application/xml", "format not read: application/xml"),
        ("text/rtf", "format not read: text/rtf"),
        (None, "format not read: not said"),
    ],
)
def test_what_cannot_be_read_is_said(content_type: str | None, reason: str) -> None:
    found = visit(document(b"%PDF \xff", content_type=content_type))
    assert [one.reason for one in found.unread] == [reason]
    assert [one.read for one in named(found, "Document")] == [False]
    assert not found.notes


def test_an_address_is_never_fetched() -> None:
    built = document()
    built["content"] = [{"attachment": {"contentType": "text/plain", "url": "http://x.test/1"}}]
    assert unread(built) == ["not fetched: the attachment is only an address"]


@pytest.mark.parametrize("data", [b"", b" \n\t "])
def test_an_empty_note_is_said_to_be_empty(data: bytes) -> None:
    found = visit(document(data))
    assert [one.reason for one in found.unread] == ["empty: the note has no words"]
    assert not found.notes
    assert len(named(found, "Document")) == 1


def test_a_second_format_of_one_document_is_not_read_twice() -> None:
    built = document(b"<p>Chest clear.</p>", content_type="text/html")
    built["content"] += document(b"Chest clear.")["content"]
    found = visit(built)
    assert [one.path for one in found.notes] == ["content[1].attachment"]
    assert found.unread[0].reason == "another format of a document that is read: text/html"


def test_a_superseded_document_is_read_unless_its_successor_is_there() -> None:
    old = document(b"old", "old", status="superseded")
    assert note(old).text == "old"
    new = document(b"new", "new")
    new["relatesTo"] = [{"code": "replaces", "target": {"reference": "DocumentReference/old"}}]
    assert note(old, new).text == "new"
    assert unread(old, new) == ["superseded by another document"]
    assert unread(document(status="entered-in-error")) == ["entered in error"]


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">Sepsis &amp; <b>AKI</b></div>'


def test_reports_and_compositions_are_notes_too() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": concept(LOINC, "30746-2"),
        "effectiveDateTime": "2026-03-04",
        "conclusion": "No pneumonia.",
    }
    composition = {
        "resourceType": "Composition",
        "id": "k",
        "status": "final",
        "type": concept(LOINC, "18842-5"),
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/e"},
        "date": "2026-03-03",
        "author": [{"display": "Dr"}],
        "title": "Discharge summary",
        "section": [
            {
                "title": "Diagnoses",
                "section": [
                    {
                        "title": "Principal",
                        "text": {"status": "generated", "div": DIV},
                    }
                ],
            }
        ],
    }
    found = chart(patient(), encounter(), report, composition)
    assert [(one.source, one.path, one.text) for one in found.notes] == [
        ("Composition/k", "section[0].section[0].text.div", "Principal:\nSepsis & AKI"),
        ("DiagnosticReport/r", "conclusion", "No pneumonia."),
    ]
    summary = found.notes[0]
    for word in ("Sepsis", "AKI"):
        there = source_offset(summary.offsets, summary.text.index(word))
        assert DIV[there : there + len(word)] == word


def test_markup_becomes_lines_and_hidden_parts_are_left_out() -> None:
    source = (
        "<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body>\n"
        "<h1>IMPRESSION</h1><p>No  acute\n disease.</p><ul><li>a&#8805;3</li><li>b&nbsp;c</li></ul>"
        "<table><tr><td>x</td><td>y</td></tr></table><script>1</script>end<br/>.</body></html>"
    )
    text, _ = plain_text(source)
    assert text == "IMPRESSION\nNo acute disease.\na≥3\nb\xa0c\nx y\nend\n."


PIECES = ["<p>", "</p>", "<br/>", "<b>", "</b>", "&amp;", "&#233;", " ", "\n", "wörd", "x", "< "]


@given(st.lists(st.sampled_from(PIECES)))
def test_offsets_lead_back_to_the_same_characters(parts: list[str]) -> None:
    source = "".join(parts)
    text, pairs = plain_text(source)
    assert list(pairs) == sorted(set(pairs))
    for i, character in enumerate(text):
        if character in "wördx":
            assert source[source_offset(pairs, i)] == character
