"""The one issue that says that monitoring itself fails: from the second failed run in a row to the next good one.

The records on the branch `driftloop` say which runs failed, so a job that is run again decides the same.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, assert_never

from driftloop.alerting.labels import Label, make_label
from driftloop.core.dates import day
from driftloop.github.values import has, same
from driftloop.nothing import Nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from driftloop.github.hub import Hub, Issue

FEWEST = 2  # one failed run may be GitHub's, and the next one makes it good
MARKER = re.compile(r"<!-- driftloop:monitoring (\S+?)(?: (\S+))? -->")
COMMENT = "<!-- driftloop:monitoring-over -->"
# Whoever may push to the branch may write records.
RUN = re.compile(r"https?://[\w.:-]+/[\w.-]+/[\w.-]+/actions/runs/\d+", re.ASCII)
JOB = re.compile(r"[\w-]{1,40}", re.ASCII)


@dataclass(frozen=True)
class Run:
    """A monitoring run, with all its attempts.

    Attributes
    ----------
    failed
        Whether its newest attempt failed.
    time
        When it was recorded first.
    job, url
        Which job failed, and the page of the run; empty where they are not known.
    """

    failed: bool
    time: datetime
    job: str = ""
    url: str = ""


@dataclass(frozen=True)
class Open:
    """Open the issue, about the model of a folder."""

    title: str
    body: str
    folder: str = ""


@dataclass(frozen=True)
class Update:
    """Bring the open issue up to date; nobody is told again."""

    number: int
    title: str
    body: str


@dataclass(frozen=True)
class Close:
    """Close an issue with one sentence."""

    number: int
    comment: str


Action = Open | Update | Close | Nothing


def runs(records: Iterable[dict[str, Any]]) -> list[Run]:
    """Read the monitoring runs, in the order of their newest attempts; what is no record of one is passed over."""
    found: dict[str, Run] = {}
    for place, record in enumerate(records):
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            if record["kind"] != "monitor":
                continue
            key = str(record["run"]["id"]) or f"record {place}"
            run, before = _run(record), found.pop(key, None)
            found[key] = Run(run.failed, before.time if before else run.time, run.job, run.url)
    return list(found.values())


def _run(record: dict[str, Any]) -> Run:
    time = datetime.fromisoformat(record["time"])
    job, url = str(record.get("failed_in") or ""), str(record["links"].get("run", ""))
    return Run(
        failed=record["outcome"] == "failed",
        time=time if time.tzinfo else time.replace(tzinfo=UTC),
        job=job if JOB.fullmatch(job) else "",
        url=url if RUN.fullmatch(url) else "",
    )


def failing(known: Sequence[Run]) -> list[Run]:
    """List the runs that have failed since the last good one, oldest first."""
    return list(takewhile(lambda run: run.failed, reversed(known)))[::-1]


def plan(known: Sequence[Run], found: Sequence[Issue], run_url: str, folder: str = "") -> tuple[Action, ...]:
    """Decide what to do about the issue.

    Parameters
    ----------
    known
        The monitoring runs, oldest first.
    found
        Issues of ours about failing monitoring, open and closed.
    run_url
        Page of this run; empty outside Actions.
    folder
        Of the model; empty for the top of the repository.
    """
    failed, there = failing(known), [issue for issue in found if issue.open]
    if known and not failed:
        closing = tuple(Close(issue.number, over(run_url)) for issue in there)
        return closing or (Nothing("monitoring works"),)
    if len(failed) < FEWEST:
        return (Nothing("no two monitoring runs in a row have failed"),)
    headline, text = title(failed, folder), body(failed, folder)
    if there:
        first = there[0]
        if same(first.title, headline) and same(first.body, text):
            return (Nothing(f"#{first.number} says so already"),)
        return (Update(first.number, headline, text),)
    silenced = next((issue for issue in found if _since(issue) == failed[0].time.isoformat()), None)
    if silenced:
        return (Nothing(f"#{silenced.number} was closed by hand, and no run has ended well since"),)
    return (Open(headline, text, folder),)


def ours(hub: Hub, folder: str = "") -> list[Issue]:
    """List the issues about failing monitoring of a folder's model that the loop itself opened, oldest first.

    Labels may have been taken off.
    """
    login = hub.login()
    listed = [*hub.issues(label=Label.MONITOR, state="all"), *hub.issues_by(login)]
    found = {each.number: each for each in listed if each.author == login and _is_about(each, folder)}
    return [found[number] for number in sorted(found)]


def act(hub: Hub, action: Action) -> str:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Open():
            make_label(hub, Label.MONITOR)
            labels = [Label.MONITOR]
            made = hub.open_issue(
                action.title,
                action.body,
                labels,
                find=lambda: next((each for each in ours(hub, action.folder) if each.open), None),
            )
            return f"opened #{made.number}"
        case Update():
            edited = hub.edit_issue(action.number, title=action.title, body=action.body)
            if not has(edited.labels, Label.MONITOR):
                hub.add_labels(action.number, Label.MONITOR)
            return f"updated #{action.number}"
        case Close():
            hub.comment(action.number, f"{COMMENT}\n{action.comment}", marker=COMMENT, author=hub.login())
            hub.edit_issue(action.number, state="closed", state_reason="completed")
            return f"closed #{action.number}"
        case Nothing():
            return f"did nothing: {action.reason}"
        case _:
            assert_never(action)


def shown(action: Action) -> dict[str, Any]:
    """Write an action as JSON data."""
    return {"action": type(action).__name__.lower(), **asdict(action)}


def worded(action: Action) -> str:
    """Describe what would be done."""
    match action:
        case Open():
            return f"would open an issue: {action.title}\n\n{action.body}"
        case Update():
            return f"would update #{action.number}: {action.title}\n\n{action.body}"
        case Close():
            return f"would close #{action.number} and comment: {action.comment}"
        case Nothing():
            return f"would do nothing: {action.reason}"
        case _:
            assert_never(action)


def title(failed: Sequence[Run], folder: str = "") -> str:
    """Write the title of the issue; it stays the same while the runs go on failing."""
    what = f"Monitoring of {folder} itself fails" if folder else "Monitoring itself fails"
    return f"{what} since {day(failed[0].time.astimezone(UTC).date())}"


def body(failed: Sequence[Run], folder: str = "") -> str:
    """Write the text of the issue."""
    first, newest = failed[0], failed[-1]
    where = f", in the job *{newest.job}*" if newest.job else ""
    return (
        f"<!-- driftloop:monitoring {first.time.isoformat()}{f' {folder}' if folder else ''} -->\n"
        f"**Nobody watches the model{f' in {folder}' if folder else ''}.** The last {len(failed)} runs of Monitor have failed. The first was "
        f"{_linked(first)}, the newest {_linked(newest)}{where}. The alert and the dashboard show what was measured before.\n\n"
        "**What to do:** the page of the newest run says what went wrong, and what to do about it. Then start "
        f"*Actions → Monitor → Run workflow*{f' with the folder {folder}' if folder else ''}.\n\n"
        "The next run that ends well closes this issue. If you close it yourself, it stays closed until then."
    )


def over(run_url: str) -> str:
    """Write the sentence that closes it."""
    return f"**Monitoring works again:** {f'[this run]({run_url})' if run_url else 'the newest run'} ended well."


def _linked(run: Run) -> str:
    moment = run.time.astimezone(UTC)
    said = f"on {day(moment.date())} at {moment:%H:%M} UTC"
    return f"[{said}]({run.url})" if run.url else said


def _is_about(issue: Issue, folder: str) -> bool:
    found = MARKER.match(issue.body)
    return found is not None and (found[2] or "") == folder


def _since(issue: Issue) -> str:
    found = MARKER.match(issue.body)
    return found[1] if found else ""
