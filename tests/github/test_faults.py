"""Every write, with every fault at every single call that it makes: what is left is what is left without the fault."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from driftloop.errors import GitHubError
from driftloop.githubstub import BAD_GATEWAY, ERROR, HANG, LOST, RESET, observe_pushes, secondary_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter import Site

    from driftloop.github.hub import Hub, Issue
    from driftloop.githubstub import Repository

MARKER = "<!-- driftloop:comment -->"


class Case(NamedTuple):
    """A write, and what is there before it; both are given the commits of main and of the branch `topic`."""

    write: Callable[[Hub, str, str], object]
    before: Callable[[Hub, str, str], object] = lambda *_: None


def find(hub: Hub) -> Issue | None:
    return next(iter(hub.issues(label="model-alert")), None)


def alert(hub: Hub, *_: str) -> object:
    return hub.open_issue("Alert", "text", ["model-alert", "retrain-model"], find=lambda: find(hub))


def alert_and(write: Callable[[Hub], object]) -> Callable[[Hub, str, str], object]:
    return lambda hub, *_: (alert(hub), write(hub))


def told(text: str) -> Callable[[Hub], object]:
    return lambda hub: hub.comment(1, f"{MARKER}\n{text}", marker=MARKER, author="github-actions[bot]")


def pull(text: str) -> Callable[[Hub, str, str], object]:
    return lambda hub, *_: hub.open_pull(title=text, body=text, branch="topic", base="main")


def checked(conclusion: str) -> Callable[[Hub, str, str], object]:
    return lambda hub, _, sha: hub.check_run(sha, name="gate", conclusion=conclusion, title=conclusion, summary="text")


CASES = {
    "ensure_label": Case(lambda hub, *_: hub.ensure_label("model-alert", color="d93f0b", description="text")),
    "open_issue": Case(alert),
    "edit_issue": Case(lambda hub, *_: hub.edit_issue(1, title="Alert 2", body="more"), alert),
    "close_issue": Case(
        lambda hub, *_: hub.edit_issue(1, body="over", state="closed", state_reason="completed"), alert
    ),
    "add_labels": Case(lambda hub, *_: hub.add_labels(1, "no-better-model", "model-alert"), alert),
    "remove_label": Case(lambda hub, *_: hub.remove_label(1, "retrain-model"), alert),
    "assign": Case(lambda hub, *_: hub.assign(1, "ann"), alert),
    "comment": Case(lambda hub, *_: told("1")(hub), alert),
    "comment again": Case(lambda hub, *_: told("2")(hub), alert_and(told("1"))),
    "open_pull": Case(pull("v2")),
    "open_pull again": Case(pull("v2, better"), pull("v2")),
    "check_run": Case(checked("success")),
    "check_run again": Case(checked("success"), checked("failure")),
    "create_release": Case(lambda hub, main, _: hub.create_release("v2", target=main, name="v2", body="text")),
}
FAULTS = {
    "500": ERROR,
    "502": BAD_GATEWAY,
    "reset": RESET,
    "lost": LOST,
    "limit": secondary_limit(2),
    "long limit": secondary_limit(3600),
}


class Bench:
    """Repositories to break, all alike."""

    def __init__(self, site: Site) -> None:
        self.site, self.world, self.server = site, site.stand.world, site.stand.server
        self.main = site.stand.clone.run("rev-parse", "HEAD")
        self.topic = site.stand.clone.push("topic", **{"b.txt": "x"})
        self.numbers = count(1)
        self.drop(site.repo)

    def repository(self, case: Case) -> Repository:
        made: Repository = self.world.repository(f"acme/bench-{next(self.numbers)}", collaborators={"ann": "write"})
        shutil.rmtree(made.git.path)
        shutil.copytree(self.site.repo.git.path, made.git.path)
        observe_pushes(self.world)
        case.before(self.site.hub(name=made.name), self.main, self.topic)
        self.world.events.clear()
        return made

    def drop(self, repo: Repository) -> None:
        """The stand-in looks at every repository at every call."""
        del self.world.repositories[repo.name]

    def write(self, case: Case, repo: Repository, timeout: int = 5) -> object:
        return case.write(self.site.hub(name=repo.name, timeout=timeout), self.main, self.topic)


def state(bench: Bench, repo: Repository) -> dict[str, Any]:
    """All that a person could see, numbers and times that GitHub hands out aside."""
    issue = ("number", "title", "body", "state", "state_reason", "labels")
    check = ("name", "head_sha", "status", "conclusion", "external_id", "output", "actor")
    return {
        "labels": [(each.name, each.color, each.description) for each in repo.labels.values()],
        "issues": [
            [*(getattr(each, name) for name in issue), each.author.login, [who.login for who in each.assignees]]
            for each in repo.issues.values()
        ],
        "pulls": [(each.pull.head, each.pull.base, each.pull.head_sha) for each in repo.pulls if each.pull],
        "comments": [(each.number, each.author.login, each.body) for each in repo.comments.values()],
        "checks": [[each[name] for name in check] for each in repo.checks.values()],
        "releases": [[each[name] for name in ("tag_name", "name", "body", "draft")] for each in repo.releases.values()],
        "refs": repo.git.refs(),
        "events": [each.name for each in bench.world.events if each.repository == repo.name],
    }


@pytest.mark.parametrize("name", CASES)
def test_write__after_a_fault_at_any_call_leaves_what_it_leaves_without(site: Site, name: str) -> None:
    bench, case = Bench(site), CASES[name]
    clean = bench.repository(case)
    start, before = len(bench.server.calls), state(bench, clean)
    bench.write(case, clean)
    calls, expected = len(bench.server.calls) - start, state(bench, clean)
    assert expected != before, "the case writes nothing"
    bench.write(case, clean)
    assert state(bench, clean) == expected, "twice is once"
    bench.drop(clean)
    for place in range(1, calls + 1):
        for kind, fault in FAULTS.items():
            broken = bench.repository(case)
            site.waits.clear()
            at = len(bench.server.calls) + place
            bench.server.faults.at(at, fault)
            if kind == "long limit":
                with pytest.raises(GitHubError, match="GitHub asks to wait 3600 s"):
                    bench.write(case, broken)
                assert site.waits == []
            bench.write(case, broken)
            assert bench.server.calls[at - 1].fault == fault.kind
            assert state(bench, broken) == expected, (kind, place)
            assert site.waits == {"limit": [2.0], "long limit": []}.get(kind, [1.0]), (kind, place)
            bench.drop(broken)


@pytest.mark.parametrize("name", CASES)
def test_write__that_gave_up_is_completed_by_the_next(site: Site, name: str) -> None:
    bench, case = Bench(site), CASES[name]
    clean = bench.repository(case)
    bench.write(case, clean)
    broken = bench.repository(case)
    for method in ("POST", "PATCH", "DELETE"):
        bench.server.faults.on(method, f"/{broken.name}/", LOST)
        bench.server.faults.on("GET", f"/{broken.name}/", ERROR, nth=2, times=9)
    with pytest.raises(GitHubError, match="no answer from GitHub"):
        bench.write(case, broken)
    bench.server.faults.clear()
    bench.write(case, broken)
    expected = state(bench, clean)
    found = state(bench, broken)
    assert found == expected | {"events": found["events"]}


@pytest.mark.parametrize("names", [list(CASES)[:7], list(CASES)[7:]], ids=["issues", "others"])
def test_write__after_a_timeout_at_any_call_leaves_what_it_leaves_without(site: Site, names: list[str]) -> None:
    """Side by side, since each takes seconds: an honest answer has to come in time on a busy machine too."""
    bench = Bench(site)
    tasks = []
    for case in (CASES[name] for name in names):
        clean = bench.repository(case)
        start = len(bench.server.calls)
        bench.write(case, clean)
        made = [(each.method, each.path.removeprefix(f"/repos/{clean.name}")) for each in bench.server.calls[start:]]
        expected = state(bench, clean)
        bench.drop(clean)
        for place, call in enumerate(made):
            broken = bench.repository(case)
            path = re.sub(r"\d{4,}", r"\\d+", re.escape(call[1]))  # numbers that the stand-in hands out
            pattern = f"^/repos/{broken.name}{path}$"
            bench.server.faults.on(call[0], pattern, HANG, nth=made[: place + 1].count(call))
            tasks.append((case, broken, expected))
    bench.world.events.clear()
    with ThreadPoolExecutor(len(tasks)) as pool:
        list(pool.map(lambda task: bench.write(task[0], task[1], timeout=3), tasks))
    assert sum(each.fault == "hang" for each in bench.server.calls) == len(tasks)
    for _, broken, expected in tasks:
        assert state(bench, broken) == expected
