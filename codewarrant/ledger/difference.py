"""What changed between two decisions (or two sets of facts), as a readable list of paths.

Items of lists are told apart by what they are about (a diagnosis by its code, a firing by its rule
and what it bound), not by their place, so that one more item does not make all after it differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from codewarrant.engine.canonical import dumps


@dataclass(frozen=True, slots=True)
class Difference:
    """One changed place. ``was`` and ``now`` are plain JSON values; None on the side without."""

    path: str
    kind: Literal["added", "removed", "changed", "order"]
    was: Any = None
    now: Any = None

    def __str__(self) -> str:
        match self.kind:
            case "added":
                return f"{self.path}: added {_short(self.now)}"
            case "removed":
                return f"{self.path}: removed {_short(self.was)}"
            case _:
                return f"{self.path}: was {_short(self.was)}, now {_short(self.now)}"


def decision_differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Differences of two parsed decisions or bodies: what is claimed first, the trace last.

    Numbers of firings are replaced by what fired, so that a renumbered trace is no difference
    in itself.
    """
    found = differences(_with_named_firings(was), _with_named_firings(now))
    found.sort(key=lambda item: "trace" in item.path.split("."))
    if not found and was != now:
        found = [Difference("trace.firings", "order", "numbered", "numbered otherwise")]
    return found


def differences(was: Any, now: Any, path: str = "") -> list[Difference]:
    """Every place in which two plain JSON values differ, in the order of their content."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        return _of_mappings(was, now, path)
    if (
        isinstance(was, list)
        and isinstance(now, list)
        and all(isinstance(item, Mapping) for item in [*was, *now])
    ):
        return _of_lists(was, now, path)
    return [] if dumps(was) == dumps(now) else [Difference(path, "changed", was, now)]


def _of_mappings(was: Mapping[str, Any], now: Mapping[str, Any], path: str) -> list[Difference]:
    out: list[Difference] = []
    for name in sorted({*was, *now}):
        at = f"{path}.{name}" if path else name
        if name not in now:
            out.append(Difference(at, "removed", was[name]))
        elif name not in was:
            out.append(Difference(at, "added", None, now[name]))
        else:
            out += differences(was[name], now[name], at)
    return out


def _of_lists(was: Sequence[Any], now: Sequence[Any], path: str) -> list[Difference]:
    name = path.rsplit(".", 1)[-1]
    before, after = _keyed(name, was), _keyed(name, now)
    out: list[Difference] = []
    for key, item in before.items():
        at = f"{path}[{key}]"
        if key in after:
            out += differences(item, after[key], at)
        else:
            out.append(Difference(at, "removed", item))
    out += [
        Difference(f"{path}[{key}]", "added", None, item)
        for key, item in after.items()
        if key not in before
    ]
    common = [key for key in before if key in after]
    reordered = [key for key in after if key in before]
    if common != reordered:
        out.append(Difference(path, "order", common, reordered))
    return out


def _keyed(name: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Items by what they are about; several of one kind are counted."""
    key_of = _KEYS.get(name)
    out: dict[str, Any] = {}
    for place, item in enumerate(items):
        try:
            key = str(key_of(item)) if key_of else str(place)
        except (KeyError, TypeError):
            key = str(place)
        number, unique = 1, key
        while unique in out:
            number += 1
            unique = f"{key} #{number}"
        out[unique] = item
    return out


def _code(item: Mapping[str, Any]) -> str:
    code = item["code"]
    return code["code"] if code else "no code"


def _bound(item: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{bound['var']}={bound['fact']}" for bound in item["bound"])
    return f"{item['rule']}({parts})"


_KEYS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "diagnoses": _code,
    "standing": _code,
    "lines": lambda item: str(item["number"]),
    "edits": lambda item: f"{item['rule']} {item['target']}",
    "queries": lambda item: item["rule"],
    "requirements": lambda item: f"{item['rule']} {item['target']}",
    "rejected": lambda item: f"{_code(item)} {item['kind']}",
    "firings": _bound,
    "near_misses": lambda item: f"{item['kind']} {_bound(item)}",
    "rules": lambda item: item["id"],
    "facts": lambda item: item["id"],
    "kept": lambda item: item["id"],
}


def _with_named_firings(form: Mapping[str, Any]) -> Any:
    body = form.get("body", form)
    names = {item["seq"]: _bound(item) for item in body["trace"]["firings"]}

    def named(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {
                name: named(item, name)
                for name, item in value.items()
                if not (name == "seq" and "stratum" in value)
            }
        if isinstance(value, list):
            if key in ("firings", "by") and all(isinstance(item, int) for item in value):
                return sorted(names.get(item, str(item)) for item in value)
            return [named(item) for item in value]
        return value

    return named(form)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value).decode()
    return text if len(text) <= 160 else f"{text[:157]}…"
