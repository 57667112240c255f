"""Strongly connected components, without recursion."""

from __future__ import annotations

from collections.abc import Sequence


def components(graph: Sequence[Sequence[int]]) -> list[list[int]]:
    """Tarjan's components of a graph given as successor lists, successors before predecessors."""
    count = len(graph)
    index = [-1] * count
    low = [0] * count
    on_stack = [False] * count
    stack: list[int] = []
    found: list[list[int]] = []
    counter = 0
    for root in range(count):
        if index[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            node, at = work.pop()
            if at == 0:
                index[node] = low[node] = counter
                counter += 1
                stack.append(node)
                on_stack[node] = True
            descended = False
            while at < len(graph[node]):
                other = graph[node][at]
                at += 1
                if index[other] < 0:
                    work += [(node, at), (other, 0)]
                    descended = True
                    break
                if on_stack[other]:
                    low[node] = min(low[node], index[other])
            if descended:
                continue
            if low[node] == index[node]:
                members: list[int] = []
                while not members or members[-1] != node:
                    members.append(stack.pop())
                    on_stack[members[-1]] = False
                found.append(sorted(members))
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
    return found
