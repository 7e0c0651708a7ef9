"""How what exists is shown: the fields that somebody reads; the description fills in the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from driftloop.githubstub.answers import Call
    from driftloop.githubstub.bare import Change, Commit
    from driftloop.githubstub.records import Actor, Comment, Issue, Label


def person(call: Call, actor: Actor | None) -> dict[str, Any] | None:
    """Show an actor."""
    if actor is None:
        return None
    links = {"url": f"{call.home}/users/{actor.login}", "html_url": f"{call.home}/{actor.login}"}
    return {"login": actor.login, "id": actor.id, "type": actor.type, **links}


def where(call: Call, rest: str = "", page: str | None = None) -> dict[str, str]:
    """Return the API link of something in the repository, and that of its page."""
    return {
        "url": f"{call.home}/repos/{call.repo.name}{rest}",
        "html_url": f"{call.home}/{call.repo.name}{rest if page is None else page}",
    }


def repository(call: Call) -> dict[str, Any]:
    """Show the repository at hand, with what the caller may do in it."""
    repo = call.repo
    links = where(call)
    roles = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    may = {
        name: repo.allows(call.token, *(("contents", "read") if name == "pull" else ("contents", "write")), role)
        and (call.token.kind == "user" or name in {"push", "pull"})
        for name, role in roles.items()
    }
    return {
        **{name: getattr(repo, name) for name in ("id", "private", "default_branch", "has_issues")},
        **{name: getattr(repo, name) for name in ("fork", "archived", "size")},
        **{name: getattr(repo, name) for name in ("delete_branch_on_merge", "allow_squash_merge")},
        "name": repo.name.partition("/")[2],
        "full_name": repo.name,
        "owner": person(call, repo.owner),
        "visibility": "private" if repo.private else "public",
        "has_pages": repo.pages is not None,
        "allow_merge_commit": True,
        "allow_rebase_merge": False,
        "permissions": may,
        "open_issues_count": sum(issue.state == "open" for issue in repo.issues.values()),
        "created_at": repo.created,
        "clone_url": f"file://{repo.git.path}",
        "labels_url": f"{links['url']}/labels{{/name}}",
        **links,
    }


def label(call: Call, found: Label) -> dict[str, Any]:
    """Show a label."""
    shown = {"id": found.id, "name": found.name, "color": found.color, "description": found.description}
    return {
        **shown,
        "default": False,
        "node_id": f"LA_{found.id}",
        **where(call, f"/labels/{quote(found.name, safe='')}"),
    }


def issue(call: Call, found: Issue) -> dict[str, Any]:
    """Show an issue, or the issue side of a pull request."""
    at = where(call, f"/issues/{found.number}", f"/{'pull' if found.pull else 'issues'}/{found.number}")
    shown = common(call, found) | {
        **at,
        "closed_by": person(call, found.closed_by),
        "state_reason": found.state_reason,
        "repository_url": where(call)["url"],
        "labels_url": f"{at['url']}/labels{{/name}}",
    }
    if found.pull:
        links = where(call, f"/pulls/{found.number}", f"/pull/{found.number}")
        links |= {"diff_url": f"{links['html_url']}.diff", "patch_url": f"{links['html_url']}.patch"}
        shown |= {"draft": found.pull.draft, "pull_request": {**links, "merged_at": found.pull.merged_at}}
    return shown


def common(call: Call, found: Issue) -> dict[str, Any]:
    """Show what issues and pull requests share."""
    return {
        **{name: getattr(found, name) for name in ("id", "number", "title", "body", "state", "locked")},
        "user": person(call, found.author),
        "labels": [label(call, call.repo.labels[name]) for name in found.labels],
        "assignee": person(call, found.assignees[0]) if found.assignees else None,
        "assignees": [person(call, actor) for actor in found.assignees],
        "comments": sum(comment.number == found.number for comment in call.repo.comments.values()),
        "comments_url": where(call, f"/issues/{found.number}/comments")["url"],
        "created_at": found.created,
        "updated_at": found.updated,
        "closed_at": found.closed,
        "author_association": association(call, found.author),
    }


def association(call: Call, actor: Actor) -> str:
    """Return how a user is associated with the repository."""
    if actor == call.repo.owner:
        return "OWNER"
    return "COLLABORATOR" if actor.login in call.repo.collaborators else "NONE"


def comment(call: Call, found: Comment) -> dict[str, Any]:
    """Show a comment."""
    kind = "pull" if call.repo.issues[found.number].pull else "issues"
    return {
        **where(call, f"/issues/comments/{found.id}", f"/{kind}/{found.number}#issuecomment-{found.id}"),
        "id": found.id,
        "body": found.body,
        "user": person(call, found.author),
        "issue_url": where(call, f"/issues/{found.number}")["url"],
        "created_at": found.created,
        "updated_at": found.updated,
        "author_association": association(call, found.author),
    }


def commit(call: Call, found: Commit) -> dict[str, Any]:
    """Show a commit."""
    links = where(call, f"/commits/{found.sha}", f"/commit/{found.sha}")
    people = {
        role: dict(zip(("name", "email", "date"), who, strict=True))
        for role, who in (("author", found.author), ("committer", found.committer))
    }
    tree = {"sha": found.tree, "url": where(call, f"/git/trees/{found.tree}")["url"]}
    parents = [{"sha": sha, **where(call, f"/commits/{sha}", f"/commit/{sha}")} for sha in found.parents]
    git = {"message": found.message, "tree": tree, "url": where(call, f"/git/commits/{found.sha}")["url"], **people}
    return {"sha": found.sha, "commit": git, "parents": parents, "author": None, "committer": None, **links}


def change(call: Call, found: Change) -> dict[str, Any]:
    """Show a changed file."""
    at = {"contents_url": where(call, f"/contents/{found.path}")["url"]}
    numbers = {"additions": found.additions, "deletions": found.deletions, "changes": found.additions + found.deletions}
    patch = {"patch": found.patch} if found.patch is not None else {}
    return {"filename": found.path, "sha": found.blob, "status": found.status, **numbers, **patch, **at}
