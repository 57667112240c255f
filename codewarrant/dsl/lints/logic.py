"""Lints on conditions: what can never hold, and what never matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codewarrant.dsl import syntax as s
from codewarrant.dsl.bounds import bounds
from codewarrant.dsl.diagnostics import Span
from codewarrant.dsl.lints.contradictions import Many, clash, conjuncts
from codewarrant.dsl.lints.finding import Finding, Subject, disjoint, walk
from codewarrant.dsl.overrides import RuleChange
from codewarrant.dsl.types import fields_of
from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.values import ANY_CODE, Intervals, covers


def always_false(subject: Subject) -> Iterator[Finding]:
    """A rule whose condition can never hold."""
    for rule in subject.pack.rules:
        found = clash(rule.rule.when, _many(rule.rule))
        if found is not None:
            place = rule.block.when.span if rule.block.when else rule.block.name.span
            yield Finding(
                rule.block,
                place,
                "this can never hold, so the rule never fires",
                _together(found, rule.rule.atoms),
            )


def exception_never_reached(subject: Subject) -> Iterator[Finding]:
    """An exception that contradicts the condition of its rule, or lies outside the rule's dates."""
    for rule in subject.pack.rules:
        if clash(rule.rule.when, _many(rule.rule)) is None:
            places = {item.name.text: item.name.span for item in rule.block.exceptions}
            yield from _unreached(rule.block, rule.rule, rule.rule.exceptions, (), places)
    overrides = {block.span: block for block in subject.blocks(s.OverrideBlock)}
    for change in subject.pack.changes:
        if not isinstance(change, RuleChange) or change.kind != "narrow":
            continue
        base = subject.rule(*change.rule.split("/", 1))
        block = overrides.get(change.span)
        if base is not None and block is not None:
            places = {item.name.text: item.name.span for item in block.exceptions}
            yield from _unreached(block, base.rule, change.exceptions, change.atoms, places)


def _unreached(
    block: s.BlockNode,
    rule: p.Rule,
    exceptions: Sequence[p.Unless],
    atoms: tuple[str, ...],
    places: Mapping[str, Span],
) -> Iterator[Finding]:
    many = _many(rule)
    for item in exceptions:
        place = places.get(item.name)
        if place is None:
            continue
        if disjoint(rule.window, item.window):
            yield Finding(
                block,
                place,
                f"the exception `{item.name}` is in force when the rule is not",
                "correct its dates",
            )
            continue
        found = clash(c.AllOf((rule.when, item.when)), many)
        if found is not None:
            yield Finding(
                block,
                place,
                f"the exception `{item.name}` can never excuse anything",
                _together(found, rule.atoms + atoms),
            )


def _together(found: tuple[int, ...], atoms: tuple[str, ...]) -> str:
    texts = list(dict.fromkeys(atoms[at] for at in found if at < len(atoms)))
    shown = " and ".join(f"`{text}`" for text in texts[:3])
    return f"{shown} cannot hold together" if len(texts) > 1 else f"look at {shown}"


def _many(rule: p.Rule) -> Many:
    """Whether a term reads a list field, or one of a variable that the rule does not bind."""
    entities = {binder.var: binder.entity for binder in rule.binders}
    for item in walk((rule.when, tuple(exception.when for exception in rule.exceptions))):
        if isinstance(item, c.Binder):
            entities[item.var] = item.entity

    def many(term: c.Term) -> bool:
        if not isinstance(term, c.Field):
            return False
        entity = entities.get(term.var)
        if entity is None:
            return True
        return bool(entity) and term.name in fields_of(entity) and fields_of(entity)[term.name].many

    return many


def redundant_guard(subject: Subject) -> Iterator[Finding]:
    """A rule that assigns a code only where that code does not hold: with or without the guard the
    code holds in the end, since a rule never sees what it concludes itself."""
    for rule in subject.pack.rules:
        block = rule.block
        if not rule.rule.actions or not isinstance(block.when, s.Junction | s.Quantifier):
            continue
        written: Intervals = ()
        for action in rule.rule.actions:
            if not isinstance(action, p.Assign) or action.role != "secondary":
                break
            if not isinstance(action.code, c.Const):
                break
            written += action.writes
        else:
            if rule.rule.exceptions and any(item.instead for item in rule.rule.exceptions):
                continue
            nodes = [x for x in walk(block.when) if isinstance(x, s.Quantifier) and x.kind == "no"]
            for item in conjuncts(rule.rule.when):
                if not isinstance(item, c.Quantified) or item.kind != "no":
                    continue
                guarded = _only_codes(item, subject)
                if guarded is None or not covers(written, guarded):
                    continue
                text = rule.rule.atoms[item.atom]
                place = next((x.span for x in nodes if x.text == text), block.when.span)
                yield Finding(
                    block,
                    place,
                    f"`{text}` asks only for what the rule itself assigns",
                    "leave it out: a code that holds already is not assigned twice",
                )


def _only_codes(item: c.Quantified, subject: Subject) -> Intervals | None:
    """The codes that a quantifier asks for, if it asks for nothing else."""
    if item.over.entity != "diagnosis":
        return None
    for part in conjuncts(item.where):
        match part:
            case c.InSet(term=c.Field(var, "code")) if var == item.over.var:
                continue
            case c.Compare(op="=", left=c.Field(var, "code"), right=c.Const()):
                if var == item.over.var:
                    continue
        return None
    found = bounds(item.where, item.over.var, subject.codes)
    return None if found in (ANY_CODE, ()) else found
