"""The reading: everything that bytes were turned into, in one canonical form that can be stored.

Rules read nothing else of the chart. Replay of the rules starts here, replay of the reading ends
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from codewarrant.decision import Rejected
from codewarrant.engine.canonical import dumps_typed, value_of
from codewarrant.engine.facts import Evidence, Fact
from codewarrant.engine.trace import Sentence
from codewarrant.engine.values import Code


@dataclass(frozen=True, slots=True)
class Reading:
    """``facts`` go to the rules, ``kept`` are only recorded; clocks are the chart's named dates."""

    chart: str
    clocks: Mapping[str, date | None]
    setting: str | None
    specialty: str | None
    payer: str | None
    claim_only: bool
    supplied: tuple[str, ...]
    facts: tuple[Fact, ...]
    kept: tuple[Fact, ...]
    rejected: tuple[Rejected, ...]
    sentences: tuple[Sentence, ...]

    @property
    def date_of_service(self) -> date | None:
        """The date by which codes and rules are chosen."""
        return self.clocks.get("date of service")

    def to_bytes(self) -> bytes:
        """The canonical bytes that are stored and hashed."""
        return dumps_typed(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Reading:
        """Read :meth:`to_bytes` back. Raises ``ValueError`` on anything else."""
        try:
            form = orjson.loads(data)
            return cls(
                chart=form["chart"],
                clocks={name: value_of(day) for name, day in form["clocks"].items()},
                setting=form["setting"],
                specialty=form["specialty"],
                payer=form["payer"],
                claim_only=form["claim_only"],
                supplied=tuple(form["supplied"]),
                facts=tuple(_fact(item) for item in form["facts"]),
                kept=tuple(_fact(item) for item in form["kept"]),
                rejected=tuple(_rejected(item) for item in form["rejected"]),
                sentences=tuple(_sentence(item) for item in form["sentences"]),
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a stored reading: {error}") from error


def _fact(form: Mapping[str, Any]) -> Fact:
    return Fact(
        form["id"],
        form["entity"],
        {name: value_of(value) for name, value in form["fields"].items()},
        tuple(
            Evidence(**{name: value for name, value in item.items() if name != "@"})
            for item in form["evidence"]
        ),
        tuple(form["order"]),
    )


def _rejected(form: Mapping[str, Any]) -> Rejected:
    code = value_of(form["code"]) if form["code"] is not None else None
    assert code is None or isinstance(code, Code)
    return Rejected(
        code, form["text"], form["kind"], form["because"],
        tuple(form["grounds"]), tuple(form["firings"]),
    )  # fmt: skip


def _sentence(form: Mapping[str, Any]) -> Sentence:
    return Sentence(
        form["source"], form["begin"], form["end"], tuple(form["words"]), form.get("section", "")
    )
