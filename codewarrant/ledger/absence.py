"""Why a code is not reported: from a stored decision alone.

With the decision's program (optional) the rules that could have given the code are listed too, each
with what it lacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codewarrant.engine.conditions import Binder, Const
from codewarrant.engine.program import Action, Assign, Program, Replace, Rule
from codewarrant.engine.values import Code, CodeOrder, Membership
from codewarrant.ledger.explain import Form, Ground, TraceReader, Warrant, flat, same_code


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. ``kind`` is a word to sort by (omitted, negated, undetermined, …)."""

    kind: str
    text: str
    grounds: tuple[Ground, ...] = ()
    warrants: tuple[Warrant, ...] = ()
    backing: tuple[str, ...] = ()
    """Citations of the exception or override that it is about."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a code is not there; ``reported`` where it is after all."""

    code: str
    reported: bool
    reasons: tuple[Reason, ...]


def explain_absent(decision: Form, code: str, program: Program | None = None) -> Absence:
    """Why a code is absent: what became of it, or that it was never a candidate.

    ``code`` is written with or without its dot, in either case.
    """
    reader = TraceReader(decision)
    reported = [
        Reason("reported", f"It is diagnosis {item['sequence']}.")
        for item in reader.body["diagnoses"]
        if same_code(code, item["code"])
    ]
    reported += [
        Reason("reported", f"It is on line {item['number']}.")
        for item in reader.body["lines"]
        if same_code(code, item["code"])
    ]
    if reported:
        return Absence(code, True, tuple(reported))
    found = [*_from_standing(reader, code), *_from_rejected(reader, code)]
    found += _from_conflicts(reader, code)
    code = _spelling(reader, code)
    if not found:
        found.append(_never(reader, code, program is not None))
    if program is not None and found[0].kind in ("never a candidate", "possible"):
        found += _from_program(reader, code, program)
    return Absence(code, False, tuple(found))


def _spelling(reader: TraceReader, code: str) -> str:
    """The code as the decision writes it, where it does."""
    return next(
        (
            item["code"]["code"]
            for item in (*reader.standing, *reader.body["rejected"])
            if same_code(code, item["code"])
        ),
        code,
    )


# ---- what the decision says of the code -------------------------------------------


_STATES = {
    "omitted": "It holds, but is covered by {place}.",
    "replaced": "It holds, and is reported as {place}.",
    "void": "It rested only on a conclusion that a conflict voided.",
    "possible": "Only rules that could not be decided conclude it.",
}


def _from_standing(reader: TraceReader, code: str) -> Iterator[Reason]:
    for item in reader.standing:
        if same_code(code, item["code"]):
            place = ", ".join(other["code"] for other in item["place"]) or "another code"
            text = _STATES.get(item["state"], "Its state is {state}.")
            seen: set[int] = set()
            yield Reason(
                item["state"],
                text.format(place=place, state=item["state"]),
                reader.stated([item["fact"]] if item["documented"] else []),
                reader.warrants(item["by"], seen),
            )


def _from_rejected(reader: TraceReader, code: str) -> Iterator[Reason]:
    standing = {(item["state"], flat(item["code"]["code"])) for item in reader.standing}
    for item in reader.body["rejected"]:
        if not same_code(code, item["code"]) or (item["kind"], flat(code)) in standing:
            continue
        seen: set[int] = set()
        yield Reason(
            item["kind"],
            item["because"] or item["text"],
            reader.stated(item["grounds"]),
            reader.warrants(item["firings"], seen),
        )


def _from_conflicts(reader: TraceReader, code: str) -> Iterator[Reason]:
    for item in reader.body["trace"]["conflicts"]:
        if any(same_code(code, other) for other in item["codes"]):
            yield Reason("conflict", f"{item['kind']}: {' and '.join(item['rules'])}.")


def _never(reader: TraceReader, code: str, listed: bool) -> Reason:
    """Say that nothing speaks of the code, and name the candidates nearest to it."""
    wanted = flat(code)
    near = sorted(
        {
            item["code"]["code"]
            for item in (*reader.body["diagnoses"], *reader.body["rejected"], *reader.standing)
            if item["code"] and flat(item["code"]["code"])[:3] == wanted[:3]
        }
    )
    text = "It was never a candidate: nothing in the record states it and no rule concluded it."
    if near:
        text += f" Candidates of category {wanted[:3]}: {', '.join(near)}."
    if not listed:
        text += " Give the rulepacks to see which rules could have concluded it."
    return Reason("never a candidate", text)


def near_miss(reader: TraceReader, item: Form, rule: Rule | None = None) -> Reason:
    """A recorded match that did not fire, as a reason; ``rule`` gives the citations of what
    excused or suspended it."""
    kind = item["kind"]
    by = item["by"].split(", ") if item["by"] else []
    if kind == "undetermined":
        missing = ", ".join(item["missing"]) or "something"
        text = f"It could not be decided: {missing} is not known."
    elif kind == "excused":
        text = f"The exception {item['by']} holds."
    elif kind == "suspended":
        text = f"It is suspended by {item['by']}."
    else:
        text = f"It is {kind}."
    if item["because"]:
        text = f"{text} {item['because']}"
    cites = [
        cite.label
        for part in ((*rule.exceptions, *rule.suspensions) if rule is not None else ())
        if part.override in by or getattr(part, "name", "") in by
        for cite in part.cites
    ]
    backing = tuple(dict.fromkeys(cites))
    return Reason(kind, text, reader.grounds(item["bound"], set()), backing=backing)


# ---- what the program could have done ----------------------------------------------


def _from_program(reader: TraceReader, code: str, program: Program) -> Iterator[Reason]:
    """Each rule that could have given the code, by id, with what it lacked.

    Rules that can give nearly any code (a documented one, one of another side) are only counted
    up: they say nothing of this one.
    """
    trace = reader.body["trace"]
    fired = {firing["rule"] for firing in trace["firings"]}
    general: list[str] = []
    for rule in sorted(program.rules, key=lambda item: item.id):
        giving = [item for item in _actions(rule) if could_give(item, code, program)]
        if not giving:
            continue
        if all(_is_general(item) for item in giving):
            general.append(rule.id)
            continue
        near = [item for item in trace["near_misses"] if item["rule"] == rule.id]
        for item in near:
            found = near_miss(reader, item)
            yield Reason(f"could be, {found.kind}", f"{rule.id}: {found.text}", found.grounds)
        if near:
            continue
        if rule.id in fired:
            text = f"{rule.id}: it fired, and concluded other codes."
            yield Reason("could be, fired", text)
        else:
            lacked = _lacked(reader, rule, program)
            yield Reason(f"could be, {lacked.kind}", f"{rule.id}: {lacked.text}")
    if general:
        text = f"Rules for codes of every kind had no reason to give it: {', '.join(general)}."
        yield Reason("could be, general", text)


def _actions(rule: Rule) -> list[Assign | Replace]:
    """Every action of a rule that gives a code: its own, and those of swaps and exceptions."""
    found: list[Action] = list(rule.actions)
    for swap in rule.swaps:
        found += swap.actions
    for exception in rule.exceptions:
        found += exception.instead
    return [item for item in found if isinstance(item, Assign | Replace)]


def could_give(action: Assign | Replace, code: str, program: Program) -> bool:
    """Whether an action may conclude a code, by the codes that it writes."""
    if isinstance(action.code, Const) and isinstance(action.code.value, Code):
        return flat(action.code.value.value) == flat(code)
    inside = Membership(action.writes)
    systems = sorted({item.system for item in action.writes})
    return any(inside.contains(name, _order(program, name).key(code)) for name in systems)


def _is_general(action: Assign | Replace) -> bool:
    """Whether an action can give codes of many chapters (of more than five first letters)."""
    letters = {
        chr(letter)
        for item in action.writes
        for letter in range(ord(item.low[:1] or "0"), ord(item.high[:1] or "~") + 1)
    }
    return len(letters) > 5


def _order(program: Program, system: str) -> CodeOrder:
    return next((item for item in program.orders if item.system == system), CodeOrder(system))


def _lacked(reader: TraceReader, rule: Rule, program: Program | None) -> Reason:
    """The first diagnosis a rule needs that the decision does not have.

    Only diagnoses: a decision holds all of them, and of other facts only those that it names.
    """
    for binder in rule.binders:
        if binder.entity == "diagnosis" and not _binds(reader, binder, program):
            return Reason("no fact", f"There is no diagnosis{_codes(binder)}.")
    return Reason("not met", "Nothing in the chart met its conditions.")


def _binds(reader: TraceReader, binder: Binder, program: Program | None) -> bool:
    inside = Membership(binder.codes)
    for fact in reader.facts.values():
        if fact["entity"] != binder.entity:
            continue
        code: Any = fact["fields"].get("code")
        if not isinstance(code, Mapping):
            return True
        order = _order(program, code["system"]) if program else CodeOrder(code["system"])
        if inside.contains(code["system"], order.key(code["code"])):
            return True
    return False


def _codes(binder: Binder) -> str:
    if any(item.system == "*" for item in binder.codes):
        return ""
    parts = [
        low if low == high else f"{low}-{high}"
        for low, high in ((item.low, item.high.rstrip("z")) for item in binder.codes)
    ]
    shown = ", ".join(parts[:6]) + (", …" if len(parts) > 6 else "")
    return f" in {shown}"
