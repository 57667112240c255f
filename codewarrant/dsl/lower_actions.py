"""Actions, typed and lowered."""

from __future__ import annotations

from codewarrant.dsl import syntax as s
from codewarrant.dsl.bounds import written
from codewarrant.dsl.diagnostics import Diagnostic, Fault, fault
from codewarrant.dsl.lower_terms import lower_term, template
from codewarrant.dsl.scope import Scope, Variable
from codewarrant.dsl.types import SHAPES, Type
from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.values import Intervals

DIAGNOSIS_CODE = Type("code", ("icd10cm", "icd9cm"))


def lower_actions(
    nodes: tuple[s.ActionNode, ...], scope: Scope, title: str
) -> tuple[p.Action, ...]:
    """The actions; each faulty one is reported by itself. ``title`` stands in for a reason."""
    out: list[p.Action] = []
    for node in nodes:
        try:
            out.append(_action(node, scope, title))
        except Fault as error:
            scope.faults.append(error.diagnostic)
    both = _removes_and_more(nodes)
    if both is not None:
        scope.faults.append(both)
    return tuple(out)


def _removes_and_more(nodes: tuple[s.ActionNode, ...]) -> Diagnostic | None:
    kinds = {node.kind for node in nodes}
    if "remove" not in kinds:
        return None
    for node in nodes:
        if node.kind in ("assign", "omit", "replace"):
            return fault(
                "CW0312",
                node.span,
                f"a rule that removes cannot also {node.kind}",
                "`remove` says that the chart does not support the statement; write two rules",
            ).diagnostic
    return None


def _action(node: s.ActionNode, scope: Scope, title: str) -> p.Action:
    because = template(node.because, scope, title)
    match node.kind:
        case "remove":
            return p.Remove(_acted_on(node, scope, "diagnosis"), because)
        case "omit":
            return p.Omit(_acted_on(node, scope, "diagnosis"), because)
        case "assign":
            code, writes = _code(node.codes[0], scope)
            return p.Assign(code, writes, because, node.word or "secondary")
        case "replace":
            code, writes = _code(node.codes[0], scope)
            return p.Replace(_acted_on(node, scope, "diagnosis"), code, writes, because)
        case "sequence":
            first, second = (_placed(item, scope) for item in node.codes)
            return p.Sequence(first, second, because)
        case "add modifier":
            if not SHAPES["modifier"].fullmatch(node.word):
                raise fault(
                    "CW0505", node.span, f"`{node.word}` is not a modifier", "two characters: `25`"
                )
            return p.AddModifier(_acted_on(node, scope, "line"), node.word, because)
        case "deny":
            return p.Deny(_acted_on(node, scope, "line", "claim"), node.word, because)
        case "limit units":
            assert node.to is not None
            term, found = lower_term(node.to, scope, Type("integer", unit="unit"))
            if found.kind != "integer" or found.many:
                raise fault("CW0310", node.to.span, f"units are a whole number, not {found.a}")
            return p.LimitUnits(_acted_on(node, scope, "line"), term, because)
        case "require":
            if node.var is None:
                return p.Require(node.word, _default_target(scope), because)
            return p.Require(node.word, _acted_on(node, scope, "line", "claim"), because)
        case "query":
            return p.Query(because)
    return p.Route(because)


def _acted_on(node: s.ActionNode, scope: Scope, *entities: str) -> str:
    assert node.var is not None
    variable = scope.variable(node.var)
    if variable.entity not in entities:
        what = f"a {variable.entity}" if variable.entity else "a row of a table"
        raise fault(
            "CW0309",
            node.var.span,
            f"`{node.kind}` acts on a {' or '.join(entities)}; `{node.var.text}` is {what}",
        )
    return variable.name


def _default_target(scope: Scope) -> str:
    lines = [item for item in scope.vars.values() if item.entity == "line"]
    if len(lines) == 1:
        return lines[0].name
    scope.singles.add("claim")
    return "claim"


def _code(node: s.Ref | s.CodeValue, scope: Scope) -> tuple[c.Term, Intervals]:
    term, found = lower_term(node, scope, DIAGNOSIS_CODE)
    if found.kind != "code" or found.many:
        name = node.text if isinstance(node, s.Ref) else ""
        raise fault(
            "CW0303",
            node.span,
            f"a diagnosis code is needed here, not {found.a}",
            f"write `{name}.code`" if found.kind == "fact" else "",
        )
    if found.systems and not set(found.systems) & set(DIAGNOSIS_CODE.systems):
        raise fault("CW0304", node.span, f"{found.a} is not a diagnosis")
    variables: dict[str, Variable] = {item.name: item for item in scope.vars.values()}
    columns = {
        (item.name, column): codes
        for item in variables.values()
        if item.table is not None
        for column, codes in item.table.codes.items()
    }
    of = {name: item.codes for name, item in variables.items()}
    return term, written(term, of, columns, scope.codes)


def _placed(node: s.Ref | s.CodeValue, scope: Scope) -> str | c.Term:
    if isinstance(node, s.Ref) and len(node.parts) == 1:
        variable = scope.variable(node.parts[0])
        if variable.entity != "diagnosis":
            raise fault("CW0309", node.span, "only diagnoses are put in sequence")
        return variable.name
    return _code(node, scope)[0]
