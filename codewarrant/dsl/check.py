"""Check packs: names, types, codes, dates, citations and overrides, each fault once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from codewarrant.dsl import syntax as s
from codewarrant.dsl.cache import Memory
from codewarrant.dsl.cases import Case
from codewarrant.dsl.codeview import CodeView
from codewarrant.dsl.declarations import Declarations
from codewarrant.dsl.diagnostics import Diagnostic, Fault, Related, Span, did_you_mean, fault
from codewarrant.dsl.lower import LoweredRule, window_of
from codewarrant.dsl.overrides import Base, ParameterChange, RuleChange, lower_override
from codewarrant.dsl.pack import PackSource
from codewarrant.dsl.pack_blocks import ReadPack, blocks_of, in_order, read_pack
from codewarrant.dsl.scope import Names
from codewarrant.dsl.vocabulary import Placed, read_vocabulary


@dataclass(frozen=True)
class CheckedPack:
    """A pack after the check. What had faults is left out of ``rules`` and ``cases``."""

    source: PackSource
    block: s.PackBlock
    names: Names
    rules: tuple[LoweredRule, ...]
    changes: tuple[RuleChange | ParameterChange, ...]
    cases: tuple[Case, ...]
    extends: tuple[str, ...]
    broken: frozenset[str]
    own_parameters: tuple[str, ...]
    """Names of the parameters that the pack itself declares."""
    blocks: tuple[s.BlockNode, ...] = ()
    """All blocks that could be read."""
    vocabulary: tuple[Placed, ...] = ()
    unread: int = 0
    """Blocks that could not: of each, only the first fault is known."""

    @property
    def name(self) -> str:
        return self.block.name.text

    @property
    def version(self) -> str:
        return self.block.version


@dataclass(frozen=True)
class Checked:
    """The packs, those that are extended first; all diagnostics; the text of all files."""

    packs: tuple[CheckedPack, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: Mapping[str, str]

    @property
    def ok(self) -> bool:
        return not any(item.severity == "error" for item in self.diagnostics)


def check_packs(
    sources: Sequence[PackSource], codes: CodeView, memory: Memory | None = None
) -> Checked:
    """Check packs together: each may extend others of ``sources``. Never raises for bad packs.

    With a ``memory`` that an earlier check of these packs has filled, only what has changed since
    is worked out; the answer is the same.
    """
    memory = memory or Memory(kept=False)
    with memory.checking(codes):
        return _check_all(sources, codes, memory)


def _check_all(sources: Sequence[PackSource], codes: CodeView, memory: Memory) -> Checked:
    faults: list[Diagnostic] = []
    files: dict[str, str] = {}
    read: dict[str, ReadPack] = {}
    several = len(sources) > 1
    for source in sorted(sources, key=lambda item: item.name):
        found = read_pack(source, f"{source.name}/" if several else "", files, faults, memory)
        if found is None:
            continue
        other = read.get(found.block.name.text)
        if other is not None:
            faults.append(
                fault(
                    "CW0606",
                    found.block.name.span,
                    f"there are two packs `{found.block.name.text}`",
                    "give one another name",
                    (Related(other.block.name.span, "the other stands here"),),
                ).diagnostic
            )
            continue
        read[found.block.name.text] = found
    packs: dict[str, CheckedPack] = {}
    starts: dict[str, int] = {}
    for name in in_order(read, faults):
        first = len(faults)
        packs[name] = _check(read[name], packs, read, codes, starts, faults, memory)
        if several:
            faults[first:] = [_in_pack(item, read[name].source) for item in faults[first:]]
    broken = {name for item in read.values() for name in item.broken}
    broken |= {name for item in packs.values() for name in item.names.lost}
    return Checked(tuple(packs.values()), _settled(faults, broken), files)


def _check(
    read: ReadPack,
    packs: Mapping[str, CheckedPack],
    all_read: Mapping[str, ReadPack],
    codes: CodeView,
    starts: dict[str, int],
    faults: list[Diagnostic],
    memory: Memory,
) -> CheckedPack:
    block = read.block
    if block.effective is None and read.complete:
        faults.append(
            fault(
                "CW0401",
                block.name.span,
                f"the pack `{block.name.text}` has no dates",
                "say when it is in force: effective from 2026-01-01 through 2026-12-31",
            ).diagnostic
        )
    on: date | None = block.effective.start if block.effective else None
    names = Names(block.name.text, on, codes)
    lines = _ancestors(block, packs, all_read, faults)
    for base in lines:
        own = packs[base].names
        names.sources |= own.sources
        names.sets |= own.sets
        names.parameters |= own.parameters
        names.tables |= own.tables
        names.derived |= own.derived
    declared = Declarations(names, read.source.files, faults)
    declared.read(blocks_of(read, s.SourceBlock), blocks_of(read, s.ValueSetBlock))
    declared.read_values(blocks_of(read, s.ParameterBlock), blocks_of(read, s.TableBlock))
    declared.read_derived(blocks_of(read, s.DeriveBlock))
    names.applies = declared.checked_applies(block.applies)
    vocabulary = _vocabulary(read, names, faults)
    memory.declared(block, read.blocks, read.source.files, lines)
    rules = _rules(read, names, faults, memory)
    broken = read.broken | {
        item.name.text for item in blocks_of(read, s.RuleBlock) if item.name.text not in rules
    }
    bases = {
        base: Base(
            packs[base].version,
            {rule.block.name.text: rule for rule in packs[base].rules},
            packs[base].names.parameters,
            packs[base].broken,
        )
        for base in lines
    }
    changes: list[RuleChange | ParameterChange] = []
    for item in blocks_of(read, s.OverrideBlock):
        found: list[Diagnostic] = []
        if item.pack.text in all_read or not _missing(item.pack.text, block, packs):
            try:
                change = lower_override(item, names, block, bases, starts, found)
            except Fault as error:
                found.append(error.diagnostic)
                change = None
            if change is not None and not found:
                changes.append(change)
                if isinstance(change, RuleChange):
                    length = starts.get(change.rule)
                    if length is None:
                        length = len(_rule(packs, change.rule).rule.atoms)
                    starts[change.rule] = length + len(change.atoms)
        faults += found
    examples = [example for rule in rules.values() for example in rule.block.examples]
    examples += [item.example for item in blocks_of(read, s.TestBlock)]
    _rule_names(examples, rules, packs, lines, broken, faults)
    cases = [memory.case(example, names, _day(example, rules, on), faults) for example in examples]
    return CheckedPack(
        read.source,
        block,
        names,
        tuple(rules.values()),
        tuple(changes),
        tuple(case for case in cases if case is not None),
        tuple(lines),
        frozenset(broken),
        tuple(item.name.text for item in blocks_of(read, s.ParameterBlock)),
        read.blocks,
        vocabulary,
        read.unread,
    )


def _day(example: s.Example, rules: Mapping[str, LoweredRule], on: date | None) -> date | None:
    """The date of an example that names none: the first day of its rule, else of the pack."""
    rule = rules.get(example.rule)
    return (rule.rule.window.start if rule else None) or on


def _missing(name: str, block: s.PackBlock, packs: Mapping[str, CheckedPack]) -> bool:
    """Whether the pack is extended but not there, which has been said already."""
    return name not in packs and any(base.text == name for base, _ in block.extends)


def _rule(packs: Mapping[str, CheckedPack], id: str) -> LoweredRule:
    pack, _ = id.split("/", 1)
    return next(item for item in packs[pack].rules if item.rule.id == id)


def _ancestors(
    block: s.PackBlock,
    packs: Mapping[str, CheckedPack],
    all_read: Mapping[str, ReadPack],
    faults: list[Diagnostic],
) -> list[str]:
    """All packs that this one builds on, the furthest first."""
    out: list[str] = []
    for base, version in block.extends:
        found = packs.get(base.text)
        if found is None:
            if base.text not in all_read:
                faults.append(
                    fault(
                        "CW0209",
                        base.span,
                        f"the pack `{base.text}` is not there",
                        _there(base.text, block.name.text, all_read),
                    ).diagnostic
                )
            continue
        if found.version != version and found.version != "0":
            faults.append(
                fault(
                    "CW0607",
                    base.span,
                    f"`{base.text}` is at version {found.version}, not {version}",
                    f"look at what changed, then write `at {found.version}`",
                ).diagnostic
            )
        out += [item for item in (*found.extends, base.text) if item not in out]
    return out


def _there(name: str, own: str, all_read: Mapping[str, ReadPack]) -> str:
    """The nearest name of a pack, and all that can be extended, with their versions."""
    others = [
        f"`{item.block.name.text} at {item.block.version}`"
        for key, item in sorted(all_read.items())
        if key != own
    ]
    there = f"packs that are there: {', '.join(others)}" if others else ""
    near = did_you_mean(name, [key for key in all_read if key != own])
    beside = f"if `{name}` is a folder of yours, name it too: check {name} {own}"
    return "\n".join(item for item in (near, beside, there) if item)


def _rules(
    read: ReadPack, names: Names, faults: list[Diagnostic], memory: Memory
) -> dict[str, LoweredRule]:
    rules: dict[str, LoweredRule] = {}
    seen: dict[str, s.Name] = {}
    for block in blocks_of(read, s.RuleBlock):
        first = seen.get(block.name.text)
        if first is not None:
            faults.append(twice(block.name, first))
            continue
        seen[block.name.text] = block.name
        found: list[Diagnostic] = []
        lowered = memory.rule(block, names, read.block, found)
        faults += found
        if not found:
            rules[block.name.text] = lowered
    return rules


def _vocabulary(read: ReadPack, names: Names, faults: list[Diagnostic]) -> tuple[Placed, ...]:
    out: list[Placed] = []
    seen: dict[str, s.Name] = {}
    for block in blocks_of(read, s.VocabularyBlock):
        first = seen.setdefault(block.name.text, block.name)
        if first is not block.name:
            faults.append(twice(block.name, first))
            continue
        try:
            window = window_of(block.effective, read.block)
        except Fault as error:
            faults.append(error.diagnostic)
            continue
        out += read_vocabulary(block, names, read.block, window, read.source.files, faults)
    return tuple(out)


def twice(name: s.Name, first: s.Name) -> Diagnostic:
    """Two declarations of one name."""
    return fault(
        "CW0203",
        name.span,
        f"`{name.text}` is declared twice",
        "give one of them another name",
        (Related(first.span, "the first stands here"),),
    ).diagnostic


def _rule_names(
    examples: list[s.Example],
    rules: Mapping[str, LoweredRule],
    packs: Mapping[str, CheckedPack],
    lines: list[str],
    broken: frozenset[str],
    faults: list[Diagnostic],
) -> None:
    known = set(rules) | broken
    for base in lines:
        known |= {rule.block.name.text for rule in packs[base].rules}
        known |= {f"{base}/{rule.block.name.text}" for rule in packs[base].rules}
        known |= packs[base].broken
    for example in examples:
        for outcome in example.outcomes:
            if outcome.kind.startswith("rule ") and outcome.words[0] not in known:
                faults.append(
                    fault(
                        "CW0213",
                        outcome.span,
                        f"there is no rule `{outcome.words[0]}`",
                        did_you_mean(outcome.words[0], sorted(known)),
                    ).diagnostic
                )


FOLLOWING = ("CW0204", "CW0205", "CW0206", "CW0207", "CW0208", "CW0313")
"""Diagnostics that only follow from a declaration that could not be read."""


def _in_pack(item: Diagnostic, source: PackSource) -> Diagnostic:
    """The place of a fault in a table or dictionary, named from the pack's folder like all others:
    without it nobody could tell whose the file is."""

    def placed(span: Span) -> Span:
        inside = span.file in source.files
        return span._replace(file=f"{source.name}/{span.file}") if inside else span

    related = tuple(replace(one, span=placed(one.span)) for one in item.related)
    return replace(item, span=placed(item.span), related=related)


def _settled(faults: list[Diagnostic], broken: set[str]) -> tuple[Diagnostic, ...]:
    """In order of place, each once, without those that follow from a broken declaration."""
    kept: dict[tuple[str, Span, str], Diagnostic] = {}
    for item in faults:
        follows = item.code in FOLLOWING and any(f"`{name}`" in item.message for name in broken)
        if not follows:
            kept.setdefault((item.code, item.span, item.message), item)
    return tuple(sorted(kept.values(), key=lambda item: (item.span, item.code, item.message)))
