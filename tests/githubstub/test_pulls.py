"""The stand-in answers as GitHub does: pull requests and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from github import GithubException

from driftloop.githubstub import observe_pushes

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from hub import Hub


def propose(hub: Hub, branch: str = "retrain/issue-1", body: str = "", **files: str) -> PullRequest:
    hub.clone.push(branch, "data until X", "main", **{"b.txt": "new\n"}, **files)
    return hub.at().create_pull(base="main", head=branch, title="Promote v2", body=body)


def test_pull__lives_from_push_to_merge(hub: Hub) -> None:
    alert = hub.at().create_issue("Alert")
    pull = propose(hub, body=f"Closes #{alert.number}")
    assert pull.raw_data["mergeable"] is None  # GitHub does not know yet
    assert (pull.number, pull.changed_files, pull.commits) == (2, 1, 1)
    second = hub.clone.push("retrain/issue-1", "promote v2", **{"c.txt": "x\n"})
    fresh = hub.at().get_pull(2)
    assert (fresh.head.sha, fresh.commits, fresh.additions, fresh.mergeable) == (second, 2, 2, True)
    assert [(file.filename, file.status, file.patch) for file in fresh.get_files()] == [
        ("b.txt", "added", "@@ -0,0 +1 @@\n+new"),
        ("c.txt", "added", "@@ -0,0 +1 @@\n+x"),
    ]
    fresh.edit(body=f"Closes #{alert.number}!", title="Promote v2 now")
    fresh.add_to_labels("model")
    fresh.create_issue_comment("Looks good")
    hub.world.events.clear()
    done = fresh.merge(sha=second)
    assert done.merged
    merged = hub.at().get_pull(2)
    assert (merged.merged, merged.state, merged.merged_by.login) == (True, "closed", "ann")
    hub.clone.run("fetch", "--quiet")
    assert hub.clone.run("log", "-1", "--format=%H %an|%cn|%s", "origin/main") == (
        f"{done.sha} ann|GitHub|Merge pull request #2 from acme/retrain/issue-1"
    )
    assert hub.clone.run("rev-list", "--count", "--merges", "origin/main") == "1"
    assert hub.names() == ["pull_request.closed", "issues.closed", "push"]
    assert all(event.starts_workflows and event.sender.login == "ann" for event in hub.world.events)
    assert hub.at().get_issue(1).state_reason == "completed"


def test_merge__squashes_and_deletes_the_branch(hub: Hub) -> None:
    hub.repo.delete_branch_on_merge = True
    pull = propose(hub)
    pull.merge(merge_method="squash")
    hub.clone.run("fetch", "--quiet", "--prune")
    assert hub.clone.run("log", "--format=%s", "origin/main") == "Promote v2 (#1)\nstart"
    assert "refs/heads/retrain/issue-1" not in hub.repo.refs
    assert hub.at().get_pull(1).changed_files == 1
    assert pull.is_merged()


def test_merge__refuses_conflicts_and_foreign_heads(hub: Hub) -> None:
    pull = propose(hub, **{"a.txt": "mine\n"})
    assert not pull.is_merged()
    with pytest.raises(GithubException, match="Head branch was modified") as caught:
        pull.merge(sha="0" * 40)
    assert caught.value.status == 409
    hub.clone.push("main", "other", "origin/main", **{"a.txt": "theirs\n"})
    assert hub.at().get_pull(1).mergeable_state == "dirty"
    with pytest.raises(GithubException, match="not mergeable") as caught:
        pull.merge()
    assert caught.value.status == 405
    assert pull.mergeable is None or hub.repo.issues[1].state == "open"


def test_keywords__close_on_the_default_branch_only_and_in_prose_only(hub: Hub) -> None:
    for number in range(4):
        hub.at().create_issue(f"issue {number}")
    hub.clone.push("release", start="main")
    hub.clone.push("topic", start="main", **{"b.txt": "1"})
    hub.at().create_pull(base="release", head="topic", title="T", body="Closes #1").merge()
    body = "`closes #1` <!-- fixes #2 --> FIXES #3, see #4; closes other/repo#4"
    hub.at().create_pull(base="main", head="topic", title="T", body=body).merge()
    assert [hub.repo.issues[number].state for number in (1, 2, 3, 4)] == ["open", "open", "closed", "open"]
    hub.clone.run("fetch", "--quiet")
    hub.clone.push("main", "resolves acme/bikes#4", "origin/main")
    assert hub.at().get_issue(4).state == "closed"


def test_create_pull__refuses_what_github_refuses(hub: Hub) -> None:
    repo = hub.at()
    propose(hub, "topic")
    hub.clone.push("orphan-to-be", start="main")
    hub.clone.run("push", "--quiet", "origin", "main:same")
    for head, base, said in [
        ("topic", "main", "A pull request already exists for acme:topic."),
        ("same", "main", "No commits between main and same"),
        ("absent", "main", "invalid"),
        ("topic", "absent", "invalid"),
        ("eve:topic", "main", "invalid"),
    ]:
        with pytest.raises(GithubException, match=said) as caught:
            repo.create_pull(base=base, head=head, title="T", body="")
        assert caught.value.status == 422
    with pytest.raises(GithubException, match="title"):
        repo.create_pull(base="main", head="orphan-to-be", title="", body="")
    assert len(hub.repo.issues) == 1


def test_create_pull__can_be_forbidden_to_actions(hub: Hub) -> None:
    hub.repo.actions_may_propose = False
    hub.clone.push("topic", **{"b.txt": "1"})
    token = hub.actions(pull_requests="write", contents="write")
    with pytest.raises(GithubException, match="GitHub Actions is not permitted to create or approve") as caught:
        hub.at(token).create_pull(base="main", head="topic", title="T", body="")
    assert caught.value.status == 403
    hub.at().create_pull(base="main", head="topic", title="T", body="")


def test_list_pulls__ignores_a_head_without_owner(hub: Hub) -> None:
    propose(hub, "one")
    propose(hub, "two", more="1")
    listed = hub.at().get_pulls
    assert [pull.number for pull in listed(head="acme:one")] == [1]
    assert [pull.number for pull in listed(head="one")] == [2, 1]
    assert [pull.number for pull in listed(state="closed")] == []
    assert [pull.number for pull in listed(sort="created", direction="asc", base="main")] == [1, 2]


def test_pull__closes_with_its_branch_and_reopens_with_it(hub: Hub) -> None:
    pull = propose(hub)
    hub.clone.run("push", "--quiet", "origin", ":retrain/issue-1")
    assert hub.at().get_pull(1).state == "closed"
    with pytest.raises(GithubException, match="state cannot be changed"):
        pull.edit(state="open")
    hub.clone.run("push", "--quiet", "origin", "retrain/issue-1")
    pull.edit(state="open")
    assert hub.names()[-2:] == ["create", "pull_request.reopened"]


def test_pull__counts_as_merged_when_its_commits_are_pushed(hub: Hub) -> None:
    propose(hub)
    hub.clone.run("push", "--quiet", "origin", "retrain/issue-1:main")
    observe_pushes(hub.world, by=hub.world.token("max"))
    pull = hub.at().get_pull(1)
    assert (pull.merged, pull.merged_by.login) == (True, "max")
