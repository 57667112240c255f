"""Confidence as a scorecard that staff can read: points per feature, summed, then a step table.

A code that a rule concludes is never more certain than its weakest ground.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codewarrant.decision import Confidence
from codewarrant.engine.facts import Fact


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Integer points and the table from points to parts per million, ascending."""

    name: str
    version: str
    ground: Mapping[str, int]
    each_more: int
    most_more: int
    section: Mapping[str, int]
    rule_step: int
    shaken: int
    steps: tuple[tuple[int, int], ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> Scorecard:
        """Read the TOML form. Raises ``ValueError`` if it is not a scorecard."""
        try:
            form = tomllib.loads(data.decode())
            steps = tuple(sorted((item["points"], item["ppm"]) for item in form["step"]))
            return cls(
                form["name"], form["version"], form["ground"], form["more"]["each"],
                form["more"]["most"], form["section"], form["rule"]["step"],
                form["rule"]["shaken"], steps,
            )  # fmt: skip
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"not a scorecard: {error}") from error

    def ppm(self, points: int) -> int:
        """Parts per million for a sum of points."""
        reached = self.steps[0][1]
        for threshold, ppm in self.steps:
            if points >= threshold:
                reached = ppm
        return reached

    def documented(
        self, statements: Sequence[Fact], mentions: Mapping[tuple[str, ...], Fact]
    ) -> Confidence:
        """Confidence of a code that the record states itself, from its statements.

        ``mentions`` finds the mention behind a statement by its evidence.
        """
        best: list[tuple[str, int]] = []
        for fact in statements:
            points = self._points(fact, mentions.get(tuple(item.ref for item in fact.evidence)))
            if not best or sum(value for _, value in points) > sum(value for _, value in best):
                best = points
        places = {item.ref for fact in statements for item in fact.evidence}
        more = min((len(places) - 1) * self.each_more, self.most_more)
        if more > 0:
            best = [*best, ("more grounds", more)]
        return self._sum(best)

    def concluded(self, grounds: Sequence[Confidence], rules: int, shaken: bool) -> Confidence:
        """Confidence of a code that rules concluded: its weakest ground, less the way to it."""
        if not grounds:
            return self._sum([("no ground", self.steps[0][0])])
        weakest = min(grounds, key=lambda item: (item.ppm, item.points))
        points = [*weakest.points]
        if rules:
            points.append(("rules", rules * self.rule_step))
        if shaken:
            points.append(("shaken", self.shaken))
        result = self._sum(points)
        return Confidence(min(result.ppm, weakest.ppm), result.points)

    def _points(self, fact: Fact, mention: Fact | None) -> list[tuple[str, int]]:
        origin = str(fact.get("origin") or fact.entity)
        out = [(origin, self.ground.get(origin, 0))]
        certainty = fact.get("certainty")
        if fact.entity not in ("diagnosis", "mention"):
            return out
        if certainty is None:
            out.append(("unknown certainty", self.ground["unknown_certainty"]))
        elif certainty != "confirmed":
            out.append(("uncertain", self.ground["uncertain"]))
        if mention is not None:
            if mention.get("exact") is False:
                out.append(("inexact", self.ground["inexact"]))
            section = str(mention.get("section") or "")
            if section in self.section:
                out.append((f"section {section}", self.section[section]))
        return out

    def _sum(self, points: Sequence[tuple[str, int]]) -> Confidence:
        return Confidence(self.ppm(sum(value for _, value in points)), tuple(points))
