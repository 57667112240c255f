"""Whether a code is what an exclusion names, or only stands where that would be classified.

``diverticular disease with hemorrhage (K57.-)`` names some of the codes under K57; only those whose
own words say so are meant: their titles, inclusion terms and the titles above them. A word set off
by ``without`` is not said, and one in parentheses need not be.
"""

from __future__ import annotations

import re

from codewarrant.codesets.columns import Columns

_WORD = re.compile(r"[a-z0-9]+")
_ABSENT = re.compile(r"\b(?:without|not|no|except|excluding|non)\b.*?(?=[,;]|\bwith\b|$)")
_OPTIONAL = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_JOINED = re.compile(r"\band\b|\bor\b|/")
_OTHER = re.compile(r"\bother\b")
_RESIDUAL = re.compile(rf"{_OTHER.pattern}|not elsewhere classified|\bnec\b|{_JOINED.pattern}")
_CODES = re.compile(r"\([A-Z][0-9A-Z.-]+\)")

# fmt: off
_EMPTY = frozenset((
    "an", "and", "any", "as", "at", "by", "classified", "code", "codes", "condition", "conditions",
    "disease", "diseases", "disorder", "disorders", "due", "elsewhere", "encounter", "following",
    "for", "from", "in", "nec", "nos", "of", "on", "or", "other", "over", "see", "specified", "the",
    "to", "type", "types", "unspecified", "with",
))
"""Words that name no condition."""
# fmt: on

_SAME = {
    "bleeding": "hemorrhage",
    "cardiac": "heart",
    "complicating": "complication",
    "diabetic": "diabetes",
    "hepatic": "liver",
    "hypertensive": "hypertension",
    "neonatal": "newborn",
    "psychotic": "psychosis",
    "pulmonary": "lung",
    "renal": "kidney",
    "traumatic": "trauma",
    "tuberculous": "tuberculosis",
    "tumor": "neoplasm",
}
"""Words that ICD-10-CM itself uses for the same thing in notes and titles."""


class Wording:
    """What the codes of one release say of themselves."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._said: dict[int, list[frozenset[str]]] = {}

    def says(self, row: int, condition: str) -> bool:
        """Whether the code's own words say all that a condition says."""
        wanted = demanded(condition)
        sayings = self._sayings(row)
        if any(wanted <= said for said in sayings):
            return True
        for title in self._titles_above(row):
            # a phrase such as "pregnancy, childbirth and the puerperium" is the chapter's name
            phrase = spoken(title)
            if phrase and phrase <= wanted and wanted - phrase <= sayings[0]:
                return True
        return False

    def concerns(self, row: int, condition: str) -> bool:
        """Whether a condition speaks of what the code's own title says."""
        return bool(demanded(condition) & self._sayings(row)[0])

    def touches(self, row: int, condition: str) -> bool:
        """Whether the code's words and those of a condition have one in common."""
        return any(demanded(condition) & said for said in self._sayings(row))

    def covers(self, row: int, above: int) -> bool:
        """Whether the code's title, with the single ones above it, says all of another title."""
        return demanded(self._columns.titles[above] or "") <= self._sayings(row)[0]

    def remainder(self, row: int, above: int) -> bool:
        """Whether a code is *other* than several things joined, none in particular (R09.89)."""
        title, own = (self._columns.titles[at] or "" for at in (above, row))
        return bool(_JOINED.search(title.casefold()) and _OTHER.search(own.casefold()))

    def elsewhere(self, row: int) -> bool:
        """Whether the title says ``not elsewhere classified``."""
        return "not elsewhere classified" in (self._columns.titles[row] or "").casefold()

    def single(self, row: int) -> bool:
        """Whether the title names one condition: none joined to it, nothing residual."""
        columns = self._columns
        # the meaning of a 7th character is no part of the condition
        above = columns.above(row) if columns.has_seventh(row) else None
        title = columns.titles[row if above is None else above]
        return title is not None and not _RESIDUAL.search(_OPTIONAL.sub(" ", title.casefold()))

    def _sayings(self, row: int) -> list[frozenset[str]]:
        """Title with the single titles above; then the same with each inclusion term.

        A term without a word of the title names a condition of its own, of which the code says
        nothing (*refractory anemia with excess blasts in transformation* under a leukemia).
        """
        found = self._said.get(row)
        if found is None:
            columns = self._columns
            base = spoken(columns.titles[row] or "")
            terms = []
            for at in (row, *columns.lineage(row)):
                if self.single(at):
                    title = spoken(columns.titles[at] or "")
                    base |= title
                    terms += [(spoken(text), title) for _, text in columns.included(at)]
            found = [base, *(base | said for said, title in terms if said & title)]
            self._said[row] = found
        return found

    def _titles_above(self, row: int) -> list[str]:
        columns = self._columns
        headings = [columns.heading(row, level) for level in ("section", "chapter")]
        titles = [_CODES.sub(" ", heading.title) for heading in headings if heading is not None]
        return titles + [columns.titles[at] or "" for at in columns.lineage(row)]


def spoken(text: str) -> frozenset[str]:
    """What a title says: parentheses included, what is absent left out."""
    return _words(_ABSENT.sub(" ", text.casefold()))


def demanded(text: str) -> frozenset[str]:
    """What a note demands: nonessential words in parentheses left out."""
    return _words(_OPTIONAL.sub(" ", text.casefold()).replace("not elsewhere classified", " "))


def _words(text: str) -> frozenset[str]:
    found: list[str] = _WORD.findall(text)
    return frozenset(_stem(_SAME.get(word, word)) for word in found if word not in _EMPTY)


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ss", "us", "is")):
        return word
    return word[:-1] if word.endswith("s") and len(word) > 3 else word
