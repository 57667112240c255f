"""The commands and their options. What a command needs is imported when it runs: help is fast."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from codewarrant.cli.exits import Exit

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would take twice the time that help has
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Medical coding in which every billing code carries its warrant.",
)


Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Packs = Annotated[
    list[Path] | None, typer.Argument(help="Folders of rulepacks; all installed ones if none.")
]
Rules = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="Folder of a further rulepack; may be given again."),
]
CrossCheckOption = Annotated[
    bool,
    typer.Option("--cross-check", help="Find the firings again on durable-rules, and compare."),
]
StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Folder of the store of decisions.")
]


def version(show: bool) -> None:
    """Print the version and stop."""
    if show:
        from codewarrant import __version__

        typer.echo(f"codewarrant {__version__}")
        raise typer.Exit(Exit.FINE)


@app.callback()
def options(
    show: Annotated[
        bool,
        typer.Option("--version", callback=version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Medical coding in which every billing code carries its warrant."""


@app.command()
def code(
    bundles: Annotated[
        list[Path],
        typer.Argument(help="FHIR R4 bundles (JSON), X12 837 files, or - for standard input."),
    ],
    json: Json = False,
    fhir: Annotated[
        bool, typer.Option("--fhir", help="Write FHIR: draft Claim, Provenance, Task …")
    ] = False,
    payer: Annotated[str, typer.Option("--payer", help="Code for this payer id.")] = "",
    store: StoreOption = None,
    rules: Rules = None,
    cross_check: CrossCheckOption = False,
) -> None:
    """Code encounters: each code with its passages, rules, citations."""
    from codewarrant.cli.code import run

    if json and fhir:
        raise typer.BadParameter("choose one of --json and --fhir")
    raise typer.Exit(
        run(
            bundles,
            json=json,
            fhir=fhir,
            payer=payer,
            store=store,
            rules=rules or [],
            cross_check=cross_check,
        )
    )


@app.command()
def explain(
    chart: Annotated[
        str, typer.Argument(help="A bundle; or with --store a decision, chart or claim.")
    ],
    code: Annotated[str, typer.Option("--code", help="Why this code is reported.")] = "",
    absent: Annotated[str, typer.Option("--not", help="Why this code is absent.")] = "",
    rule: Annotated[str, typer.Option("--rule", help="What became of this rule.")] = "",
    store: StoreOption = None,
    payer: Annotated[str, typer.Option("--payer", help="Code for this payer id.")] = "",
    json: Json = False,
    rules: Rules = None,
) -> None:
    """Explain why a code is there, or absent, or what a rule did."""
    from codewarrant.cli.explain import run

    raise typer.Exit(
        run(
            chart,
            code=code,
            absent=absent,
            rule=rule,
            store=store,
            payer=payer,
            json=json,
            rules=rules or [],
        )
    )


@app.command()
def replay(
    store: Annotated[Path, typer.Option("--store", help="Folder of the store of decisions.")],
    decisions: Annotated[
        list[str] | None, typer.Argument(help="Decisions, charts or claims; all if none is named.")
    ] = None,
    json: Json = False,
    cross_check: CrossCheckOption = False,
) -> None:
    """Make stored decisions again and compare them byte for byte."""
    from codewarrant.cli.replay import run

    raise typer.Exit(run(decisions or [], store, json=json, cross_check=cross_check))


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Exported files; with --store decisions, charts or claims."),
    ] = None,
    store: StoreOption = None,
    json: Json = False,
) -> None:
    """Derive decisions again with the reference evaluator and check every digest."""
    from codewarrant.cli.verify import run

    if store is None and not names:
        raise typer.BadParameter("name files, or a store with --store")
    raise typer.Exit(run(names or [], store, json=json))


@app.command()
def export(
    decision: Annotated[str, typer.Argument(help="A decision, chart or claim.")],
    store: Annotated[Path, typer.Option("--store", help="Folder of the store of decisions.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
) -> None:
    """Write one decision and all that it rests on to one file, which verifies alone."""
    from codewarrant.cli.verify import run_export

    raise typer.Exit(run_export(decision, store, to))


@app.command()
def check(
    packs: Packs = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes.")
    ] = False,
    rules: Annotated[
        bool, typer.Option("--list", help="List every rule by the name that overrides use.")
    ] = False,
    json: Json = False,
    sarif: Annotated[
        bool, typer.Option("--sarif", help="One SARIF 2.1.0 log on standard output.")
    ] = False,
) -> None:
    """Check rulepacks: every mistake with its place and help."""
    from codewarrant.cli.packs import run_check, run_check_watching

    if watch + json + sarif > 1:
        raise typer.BadParameter("choose one of --watch, --json and --sarif")
    if watch:
        raise typer.Exit(run_check_watching(packs or []))
    raise typer.Exit(run_check(packs or [], json=json, sarif=sarif, rules=rules))


new = typer.Typer(no_args_is_help=True, help="Start a rulepack or a rule, correct from the start.")
app.add_typer(new, name="new")


@new.command("pack")
def new_pack(
    name: Annotated[str, typer.Argument(help="Name of the pack and of its folder.")],
    extends: Annotated[
        str, typer.Option("--extends", help="An installed pack that it builds on.")
    ] = "",
    payer: Annotated[str, typer.Option("--payer", help="Id of the payer that it is for.")] = "",
) -> None:
    """Write the folder of a new rulepack."""
    from codewarrant.cli.new import run_new_pack

    raise typer.Exit(run_new_pack(name, extends=extends, payer=payer))


@new.command("rule")
def new_rule(
    pack: Annotated[Path, typer.Argument(help="Folder of the rulepack.")],
    name: Annotated[str, typer.Argument(help="Name of the rule and of its file.")],
) -> None:
    """Add a rule to a rulepack."""
    from codewarrant.cli.new import run_new_rule

    raise typer.Exit(run_new_rule(pack, name))


@app.command("test")
def try_packs(
    packs: Packs = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which conditions no example shows to decide.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write the results as JUnit XML.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the examples, tests and golden charts of rulepacks."""
    from codewarrant.cli.try_packs import run_test

    raise typer.Exit(run_test(packs or [], json=json, coverage=coverage, junit_file=junit))


@app.command()
def fmt(
    packs: Packs = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; list the files that would change.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change.")
    ] = False,
    json: Json = False,
) -> None:
    """Put rule files into the one layout, keeping every comment."""
    from codewarrant.cli.format import run

    raise typer.Exit(run(packs or [], check=check, diff=diff, json=json))


@app.command()
def lint(
    packs: Packs = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")] = False,
    json: Json = False,
) -> None:
    """Look for what is allowed but probably not meant."""
    from codewarrant.cli.lint import run

    raise typer.Exit(run(packs or [], strict=strict, json=json))


@app.command()
def evaluate(
    charts: Annotated[
        Path, typer.Argument(help="Charts with a coder's codes, one JSON object a line.")
    ],
    pack: Annotated[
        list[Path] | None, typer.Option("--pack", help="Folder of a further rulepack.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", help="Write the codes of each chart here.")
    ] = None,
    json: Json = False,
) -> None:
    """Code charts and measure the codes against a coder's."""
    from codewarrant.cli.evaluate import run

    raise typer.Exit(run(charts, packs=pack or [], predictions=predictions, json=json))


data = typer.Typer(
    no_args_is_help=True, help="Code sets and edit tables: import official files, look them up."
)
app.add_typer(data, name="data")
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Day of service; today if none."),
]


@data.command("import")
def import_data(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, ZIP archives and folders, as they were published.")
    ],
    edition: Annotated[
        str, typer.Option("--edition", help="Which edition it is: 2026Q4, 2027.")
    ] = "",
    effective: Annotated[
        datetime | None,
        typer.Option("--effective", formats=["%Y-%m-%d"], help="First day of the edition."),
    ] = None,
    table: Annotated[
        str, typer.Option("--table", help="Which table it is, where the file does not say.")
    ] = "",
    json: Json = False,
) -> None:
    """Import official files: all that is in them, or nothing."""
    from codewarrant.cli.data import run_import

    first = effective.date() if effective else None
    raise typer.Exit(run_import(paths, edition=edition, effective=first, table=table, json=json))


@data.command("list")
def list_data(on: On = None, json: Json = False) -> None:
    """List what is installed, and how much of it is in force on a day."""
    from codewarrant.cli.data import run_list

    raise typer.Exit(run_list((on or datetime.now()).date(), json=json))


@data.command("show")
def show_data(
    code: Annotated[str, typer.Argument(help="A diagnosis, procedure or other code.")],
    on: On = None,
    json: Json = False,
) -> None:
    """Show title, validity, notes, edits and history of a code."""
    from codewarrant.cli.data_show import run_show

    raise typer.Exit(run_show(code, (on or datetime.now()).date(), json=json))


@data.command("diff")
def diff_data(
    before: Annotated[str, typer.Argument(help="A release: table@edition.")],
    after: Annotated[str, typer.Argument(help="Another one: table@edition, or an edition.")],
    json: Json = False,
) -> None:
    """Compare two editions of a table."""
    from codewarrant.cli.data_editions import run_diff

    raise typer.Exit(run_diff(before, after, json=json))


@data.command("export")
def export_data(
    release: Annotated[str, typer.Argument(help="A release: table@edition.")],
    to: Annotated[Path, typer.Option("--to", help="File to write: .tsv, .tsv.zst or .csv.")],
    json: Json = False,
) -> None:
    """Write a release to a file, from which it can be imported again (not from CSV)."""
    from codewarrant.cli.data_editions import run_export

    raise typer.Exit(run_export(release, to, json=json))
