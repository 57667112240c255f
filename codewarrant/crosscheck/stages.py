"""One chart through the stages of a program, with durable-rules finding the matches.

What is done here is carrying out: a match that fires concludes, conclusions of a level are read by
its next round, statements of one code are merged. What durable-rules has no notion of is taken from
the record and said to be: firings of rules that it cannot express, and how the code stage was
settled (what is reported, and in what place).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from codewarrant.crosscheck.classify import Classifier, Patterns, Thing
from codewarrant.crosscheck.formula import YES, Inexpressible
from codewarrant.crosscheck.lower import Matching, matchings
from codewarrant.crosscheck.matcher import Match, StratumRules, World
from codewarrant.crosscheck.process import SecondEngine, Unavailable
from codewarrant.crosscheck.readings import KEY
from codewarrant.crosscheck.recorded import Recorded, RecordedFiring
from codewarrant.crosscheck.terms import Question, Terms
from codewarrant.engine.facts import Fact
from codewarrant.engine.program import (
    STAGES,
    Action,
    AddModifier,
    Assign,
    Omit,
    Program,
    Remove,
    Replace,
    Rule,
)
from codewarrant.engine.reference.concluded import conclusion
from codewarrant.engine.reference.diagnoses import (
    assigned,
    code_of,
    grouped,
    one_diagnosis,
    possibility,
    replacement,
)
from codewarrant.engine.reference.found import UNKNOWN_ROW, Env
from codewarrant.engine.reference.matches import Binding, Variant, identifiers, stage_of, variants
from codewarrant.engine.reference.results import by_id, modified
from codewarrant.engine.reference.strata import all_actions, levels, needed
from codewarrant.engine.relation import Row
from codewarrant.engine.trace import Chart
from codewarrant.engine.values import Code, Intervals, Value

MOST_QUESTIONS = 50_000
"""Keys asked of one table in one round."""

Stratum = int
Conclusion = tuple[str, str, Code | None]
"""Kind, the fact acted on, the code concluded."""
COMPARED = {Remove: "remove", Assign: "assign", Replace: "replace", Omit: "omit"}


@dataclass(frozen=True, slots=True)
class Fired:
    """A firing as durable-rules finds it; ``bound`` names facts, and rows by table."""

    stratum: Stratum
    rule: str
    bound: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """A program lowered for one chart."""

    terms: Terms
    patterns: Patterns
    strata: dict[Stratum, StratumRules]
    levels: int
    rules: tuple[str, ...]
    """Those that may apply to the chart by their dates."""
    inexpressible: dict[str, str]


_LEVELS: dict[str, dict[str, int]] = {}


def prepare(program: Program, chart: Chart) -> Prepared:
    """Lower a program. Rules that durable-rules cannot express are named with the reason."""
    rules = sorted(program.rules, key=lambda one: one.id)
    level = _levels(program, rules)
    count = max(level.values(), default=0) + 1
    terms, patterns = Terms(program, chart), Patterns()
    strata: dict[Stratum, list[Matching]] = {}
    inexpressible: dict[str, str] = {}
    applies = []
    for rule in rules:
        chosen = variants(rule, chart)
        if not chosen:
            continue
        applies.append(rule.id)
        try:
            found = [(one, matchings(one, terms)) for one in chosen]
            for _, items in found:
                _register(items, patterns)
        except Inexpressible as error:
            inexpressible[rule.id] = str(error)
            continue
        for one, items in found:
            strata.setdefault(_stratum(one, level, count), []).extend(items)
    return Prepared(
        terms,
        patterns,
        {number: StratumRules(items, patterns) for number, items in sorted(strata.items())},
        count,
        tuple(applies),
        inexpressible,
    )


def _levels(program: Program, rules: list[Rule]) -> dict[str, int]:
    """The level of each code rule, worked out once for a program."""
    if program.sha256 not in _LEVELS:
        coded = [
            rule
            for rule in rules
            if "code"
            in {
                stage_of(actions)
                for actions in (rule.actions, *(one.actions or rule.actions for one in rule.swaps))
            }
        ]
        _LEVELS.clear()
        _LEVELS[program.sha256] = levels(coded, program)
    return _LEVELS[program.sha256]


def _register(items: Iterable[Matching], patterns: Patterns) -> None:
    for one in items:
        for clause in one.clauses:
            for over in (*one.variables, *clause.over):
                patterns.number(over.kind, clause.tests.get(over.var, YES))
            for missing in clause.missing:
                patterns.number(missing.over.kind, missing.tree)


def _stratum(one: Variant, level: Mapping[str, int], count: int) -> Stratum:
    if one.stage == "admit":
        return 0
    if one.stage == "code":
        return level[one.rule.id] + 1
    return count + STAGES.index(one.stage) - 1


@dataclass
class Run:
    """The stages of one chart."""

    program: Program
    chart: Chart
    recorded: Recorded
    prepared: Prepared
    engine: SecondEngine
    fired: dict[Fired, set[Conclusion]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sort = Classifier(self.prepared.terms, self.prepared.patterns, self.engine)
        self._rules = {rule.id: rule for rule in self.program.rules}
        self._entity = self.program.standing
        self._others: dict[str, tuple[Fact, ...]] = {}
        for fact in by_id(self.chart.facts):
            self._others[fact.entity] = (*self._others.get(fact.entity, ()), fact)
        self._statements = self._others.pop(self._entity, ())
        self._documented: dict[Code, Fact] = {}
        self._held: dict[str, Fact] = {}
        self._maybe: dict[str, Fact] = {}
        self._bounds: dict[str, Intervals] = {}

    def stages(self) -> None:
        """Every stage in turn. Raises :class:`Unavailable`, ``Unsayable``."""
        count = self.prepared.levels
        self._admit()
        for level in range(count):
            self._level(level + 1)
        facts = {code: one_diagnosis(items) for code, items in grouped(self._held.values()).items()}
        self._others["line"] = tuple(self._pointed(one) for one in self._others.get("line", ()))
        reported = by_id(facts[code] for code in self.recorded.reported if code in facts)
        self._stage(count + 1, reported)
        added = self._stage(count + 2, reported)
        self._others["line"] = tuple(
            modified(one, added.get(one.id, set())) for one in self._others["line"]
        )
        self._stage(count + 3, reported)

    # ---- worlds ----------------------------------------------------------------------

    def _world(self, now: Iterable[Fact], start: Iterable[Fact], one_a_code: str) -> World:
        others = [Thing(fact.entity, fact) for facts in self._others.values() for fact in facts]
        states = {
            "n": [*others, *(Thing(self._entity, fact) for fact in by_id(now))],
            "s": [*others, *(Thing(self._entity, fact) for fact in by_id(start))],
            "d": [*others, *(Thing(self._entity, fact) for fact in self._statements)],
        }
        facts = _each(states.values())
        more = [*self._rows(facts), *self._items(facts)]
        return World(
            {state: (*things, *more) for state, things in states.items()}, self._bounds, one_a_code
        )

    def _rows(self, things: list[Thing]) -> list[Thing]:
        """The rows that the facts' values find; one that stands for those not asked for, and one
        for each question of which the table cannot know."""
        found: list[Thing] = []
        on = self.chart.clocks.get("date of service")
        for one in sorted(self.prepared.terms.questions, key=repr):
            kind = f"table {one.relation}"
            found.append(Thing(kind, UNKNOWN_ROW))
            table = (self.chart.relations or {}).get(one.relation)
            keys = self._keys(one, things) if table is not None else []
            if table is None or not keys:
                continue
            for key, rows in zip(keys, table.lookup(keys, on), strict=True):
                if rows is None:
                    columns = {f"{KEY}{column}": value for column, value in key.items()}
                    rows = (Row(f"{UNKNOWN_ROW.id}{sorted(columns.items())}", columns),)
                found += [Thing(kind, row) for row in rows]
        return _each([found])

    def _keys(self, question: Question, things: list[Thing]) -> list[dict[str, Value]]:
        """The keys of a question, one for each combination of values."""
        groups = []
        for part in question.parts:
            if not part.kind:
                groups.append([dict(part.keys)])
                continue
            some: dict[tuple[Value, ...], dict[str, Value]] = {}
            for thing in things:
                if thing.kind == part.kind:
                    values = [self.prepared.terms.value(n, thing.one) for _, n in part.keys]
                    known = tuple(value for value in values if value is not None)
                    if len(known) == len(values):
                        columns = (column for column, _ in part.keys)
                        some[known] = dict(zip(columns, known, strict=True))
            groups.append(list(some.values()))
        if prod(len(some) for some in groups) > MOST_QUESTIONS:
            raise Unavailable(f"more than {MOST_QUESTIONS} questions to {question.relation}")
        return [
            {column: value for part in parts for column, value in part.items()}
            for parts in product(*groups)
        ]

    def _items(self, things: list[Thing]) -> list[Thing]:
        """The items of the lists that rules look into, as facts of their own."""
        kinds = {kind for kind, _, _ in self.prepared.patterns.trees if kind.startswith("item ")}
        found = {}
        for thing in things:
            if not isinstance(thing.one, Fact):
                continue
            for name, value in thing.one.fields.items():
                kind = f"item {thing.kind}.{name}"
                if kind not in kinds:
                    continue
                for item in (
                    value if isinstance(value, tuple) and not isinstance(value, Code) else (value,)
                ):
                    fields: dict[str, Value] = {"of": thing.one.id, "value": item}
                    id = f"{thing.one.id}.{name}.{item!r}"
                    found[kind, id] = Thing(kind, Fact(id, kind, fields))
        return list(found.values())

    # ---- stages ----------------------------------------------------------------------

    def _matches(self, stratum: Stratum, world: World) -> list[Match]:
        rules = self.prepared.strata.get(stratum)
        return rules.matches(world, self._sort, self.engine) if rules is not None else []

    def _admit(self) -> None:
        world = self._world(self._statements, self._statements, "")
        removed = set()
        for one in self._matches(0, world):
            env, values = self._ready(one)
            if values is None or not one.matching.sure:
                continue
            concluded = self._note(0, one, env, values)
            removed |= {target for kind, target, _ in concluded if kind == "remove"}
        for given in self._given(0):
            removed |= {target for kind, target, _ in given.concluded if kind == "remove"}
        admitted = [one for one in self._statements if one.id not in removed]
        self._documented = {code: one_diagnosis(facts) for code, facts in grouped(admitted).items()}
        uncoded = [one for one in admitted if code_of(one) is None]
        self._statements = by_id([*self._documented.values(), *uncoded])
        self._held = {one.id: one for one in self._statements}

    def _level(self, stratum: Stratum) -> None:
        start = [*self._held.values(), *self._maybe.values()]
        while True:
            world = self._world([*self._held.values(), *self._maybe.values()], start, self._entity)
            found = [(one, *self._ready(one)) for one in self._matches(stratum, world)]
            fresh = self._given_facts(stratum)
            for one, env, values in found:
                if one.matching.sure and values is not None:
                    fresh |= self._concluded(one, env, values)
            if not fresh.keys() <= self._held.keys():
                self._held |= fresh
                continue
            codes = set(grouped(self._held.values()))
            before = set(self._maybe)
            self._maybe = {id: one for id, one in self._maybe.items() if code_of(one) not in codes}
            for one, env, _ in found:
                if not one.matching.sure:
                    self._possibilities(one.matching.variant.rule, one.matching.actions, env, codes)
            self._given_possibilities(stratum, codes)
            if set(self._maybe) == before:
                break
        for one, env, values in found:
            if one.matching.sure and values is not None:
                self._note(stratum, one, env, values)

    def _stage(self, stratum: Stratum, reported: Iterable[Fact]) -> dict[str, set[str]]:
        """A stage after the code stage; the modifiers that it adds, by line."""
        world = self._world(reported, reported, self._entity)
        added: dict[str, set[str]] = {}
        for one in self._matches(stratum, world):
            env, values = self._ready(one)
            if values is None or not one.matching.sure:
                continue
            self._note(stratum, one, env, values)
            for action in one.matching.actions:
                if isinstance(action, AddModifier):
                    added.setdefault(env[action.var].id, set()).add(action.modifier)
        # an earlier stage's rule may add modifiers too
        return added

    # ---- carrying out ----------------------------------------------------------------

    def _ready(self, one: Match) -> tuple[Env, list[tuple[Value | None, ...]] | None]:
        """What the variables are bound to, and the values of each action's terms; None if one of
        them is not known, so that the rule does not fire."""
        rule = one.matching.variant.rule
        env: Env = {b.var: item for b, item in zip(rule.binders, one.bound, strict=True)}
        values = [
            tuple(self.prepared.terms.valued(term, env) for term in needed(action))
            for action in one.matching.actions
        ]
        return env, None if any(None in items for items in values) else values

    def _note(
        self, stratum: Stratum, one: Match, env: Env, values: list[tuple[Value | None, ...]]
    ) -> set[Conclusion]:
        rule = one.matching.variant.rule
        concluded: set[Conclusion] = set()
        for action, items in zip(one.matching.actions, values, strict=True):
            kind = COMPARED.get(type(action))
            if kind is None:
                continue
            target = env[action.var] if isinstance(action, Remove | Omit | Replace) else None
            code = items[0] if isinstance(action, Assign | Replace) else code_of(target)
            concluded.add(
                (kind, target.id if target else "", code if isinstance(code, Code) else None)
            )
        self.fired[Fired(stratum, rule.id, identifiers(rule, env))] = concluded
        return concluded

    def _concluded(
        self, one: Match, env: Env, values: list[tuple[Value | None, ...]]
    ) -> dict[str, Fact]:
        variant = one.matching.variant
        binding = Binding(variant, env, identifiers(variant.rule, env), True)
        found = {}
        for action, items in zip(one.matching.actions, values, strict=True):
            fact = conclusion(self.program, self._documented, action, items, binding)
            if fact is not None:
                found[fact.id] = fact
        return found

    def _possibilities(
        self, rule: Rule, actions: Iterable[Action], env: Env, codes: set[Code]
    ) -> None:
        for action in actions:
            if not isinstance(action, Assign | Replace):
                continue
            value = self.prepared.terms.valued(action.code, env)
            code = value if isinstance(value, Code) else None
            if code in codes:
                continue
            fact = possibility(self.program, code, rule.id, action.writes)
            self._maybe[fact.id] = fact
            if code is None:
                self._bounds[fact.id] = action.writes

    # ---- what is taken from the record -----------------------------------------------

    def _given(self, stratum: Stratum) -> list[RecordedFiring]:
        return [
            one
            for one in self.recorded.firings
            if one.stratum == stratum and one.rule in self.prepared.inexpressible
        ]

    def _given_facts(self, stratum: Stratum) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        for one in self._given(stratum):
            for (kind, target, code), role in zip(one.concluded, one.roles, strict=True):
                if code is None or kind not in ("assign", "replace"):
                    continue
                known, old = self._documented.get(code), self._held.get(target)
                if kind == "assign":
                    fact = known or assigned(self.program, code, role)
                elif old is None or code_of(old) == code:
                    continue
                else:
                    fact = replacement(self.program, code, old)
                    if known is not None and fact.fields.items() <= known.fields.items():
                        fact = known
                found[fact.id] = fact
        return found

    def _given_possibilities(self, stratum: Stratum, codes: set[Code]) -> None:
        level = _LEVELS[self.program.sha256]
        for one in self.recorded.undetermined:
            if one.rule not in self.prepared.inexpressible or level.get(one.rule) != stratum - 1:
                continue
            rule = self._rules[one.rule]
            if len(one.bound) < len(rule.binders):
                raise Unavailable(f"not every match of {one.rule} is in the record")
            env = self._env(rule, one.bound)
            if env is not None:
                self._possibilities(rule, all_actions(rule), env, codes)

    def _env(self, rule: Rule, bound: tuple[str, ...]) -> Env | None:
        facts: dict[str, Fact | Row] = {
            **{fact.id: fact for some in self._others.values() for fact in some},
            **{fact.id: fact for fact in self._statements},
            **self._held,
            **self._maybe,
        }
        rows = {
            f"{thing.kind.removeprefix('table ')}/{thing.one.id}": thing.one
            for thing in self._rows(
                [Thing(f.entity, f) for f in facts.values() if isinstance(f, Fact)]
            )
        }
        found = [facts.get(id) or rows.get(id) for id in bound]
        if None in found:
            return None
        return {b.var: one for b, one in zip(rule.binders, found, strict=False) if one is not None}

    def _pointed(self, line: Fact) -> Fact:
        """A line with its pointers where the record says that they lead."""
        given = line.fields.get("pointers")
        if not isinstance(given, tuple) or not given:
            return line
        found: dict[Code, None] = {}
        for code in given:
            if isinstance(code, Code):
                found |= dict.fromkeys(self.recorded.places.get(code, ()))
        return replace(line, fields={**line.fields, "pointers": tuple(found)})


def _each(groups: Iterable[list[Thing]]) -> list[Thing]:
    """Every thing once."""
    return list({thing.key: thing for things in groups for thing in things}.values())
