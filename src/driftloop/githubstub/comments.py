"""Comments on issues and pull requests."""

from __future__ import annotations

from driftloop.githubstub import views
from driftloop.githubstub.answers import Call, Refused, Reply, missing, reject
from driftloop.githubstub.issues import check_body
from driftloop.githubstub.records import Comment


def list_comments(call: Call) -> Reply:
    """List the comments of an issue, oldest first."""
    issue, since = call.issue(), call.query.get("since", "")
    found = [each for each in call.repo.comments.values() if each.number == issue.number and each.updated >= since]
    return call.page(found, lambda each: call.shaped("issue-comment", views.comment(call, each)))


def create_comment(call: Call) -> Reply:
    """Comment."""
    issue = call.issue("write")
    if issue.locked and not call.repo.allows(call.token, "issues", "write", "write"):
        raise Refused(403, "Unable to create comment because issue is locked.")
    text, time = _comment_text(call), call.world.time()
    made = Comment(call.world.next_id(), issue.number, call.token.actor, text, time, time)
    call.repo.comments[made.id] = made
    issue.updated = time
    call.world.emit("issue_comment.created", call.token, call.repo, number=issue.number, comment=made.id)
    return Reply(201, call.shaped("issue-comment", views.comment(call, made)))


def _comment_text(call: Call) -> str:
    if not call.body["body"].strip():
        reject("IssueComment", "body", "missing_field")
    return check_body(call.body["body"], "IssueComment") or ""


def one_comment(call: Call) -> Reply:
    """Get, change or delete a comment."""
    found = call.repo.comments.get(int(call.params["comment_id"]))
    if found is None:
        raise missing()
    if call.method == "GET":
        call.issue(number=found.number)
        return Reply(200, call.shaped("issue-comment", views.comment(call, found)))
    call.issue("write", "read" if found.author == call.token.actor else "write", found.number)
    if call.method == "DELETE":
        del call.repo.comments[found.id]
    else:
        found.body, found.updated = _comment_text(call), call.world.time()
    word = "deleted" if call.method == "DELETE" else "edited"
    call.world.emit(f"issue_comment.{word}", call.token, call.repo, number=found.number, comment=found.id)
    if word == "deleted":
        return Reply(204)
    return Reply(200, call.shaped("issue-comment", views.comment(call, found)))
