"""The verbs. Each imports what it needs when it runs; errors become one line and exit code 1 here alone."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftloop import ci
from driftloop.core import text
from driftloop.errors import LoopError

PARAMS = Path("params.yaml")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keep a tabular model healthy in production from inside a Git repository.",
    epilog="The pipeline itself is plain DVC: `dvc repro`, `dvc exp run -S …`, `dvc metrics diff`.",
)
app.add_typer(ci.app, name="ci")


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
    typer.echo(f"Next: cd {folder} && make repro")


@app.command(epilog="Examples: driftloop upgrade --dry-run · uvx driftloop@latest upgrade")
def upgrade(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and touch nothing.")] = False
) -> None:
    """Bring the project in this folder to this version of driftloop; what a team has edited is kept."""
    from driftloop.project import upgrading

    root = Path()
    was, new, changes = upgrading.plan(root)
    for change in changes:
        if dry_run or change.kind in ("merged", "conflict"):
            typer.echo(change.diff)
    for change in changes:
        typer.echo(f"{change.kind:9} {change.path}{f': {change.note}' if change.note else ''}")
    if not changes:
        typer.echo(f"the files are those of driftloop {was.driftloop}")
    if not dry_run:
        upgrading.act(root, was, new, changes, say=typer.echo)
        typer.echo("Next: make repro, look at `git diff`, and commit")


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


@app.command(
    epilog="Examples: driftloop refresh · driftloop refresh --until 2025-04-07 · driftloop refresh --until now"
)
def refresh(
    until: Annotated[
        str | None,
        typer.Option(
            envvar="DRIFTLOOP_UNTIL",
            help="Date, time or `now`. Without it: now, or one step further for simulated and replayed data.",
        ),
    ] = None,
) -> None:
    """Look at the source: move source.until and write source.fingerprint in params.yaml."""
    from driftloop import refresh as refreshing

    _check_lock()
    done = refreshing.refresh(PARAMS, until=until, now=datetime.now(tz=UTC))
    typer.echo(
        f"source.until: {done.before} → {done.after}" if done.before != done.after else "source.until: unchanged"
    )
    if done.ahead:
        typer.echo(
            "source.until lies after now, and is never moved back; `--until now` does so, if this clock is right"
        )
    typer.echo(f"source.fingerprint: {'changed' if done.changed else 'unchanged'}")
    typer.echo("Next: dvc repro")


@app.command(epilog="Examples: driftloop promote · driftloop promote --first · driftloop promote --dry-run")
def promote(
    *,
    first: Annotated[bool, typer.Option("--first", help="There is no production model yet: make version 1.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Promote against the verdict.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and touch nothing.")] = False,
) -> None:
    """Make the candidate production: models/production/."""
    from driftloop import lineage
    from driftloop import promote as promoting
    from driftloop.git import Git
    from driftloop.params import load_params

    params = load_params(PARAMS)
    highest = lineage.highest(Git(Path()), params.model)
    promotion = promoting.plan(params, Path(), first=first, force=force, highest=highest)
    card = promotion.card
    if not dry_run:
        promoting.apply(promotion, Path())
    typer.echo(
        f"{'would promote' if dry_run else 'promoted'} {card.model} to v{card.version} "
        f"(verdict: {promotion.outcome}; trained on {card.rows:,} rows, {card.trained})"
    )
    typer.echo("Next: dvc repro, then commit models/production, metrics, params.yaml and dvc.lock")


@app.command(epilog="Examples: driftloop rollback --to v1 --dry-run · driftloop rollback --to v1")
def rollback(
    *,
    to: Annotated[str, typer.Option(metavar="VERSION", help="Which version: one that `driftloop versions` shows.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and touch nothing.")] = False,
) -> None:
    """Bring an earlier version back into production, as a new version."""
    from driftloop import rollback as restoring
    from driftloop.git import Git
    from driftloop.params import load_params

    params = load_params(PARAMS)
    found = restoring.plan(params, Path(), restoring.find(Git(Path()), restoring.number(to), params))
    if not dry_run:
        restoring.apply(found, Path())
    card = found.card
    typer.echo(restoring.worded(found))
    typer.echo(
        f"{'would restore' if dry_run else 'restored'} {card.model} v{card.restores} as v{card.version} "
        f"(trained on {card.rows:,} rows, {card.trained})"
    )
    typer.echo("Next: dvc repro, then commit models/production, metrics, params.yaml and dvc.lock")


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


@app.command(epilog="Examples: driftloop approve · driftloop approve --weeks 26 · driftloop approve --until 2025-07-14")
def approve(
    *,
    weeks: Annotated[
        int | None, typer.Option(min=1, max=52, help="For how long.", show_default="retrain.standing_weeks")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="In place of --weeks: the end (exclusive), to repeat what was judged under it.")
    ] = None,
) -> None:
    """Allow fresh models for some weeks, where there is no alert to set the label keep-fresh on."""
    from driftloop.backtest.run import parse_day
    from driftloop.core.decision.approval import Approval
    from driftloop.core.windows import end_day
    from driftloop.params import edit, load_params
    from driftloop.store.files import write_text

    params = load_params(PARAMS)
    since = end_day(params.source.until_instant, params.zone)
    end = parse_day(until, "--until")
    if end and (weeks or end <= since):
        wanted = "a date alone" if weeks else f"a day after the end of the data, {since}"
        msg = f"--until: expected {wanted}, got {until}{f' and --weeks {weeks}' if weeks else ''}"
        raise LoopError(msg)
    end = end or Approval.given("params.yaml", since, weeks or params.retrain.standing_weeks, 0).until
    write_text(PARAMS, edit.with_approval(PARAMS.read_bytes().decode("utf-8"), end))
    typer.echo(f"retrain.standing_until: {end}")
    typer.echo(
        "Next: dvc repro, and open a pull request with params.yaml and dvc.lock; once it is merged, Monitor opens an issue"
    )


@app.command(epilog="Examples: driftloop params · driftloop params --schema > params.schema.json")
def params(
    *, schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema that editors use.")] = False
) -> None:
    """Check params.yaml and show it with all defaults."""
    from driftloop.params import Params, load_params

    shown = Params.model_json_schema() if schema else load_params(PARAMS).model_dump(mode="json")
    typer.echo(text.data(shown))


@app.command(epilog="Examples: driftloop site · driftloop site --serve")
def site(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the pages; an earlier one is replaced.")] = Path("_site"),
    serve: Annotated[bool, typer.Option("--serve", help="Show them here, and reload when a run ends.")] = False,
) -> None:
    """Build the pages that GitHub Pages would show: the dashboard, and Evidently's report."""
    from driftloop import lineage, records
    from driftloop.git import Git
    from driftloop.report import site as pages

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


@app.command(
    epilog="Examples: driftloop doctor · GITHUB_TOKEN=$(gh auth token) driftloop doctor · driftloop doctor --json"
)
def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False) -> None:
    """Look for all that could stop the loop, here and on GitHub, and change nothing; exit code 1 if something does."""
    from rich.console import Console

    from driftloop.doctor.run import examine
    from driftloop.report import examination

    found = examine(Path(), os.environ, now=datetime.now(tz=UTC))
    if as_json:
        typer.echo(text.data(found.model_dump(mode="json")["results"]))
    else:
        examination.show(found, Console(width=max(Console().width, examination.NARROWEST), highlight=False))
    if found.having("wrong"):
        raise typer.Exit(1)


@app.command(epilog="Examples: driftloop setup --dry-run · GITHUB_TOKEN=$(gh auth token) driftloop setup")
def setup(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and touch nothing.")] = False
) -> None:
    """Make the labels and the branch of records on GitHub; what is there stays as it is."""
    from driftloop import setup as setting_up
    from driftloop.doctor import hosting
    from driftloop.git import Git
    from driftloop.github.hub import Hub

    runtime = hosting.runtime(os.environ, Git(Path()))
    git = Git(Path(), token=runtime.token, server_url=runtime.server_url)
    with Hub(runtime) as hub:
        missing = setting_up.plan(hub, git)
        if not dry_run:
            setting_up.act(hub, git, missing, datetime.now(tz=UTC))
    for line in setting_up.told(missing, dry_run=dry_run):
        typer.echo(line)


@app.command(epilog="Examples: driftloop rehearse · driftloop rehearse --keep")
def rehearse(
    *, keep: Annotated[bool, typer.Option("--keep", help="Leave the temporary folder, and say where it is.")] = False
) -> None:
    """Play the whole loop here, without account or network; its texts are written to rehearsal/."""
    from driftloop.rehearsal import rehearse as play

    play(Path(), keep=keep, say=typer.echo)


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


@app.command(epilog="Examples: driftloop lock · driftloop lock --check")
def lock(
    *, check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 if they differ.")] = False
) -> None:
    """Write driftloop.lock: the code and the package versions that each stage depends on."""
    from driftloop.lock import check as locking
    from driftloop.params import load_params

    if check:
        _check_lock()
        typer.echo(f"{locking.LOCK} is what is installed")
        return
    changed = locking.write(Path(), load_params(PARAMS))
    for stage, reasons in changed.items():
        typer.echo(f"{stage}: {', '.join(reasons)}")
    typer.echo("Next: dvc repro" if changed else f"{locking.LOCK} was up to date")


@app.command(hidden=True)
def stage(name: str) -> None:
    """Run one stage of dvc.yaml; DVC calls this."""
    from importlib import import_module

    from driftloop import own_code
    from driftloop.lock import check as locking
    from driftloop.lock.content import STAGES
    from driftloop.params import load_params

    if name not in STAGES:
        msg = f"stage: expected one of {', '.join(STAGES)}, got {name!r}"
        raise LoopError(msg)
    root = Path()
    locking.require(root, name)
    own_code.allow_imports(root)
    # When skops is imported, it looks for each of SciPy's functions in all modules that were loaded before them: a second or
    # two in every stage with a model, unless they come first.
    import scipy.special  # noqa: F401

    module = import_module(STAGES[name])
    (module.measure if name == "backtest" else module.run)(load_params(PARAMS), root)


def _check_lock() -> None:
    """Refuse what `dvc repro` would refuse too: code or packages that the lock does not name."""
    from driftloop.lock import check as locking
    from driftloop.params import load_params

    if stale := locking.stale(Path(), load_params(PARAMS)):
        raise LoopError(stale)


def main() -> None:
    """Run a verb."""
    try:
        app()
    except LoopError as exc:
        line = text.log(text.line(str(exc)))
        sys.stderr.write(f"{line}\n")
        _tell_run(line)
        raise SystemExit(1) from exc


def _tell_run(line: str) -> None:
    """Put an error on the page of the run, where people look first."""
    from driftloop.github import steps

    steps.summarise(os.environ, f"**Failed:**\n\n    {line}")  # indented: nothing in it is Markdown
