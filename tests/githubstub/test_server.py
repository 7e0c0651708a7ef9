"""The stand-in's server: every request and answer is held against GitHub's description."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from github import GithubException, RateLimitExceededException

from driftloop.githubstub import ERROR, LOST, RESET, UNAVAILABLE, Fault, GitHubServer, observe_pushes, secondary_limit
from driftloop.githubstub.contract import DESCRIPTION, Contract
from driftloop.githubstub.routes import ROUTES

if TYPE_CHECKING:
    from hub import Hub

# What they ask for makes no sense in a rehearsal.
UNANSWERED = {"DELETE /repos/{owner}/{repo}", "PATCH /user", "GET /search/issues"}
UNANSWERED |= {"PUT /repos/{owner}/{repo}/actions/permissions"}


def ask(hub: Hub, method: str, path: str, body: Any = None, token: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token or hub.ann.value}"}
    return requests.request(method, f"{hub.server.url}{path}", json=body, headers=headers, timeout=5)


def test_routes__answer_all_of_the_description_but_a_few() -> None:
    paths = Contract().document["paths"]
    described = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert described - set(ROUTES) == UNANSWERED
    assert set(ROUTES) <= described


def test_description__is_small_and_attributed() -> None:
    assert DESCRIPTION.stat().st_size < 200_000
    assert "Octokit contributors" in DESCRIPTION.with_name("NOTICE").read_text()


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/issues", {"title": "T", "colour": "red"}, "unknown key colour"),
        ("POST", "/issues", {"body": "no title"}, "'title' is a required property"),
        ("POST", "/issues", None, "'title' is a required property"),
        ("PATCH", "/issues/1", {"state": "shut"}, "is not one of"),
        ("GET", "/issues?stat=open", None, "unknown query parameter stat"),
        ("GET", "/issues?state=shut", None, "is not one of"),
        ("GET", "/issues?milestone=1", None, "status 501 is not described"),
        ("GET", "/issues/1/timeline", None, "no such call"),
        ("POST", "/pulls", {"title": "T", "head": "x"}, "'base' is a required property"),
    ],
)
def test_violations__are_kept_and_fail_when_strict(lax: Hub, method: str, path: str, body: Any, said: str) -> None:
    lax.at().create_issue("T")
    assert ask(lax, method, f"/repos/acme/bikes{path}", body).status_code in {404, 422, 501}
    assert said in lax.server.violations[-1]
    lax.server.strict = True
    assert ask(lax, method, f"/repos/acme/bikes{path}", body).status_code == 500
    assert len(lax.repo.issues) == 1


def test_contract__knows_the_noise_by_name(hub: Hub) -> None:
    hub.at().create_issue("T")
    path = "/repos/acme/bikes/issues/1"
    assert ask(hub, "PATCH", path, {"state_reason": None, "milestone": None}).status_code == 200
    assert ask(hub, "PUT", f"{path}/labels", ["a"]).json()[0]["name"] == "a"
    assert ask(hub, "PUT", f"{path}/labels", []).json() == []
    assert ask(hub, "POST", f"{path}/labels", {"labels": ["b"]}).json()[0]["name"] == "b"


def test_answer__with_a_wrong_shape_is_a_violation() -> None:
    found = list(Contract().response_problems("GET /repos/{owner}/{repo}/labels/{name}", 200, {"name": 1}))
    assert any("'color' is a required property" in each for each in found)


def test_malformed_requests__are_refused(hub: Hub) -> None:
    headers = {"Authorization": f"token {hub.ann.value}"}
    path = f"{hub.server.url}/repos/acme/bikes/labels"
    assert requests.get(path, timeout=5).status_code == 200
    assert requests.post(path, json={"name": "x"}, timeout=5).status_code == 401
    assert requests.get(f"{path}/x", headers=headers, timeout=5).json()["message"] == "Not Found"
    assert ask(hub, "GET", "/repos/acme/bikes/issues/x").status_code == 404


def test_permissions__name_what_it_takes(hub: Hub) -> None:
    hub.at().create_issue("T")
    token = hub.actions(contents="write", pull_requests="write").value
    for method, path, body, needs in [
        ("POST", "/issues", {"title": "T"}, "issues=write"),
        ("POST", "/issues/1/comments", {"body": "x"}, "issues=write; pull_requests=write"),
        ("POST", "/statuses/main", {"state": "success"}, "statuses=write"),
        ("POST", "/pages", {"build_type": "workflow"}, "pages=write,administration=write"),
        ("GET", "/actions/variables", None, "variables=read"),
    ]:
        answer = ask(hub, method, f"/repos/acme/bikes{path}", body, token)
        assert answer.status_code == 403
        assert answer.json()["message"] == "Resource not accessible by integration"
        assert answer.headers["X-Accepted-GitHub-Permissions"] == needs
    assert hub.world.events[1:] == []


def test_people__without_rights_cannot_label(hub: Hub) -> None:
    eve = hub.at(hub.world.token("eve"))
    issue = eve.create_issue("Mine", labels=["retrain-model"], assignees=["ann"])
    assert issue.labels == []
    issue.edit(title="Still mine", labels=["retrain-model"])
    assert hub.repo.issues[1].labels == []
    hub.at().create_issue("Ann's")
    for refused in (
        lambda: issue.add_to_labels("retrain-model"),
        lambda: eve.get_issue(2).edit(title="No"),
        lambda: eve.create_label("x", "ffffff"),
    ):
        with pytest.raises(GithubException) as caught:
            refused()
        assert caught.value.status == 403
    hub.at(hub.world.token("ted")).get_issue(1).add_to_labels("retrain-model")
    narrow = hub.at(hub.world.token("ann", contents="write"))
    with pytest.raises(GithubException, match="personal access token"):
        narrow.create_issue("T")


def test_events__of_actions_start_nothing(hub: Hub) -> None:
    bot = hub.actions(issues="write", pull_requests="write", contents="write")
    issue = hub.at(bot).create_issue("Alert", labels=["model-alert"])
    hub.clone.push("topic", **{"b.txt": "1"})
    observe_pushes(hub.world, by=bot)
    hub.at(bot).create_pull(base="main", head="topic", title="T", body="")
    assert {event.starts_workflows for event in hub.world.events} == {False}
    assert {event.sender.login for event in hub.world.events} == {"github-actions[bot]"}
    hub.at().get_issue(issue.number).add_to_labels("retrain-model")
    label = hub.world.events[-1]
    assert (label.name, label.sender.login, label.starts_workflows) == ("issues.labeled", "ann", True)
    app = hub.world.app_token(hub.repo, "loop[bot]", issues="write")
    hub.at(app).get_issue(issue.number).create_comment("x")
    assert hub.world.events[-1].starts_workflows


@pytest.mark.parametrize(("fault", "status"), [(ERROR, 500), (UNAVAILABLE, 503), (secondary_limit(2, 429), 429)])
def test_fault__status_is_answered_and_nothing_done(hub: Hub, fault: Fault, status: int) -> None:
    repo = hub.at()
    hub.server.faults.at(2, fault)
    with pytest.raises(GithubException) as caught:
        repo.create_issue("T")
    assert caught.value.status == status
    assert hub.repo.issues == {}
    repo.create_issue("T")
    assert [(call.method, call.status, call.fault) for call in hub.server.calls] == [
        ("GET", 200, None),
        ("POST", status, "status"),
        ("POST", 201, None),
    ]


def test_fault__secondary_limit_says_how_long_to_wait(hub: Hub) -> None:
    repo = hub.at()
    hub.server.faults.on("POST", "/issues$", secondary_limit(7), nth=2)
    repo.create_issue("T")
    with pytest.raises(RateLimitExceededException) as caught:
        repo.create_issue("T")
    assert (caught.value.headers or {})["retry-after"] == "7"


@pytest.mark.parametrize(("fault", "issues"), [(RESET, 0), (Fault("hang", seconds=0.1), 0), (LOST, 1)])
def test_fault__broken_connection(hub: Hub, fault: Fault, issues: int) -> None:
    repo = hub.at()
    hub.server.faults.on("POST", "/issues", fault)
    with pytest.raises(requests.ConnectionError):
        repo.create_issue("T")
    assert len(hub.repo.issues) == issues
    assert hub.server.calls[-1].status == (201 if issues else None)
    hub.server.faults.clear()
    assert repo.create_issue("T").number == issues + 1


def test_faults__at_every_call_in_turn(hub: Hub) -> None:
    def story() -> None:
        repo = hub.at()
        repo.create_issue("T").create_comment("C")

    story()
    total = len(hub.server.calls)
    assert total == 3
    for number in range(1, total + 1):
        hub.server.calls.clear()
        hub.server.faults.at(number, RESET)
        with pytest.raises(requests.ConnectionError):
            story()
        assert len(hub.server.calls) == number


def test_calls__at_once_are_taken_one_by_one(hub: Hub) -> None:
    repo = hub.at()
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: repo.create_issue(f"T{n}").number, range(24)))
    assert sorted(numbers) == list(range(1, 25))


def test_server__stops_at_once_with_connections_open(lax: Hub) -> None:
    lax.at()
    started = time.monotonic()
    with GitHubServer(lax.world) as second:
        session = requests.Session()
        assert session.get(f"{second.url}/rate_limit", timeout=5).status_code == 200
    session.close()
    assert time.monotonic() - started < 1
