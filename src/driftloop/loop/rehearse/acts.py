"""What happens on the stage: what jobs of workflows do, and what you do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.artifacts import CARD, MODEL, write_json
from driftloop.core.production import Card
from driftloop.loop.rehearse import telling
from driftloop.loop.rehearse.stage import PROPOSE, RETRAIN, WATCH

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from driftloop.loop.rehearse.stage import Stage

ADDED = ("params.yaml", "dvc.lock", "metrics", "models/production")


def begin(stage: Stage, until: date, *, first: date | None) -> None:
    """Bring main to a day, and make a first production model there, `first`, unless that is None."""
    where = stage.checkout("begin")
    if first:
        write_json(where / CARD, Card().model_dump(mode="json"))
        (where / MODEL).unlink(missing_ok=True)
        _pipeline(stage, where, first)
        stage.driftloop(where, "promote", "--first")
        card = stage.read_card(where)
        stage.tell.came_out(f"v{card.version} exists in the rehearsal alone, trained on {card.rows:,} rows, {card.trained}")
    _pipeline(stage, where, until)
    stage.commit(where, f"data until {until}", *ADDED)


def _pipeline(stage: Stage, where: Path, until: date, *stages: str) -> None:
    stage.driftloop(where, "refresh", "--until", f"{until}")
    stage.dvc(where, "repro", *stages)


def watch(stage: Stage, until: date) -> None:
    """Do what the scheduled workflow does: look at the data, decide, tell people."""
    where = stage.checkout("monitor")
    _pipeline(stage, where, until, "monitor")
    for line in telling.decision(stage.decide(where)):
        stage.tell.came_out(line)
    said = stage.driftloop(where, "ci", "alert", job=WATCH)
    stage.tell.came_out(said)
    for alert in stage.alerts:
        stage.tell.came_out(f"open: #{alert.number} “{alert.title}”")


def ask(stage: Stage) -> None:
    """Set the label, as a maintainer does on the page of the alert."""
    number = stage.alert.number
    stage.label(number)
    started = stage.server.world.events[-1].starts_workflows
    stage.tell.came_out(f"#{number} carries {', '.join(stage.alert.labels)}; {'a' if started else 'no'} workflow starts")


def retrain(stage: Stage) -> None:
    """Do what the job does that trains, which may not write."""
    number, refs = stage.alert.number, stage.repo.git.refs()
    out = stage.handover(number)
    stage.tell.came_out(
        stage.driftloop(
            stage.checkout("retrain"), "ci", "retrain", "--issue", f"{number}", "--out", str(out),
            "--until", f"{stage.decision.until}", job=RETRAIN, event=stage.event(number),
        ).splitlines()[-1].replace(f"{stage.folder}/", "")
    )  # fmt: skip
    if stage.repo.git.refs() == refs:
        stage.tell.came_out("nothing was pushed: this job's token may read, and no more")


def propose(stage: Stage) -> None:
    """Do what the job does that writes, which trains nothing."""
    number, before = stage.alert.number, len(stage.repo.pulls)
    said = stage.driftloop(
        stage.checkout("propose"), "ci", "propose", "--from", str(stage.handover(number)),
        job=PROPOSE, event=stage.event(number),
    )  # fmt: skip
    stage.tell.came_out(said)
    for pull in stage.repo.pulls[before:]:
        _show(stage, pull.number)
    if len(stage.repo.pulls) == before:
        stage.tell.came_out(f"labels of #{number} now: {', '.join(stage.repo.issues[number].labels)}; no branch, no pull request")


def _show(stage: Stage, number: int) -> None:
    pull = stage.repo.issues[number].pull
    if pull is None:
        return
    commits = stage.repo.git.commits(f"{pull.base_sha}..{pull.head_sha}")
    stage.tell.came_out(f"{pull.head}: {'; '.join(each.message.strip() for each in reversed(commits))}")
    for check in stage.repo.checks.values():
        if check["head_sha"] == pull.head_sha:
            stage.tell.came_out(f"check “{check['name']}”: {check['conclusion']}: {check['output']['title']}")


def merge(stage: Stage) -> None:
    """Merge the open pull request, as a maintainer does on its page."""
    pull = next(each for each in stage.repo.pulls if each.state == "open")
    stage.merge(pull.number)
    card = stage.card()
    stage.tell.came_out(f"#{pull.number} merged: production on main is v{card.version}, trained on {card.trained}")
    closed = [each for each in stage.repo.issues.values() if not each.pull and each.state == "closed"]
    stage.tell.came_out(f"closed by the merge: {', '.join(f'#{each.number}' for each in closed) or 'nothing'}")
