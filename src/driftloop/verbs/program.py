"""All verbs as one program. Each imports what it needs when it runs."""

from __future__ import annotations

import typer

from driftloop import ci
from driftloop.verbs import hosting, production, project, showing

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keep a tabular model healthy in production from inside a Git repository.",
    epilog="The pipeline itself is plain DVC: `dvc repro`, `dvc exp run -S …`, `dvc metrics diff`.",
)
for each in (project, showing, production, hosting):
    app.add_typer(each.app)
app.add_typer(ci.app, name="ci")
