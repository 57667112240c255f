"""Write the generated part of ``docs/language.md``: fields, code attributes, sections, lints.

It is the part from ``## Fields`` to the end; the schema and the register of lints are its source.
``--check`` writes nothing and exits 1 where the page is stale.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from codewarrant.dsl.diagnostics import LINTS
from codewarrant.dsl.installed_tables import JOINABLE, column_types
from codewarrant.dsl.types import fields_of, named_type
from codewarrant.schema import CODE_ATTRIBUTES, ENTITIES, SECTIONS, SINGLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "language.md"
START = "## Fields\n"


def reference() -> str:
    """The generated part of the page."""
    return "\n".join([*_fields(), *_attributes(), *_installed(), *_sections(), *_lints()]) + "\n"


def with_reference(page: str) -> str:
    """The page with its generated part as it should be."""
    return f"{page.split(START)[0].rstrip()}\n\n{reference()}"


def _fields() -> Iterator[str]:
    yield from ("## Fields", "")
    for entity, model in ENTITIES.items():
        one = " (one a chart: no `for each` needed)" if entity in SINGLE else ""
        yield from (f"### {entity}{one}", "", f"{(model.__doc__ or '').strip()}", "")
        yield from ("| field | type | meaning |", "|---|---|---|")
        for name, kind in fields_of(entity).items():
            words = ", ".join(f"`{item}`" for item in kind.values)
            meaning = model.model_fields[name].description or ""
            yield f"| `{name}` | {words or kind.spoken} | {meaning} |"
        yield ""


def _attributes() -> Iterator[str]:
    yield from ("### Attributes of a code", "", "Written after a code: `d.code.title`.", "")
    yield from ("| attribute | type | meaning |", "|---|---|---|")
    for name, (kind, meaning) in CODE_ATTRIBUTES.items():
        spoken = named_type(kind).spoken if kind != "code" else "code"
        yield f"| `{name}` | {spoken} | {meaning} |"
    yield ""


def _installed() -> Iterator[str]:
    yield from ("## Installed tables", "")
    yield "Named by `from release NAME`. Besides its own columns each has `edition` (text),"
    yield from ("`effective_from` and `effective_to` (dates), and takes the key `on`.", "")
    yield from ("| name | what it holds | columns |", "|---|---|---|")
    for name, kind in JOINABLE.items():
        columns = ", ".join(
            f"`{column}` ({found.spoken})"
            for column, found in column_types(kind).items()
            if column in kind.names
        )
        yield f"| `{name}` | {kind.what} | {columns} |"
    yield ""


def _sections() -> Iterator[str]:
    yield from ("## Sections of notes", "")
    yield '`in section "…"` and the field `section` of a mention know: '
    yield from (", ".join(f"`{name}`" for name in SECTIONS) + ".", "")


def _lints() -> Iterator[str]:
    yield from ("## Lints", "")
    yield from ("| lint | what it finds |", "|---|---|")
    for name, meaning in LINTS.items():
        yield f"| `{name}` | {meaning} |"


def main(words: Sequence[str] | None = None) -> int:
    """Write the generated part, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    check = parser.parse_args(words).check
    page = PAGE.read_text("utf-8")
    now = with_reference(page)
    if page == now:
        return 0
    print(f"{'stale' if check else 'written'}: docs/{PAGE.name}")
    if not check:
        PAGE.write_text(now, "utf-8")
    return 1 if check else 0


if __name__ == "__main__":
    raise SystemExit(main())
