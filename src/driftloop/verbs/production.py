"""Verbs that change which model is production, and on which data it is judged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftloop.core.text import log
from driftloop.errors import LoopError
from driftloop.verbs.files import PARAMS, check_lock

app = typer.Typer()


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

    check_lock()
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


@app.command(epilog="Examples: driftloop accept --dry-run · driftloop accept · driftloop accept unit temperature")
def accept(
    columns: Annotated[
        list[str] | None, typer.Argument(help="Only changes of these columns.", show_default="all")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show before and after, and touch nothing.")] = False,
) -> None:
    """Accept the changes of columns that the newest decision names as normal: data.accepted in params.yaml."""
    from driftloop.acceptance import wording
    from driftloop.alerting.act import newest
    from driftloop.core.decision.acceptance import acceptance
    from driftloop.params import edit, load_params
    from driftloop.store.files import write_text

    params = load_params(PARAMS)
    if unknown := sorted(set(columns or []) - set(params.data.features)):
        msg = f"COLUMNS: expected columns of data.numerical or data.categorical, got {', '.join(unknown)}"
        raise LoopError(msg)
    found = acceptance(newest(Path()), params.data, columns or [])
    if shown := wording.screen(found):
        typer.echo(log(shown))
    if not found.entries:
        typer.echo("nothing to accept: the newest decision names no such change that is not accepted already")
        return
    text = edit.with_accepted(PARAMS.read_bytes().decode("utf-8"), found.entries)
    if not dry_run:
        write_text(PARAMS, text)
    typer.echo(f"data.accepted: {'would get' if dry_run else 'got'} {len(found.entries)} more")
    typer.echo("Next: dvc repro, and open a pull request with params.yaml, dvc.lock and metrics")
