"""The kinds of table that can be imported, as data.

Besides its own columns every row of every table has ``effective_from`` and ``effective_to``: the
first and the last day on which it is in force, both included; None means open. A row whose last
day lies before its first was withdrawn as if it had never been in force; it is kept, and no day
finds it.

Codes are kept in the form of their system: ICD-10-CM and ICD-9-CM with their dot, ICD-10-PCS and
HCPCS without one, in upper case.
"""

from __future__ import annotations

from dataclasses import dataclass

from codewarrant.codesets.shape import ICD9CM, ICD10CM

HCPCS = "hcpcs"
"""CPT (Level I) and HCPCS Level II procedure codes: five characters."""
ICD10PCS = "icd10pcs"
MODIFIER = "hcpcs-modifier"
PLACE = "place-of-service"

COLUMN_KINDS = ("text", "integer", "decimal", "boolean", "date", "code", "bytes")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``kind`` is one of :data:`COLUMN_KINDS`.

    Cells are ``str`` (text, code), ``int``, ``decimal.Decimal``, ``bool``, ``datetime.date`` or
    ``bytes`` (a whole document), or None where the source says nothing and ``optional`` holds.
    An empty text is no cell: loaders give None. ``systems`` are the code systems of a code.
    ``repeated`` says that few different texts stand in many rows, so that each is stored once.
    """

    name: str
    kind: str = "text"
    systems: tuple[str, ...] = ()
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table. Rows of one edition with the same key never overlap in time.

    ``history`` holds where one edition carries the whole past (rows that ended are kept, each with
    its days); otherwise an edition speaks for its own period only. ``system`` names the code system
    that the table lists, for tables that are the list of a system. ``title`` and ``billable`` name
    the columns with a row's title and with whether its code may be billed; both may be "".
    """

    name: str
    what: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    history: bool
    system: str = ""
    title: str = ""
    billable: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, without the days."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name. Raises ``KeyError``."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _text(name: str) -> Column:
    return Column(name, optional=True)


def _few(name: str, optional: bool = True) -> Column:
    return Column(name, optional=optional, repeated=True)


def _code(name: str, *systems: str, optional: bool = False) -> Column:
    return Column(name, "code", systems, optional)


def _ptp(name: str, what: str) -> TableKind:
    columns = (
        _code("column1", HCPCS),
        _code("column2", HCPCS),
        Column("modifier_indicator", "integer"),
        _few("rationale"),
        Column("before_1996", "boolean"),
    )
    return TableKind(name, what, columns, ("column1", "column2"), history=True)


def _mue(name: str, what: str) -> TableKind:
    columns = (
        _code("code", HCPCS),
        Column("units", "integer"),
        Column("adjudication_indicator", "integer"),
        _few("rationale"),
    )
    return TableKind(name, what, columns, ("code",), history=False)


def _codes(name: str, what: str, system: str, history: bool, *more: Column) -> TableKind:
    columns = (_code("code", system), _text("title"), Column("billable", "boolean"), *more)
    return TableKind(
        name, what, columns, ("code",), history, system=system, title="title", billable="billable"
    )


def _index(name: str, what: str) -> TableKind:
    """One row a term, and a column of it: ``path`` is the terms from the main term down.

    They are joined by " > ", without words that do not matter to the code: ``nonessential`` has
    those of the last term. An ``incomplete`` code needs more characters.
    """
    columns = (
        Column("number", "integer"),
        Column("path"),
        _text("nonessential"),
        _code("code", ICD10CM, optional=True),
        Column("incomplete", "boolean"),
        _text("manifestation"),
        _few("column"),
        _text("see"),
        _text("see_also"),
    )
    return TableKind(name, what, columns, ("number",), history=False)


_DOCUMENT = (Column("document"), Column("content", "bytes"))

KINDS: tuple[TableKind, ...] = (
    _ptp("ncci-ptp-practitioner", "NCCI procedure-to-procedure edits, practitioners"),
    _ptp("ncci-ptp-hospital", "NCCI procedure-to-procedure edits, outpatient hospital"),
    _mue("mue-practitioner", "medically unlikely edits, practitioners"),
    _mue("mue-outpatient", "medically unlikely edits, outpatient hospital"),
    _mue("mue-dme", "medically unlikely edits, suppliers of durable equipment"),
    TableKind(
        "add-on-codes",
        "add-on codes and the primary codes that they need",
        (
            _code("add_on", HCPCS),
            _code("primary", HCPCS, optional=True),
            Column("edit_type", "integer"),
            Column("contractor_defined", "boolean"),
        ),
        ("add_on", "primary"),
        history=True,
    ),
    _codes(
        "hcpcs",
        "HCPCS Level II codes",
        HCPCS,
        True,
        _text("short_title"),
        _few("coverage"),
        _few("action"),
        Column("added", "date", optional=True),
        Column("terminated", "date", optional=True),
    ),
    _codes("hcpcs-modifiers", "HCPCS Level II modifiers", MODIFIER, True, _text("short_title")),
    _codes("icd10cm-order", "ICD-10-CM codes", ICD10CM, False, _text("short_title")),
    _codes("icd10pcs", "ICD-10-PCS codes", ICD10PCS, False, _text("short_title")),
    _codes("icd9cm", "ICD-9-CM diagnosis codes", ICD9CM, False, _text("short_title")),
    TableKind(
        "icd10cm-tabular",
        "ICD-10-CM Tabular List, the whole document",
        _DOCUMENT,
        ("document",),
        history=False,
    ),
    TableKind(
        "icd10cm-addenda",
        "ICD-10-CM addenda: what an edition adds, deletes and revises",
        (
            Column("number", "integer"),
            _few("action", optional=False),
            _code("code", ICD10CM, optional=True),
            _few("kind"),
            _text("before"),
            _text("after"),
        ),
        ("number",),
        history=False,
    ),
    _index("icd10cm-index", "ICD-10-CM Alphabetic Index"),
    _index("icd10cm-neoplasm", "ICD-10-CM Table of Neoplasms"),
    _index("icd10cm-drugs", "ICD-10-CM Table of Drugs and Chemicals"),
    _index("icd10cm-external-causes", "ICD-10-CM Index to External Causes"),
    TableKind(
        "poa-exempt",
        "diagnoses exempt from reporting whether they were present on admission",
        (_code("code", ICD10CM, ICD9CM), _text("title")),
        ("code",),
        history=False,
        title="title",
    ),
    TableKind(
        "mce-diagnoses",
        "Medicare Code Editor: flags of diagnoses",
        (_code("code", ICD10CM, ICD9CM), Column("flag", repeated=True)),
        ("code", "flag"),
        history=True,
    ),
    TableKind(
        "mce-procedures",
        "Medicare Code Editor: flags of procedures",
        (_code("code", ICD10PCS), Column("flag", repeated=True)),
        ("code", "flag"),
        history=True,
    ),
    TableKind(
        "physician-fee-schedule",
        "Medicare Physician Fee Schedule: status and global days",
        (
            _code("code", HCPCS),
            Column("modifier", optional=True, repeated=True),
            _few("status", optional=False),
            _few("global_days"),
            Column("work_rvu", "decimal", optional=True),
            Column("total_rvu_nonfacility", "decimal", optional=True),
            Column("total_rvu_facility", "decimal", optional=True),
            _few("professional_technical"),
            _few("multiple_procedure"),
            _few("bilateral"),
            _few("assistant"),
            _few("co_surgeons"),
            _few("team"),
        ),
        ("code", "modifier"),
        history=False,
    ),
    TableKind(
        "place-of-service",
        "places of service",
        (_code("code", PLACE), _few("setting"), _text("title")),
        ("code",),
        history=True,
        system=PLACE,
        title="title",
    ),
    TableKind(
        "coverage-article-diagnoses",
        "coverage articles: diagnoses that support medical necessity, or do not",
        (
            Column("article", repeated=True),
            Column("version", "integer"),
            Column("group", "integer"),
            _code("code", ICD10CM),
            Column("covered", "boolean"),
        ),
        ("article", "version", "group", "code", "covered"),
        history=True,
    ),
    TableKind(
        "coverage-article-services",
        "coverage articles: the services that they speak of",
        (
            Column("article", repeated=True),
            Column("version", "integer"),
            _code("code", HCPCS),
            Column("group", "integer"),
        ),
        ("code", "article", "version", "group"),
        history=True,
    ),
)

TABLES: dict[str, TableKind] = {kind.name: kind for kind in KINDS}
"""The kinds by name."""
