"""The stand-in answers as GitHub does: issues, comments and labels."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from github import GithubException, UnknownObjectException

if TYPE_CHECKING:
    from hub import Hub


def refused(status: int) -> pytest.RaisesExc[GithubException]:
    return pytest.RaisesExc(GithubException, check=lambda error: error.status == status)


def test_issues__live_from_opening_to_closing(hub: Hub) -> None:
    repo = hub.at()
    issue = repo.create_issue("The model is outdated", "Body", labels=["Model-Alert"], assignees=["ann"])
    assert (issue.number, issue.state, issue.user.login) == (1, "open", "ann")
    assert [label.color for label in issue.labels] == ["ededed"]
    issue.edit(body="New", state="closed", state_reason="not_planned")
    again = repo.get_issue(1)
    assert again.closed_by is not None
    assert (again.body, again.state_reason, again.closed_by.login) == ("New", "not_planned", "ann")
    again.edit(state="open")
    assert hub.names() == [
        *("issues.opened", "label.created", "issues.labeled", "issues.assigned"),
        *("issues.edited", "issues.closed", "issues.reopened"),
    ]
    assert repo.get_issue(1).state_reason == "reopened"


def test_issues__are_paged_and_filtered_with_pull_requests_among_them(hub: Hub) -> None:
    repo = hub.at()
    hub.clone.push("topic", **{"b.txt": "1"})
    pull = repo.create_pull(base="main", head="topic", title="T", body="")
    for number in range(105):
        repo.create_issue(f"issue {number}", labels=["odd", "all"] if number % 2 else ["all"])
    everything = list(repo.get_issues())
    assert [issue.number for issue in everything] == list(range(106, 0, -1))
    assert [issue.number for issue in everything if issue.pull_request] == [pull.number]
    assert repo.get_issues().totalCount == 106
    assert len(list(repo.get_issues(labels=["ALL", "odd"]))) == 52
    assert repo.get_issues(labels=["all"], assignee="ann").totalCount == 0
    assert repo.requester.requestJsonAndCheck("GET", f"{repo.url}/issues?creator=max")[1] == []
    late = everything[9].updated_at
    assert len(list(repo.get_issues(since=late, direction="asc", sort="updated"))) == 10
    assert list(repo.get_issues(since=datetime(2030, 1, 1, tzinfo=UTC))) == []


def test_comments__are_paged_edited_and_deleted(hub: Hub) -> None:
    issue = hub.at().create_issue("T")
    made = [issue.create_comment(f"comment {number}") for number in range(35)]
    made[3].edit("changed")
    made[4].delete()
    assert [comment.body for comment in issue.get_comments()][2:5] == ["comment 2", "changed", "comment 5"]
    assert len(list(issue.get_comments())) == 34
    assert issue.get_comment(made[3].id).body == "changed"
    with refused(404):
        issue.get_comment(made[4].id)


def test_labels__of_a_repository(hub: Hub) -> None:
    repo = hub.at()
    repo.create_label("model-alert", "b60205", "The model needs a look")
    for number in range(31):
        repo.create_label(f"l{number}", "ffffff")
    assert len(list(repo.get_labels())) == 32
    with pytest.raises(GithubException, match="already_exists"):
        repo.create_label("Model-Alert", "ffffff")
    with pytest.raises(UnknownObjectException):
        repo.get_label("other")
    repo.get_label("model-alert").edit("model alert/2", "000000")
    repo.get_label("model alert/2").delete()
    assert "model alert/2" not in hub.repo.labels


def test_labels__on_an_issue_change_once(hub: Hub) -> None:
    issue = hub.at().create_issue("T")
    hub.world.events.clear()
    issue.add_to_labels("retrain-model", "odd one/£")
    issue.add_to_labels("Retrain-Model")
    issue.remove_from_labels("odd one/£")
    with refused(404):
        issue.remove_from_labels("odd one/£")
    issue.set_labels("x")
    issue.delete_labels()
    assert [f"{e.name} {e.payload['label']}" for e in hub.world.events if e.name.startswith("issues")] == [
        "issues.labeled retrain-model",
        "issues.labeled odd one/£",
        "issues.unlabeled odd one/£",
        "issues.labeled x",
        "issues.unlabeled retrain-model",
        "issues.unlabeled x",
    ]
    assert list(issue.get_labels()) == []


def test_assignees__who_cannot_be_assigned_are_passed_over_or_refused(hub: Hub) -> None:
    issue = hub.at().create_issue("T")
    issue.add_to_assignees("ann", "eve", "ted")
    issue.remove_from_assignees("ted")
    assert [actor.login for actor in hub.repo.issues[1].assignees] == ["ann"]
    with refused(422):
        issue.edit(assignees=["eve"])


@pytest.mark.parametrize(
    ("title", "body", "labels", "field"),
    [
        (" ", "", [], "title"),
        ("x" * 257, "", [], "title"),
        ("T", "é" * 65_537, [], "body"),
        ("T", "", ["x" * 51], "name"),
    ],
)
def test_create_issue__refuses_what_github_refuses(
    hub: Hub, title: str, body: str, labels: list[str], field: str
) -> None:
    with pytest.raises(GithubException) as caught:
        hub.at().create_issue(title, body, labels=labels)
    assert (caught.value.status, caught.value.data["errors"][0]["field"]) == (422, field)
    assert hub.repo.issues == {}
    assert hub.repo.labels == {}


def test_issues__switched_off_locked_or_absent(hub: Hub) -> None:
    repo = hub.at()
    issue = repo.create_issue("T", "é" * 65_536)
    with refused(422):
        issue.create_comment("x" * 65_537)
    with refused(404):
        repo.get_issue(2)
    hub.repo.issues[1].locked = True
    with refused(403):
        hub.at(hub.world.token("eve")).get_issue(1).create_comment("me too")
    hub.repo.has_issues = False
    with refused(410):
        repo.create_issue("T")
    with refused(410):
        issue.create_comment("late")
