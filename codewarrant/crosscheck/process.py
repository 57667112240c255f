"""durable-rules in a process of its own, with limits of time and memory.

durable-rules is C that is known to crash. A question is then asked again of a new process, its
facts in another order, at last its rules in parts; a crash that stays, a question that takes too
long or too much memory, and a missing installation are all :class:`Unavailable`.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codewarrant.crosscheck.rulesets import Ruleset, check_facts

WORKER = Path(__file__).with_name("worker.py")
ATTEMPTS = (1, 1, 4, 16)
"""Into how many parts the rules are dealt in each attempt. The facts stand in another order in each
but the first. No rule of a ruleset waits for another, so that parts find what the whole would."""
MOST_LOADED = 60
"""Rulesets of one process: each takes megabytes that are never given back."""

INSTALL = (
    "durable-rules is not installed: pip install 'codewarrant[crosscheck]' (it is compiled: a C "
    "compiler is needed; on Python 3.13 set CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject)"
)


class Unavailable(Exception):
    """durable-rules gave no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one cross-check (``seconds``, by the wall clock) and of its process (``megabytes``)."""

    seconds: float = 60
    megabytes: int = 2048


Match = tuple[str, Mapping[str, str]]


class SecondEngine:
    """Asks durable-rules. Use it as a context: leaving it ends the process."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.crashes = 0
        """Crashes so far, those that asking again got over included."""
        self._process: subprocess.Popen[str] | None = None
        self._loaded: set[str] = set()
        self._until = 0.0

    def __enter__(self) -> SecondEngine:
        self.restart_clock()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def restart_clock(self) -> None:
        """The time limit counts from here."""
        self._until = time.monotonic() + self.limits.seconds

    def ask(self, ruleset: Ruleset, *groups: Sequence[Mapping[str, Any]]) -> list[Match]:
        """All matches of the facts, asserted group by group. Raises :class:`Unavailable`."""
        check_facts([fact for group in groups for fact in group])
        reason = ""
        for attempt, parts in enumerate(ATTEMPTS):
            facts = [fact for group in groups for fact in _ordered(group, attempt)]
            try:
                return [
                    match for part in _dealt(ruleset, parts) for match in self._ask(part, facts)
                ]
            except _Crashed as error:
                self.crashes += 1
                self._stop()
                reason = str(error)
        raise Unavailable(f"durable-rules crashed {len(ATTEMPTS)} times: {reason}")

    def _ask(self, ruleset: Ruleset, facts: list[Mapping[str, Any]]) -> list[Match]:
        name = "r" + hashlib.sha256(ruleset.text.encode()).hexdigest()[:16]
        if len(self._loaded) >= MOST_LOADED and name not in self._loaded:
            self._stop()
        if self._process is None:
            self._start()
        request: dict[str, Any] = {"name": name, "facts": facts}
        if name not in self._loaded:
            request["rules"] = ruleset.rules
            self._loaded.add(name)
        answer = self._exchanged(json.dumps(request))
        if "error" in answer:
            raise Unavailable(f"durable-rules: {answer['error']}")
        return [(rule, bound) for rule, bound in answer["matches"]]

    def _start(self) -> None:
        # by processor time it ends itself only if nobody is left to end it
        most = str(int(self.limits.seconds * 20) + 1)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), str(self.limits.megabytes), most],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._loaded = set()
        answer = self._exchanged(None)
        if "missing" in answer:
            self._stop()
            raise Unavailable(_why_missing(answer["missing"]))

    def _exchanged(self, request: str | None) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(max(0.0, self._until - time.monotonic()), end)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                process.stdin.write(request + "\n")
                process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line.endswith("\n"):
            return json.loads(line)
        code = process.wait()
        if late.is_set() or code == -signal.SIGXCPU:
            self._stop()
            raise Unavailable(f"no answer within {self.limits.seconds:g} seconds")
        raise _Crashed(_ended(code))

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()


class _Crashed(Exception):
    """The process ended by itself."""


def _ended(code: int) -> str:
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"


def _why_missing(message: str) -> str:
    if "durable" in message and "No module" in message and "engine" not in message:
        return INSTALL
    return f"durable-rules is installed but cannot be imported ({message}). {INSTALL}"


def _dealt(ruleset: Ruleset, parts: int) -> list[Ruleset]:
    if parts == 1:
        return [ruleset]
    rules = list(ruleset.rules.items())
    return [Ruleset(dict(some)) for at in range(parts) if (some := rules[at::parts])]


def _ordered(group: Sequence[Mapping[str, Any]], attempt: int) -> list[Mapping[str, Any]]:
    """As given; in later attempts in another order, the same for the same attempt."""
    facts = list(group)
    if attempt:
        random.Random(attempt).shuffle(facts)
    return facts
