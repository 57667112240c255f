"""The answers that one decision had from an installed table, in place of the whole table.

National tables are large and often licensed: a decision leaves the house with the rows that it
rests on, not with a million others. Whoever verifies it then takes the answers as recorded; whether
they were complete can be checked where the edition itself is at hand, by its digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from codewarrant.codesets.releases.tables import TABLES
from codewarrant.coding.release_tables import ReleaseTable
from codewarrant.dsl.installed_tables import column_types
from codewarrant.engine.canonical import dumps, dumps_typed, typed, value_of
from codewarrant.engine.relation import Row
from codewarrant.engine.values import Value

FORMAT = "codewarrant-answers/1"
Question = tuple[Mapping[str, Value], date | None]
"""Columns with their values, and the day of the chart."""


def record(table: ReleaseTable, questions: Iterable[Question]) -> bytes:
    """The answers of a table to some questions, as canonical bytes."""
    asked = {_name(*question): question for question in questions}
    answers = []
    for name in sorted(asked):
        key, on = asked[name]
        (rows,) = table.lookup([key], on)
        if rows is not None:
            found = [[row.id, typed(dict(row.columns))] for row in rows]
            answers.append([name.decode(), found])
    return dumps(
        {"format": FORMAT, "table": table.name, "digest": table.digest, "answers": answers}
    )


@dataclass(slots=True)
class RecordedTable:
    """A relation that knows only the answers once given; of all else it cannot know."""

    name: str
    digest: str
    columns: Mapping[str, str]
    answers: Mapping[bytes, Sequence[Row]]

    @classmethod
    def from_bytes(cls, data: bytes) -> RecordedTable:
        """Read :func:`record` back. Raises ``ValueError`` on anything else."""
        try:
            form = orjson.loads(data)
            if form["format"] != FORMAT:
                raise ValueError("not recorded answers")
            kinds = {
                name: found.kind for name, found in column_types(TABLES[form["table"]]).items()
            }
            answers = {
                name.encode(): [
                    Row(id, {column: value_of(value) for column, value in columns.items()})
                    for id, columns in rows
                ]
                for name, rows in form["answers"]
            }
            return cls(form["table"], form["digest"], kinds, answers)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError("not recorded answers") from error

    def lookup(
        self, keys: Sequence[Mapping[str, Value]], on: date | None
    ) -> Sequence[Sequence[Row] | None]:
        """The recorded rows of each key; None for a question that was never asked."""
        return [self.answers.get(_name(key, on)) for key in keys]


def _name(key: Mapping[str, Value], on: date | None) -> bytes:
    return dumps_typed({"key": dict(sorted(key.items())), "on": on})
