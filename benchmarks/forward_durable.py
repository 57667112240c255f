"""The workload in durable-rules, in a process of its own: it is known to crash and to hang.

Run as a program it reads one JSON line with the rules, then one for each request, and answers each
with one line. It takes the time itself, so that talking to the process is not counted.

Ways round known faults: a bucket field stands before the code, for more than 511 constants on one
field hang; at most 4,000 rules stand in a rule set; a rule that can never fire matches every line,
for a batch with a line that nothing matches is refused; the background thread is not started.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from forward_workload import Firing, Lines, Rules

RULES_IN_A_SET = 4000
BUCKETS = 61


class Crashed(Exception):
    """The process ended or could not go on; the message is what it came to."""


class TimedOut(Exception):
    """The process took longer than it may."""


# ---- this side ----------------------------------------------------------------------


class DurableRules:
    """The other process with one set of rules loaded."""

    def __init__(self, rules: Rules, seconds: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        given = {
            "one": [[one.number, one.code, one.limit] for one in rules.one],
            "two": [[two.number, two.first, two.second] for two in rules.two],
        }
        self._ask(given, seconds)

    def chart(self, lines: Lines, seconds: float) -> None:
        """Send a chart; later runs are of it."""
        self._ask(
            [[one.number, one.code, one.units, one.date.toordinal()] for one in lines.lines],
            seconds,
        )

    def run(self, seconds: float) -> tuple[float, list[Firing]]:
        """Run the chart once: seconds that it took, and what fired."""
        answer = self._ask("run", seconds)
        return answer["seconds"], [tuple(one) for one in answer["fired"]]

    @property
    def ended(self) -> bool:
        """Whether another process is needed."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):  # what it did not read any more
                    pipe.close()

    def _ask(self, request: Any, seconds: float) -> Any:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        if answer and not late.is_set():
            found = json.loads(answer)
            if "error" not in found:
                return found
            self.close()
            raise Crashed(found["error"])
        ended = process.wait()
        self.close()
        if late.is_set():
            raise TimedOut(f"over {seconds:.0f} s")
        raise Crashed(f"ended with {ended}")


# ---- the other side -------------------------------------------------------------------


def bucket(code: str) -> int:
    return zlib.crc32(code.encode()) % BUCKETS


def is_code(code: str) -> list[dict[str, Any]]:
    return [{"bucket": bucket(code)}, {"code": code}]


def rule_sets(given: dict[str, Any], fired: list[tuple[int, ...]]) -> list[dict[str, Any]]:
    """The rules in the engine's JSON form, 4,000 to a set."""

    def one(number: int) -> Any:
        def fire(found: Any) -> None:
            fired.append((number, found.a.number))

        return fire

    def two(number: int) -> Any:
        def fire(found: Any) -> None:
            fired.append((number, found.a.number, found.b.number))

        return fire

    rules: list[tuple[str, dict[str, Any]]] = []
    for number, code, limit in given["one"]:
        tests = [*is_code(code), {"$gt": {"units": limit}}]
        rules.append((f"rule{number}", {"all": [{"a": {"$and": tests}}], "run": one(number)}))
    for number, first, second in given["two"]:
        joined = [*is_code(second), {"date": {"a": "date"}}]
        every = [{"a": {"$and": is_code(first)}}, {"b": {"$and": joined}}]
        rules.append((f"rule{number}", {"all": every, "run": two(number)}))
    sets = []
    for start in range(0, len(rules), RULES_IN_A_SET):
        never = [{"a": {"$ex": {"number": 1}}}, {"b": {"$and": [{"never": 1}]}}]
        seen = {"seen": {"all": never, "run": two(-1)}}
        sets.append({**seen, **dict(rules[start : start + RULES_IN_A_SET])})
    return sets


def serve() -> None:
    """Answer requests until the input ends."""
    from durable import engine  # pyright: ignore[reportMissingImports]

    engine.Host._run = lambda self: None
    fired: list[tuple[int, ...]] = []
    definitions = rule_sets(json.loads(sys.stdin.readline()), fired)
    names = [f"set{at}" for at in range(len(definitions))]
    host = engine.Host(dict(zip(names, definitions, strict=True)))
    answer({})
    lines: list[list[Any]] = []
    session = 0
    for request in map(json.loads, sys.stdin):
        if request != "run":
            lines = request
            answer({})
            continue
        session += 1
        facts = [
            {"sid": str(session), "id": number, "number": number, "bucket": bucket(code),
             "code": code, "units": units, "date": day}
            for number, code, units, day in lines
        ]  # fmt: skip
        fired.clear()
        start = time.process_time()
        for name in names:
            host.assert_facts(name, facts)
        seconds = time.process_time() - start
        for name in names:
            host.delete_state(name, str(session))
        answer({"seconds": seconds, "fired": fired})


def answer(found: dict[str, Any]) -> None:
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    try:
        serve()
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {str(error)[:100]}"})
