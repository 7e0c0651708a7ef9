"""The checks, in one table: each takes a fact, and says whether it is well, and what to click or type if not."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop import publication
from driftloop.alerting.labels import LOOKS
from driftloop.core.dates import day, last
from driftloop.doctor.facts import Facts, Hosted, Unread
from driftloop.doctor.schedule import longest_gap
from driftloop.foreign import BY_NAME, MIB
from driftloop.params import Params
from driftloop.records import BRANCH
from driftloop.report.examination import Examination, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.doctor.facts import Clock, Remote, Schedule, Sizes, Store
    from driftloop.report.examination import State

GENERAL = "Settings → General → Features → Issues"
ACTIONS = "Settings → Actions → General"
PAGES = "Settings → Pages → Source: GitHub Actions"
ENABLE = "`gh workflow enable monitor.yml`, or Actions → Monitor → Enable workflow"
RUN = "Actions → Monitor → Run workflow"
# https://docs.github.com/repositories/creating-and-managing-repositories/repository-limits
LARGE_FILE = 50 * MIB
LARGE_REPOSITORY = 1024 * MIB
LARGE_BRANCH = 256 * MIB
# https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
IDLE_DAYS, SOON_DAYS = 60, 45
LATE = timedelta(days=2)  # what GitHub, and a day's data, may be late
AHEAD = timedelta(hours=1)  # what clocks may differ by
MOST_NAMED = 3
DISABLED = {
    "disabled_inactivity": f"GitHub has turned the schedule off, after {IDLE_DAYS} days without activity",
    "disabled_manually": "somebody has turned Monitor off",
    "disabled_fork": "the schedule is off, as in every fork",
}


class Told(NamedTuple):
    """What a check says."""

    state: State
    text: str
    remedy: str = ""


class Check(NamedTuple):
    """A check: its name, where its fact is, and how that is judged; None there is no check, an unread fact no judgement."""

    name: str
    fact: Callable[[Facts], Any]
    judge: Callable[[Any, Facts], Told]


def examine(facts: Facts) -> Examination:
    """Make all checks."""
    results = []
    for check in CHECKS:
        fact = check.fact(facts)
        if fact is not None:
            told = Told("not readable", fact.why, fact.remedy) if isinstance(fact, Unread) else check.judge(fact, facts)
            results.append(Result(check=check.name, state=told.state, text=told.text, remedy=told.remedy))
    return Examination(results=tuple(results))


def parameters(found: Params | str, _: Facts) -> Told:
    """Whether params.yaml can be used."""
    return Told("wrong", found) if isinstance(found, str) else Told("ok", "valid")


def columns(found: tuple[str, ...], _: Facts) -> Told:
    """Whether the data has the columns that params.yaml names."""
    if found:
        return Told("warning", _some(found), "correct `data:` in params.yaml, or the source")
    return Told("ok", "the newest data has the columns that params.yaml names")


def clock(found: Clock, facts: Facts) -> Told:
    """Whether the data ends where it should by the clock, and its newest row near there."""
    until, seen = found.until, max(found.until, found.measured or found.until)
    if not found.replayed and until > facts.now + AHEAD:
        return Told("wrong", f"source.until is {_on(until)}, ahead of this clock, and is never moved back by itself",
                    "if this clock is right, `driftloop refresh --until now`")  # fmt: skip
    if found.newest and until - found.newest > max(found.step, LATE):
        behind = (until - found.newest).days
        return Told("warning", f"the newest row is of {_on(found.newest)}, {behind} days before source.until",
                    "look whether the source still delivers")  # fmt: skip
    measured = last(seen.astimezone(found.zone).date())
    if found.replayed:
        return Told("ok", f"measured to {measured}; simulated or replayed data moves by steps")
    gap = longest_gap(facts.crons, facts.now.date()) or 1
    if facts.now - seen > timedelta(days=gap) + LATE:
        return Told("warning", f"data is measured only to {measured}", f"`driftloop refresh`, or {RUN}")
    return Told("ok", f"measured to {measured}")


def lock(why: str, _: Facts) -> Told:
    """Whether the stages may run with the code and packages that are installed."""
    return Told("wrong", why) if why else Told("ok", "names what is installed")


def pipeline(why: str, _: Facts) -> Told:
    """Whether dvc.lock belongs to this code, data and these parameters."""
    if why:
        return Told("warning", why, "`dvc repro`, then commit dvc.lock and metrics")
    return Told("ok", "up to date with code, parameters and data")


def changed(paths: tuple[str, ...], _: Facts) -> Told:
    """Whether the loop sees what is here."""
    if paths:
        return Told(
            "warning", f"not committed: {_some(paths)}", "commit and push them: the loop sees only what is on GitHub"
        )
    return Told("ok", "everything is committed")


def remote(found: Remote, _: Facts) -> Told:
    """Whether Git's remote can be read and written; a dry push sends nothing."""
    if found.not_reached:
        return Told("wrong", f"origin cannot be reached: {found.not_reached}",
                    "`git remote -v` shows its address, `git remote add origin …` adds one")  # fmt: skip
    if found.not_writable:
        return Told("warning", f"origin cannot be pushed to from here: {found.not_writable}",
                    "the loop on GitHub pushes with its own token; you need write access for your own changes")  # fmt: skip
    return Told("ok", "origin can be read and written")


def store(found: Store, _: Facts) -> Told:
    """Whether DVC's remote holds what dvc.lock names; whether it can be written, only a push shows."""
    if not found.name:
        return Told("ok", "none is set, and none is needed")
    if found.missing:
        return Told(
            "warning", f"{found.name} lacks {_some(found.missing)}", "`dvc push`; until then they are computed again"
        )
    return Told("ok", f"{found.name} can be read, and holds what dvc.lock names")


def sizes(found: Sizes, _: Facts) -> Told:
    """Whether anything has grown too large for GitHub, or for a run that reads it."""
    model, repository, records = found.model or 0, found.repository or 0, found.records or 0
    if model > BY_NAME["model.skops"]:
        return Told("wrong", f"the model is {_size(model)}, and GitHub refuses files above 100 MB",
                    "a smaller recipe, for instance a larger `train.params.min_samples_leaf`")  # fmt: skip
    named = (("repository", found.repository), ("model", found.model), (f"branch {BRANCH}", found.records))
    said = ", ".join(f"{name} {_size(size)}" for name, size in named if size is not None) or "nothing to measure"
    if model > LARGE_FILE:
        return Told(
            "warning", said, "GitHub warns of files above 50 MB, and each version stays in Git: a smaller recipe"
        )
    if records > LARGE_BRANCH:
        return Told(
            "warning", said, f"delete old folders below records/ on the branch {BRANCH}: every run reads them all"
        )
    if repository > LARGE_REPOSITORY:
        return Told("warning", said, "GitHub asks to stay below 1 GB: keep data on a DVC remote, and not in Git")
    return Told("ok", said)


def hosted(found: Hosted | str, _: Facts) -> Told:
    """Whether the repository is one that the loop can live in."""
    if isinstance(found, str):
        return Told("wrong", found, "another GITHUB_TOKEN, or the right GITHUB_REPOSITORY")
    if found.repository.archived:
        return Told(
            "wrong", "the repository is archived: nothing runs in it", "Settings → General → Unarchive this repository"
        )
    if found.repository.fork:
        return Told("warning", "the repository is a fork, in which Actions, issues and schedules are off until you turn them on",
                    "push to a new repository instead, or choose Use this template on the page of the original")  # fmt: skip
    return Told("ok", "no fork, and not archived")


def issues(found: Hosted, _: Facts) -> Told:
    """Whether there can be an alert."""
    return Told("ok", "on") if found.repository.has_issues else Told("wrong", "off, so nobody can be told", GENERAL)


def actions(on: bool, _: Facts) -> Told:  # noqa: FBT001 - the fact
    """Whether workflows run."""
    return Told("ok", "on") if on else Told("wrong", "off, so nothing runs", ACTIONS)


def proposals(may: bool, _: Facts) -> Told:  # noqa: FBT001 - the fact
    """Whether the loop may open its pull request."""
    if may:
        return Told("ok", "Actions may create them")
    return Told("warning", "Actions may not create them: the alert gets a link instead, with which you open one yourself",
                f"{ACTIONS} → Allow GitHub Actions to create and approve pull requests; where it is grey, the "
                "organization's settings")  # fmt: skip


def pages(found: Hosted, facts: Facts) -> Told:
    """Whether the report is published where it should be."""
    setting = facts.params.report.pages if isinstance(facts.params, Params) else "auto"
    decided = publication.decide(setting, lambda: found.repository)
    wanted = setting == "always" or (setting == "auto" and not found.repository.private)
    if wanted and not decided.pages:
        return Told("warning", "not set up: the report is an artifact of each run", PAGES)
    if wanted and found.pages_from == "legacy":
        return Told("warning", "built from a branch, and not by the workflow", PAGES)
    return Told("ok", "published by the workflow" if wanted else f"nothing is published: report.pages is {setting}")


def labels(there: frozenset[str], _: Facts) -> Told:
    """Whether people can set the labels that the loop reads."""
    known = {name.casefold() for name in there}
    missing = [str(label) for label in LOOKS if label not in known]
    if missing:
        return Told(
            "warning", f"missing: {', '.join(missing)}", "`driftloop setup`; the first alert would make them too"
        )
    return Told("ok", "all there")


def schedule(found: Schedule, facts: Facts) -> Told:
    """Whether Monitor runs by itself, and has done so."""
    if found.state is None:
        return Told("wrong", "the default branch has no Monitor", "push .github/workflows/monitor.yml to it")
    if found.state != "active":
        return Told("wrong", DISABLED.get(found.state, f"Monitor is {found.state}"), ENABLE)
    gap = longest_gap(facts.crons, facts.now.date())
    if gap is None:
        return Told("warning", "no schedule can be read: Monitor runs by hand only",
                    "`on: schedule:` in .github/workflows/monitor.yml, or models.yml for a model in a folder")  # fmt: skip
    began = found.last or found.since
    if began and facts.now - began > timedelta(days=gap) + LATE:
        ran = f"it ran last on {_on(found.last)}" if found.last else "it has never run"
        return Told("wrong", f"Monitor should run at least every {_days(gap)}, and by the schedule {ran}", ENABLE)
    idle = (facts.now - facts.committed).days if facts.committed else 0
    public = isinstance(facts.hosted, Hosted) and not facts.hosted.repository.private
    if public and idle > SOON_DAYS:
        return Told("warning", f"the newest commit is {idle} days old, and GitHub may turn schedules of public repositories off "
                    f"after {IDLE_DAYS} days without activity", f"commit something; once it is off, {ENABLE}")  # fmt: skip
    return Told("ok", f"active, {f'ran last on {_on(found.last)}' if found.last else 'not run yet'}")


def branch(protected: bool, _: Facts) -> Told:  # noqa: FBT001 - the fact
    """Whether the loop can write its records."""
    if protected:
        return Told("warning", "protected, and the loop has to push its records to it",
                    "Settings → Branches, or Rules: leave it out")  # fmt: skip
    return Told("ok", "open to the loop")


def _on_github(name: str) -> Callable[[Facts], Any]:
    """Find a fact of GitHub's; where nothing could be asked, one line says so."""
    return lambda facts: getattr(facts.hosted, name) if isinstance(facts.hosted, Hosted) else None


def _if_on_github(facts: Facts) -> Hosted | None:
    return facts.hosted if isinstance(facts.hosted, Hosted) else None


CHECKS: tuple[Check, ...] = (
    Check("params.yaml", lambda facts: facts.params, parameters),
    Check("columns", lambda facts: facts.columns, columns),
    Check("clock of the data", lambda facts: facts.clock, clock),
    Check("driftloop.lock", lambda facts: facts.lock, lock),
    Check("dvc.lock", lambda facts: facts.pipeline, pipeline),
    Check("uncommitted changes", lambda facts: facts.changed, changed),
    Check("Git remote", lambda facts: facts.remote, remote),
    Check("DVC remote", lambda facts: facts.store, store),
    Check("sizes", lambda facts: facts.sizes, sizes),
    Check("GitHub", lambda facts: facts.hosted, hosted),
    Check("issues", _if_on_github, issues),
    Check("Actions", _on_github("actions_on"), actions),
    Check("pull requests", _on_github("may_propose"), proposals),
    Check("Pages", _if_on_github, pages),
    Check("labels", _on_github("labels"), labels),
    Check("schedule", _on_github("schedule"), schedule),
    Check(f"branch {BRANCH}", _on_github("branch_protected"), branch),
)


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _days(gap: int) -> str:
    return "day" if gap == 1 else f"{gap} days"


def _on(moment: Any) -> str:
    return day(moment.astimezone(UTC).date())
