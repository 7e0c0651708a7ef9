"""What happens on the stage: what jobs of workflows do, and what you do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.models.card import Card
from driftloop.rehearsal import telling
from driftloop.rehearsal.stage import PROPOSE, RETRAIN, WATCH
from driftloop.store.files import CARD, MODEL, write_json

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from driftloop.githubstub import Issue
    from driftloop.rehearsal.stage import Stage

ADDED = ("params.yaml", "dvc.lock", "metrics", "models/production")


def begin(stage: Stage, until: date, *, first: date | None) -> None:
    """Bring main to a day, and make a first production model there, `first`, unless that is None."""
    with stage.checkout("begin") as where:
        if first:
            _first(stage, where, first)
        _pipeline(stage, where, until)
        stage.commit(where, f"data until {until}", *ADDED)


def _first(stage: Stage, where: Path, until: date) -> None:
    write_json(where / CARD, Card().model_dump(mode="json"))
    (where / MODEL).unlink(missing_ok=True)
    _pipeline(stage, where, until)
    stage.driftloop(where, "promote", "--first", "--force")  # a short beginning may lack values that come later
    card = stage.read_card(where)
    stage.tell.came_out(f"v{card.version} exists in the rehearsal alone: {card.rows:,} rows, {card.trained}")


def _pipeline(stage: Stage, where: Path, until: date, *stages: str) -> None:
    stage.driftloop(where, "refresh", "--until", f"{until}")
    stage.dvc(where, "repro", *stages)


def watch(stage: Stage, until: date) -> None:
    """Do what the scheduled workflow does: look at the data, decide, tell people."""
    with stage.checkout("monitor") as where:
        _pipeline(stage, where, until, "monitor")
        for line in telling.decision(stage.decide(where)):
            stage.tell.came_out(line)
        stage.tell.came_out(stage.driftloop(where, "ci", "alert", job=WATCH))
        stage.show(where)
    for alert in stage.alerts:
        stage.tell.came_out(f"open: #{alert.number} “{alert.title}”")


def ask(stage: Stage) -> None:
    """Set the label, as a maintainer does on the page of the alert."""
    number = stage.alert.number
    stage.label(number)
    starts = stage.server.world.events[-1].starts_workflows
    stage.tell.came_out(f"#{number} carries {', '.join(stage.alert.labels)}; {'a' if starts else 'no'} workflow starts")


def retrain(stage: Stage) -> None:
    """Do what the job does that trains, which may not write."""
    number, refs = stage.alert.number, stage.repo.git.refs()
    options = {"--issue": f"{number}", "--out": f"{stage.handover(number)}", "--until": f"{stage.decision.until}"}
    with stage.checkout("retrain") as where:
        args = [word for option in options.items() for word in option]
        said = stage.driftloop(where, "ci", "retrain", *args, job=RETRAIN, event=stage.event(number))
    stage.tell.came_out(said.splitlines()[-1].replace(f"{stage.folder}/", ""))
    if stage.repo.git.refs() == refs:
        stage.tell.came_out("nothing was pushed")


def propose(stage: Stage) -> None:
    """Do what the job does that writes, which trains nothing."""
    number, before = stage.alert.number, len(stage.repo.pulls)
    with stage.checkout("propose") as where:
        args = ("ci", "propose", "--from", f"{stage.handover(number)}")
        stage.tell.came_out(stage.driftloop(where, *args, job=PROPOSE, event=stage.event(number)))
    for pull in stage.repo.pulls[before:]:
        _show(stage, pull)
    if len(stage.repo.pulls) == before:
        labels = ", ".join(stage.repo.issues[number].labels)
        stage.tell.came_out(f"no branch, no pull request; labels of #{number} now: {labels}")


def _show(stage: Stage, issue: Issue) -> None:
    for line in stage.commits(issue):
        stage.tell.came_out(f"commit “{line}”")
    for line in stage.checks(issue):
        stage.tell.came_out(line)


def merge(stage: Stage) -> None:
    """Merge the open pull request, as a maintainer does on its page."""
    pull = next(each for each in stage.repo.pulls if each.state == "open")
    before = {each.number for each in stage.alerts}
    stage.merge(pull.number)
    card = stage.card()
    stage.tell.came_out(f"#{pull.number} merged: production on main is v{card.version}, trained on {card.trained}")
    closed = before - {each.number for each in stage.alerts}
    stage.tell.came_out(f"closed by the merge: {', '.join(f'#{number}' for number in sorted(closed)) or 'nothing'}")
