"""Verbs that try other parameters, and propose the best of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from driftloop.ci import run
from driftloop.errors import LoopError
from driftloop.github import steps

app = typer.Typer()

Overrides = Annotated[
    str,
    typer.Option(
        "--set",
        help="Parameters as for `dvc exp run -S`; one experiment per line, or semicolons between them.",
    ),
]


@app.command(epilog="Example: driftloop ci experiment --set 'train.seed=1; train.params.max_iter=500' --out tried")
def experiment(*, overrides: Overrides, out: Annotated[Path, typer.Option(help="Folder for the results.")]) -> None:
    """Run the pipeline with other parameters, once for each experiment, and compare them in one table."""
    from driftloop.experiments import table, trying
    from driftloop.git import Git
    from driftloop.params import load_params
    from driftloop.params import overrides as parsing

    unit = load_params(Path("params.yaml")).data.target_unit
    main, *tried = trying.run(Path(), Git(Path()), parsing.parse(overrides), out, say=steps.say)
    said = table.text(main, tried, unit)
    steps.say(said)
    steps.output(os.environ, "base", Git(Path()).head())
    steps.summarise(os.environ, said)
    if not any(each.report for each in tried):
        msg = f"experiments: none could be run; the first: {tried[0].error}"
        raise LoopError(msg)


@app.command(epilog="Example: driftloop ci propose-experiment --set 'train.seed=1' --from tried --dry-run")
def propose_experiment(
    *,
    overrides: Overrides,
    folder: Annotated[Path, typer.Option("--from", help="Folder that `driftloop ci experiment` has left.")],
    dry_run: run.DryRun = False,
) -> None:
    """Open a pull request with the best experiment, if it beats main's recipe and the gate would promote it."""
    from driftloop.experiments import proposing
    from driftloop.github.hub import Hub
    from driftloop.params import overrides as parsing

    runtime = run.runtime()
    git = run.git(runtime)
    with Hub(runtime) as hub:
        action = proposing.plan(hub, git, parsing.parse(overrides), folder)
        if dry_run:
            run.would(proposing.shown(action), proposing.worded(action))
            return
        said = proposing.act(hub, git, action)
    steps.say(said)
    run.summarise(runtime, f"{said[:1].upper()}{said[1:]}.")
