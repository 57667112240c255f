"""From what the rules found to the body of the decision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from codewarrant.codesets.answers import Status
from codewarrant.codesets.codeset import CodeSet
from codewarrant.coding.confidence import Scorecard
from codewarrant.coding.grounds import Grounds
from codewarrant.coding.reading import Reading
from codewarrant.coding.route import route
from codewarrant.coding.statements import rejected_key
from codewarrant.coding.wanting import Joined, undetermined
from codewarrant.decision import (
    Body,
    Edit,
    ProviderQuery,
    Rejected,
    ReportedDiagnosis,
    ReportedLine,
    Requirement,
    RuleUsed,
    Trace,
)
from codewarrant.engine.canonical import decimal_text
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Program
from codewarrant.engine.trace import Concluded, Firing, LineResult, Outcome, Standing
from codewarrant.engine.values import Code

NAMED_ON_CLAIM = ("patient", "encounter", "payer", "claim", "practitioner", "line")
"""Entities that a claim names; they stay with the decision whether a rule read them or not."""

WHY = {
    "void": "It rested only on a conclusion that a conflict voided.",
    "possible": "Only a rule that lacked a fact would conclude it.",
}


def body(
    reading: Reading,
    outcome: Outcome,
    program: Program,
    releases: Mapping[str, CodeSet],
    scorecard: Scorecard,
    joins: Mapping[str, Joined],
    present: Collection[str],
) -> Body:
    """Put the outcome of the rules and the reading together; every tuple's order is by content.

    ``joins`` are the tables that each rule joins, ``present`` those that are there.
    """
    chart = {fact.id: fact for fact in (*reading.facts, *reading.kept)}
    grounds = Grounds(chart, outcome, scorecard)
    standing = {item.code: item for item in outcome.standing}
    diagnoses, unfit = _diagnoses(reading, outcome, standing, grounds, releases)
    numbers = {item.code: item.sequence for item in diagnoses}
    lines = _lines(reading, outcome, numbers)
    line_names = {fact.id: str(item.number) for fact, item in lines}
    severities = {rule.id: rule.severity for rule in program.rules}
    edits = tuple(
        Edit(
            done.kind, _target(done, line_names), severities.get(firing.rule, "warning"),
            str((done.detail or {}).get("reason", "")), _limit(done), firing.rule, (firing.seq,),
        )
        for firing, done in _done(outcome, ("deny", "limit units"))
    )  # fmt: skip
    queries = tuple(
        ProviderQuery(done.because, firing.rule, (firing.seq,))
        for firing, done in _done(outcome, ("query",))
    )
    requirements = tuple(
        Requirement(
            str((done.detail or {}).get("what", "")), _target(done, line_names), done.because,
            firing.rule, (firing.seq,),
        )
        for firing, done in _done(outcome, ("require",))
    )  # fmt: skip
    rejected = tuple(
        sorted(
            {*reading.rejected, *unfit, *_settled(outcome, grounds), *_removed(outcome, chart)},
            key=rejected_key,
        )
    )
    to = route(
        reading, outcome, diagnoses, rejected, edits, queries, requirements,
        (done.because for _, done in _done(outcome, ("route",))),
        undetermined(outcome.near_misses, joins, present), _edited(outcome, grounds.facts),
    )  # fmt: skip
    return Body(
        reading.chart, reading.clocks, reading.setting, reading.specialty, reading.payer,
        tuple(diagnoses), tuple(item for _, item in lines), edits, queries, requirements, rejected,
        to, _trace(outcome, program, grounds.facts, diagnoses, rejected, reading),
    )  # fmt: skip


def _diagnoses(
    reading: Reading,
    outcome: Outcome,
    standing: Mapping[Code, Standing],
    grounds: Grounds,
    releases: Mapping[str, CodeSet],
) -> tuple[list[ReportedDiagnosis], list[Rejected]]:
    """The reported codes that can go on a claim, numbered; and those that cannot, with why."""
    reported: list[ReportedDiagnosis] = []
    unfit: list[Rejected] = []
    reported_below = {
        Code(code.system, above)
        for code in outcome.sequence
        if code.system in releases
        for above in releases[code.system].parents(code.value)
    }
    for code in outcome.sequence:
        place = standing[code]
        own = grounds.of(code)
        reason = _unfit(code, place, own, releases, reading, reported_below)
        if reason is not None:
            unfit.append(Rejected(code, "", *reason, own, place.firings))
            continue
        release = releases[code.system]
        first = "principal" if reading.setting == "inpatient" else "first-listed"
        poa = grounds.facts[place.fact].get("present_on_admission")
        reported.append(
            ReportedDiagnosis(
                sequence=len(reported) + 1,
                code=code,
                release=release.release,
                title=release.title_text(code.value),
                role="secondary" if reported else first,
                present_on_admission=str(poa) if poa is not None else None,
                grounds=own,
                firings=place.firings,
                confidence=grounds.confidence(code),
            )
        )
    return reported, unfit


def _unfit(
    code: Code,
    place: Standing,
    own: Sequence[str],
    releases: Mapping[str, CodeSet],
    reading: Reading,
    reported_below: frozenset[Code] | set[Code],
) -> tuple[str, str] | None:
    release = releases.get(code.system)
    if release is None:
        return "unmapped", f"No code set {code.system} is installed."
    status = release.status(code.value, reading.date_of_service)
    if status is Status.HEADER and code in reported_below:
        return "covered", "A more specific code below it is reported."
    if status is Status.HEADER:
        heirs = ", ".join(release.successors(code.value))
        now = f"was divided into {heirs}" if heirs else "needs more characters"
        return "not billable", f"{code} {now}; the record does not say which."
    if status is not Status.VALID:
        return "not valid on the date", f"{code} cannot be used on the date of service."
    if not place.firings:
        return "no rule", "No rule in force says to report it."
    if not own:
        return "no rule", "It rests on nothing in the record."
    return None


def _lines(
    reading: Reading, outcome: Outcome, numbers: Mapping[Code, int]
) -> list[tuple[Fact, ReportedLine]]:
    results: Mapping[str, LineResult] = {item.fact: item for item in outcome.lines}
    facts = sorted(
        (fact for fact in reading.facts if fact.entity == "line"),
        key=lambda fact: (_number(fact), str(fact.get("date")), str(fact.get("code")), fact.id),
    )
    out: list[tuple[Fact, ReportedLine]] = []
    for at, fact in enumerate(facts, start=1):
        result = results[fact.id]
        code, charge = fact.get("code"), fact.get("charge")
        units, day = fact.get("units"), fact.get("date")
        assert isinstance(code, Code)
        line = ReportedLine(
            number=at,
            code=code,
            modifiers=result.modifiers,
            units=units if isinstance(units, int) else None,
            date=day,  # type: ignore[arg-type]
            provider=_text(fact, "provider"),
            place_of_service=_text(fact, "place_of_service"),
            charge=decimal_text(charge) if isinstance(charge, Decimal) else None,
            pointers=tuple(sorted(numbers[item] for item in result.pointers if item in numbers)),
            grounds=(fact.id,),
            firings=result.firings,
        )
        out.append((fact, line))
    return out


def _number(fact: Fact) -> int:
    number = fact.get("number")
    return number if isinstance(number, int) else 10_000


def _text(fact: Fact, name: str) -> str | None:
    value = fact.get(name)
    return None if value is None else str(value)


def _edited(outcome: Outcome, facts: Mapping[str, Fact]) -> frozenset[Code]:
    """The diagnoses that edits of the claim are about."""
    return frozenset(
        code
        for firing, _ in _done(outcome, ("deny",))
        for bound in firing.bound
        if (fact := facts.get(bound.fact)) is not None
        and fact.entity == "claim diagnosis"
        and isinstance(code := fact.get("code"), Code)
    )


def _done(outcome: Outcome, kinds: Iterable[str]) -> Iterable[tuple[Firing, Concluded]]:
    wanted = frozenset(kinds)
    for firing in outcome.firings:
        for done in firing.concluded:
            if done.kind in wanted:
                yield firing, done


def _target(done: Concluded, line_names: Mapping[str, str]) -> str:
    return line_names.get(done.target, "claim")


def _limit(done: Concluded) -> str:
    units = (done.detail or {}).get("units")
    return done.because if units is None else f"At most {units} units. {done.because}".strip()


def _settled(outcome: Outcome, grounds: Grounds) -> Iterable[Rejected]:
    because = {
        (firing.seq, done.kind): done.because
        for firing in outcome.firings
        for done in firing.concluded
    }
    for place in outcome.standing:
        if place.state == "reported":
            continue
        kind = {"omitted": "omit", "replaced": "replace"}.get(place.state, "")
        reasons = [because[seq, kind] for seq in place.by if (seq, kind) in because]
        why = " ".join(dict.fromkeys(reasons)) or WHY.get(place.state, "")
        into = ", ".join(str(code) for code in place.place if code != place.code)
        if into:
            verb = "Covered by" if place.state == "omitted" else "Reported as"
            why = f"{verb} {into}. {why}"
        yield Rejected(place.code, "", place.state, why, grounds.of(place.code), place.by)


def _removed(outcome: Outcome, chart: Mapping[str, Fact]) -> Iterable[Rejected]:
    because = {
        (firing.seq, done.target): done.because
        for firing in outcome.firings
        for done in firing.concluded
        if done.kind == "remove"
    }
    for statement, firings in outcome.removed:
        fact = chart[statement]
        code = fact.get("code")
        assert isinstance(code, Code)
        reasons = dict.fromkeys(because.get((seq, statement), "") for seq in firings)
        why = " ".join(item for item in reasons if item)
        yield Rejected(code, _text(fact, "phrase") or "", "removed", why, (statement,), firings)


def _trace(
    outcome: Outcome,
    program: Program,
    facts: Mapping[str, Fact],
    diagnoses: Sequence[ReportedDiagnosis],
    rejected: Sequence[Rejected],
    reading: Reading,
) -> Trace:
    named = {item.rule for item in outcome.firings} | {item.rule for item in outcome.near_misses}
    rules = tuple(
        RuleUsed(
            rule.id, rule.pack, rule.version, rule.sha256, rule.title,
            tuple(cite.label for cite in rule.cites), rule.mandatory,
        )
        for rule in program.rules
        if rule.id in named
    )  # fmt: skip
    used = {ground for item in (*diagnoses, *rejected) for ground in item.grounds}
    used |= {bound.fact for item in outcome.firings for bound in item.bound}
    used |= {bound.fact for item in outcome.near_misses for bound in item.bound}
    used |= {item.fact for item in outcome.standing} | {item.id for item in outcome.facts}
    used |= {fact.id for fact in reading.facts if fact.entity in NAMED_ON_CLAIM}
    return Trace(
        outcome.firings, outcome.near_misses, outcome.lookups, outcome.conflicts, rules,
        tuple(facts[name] for name in sorted(used) if name in facts),
        outcome.levels, outcome.standing,
    )  # fmt: skip
