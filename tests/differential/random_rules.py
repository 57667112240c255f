"""Rules made by chance: what they do, in which stage, and the exceptions and overrides on them."""

from __future__ import annotations

from random import Random

from random_charts import FAMILIES, TEXTS, icd
from random_programs import ORDER, PARAMETERS, Author, codes_of

from codewarrant.engine import conditions as c
from codewarrant.engine import program as p
from codewarrant.engine.values import CodeOrder, Intervals

STAGES = ("admit",) + ("code",) * 12 + ("sequence",) * 2 + ("line", "edit", "edit")


class RuleAuthor(Author):
    """Writes whole rules."""

    def rule(self, number: int) -> p.Rule:
        self.atoms, self.count = [], 0
        rng = self.rng
        stage = rng.choice(STAGES)
        family = rng.randrange(4)
        # What it reads positively may be of its own family; absences come from earlier ones.
        positive = list(range(family + 1))
        negative = list(range(family))
        if self.chance(0.03) or stage != "code":
            positive = negative = list(range(4))
        binders, tests = self.binders(stage, positive)
        scope = {one.var: one.entity for one in binders if one.entity}
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            tests.append(self.condition(scope, negative, 2))
        if self.chance(0.12):
            binders.append(self.row(scope, tests))
        actions = self.actions(stage, family, binders, scope)
        mandatory = self.chance(0.12)
        exceptions = tuple(self.exceptions(stage, family, binders, scope, negative, mandatory))
        overridden = not mandatory and self.chance(0.12)
        swaps = ()
        if overridden and stage == "code" and self.chance(0.6):
            window = self.window()
            swapped = self.actions(stage, family, binders, scope)
            swaps = (p.Swap("payer/swap", window, swapped, "their way"),)
        suspensions = ()
        if overridden and not swaps:
            suspensions = (p.Suspension("payer/off", self.window(), "not there"),)
        return p.Rule(
            f"pack/r{number}",
            "pack",
            "1",
            "",
            f"r{number}",
            tuple(binders),
            c.AllOf(tuple(tests)),
            actions,
            tuple(f"{at} {text}" for at, text in enumerate(self.atoms)),
            (),
            self.seldom(),
            mandatory,
            if_unknown=rng.choice(("default", "default", "review", "ignore")),
            exceptions=exceptions,
            suspensions=suspensions,
            swaps=swaps,
        )

    def binders(self, stage: str, families: list[int]) -> tuple[list[c.Binder], list[c.Condition]]:
        first, tests = self.diagnosis(families)
        if stage in ("line", "edit") and self.chance(0.7):
            first, tests = c.Binder(self.name(), "line"), []
        found = [first]
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2))):
            one, more = self.pattern(families)
            found.append(one)
            tests += more
        return found, tests

    def row(self, scope: dict[str, str], tests: list[c.Condition]) -> c.Binder:
        """A variable over the rows of a table, found by a code."""
        var = self.name()
        code = self.field(scope, ("icd",)) or c.Const(icd("A00.0"))
        tests.append(c.Matches(self.atom("row"), var, (("code", code),)))
        if self.chance(0.3):
            tests.append(c.Compare(self.atom("row number"), "<", c.Field(var, "n"), c.Const(2)))
        return c.Binder(var, relation="map")

    # ---- actions -------------------------------------------------------------------

    def because(self, scope: dict[str, str]) -> p.Because:
        field = self.field(scope, ("number", "icd", "text"))
        return p.Because(("since ", field)) if field is not None else p.Because(("so",))

    def concluded(
        self, family: int, binders: list[c.Binder], scope: dict[str, str]
    ) -> tuple[c.Term, Intervals]:
        """A code term and its bounds: a constant, a look-up, or a column of a bound row."""
        rows = [one.var for one in binders if one.relation == "map"]
        if rows:
            return c.Field(rows[0], f"to{family}"), codes_of(*FAMILIES[family])
        code = self.field(scope, ("icd",))
        if code is not None and self.chance(0.3):
            term = c.LookupTerm("map", (("code", code),), f"to{family}")
            return term, codes_of(FAMILIES[family][0])
        chosen = self.rng.choice(FAMILIES[family])
        return c.Const(icd(chosen)), (ORDER.exactly(chosen),)

    def actions(
        self, stage: str, family: int, binders: list[c.Binder], scope: dict[str, str]
    ) -> tuple[p.Action, ...]:
        rng = self.rng
        diagnoses = [one.var for one in binders if one.entity == "diagnosis"]
        lines = [one.var for one in binders if one.entity == "line"]
        made: list[p.Action] = []
        if stage == "admit" and diagnoses:
            made.append(p.Remove(rng.choice(diagnoses), self.because(scope)))
        if stage == "code":
            for _ in range(rng.choice((1, 1, 1, 2))):
                made.append(self.coding(family, binders, scope, diagnoses))
        if stage == "sequence" or (stage in ("admit", "code") and self.chance(0.1)):
            ends = [
                rng.choice(diagnoses) if diagnoses and self.chance(0.7)
                else c.Const(icd(rng.choice(FAMILIES[rng.randrange(4)])))
                for _ in range(2)
            ]  # fmt: skip
            made.append(p.Sequence(ends[0], ends[1], self.because(scope)))
        if stage == "line" and lines:
            made.append(p.AddModifier(lines[0], rng.choice(TEXTS), self.because(scope)))
        if stage == "edit" or not made or self.chance(0.1):
            made.append(self.edit(lines, scope))
        return tuple(made)

    def coding(
        self, family: int, binders: list[c.Binder], scope: dict[str, str], diagnoses: list[str]
    ) -> p.Action:
        choice = self.rng.randrange(10)
        if choice < 4 or not diagnoses:
            code, writes = self.concluded(family, binders, scope)
            role = "principal" if self.chance(0.1) else "secondary"
            return p.Assign(code, writes, self.because(scope), role)
        if choice < 8:
            code, writes = self.concluded(family, binders, scope)
            return p.Replace(self.rng.choice(diagnoses), code, writes, self.because(scope))
        return p.Omit(self.rng.choice(diagnoses), self.because(scope))

    def edit(self, lines: list[str], scope: dict[str, str]) -> p.Action:
        choice = self.rng.randrange(5)
        if lines and choice == 0:
            return p.Deny(lines[0], "50", self.because(scope))
        if lines and choice == 1:
            units = self.rng.choice((c.Const(2), c.Param("p/n"), c.Const(1)))
            return p.LimitUnits(lines[0], units, self.because(scope))
        if lines and choice == 2:
            return p.Require("authorization", lines[0], self.because(scope))
        return p.Query(self.because(scope)) if choice == 3 else p.Route(self.because(scope))

    # ---- exceptions ------------------------------------------------------------------

    def exceptions(
        self,
        stage: str,
        family: int,
        binders: list[c.Binder],
        scope: dict[str, str],
        families: list[int],
        mandatory: bool,
    ) -> list[p.Unless]:
        found: list[p.Unless] = []
        for number in range(self.rng.choice((0, 0, 0, 0, 1, 1, 2, 3))):
            to = ""
            if found and self.chance(0.5):
                to = self.rng.choice(found).name
            instead: tuple[p.Action, ...] = ()
            if stage == "code" and not to and self.chance(0.35):
                instead = (
                    self.coding(family, binders, scope,
                                [one.var for one in binders if one.entity == "diagnosis"]),
                )  # fmt: skip
            found.append(
                p.Unless(
                    f"e{number}",
                    self.condition(scope, families, 2),
                    self.because(scope),
                    (),
                    self.seldom(),
                    to,
                    instead,
                    "payer/narrow" if not mandatory and self.chance(0.2) else "",
                )
            )
        return found


def program(rng: Random) -> p.Program:
    """A program of up to ten rules."""
    author = RuleAuthor(rng)
    rules = tuple(author.rule(number) for number in range(rng.randrange(3, 11)))
    return p.Program(
        rules,
        orders=(ORDER, CodeOrder("cpt")),
        parameters=PARAMETERS,
        relations=(("map", "m"), ("pairs", "p")),
    )
