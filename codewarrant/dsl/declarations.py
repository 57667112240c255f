"""What a pack declares for its rules: sources, value sets, parameters, tables, definitions."""

from __future__ import annotations

from collections.abc import Mapping

from codewarrant.dsl import syntax as s
from codewarrant.dsl.diagnostics import Diagnostic, Fault, Related, fault
from codewarrant.dsl.installed_tables import installed_table
from codewarrant.dsl.lower_conditions import lower_condition
from codewarrant.dsl.lower_terms import constant, lower_term
from codewarrant.dsl.scope import Names, ParameterInfo, Scope, Variable
from codewarrant.dsl.sets import SetReader, ValueSet, systems_named
from codewarrant.dsl.tables import read_table
from codewarrant.dsl.types import NUMBERS, fields_of, named_type
from codewarrant.engine.conditions import Window
from codewarrant.engine.program import Parameter
from codewarrant.engine.values import Duration


class Declarations:
    """Fills ``names`` from the blocks of one pack; faults go to ``faults``."""

    def __init__(self, names: Names, files: Mapping[str, bytes], faults: list[Diagnostic]) -> None:
        self._names = names
        self._files = files
        self._faults = faults

    def _once(self, blocks: tuple, kind: str) -> dict:
        """Blocks by name; a second of one name is a fault."""
        out: dict = {}
        for block in blocks:
            first = out.get(block.name.text)
            if first is None:
                out[block.name.text] = block
                continue
            self._faults.append(
                fault(
                    "CW0203",
                    block.name.span,
                    f"the {kind} `{block.name.text}` is declared twice",
                    "give one of them another name",
                    (Related(first.name.span, "the first stands here"),),
                ).diagnostic
            )
        return out

    def _cited(self, cites: tuple[s.Cite, ...]) -> None:
        for cite in cites:
            try:
                self._names.citations((cite,))
            except Fault as error:
                self._faults.append(error.diagnostic)

    def read(self, sources: tuple[s.SourceBlock, ...], sets: tuple[s.ValueSetBlock, ...]) -> None:
        """Sources, then value sets, each after the sets that it names."""
        names = self._names
        for name, block in self._once(sources, "source").items():
            names.sources[name] = (names.pack, block)
        waiting: dict[str, s.ValueSetBlock] = self._once(sets, "value set")
        for name in waiting:
            names.sets.pop(name, None)
        open_: list[str] = []

        def resolve(name: str) -> None:
            block = waiting[name]
            open_.append(name)
            for item in _named(block):
                if item.first in open_:
                    self._faults.append(
                        fault(
                            "CW0504",
                            item.span,
                            f"the value set `{item.first}` contains itself",
                            "take it out of one of the sets on the way round",
                        ).diagnostic
                    )
                    names.sets.setdefault(
                        item.first, ValueSet(item.first, systems_named(block.system), ())
                    )
                elif item.first in waiting and item.first not in names.sets:
                    resolve(item.first)
            open_.pop()
            self._cited(block.cites)
            reader = SetReader(names.codes, names.sets, names.on, self._faults)
            before = len(self._faults)
            found = reader.declared(names.pack, block)
            names.sets[name] = found
            hollow = [
                item
                for item in _named(block)
                if item.first not in names.sets or not names.sets[item.first].codes
            ]
            if not found.codes and not hollow and len(self._faults) == before:
                self._faults.append(
                    fault(
                        "CW0509",
                        block.name.span,
                        f"the value set `{name}` holds no code",
                        "what it excepts is all that it names",
                    ).diagnostic
                )

        for name in waiting:
            if name not in names.sets:
                resolve(name)

    def read_values(
        self, parameters: tuple[s.ParameterBlock, ...], tables: tuple[s.TableBlock, ...]
    ) -> None:
        """Parameters and tables."""
        names = self._names
        for name, block in self._once(parameters, "parameter").items():
            self._cited(block.cites)
            names.parameters[name] = self._parameter(block)
        for name, table in self._once(tables, "table").items():
            self._cited(table.cites)
            try:
                names.tables[name] = (
                    read_table(names.pack, table, self._files, names.codes)
                    if table.release is None
                    else installed_table(names.pack, table, names.codes)
                )
            except Fault as error:
                self._faults.append(error.diagnostic)
                names.lost.add(name)

    def _parameter(self, block: s.ParameterBlock) -> ParameterInfo:
        kind = named_type(block.type)
        values = []
        months = False
        for item in block.values:
            try:
                value, found = constant(item.value, Scope(self._names), kind)
                numbers = found.kind in NUMBERS and kind.kind == "decimal"
                if found.kind != kind.kind and not numbers:
                    raise fault(
                        "CW0310",
                        item.value.span,
                        f"{kind.a} is needed here, not {found.a}",
                        "write amounts of money with a dollar sign, durations with a unit",
                    )
                months = months or (isinstance(value, Duration) and value.months > 0)
                values.append((Window(item.start, item.end), value))
            except Fault as error:
                self._faults.append(error.diagnostic)
        id = f"{self._names.pack}/{block.name.text}"
        return ParameterInfo(Parameter(id, tuple(values)), kind, months)

    def read_derived(self, blocks: tuple[s.DeriveBlock, ...]) -> None:
        """Definitions: all names first, so that they may use each other, then each is checked."""
        names = self._names
        seen: dict[tuple[str, str], s.DeriveBlock] = {}
        for block in blocks:
            key = (block.entity, block.name.text)
            first = seen.get(key)
            if first is not None or block.name.text in fields_of(block.entity):
                self._faults.append(
                    fault(
                        "CW0203",
                        block.name.span,
                        f"`{block.entity}` already has a field `{block.name.text}`",
                        "give the definition another name",
                        (Related(first.name.span, "it stands here"),) if first else (),
                    ).diagnostic
                )
                continue
            seen[key] = block
            names.derived[key] = block
        for block in seen.values():
            variable = Variable(block.var.text, block.entity)
            key = (block.entity, block.name.text)
            scope = Scope(names, {block.var.text: variable}, faults=self._faults, expanding=(key,))
            try:
                if block.when is not None:
                    lower_condition(block.when, scope)
                elif block.term is not None:
                    lower_term(block.term, scope)
            except Fault as error:
                self._faults.append(error.diagnostic)

    def checked_applies(self, node: s.ConditionNode | None) -> s.ConditionNode | None:
        """The pack's condition, or None where it is faulty (which is said once, here)."""
        if node is None:
            return None
        found: list[Diagnostic] = []
        try:
            lower_condition(node, Scope(self._names, faults=found))
        except Fault as error:
            found.append(error.diagnostic)
        self._faults += found
        return None if found else node


def _named(block: s.ValueSetBlock) -> list[s.SetItem]:
    return [
        item
        for version in block.versions
        for item in (*version.codes.items, *version.codes.excepts)
        if item.kind == "set"
    ]
