"""Issues, their labels and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftloop.githubstub import views
from driftloop.githubstub.answers import LONGEST_BODY, Call, Refused, Reply, reject
from driftloop.githubstub.labels import set_labels, wanted_labels
from driftloop.githubstub.pushes import close
from driftloop.githubstub.records import Actor, Issue

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_TITLE = 256
SORTS = {"created": "created_at", "updated": "updated_at", "comments": "comments"}
UNKNOWN_FILTERS = {"milestone", "type", "mentioned", "issue_field_values"}


def check_title(title: object, resource: str) -> str:
    """Refuse a title that is blank or too long."""
    if not str(title or "").strip():
        reject(resource, "title", "missing_field")
    if len(str(title)) > LONGEST_TITLE:
        reject(resource, "title", "custom", "title is too long (maximum is 256 characters)")
    return str(title)


def check_body(body: str | None, resource: str) -> str | None:
    """Refuse a body that is too long."""
    if body is not None and len(body) > LONGEST_BODY:
        reject(resource, "body", "custom", f"body is too long (maximum is {LONGEST_BODY} characters)")
    return body


def list_issues(call: Call) -> Reply:
    """List issues, pull requests among them."""
    if not call.repo.has_issues:
        raise Refused(410, "Issues are disabled for this repo")
    if UNKNOWN_FILTERS & set(call.query):
        raise Refused(501, f"The stand-in does not know the filters {sorted(UNKNOWN_FILTERS & set(call.query))}")
    found = [issue for issue in call.repo.issues.values() if _matches(issue, call.query)]
    key, descending = call.query.get("sort", "created"), call.query.get("direction") != "asc"
    found.sort(key=lambda issue: (views.issue(call, issue)[SORTS[key]], issue.number), reverse=descending)
    return call.page(found, lambda issue: call.shaped("issue", views.issue(call, issue)))


def _matches(issue: Issue, query: Any) -> bool:
    labels = {name.strip().casefold() for name in query.get("labels", "").split(",") if name.strip()}
    logins = [actor.login for actor in issue.assignees]
    assigned = {"none": not logins, "*": bool(logins), "": True}
    return (
        query.get("state", "open") in {"all", issue.state}
        and labels <= set(issue.labels)
        and query.get("creator", issue.author.login) == issue.author.login
        and assigned.get(query.get("assignee", ""), query.get("assignee") in logins)
        and issue.updated >= query.get("since", "")
    )


def get_issue(call: Call) -> Reply:
    """Get one."""
    return Reply(200, call.shaped("issue", views.issue(call, call.issue())))


def create_issue(call: Call) -> Reply:
    """Open an issue; labels and assignees by someone without the rights are dropped silently."""
    if not call.repo.has_issues:
        raise Refused(410, "Issues are disabled for this repo")
    title = check_title(call.body["title"], "Issue")
    body = check_body(call.body.get("body"), "Issue")
    may = call.repo.allows(call.token, "issues", "write", "triage")
    labels = wanted_labels(call.body.get("labels") or []) if may else []
    people = _assignable(call, _logins(call.body) if may else [])
    opened = open_issue(call, title, body)
    call.world.emit("issues.opened", call.token, call.repo, number=opened.number)
    set_labels(call, opened, labels)
    set_assignees(call, opened, people)
    return Reply(201, call.shaped("issue", views.issue(call, opened)))


def open_issue(call: Call, title: str, body: str | None) -> Issue:
    """Put a new issue into the world."""
    number, time = len(call.repo.issues) + 1, call.world.time()
    opened = Issue(call.world.next_id(), number, title, body, call.token.actor, time, time)
    return call.repo.issues.setdefault(number, opened)


def update_issue(call: Call) -> Reply:
    """Change an issue or a pull request."""
    issue = call.issue("write")
    may = call.repo.allows(call.token, "pull_requests" if issue.pull else "issues", "write", "triage")
    if not may and call.token.actor != issue.author:
        raise Refused(403, "Must have admin rights to Repository.")
    change = call.body
    title = check_title(change["title"], "Issue") if "title" in change else issue.title
    body = check_body(change["body"], "Issue") if "body" in change else issue.body
    labels = wanted_labels(change.get("labels") or []) if may and "labels" in change else None
    people = _assignable(call, _logins(change)) if may and {"assignee", "assignees"} & set(change) else None
    if (title, body) != (issue.title, issue.body):
        issue.title, issue.body, issue.updated = title, body, call.world.time()
        call.world.emit(f"{issue.kind}.edited", call.token, call.repo, number=issue.number)
    if labels is not None:
        set_labels(call, issue, labels)
    if people is not None:
        set_assignees(call, issue, people)
    set_state(call, issue, change.get("state"), change.get("state_reason"))
    return Reply(200, call.shaped("issue", views.issue(call, issue)))


def set_state(call: Call, issue: Issue, state: str | None, reason: str | None = None) -> None:
    """Close or reopen, if that is a change."""
    if state == "closed" and issue.state == "open":
        close(call.world, call.repo, issue, call.token, reason)
    elif state == "open" and issue.state == "closed":
        if issue.pull and (issue.pull.merged_at or f"refs/heads/{issue.pull.head}" not in call.repo.refs):
            reject("PullRequest", "state", "invalid", "state cannot be changed.")
        if issue.pull:
            issue.pull.head_sha = call.repo.refs[f"refs/heads/{issue.pull.head}"]
        issue.state, issue.state_reason = "open", None if issue.pull else "reopened"
        issue.closed, issue.closed_by, issue.updated = None, None, call.world.time()
        call.world.emit(f"{issue.kind}.reopened", call.token, call.repo, number=issue.number)
    elif state == "closed" and reason and not issue.pull:
        issue.state_reason = reason


def _logins(body: dict[str, Any]) -> list[str]:
    given = body.get("assignees", [body["assignee"]] if body.get("assignee") else [])
    return [each if isinstance(each, str) else each["login"] for each in given]


def _assignable(call: Call, logins: Sequence[str]) -> list[Actor]:
    people = {call.repo.owner.login, *call.repo.collaborators}
    for login in logins:
        if login not in people:
            reject("Issue", "assignees", "invalid")
    return [call.world.users[login] for login in logins]


def set_assignees(call: Call, issue: Issue, people: Sequence[Actor]) -> None:
    """Assign these people and nobody else."""
    before, issue.assignees = issue.assignees, list(dict.fromkeys(people))
    for word, some, others in (("assigned", people, before), ("unassigned", before, people)):
        for actor in some:
            if actor not in others:
                issue.updated = call.world.time()
                call.world.emit(f"{issue.kind}.{word}", call.token, call.repo, number=issue.number, login=actor.login)


def change_assignees(call: Call) -> Reply:
    """Add or remove assignees; people who cannot be assigned are passed over."""
    issue = call.issue("write", "triage")
    named = _logins(call.body)
    if call.method == "DELETE":
        set_assignees(call, issue, [actor for actor in issue.assignees if actor.login not in named])
        return Reply(200, call.shaped("issue", views.issue(call, issue)))
    people = {call.repo.owner.login, *call.repo.collaborators}
    set_assignees(call, issue, [*issue.assignees, *(call.world.users[name] for name in named if name in people)])
    return Reply(201, call.shaped("issue", views.issue(call, issue)))
