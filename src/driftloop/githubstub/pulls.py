"""Pull requests, compared by the real git."""

from __future__ import annotations

from typing import Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing, reject
from driftloop.githubstub.issues import check_body, check_title, open_issue, set_state
from driftloop.githubstub.records import Issue, Pull


def find(call: Call) -> tuple[Issue, Pull]:
    """Find the pull request of a call."""
    issue = call.repo.issues.get(int(call.params["pull_number"]))
    if issue is None or issue.pull is None:
        raise missing()
    return issue, issue.pull


def base_of(call: Call, pull: Pull, state: str) -> str:
    """Return the commit that a pull request is compared with: the base branch while it is open."""
    return call.repo.refs.get(f"refs/heads/{pull.base}", pull.base_sha) if state == "open" else pull.base_sha


def _simple(call: Call, issue: Issue, pull: Pull) -> dict[str, Any]:
    base, repo, owner = base_of(call, pull, issue.state), views.repository(call), call.repo.owner
    links = views.where(call, f"/pulls/{issue.number}", f"/pull/{issue.number}")
    about = views.where(call, f"/issues/{issue.number}")["url"]
    sides = {"head": (pull.head, pull.head_sha), "base": (pull.base, base)}
    return {
        **views.common(call, issue),
        **links,
        **{
            side: {"label": f"{owner.login}:{ref}", "ref": ref, "sha": sha, "repo": repo}
            | {"user": views.person(call, owner)}
            for side, (ref, sha) in sides.items()
        },
        "id": pull.id,
        "issue_url": about,
        "commits_url": f"{links['url']}/commits",
        "statuses_url": views.where(call, f"/statuses/{pull.head_sha}")["url"],
        "_links": {"self": {"href": links["url"]}, "html": {"href": links["html_url"]}, "issue": {"href": about}},
        "draft": pull.draft,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_sha,
    }


def _full(call: Call, issue: Issue, pull: Pull, *, fresh: bool = False) -> dict[str, Any]:
    """Show all of it; right after its creation GitHub does not know yet whether it can be merged."""
    git, base = call.repo.git, base_of(call, pull, issue.state)
    changes = git.changes(git.base(base, pull.head_sha) or base, pull.head_sha)
    knows = issue.state == "open" and not fresh
    mergeable = git.merged_tree(base, pull.head_sha) is not None if knows else None
    words = {True: "draft" if pull.draft else "clean", False: "dirty", None: "unknown"}
    shown: dict[str, Any] = call.shaped(
        "pull-request",
        _simple(call, issue, pull)
        | {
            "merged": pull.merged_at is not None,
            "merged_by": views.person(call, pull.merged_by),
            "mergeable": mergeable,
            "mergeable_state": words[mergeable],
            "commits": git.count(base, pull.head_sha),
            "changed_files": len(changes),
            "additions": sum(change.additions for change in changes),
            "deletions": sum(change.deletions for change in changes),
        },
    )
    return shown


def list_pulls(call: Call) -> Reply:
    """List pull requests; a `head` that names no owner is ignored, as GitHub does."""
    query = call.query
    head = query.get("head", "")
    found = [
        issue
        for issue in call.repo.pulls
        if issue.pull
        and query.get("state", "open") in {"all", issue.state}
        and query.get("base", issue.pull.base) == issue.pull.base
        and (":" not in head or head == f"{call.repo.owner.login}:{issue.pull.head}")
    ]
    key = (lambda i: (i.updated, i.number)) if query.get("sort") == "updated" else (lambda i: (i.created, i.number))
    found.sort(key=key, reverse=query.get("direction", "desc" if "sort" not in query else "asc") == "desc")
    return call.page(
        found,
        lambda issue: call.shaped("pull-request-simple", _simple(call, issue, issue.pull)) if issue.pull else None,
    )


def get_pull(call: Call) -> Reply:
    """Get one."""
    return Reply(200, _full(call, *find(call)))


def create_pull(call: Call) -> Reply:
    """Open a pull request."""
    if call.token.kind == "actions" and not call.repo.actions_may_propose:
        raise Refused(403, "GitHub Actions is not permitted to create or approve pull requests.")
    if "issue" in call.body or "head_repo" in call.body:
        raise Refused(501, "The stand-in makes pull requests from branches of the same repository only")
    title = check_title(call.body.get("title"), "PullRequest")
    body = check_body(call.body.get("body"), "PullRequest")
    head, base, shas = _branches(call)
    opened = open_issue(call, title, body)
    opened.pull = Pull(call.world.next_id(), head, base, shas[0], shas[1], call.body.get("draft", False))
    call.repo.git.update(f"refs/pull/{opened.number}/head", shas[0])
    call.world.emit("pull_request.opened", call.token, call.repo, number=opened.number, head=head, sha=shas[0])
    return Reply(201, _full(call, opened, opened.pull, fresh=True))


def _branches(call: Call) -> tuple[str, str, tuple[str, str]]:
    owner, _, head = call.body["head"].rpartition(":")
    base, git = call.body["base"], call.repo.git
    shas = [call.repo.refs.get(f"refs/heads/{branch}") for branch in (head, base)]
    if shas[1] is None:
        reject("PullRequest", "base", "invalid")
    if shas[0] is None or owner not in {"", call.repo.owner.login}:
        reject("PullRequest", "head", "invalid")
    if any(i.pull and i.state == "open" and (i.pull.head, i.pull.base) == (head, base) for i in call.repo.pulls):
        message = f"A pull request already exists for {call.repo.owner.login}:{head}."
        reject("PullRequest", None, "custom", message)
    if git.base(shas[1], shas[0]) is None:
        reject("PullRequest", None, "custom", f"The {head} branch has no history in common with {base}")
    if not git.count(shas[1], shas[0]):
        reject("PullRequest", None, "custom", f"No commits between {base} and {head}")
    return head, base, (shas[0], shas[1])


def update_pull(call: Call) -> Reply:
    """Change title, body, base or state."""
    issue, pull = find(call)
    call.need("pull_requests", "write", "read" if issue.author == call.token.actor else "write")
    title = check_title(call.body["title"], "PullRequest") if "title" in call.body else issue.title
    body = check_body(call.body["body"], "PullRequest") if "body" in call.body else issue.body
    base = call.body.get("base", pull.base)
    if f"refs/heads/{base}" not in call.repo.refs:
        reject("PullRequest", "base", "invalid")
    if (title, body, base) != (issue.title, issue.body, pull.base):
        issue.title, issue.body, pull.base, issue.updated = title, body, base, call.world.time()
        call.world.emit("pull_request.edited", call.token, call.repo, number=issue.number)
    set_state(call, issue, call.body.get("state"))
    return Reply(200, _full(call, issue, pull))


def list_files(call: Call) -> Reply:
    """List the files that a pull request changes."""
    issue, pull = find(call)
    git, base = call.repo.git, base_of(call, pull, issue.state)
    found = git.changes(git.base(base, pull.head_sha) or base, pull.head_sha, patches=True)
    return call.page(found, lambda each: call.shaped("diff-entry", views.change(call, each)))


def list_reviews(call: Call) -> Reply:
    """List the reviews that the world was told of, oldest first."""
    issue, pull = find(call)

    def shown(number: int, login: str, state: str) -> Any:
        links = views.where(call, f"/pulls/{issue.number}/reviews/{number}", f"/pull/{issue.number}")
        about: dict[str, Any] = {
            "pull_request_url": views.where(call, f"/pulls/{issue.number}")["url"],
            "commit_id": pull.head_sha,
        }
        about["_links"] = {"html": {"href": links["html_url"]}, "pull_request": {"href": about["pull_request_url"]}}
        author = {"user": views.person(call, call.world.user(login)), "author_association": "MEMBER"}
        said = {"id": number, "node_id": f"PRR_{number}", "body": "", "state": state}
        return call.shaped("pull-request-review", {**said, **author, **about, "html_url": links["html_url"]})

    listed = [(number, *review) for number, review in enumerate(pull.reviews, 1)]
    return call.page(listed, lambda review: shown(*review))


def is_merged(call: Call) -> Reply:
    """Whether a pull request was merged."""
    if find(call)[1].merged_at is None:
        raise missing()
    return Reply(204)
