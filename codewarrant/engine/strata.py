"""Which code rules wait for which: levels, or the loop that closes them.

``w`` feeds ``r`` if w can conclude a code that a positive pattern of r can match. ``w`` waits
before ``r`` if it can conclude into a set that r reads by ``no``, ``every``, a count, a sum, or in
``unless``. A component of both relations that holds a waiting edge is a loop. Taking a code away
(omit, replace) makes no dependency: what holds never stops holding.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from codewarrant.engine.errors import EngineError
from codewarrant.engine.graphs import components
from codewarrant.engine.intervals import IntervalIndex
from codewarrant.engine.program import Program, Rule
from codewarrant.engine.reads import Read, codes_text, reads, writes
from codewarrant.engine.values import CodeOrder, Interval, Intervals, covers, overlap

_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` adds ``codes`` that a pattern of ``target`` over ``needs`` reads.

    ``waits``: the target asks for their absence or number. ``var`` is the pattern's variable.
    """

    source: str
    target: str
    waits: bool
    codes: str
    needs: str
    var: str


@dataclass(frozen=True, slots=True)
class Loop:
    """Rules that wait for each other. ``edges`` run round the loop, the waiting one last."""

    rules: tuple[str, ...]
    edges: tuple[Edge, ...]
    codes: tuple[str, ...]
    message: str


class LoopError(EngineError):
    """Rules wait for each other. ``loops`` are the cycles as data."""

    def __init__(self, loops: tuple[Loop, ...]) -> None:
        super().__init__("\n".join(loop.message for loop in loops))
        self.loops = loops


@dataclass(frozen=True, slots=True)
class Strata:
    """The level of each code rule by id, from 0, or the loops that forbid levels."""

    levels: dict[str, int]
    count: int
    loops: tuple[Loop, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    rule: Rule
    writes: Intervals
    reads: tuple[Read, ...]
    bound: tuple[Intervals, ...]
    """The codes of each variable over standing facts, documented ones too."""


def strata(rules: tuple[Rule, ...], program: Program) -> Strata:
    """Levels of the code rules among ``rules``."""
    nodes = [
        _Node(
            rule,
            writes(rule),
            tuple(reads(rule, program)),
            tuple(one.codes for one in rule.binders if one.entity == program.standing),
        )
        for rule in sorted(rules, key=lambda rule: rule.id)
    ]
    edges = _edges(nodes)
    component, order = _components(len(nodes), edges)
    loops = _loops(nodes, edges, component, program)
    level = [0] * len(order)
    incoming: dict[int, list[tuple[int, bool]]] = {}
    for (source, target), waits in edges.items():
        if component[source] != component[target]:
            incoming.setdefault(component[target], []).append((component[source], waits))
    for number in order:
        for source, waits in incoming.get(number, ()):
            level[number] = max(level[number], level[source] + (1 if waits else 0))
    levels = {node.rule.id: level[component[at]] for at, node in enumerate(nodes)}
    return Strata(levels, max(levels.values(), default=0) + 1, loops)


def _edges(nodes: list[_Node]) -> dict[tuple[int, int], bool]:
    """(writer, reader) → whether the reader waits (feeding edges are False)."""
    patterns = [
        (at, read) for at, node in enumerate(nodes) for read in node.reads if read.concluded
    ]
    index = IntervalIndex(
        (interval, number) for number, (_, read) in enumerate(patterns) for interval in read.codes
    )
    edges: dict[tuple[int, int], bool] = {}
    for source, node in enumerate(nodes):
        hit: set[int] = set()
        for interval in node.writes:
            hit |= index.overlapping(interval)
        for number in hit:
            target, read = patterns[number]
            if read.grows:
                edges.setdefault((source, target), False)
            elif source != target and not _changes_nothing(node, nodes[target], read):
                edges[source, target] = True
    return edges


def _changes_nothing(writer: _Node, reader: _Node, read: Read) -> bool:
    """Whether the writer fires only where the read finds something already.

    So for ``no`` and ``some`` that ask for nothing but the code, if a positive pattern of the
    writer matches only such codes, and the reader cannot have bound that very diagnosis itself.
    """
    if read.kind not in ("no", "some") or not read.exact:
        return False
    return any(
        covers(read.codes, codes) and not any(overlap(codes, own) for own in reader.bound)
        for codes in writer.bound
    )


def _components(count: int, edges: dict[tuple[int, int], bool]) -> tuple[list[int], list[int]]:
    """The number of each node's component; the numbers, sources first."""
    graph: list[list[int]] = [[] for _ in range(count)]
    for source, target in sorted(edges):
        graph[source].append(target)
    found = components(graph)
    component = [0] * count
    for number, members in enumerate(found):
        for node in members:
            component[node] = number
    return component, list(range(len(found) - 1, -1, -1))


def _loops(
    nodes: list[_Node],
    edges: dict[tuple[int, int], bool],
    component: list[int],
    program: Program,
) -> tuple[Loop, ...]:
    """One loop for each component that a waiting edge closes."""
    orders = {order.system: order for order in program.orders}
    inside: dict[int, list[tuple[int, int]]] = {}
    for (source, target), waits in sorted(edges.items()):
        if waits and component[source] == component[target]:
            inside.setdefault(component[source], []).append((source, target))
    loops = []
    for number in sorted(inside, key=lambda number: inside[number][0]):
        members = {at for at, own in enumerate(component) if own == number}
        paths = [
            (path, source, reader)
            for source, reader in inside[number]
            if (path := _path(reader, source, members, edges))
        ]
        path, _, _ = min(paths, key=lambda item: (len(item[0]), item[0]))
        steps = list(zip(path, [*path[1:], path[0]], strict=True))
        named = tuple(
            _edge(nodes[source], nodes[target], edges[source, target], orders)
            for source, target in steps
        )
        rules = tuple(nodes[at].rule.id for at in path)
        loops.append(
            Loop(rules, named, tuple(edge.codes for edge in named), _message(named, len(path)))
        )
    return tuple(loops)


def _path(
    first: int, last: int, members: set[int], edges: dict[tuple[int, int], bool]
) -> tuple[int, ...]:
    """The shortest way from ``first`` to ``last`` along edges inside the component."""
    graph: dict[int, list[int]] = {}
    for source, target in sorted(edges):
        if source in members and target in members:
            graph.setdefault(source, []).append(target)
    before: dict[int, int] = {first: first}
    queue = deque([first])
    while queue:
        node = queue.popleft()
        if node == last:
            path = [node]
            while path[-1] != first:
                path.append(before[path[-1]])
            return tuple(reversed(path))
        for other in graph.get(node, ()):
            if other not in before:
                before[other] = node
                queue.append(other)
    return ()


def _edge(source: _Node, target: _Node, waits: bool, orders: dict[str, CodeOrder]) -> Edge:
    for read in target.reads:
        if read.concluded and read.grows != waits and overlap(source.writes, read.codes):
            shared = tuple(one for one in source.writes if overlap((one,), read.codes))
            codes = codes_text(_narrower(shared, read.codes), orders)
            needs = codes_text(read.codes, orders)
            return Edge(source.rule.id, target.rule.id, waits, codes, needs, read.var)
    raise AssertionError("an edge without the read that made it")


def _narrower(written: Intervals, read: Intervals) -> tuple[Interval, ...]:
    """What of the written codes is read."""
    return tuple(
        Interval(a.system if a.system != "*" else b.system, max(a.low, b.low), min(a.high, b.high))
        for a in written
        for b in read
        if overlap((a,), (b,))
    )


def _message(edges: tuple[Edge, ...], count: int) -> str:
    """The loop told backwards from the rule that asks for an absence."""
    word = _WORDS[count] if count < len(_WORDS) else str(count)
    last = edges[-1]
    lines = [(last.target, f"asks for the absence of {last.needs}")]
    for at in range(len(edges) - 1, -1, -1):
        adds = f"adds {edges[at].codes}"
        if at == 0:
            lines.append((edges[0].source, adds))
            continue
        needs = edges[at - 1]
        verb = "asks for the absence of" if needs.waits else "needs"
        lines.append((edges[at].source, f"{adds}, {verb} {needs.needs}"))
    names = [name.rsplit("/", 1)[-1] for name, _ in lines]
    width = max(len(name) for name in names)
    text = "\n".join(
        f"  {name:<{width}}  {what}" for name, (_, what) in zip(names, lines, strict=True)
    )
    fed = next((edge for edge in edges if not edge.waits), None)
    if fed is None:
        advice = "help: if one of them means what the chart says, write `documented` in its pattern"
    else:
        name = fed.target.rsplit("/", 1)[-1]
        advice = (
            f"help: if `{name}` means what the chart says, write\n"
            f"      `for each documented diagnosis {fed.var}` in it"
        )
    return f"{word} rules wait for each other\n{text}\n{advice}"
