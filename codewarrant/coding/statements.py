"""From what was read to what is stated: mentions become statements, codes are held to the date.

A statement enters the rules only with a code that is in its code set on the date of service.
Everything else is kept as a rejected candidate that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from codewarrant.codesets.answers import Status
from codewarrant.codesets.codeset import CodeSet
from codewarrant.decision import Rejected
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.schema import Diagnosis, Entity, Mention, Unread, to_fact

SYSTEM_CHANGE = date(2015, 10, 1)
"""From this date of service on ICD-10-CM, before it ICD-9-CM (45 CFR 162.1002)."""


def diagnosis_system(on: date | None) -> str:
    """The diagnosis code set in force on a date; an unknown date is taken for a present one,
    whose codes then have an undetermined status."""
    return "icd9cm" if on is not None and on < SYSTEM_CHANGE else "icd10cm"


FINDINGS = frozenset({"exam", "results"})
"""Sections whose findings are coded only where the provider says what they mean (OCG III.B)."""


@dataclass(frozen=True, slots=True)
class Stated:
    """``facts`` go to the rules; ``kept`` are only recorded, as grounds of ``rejected``."""

    facts: tuple[Fact, ...]
    kept: tuple[Fact, ...]
    rejected: tuple[Rejected, ...]


def state(
    entities: Sequence[Entity],
    mentions: Sequence[Mention],
    unread: Sequence[Unread],
    codes: Mapping[str, CodeSet],
    on: date | None,
) -> Stated:
    """Make statements of a chart's entities and mentions.

    An affirmed, current mention about the patient is a statement, an uncertain one with its
    certainty; negated, family, historical and hypothetical ones stay mentions that rules can read
    and are listed as rejected.
    """
    facts: dict[str, Fact] = {}
    kept: dict[str, Fact] = {}
    rejected: list[Rejected] = []

    doubled = _sources_in_force(entities, on)

    def judge(stated: Diagnosis) -> None:
        fact = to_fact(stated)
        reason = _not_admitted(stated, codes, on, doubled)
        if reason is None:
            facts[fact.id] = fact
        else:
            kept[fact.id] = fact
            rejected.append(Rejected(stated.code, stated.phrase or "", *reason, (fact.id,)))

    for entity in entities:
        if isinstance(entity, Diagnosis):
            judge(entity)
        else:
            fact = to_fact(entity)
            facts[fact.id] = fact
    for mention in mentions:
        fact = to_fact(mention)
        facts[fact.id] = fact
        reason = _not_stated(mention)
        if reason is None:
            judge(_statement(mention))
        else:
            rejected.append(Rejected(mention.code, mention.phrase, *reason, (fact.id,)))
    for item in unread:
        fact = _unread_fact(item)
        kept[fact.id] = fact
        rejected.append(
            Rejected(item.code, item.display or item.title, *_why_unread(item), (fact.id,))
        )
    return Stated(
        tuple(sorted(facts.values(), key=_place)),
        tuple(sorted(kept.values(), key=_place)),
        tuple(sorted(rejected, key=rejected_key)),
    )


def rejected_key(item: Rejected) -> tuple[str, ...]:
    """Total order of rejected candidates, by content."""
    return (str(item.code or ""), item.kind, item.text, item.because, *item.grounds)


def _place(fact: Fact) -> tuple[str, tuple[str, ...], str]:
    return fact.entity, tuple(str(part).rjust(12) for part in fact.order), fact.id


def _not_stated(mention: Mention) -> tuple[str, str] | None:
    if mention.polarity == "negated":
        return "negated", "The record denies it."
    if mention.certainty == "ruled out":
        return "negated", "The record rules it out."
    if mention.experiencer != "patient":
        return "family", "It is said of someone else."
    if mention.temporality == "historical":
        return "historical", "It is said of the past."
    if mention.temporality == "hypothetical":
        return "hypothetical", "It is looked for or feared, not stated."
    if mention.section in FINDINGS:
        return (
            "finding",
            "It is a finding of the examination or of a test, not stated as a diagnosis.",
        )
    return None


def _statement(mention: Mention) -> Diagnosis:
    return Diagnosis(
        code=mention.code,
        certainty=mention.certainty,
        status="active",
        origin="display" if mention.source == "display" else "note",
        side=mention.side,
        phrase=mention.phrase,
        evidence=mention.evidence,
        order=mention.order,
    )


def _unread_fact(item: Unread) -> Fact:
    fields = {"code": item.code, "display": item.display or None, "reason": item.reason}
    return make_fact("unread", fields, (Evidence(item.source, item.path),))


def _why_unread(item: Unread) -> tuple[str, str]:
    """The kind of rejection and its reason as a sentence."""
    because = f"{item.reason[:1].upper()}{item.reason[1:]}."
    if item.code is not None:
        return "unmapped", because
    return ("words alone" if item.display else "not read"), because


def _sources_in_force(entities: Sequence[Entity], on: date | None) -> frozenset[str]:
    """The records that state a diagnosis in the system of the date."""
    system = diagnosis_system(on)
    return frozenset(
        place.source
        for entity in entities
        if isinstance(entity, Diagnosis) and entity.code.system == system
        for place in entity.evidence
    )


def _not_admitted(
    stated: Diagnosis,
    codes: Mapping[str, CodeSet],
    on: date | None,
    doubled: frozenset[str],
) -> tuple[str, str] | None:
    if stated.code.system != diagnosis_system(on) and any(
        place.source in doubled and not place.source.startswith(("Claim/", "ExplanationOf"))
        for place in stated.evidence
    ):
        return "other code set", "The record gives the same statement in the code set of the date."
    if stated.certainty == "ruled out":
        return "negated", "The record rules it out."
    release = codes.get(stated.code.system)
    if release is None:
        return "unmapped", f"No code set {stated.code.system} is installed."
    reason = not_in_force(release, stated.code.value, on)
    return None if reason is None else ("not valid on the date", reason)


def not_in_force(release: CodeSet, code: str, on: date | None) -> str | None:
    """Why a code cannot be used on a date; None where it can. Headers are judged when reporting."""
    match release.status(code, on):
        case Status.VALID | Status.HEADER:
            return None
        case Status.ENDED:
            heirs = release.successors(code)
            after = f" Codes in its place: {', '.join(heirs)}." if heirs else ""
            return f"{code} had ended by then.{after}"
        case Status.NOT_YET:
            return f"{code} was not yet in force."
        case Status.UNDETERMINED:
            return f"Whether {code} is in force then is not known to release {release.release}."
        case _:
            near = release.suggest(code)
            hint = f" Near it: {', '.join(near)}." if near else ""
            return f"{code} is not a code of this code set.{hint}"
