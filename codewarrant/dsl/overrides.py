"""Overrides: what one pack changes in the rules and parameters of another, for a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Diagnostic, Fault, Related, Span, did_you_mean, fault
from codewarrant.dsl.lower import LoweredRule, in_presence, lower_exceptions, window_of
from codewarrant.dsl.lower_actions import lower_actions
from codewarrant.dsl.lower_conditions import lower_condition
from codewarrant.dsl.lower_terms import constant, template
from codewarrant.dsl.scope import Names, ParameterInfo, Scope
from codewarrant.engine import conditions as c
from codewarrant.engine.program import Rule, Suspension, Swap, Unless
from codewarrant.engine.values import Value


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What an override does to one rule; ``atoms`` follow those of the rule."""

    rule: str
    kind: str
    by: str
    span: Span
    window: c.Window
    atoms: tuple[str, ...]
    conditional: bool
    """Whether it holds only where the overriding pack applies."""
    singles: tuple[str, ...] = ()
    exceptions: tuple[Unless, ...] = ()
    suspension: Suspension | None = None
    swap: Swap | None = None


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """Another value of a parameter for a period."""

    parameter: str
    by: str
    span: Span
    window: c.Window
    value: Value


@dataclass(frozen=True, slots=True)
class Base:
    """A pack that can be overridden."""

    version: str
    rules: Mapping[str, LoweredRule]
    parameters: Mapping[str, ParameterInfo]
    broken: frozenset[str]
    """Names of blocks that could not be read: nothing is said of overrides of them."""


def lower_override(
    block: s.OverrideBlock,
    names: Names,
    pack: s.PackBlock,
    bases: Mapping[str, Base],
    start: Mapping[str, int],
    faults: list[Diagnostic],
) -> RuleChange | ParameterChange | None:
    """One override; ``start`` counts the atoms already added to each rule.

    None where it cannot be applied; why stands in ``faults``.
    """
    try:
        base = _base(block, bases)
        if block.target.text in base.broken:
            return None
        _complete(block)
        cites = names.citations(block.cites)
        window = window_of(block.effective, pack)
        if block.value is not None:
            return _parameter(block, block.value, names, base, window)
        rule = _rule(block, base)
        _version(block, base)
    except Fault as error:
        faults.append(error.diagnostic)
        return None
    by = f"{names.pack} overrides {rule.rule.id}"
    offset = start.get(rule.rule.id, len(rule.rule.atoms))
    atoms = [""] * offset
    scope = Scope(
        replace_sets(rule.scope.names, names),
        rule.scope.vars,
        atoms,
        faults,
        set(rule.scope.singles),
    )
    reason = block.because.text if block.because else ""
    change = RuleChange(
        rule.rule.id, block.kind, by, block.span, window, (), names.applies is not None
    )
    own = Scope(scope.names, scope.vars, scope.atoms, faults, set())
    guard = c.TRUE if names.applies is None else lower_condition(names.applies, own)
    guard = in_presence(guard, own.singles - set(rule.scope.singles), scope)
    if block.kind == "narrow":
        known = tuple(item.name for item in rule.rule.exceptions)
        change = replace(
            change,
            exceptions=lower_exceptions(
                block.exceptions, scope, pack, guard, by, names, known, window
            ),
        )
    elif block.kind == "suspend":
        if names.applies is None:
            change = replace(change, suspension=Suspension(by, window, reason, cites))
        else:
            change = replace(change, exceptions=(_conditional(block, by, guard, window, cites),))
    else:
        actions = lower_actions(block.actions, scope, reason)
        if names.applies is None:
            change = replace(change, swap=Swap(by, window, actions, reason, cites))
        else:
            excuse = _conditional(block, by, guard, window, cites)
            change = replace(change, exceptions=(replace(excuse, instead=actions),))
    added = tuple(sorted(scope.singles - set(rule.scope.singles)))
    return replace(change, atoms=tuple(scope.atoms[offset:]), singles=added)


def replace_sets(base: Names, own: Names) -> Names:
    """The overriding pack's names over those of the base, for the text of the override."""
    return replace(
        own,
        sets={**base.sets, **own.sets},
        parameters={**base.parameters, **own.parameters},
        tables={**base.tables, **own.tables},
        derived={**base.derived, **own.derived},
        sources={**base.sources, **own.sources},
    )


def _conditional(
    block: s.OverrideBlock, by: str, guard: c.Condition, window: c.Window, cites: tuple
) -> Unless:
    """A suspension or swap of a pack that does not always apply, as an exception."""
    assert block.because is not None
    because = template(s.Quoted(block.because.text, block.because.span), Scope(_NO_NAMES))
    return Unless(f"{block.kind}-{block.pack.text}", guard, because, cites, window, override=by)


_NO_NAMES = Names("", None, None)  # type: ignore[arg-type]


def _base(block: s.OverrideBlock, bases: Mapping[str, Base]) -> Base:
    base = bases.get(block.pack.text)
    if base is None:
        raise fault(
            "CW0209",
            block.pack.span,
            f"the pack `{block.pack.text}` is not extended by this one",
            did_you_mean(block.pack.text, bases)
            or f"add `extends {block.pack.text} at {block.version}` to the pack block",
        )
    return base


def _complete(block: s.OverrideBlock) -> None:
    lacking = [
        word
        for word, there in (
            ("effective from DATE", block.effective),
            ("cites SOURCE", block.cites),
            ("because", block.because),
        )
        if not there
    ]
    if lacking:
        raise fault(
            "CW0603",
            block.target.span,
            f"the override of `{block.target.text}` lacks {' and '.join(lacking)}",
            "every override says for how long, why, and on whose word",
        )


def _version(block: s.OverrideBlock, base: Base) -> None:
    if block.version != base.version:
        raise fault(
            "CW0604",
            block.span,
            f"`{block.pack.text}` is at version {base.version}; "
            f"this override was written for {block.version}",
            f"read the rule again, then write `at {base.version}`",
        )


def _rule(block: s.OverrideBlock, base: Base) -> LoweredRule:
    rule = base.rules.get(block.target.text)
    if rule is None:
        raise fault(
            "CW0601",
            block.target.span,
            f"`{block.pack.text}` has no rule `{block.target.text}`",
            did_you_mean(block.target.text, base.rules),
        )
    if rule.rule.mandatory:
        raise fault(
            "CW0602",
            block.target.span,
            f"the rule `{block.target.text}` is mandatory and cannot be overridden",
            "",
            (Related(rule.block.name.span, "it is declared here"),),
        )
    return rule


def _parameter(
    block: s.OverrideBlock, node: s.Literal_, names: Names, base: Base, window: c.Window
) -> ParameterChange:
    found = base.parameters.get(block.target.text)
    if found is None:
        raise fault(
            "CW0601",
            block.target.span,
            f"`{block.pack.text}` has no parameter `{block.target.text}`",
            did_you_mean(block.target.text, base.parameters),
        )
    _version(block, base)
    if names.applies is not None:
        raise fault(
            "CW0608",
            block.target.span,
            f"`{names.pack}` does not always apply, but `{block.target.text}` has one value "
            "for all charts",
            "suspend the rule that uses it, and write it again here with a parameter of your own",
        )
    value, kind = constant(node, Scope(names), found.type)
    if kind.kind != found.type.kind:
        raise fault("CW0310", block.span, f"{found.type.a} is needed here, not {kind.a}")
    by = f"{names.pack} overrides {found.parameter.id}"
    return ParameterChange(found.parameter.id, by, block.span, window, value)


def apply(rule: Rule, changes: list[RuleChange]) -> Rule:
    """The rule with its overrides, in the order in which they were lowered."""
    atoms = rule.atoms + tuple(text for change in changes for text in change.atoms)
    singles = sorted({name for change in changes for name in change.singles})
    return replace(
        rule,
        atoms=atoms,
        binders=rule.binders + tuple(c.Binder(name, name) for name in singles),
        exceptions=rule.exceptions + tuple(e for change in changes for e in change.exceptions),
        suspensions=rule.suspensions + tuple(x.suspension for x in changes if x.suspension),
        swaps=rule.swaps + tuple(x.swap for x in changes if x.swap),
    )
