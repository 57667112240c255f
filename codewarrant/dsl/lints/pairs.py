"""The lint for rules over two facts of one kind that say nothing of which is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import combinations

from codewarrant.dsl.lints.contradictions import conjuncts
from codewarrant.dsl.lints.finding import Finding, Subject
from codewarrant.dsl.types import fields_of
from codewarrant.engine import conditions as c
from codewarrant.engine import program as p

FLIPPED = {"<": ">", "<=": ">="}


def fires_both_ways(subject: Subject) -> Iterator[Finding]:
    """A rule over two facts of one kind whose condition stays the same when they change places: it
    fires for every pair twice. An action that stays the same too is meant for both."""
    for rule in subject.pack.rules:
        bound = [item for item in rule.rule.binders if item.entity]
        for one, other in combinations(bound, 2):
            if one.entity != other.entity or one.documented != other.documented:
                continue
            turned = {one.var: other.var, other.var: one.var}
            if not _same(rule.rule, turned):
                continue
            binder = next(x for x in rule.block.binders if x.var and x.var.text == other.var)
            yield Finding(
                rule.block,
                binder.span,
                f"every pair of `{one.var}` and `{other.var}` fires twice, each in both roles",
                _help(one, other),
            )


def _help(one: c.Binder, other: c.Binder) -> str:
    dated = "date" in fields_of(one.entity)
    field = "date" if dated else "onset" if one.entity == "diagnosis" else ""
    if field:
        return (
            f"say which is which, such as `{other.var}.{field} < {one.var}.{field}`; "
            "if both are meant: lint fires-both-ways off because …"
        )
    return f"say what sets `{one.var}` and `{other.var}` apart"


def _same(rule: p.Rule, turned: Mapping[str, str]) -> bool:
    """Whether a rule asks the same with its variables in each other's place, and does not also do
    the same."""
    plain: dict[str, str] = {}
    asks = (rule.when, *(item.when for item in rule.exceptions))
    if any(_form(part, plain) != _form(part, turned) for part in asks):
        return False
    does = [_form(item, plain) for item in rule.actions]
    return sorted(does) != sorted(_form(item, turned) for item in rule.actions)


def _form(node: object, turned: Mapping[str, str]) -> str:
    """A condition, term or action as text, equal for those that mean the same whatever the order
    and number of their parts, with variables renamed."""
    match node:
        case c.AllOf():
            parts = sorted({_form(item, turned) for item in conjuncts(node)})
            return f"all({', '.join(parts)})"
        case c.AnyOf(items):
            return f"any({', '.join(sorted({_form(item, turned) for item in items}))})"
        case c.Compare(_, "=" | "!=" as op, left, right):
            return f"{op}({', '.join(sorted((_form(left, turned), _form(right, turned))))})"
        case c.Compare(_, "<" | "<=" as op, left, right):
            return f"{FLIPPED[op]}({_form(right, turned)}, {_form(left, turned)})"
        case c.Compare(_, op, left, right):
            return f"{op}({_form(left, turned)}, {_form(right, turned)})"
        case c.Within(_, left, span, "either", right):
            ends = sorted((_form(left, turned), _form(right, turned)))
            return f"within({', '.join(ends)}, {_form(span, turned)})"
        case c.Field(var, name):
            return f"{turned.get(var, var)}.{name}"
        case tuple():
            return f"({', '.join(_form(item, turned) for item in node)})"
        case str():
            return turned.get(node, node)
    if is_dataclass(node) and not isinstance(node, type):
        inner = (
            _form(getattr(node, item.name), turned)
            for item in fields(node)
            if item.name not in ("atom", "codes", "set_id") or isinstance(node, c.SetVersion)
        )
        return f"{type(node).__name__}({', '.join(inner)})"
    return repr(node)
