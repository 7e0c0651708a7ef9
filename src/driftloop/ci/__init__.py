"""`driftloop ci …`: what workflows call, and what a person may call in their place.

Facts of the run come from the environment of Actions, and the time of day from here. Each verb imports what it needs when
it runs.
"""

from __future__ import annotations

import typer

from driftloop.ci import accepting, acting, experiments, jobs, models, watching

app = typer.Typer(
    no_args_is_help=True,
    help="What workflows call: the loop on GitHub. `--dry-run` prints JSON, says it in words on standard error, and "
    "touches nothing.",
)
app.add_typer(acting.app)
app.add_typer(accepting.app)
app.add_typer(jobs.app)
app.add_typer(experiments.app)
app.add_typer(watching.app)
app.add_typer(models.app)
