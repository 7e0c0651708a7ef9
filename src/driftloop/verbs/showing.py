"""Verbs that show what was found: on the screen, in tables, as pages."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from driftloop.core import text
from driftloop.errors import LoopError
from driftloop.verbs.files import PARAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.folders import Model

app = typer.Typer()


@app.command(epilog="Example: driftloop status")
def status() -> None:
    """Show the newest decision and verdict on one screen."""
    from driftloop import dvc
    from driftloop.core.decision.values import Decision
    from driftloop.core.judging.verdict import Report
    from driftloop.core.models.card import Card
    from driftloop.github import steps
    from driftloop.lock import check as locking
    from driftloop.params import load_params
    from driftloop.report.markdown import fenced
    from driftloop.report.screen import screen
    from driftloop.store import files

    params = load_params(PARAMS)  # DVC does not see a key that no stage knows
    root = Path()
    dvc.check_merged(root)
    decision = files.read_value(root / files.DECISION, Decision)
    there = (root / files.VERDICT).exists()
    report = files.read_value(root / files.VERDICT, Report) if there else None
    card = files.read_value(root / files.CARD, Card)
    overtaken = card.model == decision.model and card.version != decision.version
    page = Path("_site/index.html")
    shown = screen(
        decision,
        None if overtaken else report,
        advise="GITHUB_ACTIONS" not in os.environ,
        page=page.as_posix() if (root / page).is_file() else None,
    )
    if overtaken:
        shown += f"\n\nProduction is v{card.version} since then"
    if (root / locking.LOCK).exists() and (stale := locking.stale(root, params)):
        shown += f"\n\n{stale}"
    steps.say(shown)
    steps.summarise(os.environ, fenced(shown))


@app.command(
    epilog="Examples: driftloop explain · driftloop explain 2025-04-14 · driftloop explain monitor-7-1 --replay"
)
def explain(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A record of the branch `driftloop`, by id of its run, time, commit or file, or their beginning.",
            show_default="the newest decision, of this working tree or of the records",
        ),
    ] = None,
    *,
    replay: Annotated[
        bool, typer.Option("--replay", help="Derive the decision anew from what was recorded, and compare.")
    ] = False,
) -> None:
    """Say which rule decided, by how much, and what would have changed it."""
    from driftloop import explain as explaining
    from driftloop.git import Git

    found = explaining.subject(Path(), Git(Path()), run)
    typer.echo(found.text)
    if replay:
        from driftloop import replay as replaying

        replayed = replaying.replay(Path(), Git(Path()), found)
        typer.echo(f"\n{replayed.text}")
        raise SystemExit(0 if replayed.agrees else 1)


@app.command(epilog="Examples: driftloop versions · driftloop versions --json")
def versions(*, as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False) -> None:
    """Show every production model there ever was: what it learned from, who asked for it, and what ended it."""
    from rich.console import Console

    from driftloop import lineage, records
    from driftloop.core.judging.metrics import unit_of
    from driftloop.git import Git
    from driftloop.params import load_params
    from driftloop.report import versions as lives
    from driftloop.report.dashboard import history
    from driftloop.report.dashboard.versions import versions as assemble

    params, git, now = load_params(PARAMS), Git(Path()), datetime.now(tz=UTC)
    runs = history.runs(records.read(git), params.model)
    found = assemble(runs, lineage.every(git, params.model), history.repository(runs))
    if as_json:
        typer.echo(text.data(lives.data(found, now=now)))
        return
    if not found:
        typer.echo(
            "no version is known: neither Git's history nor the branch driftloop names one; in a shallow clone run "
            "`git fetch --unshallow --tags`"
        )
        return
    console, metric = Console(highlight=False), params.evaluate.metric
    console.print(lives.table(found, console, now=now, metric=metric, unit=unit_of(metric, params.data.target_unit)))


@app.command(epilog="Examples: driftloop site · driftloop site --serve · driftloop site --all")
def site(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the pages; an earlier one is replaced.")] = Path("_site"),
    serve: Annotated[bool, typer.Option("--serve", help="Show them here, and reload when a run ends.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With the pages of the other models of this repository, and a list of all.")
    ] = False,
) -> None:
    """Build the pages that GitHub Pages would show: the dashboard, and Evidently's report."""
    from driftloop import folders, lineage, records
    from driftloop.git import Git
    from driftloop.report import site as pages

    if every and len(models := folders.find(Git(Path()))) > 1:
        typer.echo(f"built {_all(models, out)}: the pages of {', '.join(each.name for each in models)}")
        return
    known, changes = records.read(Git(Path())), lineage.read(Git(Path()))

    def build() -> Path:
        return pages.build(Path(), out, built=datetime.now(tz=UTC), records=known, changes=changes)

    if not serve:
        typer.echo(f"built {build()}: open it in a browser")
        return
    from driftloop.report.dashboard.serve import Server

    with Server(Path(), out, build=build) as server:
        typer.echo(f"{server.url} shows {out}, and reloads when a run ends; Ctrl-C stops it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo()


def _all(models: Sequence[Model], out: Path) -> Path:
    """Build the pages of several models; of those of other folders, what their runs have kept and may be published too."""
    from driftloop import lineage, publication, records
    from driftloop.foreign import jsonfile
    from driftloop.git import Git
    from driftloop.params import load_params
    from driftloop.report import site as pages

    top = Path(Git(Path()).run("rev-parse", "--show-cdup"))
    mine, projects = load_params(PARAMS).report.pages, []
    for model in models:
        git = Git(top / model.folder)
        with suppress(LoopError):  # parameters that cannot be read do not allow it
            if not publication.goes_along(load_params(git.root / PARAMS).report.pages, mine):
                continue
            kept = records.kept(git, "overview")
            overview = jsonfile.read(kept, where="overview") if kept else None
            projects.append(pages.Project(model.name, git.root, records.read(git), lineage.read(git), overview))
    return pages.build_all(projects, out, built=datetime.now(tz=UTC))


@app.command(
    epilog="Examples: driftloop backtest · driftloop backtest --answer-days 7 · driftloop backtest --since 2024-06-01 "
    "--alerts-a-year 4"
)
def backtest(
    *,
    answer_days: Annotated[int, typer.Option(min=0, help="Days from an alert to somebody's answer.")] = 3,
    alerts_a_year: Annotated[float, typer.Option(min=0, help="How many you will answer; for the recommendation.")] = 6,
    first_days: Annotated[
        int | None,
        typer.Option(min=1, help="Days that the first production is trained on.", show_default="a third, at most 365"),
    ] = None,
    since: Annotated[str | None, typer.Option(help="First day of the history.", show_default="all there is")] = None,
    until: Annotated[str | None, typer.Option(help="First day after it.", show_default="source.until")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the training window auto: a fifth of the fits.")
    ] = False,
    told: Annotated[
        bool, typer.Option("--told", help="Only what you would have been told under your settings.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes; -1: one per processor.")] = -1,
) -> None:
    """Replay your history: what you would have been told, and what other policies would have cost and asked."""
    from rich.console import Console

    from driftloop import own_code
    from driftloop.backtest import retelling, telling
    from driftloop.backtest import run as replaying
    from driftloop.backtest import table as words
    from driftloop.params import load_params
    from driftloop.store import files

    own_code.allow_imports(Path())
    params = load_params(PARAMS)
    options = replaying.Options(
        answer_days=answer_days,
        first_days=first_days,
        since=replaying.parse_day(since, "--since"),
        until=replaying.parse_day(until, "--until"),
        alerts_a_year=alerts_a_year,
        quick=quick,
        jobs=jobs,
    )
    console = Console(width=max(Console().width, words.WIDTH), highlight=False)
    if told:
        retold = retelling.retell(params, Path(), options)
        retelling.write(retold, Path())
        telling.show(retold, console)
        return
    done = replaying.run(params, Path(), options)
    replaying.write(done, params, Path())
    retold = retelling.of(done, params)
    retelling.write(retold, Path())
    typer.echo(words.head(done.schedule, params, rows=done.rows))
    telling.show_told(retold, console)
    console.print()
    console.print(words.table(done.lines, unit=params.data.target_unit, metric=params.evaluate.metric))
    for line in (*words.notes(done.lines), "", *words.recommended(done.recommendation), ""):
        typer.echo(line)
    typer.echo(f"{done.fits} fits, {done.seconds:.0f} s · {files.BACKTEST} · {replaying.FRONTIER} · {files.REPLAY}")
