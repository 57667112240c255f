"""Turn sources into the exchange form of a release: columns, one place for each code.

A column is a list as long as ``codes``; windows and flags are numbers into lists of what occurs,
notes and 7th characters name the rows they belong to. The bytes are JSON with sorted keys and hold
all that is ever asked of the release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from codewarrant.codesets import facts, tabular
from codewarrant.codesets.columns import EXTENDED, FORMAT
from codewarrant.codesets.errors import CodeSetError
from codewarrant.codesets.imported import NOTHING, Imported, extended
from codewarrant.codesets.shape import ICD9CM, ICD10CM, category_width, dotted, flat, moved_keys


def icd10cm(
    xml: bytes, list_2024: bytes, sources: list[dict[str, str]], imported: Imported = NOTHING
) -> bytes:
    """The exchange bytes of ICD-10-CM.

    ``xml`` is the official tabular list; ``list_2024`` the official list of the codes valid in
    fiscal year 2024, which still has titles of codes ended since. Codes of the tabular list whose
    full form is not in the validity table (a few 7th characters that its notes rule out) are left
    out. An imported tabular list, which is newer, gives the text instead of ``xml``; what only that
    or a list names has its title from there.
    """
    day, older = _text_of(sources), b""
    if imported.text is not None:
        day, xml, older = imported.text[0], imported.text[1], xml
    entries = tabular.read(xml)
    shipped = facts.validity(ICD10CM)
    horizon = max(end for windows, _ in shipped.values() for _, end in windows)
    validity, last_listed, last_flagged = extended(shipped, horizon, imported)
    codes = [entry for entry in entries if entry.level == "code"]
    kept = {
        flat(entry.name): entry
        for entry in codes
        if not entry.extension_of or flat(entry.name) in validity
    }
    categories = list(dict.fromkeys(entry.name[:3] for entry in codes))
    known = set(categories)
    for late in sorted({bare[:3] for bare in validity} - known):
        # a category newer than the text is put after the one that precedes it in characters
        # (J4B after J4A): where the next tabular list puts it is not known
        elder = max((name for name in categories if name < late), default=None)
        categories.insert(0 if elder is None else categories.index(elder) + 1, late)
    moved = moved_keys(categories)
    titles = {bare: entry.title for bare, entry in kept.items()}
    for bare, title in _other_titles(imported, older, list_2024):
        titles.setdefault(bare, title)
    return _release(
        system=ICD10CM,
        name=f"icd10cm-{day}" + "".join(f"+{days[0]}" for days, _ in imported.lists[-1:]),
        horizon=last_listed,
        began="2015-10-01",
        retired=None,
        sources=[*sources, *imported.sources],
        moved=moved,
        validity=validity,
        titles=titles,
        entries=kept,
        heads=[entry for entry in entries if entry.level != "code"],
        conversions=facts.conversions(),
        extension=None if imported == NOTHING else (last_flagged, imported.exempt),
    )


def icd9cm(list_2015: bytes, sources: list[dict[str, str]]) -> bytes:
    """The exchange bytes of ICD-9-CM; ``list_2015`` is the official last list with long titles.

    The supplementary E and V codes keep character order: nothing is ever asked across them.
    """
    validity = facts.validity(ICD9CM)
    titles = dict(_fixed_width(list_2015.decode("latin-1"), 6))
    for bare, title in facts.header_titles().items():
        titles.setdefault(bare, title)
    horizon = max(end for windows, _ in validity.values() for _, end in windows)
    return _release(
        system=ICD9CM,
        name=f"icd9cm-{_text_of(sources)}",
        horizon=horizon,
        began=None,
        retired=horizon,
        sources=sources,
        moved=(),
        validity=validity,
        titles=titles,
        entries={},
        heads=[],
        conversions=[],
        extension=None,
    )


def _release(
    *,
    system: str,
    name: str,
    horizon: str,
    began: str | None,
    retired: str | None,
    sources: list[dict[str, str]],
    moved: tuple[tuple[str, str], ...],
    validity: Mapping[str, facts.Validity],
    titles: Mapping[str, str],
    entries: Mapping[str, tabular.Entry],
    heads: list[tabular.Entry],
    conversions: list[tuple[str, str, str]],
    extension: tuple[str, tuple[tuple[facts.Span, frozenset[str]], ...]] | None,
) -> bytes:
    places = dict(moved)
    bares = sorted(
        _with_headers(system, {*validity, *entries, *titles}),
        key=lambda bare: places.get(bare[:3], bare[:3]) + bare[3:],
    )
    number = {bare: at for at, bare in enumerate(bares)}
    spans = _Numbered([windows for windows, _ in validity.values()])
    marks = _Numbered([flags for _, flags in validity.values()])
    nothing: tuple[tuple[Any, ...], tuple[Any, ...]] = ((), ())
    section_of = _sections(bares, entries, [head.name for head in heads])
    columns: dict[str, Any] = {
        "format": FORMAT,
        "system": system,
        "release": name,
        "known_from": min(start for windows, _ in validity.values() for start, _ in windows),
        "began": began,
        "retired": retired,
        "horizon": horizon,
        "sources": sources,
        "moved": moved,
        "codes": [dotted(system, bare) for bare in bares],
        "titles": [titles.get(bare) for bare in bares],
        "window": [spans.number(validity.get(bare, nothing)[0]) for bare in bares],
        "windows": spans.values,
        "flag": [marks.number(validity.get(bare, nothing)[1]) for bare in bares],
        "flags": marks.values,
        "section": section_of,
        "heads": [
            [head.level, head.name, head.title, head.chapter or None, head.notes] for head in heads
        ],
        "notes": [
            [number[bare], entry.notes] for bare, entry in _by_place(entries, number) if entry.notes
        ],
        "sevenths": [
            [number[bare], entry.sevenths]
            for bare, entry in _by_place(entries, number)
            if entry.sevenths
        ],
        "ages": facts.age_ranges(),
        "conversions": sorted(
            (number[old], number[new], day)
            for old, new, day in conversions
            if old in number and new in number
        ),
    }
    if extension is not None:
        flags_until, exempt = extension
        columns["format"] = EXTENDED
        columns["flags_until"] = flags_until
        columns["exempt"] = [
            [first, last, sorted(number[bare] for bare in listed if bare in number)]
            for (first, last), listed in exempt
        ]
    return orjson.dumps(columns, option=orjson.OPT_SORT_KEYS)


def _other_titles(imported: Imported, older: bytes, list_2024: bytes) -> Iterable[tuple[str, str]]:
    """Titles for what the text does not name: the newest first."""
    for _, listed in reversed(imported.lists):
        yield from ((bare, title) for bare, title in listed.items() if title)
    if older:
        for entry in tabular.read(older):
            if entry.level == "code" and not entry.extension_of:
                yield flat(entry.name), entry.title
    yield from _fixed_width(list_2024.decode("utf-8"), 8)


def _with_headers(system: str, bares: set[str]) -> set[str]:
    """Add the headers that codes imply where no text names them: every beginning not ending in a
    placeholder."""
    out = set(bares)
    for bare in bares:
        for width in range(category_width(system, bare), len(bare)):
            if bare[width - 1] != "X":
                out.add(bare[:width])
    return out


def _sections(
    bares: list[str], entries: Mapping[str, tabular.Entry], heads: list[str]
) -> list[int]:
    """For each code the number of its section in ``heads``, -1 where the text does not say."""
    number = {name: at for at, name in enumerate(heads)}
    by_category = {bare[:3]: number[entry.section] for bare, entry in entries.items()}
    return [by_category.get(bare[:3], -1) for bare in bares]


def _by_place(
    entries: Mapping[str, tabular.Entry], number: Mapping[str, int]
) -> list[tuple[str, tabular.Entry]]:
    return sorted(entries.items(), key=lambda item: number[item[0]])


def _fixed_width(text: str, column: int) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        bare, title = line[:column].strip(), " ".join(line[column:].split())
        if bare and title:
            yield bare, title


def _text_of(sources: list[dict[str, str]]) -> str:
    if not sources:
        raise CodeSetError("a release needs at least one source")
    return sources[0]["edition"]


class _Numbered:
    """The values that occur, sorted, each once; -1 stands for none."""

    def __init__(self, values: Iterable[tuple[Any, ...]]) -> None:
        self.values = sorted({value for value in values if value})
        self._numbers = {value: at for at, value in enumerate(self.values)}

    def number(self, value: tuple[Any, ...]) -> int:
        return self._numbers.get(value, -1)
