"""Verbs that make a project, upgrade it, try it out, and check its parameters and its lock."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from driftloop.core import text
from driftloop.verbs.files import PARAMS, check_lock

app = typer.Typer()


@app.command(
    epilog="Examples: driftloop init demo · driftloop init ../shop --from shop.csv · driftloop init ../shop --from 'in/*.csv' "
    "--target sales --label-delay-days 3 --yes"
)
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.")],
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="Your data: file, folder or pattern. Without it: a demo."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    label_delay_days: Annotated[
        int | None, typer.Option(min=0, help="Days until the target of a row is final.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of the model.", show_default="that of the folder")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what was guessed.")] = False,
) -> None:
    """Write a project for your data, run it, make its first model, and replay what you would have been told."""
    from driftloop.project import initiating

    def ask(question: str, default: str) -> str:
        return str(typer.prompt(question, default=default))

    options = initiating.Options(folder, source, target, label_delay_days, model, ask=None if yes else ask)
    initiating.run(options, say=typer.echo)
    typer.echo("\nWhat you would have been told\n")
    typer.echo(initiating.replay(folder))
    # A further model in a repository has its Makefile at the top.
    command = "make repro" if (folder / "Makefile").exists() else "uv run dvc repro"
    typer.echo(f"Next: cd {folder} && {command}")


@app.command(epilog="Examples: driftloop upgrade --dry-run · uvx driftloop@latest upgrade")
def upgrade(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and touch nothing.")] = False
) -> None:
    """Bring the project in this folder to this version of driftloop; what a team has edited is kept."""
    from driftloop.project import upgrading

    plans = [(root, *upgrading.plan(root)) for root in upgrading.roots(Path())]  # all, before anything is written
    for root, was, new, changes in plans:
        for change in changes:
            if dry_run or change.kind in ("merged", "conflict"):
                typer.echo(change.diff)
        for change in changes:
            typer.echo(f"{change.kind:9} {root / change.path}{f': {change.note}' if change.note else ''}")
        if not changes:
            typer.echo(f"{f'{root}: ' if root.name else ''}the files are those of driftloop {was.driftloop}")
        if not dry_run:
            upgrading.act(root, was, new, changes, say=typer.echo)
    if not dry_run:
        typer.echo("Next: make repro, look at `git diff`, and commit")


@app.command(epilog="Examples: driftloop rehearse · driftloop rehearse --keep")
def rehearse(
    *, keep: Annotated[bool, typer.Option("--keep", help="Leave the temporary folder, and say where it is.")] = False
) -> None:
    """Play the whole loop here, without account or network; its texts are written to rehearsal/."""
    from driftloop.rehearsal import rehearse as play

    play(Path(), keep=keep, say=typer.echo)


@app.command(epilog="Examples: driftloop params · driftloop params --schema > params.schema.json")
def params(
    *, schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema that editors use.")] = False
) -> None:
    """Check params.yaml and show it with all defaults."""
    from driftloop.params import Params, load_params

    shown = Params.model_json_schema() if schema else load_params(PARAMS).model_dump(mode="json")
    typer.echo(text.data(shown))


@app.command(epilog="Examples: driftloop lock · driftloop lock --check")
def lock(
    *, check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 if they differ.")] = False
) -> None:
    """Write driftloop.lock: the code and the package versions that each stage depends on."""
    from driftloop.lock import check as locking
    from driftloop.params import load_params

    if check:
        check_lock()
        typer.echo(f"{locking.LOCK} is what is installed")
        return
    changed = locking.write(Path(), load_params(PARAMS))
    for stage, reasons in changed.items():
        typer.echo(f"{stage}: {', '.join(reasons)}")
    typer.echo("Next: dvc repro" if changed else f"{locking.LOCK} was up to date")
