"""What the actions of the code stage conclude, for the reference evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from codewarrant.engine.errors import EngineError
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import Assign, Program, Replace
from codewarrant.engine.reference.diagnoses import assigned, code_of, replacement
from codewarrant.engine.reference.found import codes_key
from codewarrant.engine.reference.matches import Binding
from codewarrant.engine.reference.record import Fired
from codewarrant.engine.reference.settle import Step
from codewarrant.engine.reference.values import lies_in
from codewarrant.engine.values import Code, Value


def conclusion(
    program: Program,
    documented: Mapping[Code, Fact],
    action: Any,
    values: tuple[Value | None, ...],
    binding: Binding,
) -> Fact | None:
    """The fact that an assign or replace concludes; None for other actions.

    What is documented already is concluded again as it stands, unless a replacement brings it a
    role or a present-on-admission that it does not have.
    """
    if not isinstance(action, Assign | Replace):
        return None
    code, rule = values[0], binding.variant.rule.id
    if not isinstance(code, Code):
        raise EngineError(f"`{rule}`: concludes a code from what is not a code")
    if not lies_in(code, codes_key(program, code), action.writes):
        raise EngineError(f"`{rule}`: concludes {code}, which is outside its writes")
    known = documented.get(code)
    if isinstance(action, Assign):
        return known or assigned(program, code, action.role)
    old = binding.env[action.var]
    assert isinstance(old, Fact)
    if code_of(old) == code:
        return old
    made = replacement(program, code, old)
    if known is not None and made.fields.items() <= known.fields.items():
        return known
    return made


def steps(fired: Iterable[Fired], entity: str) -> list[Step]:
    """What the code stage concluded, as settling sees it. ``entity`` is the standing one."""
    found = []
    for one in fired:
        rule, seq = one.rule, one.firing.seq
        facts = {fact.id: fact for fact in one.binding.env.values() if isinstance(fact, Fact)}
        for item in one.concluded:
            old = code_of(facts.get(item.target))
            if item.kind == "assign" and item.code is not None:
                found.append(Step("assign", item.code, seq, rule.id, rule.mandatory))
            elif item.kind == "replace" and old is not None:
                found.append(Step("replace", old, seq, rule.id, rule.mandatory, item.code))
            elif item.kind == "omit" and old is not None:
                covers = _covers(one, old, entity)
                found.append(Step("omit", old, seq, rule.id, rule.mandatory, covers=covers))
    return found


def _covers(one: Fired, omitted: Code, entity: str) -> tuple[frozenset[Code], ...]:
    """The other diagnoses of the firing; of what a ``some`` found, one is enough."""
    groups = [[fact] for fact in one.binding.env.values()] + [list(group) for group in one.covers]
    found = []
    for group in groups:
        codes = {
            code
            for fact in group
            if isinstance(fact, Fact) and fact.entity == entity
            if (code := code_of(fact)) is not None and code != omitted
        }
        if codes:
            found.append(frozenset(codes))
    return tuple(found)
