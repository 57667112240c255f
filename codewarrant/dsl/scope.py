"""What a rule may name: its variables, and the sets, parameters, tables and sources of its pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from codewarrant.dsl import syntax as s
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.diagnostics import Diagnostic, Fault, did_you_mean, fault
from codewarrant.dsl.mistakes import written_otherwise
from codewarrant.dsl.sets import SetReader, ValueSet
from codewarrant.dsl.types import Type, fields_of
from codewarrant.engine.program import Citation, Parameter
from codewarrant.engine.relation import Relation
from codewarrant.engine.values import ANY_CODE, Intervals
from codewarrant.schema import ENTITIES, SINGLE


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    parameter: Parameter
    type: Type
    months: bool
    """Whether some value counts months, which have no length in days."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """``relation`` is None for a table that the installation lacks; ``release`` names the installed
    table that is meant, empty for one of the pack's own files."""

    name: str
    """Pack and name, as the engine knows it."""
    relation: Relation | None
    columns: Mapping[str, Type]
    codes: Mapping[str, Intervals]
    """Where the codes of each code column stand."""
    release: str = ""


@dataclass(slots=True)
class Names:
    """What the rules of one pack may name; those of extended packs come first and are hidden by
    the pack's own."""

    pack: str
    on: date | None
    """The first day of the pack: codes must be in force on it."""
    codes: CodeView
    sources: dict[str, tuple[str, s.SourceBlock]] = field(default_factory=dict)
    sets: dict[str, ValueSet] = field(default_factory=dict)
    parameters: dict[str, ParameterInfo] = field(default_factory=dict)
    tables: dict[str, TableInfo] = field(default_factory=dict)
    derived: dict[tuple[str, str], s.DeriveBlock] = field(default_factory=dict)
    applies: s.ConditionNode | None = None
    lost: set[str] = field(default_factory=set)
    """Names of declarations that could not be read: what only follows from that is not said."""

    def citations(self, cites: tuple[s.Cite, ...]) -> tuple[Citation, ...]:
        """Raises ``Fault`` for a source that is not declared."""
        out = []
        for cite in cites:
            found = self.sources.get(cite.source.text)
            if found is None:
                raise fault(
                    "CW0204",
                    cite.source.span,
                    f"there is no source `{cite.source.text}`",
                    did_you_mean(cite.source.text, self.sources)
                    or f'declare it: source {cite.source.text} "its title"',
                )
            pack, source = found
            label = f"{source.label or source.title} {cite.section}".strip()
            name = f"{pack}/{source.name.text}"
            out.append(Citation(name, cite.section, label, cite.quote))
        return tuple(out)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: ``name`` is the engine's, which differs inside a definition put in its place."""

    name: str
    entity: str = ""
    table: TableInfo | None = None
    codes: Intervals = ANY_CODE


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a condition stands. A rule shares ``atoms``, ``faults`` and ``singles``."""

    names: Names
    vars: Mapping[str, Variable] = field(default_factory=dict)
    atoms: list[str] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    singles: set[str] = field(default_factory=set)
    expanding: tuple[tuple[str, str], ...] = ()

    @property
    def codes(self) -> CodeView:
        return self.names.codes

    @property
    def sets(self) -> SetReader:
        return SetReader(self.codes, self.names.sets, self.names.on, self.faults)

    def atom(self, text: str) -> int:
        self.atoms.append(text)
        return len(self.atoms) - 1

    def bind(self, name: s.Name, variable: Variable) -> Scope:
        """The scope inside a binder. Raises ``Fault`` if the name is taken."""
        if name.text in self.vars or name.text in SINGLE:
            raise fault(
                "CW0212",
                name.span,
                f"`{name.text}` is already bound",
                "give each variable a name of its own",
            )
        return replace(self, vars={**self.vars, name.text: variable})

    def with_codes(self, bounds: Mapping[str, Intervals]) -> Scope:
        """The same variables with narrower codes."""
        narrowed = {
            name: replace(item, codes=bounds.get(item.name, item.codes))
            for name, item in self.vars.items()
        }
        return replace(self, vars=narrowed)

    def variable(self, name: s.Name) -> Variable:
        """A variable, or the single entity of that name. Raises ``Fault``."""
        found = self.vars.get(name.text)
        if found is not None:
            return found
        if name.text in SINGLE:
            self.singles.add(name.text)
            return Variable(name.text, name.text)
        raise self.unknown(name)

    def unknown(self, name: s.Name, otherwise: str = "") -> Fault:
        """A name that nothing has; ``otherwise`` is the help where no other fits."""
        known = [*self.vars, *self.names.parameters, *SINGLE]
        helps = did_you_mean(name.text, known)
        helps = helps or written_otherwise(name.text)
        if not helps and name.text in ENTITIES:
            helps = f"name one with `for each {name.text} x`, then write `x.`"
        if name.text in self.names.sets:
            helps = f"`{name.text}` is a value set: write `in {name.text}`"
        return fault("CW0206", name.span, f"`{name.text}` is not known here", helps or otherwise)

    def no_field(self, entity: str, name: s.Name) -> Fault:
        known = [*fields_of(entity), *(key for of, key in self.names.derived if of == entity)]
        if name.text in ("sequence", "position", "order"):
            return fault(
                "CW0311",
                name.span,
                "the order of diagnoses cannot be tested: rules decide it",
                "write what must hold in any order: `then sequence a before b because …`",
            )
        return fault(
            "CW0208",
            name.span,
            f"`{entity}` has no field `{name.text}`",
            did_you_mean(name.text, known) or f"its fields: {', '.join(sorted(known))}",
        )
