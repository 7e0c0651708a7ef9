"""The stand-in answers as GitHub does: permissions, branches, files, checks and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import github
import pytest
from github import GithubException, UnknownObjectException

if TYPE_CHECKING:
    from hub import Hub


def test_repository__tells_what_the_caller_may(hub: Hub) -> None:
    mine, hers = hub.at(), hub.at(hub.world.token("eve"))
    assert (mine.default_branch, mine.private, mine.has_issues, mine.has_pages) == ("main", False, True, False)
    assert (mine.permissions.push, mine.permissions.admin, hers.permissions.push) == (True, False, False)
    assert hub.at(hub.actions(contents="write")).permissions.push
    hub.at(hub.world.token("acme")).edit(has_issues=False)
    assert not hub.at().has_issues


@pytest.mark.parametrize(
    ("login", "permission"), [("acme", "admin"), ("ann", "write"), ("max", "write"), ("ted", "read"), ("eve", "read")]
)
def test_permission__of_people(hub: Hub, login: str, permission: str) -> None:
    assert hub.at(hub.actions()).get_collaborator_permission(login) == permission


@pytest.mark.parametrize("login", ["github-actions[bot]", "nobody"])
def test_permission__of_others_is_not_found(hub: Hub, login: str) -> None:
    hub.actions()
    with pytest.raises(GithubException) as caught:
        hub.at().get_collaborator_permission(login)
    assert caught.value.status == 404


def test_refs__are_the_bare_repository(hub: Hub) -> None:
    repo = hub.at()
    sha = hub.clone.push("odd/branch", "one more")
    assert repo.get_branch("odd/branch").commit.sha == sha
    assert repo.get_git_ref("heads/odd/branch").object.sha == sha
    repo.create_git_ref("refs/heads/new", sha)
    start = hub.clone.run("rev-parse", f"{sha}^")
    with pytest.raises(GithubException, match="not a fast forward"):
        repo.get_git_ref("heads/new").edit(start)
    repo.get_git_ref("heads/new").edit(start, force=True)
    assert hub.clone.run("ls-remote", "origin", "new").split()[0] == start
    assert len(list(repo.get_git_matching_refs("heads/"))) == 3
    repo.get_git_ref("heads/new").delete()
    with pytest.raises(UnknownObjectException):
        repo.get_branch("new")
    for ref, at, said in [
        ("refs/heads/main", sha, "Reference already exists"),
        ("refs/heads/a..b", sha, "not a valid ref name"),
        ("refs/heads/-x\n", sha, "not a valid ref name"),
        ("refs/heads/main/x", sha, "cannot be created"),
        ("refs/heads/x", "1" * 40, "Object does not exist"),
    ]:
        with pytest.raises(GithubException, match=said):
            repo.create_git_ref(ref, at)


def test_compare__counts_both_ways(hub: Hub) -> None:
    first = hub.clone.push("topic", "one", **{"b.txt": "b\n"})
    hub.clone.push("main", "two", "origin/main", **{"c.bin": "\0"})
    found = hub.at().compare("main", "topic")
    assert (found.status, found.ahead_by, found.behind_by) == ("diverged", 1, 1)
    assert [file.filename for file in found.files] == ["b.txt"]
    assert hub.at().compare("topic", first).status == "identical"
    commit = hub.at().get_commit("main")
    assert (commit.commit.message, commit.files[0].filename) == ("two", "c.bin")
    with pytest.raises(UnknownObjectException):
        hub.at().compare("main", "absent")


def test_contents__are_read_and_written(hub: Hub) -> None:
    repo = hub.at()
    file = repo.get_contents("a.txt")
    assert not isinstance(file, list)
    assert file.decoded_content == b"1\n2\n3\n"
    done = repo.create_file("dir/ü b.txt", "add", b"\xff\n", branch="main")
    folder = repo.get_contents("")
    assert isinstance(folder, list)
    assert [(each.type, each.path) for each in folder] == [("file", "a.txt"), ("dir", "dir")]
    with pytest.raises(GithubException, match="does not match"):
        repo.update_file("a.txt", "m", "x", "0" * 40)
    repo.update_file("a.txt", "m", "x", file.sha)
    repo.delete_file("dir/ü b.txt", "m", done["content"].sha)
    hub.clone.run("fetch", "--quiet")
    assert hub.clone.run("ls-tree", "-r", "--name-only", "origin/main") == "a.txt"
    with pytest.raises(UnknownObjectException):
        repo.get_contents("dir")
    with pytest.raises(GithubException, match="not accessible"):
        hub.at(hub.actions(contents="write")).create_file(".github/workflows/x.yml", "m", "x")


def test_check_runs__come_from_apps_only(hub: Hub) -> None:
    sha = hub.clone.push("topic")
    repo = hub.at(hub.actions(checks="write"))
    run = repo.create_check_run("gate", sha, status="in_progress")
    run.edit(conclusion="success", output={"title": "T", "summary": "S"})
    later = repo.create_check_run("gate", sha, conclusion="neutral", status="completed")
    listed = list(repo.get_commit("topic").get_check_runs())
    assert [(each.id, each.conclusion, each.app.slug) for each in listed] == [(later.id, "neutral", "github-actions")]
    assert repo.get_check_run(run.id).output.summary == "S"
    with pytest.raises(GithubException, match="must authenticate via a GitHub App"):
        hub.at().create_check_run("gate", sha)
    with pytest.raises(GithubException, match="No commit found"):
        repo.create_check_run("gate", "1" * 40)
    hub.at().get_commit(sha).create_status("success", description="fine", context="gate")
    assert hub.repo.statuses[0]["sha"] == sha


def test_releases__tag_the_bare_repository(hub: Hub) -> None:
    repo = hub.at()
    made = repo.create_git_release("model-v2", "v2", "Notes", target_commitish="main")
    assert hub.clone.run("ls-remote", "origin", "refs/tags/model-v2").split()[0] == hub.repo.refs["refs/heads/main"]
    assert repo.get_release("model-v2").id == made.id == repo.get_latest_release().id
    with pytest.raises(GithubException, match="already_exists"):
        repo.create_git_release("model-v2", "v2", "Notes")
    with pytest.raises(GithubException, match="target_commitish"):
        repo.create_git_release("model-v3", "v3", "Notes", target_commitish="absent")
    draft = repo.create_git_release("model-v4", "v4", "Notes", draft=True)
    assert "refs/tags/model-v4" not in hub.repo.git.refs()
    draft.update_release("v4", "More", draft=False)
    assert [release.tag_name for release in repo.get_releases()] == ["model-v4", "model-v2"]
    draft.delete_release()
    with pytest.raises(UnknownObjectException):
        repo.get_release("model-v4")


def test_actions__workflows_dispatches_variables_pages(hub: Hub) -> None:
    hub.repo.workflows.append({"id": 7, "name": "monitor", "path": ".github/workflows/monitor.yml"})
    token = hub.actions(actions="write", contents="write")
    repo, boss = hub.at(token), hub.at(hub.world.token("acme"))
    assert [workflow.name for workflow in repo.get_workflows()] == ["monitor"]
    assert repo.get_workflow("monitor.yml").create_dispatch("main", {"until": "now"})
    repo.create_repository_dispatch("retrain", {"issue": 3})
    assert [(event.name, event.starts_workflows) for event in hub.world.events] == [
        ("workflow_dispatch", True),
        ("repository_dispatch", True),
    ]
    assert [run.head_branch for run in repo.get_workflow_runs(event="workflow_dispatch")] == ["main"]
    boss.create_variable("mode", "on")
    boss.get_variable("mode").edit("off")
    assert [variable.value for variable in boss.get_variables()] == ["off"]
    boss.get_variable("mode").delete()
    settings = f"{boss.url}/actions/permissions/workflow"
    boss.requester.requestJsonAndCheck("PUT", settings, input={"can_approve_pull_request_reviews": False})
    assert not hub.repo.actions_may_propose
    assert not boss.requester.requestJsonAndCheck("GET", settings)[1]["can_approve_pull_request_reviews"]
    site = f"{boss.url}/pages"
    boss.requester.requestJsonAndCheck("POST", site, input={"build_type": "workflow"})
    assert boss.requester.requestJsonAndCheck("GET", site)[1]["build_type"] == "workflow"
    assert hub.at().has_pages


def test_user__is_nobody_for_an_installation(hub: Hub) -> None:
    assert hub.at().requester.requestJsonAndCheck("GET", "/user")[1]["login"] == "ann"
    assert hub.at().requester.requestJsonAndCheck("GET", "/rate_limit")[1]["rate"]["limit"] == 5000
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        hub.at(hub.actions()).requester.requestJsonAndCheck("GET", "/user")


def test_private_repository__does_not_exist_for_strangers(hub: Hub) -> None:
    hub.repo.private = True
    with pytest.raises(UnknownObjectException):
        hub.at(hub.world.token("eve"))
    other = hub.world.repository("acme/other")
    with pytest.raises(UnknownObjectException):
        hub.at(hub.world.actions_token(other, contents="write"))
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        list(hub.at(hub.actions(contents="write")).get_issues())
    wrong = github.Github(base_url=hub.server.url, auth=github.Auth.Token("ghp_wrong"), retry=None)
    with wrong, pytest.raises(github.BadCredentialsException):
        wrong.get_repo("acme/bikes")
