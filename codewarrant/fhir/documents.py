"""Documents to notes: attachments, conclusions and narratives as plain text with their digests.

What cannot be read is said: a format (PDF, C-CDA, RTF, images), an address that is never fetched,
bytes that are not text in the charset they declare, a note without words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Day
from email.message import Message
from typing import Any

from codewarrant.engine.canonical import sha256
from codewarrant.engine.facts import Evidence
from codewarrant.fhir.elements import codings, first_day, order, words
from codewarrant.fhir.partition import Part
from codewarrant.fhir.references import Index, Record
from codewarrant.fhir.xhtml import plain_text
from codewarrant.schema import Document, Entity, Note, Unread

_MARKUP = ("application/xhtml+xml", "application/xhtml", "text/html")
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "utf-16": "utf-16",
}

Read = Entity | Note | Unread


def documents(index: Index, part: Part) -> Iterator[Read]:
    """Every document of a chart: a Document each, with a Note or an Unread that says why not."""
    for record in part.of("DocumentReference"):
        yield from _document_reference(index, record)
    for record in part.of("DiagnosticReport"):
        yield from _diagnostic_report(record)
    for record in part.of("Composition"):
        yield from _composition(record)


def _document_reference(index: Index, record: Record) -> Iterator[Read]:
    resource = record.resource
    kind, on = _kind(resource.get("type")), first_day(resource, "date")
    if on is None:
        on = first_day(resource.get("context") or {}, "period")
    if resource.get("status") == "entered-in-error":
        yield _unread(record, "status", "entered in error", resource.get("type"))
        return
    if resource.get("status") == "superseded" and _is_replaced(index, record):
        yield _unread(record, "status", "superseded by another document", resource.get("type"))
        return
    attachments = [
        (f"content[{i}].attachment", content.get("attachment") or {})
        for i, content in enumerate(resource.get("content") or ())
    ]
    yield from _attachments(record, attachments, kind, on)


def _is_replaced(index: Index, record: Record) -> bool:
    """Whether another document of the bundle says that it replaces this one.

    Some systems mark every document as superseded: without its successor it is all there is.
    """
    for other in index.of("DocumentReference"):
        if other is record or other.resource.get("status") == "entered-in-error":
            continue
        for relation in other.resource.get("relatesTo") or ():
            if (
                relation.get("code") == "replaces"
                and index.resolve(other, relation.get("target")) is record
            ):
                return True
    return False


def _diagnostic_report(record: Record) -> Iterator[Read]:
    resource = record.resource
    kind = _kind(resource.get("code"))
    on = first_day(resource, "effectiveDateTime", "effectivePeriod", "issued")
    if resource.get("status") in ("entered-in-error", "cancelled"):
        reason = str(resource["status"]).replace("-", " ")
        yield _unread(record, "status", reason, resource.get("code"))
        return
    forms = [
        (f"presentedForm[{i}]", form) for i, form in enumerate(resource.get("presentedForm") or ())
    ]
    yield from _attachments(record, forms, kind, on)
    if "conclusion" in resource:
        text = resource["conclusion"] or ""
        yield from _note(record, "conclusion", text.encode(), text, (), kind, on)


def _composition(record: Record) -> Iterator[Read]:
    resource = record.resource
    kind, on = _kind(resource.get("type")), first_day(resource, "date")
    if resource.get("status") == "entered-in-error":
        yield _unread(record, "status", "entered in error", resource.get("type"))
        return
    for path, section in _sections(resource.get("section") or (), "section"):
        div = (section.get("text") or {}).get("div")
        if div is None:
            continue
        text, pairs = plain_text(div)
        title = (section.get("title") or words(section.get("code"))).strip()
        # The title heads its section in the text, so that words are read in their section.
        if title and text:
            text, ahead = f"{title}:\n{text}", len(title) + 2
            pairs = tuple((offset + ahead, there) for offset, there in pairs)
        yield from _note(record, f"{path}.text.div", div.encode(), text, pairs, kind, on)


def _sections(listed: Iterable[Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for i, section in enumerate(listed):
        yield f"{path}[{i}]", section
        yield from _sections(section.get("section") or (), f"{path}[{i}].section")


def _attachments(
    record: Record, listed: list[tuple[str, Any]], kind: str, on: Day | None
) -> Iterator[Read]:
    """Attachments of one document. FHIR repeats them for formats of the same content, so markup is
    not read a second time beside plain text."""
    types = {path: _content_type(attachment) for path, attachment in listed}
    plain = any(types[path][0] == "text/plain" and "data" in item for path, item in listed)
    readable = any(
        types[path][0] in ("text/plain", *_MARKUP) and "data" in item for path, item in listed
    )
    for path, attachment in listed:
        media, charset = types[path]
        data = record.attachments.get(path)
        digest = sha256(data) if data is not None else None
        readers = ("text/plain",) if plain else ("text/plain", *_MARKUP)
        if data is not None and media in readers:
            yield from _text_attachment(record, path, data, media, charset, kind, on)
            continue
        if data is None and "data" not in attachment:
            reason = (
                "not fetched: the attachment is only an address" if attachment.get("url")
                else "empty: the attachment has no content"
            )  # fmt: skip
        elif readable:
            reason = f"another format of a document that is read: {media or 'not said'}"
        else:
            reason = f"format not read: {media or 'not said'}"
        yield _document(record, path, digest, kind, on, False)
        yield Unread(source=record.source, path=path, reason=reason, title=kind)


def _text_attachment(
    record: Record,
    path: str,
    data: bytes,
    media: str,
    charset: str,
    kind: str,
    on: Day | None,
) -> Iterator[Read]:
    codec = _CHARSETS.get(charset.lower()) if charset else "utf-8"
    try:
        decoded = data.decode(codec) if codec else None
    except UnicodeDecodeError:
        decoded = None
    if decoded is None:
        reason = (
            f"not text in its charset: {charset or 'utf-8'}" if codec
            else "its charset is not known"
        )  # fmt: skip
        yield _document(record, path, sha256(data), kind, on, False)
        yield Unread(source=record.source, path=path, reason=reason, title=kind)
        return
    decoded = decoded.removeprefix("\ufeff")
    text, pairs = plain_text(decoded) if media in _MARKUP else (decoded, ())
    yield from _note(record, path, data, text, pairs, kind, on)


def _note(
    record: Record,
    path: str,
    data: bytes,
    text: str,
    pairs: tuple[tuple[int, int], ...],
    kind: str,
    on: Day | None,
) -> Iterator[Read]:
    digest = sha256(data)
    yield _document(record, path, digest, kind, on, True)
    if not text.strip():
        yield Unread(
            source=record.source, path=path, reason="empty: the note has no words", title=kind
        )
        return
    yield Note(
        source=record.source, path=path, digest=digest, text=text, kind=kind, date=on, offsets=pairs
    )


def _document(
    record: Record, path: str, digest: str | None, kind: str, on: Day | None, read: bool
) -> Document:
    return Document(
        kind=kind,
        date=on,
        read=read,
        evidence=(Evidence(record.source, path, digest),),
        order=order(None, on),
    )


def _unread(record: Record, path: str, reason: str, concept: object) -> Unread:
    return Unread(source=record.source, path=path, reason=reason, title=words(concept))


def _kind(concept: object) -> str:
    """The LOINC code of a document's type, else its words."""
    loinc = [code.value for code, _, _ in codings(concept, "") if code.system == "loinc"]
    return loinc[0] if loinc else words(concept)


def _content_type(attachment: Mapping[str, Any]) -> tuple[str, str]:
    """Media type and charset of ``text/plain; charset=utf-8``."""
    message = Message()
    message["Content-Type"] = re.sub(r"[\r\n]", " ", attachment.get("contentType") or "")
    if not attachment.get("contentType"):
        return "", ""
    return message.get_content_type(), str(message.get_param("charset") or "")
