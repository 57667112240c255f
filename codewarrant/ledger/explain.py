"""Why a code is reported: its argument in Toulmin's parts, from a stored decision alone.

Everything here reads the parsed bytes of a decision (:func:`codewarrant.decision.read`): that is
what an auditor has years later, with no pack installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codewarrant.dsl.atoms import negative

Form = Mapping[str, Any]
"""A decision, or a part of it, parsed from its stored bytes."""


UNFOUNDED = 1 << 30
"""Rank of a firing that rests on nothing in the record."""


class NotReported(Exception):
    """The decision does not report this code; ``absence.explain_absent`` says why."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A place in the record; ``text`` is the passage, empty where the ground is an element."""

    ref: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a variable was bound to, or a code rests on, and how that came to be.

    What the record states has passages; what only rules concluded has the shortest derivation of
    it in ``warrants``. For a row of a table ``says`` is its name and there is neither.
    """

    var: str
    says: str
    passages: tuple[Passage, ...] = ()
    warrants: tuple[Warrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebuttal:
    """An exception that was tried. ``held`` None: it could not be told."""

    name: str
    held: bool | None
    because: str = ""
    override: str = ""


@dataclass(frozen=True, slots=True)
class Warrant:
    """One firing: the rule that licenses the step, its backing, and what it bound.

    ``brief``: why its grounds are left out: ``as above`` (the same firing stands further up) or
    ``another way`` (a shorter derivation of the same is shown).
    """

    firing: int
    rule: str
    version: str
    title: str
    stage: str
    mandatory: bool
    backing: tuple[str, ...]
    conclusions: tuple[str, ...]
    grounds: tuple[Ground, ...] = ()
    tests: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    rebuttals: tuple[Rebuttal, ...] = ()
    defeated_by: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    """The argument for one reported code; ``confidence`` in parts per million, None for a line."""

    claim: str
    title: str
    place: str
    grounds: tuple[Ground, ...]
    warrants: tuple[Warrant, ...]
    confidence: int | None
    points: tuple[tuple[str, int], ...]
    lane: str
    certificate: str | None


def same_code(asked: str, code: Form | None) -> bool:
    """Whether a code is the one asked for: case and dots do not count."""
    return code is not None and flat(code["code"]) == flat(asked)


def flat(code: str) -> str:
    """A code without dots and case."""
    return code.replace(".", "").strip().upper()


def explain(decision: Form, code: str) -> tuple[Argument, ...]:
    """The argument for each diagnosis and line with this code; several lines may have one code.

    Raises :class:`NotReported` where there is none.
    """
    reader = TraceReader(decision)
    body = decision["body"]
    found = [
        _argument(reader, item, f"diagnosis {item['sequence']}, {item['role']}")
        for item in body["diagnoses"]
        if same_code(code, item["code"])
    ]
    found += [
        _argument(reader, item, f"line {item['number']}")
        for item in body["lines"]
        if same_code(code, item["code"])
    ]
    if not found:
        raise NotReported(f"{code} is not reported")
    return tuple(found)


def explain_all(decision: Form) -> tuple[Argument, ...]:
    """The argument for every reported code, in the order of the claim."""
    body = decision["body"]
    codes = [item["code"]["code"] for item in (*body["diagnoses"], *body["lines"])]
    return tuple(argument for code in dict.fromkeys(codes) for argument in explain(decision, code))


def _argument(reader: TraceReader, item: Form, place: str) -> Argument:
    route = reader.body["route"]
    confidence = item.get("confidence")
    seen: set[int] = set()
    return Argument(
        claim=_line_claim(item) if "modifiers" in item else item["code"]["code"],
        title=item.get("title", ""),
        place=place,
        warrants=reader.warrants(item["firings"], seen),
        grounds=reader.stated(item["grounds"]),
        confidence=confidence["ppm"] if confidence else None,
        points=tuple((name, value) for name, value in confidence["points"]) if confidence else (),
        lane=route["lane"],
        certificate=route["certificate"],
    )


def _line_claim(line: Form) -> str:
    return "-".join([line["code"]["code"], *line["modifiers"]])


class TraceReader:
    """The trace of one decision with what is looked up in it: facts, rules, who concluded what."""

    def __init__(self, decision: Form) -> None:
        self.body: Form = decision["body"]
        trace = self.body["trace"]
        self.facts: dict[str, Form] = {fact["id"]: fact for fact in trace["facts"]}
        self.rules: dict[str, Form] = {rule["id"]: rule for rule in trace["rules"]}
        self.firings: dict[int, Form] = {item["seq"]: item for item in trace["firings"]}
        self.standing: list[Form] = trace["standing"]
        self._statements = {item["fact"]: item["facts"] for item in self.standing if item["fact"]}
        self._by_code = {_key(item["code"]): item for item in self.standing}
        self._concluders: dict[str, list[int]] = {}
        for firing in self.firings.values():
            for item in firing["concluded"]:
                if item["fact"]:
                    self._concluders.setdefault(item["fact"], []).append(firing["seq"])
        self._ranks = self._ranked()

    def says(self, fact_id: str) -> str:
        """A fact in a few words; a fact that the trace does not hold is named by its id."""
        fact = self.facts.get(fact_id)
        if fact is None:
            return fact_id
        fields = fact["fields"]
        code = fields.get("code")
        words = [fact["entity"]]
        if isinstance(code, Mapping):
            words.append(code["code"])
        if fact["entity"] == "diagnosis":
            told = [fields[name] for name in ("certainty", "status", "side") if name in fields]
        else:
            told = [
                f"{name} {value}"
                for name, value in fields.items()
                if name != "code" and isinstance(value, str | int)
            ]
        return " ".join(words) + (f" ({', '.join(map(str, told))})" if told else "")

    def passages(self, fact_id: str) -> tuple[Passage, ...]:
        """Where a fact stands in the record; for a merged diagnosis, where its statements do."""
        out: dict[Passage, None] = {}
        for name in (fact_id, *self._statements.get(fact_id, ())):
            for item in self.facts[name]["evidence"] if name in self.facts else ():
                out[_passage(item)] = None
        return tuple(out)

    def statements_of(self, fact_id: str) -> tuple[str, ...]:
        """The ids of the statements that a merged diagnosis rests on."""
        return tuple(self._statements.get(fact_id, ()))

    def stated(self, fact_ids: Iterable[str]) -> tuple[Ground, ...]:
        """Facts as grounds of a code; several that say the same are one, with all passages."""
        out: dict[str, dict[Passage, None]] = {}
        for fact in fact_ids:
            out.setdefault(self.says(fact), {}).update(dict.fromkeys(self.passages(fact)))
        return tuple(Ground("", says, tuple(passages)) for says, passages in out.items())

    def warrants(self, numbers: Iterable[int], seen: set[int]) -> tuple[Warrant, ...]:
        """Firings that come to the same: the shortest derivation in full, the others named."""
        ordered = sorted(numbers, key=lambda number: (self._ranks[number], number))
        return tuple(
            self.warrant(number, seen, "" if place == 0 else "another way")
            for place, number in enumerate(ordered)
        )

    def warrant(self, number: int, seen: set[int], brief: str = "") -> Warrant:
        """A firing with everything it rests on, down to the record.

        ``seen`` holds the firings already shown in this argument, which are not repeated.
        """
        firing = self.firings[number]
        rule = self.rules.get(firing["rule"], {})
        brief = "as above" if number in seen else brief
        out = Warrant(
            firing=number,
            rule=firing["rule"],
            version=rule.get("version", ""),
            title=rule.get("title", ""),
            stage=firing["stage"],
            mandatory=rule.get("mandatory", False),
            backing=tuple(rule.get("cites", ())),
            conclusions=tuple(self._conclusion(item) for item in firing["concluded"]),
            defeated_by=firing["defeated_by"] or "",
            brief=brief,
        )
        if brief:
            return out
        seen.add(number)
        return replace(
            out,
            grounds=self.grounds(firing["bound"], seen, self._ranks[number]),
            tests=tuple(_tested(item) for item in firing["tests"]),
            absent=tuple(item["pattern"] for item in firing["absent"]),
            rebuttals=tuple(
                Rebuttal(item["name"], item["held"], item["because"], item["override"])
                for item in firing["unless"]
            ),
        )

    def grounds(
        self, bound: Iterable[Form], seen: set[int], below: int = UNFOUNDED
    ) -> tuple[Ground, ...]:
        """What a match bound; derivations are followed while they get shorter than ``below``."""
        out: list[Ground] = []
        for item in bound:
            fact = item["fact"]
            numbers = [] if self._is_stated(fact) else self._concluded_by(fact)
            best = min(numbers, key=lambda number: (self._ranks[number], number), default=None)
            follow = best is not None and self._ranks[best] < below
            out.append(
                Ground(
                    item["var"],
                    self.says(fact),
                    () if numbers else self.passages(fact),
                    (self.warrant(best, seen),) if best is not None and follow else (),
                )
            )
        return tuple(out)

    def _ranked(self) -> dict[int, int]:
        """How many steps each firing is from the record, by its shortest derivation.

        The least fixpoint: a firing that rests on its own conclusion only stays unfounded.
        """
        ranks = dict.fromkeys(self.firings, UNFOUNDED)
        changed = True
        while changed:
            changed = False
            for number, firing in self.firings.items():
                rank = 1 + max(
                    (self._fact_rank(item["fact"], ranks) for item in firing["bound"]), default=0
                )
                if rank < ranks[number]:
                    ranks[number] = rank
                    changed = True
        return ranks

    def _fact_rank(self, fact_id: str, ranks: Mapping[int, int]) -> int:
        if self._is_stated(fact_id):
            return 0
        return min(ranks[number] for number in self._concluded_by(fact_id))

    def _is_stated(self, fact_id: str) -> bool:
        """Whether the record itself says this: no rule concluded it, or it did not have to."""
        place = self._place(fact_id)
        if place is not None and place["documented"]:
            return True
        return not self._concluded_by(fact_id)

    def _concluded_by(self, fact_id: str) -> list[int]:
        """The firings that concluded a fact, or the code that it states."""
        place = self._place(fact_id)
        own = self._concluders.get(fact_id, [])
        return list(dict.fromkeys([*own, *place["firings"]])) if place is not None else own

    def _place(self, fact_id: str) -> Form | None:
        fact = self.facts.get(fact_id)
        if fact is None or fact["entity"] != "diagnosis":
            return None
        code = fact["fields"].get("code")
        return self._by_code.get(_key(code)) if isinstance(code, Mapping) else None

    def _conclusion(self, item: Form) -> str:
        parts = [item["kind"]]
        target = self.facts.get(item["target"])
        if target is not None:
            code = target["fields"].get("code")
            parts.append(code["code"] if isinstance(code, Mapping) else target["entity"])
        elif item["target"]:
            parts.append(item["target"])
        if item["code"] and item["code"]["code"] not in parts:
            parts.append(f"with {item['code']['code']}" if item["target"] else item["code"]["code"])
        detail = item["detail"] or {}
        parts += [f"{name} {_value(value)}" for name, value in sorted(detail.items())]
        text = " ".join(parts)
        return f"{text}: {item['because']}" if item["because"] else text


def _key(code: Form) -> tuple[str, str]:
    return code["system"], code["code"]


def _passage(item: Form) -> Passage:
    if item["begin"] is not None:
        return Passage(f"{item['source']}#{item['begin']}-{item['end']}", item["text"] or "")
    path = f".{item['path']}" if item["path"] else ""
    return Passage(f"{item['source']}{path}", item["text"] or "")


def _tested(item: Form) -> str:
    """A test as it is written: a negated one is recorded with the truth of what it negates."""
    held = item["truth"]
    if held is not None and negative(item["text"]):
        held = not held
    truth = {True: "true", False: "false", None: "unknown"}[held]
    value = "" if item["value"] is None else f" [{_value(item['value'])}]"
    return f"{item['text']}{value}: {truth}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("code", dict(value)))
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return str(value)
