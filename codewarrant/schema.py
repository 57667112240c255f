"""The chart: what a coding decision reads, as entities with documented fields.

One source for four readers: FHIR normalisation fills it, the rule language checks types against
it, editors show its descriptions, the reference page prints it. A field left at None is unknown;
an entity that is not there is absent.
"""

from __future__ import annotations

from datetime import date as Day
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from codewarrant.engine.facts import Evidence, Fact, make_fact
from codewarrant.engine.values import Code

Setting = Literal["outpatient", "professional", "emergency", "ambulatory surgery", "inpatient"]
Certainty = Literal["confirmed", "probable", "suspected", "ruled out"]
ClinicalStatus = Literal["active", "recurrence", "remission", "resolved", "inactive"]
Sex = Literal["female", "male"]
Side = Literal["left", "right", "bilateral"]

EXTERNAL = {"arbitrary_types_allowed": True, "frozen": True, "extra": "forbid"}


class Entity(BaseModel):
    """What every entity has: where it stands in the record, and its place in reading order."""

    model_config = ConfigDict(**EXTERNAL)

    evidence: Annotated[tuple[Evidence, ...], Field(exclude=True)] = ()
    order: Annotated[tuple[int | str, ...], Field(exclude=True)] = ()


class Patient(Entity):
    """The person treated."""

    sex: Sex | None = Field(default=None, description="Sex recorded for administration.")
    birth_date: Day | None = Field(
        default=None, description="Date of birth; a partial date is unknown."
    )
    age_years: int | None = Field(
        default=None, description="Completed years on the date of service."
    )
    age_days: int | None = Field(default=None, description="Days of age on the date of service.")


class Encounter(Entity):
    """The visit or stay that is coded."""

    setting: Setting | None = Field(
        default=None, description="Where care was given, from the class."
    )
    class_code: str | None = Field(default=None, description="The encounter class as sent.")
    status: str | None = Field(default=None, description="Status of the encounter as sent.")
    start: Day | None = Field(default=None, description="First day.")
    end: Day | None = Field(default=None, description="Last day.")
    specialty: str | None = Field(default=None, description="Specialty of the service.")
    types: tuple[Code, ...] = Field(default=(), description="Codes of the encounter's type.")
    discharge_disposition: str | None = Field(default=None, description="Where the patient went.")


class Diagnosis(Entity):
    """One documented statement of a diagnosis, from a Condition, a claim or a note."""

    code: Code = Field(description="The code stated, or read from the words.")
    certainty: Certainty | None = Field(default=None, description="How sure the author was.")
    status: ClinicalStatus | None = Field(
        default=None, description="Whether it is a present problem."
    )
    origin: Literal["condition", "claim", "note", "display", "encounter"] = Field(
        description="What kind of record states it."
    )
    role: Literal["principal", "first-listed", "admitting", "secondary"] | None = Field(
        default=None, description="Its part in the encounter, where the record gives one."
    )
    rank: int | None = Field(default=None, description="Rank the record gives it, from 1.")
    present_on_admission: Literal["Y", "N", "U", "W"] | None = Field(
        default=None, description="Present on admission."
    )
    side: Side | None = Field(default=None, description="Side of the body.")
    phrase: str | None = Field(default=None, description="The words that state it.")
    onset: Day | None = Field(default=None, description="When it began.")
    recorded: Day | None = Field(default=None, description="When it was written down.")
    due_to: tuple[Code, ...] = Field(
        default=(), description="Conditions it is documented as due to."
    )
    unrelated_to: tuple[Code, ...] = Field(
        default=(), description="Conditions it is documented as not related to."
    )
    category: str | None = Field(
        default=None, description="Encounter diagnosis, problem list item, …"
    )


class Mention(Entity):
    """A passage of a note that names a condition, in its context; negated ones too."""

    code: Code = Field(description="Candidate code of the words.")
    phrase: str = Field(description="The words.")
    polarity: Literal["affirmed", "negated"] = Field(description="Whether it is denied.")
    certainty: Certainty = Field(description="How sure the author was.")
    temporality: Literal["current", "historical", "hypothetical"] = Field(
        description="Now, before, or only if."
    )
    experiencer: Literal["patient", "family", "other"] = Field(description="Who has it.")
    section: str = Field(default="", description="Kind of section it stands in.")
    source: Literal["note", "display"] = Field(
        default="note", description="A note or a code's display."
    )
    side: Side | None = Field(default=None, description="Side of the body said nearby.")
    term: str = Field(default="", description="The lexicon entry that matched.")
    exact: bool = Field(default=True, description="Whether the words equal a whole lexicon entry.")


class Finding(Entity):
    """Something established that is not a diagnosis: pregnancy, tobacco use, side, treatment."""

    kind: str = Field(description="What it is: pregnant, smoker, bmi, side, insulin, organism, …")
    value: int | None = Field(default=None, description="Its number, where it has one.")
    text: str | None = Field(
        default=None, description="Its word, where it has one: an organism's name."
    )
    side: Side | None = Field(default=None, description="Side of the body.")
    about: Code | None = Field(default=None, description="The diagnosis it is about.")
    dependent: bool | None = Field(
        default=None, description="For tobacco: dependence is documented."
    )
    temporary: bool | None = Field(
        default=None, description="For a medication: given only for now."
    )
    incidental: bool | None = Field(default=None, description="For pregnancy: of no bearing here.")
    due_to: tuple[Code, ...] = Field(
        default=(), description="Conditions it is documented as due to."
    )


class Observation(Entity):
    """A measurement or laboratory result."""

    code: Code | None = Field(default=None, description="LOINC or other code.")
    name: str | None = Field(default=None, description="What was measured.")
    value: Decimal | None = Field(default=None, description="The number.")
    unit: str | None = Field(default=None, description="UCUM unit.")
    text: str | None = Field(default=None, description="A result in words.")
    date: Day | None = Field(default=None, description="When.")
    interpretation: str | None = Field(default=None, description="High, low, abnormal, … as sent.")


class Medication(Entity):
    """A medicine ordered, given or taken."""

    code: Code | None = Field(default=None, description="RxNorm or other code.")
    name: str | None = Field(default=None, description="Its name.")
    status: str | None = Field(default=None, description="Active, stopped, … as sent.")
    start: Day | None = Field(default=None, description="From when.")
    long_term: bool | None = Field(default=None, description="Taken for long.")


class Procedure(Entity):
    """Something done to the patient."""

    code: Code | None = Field(default=None, description="CPT, HCPCS, ICD-10-PCS or other code.")
    name: str | None = Field(default=None, description="What was done, in words.")
    status: str | None = Field(default=None, description="Completed, not done, … as sent.")
    date: Day | None = Field(default=None, description="When.")


class Payer(Entity):
    """Who pays."""

    id: str | None = Field(default=None, description="The payer's id.")
    name: str | None = Field(default=None, description="The payer's name.")
    kind: str | None = Field(default=None, description="Type of plan as sent.")


class Claim(Entity):
    """The claim as billed, where the bundle holds one."""

    kind: str | None = Field(default=None, description="professional, institutional, …")
    received: Day | None = Field(default=None, description="When the payer received it.")
    created: Day | None = Field(default=None, description="When it was made.")
    first_service: Day | None = Field(default=None, description="Earliest date of service.")
    last_service: Day | None = Field(default=None, description="Latest date of service.")
    total: Decimal | None = Field(default=None, description="Charge in all.")
    currency: str | None = Field(default=None, description="Currency of the charges.")
    country: str | None = Field(default=None, description="Country of the provider.")
    other_payer_paid: Day | None = Field(default=None, description="When a primary payer paid.")


class ClaimDiagnosis(Entity):
    """A diagnosis as the claim lists it, whatever its code: what edits of a claim are about."""

    code: Code = Field(description="The code as sent, valid or not.")
    rank: int | None = Field(default=None, description="Its place on the claim, from 1.")
    role: Literal["principal", "first-listed", "admitting", "secondary"] | None = Field(
        default=None, description="Its part in the claim, where the claim says so."
    )
    present_on_admission: Literal["Y", "N", "U", "W"] | None = Field(
        default=None, description="Present on admission."
    )


class Line(Entity):
    """One service line."""

    number: int | None = Field(default=None, description="Its number on the claim, from 1.")
    code: Code = Field(description="CPT or HCPCS code.")
    modifiers: tuple[str, ...] = Field(default=(), description="Modifiers in order.")
    units: int | None = Field(default=None, description="Units of service.")
    date: Day | None = Field(default=None, description="Date of service.")
    charge: Decimal | None = Field(default=None, description="Charge.")
    provider: str | None = Field(default=None, description="Who rendered it.")
    place_of_service: str | None = Field(default=None, description="Place of service, two digits.")
    pointers: tuple[Code, ...] = Field(default=(), description="Diagnoses it points to.")
    origin: Literal["claim", "procedure"] = Field(
        default="claim", description="Billed, or charted."
    )


class Practitioner(Entity):
    """Who treated."""

    id: str = Field(description="NPI where known, else the resource's name.")
    specialty: str | None = Field(default=None, description="Specialty as sent.")


class Authorization(Entity):
    """A payer's leave given beforehand. Absent means unknown unless the feed supplies them."""

    code: Code | None = Field(default=None, description="What it allows.")
    number: str | None = Field(default=None, description="Its number.")
    status: str | None = Field(default=None, description="approved, denied, pending.")
    valid_from: Day | None = Field(default=None, description="First day.")
    valid_until: Day | None = Field(default=None, description="Last day.")


class Document(Entity):
    """A document of the chart; its text is read by the extractor, not by rules."""

    kind: str = Field(default="", description="Type of the note, LOINC code or word.")
    date: Day | None = Field(default=None, description="When written.")
    read: bool = Field(default=True, description="False where the format is not read (PDF, C-CDA).")


ENTITIES: dict[str, type[Entity]] = {
    "patient": Patient,
    "encounter": Encounter,
    "diagnosis": Diagnosis,
    "mention": Mention,
    "finding": Finding,
    "observation": Observation,
    "medication": Medication,
    "procedure": Procedure,
    "payer": Payer,
    "claim": Claim,
    "claim diagnosis": ClaimDiagnosis,
    "line": Line,
    "practitioner": Practitioner,
    "authorization": Authorization,
    "document": Document,
}
"""Every entity of the rule language by its name there."""

SINGLE = ("patient", "encounter", "payer", "claim")
"""Entities of which a chart has at most one: rules may name them without ``for each``."""

OPEN = ("authorization",)
"""Families that a feed may not supply."""

CLOCKS = ("date of service", "discharge date", "received date", "admission date")


SECTIONS = (
    "admission diagnosis", "allergies", "assessment", "assessment and plan", "chief complaint",
    "discharge diagnosis", "exam", "family history", "history of present illness",
    "hospital course", "immunizations", "impression", "indication", "instructions", "medications",
    "other", "past medical history", "past surgical history", "plan", "postoperative diagnosis",
    "preoperative diagnosis", "problem list", "procedure", "results", "review of systems",
    "social history", "technique",
)  # fmt: skip
"""Kinds of sections of notes that rules may name."""


CODE_ATTRIBUTES: dict[str, tuple[str, str]] = {
    "title": ("text", "Official title of the code."),
    "valid": ("boolean", "In the code set on the date of service."),
    "billable": ("boolean", "Complete: not a header that needs more characters."),
    "category": ("code", "The three-character category."),
    "manifestation": ("boolean", "Never first: a manifestation of something else."),
    "unacceptable_principal": ("boolean", "Not accepted as principal diagnosis."),
    "needs_secondary": ("boolean", "Accepted as principal beside another diagnosis only."),
    "unspecified": ("boolean", "The title leaves open what a sibling says."),
    "laterality": (
        "text",
        "left, right, bilateral, unspecified; unknown where sides do not apply.",
    ),
    "left": ("code", "The same condition on the left side."),
    "right": ("code", "The same condition on the right side."),
    "bilateral": ("code", "The same condition on both sides."),
    "seventh_character": (
        "text",
        "missing, present, not used; of what is no code: wrong, no placeholder, unexpected.",
    ),
    "external_cause": ("boolean", "Tells a cause from outside: never principal."),
    "age_limited": ("boolean", "Medicare's editor takes the code at some ages only."),
    "youngest": ("integer", "The lowest of these ages, in years; unknown where none is set."),
    "oldest": ("integer", "The highest of these ages, in years; unknown where none is set."),
    "female_only": ("boolean", "Medicare's editor took the code for women only on the date."),
    "male_only": ("boolean", "Medicare's editor took the code for men only on the date."),
    "edition": ("text", "The edition of the code set that says all this."),
}
"""Attributes of a code by date of service, ``d.code.laterality``; the relation is :data:`CODES`."""

CODES = "codes"
"""The relation of code attributes: key column ``code``, then :data:`CODE_ATTRIBUTES`."""


class Note(BaseModel):
    """The text of one document, as decoded."""

    model_config = ConfigDict(**EXTERNAL)

    source: str
    """``DocumentReference/7``."""
    path: str
    """FHIRPath of the attachment or narrative."""
    digest: str
    """sha256 of the attachment's bytes; offsets count code points of ``text``."""
    text: str
    kind: str = ""
    date: Day | None = None
    offsets: tuple[tuple[int, int], ...] = ()
    """Where markup was stripped: pairs of an offset in ``text`` and the offset in the decoded
    source from which the characters up to the next pair were copied one by one."""


class Unread(BaseModel):
    """Something of the record that was kept but not read, and why: it is said, never dropped."""

    model_config = ConfigDict(**EXTERNAL)

    source: str
    path: str
    reason: str
    code: Code | None = None
    """The code, where it is one of a system that cannot be mapped."""
    display: str = ""
    """Its display text, which goes through the lexicon."""
    title: str = ""
    """Words that name it for people, where they state no diagnosis; never read by the lexicon."""
    certainty: Certainty | None = None
    """How sure the author was; what is read from the display inherits it."""
    clinical_status: ClinicalStatus | None = None
    """Whether it was a present problem at the encounter."""
    category: str | None = None
    """Encounter diagnosis, problem list item, … as sent."""
    order: tuple[int | str, ...] = ()
    """Its place in reading order, as of an entity."""


class Chart(BaseModel):
    """One encounter (or one claim alone), normalised. What a decision is made from."""

    model_config = ConfigDict(**EXTERNAL)

    id: str
    """``Encounter/7``, or ``Claim/7`` for a claim checked alone."""
    entities: tuple[Entity, ...]
    notes: tuple[Note, ...]
    unread: tuple[Unread, ...]
    clocks: dict[str, Day | None]
    setting: Setting | None
    specialty: str | None
    payer: str | None
    supplied: frozenset[str] = frozenset()
    claim_only: bool = False


NAMES: dict[type[Entity], str] = {model: name for name, model in ENTITIES.items()}


def age(born: Day, on: Day) -> tuple[int, int] | None:
    """Completed years and days of age on a day; None before the birth."""
    if on < born:
        return None
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return years, (on - born).days


def to_fact(entity: Entity) -> Fact:
    """The engine's fact for an entity; empty lists count as absent only where None would."""
    fields: dict[str, Any] = {
        name: getattr(entity, name)
        for name in type(entity).model_fields
        if name not in ("evidence", "order")
    }
    return make_fact(NAMES[type(entity)], fields, entity.evidence, entity.order)
