"""Why a code is reported: its argument in Toulmin's parts, from a stored decision alone.

Everything here reads the parsed bytes of a decision (:func:`codewarrant.decision.read`): that is
what an auditor has years later, with no pack installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Form = Mapping[str, Any]
"""A decision, or a part of it, parsed from its stored bytes."""


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

    ``warrants`` are the firings that concluded it; a documented fact has passages. For a row of a
    table ``says`` is its name and there is neither.
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

    ``shown`` False: the same firing stands further up, its grounds are not repeated.
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
    shown: bool = True


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
        warrants=tuple(reader.warrant(number, seen) for number in item["firings"]),
        grounds=tuple(
            Ground("", reader.says(fact), reader.passages(fact)) for fact in item["grounds"]
        ),
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
        self._concluders: dict[str, list[int]] = {}
        for firing in self.firings.values():
            for item in firing["concluded"]:
                if item["fact"]:
                    self._concluders.setdefault(item["fact"], []).append(firing["seq"])
        for item in self.standing:
            if item["fact"]:  # where a code is both stated and concluded, its fact is a merged one
                self._concluders.setdefault(item["fact"], []).extend(item["firings"])
        self._statements = {item["fact"]: item["facts"] for item in self.standing if item["fact"]}

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

    def warrant(self, number: int, seen: set[int]) -> Warrant:
        """A firing with everything it rests on, down to the record.

        ``seen`` holds the firings already shown in this argument: a chart of many derivations
        stays a tree of the size of its trace, and one that leads back to itself ends.
        """
        firing = self.firings[number]
        rule = self.rules.get(firing["rule"], {})
        shown = number not in seen
        seen.add(number)
        return Warrant(
            firing=number,
            rule=firing["rule"],
            version=rule.get("version", ""),
            title=rule.get("title", ""),
            stage=firing["stage"],
            mandatory=rule.get("mandatory", False),
            backing=tuple(rule.get("cites", ())),
            conclusions=tuple(self._conclusion(item) for item in firing["concluded"]),
            grounds=self.grounds(firing["bound"], seen, number) if shown else (),
            tests=tuple(_tested(item) for item in firing["tests"]) if shown else (),
            absent=tuple(item["pattern"] for item in firing["absent"]) if shown else (),
            rebuttals=tuple(
                Rebuttal(item["name"], item["held"], item["because"], item["override"])
                for item in firing["unless"]
            )
            if shown
            else (),
            defeated_by=firing["defeated_by"] or "",
            shown=shown,
        )

    def grounds(
        self, bound: Iterable[Form], seen: set[int], inside: int | None = None
    ) -> tuple[Ground, ...]:
        """What a match bound; ``inside`` is the firing that it belongs to."""
        return tuple(
            Ground(
                item["var"],
                self.says(item["fact"]),
                self.passages(item["fact"]),
                tuple(
                    self.warrant(number, seen)
                    for number in dict.fromkeys(self._concluders.get(item["fact"], ()))
                    if number != inside
                ),
            )
            for item in bound
        )

    def _conclusion(self, item: Form) -> str:
        parts = [item["kind"]]
        target = self.facts.get(item["target"])
        if target is not None:
            code = target["fields"].get("code")
            parts.append(code["code"] if isinstance(code, Mapping) else target["entity"])
        elif item["target"]:
            parts.append(item["target"])
        if item["code"]:
            parts.append(f"with {item['code']['code']}" if item["target"] else item["code"]["code"])
        detail = item["detail"] or {}
        parts += [f"{name} {_value(value)}" for name, value in sorted(detail.items())]
        text = " ".join(parts)
        return f"{text}: {item['because']}" if item["because"] else text


def _passage(item: Form) -> Passage:
    if item["begin"] is not None:
        return Passage(f"{item['source']}#{item['begin']}-{item['end']}", item["text"] or "")
    path = f".{item['path']}" if item["path"] else ""
    return Passage(f"{item['source']}{path}", item["text"] or "")


def _tested(item: Form) -> str:
    truth = {True: "true", False: "false", None: "unknown"}[item["truth"]]
    value = "" if item["value"] is None else f" [{_value(item['value'])}]"
    return f"{item['text']}{value}: {truth}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("code", dict(value)))
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return str(value)
