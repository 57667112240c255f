"""A short way to write programs and charts in tests: codes, patterns, rules, facts."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date

from codewarrant.engine import conditions as c
from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.program import (
    AddModifier,
    Assign,
    Because,
    Deny,
    LimitUnits,
    Omit,
    Program,
    Query,
    Remove,
    Replace,
    Require,
    Route,
    Rule,
    Sequence,
    Unless,
)
from codewarrant.engine.values import ANY_CODE, Code, CodeOrder, Intervals

ICD = "icd10cm"
CPT = "cpt"
ORDER = CodeOrder(ICD)
DAY = date(2026, 3, 2)
CLOCKS = {"date of service": DAY, "discharge date": None, "received date": date(2026, 4, 1)}


def icd(value: str) -> Code:
    return Code(ICD, value)


def cpt(value: str) -> Code:
    return Code(CPT, value)


def codes(*items: str) -> Intervals:
    """``I10`` exactly, ``I50*`` and below, ``A00-B99`` from category to category."""
    out = []
    for item in items:
        if item.endswith("*"):
            out.append(ORDER.under(item[:-1]))
        elif "-" in item:
            out.append(ORDER.between(*item.split("-")))
        else:
            out.append(ORDER.exactly(item))
    return tuple(out)


def field(var: str, name: str) -> c.Field:
    return c.Field(var, name)


def is_(var: str, name: str, value) -> c.Condition:
    return c.Compare(0, "=", c.Field(var, name), c.Const(value))


def among(var: str, name: str, *values) -> c.Condition:
    return c.OneOf(0, c.Field(var, name), values)


def in_set(var: str, *items: str) -> c.Condition:
    version = c.SetVersion(c.ALWAYS, codes(*items))
    return c.InSet(0, c.Field(var, "code"), "/".join(items), (version,))


@dataclass(frozen=True)
class Pattern:
    """A variable with the conditions on it alone."""

    binder: c.Binder
    where: tuple[c.Condition, ...]

    @property
    def condition(self) -> c.Condition:
        return c.AllOf(self.where)


def each(entity: str, var: str, *where: c.Condition) -> Pattern:
    return Pattern(c.Binder(var, entity), where)


def dx(var: str, *items: str, documented: bool = False, where: tuple = ()) -> Pattern:
    """A diagnosis pattern over these codes (any, if none is given)."""
    bound = codes(*items) if items else ANY_CODE
    own = (in_set(var, *items),) if items else ()
    return Pattern(c.Binder(var, "diagnosis", documented=documented, codes=bound), (*own, *where))


def row(var: str, relation: str, **keys: c.Term) -> Pattern:
    return Pattern(
        c.Binder(var, relation=relation), (c.Matches(0, var, tuple(sorted(keys.items()))),)
    )


def no(pattern: Pattern) -> c.Quantified:
    return c.Quantified(0, "no", pattern.binder, pattern.condition)


def some(pattern: Pattern) -> c.Quantified:
    return c.Quantified(0, "some", pattern.binder, pattern.condition)


def because(text: str, *terms: c.Term) -> Because:
    return Because((text, *terms))


def term(code: str | c.Term) -> c.Term:
    return c.Const(icd(code)) if isinstance(code, str) else code


def remove(var: str) -> Remove:
    return Remove(var, because("not supported"))


def omit(var: str) -> Omit:
    return Omit(var, because("covered"))


def assign(code: str | c.Term, *bound: str) -> Assign:
    return Assign(term(code), codes(*(bound or (str(code),))), because("assigned"))


def put(var: str, code: str | c.Term, *bound: str) -> Replace:
    return Replace(var, term(code), codes(*(bound or (str(code),))), because("reported as"))


def before(first: str, second: str) -> Sequence:
    """Ends in lower case are variables, others are codes."""
    ends = [end if end.islower() else c.Const(icd(end)) for end in (first, second)]
    return Sequence(ends[0], ends[1], because("order"))


def modifier(var: str, value: str) -> AddModifier:
    return AddModifier(var, value, because("supported"))


def deny(var: str, reason: str) -> Deny:
    return Deny(var, reason, because("denied"))


def limit(var: str, units: c.Term) -> LimitUnits:
    return LimitUnits(var, units, because("at most ", units))


def require(what: str, var: str) -> Require:
    return Require(what, var, because("needed"))


def query(text: str) -> Query:
    return Query(because(text))


def route(text: str = "look") -> Route:
    return Route(because(text))


def unless(name: str, when: c.Condition, **more) -> Unless:
    return Unless(name, when, more.pop("because", because(name)), **more)


def rule(id: str, patterns, actions, *when: c.Condition, **more) -> Rule:
    """A rule: patterns with their own conditions, then further conditions."""
    whole = c.AllOf((*(part for one in patterns for part in one.where), *when))
    made = Rule(
        id, "test", "1", "", id, tuple(one.binder for one in patterns), whole, tuple(actions),
        **more,
    )  # fmt: skip
    return numbered(made)


def numbered(made: Rule) -> Rule:
    """Number the atoms of a rule and write each as text."""
    texts: list[str] = []

    def visit(item):
        if isinstance(item, tuple) and not hasattr(item, "_fields"):
            return tuple(visit(part) for part in item)
        if not is_dataclass(item) or isinstance(item, type):
            return item
        changes = {}
        if hasattr(item, "atom"):
            changes["atom"] = len(texts)
            texts.append(_text(item))
        for one in fields(item):
            if one.name != "atom":
                changes[one.name] = visit(getattr(item, one.name))
        return replace(item, **changes)

    return replace(
        made,
        when=visit(made.when),
        exceptions=tuple(visit(one) for one in made.exceptions),
        atoms=tuple(texts),
    )


def _text(item) -> str:
    if isinstance(item, c.Quantified):
        return f"{item.kind} {item.over.entity or item.over.relation} {item.over.var}"
    if isinstance(item, c.InSet) and isinstance(item.term, c.Field):
        return f"{item.term.var}.{item.term.name} in {item.set_id}"
    return type(item).__name__


def program(*rules: Rule, **more) -> Program:
    return Program(tuple(rules), orders=(ORDER, CodeOrder(CPT)), **more)


# ---- facts ----------------------------------------------------------------------


class Facts:
    """Makes facts in order of documentation; each has evidence of its own."""

    def __init__(self) -> None:
        self.count = 0

    def make(self, entity: str, **known) -> Fact:
        self.count += 1
        place = Evidence(f"{entity.title()}/{self.count}", "code")
        return make_fact(entity, known, (place,), (self.count,))


def diagnosis(facts: Facts, code: str, **known) -> Fact:
    known = {"certainty": "confirmed", "status": "active", **known}
    return facts.make("diagnosis", code=icd(code), **known)
