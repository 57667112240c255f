"""Rules, exceptions and definitions: from syntax to the engine's program."""

from __future__ import annotations

from dataclasses import dataclass

from codewarrant.dsl import syntax as s
from codewarrant.dsl.bounds import both, bounds
from codewarrant.dsl.diagnostics import Diagnostic, Fault, Related, did_you_mean, fault
from codewarrant.dsl.lower_actions import lower_actions
from codewarrant.dsl.lower_conditions import enter, enter_rows, keyed, lower_condition, together
from codewarrant.dsl.lower_terms import template
from codewarrant.dsl.scope import Names, Scope, Variable
from codewarrant.dsl.windows import shared
from codewarrant.engine import conditions as c
from codewarrant.engine.canonical import sha256
from codewarrant.engine.program import Rule, Unless


@dataclass(frozen=True, slots=True)
class LoweredRule:
    """A rule with the scope of its variables, which overrides need."""

    rule: Rule
    block: s.RuleBlock
    scope: Scope


def window_of(effective: s.Effective | None, pack: s.PackBlock) -> c.Window:
    """The dates of a rule: its own, closed by the pack's end; else the pack's. Raises ``Fault``."""
    whole = pack.effective
    if whole is None:
        return c.ALWAYS
    if effective is None:
        return c.Window(whole.start, whole.end, whole.clock)
    if whole.end is not None and effective.start >= whole.end:
        raise fault(
            "CW0405",
            effective.span,
            "this begins when the pack has ended",
            "lengthen the pack's dates, or correct these",
            (Related(whole.span, "the pack's dates"),),
        )
    if effective.end is not None and effective.end <= whole.start:
        raise fault(
            "CW0405",
            effective.span,
            "this ends before the pack begins",
            "correct these dates, or the pack's",
            (Related(whole.span, "the pack's dates"),),
        )
    end = effective.end
    if end is None or (whole.end is not None and whole.end < end):
        end = whole.end
    return c.Window(max(effective.start, whole.start), end, effective.clock)


def lower_rule(
    block: s.RuleBlock, names: Names, pack: s.PackBlock, faults: list[Diagnostic]
) -> LoweredRule:
    """One rule. Faults go to ``faults``; a rule with faults is not to be run."""
    before = len(faults)
    scope = Scope(names, faults=faults)
    tests: list[c.Condition] = []
    binders: list[tuple[s.Scope | s.RowBinder, Variable]] = []
    for node in block.binders:
        try:
            scope, variable, inside = _bind(node, scope)
        except Fault as error:
            faults.append(error.diagnostic)
            if isinstance(node, s.RowBinder):
                # nothing is known of its columns: what follows would only repeat this fault
                return LoweredRule(_unlowered(block, names, pack), block, scope)
            scope = _bind_anyway(node, scope)
            continue
        binders.append((node, variable))
        tests += inside
    for node in (names.applies, block.when):
        if node is not None:
            tests += _kept(node, scope)
    when = together(tests) if tests else c.TRUE
    for node, variable in binders:
        if isinstance(node, s.RowBinder) and len(faults) == before:
            try:
                keyed(node, variable, when)
            except Fault as error:
                faults.append(error.diagnostic)
    scope = scope.with_codes(
        {item.name: bounds(when, item.name, names.codes) for _, item in binders}
    )
    actions = lower_actions(block.actions, scope, block.title)
    exceptions = lower_exceptions(block.exceptions, scope, pack, c.TRUE, "")
    cites = ()
    window = c.ALWAYS
    try:
        cites = names.citations(block.cites)
        window = window_of(block.effective, pack)
        if not block.cites:
            raise fault(
                "CW0404",
                block.name.span,
                f"the rule `{block.name.text}` cites nothing",
                'say where it comes from: cites SOURCE "section"',
            )
    except Fault as error:
        faults.append(error.diagnostic)
    rule = Rule(
        id=f"{names.pack}/{block.name.text}",
        pack=names.pack,
        version=pack.version,
        sha256=sha256(block.text.encode()),
        title=block.title,
        binders=tuple(_binder(node, item, scope) for node, item in binders)
        + tuple(c.Binder(name, name) for name in sorted(scope.singles)),
        when=when,
        actions=actions,
        atoms=tuple(scope.atoms),
        cites=cites,
        window=window,
        mandatory=block.mandatory,
        severity=block.severity,
        if_unknown=block.if_unknown,  # type: ignore[arg-type]
        exceptions=exceptions,
    )
    return LoweredRule(rule, block, scope)


def _unlowered(block: s.RuleBlock, names: Names, pack: s.PackBlock) -> Rule:
    """A stand-in for a rule whose faults are known."""
    id = f"{names.pack}/{block.name.text}"
    digest = sha256(block.text.encode())
    return Rule(id, names.pack, pack.version, digest, block.title, (), c.TRUE, ())


def _kept(node: s.ConditionNode, scope: Scope) -> list[c.Condition]:
    try:
        return [lower_condition(node, scope)]
    except Fault as error:
        scope.faults.append(error.diagnostic)
        return []


def _bind(node: s.Scope | s.RowBinder, scope: Scope) -> tuple[Scope, Variable, list[c.Condition]]:
    if isinstance(node, s.RowBinder):
        inner, variable = enter_rows(node, scope)
        return inner, variable, []
    return enter(node, scope)


def _bind_anyway(node: s.Scope, scope: Scope) -> Scope:
    """So that a fault in a binder is not followed by one for each use of its variable."""
    if node.var is not None and node.var.text not in scope.vars:
        return scope.bind(node.var, Variable(node.var.text, node.entity))
    return scope


def _binder(node: s.Scope | s.RowBinder, variable: Variable, scope: Scope) -> c.Binder:
    if variable.table is not None:
        return c.Binder(variable.name, relation=variable.table.name)
    found = scope.vars[variable.name].codes
    documented = isinstance(node, s.Scope) and node.documented
    return c.Binder(variable.name, variable.entity, documented=documented, codes=found)


def lower_exceptions(
    nodes: tuple[s.ExceptionNode, ...],
    scope: Scope,
    pack: s.PackBlock,
    guard: c.Condition,
    override: str,
    names: Names | None = None,
    known: tuple[str, ...] = (),
    window: c.Window = c.ALWAYS,
) -> tuple[Unless, ...]:
    """Exceptions of a rule, or those that an override adds under its ``guard`` and ``window``."""
    out: list[Unless] = []
    all_names = [*known, *(node.name.text for node in nodes)]
    for at, node in enumerate(nodes):
        try:
            if node.name.text in all_names[: len(known) + at]:
                raise fault(
                    "CW0203",
                    node.name.span,
                    f"there is already an exception `{node.name.text}`",
                    "give it another name",
                )
            if node.to is not None and node.to.text not in all_names:
                raise fault(
                    "CW0211",
                    node.to.span,
                    f"there is no exception `{node.to.text}`",
                    did_you_mean(node.to.text, all_names),
                )
            out.append(_exception(node, scope, pack, guard, override, names, window))
        except Fault as error:
            scope.faults.append(error.diagnostic)
    return tuple(out)


def _exception(
    node: s.ExceptionNode,
    scope: Scope,
    pack: s.PackBlock,
    guard: c.Condition,
    override: str,
    names: Names | None,
    window: c.Window,
) -> Unless:
    own = Scope(scope.names, scope.vars, scope.atoms, scope.faults, set(), scope.expanding)
    lowered = lower_condition(node.when, own)
    when = in_presence(
        together([guard, lowered]) if guard != c.TRUE else lowered,
        own.singles - scope.singles,
        scope,
    )
    narrowed = Scope(
        scope.names, scope.vars, scope.atoms, scope.faults, scope.singles, scope.expanding
    ).with_codes(
        {
            item.name: both(item.codes, bounds(lowered, item.name, scope.codes))
            for item in scope.vars.values()
            if item.table is None
        }
    )
    if node.effective is not None:
        window = shared(window_of(node.effective, pack), window)
    because = template(node.because, narrowed)
    return Unless(
        name=node.name.text,
        when=when,
        because=because,
        cites=(names or scope.names).citations(node.cites),
        window=window,
        to=node.to.text if node.to else "",
        instead=lower_actions(node.instead, narrowed, node.because.text),
        override=override,
    )


def in_presence(condition: c.Condition, singles: set[str], scope: Scope) -> c.Condition:
    """The condition for entities that the rule itself does not bind: false where one is absent."""
    for name in sorted(singles):
        over = c.Binder(name, name)
        condition = c.Quantified(scope.atom(f"some {name}"), "some", over, condition)
    return condition
