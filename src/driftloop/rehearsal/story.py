"""A story is a row of steps; that of the simulated data must come out as planted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from driftloop.alerting.labels import Label
from driftloop.errors import LoopError
from driftloop.rehearsal import acts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from driftloop.core.models.card import Card
    from driftloop.rehearsal.stage import Stage

    Facts = Iterable[tuple[str, Any, Any]]

FIRST, CALM, CHANGED, LATER, FAULTY = (
    date(2025, 1, 6), date(2025, 2, 3), date(2025, 4, 14), date(2025, 5, 12), date(2025, 6, 9),
)  # fmt: skip


def nothing(_: Stage) -> Facts:
    """Expect nothing."""
    return ()


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    title
        What happens, for people.
    act
        Makes it happen, and tells what came out.
    check
        What must be true then: what is looked at, what is expected, what was found.
    """

    title: str
    act: Callable[[Stage], None]
    check: Callable[[Stage], Facts] = nothing


def play(stage: Stage, steps: Iterable[Step]) -> None:
    """Take the steps.

    Raises
    ------
    LoopError
        Naming the first step that failed or came out differently.
    """
    for number, step in enumerate(steps, 1):
        stage.tell.step(number, step.title)
        try:
            step.act(stage)
            _compare(step.check(stage))
        except LoopError as exc:
            msg = f"rehearse: step {number}, “{step.title}”: {exc}"
            raise LoopError(msg) from exc
    if violations := stage.server.violations:
        msg = f"rehearse: against GitHub's description: {violations[0]}"
        raise LoopError(msg)


def _compare(facts: Facts) -> None:
    for what, expected, found in facts:
        if expected != found:
            msg = f"{what}: expected {expected}, got {found}"
            raise LoopError(msg)


def needs_first(card: Card) -> bool:
    """Whether the story has to make its own first model: there is no production, or it was trained after the change."""
    return card.trained_until is None or card.trained_until >= CALM


def simulated(card: Card) -> tuple[Step, ...]:
    """Return the story of the embedded data; its dates follow the events that the simulator plants."""
    first = FIRST if needs_first(card) else None
    version = 1 if first else card.version
    return (
        Step("The repository as of 3 February 2025 is pushed", lambda stage: acts.begin(stage, CALM, first=first)),
        Step("3 February: the scheduled run", _watch(CALM), _is("healthy", version, alerts=0)),
        Step("14 April: the scheduled run, ten weeks later", _watch(CHANGED), _is("outdated", version, alerts=1)),
        Step(
            "14 April: the same once more, and still one alert",
            _watch(CHANGED),
            _is("outdated", version, alerts=1, comments=0),
        ),
        Step("You set the label retrain-model on the alert", acts.ask, _asked),
        Step("A job retrains: it may read the repository, not write", acts.retrain, _not_pushed),
        Step("Another job verifies the result and proposes it", acts.propose, _proposed),
        Step("You merge", acts.merge, _promoted(version + 1)),
        Step("12 May: the scheduled run", _watch(LATER), _is("healthy", version + 1, alerts=0)),
        Step("9 June: the scheduled run", _watch(FAULTY), _is("data fault", version + 1, alerts=1)),
        Step("You set the label all the same", acts.ask, _asked),
        Step("A job retrains", acts.retrain, _not_pushed),
        Step("Another job answers", acts.propose, _refused),
    )


def _watch(until: date) -> Callable[[Stage], None]:
    return lambda stage: acts.watch(stage, until)


def _is(status: str, version: int, *, alerts: int, comments: int | None = None) -> Callable[[Stage], Facts]:
    def facts(stage: Stage) -> Facts:
        yield "status", status, stage.decision.status
        yield "version", version, stage.decision.version
        yield "open alerts", alerts, len(stage.alerts)
        if comments is not None:
            yield "comments on the alert", comments, len(stage.comments(stage.alert.number))

    return facts


def _asked(stage: Stage) -> Facts:
    event = stage.server.world.events[-1]
    yield "event", ("issues.labeled", True), (event.name, event.starts_workflows)


def _not_pushed(stage: Stage) -> Facts:
    yield "branches", {"refs/heads/main"}, _branches(stage)


def _proposed(stage: Stage) -> Facts:
    pulls = [each for each in stage.repo.pulls if each.state == "open" and each.pull]
    yield "open pull requests", 1, len(pulls)
    heads = {check["head_sha"]: check["conclusion"] for check in stage.repo.checks.values()}
    yield "check run on its head", "success", heads.get(pulls[0].pull.head_sha if pulls[0].pull else "")
    yield "its labels", [Label.PROPOSAL], pulls[0].labels


def _promoted(version: int) -> Callable[[Stage], Facts]:
    def facts(stage: Stage) -> Facts:
        yield "production on main", version, stage.card().version
        yield "open alerts", 0, len(stage.alerts)

    return facts


def _refused(stage: Stage) -> Facts:
    yield "pull requests", 1, len(stage.repo.pulls)
    yield "comments on the alert", 1, len(stage.comments(stage.alert.number))
    yield "labels of the alert", {Label.ALERT}, set(stage.alert.labels)
    yield "branches without an answer", set(), _branches(stage) - {"refs/heads/main", *_merged(stage)}


def _branches(stage: Stage) -> set[str]:
    return {ref for ref in stage.repo.git.refs() if ref not in _merged(stage)}


def _merged(stage: Stage) -> set[str]:
    return {f"refs/heads/{each.pull.head}" for each in stage.repo.pulls if each.pull and each.pull.merged_at}
