"""The process in which durable-rules runs: rulesets and facts in, matches out, one JSON a line.

It knows nothing of medicine or of this project and imports nothing of it: it is started by its
path, so that what crashes it (durable-rules is C, and does crash) leaves everyone else standing.

A request holds ``name`` and ``rules`` of a ruleset (``rules`` only the first time) and ``facts`` in
the order in which they are asserted; the answer holds ``matches``, each with the rule's name and
the id of the fact behind every alias, or ``error``. Every request has a session of its own.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

SEED = {"id": "seed", "seed": 1}
"""Asserted first: deleting a session whose facts all matched nothing is a segmentation fault."""
NOT_HANDLED = 1
OBSERVED = 2


def limit(megabytes: int, seconds: int) -> None:
    """Bound the memory and processor time of this process, and leave no core file."""
    size = megabytes * 1024 * 1024
    for what, most in (
        (resource.RLIMIT_AS, size),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


class Rulesets:
    """Rulesets by name, each in a host without threads."""

    def __init__(self) -> None:
        from durable import engine  # pyright: ignore[reportMissingImports]

        class Quiet(engine.Host):
            def _run(self) -> None:
                """The background threads of a host crash it when a session is deleted."""

        self._host = Quiet
        self._observed = engine.MessageObservedException
        self._not_handled = engine.MessageNotHandledException
        self._loaded: dict[str, tuple[Any, list[list[Any]]]] = {}
        self._sessions = 0

    def load(self, name: str, rules: dict[str, Any]) -> None:
        """Compile a ruleset. durable-rules changes the definition it is given; ours is a copy.

        With ``dist`` 0 two patterns may bind one fact: rules say themselves where they may not.
        """
        found: list[list[Any]] = []

        def action(rule: str) -> Any:
            def run(c: Any) -> None:  # one parameter: with two it would count as asynchronous
                found.append([rule, {alias: fact["id"] for alias, fact in c._m.items()}])

            return run

        definition: dict[str, Any] = {
            rule: {"all": when, "dist": 0, "run": action(rule)} for rule, when in rules.items()
        }
        definition["seed"] = {"all": [{"m": {"seed": 1}}], "run": lambda c: None}
        self._loaded[name] = (self._host({name: definition}), found)

    def matches(self, name: str, facts: list[dict[str, Any]]) -> list[list[Any]]:
        """All matches of the facts, asserted one by one: of a batch with one fact that nothing
        matches, the rest would fire later, on a background thread."""
        host, found = self._loaded[name]
        self._sessions += 1
        session = str(self._sessions)
        for fact in (SEED, *facts):
            try:
                host.assert_fact(name, {**fact, "sid": session})
            except self._not_handled:
                continue
            except self._observed:
                raise ValueError(f"fact {fact['id']} counts as one asserted before") from None
        error = host.get_state(name, session).get("exception")
        host.delete_state(name, session)
        matches = list(found)
        found.clear()
        if error:
            raise ValueError(f"an action failed: {error}")
        return matches


def main() -> None:
    """Answer requests until standard input ends. The arguments are the limits."""
    limit(int(sys.argv[1]), int(sys.argv[2]))
    try:
        rulesets = Rulesets()
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "rules" in request:
                rulesets.load(request["name"], request["rules"])
            answer = {"matches": rulesets.matches(request["name"], request["facts"])}
        except MemoryError:
            answer = {"error": "out of memory"}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
