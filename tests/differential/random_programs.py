"""Programs made by chance, well typed: joins, negation, counts, exceptions, overrides, tables.

Rules write one family of codes and mostly read absences in earlier ones, so that most programs have
levels; those that wait for themselves are refused, by the engine and the reference alike.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random

from random_charts import CODES, DAY, FAMILIES, KINDS, TEXTS, WORDS, icd, value

from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.values import CodeOrder, Duration, Intervals

ORDER = CodeOrder("icd10cm")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
PARAMETERS = (
    p.Parameter("p/n", ((c.Window(DAY - timedelta(9), DAY + timedelta(9)), 1),)),
    p.Parameter(
        "p/late",
        (
            (c.Window(None, DAY), 0),
            (c.Window(DAY, None, "discharge date"), 2),
        ),
    ),
)


def codes_of(*codes: str) -> Intervals:
    """A header with all below it, or one code."""
    return tuple(ORDER.exactly(one) if "." in one else ORDER.under(one) for one in codes)


class Author:
    """Writes one rule after the other."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.atoms: list[str] = []
        self.count = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() >= 1 - share

    def atom(self, text: str) -> int:
        self.atoms.append(text)
        return len(self.atoms) - 1

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    # ---- dates -------------------------------------------------------------------

    def window(self) -> c.Window:
        start = self.rng.choice((None, DAY - timedelta(5), DAY, DAY + timedelta(5)))
        end = self.rng.choice((None, DAY + timedelta(9), DAY))
        clock = "discharge date" if self.chance(0.2) else "date of service"
        return c.Window(start, end, clock)

    def seldom(self) -> c.Window:
        return self.window() if self.chance(0.15) else c.ALWAYS

    # ---- patterns ----------------------------------------------------------------

    def some_codes(self, families: list[int]) -> tuple[str, ...]:
        pool = [code for at in families or range(4) for code in FAMILIES[at]]
        return tuple(sorted({self.rng.choice(pool) for _ in range(self.rng.randrange(1, 3))}))

    def in_set(self, subject: c.Term, codes: tuple[str, ...], dated: bool = False) -> c.InSet:
        versions = (c.SetVersion(c.ALWAYS, codes_of(*codes)),)
        if dated:
            other = codes_of(self.rng.choice(CODES))
            day = DAY + timedelta(self.rng.choice((-5, 5)))
            versions = (
                c.SetVersion(c.Window(None, day), codes_of(*codes)),
                c.SetVersion(c.Window(day, None), other),
            )
        return c.InSet(self.atom("in set"), subject, "/".join(codes), versions)

    def diagnosis(self, families: list[int]) -> tuple[c.Binder, list[c.Condition]]:
        """A variable over diagnoses of these families, or (seldom) of any code.

        Without a family, it is one over what is documented.
        """
        var = self.name()
        documented = not families or self.chance(0.12)
        families = families or list(range(4))
        if self.chance(0.03):
            return c.Binder(var, "diagnosis", documented=documented), []
        codes = self.some_codes(families)
        subject = c.Field(var, "code")
        if len(codes) == 1 and "." in codes[0] and self.chance(0.4):
            test: c.Condition = c.Compare(
                self.atom("is code"), "=", subject, c.Const(icd(codes[0]))
            )
        elif all("." in one for one in codes) and self.chance(0.4):
            test = c.OneOf(self.atom("one of"), subject, tuple(icd(one) for one in codes))
        else:
            test = self.in_set(subject, codes)
        return c.Binder(var, "diagnosis", documented=documented, codes=codes_of(*codes)), [test]

    def pattern(self, families: list[int]) -> tuple[c.Binder, list[c.Condition]]:
        if self.chance(0.7):
            return self.diagnosis(families)
        entity = self.rng.choice(("finding", "finding", "line", "authorization"))
        return c.Binder(self.name(), entity), []

    # ---- terms -------------------------------------------------------------------

    def field(self, scope: dict[str, str], kinds: tuple[str, ...]) -> c.Field | None:
        pool = [
            c.Field(var, name)
            for var, entity in scope.items()
            for name, kind in KINDS.get(entity, {}).items()
            if kind in kinds
        ]
        return self.rng.choice(pool) if pool else None

    def number(self, scope: dict[str, str], families: list[int], depth: int) -> c.Term:
        choice = self.rng.randrange(10)
        own = self.field(scope, ("number",))
        if choice < 5 and own is not None:
            return own
        if choice == 5:
            return c.Param(self.rng.choice(PARAMETERS).id)
        if choice == 6:
            return c.Arith(self.rng.choice("+-"), own or c.Const(1), c.Const(1))
        if choice == 7 and depth > 0:
            return self.aggregate(scope, families, depth)
        if choice == 8 and (code := self.field(scope, ("icd",))) is not None:
            return c.LookupTerm("map", (("code", code),), "n")
        return c.Const(self.rng.randrange(3))

    def aggregate(self, scope: dict[str, str], families: list[int], depth: int) -> c.Aggregate:
        over, tests = self.pattern(families)
        inner = {**scope, over.var: over.entity}
        if self.chance(0.5):
            tests.append(self.condition(inner, families, depth - 1))
        mine = {over.var: over.entity}
        term = self.field(mine, ("number",))
        if term is None or self.chance(0.5):
            return c.Aggregate("count", None, over, c.AllOf(tuple(tests)))
        return c.Aggregate("sum", term, over, c.AllOf(tuple(tests)))

    # ---- conditions ----------------------------------------------------------------

    def condition(self, scope: dict[str, str], families: list[int], depth: int) -> c.Condition:
        if depth > 0:
            choice = self.rng.randrange(14)
            if choice < 5:
                return self.quantified(scope, families, depth)
            if choice == 5:
                return c.Not(self.condition(scope, families, depth - 1))
            if choice in (6, 7):
                parts = [self.condition(scope, families, depth - 1) for _ in range(2)]
                return (c.AnyOf if choice == 6 else c.AllOf)(tuple(parts))
            if choice == 8:
                left = self.number(scope, families, depth)
                right = self.number(scope, families, depth)
                return c.Compare(self.atom("number"), self.rng.choice(OPERATORS), left, right)
            if choice == 9:
                over, tests = self.pattern(families)
                day = c.Field(over.var, "day") if "day" in KINDS[over.entity] else c.Const(DAY)
                func = self.rng.choice(("earliest", "latest"))
                dated = c.Aggregate(func, day, over, c.AllOf(tuple(tests)))
                return c.Compare(self.atom(func), "<=", dated, c.Clock("discharge date"))
        return self.simple(scope, families)

    def simple(self, scope: dict[str, str], families: list[int]) -> c.Condition:
        """A test of one or two fields."""
        kind = self.rng.choice(
            ("number", "text", "icd", "icd", "boolean", "date", "codes", "status", "words")
        )
        own = self.field(scope, ("certainty", "status") if kind == "status" else (kind,))
        if kind == "words" or own is None:
            if self.chance(0.5) and kind == "words":
                words = tuple(self.rng.choice(WORDS) for _ in range(self.rng.randrange(1, 3)))
                near = c.Field(self.rng.choice(sorted(scope)), "") if self.chance(0.6) else None
                return c.Mentions(self.atom("words"), words, near)
            return c.Compare(
                self.atom("parameter"), "=", c.Param("p/n"), c.Const(self.rng.randrange(3))
            )
        if self.chance(0.1):
            return c.Known(self.atom("known"), own)
        return self.about(own, kind, scope, families)

    def about(
        self, own: c.Field, kind: str, scope: dict[str, str], families: list[int]
    ) -> c.Condition:
        other = self.field(scope, (kind,))
        if other == own or other is None or self.chance(0.4):
            other = c.Const(value(self.rng, kind))
        match kind:
            case "number":
                if self.chance(0.2):
                    return c.Between(self.atom("between"), own, c.Const(0), other)
                return c.Compare(self.atom("number"), self.rng.choice(OPERATORS), own, other)
            case "boolean":
                return c.Holds(self.atom("holds"), own)
            case "date":
                if self.chance(0.4):
                    side = self.rng.choice(("before", "after", "either"))
                    span = c.Const(Duration(self.rng.randrange(2), self.rng.randrange(15)))
                    anchor = other if self.chance(0.5) else c.Clock("discharge date")
                    return c.Within(self.atom("within"), own, span, side, anchor)
                return c.Compare(self.atom("date"), self.rng.choice(OPERATORS), own, other)
            case "codes":
                if self.chance(0.3):
                    return self.in_set(own, self.some_codes(families))
                code = self.field(scope, ("icd",))
                values = (icd(self.rng.choice(CODES)),) if self.chance(0.5) else ()
                return c.Contains(self.atom("contains"), own, values, code if not values else None)
            case "icd":
                if self.chance(0.4):
                    return self.in_set(own, self.some_codes(families), dated=self.chance(0.3))
                return c.Compare(self.atom("code"), self.rng.choice(("=", "!=")), own, other)
        if self.chance(0.3):
            return c.OneOf(self.atom("one of"), own, (value(self.rng, own.name), TEXTS[0]))
        known = value(self.rng, own.name if kind == "status" else kind)
        return c.Compare(self.atom("text"), self.rng.choice(("=", "!=")), own, c.Const(known))

    def quantified(self, scope: dict[str, str], families: list[int], depth: int) -> c.Condition:
        kind = self.rng.choice(("some", "some", "no", "no", "at least", "every"))
        atom = self.atom(kind)
        if kind in ("some", "no") and self.chance(0.15):
            code = self.field(scope, ("icd",))
            if code is not None:
                var = self.name()
                keys = ((self.rng.choice(("first", "second")), code),)
                where: c.Condition = c.Matches(self.atom("pair"), var, keys)
                return c.Quantified(atom, kind, c.Binder(var, relation="pairs"), where)
        over, tests = self.pattern(families)
        inner = {**scope, over.var: over.entity}
        if self.chance(0.6):
            tests.append(self.condition(inner, families, depth - 1))
        has = self.condition(inner, families, depth - 1) if kind == "every" else None
        least = self.rng.randrange(1, 3) if kind == "at least" else 1
        return c.Quantified(atom, kind, over, c.AllOf(tuple(tests)), least, has)
