"""Link checked packs into one program: overrides applied, relations named, loops refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from codewarrant.dsl.check import Checked
from codewarrant.dsl.codeview import SYSTEMS, CodeView
from codewarrant.dsl.diagnostics import NOWHERE, Diagnostic, Related, Span, fault
from codewarrant.dsl.overrides import ParameterChange, RuleChange, apply
from codewarrant.dsl.vocabulary import Phrase, meanings
from codewarrant.dsl.windows import meet, outside
from codewarrant.engine.conditions import Window
from codewarrant.engine.program import Parameter, Program, Rule
from codewarrant.engine.relation import Relation
from codewarrant.engine.strata import Loop, strata
from codewarrant.engine.values import Value
from codewarrant.schema import CODES


@dataclass(frozen=True)
class Linked:
    """A program with the relations that it joins. ``spans`` says where each rule is written."""

    program: Program
    relations: Mapping[str, Relation]
    diagnostics: tuple[Diagnostic, ...]
    spans: Mapping[str, Span]
    vocabulary: tuple[Phrase, ...] = ()
    """What packs teach the reader of notes, in one order."""

    @property
    def ok(self) -> bool:
        return not any(item.severity == "error" for item in self.diagnostics)


def link(checked: Checked, codes: CodeView, installed: bool = True) -> Linked:
    """One program of all packs. ``diagnostics`` holds only what comes of putting them together;
    a program with errors is not to be run.

    Without ``installed`` the tables of the installation are left out: examples give their own rows.
    """
    faults: list[Diagnostic] = []
    order = {pack.name: pack.extends for pack in checked.packs}
    changes = [(pack.name, item) for pack in checked.packs for item in pack.changes]
    faults += _contradictions(changes, order)
    rules: list[Rule] = []
    spans: dict[str, Span] = {}
    for pack in checked.packs:
        for lowered in pack.rules:
            mine = [
                item
                for _, item in changes
                if isinstance(item, RuleChange) and item.rule == lowered.rule.id
            ]
            rules.append(apply(lowered.rule, mine))
            spans[lowered.rule.id] = lowered.block.name.span
    parameters = []
    for pack in checked.packs:
        for name in pack.own_parameters:
            own = pack.names.parameters[name].parameter
            mine = [
                item
                for _, item in changes
                if isinstance(item, ParameterChange) and item.parameter == own.id
            ]
            parameters.append(_changed(own, mine))
    relations: dict[str, Relation] = {}
    for pack in checked.packs:
        for name, table in sorted(pack.names.tables.items()):
            if table.name != f"{pack.name}/{name}" or table.relation is None:
                continue
            if installed or not table.release:
                relations[table.name] = table.relation
    attributes = codes.attributes()
    if attributes is not None:
        relations[CODES] = attributes
    program = Program(
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        orders=tuple(codes.order(system) for system in sorted(SYSTEMS)),
        parameters=tuple(sorted(parameters, key=lambda item: item.id)),
        relations=tuple((name, relations[name].digest) for name in sorted(relations)),
    )
    placed = [item for pack in checked.packs for item in pack.vocabulary]
    vocabulary = meanings(placed, order, faults)
    coded = tuple(rule for rule in program.rules if rule.stage == "code")
    faults += [_loop(item, spans) for item in strata(coded, program).loops]
    return Linked(program, relations, tuple(faults), spans, vocabulary)


def _loop(loop: Loop, spans: Mapping[str, Span]) -> Diagnostic:
    """The engine's account of a loop as a diagnostic at its first rule."""
    first, _, rest = loop.message.partition("\n")
    lines, _, helps = rest.partition("help:")
    places = sorted((spans[rule], rule) for rule in loop.rules if rule in spans) or [(NOWHERE, "")]
    body = "\n".join([first, *(line for line in lines.split("\n") if line.strip())])
    return Diagnostic(
        "CW0701",
        places[0][0],
        body,
        "\n".join(line.strip() for line in helps.strip().split("\n")),
        tuple(Related(span, f"`{rule}` takes part") for span, rule in places[1:]),
    )


def _contradictions(
    changes: list[tuple[str, RuleChange | ParameterChange]],
    extends: Mapping[str, tuple[str, ...]],
) -> list[Diagnostic]:
    """Two swaps of one rule, or two values of one parameter, in overlapping periods.

    No contradiction if one pack extends the other: that one wins.
    """
    out = []
    for at, (pack, one) in enumerate(changes):
        for other_pack, other in changes[:at]:
            if other_pack in extends[pack] or not meet(one.window, other.window):
                continue
            match one, other:
                case RuleChange(kind="swap"), RuleChange(kind="swap") if one.rule == other.rule:
                    what = f"the actions of `{one.rule}`"
                case ParameterChange(), ParameterChange() if one.parameter == other.parameter:
                    what = f"the value of `{one.parameter}`"
                case _:
                    continue
            out.append(
                fault(
                    "CW0605",
                    one.span,
                    f"{what} are overridden twice in one period"
                    if isinstance(one, RuleChange)
                    else f"{what} is overridden twice in one period",
                    "let the periods follow each other, or keep one of them",
                    (Related(other.span, "the other stands here"),),
                ).diagnostic
            )
    return out


def _changed(parameter: Parameter, changes: list[ParameterChange]) -> Parameter:
    """The parameter with other values for the periods of its overrides; the later pack wins."""
    values = parameter.values
    for change in changes:
        kept: list[tuple[Window, Value]] = []
        for window, value in values:
            kept += [(part, value) for part in outside(window, change.window)]
        kept.append((replace(change.window, clock="date of service"), change.value))
        values = tuple(sorted(kept, key=lambda item: (item[0].start is not None, item[0].start)))
    return replace(parameter, values=values)
